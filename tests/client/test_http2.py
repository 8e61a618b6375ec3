"""HTTP/2: many requests on one connection to a real PocketBase behind TLS."""

from __future__ import annotations

import asyncio
import importlib.util
import random
import socket
import ssl
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from pbmodels import (
    AbortController,
    Collection,
    Event,
    Field,
    InvalidRequest,
    NotFound,
    PocketBase,
    RequestAborted,
    using,
)
from pbmodels.client import _transport
from pbmodels.server._binary import find_binary
from tests.client.eventually import eventually
from tests.client.flavours import done, new_client
from tests.client.small_servers import tunnel

HOST = "pocketbase.example"
SUPERUSER = ("boss@example.com", "12345678")


class Note(Collection, collection="notes"):
    text: Field[str]


class Secure:
    """A PocketBase that has a certificate for HOST.

    PocketBase takes certificates from a folder before it asks Let's Encrypt for one.

    Attributes:
        url: Its address.
        trusts: What trusts its certificate.
    """

    def __init__(self, folder: Path) -> None:
        certificates, authority = folder / "pb_data/.autocert_cache", trustme.CA()
        certificates.mkdir(parents=True)
        (certificates / HOST).write_bytes(authority.issue_cert(HOST).private_key_and_cert_chain_pem.bytes())
        self.trusts = ssl.create_default_context()
        authority.configure_trust(self.trusts)
        names = {"dir": "pb_data", "migrationsDir": "pb_migrations", "hooksDir": "pb_hooks", "publicDir": "pb_public"}
        self._folders = [f"--{name}={folder / path}" for name, path in names.items()]
        self._port, self._plain = free_port(), free_port()
        self.url = f"https://{HOST}:{self._port}"
        command = [find_binary(), "superuser", "upsert", *SUPERUSER, *self._folders]
        subprocess.run(command, check=True, capture_output=True)

    @contextmanager
    def running(self) -> Iterator[None]:
        addresses = [f"--https=127.0.0.1:{self._port}", f"--http=127.0.0.1:{self._plain}"]
        command = [find_binary(), "serve", HOST, *addresses, *self._folders]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                while not listens(self._port):
                    assert process.poll() is None
                yield
            finally:
                process.kill()


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    server = Secure(tmp_path_factory.mktemp("secure"))
    with server.running():
        yield server


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 0.1).close()
    except OSError:
        return False
    return True


class Connections:
    """Looks names up: HOST is this machine; each look-up is a connection."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self._look_up = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self._find)

    def _find(self, host: Any, *rest: Any, **more: Any) -> Any:
        if host in (HOST, HOST.encode()):
            self.count += 1
            host = "127.0.0.1"
        return self._look_up(host, *rest, **more)


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> Connections:
    return Connections(monkeypatch)


@pytest.fixture
async def pb(flavour: str, secure: Secure, connections: Connections) -> AsyncIterator[Any]:
    """A superuser's client that offers HTTP/2; there is a collection `notes`, with records that have no rules."""
    async with new_client(flavour, secure.url, verify=secure.trusts, http2=True) as client:
        await done(client.superusers.auth_with_password(*SUPERUSER))
        fields = [
            {"name": "text", "type": "text"},
            {"name": "paper", "type": "file", "maxSelect": 1, "maxSize": 5000000},
        ]
        await done(client.collections.create({"name": "notes", "type": "base", "fields": fields}))
        yield client
        await done(client.collections.delete("notes"))


async def at_once(flavour: str, jobs: list[Any]) -> list[Any]:
    if flavour == "async":
        return await asyncio.gather(*(job() for job in jobs))
    with ThreadPoolExecutor(len(jobs)) as threads:
        return await asyncio.to_thread(lambda: [each.result() for each in [threads.submit(job) for job in jobs]])


async def test_it_is_spoken_where_it_is_offered(flavour: str, secure: Secure, pb: Any) -> None:
    spoken: list[str] = []

    def note(response: httpx.Response) -> None:
        spoken.append(response.http_version)

    async with new_client(flavour, secure.url, verify=secure.trusts, after_send=note) as without:
        await done(without.health.check())
    pb.after_send = note
    await done(pb.health.check())

    assert spoken == ["HTTP/1.1", "HTTP/2"]


@pytest.mark.parametrize("http2", [False, True])
async def test_through_a_proxy(
    flavour: str, secure: Secure, pb: Any, monkeypatch: pytest.MonkeyPatch, http2: bool
) -> None:
    with tunnel() as (port, told):
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("NO_PROXY", "")
        async with new_client(flavour, secure.url, verify=secure.trusts, http2=http2) as client:
            client.auth_store.save(pb.auth_store.token)
            made = await done(client.collection("notes").create({"text": "by proxy", "paper": ("a.txt", b"content")}))
            assert (await done(client.collection("notes").get_one(made.id))).text == "by proxy"
            assert await done(client.files.read(made, made.paper)) == b"content"

    assert set(told) == {f"CONNECT {secure.url.removeprefix('https://')} HTTP/1.1"}


async def test_requests_side_by_side(flavour: str, pb: Any, connections: Connections) -> None:
    notes = pb.collection("notes")
    before = connections.count

    made = await at_once(flavour, [lambda n=n: notes.create({"text": f"note {n}"}) for n in range(40)])
    found = await at_once(flavour, [lambda one=one: notes.get_one(one.id) for one in made])

    assert [note.text for note in found] == [f"note {n}" for n in range(40)]
    if flavour == "async":  # threads have a connection each
        assert connections.count == before


async def test_files_errors_and_events(flavour: str, pb: Any, tmp_path: Path) -> None:
    notes, seen = pb.collection("notes"), list[tuple[str, str]]()
    content = bytes(range(256)) * 10_000  # more than the windows of HTTP/2
    (tmp_path / "paper.bin").write_bytes(content)

    def note(event: Event[Any]) -> None:
        seen.append((event.action, event.record.id))

    stop = await done(notes.subscribe("*", note))
    made = await done(notes.create({"text": "a", "paper": tmp_path / "paper.bin"}))
    await done(pb.files.download(made, made.paper, tmp_path / "back.bin"))
    await done(notes.delete(made.id))
    with pytest.raises(NotFound):
        await done(notes.get_one(made.id))

    async def told() -> bool:
        return seen == [("create", made.id), ("delete", made.id)]

    assert await eventually(told)
    assert (tmp_path / "back.bin").read_bytes() == content
    await done(stop())


async def test_what_is_given_up_leaves_the_others(flavour: str, pb: Any, connections: Connections) -> None:
    controller, answered = AbortController(), threading.Event()

    async def endless() -> None:
        while True:
            await done(pb.collection("notes").get_list())
            answered.set()

    thread = threading.Thread(target=lambda: (answered.wait(30), controller.abort()))
    thread.start()
    with controller, pytest.raises(RequestAborted):
        await endless()
    thread.join()
    before = connections.count

    assert (await done(pb.health.check())).code == 200
    assert connections.count == before


async def test_a_task_that_is_cancelled_at_any_moment_leaves_the_others(
    secure: Secure, connections: Connections
) -> None:
    async with new_client("async", secure.url, verify=secure.trusts, http2=True) as pb:
        for _ in range(150):
            task = asyncio.create_task(pb.health.check())
            await asyncio.sleep(random.random() * 0.004)
            task.cancel()
            await asyncio.wait([task])
            assert (await pb.health.check()).code == 200

    assert connections.count == 1


async def test_a_connection_that_the_server_has_ended_is_not_used(
    flavour: str, tmp_path: Path, connections: Connections
) -> None:
    server = Secure(tmp_path)
    async with new_client(flavour, server.url, verify=server.trusts, http2=True) as pb:
        for _ in range(2):
            with server.running():
                for _ in range(2):
                    await done(pb.superusers.auth_with_password(*SUPERUSER))  # is never sent twice

    assert connections.count == 2


def test_models(secure: Secure, connections: Connections) -> None:
    with closing(PocketBase(secure.url, verify=secure.trusts, http2=True)) as pb, using(pb):
        pb.superusers.auth_with_password(*SUPERUSER)
        pb.collections.create({"name": "notes", "fields": [{"name": "text", "type": "text"}]})
        Note.bulk_create(Note(text=str(n)) for n in range(300))
        assert len({note.text for note in Note.where().in_batches(50) for note in note}) == 300
        pb.collections.delete("notes")


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(_transport, "find_spec", lambda name: None if name == "h2" else find(name))

    with pytest.raises(InvalidRequest, match=r"needs the package h2; install it with: pip install 'pbmodels\[http2\]'"):
        PocketBase("https://127.0.0.1:1", http2=True)
