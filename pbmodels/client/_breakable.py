"""Connections that another thread can break at any time: while they are opened, written to or waited for."""

from __future__ import annotations

import contextlib
import functools
import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError, Future, InvalidStateError
from typing import Any

import httpcore

Breaker = Callable[[], object]
Note = Callable[[Breaker], None]


class BreakableBackend(httpcore.NetworkBackend):
    """Opens connections for a pool.

    Args:
        backend: What opens them really.
        add: Called with a function that breaks what is under way, as long as it is.
        forget: Called with it again when there is nothing to break any more.
    """

    def __init__(self, backend: httpcore.NetworkBackend, add: Note, forget: Note) -> None:
        self._backend = backend
        self._add = add
        self._forget = forget

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Look up the host and connect to it, in a thread: nothing ends the look-up of a name early.

        Raises:
            httpcore.ConnectError: It was given up meanwhile; the thread closes what it still gets.
        """
        future: Future[httpcore.NetworkStream] = Future()

        def connect() -> None:
            try:
                stream = self._backend.connect_tcp(host, port, timeout, local_address, socket_options)
            except BaseException as error:
                with contextlib.suppress(InvalidStateError):
                    future.set_exception(error)
                return
            try:
                future.set_result(stream)
            except InvalidStateError:
                stream.close()

        threading.Thread(target=connect, name="pbmodels-connect", daemon=True).start()
        self._add(future.cancel)
        try:
            return _Stream(future.result(), self._add, self._forget)
        except CancelledError:
            raise httpcore.ConnectError("given up") from None
        finally:
            self._forget(future.cancel)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self._backend.sleep(seconds)


class _Stream(httpcore.NetworkStream):
    """One connection."""

    def __init__(self, stream: httpcore.NetworkStream, add: Note, forget: Note) -> None:
        self._stream = stream
        self._add = add
        self._forget = forget
        add(self._end)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        self._forget(self._end)
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        self._forget(self._end)
        connection = self._stream.get_extra_info("socket")
        # While TLS is agreed on nobody can reach the socket: it has moved into one that is not there yet.
        twin = connection if isinstance(connection, ssl.SSLSocket) else connection.dup()
        end = functools.partial(_shut_down, twin)
        self._add(end)
        try:
            return _Stream(self._stream.start_tls(ssl_context, server_hostname, timeout), self._add, self._forget)
        finally:
            self._forget(end)
            if twin is not connection:
                twin.close()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def _end(self) -> None:
        _shut_down(self._stream.get_extra_info("socket"))


def _shut_down(connection: Any) -> None:
    if connection is not None:
        with contextlib.suppress(OSError):
            # Not the TLS socket's own way, which would take its state from under the thread that reads.
            socket.socket.shutdown(connection, socket.SHUT_RDWR)
