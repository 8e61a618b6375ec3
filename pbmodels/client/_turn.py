"""Whose turn it is: one at a time asks the server on behalf of a live query, in both flavours."""

from __future__ import annotations

import asyncio
import threading


class Turn:
    """A lock that can be tried."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def take_now(self) -> bool:
        """Take it if nobody has it."""
        return self._lock.acquire(blocking=False)

    def take(self) -> None:
        """Take it, wait for it."""
        self._lock.acquire()

    def give_back(self) -> None:
        """Let the next one have it."""
        self._lock.release()


class AsyncTurn:
    """A lock that can be tried, for tasks."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def take_now(self) -> bool:
        """Take it if nobody has it."""
        if self._lock.locked():
            return False
        return await self._lock.acquire()

    async def take(self) -> None:
        """Take it, wait for it."""
        await self._lock.acquire()

    def give_back(self) -> None:
        """Let the next one have it."""
        self._lock.release()
