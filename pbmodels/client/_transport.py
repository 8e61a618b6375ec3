"""Connections: an httpx transport without the client layer above it, or the user's own client.

Going straight to the transport takes a quarter less time per request than `httpx.Client`: its header
merging, cookies, redirects and hooks have nothing to do here. Kept are connection pooling, proxies
from the environment, TLS and timeouts. Redirects are never followed, so that no token leaves for
another address.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import threading
import weakref
from typing import Any
from urllib.request import getproxies, proxy_bypass

import httpx


def _tls(url: httpx.URL, verify: ssl.SSLContext | bool) -> ssl.SSLContext | bool:
    """Without TLS there are no certificates to load, which takes longer than the first requests."""
    if url.scheme == "http" and verify is True:
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return verify


def _proxy(url: httpx.URL) -> str | None:
    """The proxy that the environment names for this address, None for a direct connection."""
    proxies = getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    return None if proxy is None or proxy_bypass(url.netloc.decode("ascii")) else proxy


class SyncTransports:
    """One pool of connections per process: a forked child never writes to its parent's sockets."""

    def __init__(self, url: httpx.URL, verify: ssl.SSLContext | bool) -> None:
        self._url = url
        self._verify = verify
        self._lock = threading.Lock()
        self._pid = 0
        self._transport: httpx.HTTPTransport | None = None
        self._abandoned: list[httpx.HTTPTransport] = []

    def get(self) -> httpx.HTTPTransport:
        """The pool of this process, made on first use."""
        transport = self._transport
        if transport is not None and self._pid == os.getpid():
            return transport
        if self._pid != os.getpid():
            self._lock = threading.Lock()  # the parent's may have been held by another thread at the fork
        with self._lock:
            if self._transport is None or self._pid != os.getpid():
                if self._transport is not None:
                    self._abandoned.append(self._transport)  # the parent still uses its sockets: never close them
                self._transport = httpx.HTTPTransport(
                    verify=_tls(self._url, self._verify), proxy=_proxy(self._url), limits=_LIMITS
                )
                self._pid = os.getpid()
            return self._transport

    def close(self) -> None:
        """Close the connections; a later request opens new ones."""
        transport, self._transport = self._transport, None
        if transport is not None and self._pid == os.getpid():
            transport.close()


class AsyncTransports:
    """One pool of connections per event loop (and process): a socket belongs to the loop it was opened in."""

    def __init__(self, url: httpx.URL, verify: ssl.SSLContext | bool) -> None:
        self._url = url
        self._verify = verify
        self._pools: weakref.WeakKeyDictionary[Any, tuple[int, httpx.AsyncHTTPTransport]] = weakref.WeakKeyDictionary()

    def get(self) -> httpx.AsyncHTTPTransport:
        """The pool of the running event loop, made on first use."""
        loop = asyncio.get_running_loop()
        found = self._pools.get(loop)
        if found is not None and found[0] == os.getpid():
            return found[1]
        transport = httpx.AsyncHTTPTransport(
            verify=_tls(self._url, self._verify), proxy=_proxy(self._url), limits=_LIMITS
        )
        self._pools[loop] = (os.getpid(), transport)
        return transport

    async def close(self) -> None:
        """Close the connections of the running loop; those of loops that ended are dropped."""
        found = self._pools.pop(asyncio.get_running_loop(), None)
        self._pools.clear()
        if found is not None and found[0] == os.getpid():
            await found[1].aclose()


_LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=30.0)
