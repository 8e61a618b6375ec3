"""Connections: an httpx transport without the client layer above it, or the user's own client.

Going straight to the transport takes a quarter less time per request than `httpx.Client`: its header
merging, cookies, redirects and hooks have nothing to do here. Kept are connection pooling, proxies
from the environment, TLS and timeouts. Redirects are never followed, so that no token leaves for
another address. Sync requests that are read as a whole go a shorter way still; see `_direct.py`, and `_connections.py`
for what many requests side by side need.

Async requests go through aiohttp where `httpx-aiohttp` is installed (the extra `aiohttp`): many side by side are
answered a quarter faster. What it cannot do as well stays with httpx: open streams, whose time to wait changes
once they have begun, uploads, whose size h11 checks, requests that are traced, proxies, and HTTP/2.

Open streams and uploads go by HTTP/1.1 where HTTP/2 is offered too, for they may end early; see `_http2.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import httpx

from pbmodels.client._abort import transport_of
from pbmodels.client._direct import DirectTransport
from pbmodels.client._errors import InvalidRequest
from pbmodels.client._http2 import OneEach, ToTheEnd
from pbmodels.client._pool import AsyncPool, Pool
from pbmodels.client._proxies import proxy_for

_LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=30.0)


@dataclass(frozen=True)
class Wire:
    """How to reach one server.

    Attributes:
        url: Its address.
        verify: What certificates to trust.
        http2: Whether to offer HTTP/2.
    """

    url: httpx.URL
    verify: ssl.SSLContext | bool = True
    http2: bool = False

    def __post_init__(self) -> None:
        if self.http2 and find_spec("h2") is None:
            raise InvalidRequest("http2=True needs the package h2; install it with: pip install 'pbmodels[http2]'")

    @property
    def options(self) -> dict[str, Any]:
        """The arguments of an httpx transport.

        Raises:
            InvalidRequest: The environment names a proxy that cannot be used.
        """
        # Without TLS there are no certificates to load, which takes longer than the first requests.
        bare = self.url.scheme == "http" and self.verify is True
        verify = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if bare else httpx.create_ssl_context(verify=self.verify)
        return {"verify": verify, "proxy": proxy_for(self.url), "limits": _LIMITS, "http2": self.http2}


class SyncTransports:
    """One pool of connections per process: a forked child never writes to its parent's sockets.

    There is no lock that another thread could hold at the fork. The parent's pool stays referenced in the
    child, for the parent still uses its sockets.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._pools: dict[int, _ProcessPool] = {}

    def get(self, *, simple: bool = True) -> httpx.BaseTransport:
        """The pool of this process, made on first use.

        Inside the block of an `AbortController` it is that one's own.

        Args:
            simple: Whether the request can go the short way, or by HTTP/2: read as a whole, and sent as bytes.
        """
        if (apart := transport_of(self._wire)) is not None:
            return apart
        found = self._pools.get(os.getpid())
        if found is None:  # of two threads that both make one, the first one's is kept: the other has no connections
            found = self._pools.setdefault(os.getpid(), _ProcessPool(self._wire))
        return found.quick if simple else found.full

    def close(self) -> None:
        """Close the connections; a later request opens new ones."""
        found = self._pools.pop(os.getpid(), None)
        if found is not None:
            found.close()


class _ProcessPool:
    """The connections of a process."""

    def __init__(self, wire: Wire) -> None:
        plain: dict[str, Any] = {**wire.options, "http2": False}
        self.full = Pool(**plain)
        # With TLS settings of its own, for the protocols that are offered are among them.
        self.quick: httpx.BaseTransport = OneEach(wire.options) if wire.http2 else DirectTransport(self.full)

    def close(self) -> None:
        self.quick.close()
        self.full.close()


class AsyncTransports:
    """One pool of connections per event loop (and process): a socket belongs to the loop it was opened in.

    A pool is closed with its loop, so that `asyncio.run` after `asyncio.run` leaves no open socket behind.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._pools: dict[Any, _LoopPool] = {}

    def get(self, *, simple: bool = True) -> httpx.AsyncBaseTransport:
        """The pool of the running event loop, made on first use.

        Args:
            simple: Whether the request can go by aiohttp or HTTP/2: read as a whole, and sent as bytes.
        """
        loop = asyncio.get_running_loop()
        found = self._pools.get(loop)
        if found is None or found.pid != os.getpid():
            for ended in [known for known in tuple(self._pools) if known.is_closed()]:
                self._pools.pop(ended, None)
            found = self._pools[loop] = _LoopPool(self._wire.options)
        return found.quick if simple else found.full

    async def close(self) -> None:
        """Close the connections of the running loop; those of other loops end with them."""
        found = self._pools.pop(asyncio.get_running_loop(), None)
        if found is not None and found.pid == os.getpid():
            await found.close()


class _LoopPool:
    """Pools that their event loop closes: loops close every asynchronous generator that was started in them."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.pid = os.getpid()
        plain: dict[str, Any] = {**options, "http2": False}
        self.full = AsyncPool(**plain)
        self.quick = _through_http2(options) or _through_aiohttp(options) or self.full
        self._ending = _until_the_end(self.full, self.quick)
        with contextlib.suppress(StopIteration):
            self._ending.__anext__().send(None)  # runs to its `yield` at once: nothing is awaited before

    async def close(self) -> None:
        await self._ending.aclose()


async def _until_the_end(*transports: httpx.AsyncBaseTransport) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        for transport in transports:
            await transport.aclose()


def _through_http2(options: dict[str, Any]) -> httpx.AsyncBaseTransport | None:
    return ToTheEnd(options) if options["http2"] else None


def _through_aiohttp(options: dict[str, Any]) -> httpx.AsyncBaseTransport | None:
    """A transport over aiohttp, None where it is not installed or cannot do what the options ask for."""
    if options["proxy"] is not None:
        return None
    try:
        from pbmodels.client._aiohttp import ExactTransport
    except ImportError:
        return None
    return ExactTransport(options["verify"], _LIMITS)
