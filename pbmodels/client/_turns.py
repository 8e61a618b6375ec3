"""One at a time: a lock for each process, or for each event loop.

Hand-written in both flavours, for waiting is where they differ.
"""

from __future__ import annotations

import asyncio
import os
import threading
import weakref


class Turns:
    """A lock for threads; a forked child has its own, for another thread may have held its parent's."""

    def __init__(self) -> None:
        self._locks: dict[int, threading.Lock] = {}

    def get(self) -> threading.Lock:
        """The lock of this process."""
        return self._locks.setdefault(os.getpid(), threading.Lock())


class AsyncTurns:
    """A lock for tasks; each event loop has its own."""

    def __init__(self) -> None:
        self._locks: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = weakref.WeakKeyDictionary()

    def get(self) -> asyncio.Lock:
        """The lock of the running event loop."""
        return self._locks.setdefault(asyncio.get_running_loop(), asyncio.Lock())
