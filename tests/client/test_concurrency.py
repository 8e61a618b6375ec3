"""One client in many threads, tasks, event loops and processes; and nothing left open afterwards."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import threading
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pbmodels import AsyncPocketBase, FileAuthStore, PocketBase, PocketBaseServer
from pbmodels.client import _transport
from tests.client.flavours import FLAVOURS, done
from tests.client.odd_server import OddServer, answer


@pytest.fixture
def leaks() -> Iterator[list[str]]:
    """The ResourceWarnings of a test; what happens in finalizers is collected first."""
    gc.collect()
    found: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield found
        gc.collect()
        found += [str(warning.message) for warning in caught if issubclass(warning.category, ResourceWarning)]
        assert found == []


def in_a_child(work: Any) -> int:
    """Run `work` in a forked child; its exit status, 0 when it went well."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12+ warns when threads run: that is the point
        pid = os.fork()
    if pid == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        threading.Event().wait(0.02)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    return -9


def test_many_threads_use_one_client(blog: PocketBase) -> None:
    posts = blog.collection("posts")

    def work(n: int) -> list[str]:
        made = [posts.create({"title": f"{n}.{i}"}) for i in range(5)]
        return [posts.get_one(post.id).title for post in made for _ in range(3)]

    with ThreadPoolExecutor(16) as threads:
        found = list(threads.map(work, range(16)))

    assert found == [[f"{n}.{i}" for i in range(5) for _ in range(3)] for n in range(16)]
    assert posts.get_list(1, 1).total_items == 80


def test_many_threads_learn_the_grammar_at_once(server: PocketBaseServer, blog: PocketBase) -> None:
    blog.collection("posts").create({"title": "a\\"})
    start = threading.Barrier(8)

    def work(_: int) -> int:
        start.wait(10)
        return len(fresh.collection("posts").get_list(filter=fresh.filter("title = {:t}", t="a\\")))

    with PocketBase(server.url, auth_store=blog.auth_store) as fresh, ThreadPoolExecutor(8) as threads:
        assert list(threads.map(work, range(8))) == [1] * 8


async def test_fifty_requests_at_once(client: Any) -> None:
    made = await done(client.collection("posts").create({"title": "x"}))
    if isinstance(client, AsyncPocketBase):
        found = await asyncio.gather(*[client.collection("posts").get_one(made.id) for _ in range(50)])
        assert found == [made] * 50
    else:
        twins = await asyncio.gather(
            *[asyncio.to_thread(client.collection("posts").get_one, made.id) for _ in range(50)]
        )
        assert twins == [made] * 50


async def test_cancelled_requests_leave_the_pool_healthy(server: PocketBaseServer) -> None:
    def silent(connection: Any) -> None:
        connection.recv(1)

    with OddServer(*[silent] * 120, answer(200, b'{"fine": true}')) as odd:
        async with AsyncPocketBase(odd.url) as pb:
            tasks = [asyncio.create_task(pb.send("/x")) for _ in range(120)]
            while len(odd.requests) < 100:  # as many connections as there can be; 20 more wait for one
                await asyncio.sleep(0.01)
            for task in tasks:
                task.cancel()
            assert all(
                isinstance(e, asyncio.CancelledError) for e in await asyncio.gather(*tasks, return_exceptions=True)
            )
            odd._answers[:] = odd._answers[-1:]
            assert await asyncio.gather(*[pb.send("/x") for _ in range(120)]) == [{"fine": True}] * 120


@pytest.mark.parametrize("through", ["aiohttp", "httpx"])
async def test_a_connection_that_ended_while_the_loop_was_held_up(
    monkeypatch: pytest.MonkeyPatch, through: str
) -> None:
    if through == "httpx":
        monkeypatch.setattr(_transport, "_through_aiohttp", lambda options: None)
    ended = threading.Event()

    def once(connection: socket.socket) -> None:
        connection.sendall(answer(200))
        connection.shutdown(socket.SHUT_RDWR)
        ended.set()

    with OddServer(once, answer(200, b'{"n": 2}')) as odd:
        async with AsyncPocketBase(odd.url, retries=0) as pb:
            await pb.send("/x", method="POST")
            ended.wait(10)
            time.sleep(0.05)
            assert await pb.send("/x", method="POST") == {"n": 2}


def test_one_event_loop_after_another(pb: PocketBase, leaks: list[str]) -> None:
    async def work() -> list[int]:
        return [health.code for health in await asyncio.gather(*[pb.aio.health.check() for _ in range(5)])]

    assert [asyncio.run(work()) for _ in range(3)] == [[200] * 5] * 3


def test_event_loops_side_by_side(pb: PocketBase, leaks: list[str]) -> None:
    start, closed = threading.Barrier(2), threading.Event()

    async def first() -> None:
        await pb.aio.health.check()
        start.wait(10)
        await pb.aio.aclose()
        closed.set()

    async def second() -> int:
        await pb.aio.health.check()
        start.wait(10)
        await asyncio.to_thread(closed.wait, 10)
        return int((await pb.aio.health.check()).code)

    with ThreadPoolExecutor(2) as threads:
        one, two = threads.submit(asyncio.run, first()), threads.submit(asyncio.run, second())
        one.result(20)
        assert two.result(20) == 200


@pytest.mark.parametrize("make", FLAVOURS.values())
async def test_nothing_stays_open_after_close(make: Any, server: PocketBaseServer, leaks: list[str]) -> None:
    pb = make(server.url)
    for _ in range(3):
        await done(pb.health.check())
    await done(pb.aclose() if make is AsyncPocketBase else pb.close())
    await done(pb.aclose() if make is AsyncPocketBase else pb.close())

    assert (await done(pb.health.check())).code == 200
    await done(pb.aclose() if make is AsyncPocketBase else pb.close())
    del pb


def test_closing_while_another_thread_connects(server: PocketBaseServer, monkeypatch: Any, leaks: list[str]) -> None:
    connected, closed, connect = threading.Event(), threading.Event(), socket.create_connection

    def slow(*arguments: Any, **options: Any) -> socket.socket:
        connection = connect(*arguments, **options)
        connected.set()
        closed.wait(10)
        return connection

    pb = PocketBase(server.url)
    monkeypatch.setattr(socket, "create_connection", slow)
    with ThreadPoolExecutor(1) as thread:
        answer = thread.submit(pb.health.check)
        connected.wait(10)
        pb.close()
        closed.set()
        assert answer.result(20).code == 200
    del pb


async def test_closing_while_another_task_connects(
    server: PocketBaseServer, monkeypatch: Any, leaks: list[str]
) -> None:
    monkeypatch.setattr(_transport, "_through_aiohttp", lambda options: None)
    connected, closed, loop = asyncio.Event(), asyncio.Event(), asyncio.get_running_loop()
    connect = loop.create_connection

    async def slow(*arguments: Any, **options: Any) -> Any:
        connection = await connect(*arguments, **options)
        connected.set()
        await closed.wait()
        return connection

    pb = AsyncPocketBase(server.url)
    monkeypatch.setattr(loop, "create_connection", slow)
    answer = asyncio.ensure_future(pb.health.check())
    await connected.wait()
    await pb.aclose()
    closed.set()
    assert (await answer).code == 200
    del pb, answer


def test_a_client_that_is_forgotten_closes_with_its_loop(server: PocketBaseServer, leaks: list[str]) -> None:
    async def work() -> None:
        assert (await AsyncPocketBase(server.url).health.check()).code == 200

    asyncio.run(work())


def test_a_forked_child_has_connections_of_its_own(blog: PocketBase) -> None:
    posts = blog.collection("posts")
    made = posts.create({"title": "x"})
    over, wrong = threading.Event(), []

    def go_on() -> None:
        while not over.is_set():
            if posts.get_one(made.id) != made:
                wrong.append("parent")

    def child() -> None:
        with ThreadPoolExecutor(4) as threads:
            assert list(threads.map(lambda _: posts.get_one(made.id), range(20))) == [made] * 20
        blog.auth_store.save(blog.auth_store.token)
        blog.close()
        assert asyncio.run(blog.aio.collection("posts").get_one(made.id)) == made

    threads = [threading.Thread(target=go_on) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        assert [in_a_child(child) for _ in range(3)] == [0, 0, 0]
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert wrong == []
    assert posts.get_one(made.id) == made


def test_a_fork_while_a_store_is_being_saved(tmp_path: Any) -> None:
    store = FileAuthStore(tmp_path / "auth.json")
    over = threading.Event()

    def save() -> None:
        while not over.is_set():
            store.save("parent")

    thread = threading.Thread(target=save)
    thread.start()
    try:
        assert [in_a_child(lambda: store.save("child")) for _ in range(5)] == [0] * 5
    finally:
        over.set()
        thread.join()
