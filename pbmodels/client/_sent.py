"""Knowing that a request is on its way, while its answer is still awaited."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

_LAST = "send_request_body.complete"


class Sent:
    """Set once a request is written to the connection; for a thread that waits."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def trace(self, name: str, info: dict[str, Any]) -> None:
        """What httpcore calls at each step of a request."""
        if name.endswith(_LAST):
            self._event.set()

    def set(self, *_: object) -> None:
        """The request is over, however it ended."""
        self._event.set()

    def wait(self) -> None:
        """Wait until the request is written, or over."""
        self._event.wait()


class AsyncSent:
    """Set once a request is written to the connection; for a task that waits."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    async def trace(self, name: str, info: dict[str, Any]) -> None:
        """What httpcore calls at each step of a request."""
        if name.endswith(_LAST):
            self._event.set()

    def set(self, *_: object) -> None:
        """The request is over, however it ended."""
        self._event.set()

    async def wait(self) -> None:
        """Wait until the request is written, or over."""
        await self._event.wait()
