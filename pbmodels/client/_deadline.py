"""Ending a stream after some time, and calling back who waits for it.

Hand-written in both flavours, for waiting is where they differ.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Self

from pbmodels.client._errors import InvalidRequest

if TYPE_CHECKING:
    from pbmodels.client._async.events import AsyncEventStream
    from pbmodels.client._sync.events import EventStream

UrlCallback = Callable[[str], object]
AsyncUrlCallback = Callable[[str], "Awaitable[object] | object"]


class Deadline:
    """Closes a stream when the block takes longer than some seconds; also while a thread waits for its events."""

    def __init__(self, stream: EventStream, seconds: float) -> None:
        self._stream = stream
        self._timer = threading.Timer(seconds, self._pass)
        self._timer.daemon = True

    def _pass(self) -> None:
        self._stream.close()

    def show(self, url_callback: UrlCallback, url: str) -> None:
        """Give the address to who asked for it.

        Raises:
            InvalidRequest: The callback is one to be awaited.
        """
        result = url_callback(url)
        if inspect.iscoroutine(result):
            result.close()
            raise InvalidRequest(
                "url_callback is an async function; call auth_with_oauth2 of pb.aio, or give a plain one"
            )

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._stream.close()


class AsyncDeadline:
    """Closes a stream when the block takes longer than some seconds; also while a task waits for its events."""

    def __init__(self, stream: AsyncEventStream, seconds: float) -> None:
        self._stream = stream
        self._seconds = seconds
        self._task: asyncio.Task[None] | None = None

    async def _pass(self) -> None:
        await asyncio.sleep(self._seconds)
        await self._stream.aclose()

    async def show(self, url_callback: AsyncUrlCallback, url: str) -> None:
        """Give the address to who asked for it, and wait for a callback that can be waited for."""
        result = url_callback(url)
        if inspect.isawaitable(result):
            await result

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._pass())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))
        await self._stream.aclose()
