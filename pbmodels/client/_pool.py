"""Pools of connections that may be closed while others use them.

httpcore forgets a connection that is just being opened when its pool is closed, and nobody would close it then. Here
such a connection ends with the answer that it was opened for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, cast

import httpcore
import httpx

from pbmodels.client._connections import AsyncConnections
from pbmodels.client._one_write import OneWriteBackend


class Pool(httpx.HTTPTransport):
    """For threads.

    Args:
        options: The arguments of an `httpx.HTTPTransport`, for HTTP/1.1.
    """

    _is_closed = False

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._pool._network_backend = OneWriteBackend(self._pool._network_backend)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer, its body yet to be read."""
        response = super().handle_request(request)
        if self._is_closed:
            response.stream = _Last(response)
        return response

    def whole(self, request: httpcore.Request) -> tuple[httpcore.Response, bytes]:
        """An answer as httpcore gives it, and its body."""
        response = self._pool.handle_request(request)
        try:
            return response, b"".join(cast("Iterable[bytes]", response.stream))
        finally:
            response.close()
            if self._is_closed:
                response.extensions["network_stream"].close()

    def close(self) -> None:
        """Close the connections."""
        self._is_closed = True
        super().close()


class AsyncPool(httpx.AsyncHTTPTransport):
    """For tasks.

    Args:
        options: The arguments of an `httpx.AsyncHTTPTransport`, for HTTP/1.1.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        maker: Any = self._pool
        self._pool = cast("Any", AsyncConnections(maker, options["limits"].max_connections))


class _Last(httpx.SyncByteStream):
    """A body with which its connection ends."""

    def __init__(self, response: httpx.Response) -> None:
        self._stream = cast("httpx.SyncByteStream", response.stream)
        self._connection: Any = response.extensions["network_stream"]

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream

    def close(self) -> None:
        try:
            self._stream.close()
        finally:
            self._connection.close()
