// The official JavaScript SDK as a contestant: a command a line in, its own milliseconds a line out.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { join } from "node:path";

// the package lies in the working directory, not beside this file
const PocketBase = createRequire(join(process.cwd(), "here.js"))("pocketbase/cjs");

const [url, read, written] = process.argv.slice(2);
let pb;

const jobs = {
  async sign_in({ token }) {
    pb = new PocketBase(url);
    pb.autoCancellation(false);
    pb.authStore.save(token, null);
  },
  async read({ records }) {
    const found = await pb.collection(read).getFullList({ batch: 1000 });
    if (found.length !== records) throw new Error(`read ${found.length} of ${records} records`);
  },
  async get({ ids }) {
    for (const id of ids) await pb.collection(read).getOne(id);
  },
  async side({ ids }) {
    await Promise.all(ids.map((id) => pb.collection(read).getOne(id)));
  },
  async create({ bodies }) {
    for (const body of bodies) await pb.collection(written).create(body);
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  const start = performance.now();
  try {
    await jobs[command.job](command);
    console.log(JSON.stringify({ milliseconds: performance.now() - start }));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error) }));
  }
}
