"""The two flavours of one client: `PocketBase` and `AsyncPocketBase`."""

from __future__ import annotations

from functools import cached_property

from pbmodels.client._async.base import AsyncBaseClient
from pbmodels.client._sync.base import BaseClient


class AsyncPocketBase(AsyncBaseClient):
    """A PocketBase server, for async code.

    It works in several event loops one after another: each gets connections of its own.

    Args:
        url: The server's address, `http://127.0.0.1:8090` by default.
        auth_store: Where to keep who is signed in; in memory by default.
        headers: Headers for every request.
        timeout: Seconds, or an `httpx.Timeout`; 30 by default.
        before_send: Sees, and may change or replace, every `httpx.Request`.
        after_send: Sees, and may replace, every `httpx.Response`.
        http_client: An `httpx.AsyncClient`, or one that behaves alike, to send through.
        verify: An `ssl.SSLContext`, or False to trust any certificate.

    Raises:
        InvalidRequest: The url is not an http address.

    Example:
        >>> async def main() -> None:
        ...     async with AsyncPocketBase("http://127.0.0.1:8090") as pb:
        ...         print((await pb.health.check()).message)
    """


class PocketBase(BaseClient):
    """A PocketBase server; `pb.aio` is the same client for async code.

    Safe to use from many threads at once, and after a fork: the child gets connections of its own.

    Args:
        url: The server's address, `http://127.0.0.1:8090` by default.
        auth_store: Where to keep who is signed in; in memory by default.
        headers: Headers for every request.
        timeout: Seconds, or an `httpx.Timeout`; 30 by default.
        before_send: Sees, and may change or replace, every `httpx.Request`.
        after_send: Sees, and may replace, every `httpx.Response`.
        http_client: An `httpx.Client`, or one that behaves alike, to send through; `aio` does not use it.
        verify: An `ssl.SSLContext`, or False to trust any certificate.

    Raises:
        InvalidRequest: The url is not an http address.

    Example:
        >>> with PocketBase(url) as pb:
        ...     pb.health.check().message
        'API is healthy.'
    """

    @cached_property
    def aio(self) -> AsyncPocketBase:
        """The async twin: the same auth store, hooks and knowledge of the server."""
        twin = AsyncPocketBase.__new__(AsyncPocketBase)
        twin._init(self._state)
        return twin
