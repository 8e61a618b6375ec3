"""One request under way while the previous answer is used: a thread for sync code, a task for async code."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Self


class Ahead:
    """At most one call in the background."""

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        self._future: Future[bytes] | None = None

    def start(self, function: Callable[..., bytes], *arguments: Any) -> None:
        """Begin a call."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, thread_name_prefix="pbmodels-ahead")
        self._future = self._pool.submit(function, *arguments)

    def result(self) -> bytes:
        """The result of the call that was begun."""
        assert self._future is not None
        return self._future.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)


class AsyncAhead:
    """At most one call in the background."""

    def __init__(self) -> None:
        self._task: asyncio.Task[bytes] | None = None

    def start(self, function: Callable[..., Awaitable[bytes]], *arguments: Any) -> None:
        """Begin a call."""

        async def run() -> bytes:
            return await function(*arguments)

        self._task = asyncio.create_task(run())

    async def result(self) -> bytes:
        """The result of the call that was begun."""
        assert self._task is not None
        return await self._task

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])
