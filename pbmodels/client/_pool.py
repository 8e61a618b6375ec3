"""httpx's transports over connections of this package's own: see `_connections.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, cast

import httpcore
import httpx

from pbmodels.client._connections import AsyncConnections, Connections
from pbmodels.client._one_write import OneWriteBackend


class Pool(httpx.HTTPTransport):
    """For threads.

    Args:
        wrap: What is put between the connections and the network.
        options: The arguments of an `httpx.HTTPTransport`, for HTTP/1.1.
    """

    def __init__(
        self, wrap: Callable[[httpcore.NetworkBackend], httpcore.NetworkBackend] | None = None, **options: Any
    ) -> None:
        super().__init__(**options)
        maker: Any = self._pool
        backend = OneWriteBackend(maker._network_backend)
        maker._network_backend = backend if wrap is None else wrap(backend)
        self._pool = cast("Any", Connections(maker, options["limits"].max_connections))

    def whole(self, request: httpcore.Request) -> tuple[httpcore.Response, bytes]:
        """An answer as httpcore gives it, and its body."""
        response = self._pool.handle_request(request)
        try:
            return response, b"".join(cast("Iterable[bytes]", response.stream))
        finally:
            response.close()


class AsyncPool(httpx.AsyncHTTPTransport):
    """For tasks.

    Args:
        options: The arguments of an `httpx.AsyncHTTPTransport`, for HTTP/1.1.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        maker: Any = self._pool
        self._pool = cast("Any", AsyncConnections(maker, options["limits"].max_connections))
