"""Watches that open and close leave nothing behind, and idle ones use no processor time."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
from contextlib import AsyncExitStack

import pytest

from pbmodels import AsyncPocketBase, PocketBase
from tests.blog import Post

CYCLES = 1000
"""Times that a watch is opened and closed; each time the connection is, too."""

LIVE_EVERY = 20


def open_files() -> int:
    """Descriptors of this process, once garbage is gone."""
    gc.collect()
    return len(os.listdir("/dev/fd"))


def cycle(number: int) -> None:
    with Post.watch(recover=None) as events:
        assert events.wait(0) is None
        if number % LIVE_EVERY == 0:
            with Post.where(Post.views > 1).live() as live:
                assert live.snapshot() == []


@pytest.mark.timeout(600)
def test_sync_watches_leave_nothing_behind(blog: PocketBase) -> None:
    cycle(0)
    files, threads, connections = open_files(), threading.active_count(), blog.realtime.stats.connections
    for number in range(CYCLES):
        cycle(number)

    assert blog.realtime.stats.connections == connections + CYCLES
    assert open_files() <= files + 2
    assert threading.active_count() == threads


@pytest.mark.timeout(600)
async def test_async_watches_leave_nothing_behind(aio: AsyncPocketBase) -> None:
    async def acycle(number: int) -> None:
        async with Post.aio.watch(recover=None) as events:
            assert await events.wait(0) is None
            if number % LIVE_EVERY == 0:
                async with Post.where(Post.views > 1).aio.live() as live:
                    assert await live.snapshot() == []

    await acycle(0)
    files, tasks, connections = open_files(), len(asyncio.all_tasks()), aio.realtime.stats.connections
    for number in range(CYCLES):
        await acycle(number)

    assert aio.realtime.stats.connections == connections + CYCLES
    assert open_files() <= files + 2
    assert len(asyncio.all_tasks()) <= tasks


async def test_idle_watches_use_no_processor_time(blog: PocketBase, aio: AsyncPocketBase) -> None:
    async with AsyncExitStack() as stack:
        for number in range(10):
            stack.enter_context(Post.watch(Post.views == number))
            stack.enter_context(Post.where(Post.views == number).live())
            waiting = await stack.enter_async_context(Post.aio.watch(Post.views == number))
            task = asyncio.create_task(waiting.wait())
            stack.callback(task.cancel)
        spent = []
        while len(spent) < 20 and min(spent, default=1.0) >= 0.005:  # the beginning may take its time
            began = time.process_time()
            await asyncio.sleep(1.0)
            spent.append(time.process_time() - began)

    assert min(spent) < 0.005, f"seconds of processor time in each second: {spent}"
