"""Many change the same records at once: who watches comes to what the server has; both flavours.

The server dates a change before it waits for the database, so the last of them may have an older date than another.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pbmodels import NotFound, PocketBase, PocketBaseServer, ValidationFailed
from tests.blog import Post
from tests.client.flavours import done

WRITERS = 12
ROUNDS = 6


@pytest.fixture(params=["sync", "async"])
def flavour(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def at_once(server: PocketBaseServer, blog: PocketBase) -> Iterator[Callable[..., None]]:
    """Calls a function with the client of each writer and a number, for many numbers at the same time."""
    clients = [PocketBase(server.url, auth_store=blog.auth_store) for _ in range(WRITERS)]
    with ThreadPoolExecutor(WRITERS) as threads:

        def run(change: Callable[[Any, int], object], count: int) -> None:
            list(
                threads.map(lambda number: change(clients[number % WRITERS].collection("posts"), number), range(count))
            )

        yield run
    for each in clients:
        each.close()


class Follower:
    """A watch and a live query of either flavour, and what the watch told last of each record."""

    def __init__(self, watch: Any, live: Any) -> None:
        self.watch = watch
        self.live = live
        self.last: dict[str, int] = {}

    async def until_equal(self, expected: dict[str, int], matching: set[str]) -> None:
        """Take what comes until both are as the server is."""
        listed: set[str] = set()
        async with asyncio.timeout(60):
            while self.last != expected or listed != matching:
                event = await self._wait(0.05)
                if event is not None and event.action == "delete":
                    self.last.pop(event.record.id, None)
                elif event is not None:
                    self.last[event.record.id] = event.record.views
                listed = {post.id for post in await done(self.live.snapshot())}

    async def _wait(self, timeout: float) -> Any:
        wait = self.watch.wait
        return await wait(timeout) if asyncio.iscoroutinefunction(wait) else await asyncio.to_thread(wait, timeout)


@pytest.fixture
async def follower(flavour: str, blog: PocketBase) -> AsyncIterator[Follower]:
    """Follows all posts, and those with 5 views or more."""
    query = Post.where(Post.views >= 5)
    async with blog.aio, contextlib.AsyncExitStack() as stack:
        if flavour == "async":
            watch: Any = await stack.enter_async_context(Post.aio.watch())
            live: Any = await stack.enter_async_context(query.aio.live())
        else:
            watch, live = stack.enter_context(Post.watch()), stack.enter_context(query.live())
        yield Follower(watch, live)


async def as_the_server_is(follower: Follower) -> None:
    there = await asyncio.to_thread(lambda: {post.id: post.views for post in Post.all()})
    await follower.until_equal(there, {record_id for record_id, views in there.items() if views >= 5})


async def test_updates_of_one_record(follower: Follower, at_once: Any, blog: PocketBase) -> None:
    post = Post(title="x").save()
    for _ in range(ROUNDS):
        await asyncio.to_thread(at_once, lambda posts, number: posts.update(post.id, {"views": number % 10}), 60)
        await as_the_server_is(follower)


async def test_creations_updates_and_deletions(follower: Follower, at_once: Any, blog: PocketBase) -> None:
    """Of a few ids, which are made anew after their deletion."""
    for seed in range(ROUNDS):
        print("seed", seed)
        chances = [random.Random(seed * 100 + number) for number in range(60)]

        def change(posts: Any, number: int, chances: list[random.Random] = chances) -> None:
            chance = chances[number]
            record_id, views = f"record{chance.randrange(3):09}", chance.randrange(10)
            with contextlib.suppress(NotFound, ValidationFailed):  # another one was quicker
                kind = chance.random()
                if kind < 0.3:
                    posts.create({"id": record_id, "title": "x", "views": views})
                elif kind < 0.8:
                    posts.update(record_id, {"views": views})
                else:
                    posts.delete(record_id)

        await asyncio.to_thread(at_once, change, 60)
        await as_the_server_is(follower)
