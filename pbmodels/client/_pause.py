"""Waiting that can be ended early, from another thread or task."""

from __future__ import annotations

import asyncio
import contextlib
import threading


class Pause:
    """A wait in a thread."""

    def __init__(self) -> None:
        self._ended = threading.Event()

    def wait(self, seconds: float) -> None:
        """Wait, or less when `end` is called."""
        self._ended.wait(seconds)

    def end(self) -> None:
        """End this and every later wait at once."""
        self._ended.set()


class AsyncPause:
    """A wait in a task."""

    def __init__(self) -> None:
        self._ended = asyncio.Event()

    async def wait(self, seconds: float) -> None:
        """Wait, or less when `end` is called."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._ended.wait(), seconds)

    def end(self) -> None:
        """End this and every later wait at once."""
        self._ended.set()
