// The official JavaScript SDK: a call a line in, what it gave and which methods were called a line out.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { join } from "node:path";

// the packages lie in the working directory, not beside this file
const require = createRequire(join(process.cwd(), "here.js"));
const PocketBase = require("pocketbase/cjs");
globalThis.EventSource = require("eventsource").EventSource;
console.warn = () => {};

const services = ["settings", "collections", "files", "logs", "realtime", "health", "backups", "crons", "sql"];
const AsyncFunction = (async () => {}).constructor;
let touched;

// notes what is called on an object, and on the services that it gives
function watched(name, object) {
  return new Proxy(object, {
    get(target, key) {
      const value = target[key];
      if (services.includes(key)) return watched(key, value);
      if (key === "authStore") return watched(key, value);
      if (typeof value !== "function") return value;
      return (...args) => {
        touched.add(`${name}.${key}`);
        const result = value.apply(target, args);
        if (key === "createBatch") return watched("batch", result);
        if (key === "collection") return watched(name === "batch" ? "batch.collection" : "collection", result);
        return result;
      };
    },
  });
}

function methods(name, object) {
  const found = [];
  for (let level = object; level !== Object.prototype; level = Object.getPrototypeOf(level))
    for (const [key, { value }] of Object.entries(Object.getOwnPropertyDescriptors(level)))
      if (typeof value === "function" && key !== "constructor") found.push(`${name}.${key}`);
  return found;
}

function allMethods() {
  const pb = new PocketBase("http://nowhere");
  return [
    ...methods("client", pb),
    ...services.flatMap((name) => methods(name, pb[name])),
    ...methods("collection", pb.collection("c")),
    ...methods("batch", pb.createBatch()),
    ...methods("batch.collection", pb.createBatch().collection("c")),
    ...methods("authStore", pb.authStore),
  ];
}

for await (const line of createInterface({ input: process.stdin })) {
  const { url, token, record, call } = JSON.parse(line);
  touched = new Set();
  try {
    let returned;
    if (!call) returned = allMethods();
    else {
      const pb = new PocketBase(url);
      pb.autoCancellation(false);
      if (token) pb.authStore.save(token, record);
      returned = await new AsyncFunction("pb", call)(watched("client", pb));
      if (typeof returned === "object") returned = null;
    }
    console.log(JSON.stringify({ returned, touched: [...touched] }));
  } catch (error) {
    console.log(JSON.stringify({ error: `${error} ${error?.originalError ?? ""}` }));
  }
}
