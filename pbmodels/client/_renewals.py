"""One renewal of a sign-in at a time, for all threads and event loops together: whoever comes meanwhile waits for it.

Hand-written in both flavours, for waiting is where they differ.
"""

from __future__ import annotations

import asyncio
import copy
import os
from concurrent.futures import Future
from typing import TYPE_CHECKING

from pbmodels.client._abort import Abortable, AsyncAbortable
from pbmodels.client._errors import ClientResponseError

if TYPE_CHECKING:
    from pbmodels.client._request import Call


class Renewal:
    """A sign-in or refresh that is under way.

    Attributes:
        ended: Done when it is over, however it ended.
    """

    def __init__(self) -> None:
        self.ended: Future[None] = Future()
        self._loop = running_loop()
        self._failure: ClientResponseError | None = None

    def end(self, failure: ClientResponseError | None) -> None:
        """It is over.

        Args:
            failure: Why it failed, None too when it was broken off: then one of those that wait does it.
        """
        self._failure = failure
        self.ended.set_result(None)

    @property
    def failure(self) -> ClientResponseError | None:
        """Why it failed; each time a new one, for each has a traceback of its own."""
        return copy.copy(self._failure)

    def goes_on(self, loop: asyncio.AbstractEventLoop | None) -> bool:
        """Whether it goes on while the caller waits: not one of an event loop that waits with it, or stands still.

        Args:
            loop: The loop that the caller leaves to others while it waits.
        """
        mine = self._loop
        return mine is None or mine is loop or (mine.is_running() and mine is not running_loop())


class Renewals:
    """The one that is under way; a forked child begins its own, for nobody there ends its parent's."""

    def __init__(self) -> None:
        self._under_way: dict[int, Renewal] = {}

    def join(self) -> tuple[Renewal, bool]:
        """The one under way, and whether that is the caller's to do, and to end."""
        mine = Renewal()
        found = self._under_way.setdefault(os.getpid(), mine)
        return found, found is mine

    def end(self, renewal: Renewal, failure: ClientResponseError | None) -> None:
        """The caller's is over."""
        self._under_way.pop(os.getpid(), None)
        renewal.end(failure)


class Waiting:
    """For a thread."""

    @staticmethod
    def until(renewal: Renewal, call: Call) -> bool:
        """Wait until it is over, on behalf of a request; False at once where that would never be."""
        if not renewal.goes_on(None):
            return False
        Abortable.until(call, renewal.ended)
        return True


class AsyncWaiting:
    """For a task."""

    @staticmethod
    async def until(renewal: Renewal, call: Call) -> bool:
        """Wait until it is over, on behalf of a request; False at once where that would never be."""
        if not renewal.goes_on(asyncio.get_running_loop()):
            return False
        await AsyncAbortable.until(call, renewal.ended)
        return True


def running_loop() -> asyncio.AbstractEventLoop | None:
    """The event loop of this thread, None where none runs."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
