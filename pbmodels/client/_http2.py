"""HTTP/2 through httpcore, whose connections stay right only while each request on them goes to its end.

Threads that share a connection mix up its state, and so may a task that is cancelled while it writes: the requests of
others fail then. A server is not told of a request that ended early, and what it still sends uses up the window of
the connection. So a thread has a connection for itself, and a task that is cancelled leaves its request to end.
"""

from __future__ import annotations

import asyncio
from typing import Any

import httpcore
import httpx

_MOST_IDLE = 20

# Reads what has come already, and waits but for the rest of a frame.
_GLANCE = httpcore.Request("GET", "https://nowhere", extensions={"timeout": {"read": 0.1, "write": 0.1}})


class OneEach(httpx.BaseTransport):
    """For threads: a connection is one request's while it lasts, and kept for the next.

    Args:
        options: The arguments of an `httpx.HTTPTransport`.
    """

    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options
        self._idle: list[tuple[httpx.HTTPTransport, Any]] = []
        self._is_closed = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer, with its body."""
        transport = self._take()
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
            self._idle.append((transport, response.extensions.get("network_stream")))
        else:
            transport.close()
        if self._is_closed:
            self.close()
        return _with_body(response, content)

    def close(self) -> None:
        """Close the connections; those of requests that are under way when these have ended."""
        self._is_closed = True
        while (found := self._pop()) is not None:
            found[0].close()

    def _take(self) -> httpx.HTTPTransport:
        while (found := self._pop()) is not None:
            transport, stream = found
            if not _has_news(stream) or self._goes_on(transport):
                return transport
            transport.close()
        return httpx.HTTPTransport(**self._options)

    @staticmethod
    def _goes_on(transport: httpx.HTTPTransport) -> bool:
        """Read what has come; whether the server takes more requests."""
        try:
            for connection in _connections(transport):
                connection._receive_events(_GLANCE)
                if connection._connection_terminated is not None:
                    return False
        except Exception:
            return False
        return True

    def _pop(self) -> tuple[httpx.HTTPTransport, Any] | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None


class ToTheEnd(httpx.AsyncBaseTransport):
    """For tasks: they share a connection, and each request has a task of its own, which nobody else cancels.

    Args:
        options: The arguments of an `httpx.AsyncHTTPTransport`.
    """

    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options
        self._transport = httpx.AsyncHTTPTransport(**options)
        self._stream: Any = None
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
        is_over = self._is_alone and _has_news(self._stream) and not await self._goes_on()
        if is_over and self._is_alone:  # else the others need it, and get new connections from it
            ended, self._transport = self._transport, httpx.AsyncHTTPTransport(**self._options)
            self._stream = None
            await ended.aclose()
        response = await self._transport.handle_async_request(request)
        self._stream = response.extensions.get("network_stream")
        try:
            content = b"".join([piece async for piece in response.aiter_raw()])
        finally:
            await response.aclose()
        return _with_body(response, content)

    async def _goes_on(self) -> bool:
        """Read what has come; whether the server takes more requests."""
        try:
            for connection in _connections(self._transport):
                await connection._receive_events(_GLANCE)
                if connection._connection_terminated is not None:
                    return False
        except Exception:
            return False
        return True

    @property
    def _is_alone(self) -> bool:
        return len(self._under_way) == 1

    def _over(self, task: asyncio.Task[httpx.Response]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, for whoever asked may be gone


def _has_news(stream: Any) -> bool:
    return stream is not None and bool(stream.get_extra_info("is_readable"))


def _connections(transport: Any) -> list[Any]:
    """Httpcore's HTTP/2 connections of a transport."""
    return [connection._connection for connection in transport._pool.connections]


def _with_body(response: httpx.Response, content: bytes) -> httpx.Response:
    return httpx.Response(
        response.status_code,
        headers=response.headers,
        stream=httpx.ByteStream(content),
        extensions=response.extensions,
    )
