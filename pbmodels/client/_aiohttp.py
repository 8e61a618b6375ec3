"""httpx-aiohttp's transport, sending what it is given: no address rewritten, nothing sent twice, no cookie kept.

Imported only where the extra `aiohttp` is installed.
"""

from __future__ import annotations

import asyncio
import functools
import select
import ssl
from typing import Any, cast

import aiohttp
import httpx
from aiohttp.client_proto import ResponseHandler
from httpx_aiohttp import AiohttpTransport
from yarl import URL


class ExactTransport(AiohttpTransport):
    """A pool of aiohttp's connections, for the event loop in which it is first used.

    Args:
        verify: What certificates to trust.
        limits: How many connections, and how long they are kept.
    """

    def __init__(self, verify: ssl.SSLContext, limits: httpx.Limits) -> None:
        self._session = _ExactSession(verify, limits)
        super().__init__(verify=verify)

    def get_client(self) -> aiohttp.ClientSession:
        """What requests go through."""
        return cast("aiohttp.ClientSession", self._session)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._session.close()


class _ExactSession:
    """What the transport takes for a session, which it asks for at every request."""

    def __init__(self, verify: ssl.SSLContext, limits: httpx.Limits) -> None:
        self._verify = verify
        self._limits = limits
        self._session: aiohttp.ClientSession | None = None

    def request(self, method: str, url: str, **options: Any) -> Any:
        """As `ClientSession.request`, for an address that is percent-encoded: aiohttp would encode it its own way."""
        session = self._session
        if session is None:
            session = self._session = self._open()
        # A client that offers HTTP/2 says so in the context, which may be shared with it.
        self._verify.set_alpn_protocols(["http/1.1"])
        return session.request(method, URL(url, encoded=True), **options)

    def _open(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=self._limits.max_connections or 0,
            keepalive_timeout=self._limits.keepalive_expiry or 0.0,
            ssl=self._verify,
        )
        kind = cast("type[ResponseHandler]", _Handler)
        connector._factory = functools.partial(kind, loop=asyncio.get_running_loop())
        # Its own jar would send cookies back, and so carry one user's over to the next.
        session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        session._retry_connection = False  # what may be sent twice is not for aiohttp to decide
        return session

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()


class _Handler(ResponseHandler):
    """A connection that knows at once when the server has ended it, though the event loop was held up meanwhile."""

    def is_connected(self) -> bool:
        """Whether it can be used again."""
        return super().is_connected() and not _has_news(self.transport)


def _has_news(transport: Any) -> bool:
    connection = transport.get_extra_info("socket")
    if connection is None or not hasattr(select, "poll"):
        return False
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
