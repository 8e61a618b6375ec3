"""Requests under way while earlier answers are used: threads for sync code, tasks for async code.

`start` returns once the request is written. Only then is it of use: parsing a page keeps Python's lock, or the
event loop, to itself, and a request that waits for either is answered no sooner than without any of this.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Self

from pbmodels.client._request import Call
from pbmodels.client._sent import AsyncSent, Sent

if TYPE_CHECKING:
    from pbmodels.client import AsyncPocketBase, PocketBase

MOST = 8
"""Requests under way at once at most; whoever starts them decides how many are of use."""
PATIENCE = 1.0
"""Seconds that the end waits for answers that nobody wants any more, so that no thread outlives it; a server that
hangs is left behind."""


class Ahead:
    """Requests in the background, answered in the order they were started in."""

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        self._futures: deque[Future[bytes]] = deque()
        self._unwanted: list[Future[bytes]] = []

    def start(self, client: PocketBase, call: Call) -> None:
        """Send a request."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(MOST, thread_name_prefix="pbmodels-ahead")
        sent = Sent()
        future = self._pool.submit(contextvars.copy_context().run, client.execute, call, sent)
        self._futures.append(future)
        future.add_done_callback(sent.set)
        sent.wait()

    def result(self) -> bytes:
        """The answer to the first request that has not been asked for yet."""
        return self._futures.popleft().result()

    def clear(self) -> None:
        """Forget the requests that are under way."""
        while self._futures:
            future = self._futures.popleft()
            if not future.cancel():
                self._unwanted.append(future)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()
        if self._pool is not None:
            late = wait(self._unwanted, PATIENCE).not_done
            self._pool.shutdown(wait=not late, cancel_futures=True)


class AsyncAhead:
    """Requests in the background, answered in the order they were started in."""

    def __init__(self) -> None:
        self._tasks: deque[asyncio.Task[bytes]] = deque()

    async def start(self, client: AsyncPocketBase, call: Call) -> None:
        """Send a request."""
        sent = AsyncSent()
        task = asyncio.ensure_future(client.execute(call, sent))
        self._tasks.append(task)
        task.add_done_callback(sent.set)
        await sent.wait()

    async def result(self) -> bytes:
        """The answer to the first request that has not been asked for yet."""
        return await self._tasks.popleft()

    async def clear(self) -> None:
        """Cancel the requests that are under way."""
        tasks = list(self._tasks)
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.clear()
