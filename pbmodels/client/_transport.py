"""Connections: an httpx transport without the client layer above it, or the user's own client.

Going straight to the transport takes a quarter less time per request than `httpx.Client`: its header
merging, cookies, redirects and hooks have nothing to do here. Kept are connection pooling, proxies
from the environment, TLS and timeouts. Redirects are never followed, so that no token leaves for
another address.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
from collections.abc import AsyncGenerator
from typing import Any

import httpx

from pbmodels.client._proxies import proxy_for

_LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=30.0)


def _options(url: httpx.URL, verify: ssl.SSLContext | bool) -> dict[str, Any]:
    if url.scheme == "http" and verify is True:
        # Without TLS there are no certificates to load, which takes longer than the first requests.
        verify = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return {"verify": verify, "proxy": proxy_for(url), "limits": _LIMITS}


class SyncTransports:
    """One pool of connections per process: a forked child never writes to its parent's sockets.

    There is no lock that another thread could hold at the fork. The parent's pool stays referenced in the
    child, for the parent still uses its sockets.
    """

    def __init__(self, url: httpx.URL, verify: ssl.SSLContext | bool) -> None:
        self._url = url
        self._verify = verify
        self._pools: dict[int, httpx.HTTPTransport] = {}

    def get(self) -> httpx.HTTPTransport:
        """The pool of this process, made on first use."""
        pid = os.getpid()
        found = self._pools.get(pid)
        if found is None:  # of two threads that both make one, the first one's is kept: the other has no connections
            found = self._pools.setdefault(pid, httpx.HTTPTransport(**_options(self._url, self._verify)))
        return found

    def close(self) -> None:
        """Close the connections; a later request opens new ones."""
        found = self._pools.pop(os.getpid(), None)
        if found is not None:
            found.close()


class AsyncTransports:
    """One pool of connections per event loop (and process): a socket belongs to the loop it was opened in.

    A pool is closed with its loop, so that `asyncio.run` after `asyncio.run` leaves no open socket behind.
    """

    def __init__(self, url: httpx.URL, verify: ssl.SSLContext | bool) -> None:
        self._url = url
        self._verify = verify
        self._pools: dict[Any, _LoopPool] = {}

    def get(self) -> httpx.AsyncHTTPTransport:
        """The pool of the running event loop, made on first use."""
        loop = asyncio.get_running_loop()
        found = self._pools.get(loop)
        if found is None or found.pid != os.getpid():
            for ended in [known for known in tuple(self._pools) if known.is_closed()]:
                self._pools.pop(ended, None)
            found = self._pools[loop] = _LoopPool(httpx.AsyncHTTPTransport(**_options(self._url, self._verify)))
        return found.transport

    async def close(self) -> None:
        """Close the connections of the running loop; those of other loops end with them."""
        found = self._pools.pop(asyncio.get_running_loop(), None)
        if found is not None and found.pid == os.getpid():
            await found.close()


class _LoopPool:
    """A pool that its event loop closes: loops close every asynchronous generator that was started in them."""

    def __init__(self, transport: httpx.AsyncHTTPTransport) -> None:
        self.pid = os.getpid()
        self.transport = transport
        self._ending = _until_the_end(transport)
        with contextlib.suppress(StopIteration):
            self._ending.__anext__().send(None)  # runs to its `yield` at once: nothing is awaited before

    async def close(self) -> None:
        await self._ending.aclose()


async def _until_the_end(transport: httpx.AsyncHTTPTransport) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        await transport.aclose()
