"""Connections that write a request's head along with the first piece of its body.

Httpcore writes them apart: a server that gets the head alone is woken twice, which for a small request is a twentieth
of its time.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from typing import Any

import httpcore

_WITH_BODY = (b"POST ", b"PATCH ", b"PUT ")
_SMALL = 64 * 1024
"""Bytes of a body up to which it is joined to its head: copying more costs more than it spares."""


class OneWriteBackend(httpcore.NetworkBackend):
    """Opens such connections for a pool.

    Args:
        backend: What opens them really.
    """

    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        self._backend = backend

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to a host."""
        return _Stream(self._backend.connect_tcp(host, port, timeout, local_address, socket_options))

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self._backend.sleep(seconds)


class _Stream(httpcore.NetworkStream):
    """One connection; a head is never sent when its body fails before it has begun."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream
        self._head = b""
        self._timeout: float | None = None

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._head:
            self.write(b"", self._timeout)
        return self._stream.read(max_bytes, timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if self._head:
            head, self._head = self._head, b""
            if len(buffer) <= _SMALL:
                buffer = head + buffer
            else:
                self._stream.write(head, timeout)
        elif buffer.startswith(_WITH_BODY):  # its body, or an empty write in place of one, follows
            self._head, self._timeout = buffer, timeout
            return
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
