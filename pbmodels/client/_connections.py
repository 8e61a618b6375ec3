"""A server's connections for tasks: each is one request's while it lasts, and kept for the next.

httpcore's own pool offers an idle connection to all requests that come at once; one gets it, and the others look again,
each among all connections: a hundred requests side by side take twice as long.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from typing import Any, cast

import httpcore


class AsyncConnections:
    """Connections to one server.

    A connection that is just being opened when all are closed ends with the answer that it was opened for.

    Args:
        maker: What makes them; it is asked for nothing else.
        most: How many there may be at once.
    """

    def __init__(self, maker: httpcore.AsyncConnectionPool, most: int) -> None:
        self._maker = maker
        self._turns = asyncio.Semaphore(most)
        self._idle: deque[httpcore.AsyncConnectionInterface] = deque()
        self._busy: set[httpcore.AsyncConnectionInterface] = set()
        self._is_closed = False

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        """The answer, its body yet to be read.

        Raises:
            httpcore.PoolTimeout: All connections were busy for too long.
        """
        try:
            async with asyncio.timeout(request.extensions.get("timeout", {}).get("pool")):
                await self._turns.acquire()
        except TimeoutError:
            raise httpcore.PoolTimeout from None
        try:
            connection = await self._next(request.url.origin)
            self._busy.add(connection)
            try:
                response = await connection.handle_async_request(request)
            except BaseException:
                self._busy.discard(connection)
                await connection.aclose()
                raise
        except BaseException:
            self._turns.release()
            raise
        body = _Body(cast("AsyncIterable[bytes]", response.stream), lambda: self._give_back(connection))
        return httpcore.Response(
            response.status, headers=response.headers, content=body, extensions=response.extensions
        )

    async def aclose(self) -> None:
        """Close the connections; those of requests that are under way too."""
        self._is_closed = True
        for connection in [*self._idle, *self._busy]:
            await connection.aclose()
        self._idle.clear()

    async def _next(self, origin: httpcore.Origin) -> httpcore.AsyncConnectionInterface:
        while self._idle:
            connection = self._idle.pop()  # the last one used: so the others may run out of use
            if connection.is_available() and not connection.has_expired():
                return connection
            await connection.aclose()
        return self._maker.create_connection(origin)

    async def _give_back(self, connection: httpcore.AsyncConnectionInterface) -> None:
        self._busy.discard(connection)
        self._turns.release()
        if connection.is_idle() and not self._is_closed:
            self._idle.append(connection)
            if not self._idle[0].has_expired():
                return
            connection = self._idle.popleft()
        await connection.aclose()


class _Body:
    """The body of an answer, after which its connection is free."""

    def __init__(self, stream: AsyncIterable[bytes], over: Callable[[], Awaitable[None]]) -> None:
        self._stream: Any = stream
        self._over = over
        self._is_over = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._stream:
                yield piece
        except BaseException:
            await self.aclose()
            raise

    async def aclose(self) -> None:
        if self._is_over:
            return
        self._is_over = True
        try:
            await self._stream.aclose()
        finally:
            await self._over()
