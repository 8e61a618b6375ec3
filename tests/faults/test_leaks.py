"""Watches that open and close leave nothing behind, and idle ones use no processor time."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
from contextlib import ExitStack

from pbmodels import AsyncPocketBase, PocketBase
from tests.blog import Post

CYCLES = int(os.environ.get("PBMODELS_CYCLES", "60"))
"""Times that a watch is opened and closed; PBMODELS_CYCLES=1000 takes a minute."""


def open_files() -> int:
    """Descriptors of this process, once garbage is gone."""
    gc.collect()
    return len(os.listdir("/dev/fd"))


def cycle() -> None:
    with Post.watch() as events, Post.where(Post.views > 1).live() as live:
        assert events.wait(0) is None
        assert live.snapshot() == []


def test_sync_watches_leave_nothing_behind(blog: PocketBase) -> None:
    cycle()
    files, threads = open_files(), threading.active_count()
    for _ in range(CYCLES):
        cycle()

    assert open_files() <= files + 2
    assert threading.active_count() == threads


async def test_async_watches_leave_nothing_behind(aio: AsyncPocketBase) -> None:
    async def acycle() -> None:
        async with Post.aio.watch() as events, Post.where(Post.views > 1).aio.live() as live:
            assert await events.wait(0) is None
            assert await live.snapshot() == []

    await acycle()
    files, tasks = open_files(), len(asyncio.all_tasks())
    for _ in range(CYCLES):
        await acycle()

    assert open_files() <= files + 2
    assert len(asyncio.all_tasks()) <= tasks


def test_idle_watches_use_no_processor_time(blog: PocketBase) -> None:
    with ExitStack() as stack:
        for number in range(20):
            stack.enter_context(Post.watch(Post.views == number))
        time.sleep(0.3)  # what the beginning still does
        began = time.process_time()
        time.sleep(1.0)
        spent = time.process_time() - began

    assert spent < 0.02
