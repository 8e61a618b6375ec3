"""A server's connections: each is one request's while it lasts, and kept for the next.

httpcore's own pool offers an idle connection to all requests that come at once; one gets it, and the others look again,
each among all connections: a hundred requests side by side take several times as long, and one alone a tenth longer.

A connection that is just being opened when all are closed ends with the answer that it was opened for: httpcore would
forget it. Hand-written in both flavours, for waiting is where they differ.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import httpcore


class Connections:
    """For threads.

    Args:
        maker: What makes them; it is asked for nothing else.
        most: How many there may be at once.
    """

    def __init__(self, maker: httpcore.ConnectionPool, most: int) -> None:
        self._maker = maker
        self._turns = threading.Semaphore(most)
        self._idle: deque[httpcore.ConnectionInterface] = deque()
        self._busy: set[httpcore.ConnectionInterface] = set()
        self._is_closed = False

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        """The answer, its body yet to be read.

        Raises:
            httpcore.PoolTimeout: All connections were busy for too long.
        """
        if not self._turns.acquire(timeout=request.extensions.get("timeout", {}).get("pool")):
            raise httpcore.PoolTimeout
        try:
            connection = self._next(request.url.origin)
            self._busy.add(connection)
            try:
                response = connection.handle_request(request)
            except BaseException:
                self._busy.discard(connection)
                connection.close()
                raise
        except BaseException:
            self._turns.release()
            raise
        response.stream = _Body(response.stream, lambda: self._give_back(connection))
        return response

    def close(self) -> None:
        """Close the connections; those of requests that are under way too."""
        self._is_closed = True
        for connection in list(self._busy):
            connection.close()
        self._close_idle()

    def _next(self, origin: httpcore.Origin) -> httpcore.ConnectionInterface:
        while (connection := self._pop()) is not None:
            if connection.is_available() and not connection.has_expired():
                return connection
            connection.close()
        return self._maker.create_connection(origin)

    def _give_back(self, connection: httpcore.ConnectionInterface) -> None:
        self._busy.discard(connection)
        self._turns.release()
        if not connection.is_idle():
            connection.close()
            return
        self._idle.append(connection)
        if len(self._idle) > 1:
            self._drop_oldest()
        if self._is_closed:  # looked at only now, for another thread may be closing them
            self._close_idle()

    def _drop_oldest(self) -> None:
        try:
            oldest = self._idle.popleft()
        except IndexError:  # another thread has it
            return
        if oldest.has_expired():
            oldest.close()
        else:
            self._idle.appendleft(oldest)

    def _pop(self) -> httpcore.ConnectionInterface | None:
        try:
            return self._idle.pop()  # the last one used: so the others may run out of use
        except IndexError:
            return None

    def _close_idle(self) -> None:
        while (connection := self._pop()) is not None:
            connection.close()


class AsyncConnections:
    """For tasks.

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
        response.stream = _AsyncBody(response.stream, lambda: self._give_back(connection))
        return response

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
            if len(self._idle) == 1 or not self._idle[0].has_expired():
                return
            connection = self._idle.popleft()
        await connection.aclose()


class _Body:
    """The body of an answer, after which its connection is free."""

    def __init__(self, stream: Any, over: Callable[[], None]) -> None:
        self._stream = stream
        self._over = over
        self._is_over = False

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._stream
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        if self._is_over:
            return
        self._is_over = True
        try:
            self._stream.close()
        finally:
            self._over()


class _AsyncBody:
    """The body of an answer, after which its connection is free."""

    def __init__(self, stream: Any, over: Callable[[], Awaitable[None]]) -> None:
        self._stream = stream
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
