"""Requests that are given up while they are under way, from another thread or by cancelling a task."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pbmodels import AbortController, AsyncPocketBase, PocketBase, RequestAborted
from tests.blog import Post
from tests.client.eventually import eventually
from tests.client.flavours import done, new_client
from tests.client.odd_server import OddServer, answer


class Stuck:
    """An answer that stops after some pieces; `reached` is set once it has.

    Args:
        pieces: What comes of it.
        listens: Whether it reads on, until the client has closed the connection.
    """

    def __init__(self, *pieces: bytes, listens: bool = True) -> None:
        self._pieces = pieces
        self._listens = listens
        self.reached = threading.Event()
        self.over = threading.Event()

    def __call__(self, connection: socket.socket) -> None:
        for piece in self._pieces:
            connection.sendall(piece)
        self.reached.set()
        if self._listens:
            connection.recv(1)
        else:
            self.over.wait(10)


def later(*steps: Callable[[], object]) -> threading.Thread:
    """A thread that takes these steps, one after another."""
    thread = threading.Thread(target=lambda: [step() for step in steps])
    thread.start()
    return thread


async def test_another_thread_gives_up_what_is_under_way(flavour: str) -> None:
    stuck, controller = Stuck(), AbortController()
    with OddServer(stuck, answer(200, b'{"n": 1}')) as odd:
        async with new_client(flavour, odd.url, timeout=60, retries=5) as pb:
            pb.auth_store.save("hush")
            thread = threading.Thread(target=lambda: (stuck.reached.wait(10), controller.abort()))
            thread.start()
            began = time.monotonic()
            with controller, pytest.raises(RequestAborted, match="GET /x was given up") as error:
                await done(pb.send("/x"))
            thread.join()
            took = time.monotonic() - began
            with controller, pytest.raises(RequestAborted):
                await done(pb.send("/x"))
            after = await done(pb.send("/x"))

    assert took < 5
    assert (error.value.is_abort, error.value.status, after) == (True, 0, {"n": 1})
    assert len(odd.requests) == 2


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
PHASES = {
    "sending the body": [],
    "waiting for the answer": [],
    "reading the head": [b"HTTP/1.1 200"],
    "reading a body with a length": [HEAD + b"Content-Length: 9\r\n\r\n", b"12"],
    "reading a body in chunks": [HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"2\r\n12\r\n"],
    "reading a body that ends with the connection": [HEAD + b"Connection: close\r\n\r\n", b"12"],
}


class Endless:
    """A file without an end; it notices when nobody takes more of it."""

    def __init__(self) -> None:
        self.pieces = 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        self.pieces += 1
        return b"x" * 100_000

    def stalls(self) -> None:
        seen = -1
        while seen != self.pieces:
            seen = self.pieces
            time.sleep(0.1)


@pytest.mark.parametrize("phase", PHASES)
async def test_it_ends_in_every_phase(flavour: str, phase: str) -> None:
    is_sending = phase == "sending the body"
    stuck, controller, endless = Stuck(*PHASES[phase], listens=not is_sending), AbortController(), Endless()
    with OddServer(stuck, answer(200, b'{"n": 1}')) as odd:
        async with new_client(flavour, odd.url, timeout=60) as pb:
            thread = later(stuck.reached.wait, endless.stalls if is_sending else bool, controller.abort)
            upload = {"method": "POST", "body": {"file": ("a.bin", endless)}} if is_sending else {}
            began = time.monotonic()
            with controller, pytest.raises(RequestAborted) as error:
                await done(pb.send("/x", **upload))
            took = time.monotonic() - began
            after = [await done(pb.send("/x")) for _ in range(3)]
        stuck.over.set()
        thread.join()

    assert took < 5
    assert (error.value.is_abort, after) == (True, [{"n": 1}] * 3)
    assert len(odd.requests) == 4


async def test_while_a_name_is_looked_up(flavour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    controller, looking, found = AbortController(), threading.Event(), threading.Event()
    look_up = socket.getaddrinfo

    def slow(host: Any, *rest: Any, **more: Any) -> Any:
        if host not in ("slow.example", b"slow.example"):
            return look_up(host, *rest, **more)
        looking.set()
        found.wait(10)
        raise socket.gaierror(-2, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    thread = later(looking.wait, controller.abort)
    began = time.monotonic()
    async with new_client(flavour, "http://slow.example", timeout=60) as pb:
        with controller, pytest.raises(RequestAborted):
            await done(pb.send("/x"))
        took = time.monotonic() - began
        found.set()
    thread.join()

    assert took < 5


async def test_while_a_connection_is_made(flavour: str) -> None:
    controller = AbortController()
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        queue = [socket.socket() for _ in range(3)]
        for waiting in queue:
            waiting.setblocking(False)
            waiting.connect_ex(address)
        thread = later(lambda: time.sleep(0.3), controller.abort)
        began = time.monotonic()
        async with new_client(flavour, f"http://127.0.0.1:{address[1]}", timeout=3) as pb:
            with controller, pytest.raises(RequestAborted):
                await done(pb.send("/x"))
            took = time.monotonic() - began
        thread.join()
        for waiting in queue:
            waiting.close()

    assert took < 3


async def test_while_tls_is_agreed_on(flavour: str) -> None:
    controller, greeted = AbortController(), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as silent:

        def accept() -> None:
            connection, _ = silent.accept()
            with connection:
                connection.recv(1)
                greeted.set()
                while connection.recv(100_000):
                    pass

        threads = [later(accept), later(greeted.wait, controller.abort)]
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        async with new_client(flavour, url, timeout=3, verify=False) as pb:
            with controller, pytest.raises(RequestAborted):
                await done(pb.send("/x"))
            took = time.monotonic() - began
        for thread in threads:
            thread.join(5)

    assert took < 3


@pytest.mark.parametrize("resume", [False, True])
@pytest.mark.parametrize("length", [b"Content-Length: 9", b"Connection: close"])
async def test_a_download_is_given_up(flavour: str, tmp_path: Path, length: bytes, resume: bool) -> None:
    stuck, controller = Stuck(b"HTTP/1.1 200 OK\r\n" + length + b"\r\n\r\n", b"12"), AbortController()
    target = tmp_path / "a.bin"
    with OddServer(stuck) as odd:
        async with new_client(flavour, odd.url) as pb:
            thread = later(stuck.reached.wait, lambda: time.sleep(0.1), controller.abort)
            record = {"id": "r1", "collectionName": "posts"}
            with controller, pytest.raises(RequestAborted):
                await done(pb.files.download(record, "a.bin", target, resume=resume))
        thread.join()

    assert (len(odd.requests), target.exists()) == (1, False)


async def test_who_waits_for_a_sign_in_that_is_given_up_signs_in(flavour: str) -> None:
    stuck, controller = Stuck(), AbortController()
    with OddServer(stuck, answer(200, b'{"token": "t", "record": {"id": "u"}}'), answer(200, b'{"n": 1}')) as odd:
        async with new_client(flavour, odd.url, identity="a", password="b") as pb:

            async def gives_up() -> None:
                with controller, pytest.raises(RequestAborted):
                    await done(pb.send("/x"))

            async def waits() -> Any:
                return await done(pb.send("/y"))

            def begin(job: Callable[[], Any]) -> asyncio.Task[Any]:
                return asyncio.create_task(job() if flavour == "async" else asyncio.to_thread(asyncio.run, job()))

            first = begin(gives_up)
            await asyncio.to_thread(stuck.reached.wait, 10)
            second = begin(waits)
            await asyncio.sleep(0.2)
            controller.abort()
            await first
            assert await second == {"n": 1}

    assert [request.split()[1].rpartition("/")[2] for request in odd.requests] == [*["auth-with-password"] * 2, "y"]


async def test_events_of_a_block_go_on(client: Any) -> None:
    seen: list[str] = []
    with AbortController() as controller:
        stop = await done(client.collection("posts").subscribe("*", lambda event: seen.append(event.record.title)))
        controller.abort()
    second = await done(client.collection("comments").subscribe("*", lambda event: None))  # told to the server anew

    await done(client.collection("posts").create({"title": "after"}))

    assert await eventually(lambda: done(seen == ["after"]))
    await done(second())
    await done(stop())


async def test_a_pause_before_the_next_try_is_given_up(flavour: str) -> None:
    controller = AbortController()
    with OddServer(answer(429, retry_after="30")) as odd:
        async with new_client(flavour, odd.url, retries=5) as pb:
            timer = threading.Timer(0.2, controller.abort)
            timer.start()
            began = time.monotonic()
            with controller, pytest.raises(RequestAborted):
                await done(pb.send("/x"))
            timer.join()

    assert time.monotonic() - began < 10


async def test_a_block_without_abort_changes_nothing(client: Any) -> None:
    with AbortController() as outer:
        made = await done(client.collection("posts").create({"title": "x"}))
        with AbortController() as inner:
            inner.abort()
            with pytest.raises(RequestAborted):
                await done(client.collection("posts").get_one(made.id))
        found = await done(client.collection("posts").get_one(made.id))

    assert (found.title, outer.is_aborted, inner.is_aborted) == ("x", False, True)


def test_models_are_given_up_too(blog: PocketBase) -> None:
    controller = AbortController()
    controller.abort()

    with controller, pytest.raises(RequestAborted):
        Post.where().all()

    assert Post.count() == 0


def test_other_threads_go_on(blog: PocketBase) -> None:
    counts: list[int] = []
    with AbortController() as controller:
        controller.abort()
        thread = threading.Thread(target=lambda: counts.append(Post.count()))
        thread.start()
        thread.join()

    assert counts == [0]


async def test_a_cancelled_task_closes_its_request_and_leaves_the_pool_healthy() -> None:
    stuck = Stuck()
    with OddServer(stuck, answer(200, b'{"n": 1}')) as odd:
        async with AsyncPocketBase(odd.url, timeout=5) as pb:
            task = asyncio.create_task(pb.send("/x"))
            await asyncio.to_thread(stuck.reached.wait, 10)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            answers = await asyncio.gather(*(pb.send("/x") for _ in range(150)))

    assert answers == [{"n": 1}] * 150


async def test_a_cancelled_task_in_a_block_is_cancelled_not_aborted() -> None:
    stuck = Stuck()
    with OddServer(stuck) as odd:
        async with AsyncPocketBase(odd.url, timeout=5) as pb:

            async def inside() -> None:
                with AbortController():
                    await pb.send("/x")

            task = asyncio.create_task(inside())
            await asyncio.to_thread(stuck.reached.wait, 10)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
