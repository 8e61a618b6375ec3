"""Requests that are given up while they are under way, from another thread or by cancelling a task."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from typing import Any

import pytest

from pbmodels import AbortController, AsyncPocketBase, PocketBase, RequestAborted
from tests.blog import Post
from tests.client.flavours import done, new_client
from tests.client.odd_server import OddServer, answer


class Silent:
    """An answer that does not come; `reached` is set once the request has."""

    def __init__(self) -> None:
        self.reached = threading.Event()

    def __call__(self, connection: socket.socket) -> None:
        self.reached.set()
        connection.recv(1)


async def test_another_thread_gives_up_what_is_under_way(flavour: str) -> None:
    silent, controller = Silent(), AbortController()
    with OddServer(silent, answer(200, b'{"n": 1}')) as odd:
        async with new_client(flavour, odd.url, timeout=60, retries=5) as pb:
            pb.auth_store.save("hush")
            thread = threading.Thread(target=lambda: (silent.reached.wait(10), controller.abort()))
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
    silent = Silent()
    with OddServer(silent, answer(200, b'{"n": 1}')) as odd:
        async with AsyncPocketBase(odd.url, timeout=5) as pb:
            task = asyncio.create_task(pb.send("/x"))
            await asyncio.to_thread(silent.reached.wait, 10)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            answers = await asyncio.gather(*(pb.send("/x") for _ in range(150)))

    assert answers == [{"n": 1}] * 150


async def test_a_cancelled_task_in_a_block_is_cancelled_not_aborted() -> None:
    silent = Silent()
    with OddServer(silent) as odd:
        async with AsyncPocketBase(odd.url, timeout=5) as pb:

            async def inside() -> None:
                with AbortController():
                    await pb.send("/x")

            task = asyncio.create_task(inside())
            await asyncio.to_thread(silent.reached.wait, 10)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
