"""Reading an open response so that giving up a wait loses nothing, and closing it wakes who waits.

Hand-written in both flavours, for waiting is where they differ.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import threading

import httpx

_IGNORED = (httpx.HTTPError, httpx.StreamError, RuntimeError, OSError)


def _wake(response: httpx.Response) -> None:
    """End the connection under a thread or task that waits for its next bytes."""
    stream = response.extensions.get("network_stream")
    connection = stream.get_extra_info("socket") if stream is not None else None
    if connection is not None:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


class Chunks:
    """The pieces of a response, for one thread that reads and any that closes."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._pieces = response.iter_raw()
        self._reading = threading.Lock()
        self._pid = os.getpid()

    @property
    def is_here(self) -> bool:
        """Whether this process opened it: a forked child must not end its parent's connection."""
        return self._pid == os.getpid()

    def next(self) -> bytes | None:
        """The next piece, None at the end."""
        with self._reading:
            return next(self._pieces, None)

    def close(self) -> None:
        """End the connection; a `next` in another thread returns or raises soon."""
        if not self.is_here:
            return
        _wake(self.response)
        woken = self._reading.acquire(timeout=1.0)
        try:
            with contextlib.suppress(*_IGNORED):
                self.response.close()
        finally:
            if woken:
                self._reading.release()


class AsyncChunks:
    """The pieces of a response, for tasks of one event loop.

    A read goes on when who waits for it is cancelled, `asyncio.wait_for` included: the next `next` gets its piece.
    """

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._pieces = response.aiter_raw()
        self._loop = asyncio.get_running_loop()
        self._read: asyncio.Task[bytes | None] | None = None

    @property
    def is_here(self) -> bool:
        """Whether it was opened in the running event loop, where alone it can be used."""
        return self._loop is asyncio.get_running_loop()

    async def next(self) -> bytes | None:
        """The next piece, None at the end."""
        if self._read is None:
            self._read = asyncio.create_task(self._piece())
        read = self._read
        await asyncio.wait((read,))
        self._read = None
        return None if read.cancelled() else read.result()

    async def _piece(self) -> bytes | None:
        return await anext(self._pieces, None)

    async def aclose(self) -> None:
        """End the connection; a `next` in another task ends."""
        if not self.is_here:
            return
        read = self._read
        if read is not None:
            read.cancel()
            await asyncio.wait((read,))
            if not read.cancelled():
                read.exception()  # known now: nobody is to be told that it was never looked at
        with contextlib.suppress(*_IGNORED):
            await self.response.aclose()
