"""The bounded buffer between the connection and one watcher.

One side is the hub's event loop, the other a thread (`Inbox`) or a task of the same loop (`AsyncInbox`).
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import os
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Literal

from pbmodels.client._errors import InvalidRequest

Overflow = Literal["wait", "event"]
"""What happens when a watcher is slower than the events: its own stream waits, or it is told and catches up."""

HARD_LIMIT = 10
"""How many times its size a buffer may hold until its watcher's own connection is subscribed."""

HARDEST_LIMIT = 100
"""How many times its size a buffer may hold while what the shared connection still has for it is read."""


class Mark(enum.Enum):
    """What stands between events in an inbox."""

    BROKEN = "the connection broke and was made anew"
    RENEWED = "the connection was renewed"
    OVERFLOW = "events were left out"
    TIMEOUT = "nothing came in time"
    ENDED = "nothing will come any more"


@dataclass(frozen=True, slots=True)
class BesideItem:
    """An event of a companion topic."""

    data: str


Item = str | Mark | BesideItem


class BaseInbox:
    """What both flavours have in common; `put` and what follows it is called in the hub's event loop."""

    def __init__(self, size: int = 1000, overflow: Overflow = "wait") -> None:
        if not isinstance(size, int) or size < 1:
            raise InvalidRequest(f"buffer={size!r}: give the number of events that a watch may hold, 1 or more")
        if overflow not in ("wait", "event"):
            raise InvalidRequest(f"overflow={overflow!r}: give 'wait' or 'event'")
        self.size = size
        self.overflow = overflow
        self.error: Exception | None = None
        self._has_overflown = False
        self._has_ended = False
        self.loop: asyncio.AbstractEventLoop | None = None
        self._pid = os.getpid()
        self._room: asyncio.Event | None = None
        self._needs_room = False

    def __len__(self) -> int:
        raise NotImplementedError

    def bind(self) -> None:
        """Belong to the running event loop."""
        self.loop = asyncio.get_running_loop()
        self._room = asyncio.Event()

    def check_process(self) -> None:
        """Refuse to be used in a forked child, where nobody fills it.

        Raises:
            InvalidRequest: It belongs to the parent.
        """
        if self.is_of_parent:
            raise InvalidRequest(
                "realtime: this watch belongs to the process that began it, whose connection a forked child does not "
                "have; begin one in the child"
            )

    @property
    def is_of_parent(self) -> bool:
        """Whether it was made before this process was forked."""
        return self._pid != os.getpid()

    def put(self, item: Item) -> None:
        """Add an event or a mark; events beyond the size are left out where that was chosen."""
        if self._has_ended or self._has_overflown:
            return
        if self.overflow == "event" and len(self) >= self.size and not isinstance(item, Mark):
            self._has_overflown = True
            item = Mark.OVERFLOW
        self._append(item)

    @property
    def is_full(self) -> bool:
        """Whether the connection should wait for the watcher."""
        return self.overflow == "wait" and len(self) >= self.size and not self._has_ended

    async def room(self, limit: Callable[[], int]) -> None:
        """Wait until it holds less items than the limit, which may change: `reconsider` then."""
        assert self._room is not None
        while len(self) >= limit() and not self._has_ended:
            self._room.clear()
            self._needs_room = True
            if len(self) >= limit() and not self._has_ended:
                await self._room.wait()

    def reconsider(self) -> None:
        """Let who waits for room look again."""
        self._tell_room()

    def end(self, error: Exception | None = None) -> None:
        """Nothing will come any more; what is there can still be taken, then comes the error."""
        if not self._has_ended:
            self.error = error
            self._has_ended = True
            self._append(Mark.ENDED)
            self._tell_room()

    def resume(self) -> None:
        """After an overflow: take events again."""
        self._has_overflown = False

    def close(self) -> None:
        """The watcher is done: what is there is dropped, and who waits is woken. From any thread."""
        self._has_ended = True
        while self._pop() is not None:
            pass
        self._append(Mark.ENDED)
        self._tell_room()

    def take(self) -> Item | None:
        """The next item, None where there is none."""
        item = self._pop()
        return None if item is None else self._taken(item)

    def _taken(self, item: Item) -> Item:
        if item is Mark.ENDED:  # for whoever asks next
            self._append(item)
        if self._needs_room and len(self) <= self.size // 2:
            self._tell_room()
        return item

    def _tell_room(self) -> None:
        self._needs_room = False
        if self.loop is not None and self._room is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self.loop.call_soon_threadsafe(self._room.set)

    def _append(self, item: Item) -> None:
        raise NotImplementedError

    def _pop(self) -> Item | None:
        raise NotImplementedError


class Beside:
    """The inbox of a companion topic: its events go into the main topic's inbox, marked as what they are.

    Args:
        main: That inbox.
        is_apart: Whether the companion is on a connection of its own, whose breaks the main topic does not notice.
    """

    def __init__(self, main: BaseInbox, is_apart: Callable[[], bool]) -> None:
        self._main = main
        self._is_apart = is_apart

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The hub's event loop."""
        return self._main.loop

    @property
    def is_of_parent(self) -> bool:
        """Whether it was made before this process was forked."""
        return self._main.is_of_parent

    @property
    def size(self) -> int:
        """How many events both may hold."""
        return self._main.size

    @property
    def is_full(self) -> bool:
        """Whether the connection should wait for the watcher."""
        return self._main.is_full

    def bind(self) -> None:
        """The main inbox belongs to the loop already."""

    def put(self, item: str | Mark) -> None:
        """Add an event or a mark."""
        if isinstance(item, str):
            self._main.put(BesideItem(item))
        elif self._is_apart():
            self._main.put(item)

    async def room(self, limit: Callable[[], int]) -> None:
        """Wait until both hold less items than the limit."""
        await self._main.room(limit)

    def reconsider(self) -> None:
        """Let who waits for room look again."""
        self._main.reconsider()

    def end(self, error: Exception | None = None) -> None:
        """Nothing will come any more."""
        self._main.end(error)


class Inbox(BaseInbox):
    """An inbox that threads take from."""

    def __init__(self, size: int = 1000, overflow: Overflow = "wait") -> None:
        super().__init__(size, overflow)
        self._items: SimpleQueue[Item] = SimpleQueue()

    def __len__(self) -> int:
        return self._items.qsize()

    def get(self, timeout: float | None = None) -> Item:
        """The next item; waits for it, at most `timeout` seconds."""
        if self._items.empty() and self.loop is not None and asyncio._get_running_loop() is self.loop:
            raise InvalidRequest(
                "realtime: events cannot be waited for inside a callback, which runs in the thread that brings them; "
                "do it in a thread of your own"
            )
        try:
            item = self._items.get(timeout=None if timeout is None else max(0.0, timeout))
        except Empty:
            return Mark.TIMEOUT
        return self._taken(item)

    def _append(self, item: Item) -> None:
        self._items.put(item)

    def _pop(self) -> Item | None:
        try:
            return self._items.get_nowait()
        except Empty:
            return None


class AsyncInbox(BaseInbox):
    """An inbox that tasks of the hub's event loop take from."""

    def __init__(self, size: int = 1000, overflow: Overflow = "wait") -> None:
        super().__init__(size, overflow)
        self._items: deque[Item] = deque()
        self._news: asyncio.Event | None = None

    def __len__(self) -> int:
        return len(self._items)

    def bind(self) -> None:
        """Belong to the running event loop."""
        super().bind()
        self._news = asyncio.Event()

    async def get(self, timeout: float | None = None) -> Item:
        """The next item; waits for it, at most `timeout` seconds."""
        item = self.take()
        if item is not None:
            return item
        news = self._news
        assert news is not None
        try:
            async with asyncio.timeout(timeout):
                while (item := self.take()) is None:
                    news.clear()
                    await news.wait()
        except TimeoutError:
            return Mark.TIMEOUT
        return item

    def _append(self, item: Item) -> None:
        self._items.append(item)
        news, loop = self._news, self.loop
        if news is None or loop is None:
            return
        try:
            is_here = asyncio.get_running_loop() is loop
        except RuntimeError:
            is_here = False
        if is_here:
            news.set()
        else:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(news.set)

    def _pop(self) -> Item | None:
        try:
            return self._items.popleft()
        except IndexError:
            return None
