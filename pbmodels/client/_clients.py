"""The two flavours of one client: `PocketBase` and `AsyncPocketBase`."""

from __future__ import annotations

import inspect
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pbmodels.client._async.base import AsyncBaseClient
from pbmodels.client._async_auth_store import AsyncAuthStore
from pbmodels.client._errors import InvalidRequest
from pbmodels.client._schema_services import schema_services
from pbmodels.client._state import ClientState
from pbmodels.client._sync.base import BaseClient

if TYPE_CHECKING:
    from pbmodels.schema import AsyncSchemaService, SchemaService


class AsyncPocketBase(AsyncBaseClient):
    """A PocketBase server, for async code.

    It works in several event loops one after another: each gets connections of its own.

    Args:
        url: The server's address, `http://127.0.0.1:8090` by default.
        auth_store: Where to keep who is signed in; in memory by default.
        headers: Headers for every request.
        lang: The language to ask for, as `Accept-Language`; PocketBase's hooks can act on it.
        timeout: Seconds, or an `httpx.Timeout`; 30 by default.
        before_send: Sees, and may change or replace, every `httpx.Request`; can be an async function.
        after_send: Sees, and may replace, every `httpx.Response`; can be an async function.
        http_client: An `httpx.AsyncClient`, or one that behaves alike, to send through.
        verify: An `ssl.SSLContext`, or False to trust any certificate.
        http2: Offer HTTP/2 to servers behind TLS; needs the extra `http2`.
        retries: How often a request is sent again after a broken connection or a 429, 502, 503 or 504, if it may arrive
            twice: reads, deletes, updates without `+` and `-`, creates with an `id`.
        identity: Who signs in by itself: before the first request that needs it, and again when the token has
            expired or a request is answered with 401. Whoever else is signed in is never exchanged for this one.
        password: The password of `identity`; it never reaches a message or a log.
        auth_collection: The collection that `identity` is of, such as `_superusers`.
        auto_refresh: Refresh a valid token in its last 5 minutes, or the last fifth of a shorter life; always on
            with an `identity`.

    Raises:
        InvalidRequest: The url is not an http address, the `http_client` is of the other flavour, or one of
            `identity` and `password` is missing.

    Example:
        >>> async def main() -> None:
        ...     async with AsyncPocketBase("http://127.0.0.1:8090") as pb:
        ...         print((await pb.health.check()).message)
    """

    @cached_property
    def schema(self) -> AsyncSchemaService:
        """Models and this server's collections in step: `diff`, `push`, `pull`, `migrate`; superusers only."""
        return schema_services().for_async(self)

    async def aclose(self) -> None:
        """End the streams, close the connections, and wait until an `AsyncAuthStore` is written.

        A client that was passed in as `http_client` stays open. A later request opens new connections.
        """
        await super().aclose()
        if isinstance(store := self.auth_store, AsyncAuthStore):
            await store.written()

    def _init(self, state: ClientState, http_client: Any = None) -> None:
        if http_client is not None and not inspect.iscoroutinefunction(http_client.send):
            raise InvalidRequest("AsyncPocketBase sends through an httpx.AsyncClient; this http_client is not async")
        super()._init(state, http_client)


class PocketBase(BaseClient):
    """A PocketBase server; `pb.aio` is the same client for async code.

    Safe to use from many threads at once, and after a fork: the child gets connections of its own.

    Args:
        url: The server's address, `http://127.0.0.1:8090` by default.
        auth_store: Where to keep who is signed in; in memory by default.
        headers: Headers for every request.
        lang: The language to ask for, as `Accept-Language`; PocketBase's hooks can act on it.
        timeout: Seconds, or an `httpx.Timeout`; 30 by default.
        before_send: Sees, and may change or replace, every `httpx.Request`.
        after_send: Sees, and may replace, every `httpx.Response`.
        http_client: An `httpx.Client`, or one that behaves alike, to send through; `aio` does not use it.
        verify: An `ssl.SSLContext`, or False to trust any certificate.
        http2: Offer HTTP/2 to servers behind TLS; needs the extra `http2`.
        retries: How often a request is sent again after a broken connection or a 429, 502, 503 or 504, if it may arrive
            twice: reads, deletes, updates without `+` and `-`, creates with an `id`.
        identity: Who signs in by itself: before the first request that needs it, and again when the token has
            expired or a request is answered with 401. Whoever else is signed in is never exchanged for this one.
        password: The password of `identity`; it never reaches a message or a log.
        auth_collection: The collection that `identity` is of, such as `_superusers`.
        auto_refresh: Refresh a valid token in its last 5 minutes, or the last fifth of a shorter life; always on
            with an `identity`.

    Raises:
        InvalidRequest: The url is not an http address, the `http_client` is of the other flavour, or one of
            `identity` and `password` is missing.

    Example:
        >>> with PocketBase(url) as pb:
        ...     pb.health.check().message
        'API is healthy.'
    """

    def _init(self, state: ClientState, http_client: Any = None) -> None:
        if http_client is not None and inspect.iscoroutinefunction(http_client.send):
            raise InvalidRequest("PocketBase sends through an httpx.Client; give the async one to AsyncPocketBase")
        super()._init(state, http_client)

    @cached_property
    def schema(self) -> SchemaService:
        """Models and this server's collections in step: `diff`, `push`, `pull`, `migrate`; superusers only.

        Example:
            >>> class Tag(Collection, collection="tags"):
            ...     name: Field[str] = field(max_length=50)
            >>> pb.schema.push(Tag)
            ['tags']
        """
        return schema_services().for_sync(self)

    @cached_property
    def aio(self) -> AsyncPocketBase:
        """The async twin: the same auth store, hooks and knowledge of the server."""
        twin = AsyncPocketBase.__new__(AsyncPocketBase)
        twin._init(self._state)
        return twin
