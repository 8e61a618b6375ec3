"""HTTP/2 through httpcore, whose connections stay right only while each request on them goes to its end.

Threads that share a connection mix up its state, and so may a task that is cancelled while it writes: the requests of
others fail then. A server is not told of a request that ended early, and what it still sends uses up the window of
the connection. So a thread has a connection for itself, and a task that is cancelled leaves its request to end.
"""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

_MOST_IDLE = 20


class OneEach(httpx.BaseTransport):
    """For threads: a connection is one request's while it lasts, and kept for the next.

    Args:
        options: The arguments of an `httpx.HTTPTransport`.
    """

    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options
        self._idle: list[httpx.HTTPTransport] = []
        self._is_closed = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer, with its body."""
        try:
            transport = self._idle.pop()
        except IndexError:
            transport = httpx.HTTPTransport(**self._options)
        try:
            response = transport.handle_request(request)
            try:
                content = b"".join(response.iter_raw())
            finally:
                response.close()
        except BaseException:
            transport.close()
            raise
        if len(self._idle) < _MOST_IDLE:
            self._idle.append(transport)
        else:
            transport.close()
        if self._is_closed:
            self.close()
        return _with_body(response, content)

    def close(self) -> None:
        """Close the connections; those of requests that are under way when these have ended."""
        self._is_closed = True
        while self._idle:
            try:
                transport = self._idle.pop()
            except IndexError:  # another thread took the last one
                return
            transport.close()


class ToTheEnd(httpx.AsyncBaseTransport):
    """For tasks: they share a connection, and each request has a task of its own, which nobody else cancels.

    Args:
        options: The arguments of an `httpx.AsyncHTTPTransport`.
    """

    def __init__(self, options: dict[str, Any]) -> None:
        self._transport = httpx.AsyncHTTPTransport(**options)
        self._under_way: set[asyncio.Task[httpx.Response]] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer, with its body."""
        task = asyncio.ensure_future(self._whole(request))
        self._under_way.add(task)
        task.add_done_callback(self._over)
        await asyncio.wait([task])  # which does not cancel it, as awaiting it would
        return task.result()

    async def aclose(self) -> None:
        """Close the connections; what is under way fails."""
        under_way = list(self._under_way)
        for task in under_way:
            task.cancel()
        if under_way:
            await asyncio.wait(under_way)
        await self._transport.aclose()

    async def _whole(self, request: httpx.Request) -> httpx.Response:
        response = await self._transport.handle_async_request(request)
        try:
            content = b"".join([piece async for piece in response.aiter_raw()])
        finally:
            await response.aclose()
        return _with_body(response, content)

    def _over(self, task: asyncio.Task[httpx.Response]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, for whoever asked may be gone


def _with_body(response: httpx.Response, content: bytes) -> httpx.Response:
    return httpx.Response(
        response.status_code,
        headers=response.headers,
        stream=httpx.ByteStream(content),
        extensions=response.extensions,
    )
