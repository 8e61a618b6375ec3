"""A set of topics that stays subscribed, over one connection after another.

A connection is renewed before the server ends it: the new one is open and subscribed before the old one closes. The
new one is not read before the old one is done, so what comes on both waits in the new one's socket, and is left out
when its turn comes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
from collections.abc import Generator
from typing import TYPE_CHECKING

from pbmodels.client._errors import (
    ClientResponseError,
    ConnectionFailed,
    Forbidden,
    NotFound,
    RateLimited,
    RequestTimeout,
    ServerError,
)
from pbmodels.client._realtime.handover import WINDOW, Handover
from pbmodels.client._realtime.inbox import HARD_LIMIT, HARDEST_LIMIT, BaseInbox, Beside, Mark
from pbmodels.client._realtime.link import Link
from pbmodels.client._realtime.pacing import Retries, backoff
from pbmodels.client._realtime.stream import GREETING, ServerEvent
from pbmodels.client._token import owner

if TYPE_CHECKING:
    from pbmodels.client._realtime.hub import Hub

PASSING = (ConnectionFailed, RequestTimeout, ServerError, RateLimited)
"""Errors that another try may not meet."""

_TRIES = 3
"""How many connections in a row may be cut before they are subscribed, until that is an error."""

_CERTAIN_TRIES = 6
"""How many connections are opened for one renewal, until one is subscribed while nothing comes that may come again."""

_LAGGING = 30.0
"""How long an old connection that is behind is read on before it is given up; a catch-up follows."""


class Listener:
    """What wants a topic's events.

    Attributes:
        text: The topic.
        inbox: Where they go.
        is_lasting: Whether its connection is renewed, and made anew when it breaks; else the error is the end.
        channel: Whose connection they come on, None while there is none.
        is_dated: Whether no two of its events say the same, for they say when the record was changed.
        is_subscribed: Whether the server has been told, so that a break is one for it.
        clock: How far the server's clock is ahead, in seconds.
        limit: How many times its size its inbox may hold while it holds up others.
    """

    def __init__(self, text: str, inbox: BaseInbox | Beside, *, is_lasting: bool = True) -> None:
        self.text = text
        self.inbox = inbox
        self.is_lasting = is_lasting
        self.channel: Channel | None = None
        self.is_dated = False
        self.is_subscribed = False
        self.clock = 0.0
        self.limit = HARD_LIMIT
        self.ready: asyncio.Future[None] | None = None

    @property
    def client_id(self) -> str:
        """The server's name for its connection."""
        link = self.channel.link if self.channel is not None else None
        return link.client_id if link is not None else ""


class Channel:
    """Some topics on one connection at a time.

    Args:
        hub: Whom it belongs to.
        is_shared: Whether others may add topics to it.
    """

    def __init__(self, hub: Hub, *, is_shared: bool = True) -> None:
        self.topics: dict[str, list[Listener]] = {}
        self.link: Link | None = None
        self.is_shared = is_shared
        self._hub = hub
        self._handovers: list[Handover] = []
        self._retries = Retries()
        self._next_try = 0.0
        self._was_broken = False
        self._has_connected = False
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    # Who listens

    async def add(self, listener: Listener) -> None:
        """Subscribe; returns once the server has been told.

        Raises:
            ClientResponseError: The server refused, or was not reached.
        """
        listener.ready = asyncio.get_running_loop().create_future()
        self._put(listener)
        link = self.link
        if link is not None and not link.has_ended and listener.text in link.topics:
            self._settle(link)
        if self._task is None:
            self.begin()
        self._wake.set()
        await listener.ready

    def remove(self, listener: Listener) -> None:
        """Listen no more; the connection closes with the last one."""
        there = self.topics.get(listener.text, [])
        if listener in there:
            there.remove(listener)
            if not there:
                del self.topics[listener.text]
        listener.channel = None
        self._wake.set()

    async def take_over(self, listener: Listener, before: Channel) -> None:
        """Give a listener of another channel this one's connection, without a gap.

        Raises:
            ClientResponseError: The server refused, or was not reached.
        """
        with before._counting(Handover(frozenset((listener.text,)))) as handover:
            handover.is_certain = listener.is_dated
            link = await self._connected([listener.text], handover)
            listener.limit = HARDEST_LIMIT  # else what holds up the shared connection would hold up its own end
            listener.inbox.reconsider()
            try:
                mark = await before._drained(before.link, link, handover, is_mine=False)
            except BaseException:
                await link.close()
                raise
            finally:
                listener.limit = HARD_LIMIT
        if listener.channel is not before:  # it has been closed meanwhile
            await link.close()
            return
        before.remove(listener)
        self._put(listener)
        link.repeats = handover
        self.begin(link)
        listener.inbox.put(mark)

    async def close(self) -> None:
        """End it; who listens is told that nothing will come any more."""
        self._end_all(None)
        task = self._task
        if task is not None and task is not asyncio.current_task():
            task.cancel()
            await asyncio.wait((task,))

    async def ended(self) -> None:
        """Wait for its end if nobody listens any more."""
        task = self._task
        if task is not None and not self.topics and task is not asyncio.current_task():
            await asyncio.wait((task,), timeout=2.0)

    def wake(self) -> None:
        """Look at once whether something has changed: who is signed in, for instance."""
        self._wake.set()

    # The connection

    def begin(self, link: Link | None = None) -> None:
        """Connect, with a connection that is open already if there is one."""
        self._task = asyncio.create_task(self._run(link), name="pbmodels-realtime")

    async def _run(self, link: Link | None) -> None:
        try:
            try:
                await self._follow(link)
            except asyncio.CancelledError:
                self._end_all(None)
                raise
            finally:
                await self._disconnect()
        except asyncio.CancelledError:  # it may come amid the disconnecting too
            self._end_all(None)
            raise
        finally:
            self._task = None  # not before: who comes meanwhile would begin a second connection beside the next one
            self._hub.ended(self)

    async def _follow(self, link: Link | None) -> None:
        """Be connected for as long as somebody listens."""
        while self.topics:
            try:
                if link is None:
                    link = await self._connected(list(self.topics))
                link = await self._keep(link)
            except Exception as error:
                await self._after(error)
                link = None

    async def _connected(self, topics: list[str], handover: Handover | None = None) -> Link:
        tries = 1
        while (link := await self._tried(topics, handover, is_last=tries == _TRIES)) is None:
            await asyncio.sleep(backoff(tries))
            tries += 1
        self._hub.stats.connections += 1
        self._has_connected = True
        return link

    async def _tried(self, topics: list[str], handover: Handover | None, *, is_last: bool) -> Link | None:
        link = Link(self._hub.sender, self._hub.options)
        await link.open()
        if handover is not None:
            handover.begin()
        try:
            await link.subscribe(topics)
        except BaseException as error:
            await link.close()
            if isinstance(error, NotFound) and not is_last:  # it was cut already, and the server has forgotten it
                return None
            raise
        return link

    async def _keep(self, link: Link) -> Link | None:
        """Read a connection, and those that it is renewed by, until the last topic goes or one breaks."""
        self._use(link)
        self._retries.connected()
        self._settle(link, mark=Mark.BROKEN if self._was_broken else None)
        self._was_broken = False
        while self.topics:
            self._wake.clear()
            if link.error is not None:
                raise link.error
            if link.token != self._hub.sender.auth_store.token:
                link = await self._signed_in_anew(link)
            elif list(self.topics) != link.topics and time.monotonic() >= self._next_try:
                await self._submit(link)
            elif time.monotonic() >= link.due() and time.monotonic() >= self._next_try and self._is_lasting:
                link = await self._renewed(link)
            else:
                await self._sleep(link)
        return None

    async def _sleep(self, link: Link) -> None:
        until = link.due() if self._is_lasting else time.monotonic() + 3600.0
        if list(self.topics) != link.topics or until < self._next_try:
            until = self._next_try
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, until - time.monotonic())):
                await self._wake.wait()

    @property
    def _is_lasting(self) -> bool:
        return any(listener.is_lasting for listener in self._listeners())

    async def _submit(self, link: Link) -> None:
        topics = list(self.topics)
        try:
            await link.subscribe(topics)
        except (Forbidden, NotFound):
            raise  # the server has dropped the connection, or its sign-in: a new one is needed
        except ClientResponseError as error:
            self._next_try = time.monotonic() + self._retries.pause_after(error)
            if not self._fail_new(error) and not isinstance(error, PASSING):
                raise
        else:
            self._settle(link)

    async def _signed_in_anew(self, link: Link) -> Link:
        """Who is signed in has changed: a guest's connection can be theirs, and one's own be told the new token."""
        token = self._hub.sender.auth_store.token
        was_guest = not link.token
        if was_guest or (token and owner(token) == owner(link.token)):
            try:
                await link.subscribe(list(self.topics))
            except Forbidden:
                pass
            else:
                # A guest who signs in may see what was hidden; nothing tells of it but a catch-up.
                self._settle(link, mark=Mark.RENEWED if was_guest else None)
                return link
        return await self._renewed(link, is_fatal=True)

    async def _renewed(self, old: Link, *, is_fatal: bool = False) -> Link:
        """A new connection in the place of the old one, with every event on one of them."""
        tries = 1
        while True:
            with self._counting(Handover()) as handover:
                try:
                    new = await self._connected(list(self.topics), handover)
                except PASSING as error:
                    if is_fatal:
                        raise
                    self._next_try = time.monotonic() + max(0.25, self._retries.pause_after(error))
                    return old
                try:
                    if await self._is_certain(old, handover) or tries == _CERTAIN_TRIES:
                        mark = await self._drained(old, new, handover)
                        break
                except BaseException:
                    await new.close()
                    raise
            await new.close()
            await asyncio.sleep(random.uniform(0.0, 2 * WINDOW))
            tries += 1
        await old.close()
        new.repeats = handover
        self._hub.stats.renewals += 1
        self._use(new)
        self._retries.connected()
        self._settle(new, mark=mark)
        return new

    async def _is_certain(self, old: Link, handover: Handover) -> bool:
        """Whether it is known of all events that may come again, undated ones, on which connections they come."""
        undated = {text for text, those in self.topics.items() if not all(each.is_dated for each in those)}
        if undated:
            await asyncio.sleep(WINDOW)
            if not old.has_ended and (not old.is_quiet() or handover.brought(undated)):
                return False
        handover.is_certain = not old.has_ended
        return True

    @contextlib.contextmanager
    def _counting(self, handover: Handover) -> Generator[Handover]:
        """Note for another connection what this one brings."""
        self._handovers.append(handover)
        try:
            yield handover
        finally:
            self._handovers.remove(handover)

    async def _drained(self, old: Link | None, new: Link, handover: Handover, *, is_mine: bool = True) -> Mark:
        """Read the old connection on until it has brought what the server had sent when the new one began.

        It has when it is quiet, or brings what the new one begins with.

        Returns:
            Whether it came to that; where it ended before, or is far behind, something may be missing as after a break.
        """
        begun = time.monotonic()
        new.peek()
        while old is not None and not old.has_ended:
            begins = new.first_event
            waited = time.monotonic() - begun
            if waited >= self._hub.options.overlap and (old.is_quiet() or handover.includes(begins)):
                return Mark.RENEWED
            if waited > _LAGGING:
                break
            if is_mine and list(self.topics) != new.topics:
                await self._submit(new)
            await asyncio.sleep(min(0.02, self._hub.options.overlap or 0.02))
        return Mark.BROKEN

    def _use(self, link: Link) -> None:
        self.link = link
        link.read(self._deliver, self._wake.set)
        greeting = json.dumps({"clientId": link.client_id})
        for listener in self.topics.get(GREETING, ()):
            listener.inbox.put(greeting)

    async def _disconnect(self) -> None:
        link, self.link = self.link, None
        if link is not None:
            await link.close()
            self._hub.disconnected(self)

    async def _after(self, error: Exception) -> None:
        """Make ready for the next connection, or end with the error where that is of no use."""
        was_connected = self.link is not None
        await self._disconnect()
        self._fail_new(error, unless_broken=was_connected)
        dropped = (was_connected and isinstance(error, Forbidden)) or (
            self._has_connected and isinstance(error, NotFound)
        )
        if not isinstance(error, PASSING) and not dropped:
            self._end_all(error)
        for listener in [each for each in self._listeners() if not each.is_lasting]:
            self.remove(listener)
            listener.inbox.end(error)
        if self.topics:
            self._hub.stats.breaks += was_connected
            self._was_broken = self._was_broken or was_connected
            await self._rest(self._retries.pause_after(error), is_asked=isinstance(error, RateLimited))

    async def _rest(self, seconds: float, *, is_asked: bool) -> None:
        """Wait before the next try; not longer where someone new comes, for whom it is the first, unless asked to."""
        until = time.monotonic() + seconds
        while self.topics and (left := until - time.monotonic()) > 0:
            if not is_asked and self._new():
                return
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._wake.wait()

    # What comes and goes

    async def _deliver(self, link: Link, events: list[ServerEvent]) -> None:
        if link.repeats is not None and (link.repeats.is_over or link.is_past_repeats):
            link.repeats = None
        repeats = link.repeats
        stats = self._hub.stats
        stats.events += len(events)
        slow: dict[int, Listener] = {}
        for event in events:
            if repeats is not None and repeats.is_repeat(event):
                stats.repeats += 1
                continue
            for handover in self._handovers:
                handover.first(event)
            for listener in self.topics.get(event.topic, ()):
                listener.inbox.put(event.data)
                if listener.inbox.is_full:
                    slow[id(listener)] = listener
        self._retries.received()
        for listener in slow.values():
            await self._wait_for(listener)

    async def _wait_for(self, listener: Listener) -> None:
        """A full inbox holds up a connection of its own; until there is one, this one, when there is far too much."""
        inbox = listener.inbox
        if len(self.topics) == 1 and len(self.topics.get(listener.text, ())) == 1:
            await inbox.room(lambda: inbox.size)
        else:
            self._hub.separate(listener, self)
            await inbox.room(lambda: inbox.size * listener.limit)

    def _put(self, listener: Listener) -> None:
        listener.channel = self
        self.topics.setdefault(listener.text, []).append(listener)

    def _listeners(self) -> list[Listener]:
        return [listener for listeners in self.topics.values() for listener in listeners]

    def _settle(self, link: Link, *, mark: Mark | None = None) -> None:
        """Tell who listens what the server knows by now; the mark is for those who listened before."""
        for text in link.topics:
            for listener in self.topics.get(text, ()):
                listener.clock = link.clock
                if not listener.is_subscribed:
                    listener.is_subscribed = True
                elif mark is not None:
                    listener.inbox.put(mark)
                if listener.ready is not None and not listener.ready.done():
                    listener.ready.set_result(None)

    def _new(self) -> list[Listener]:
        """Those that wait for the server to be told."""
        return [each for each in self._listeners() if each.ready is not None and not each.ready.done()]

    def _fail_new(self, error: Exception, *, unless_broken: bool = False) -> bool:
        """Give the error to those that have just come; whether there were any."""
        new = self._new()
        if unless_broken:  # they have done nothing wrong: the next connection is theirs too
            return False
        for listener in new:
            self.remove(listener)
            if listener.ready is not None and not listener.ready.done():
                listener.ready.set_exception(error)
        return bool(new)

    def _end_all(self, error: Exception | None) -> None:
        for listener in self._listeners():
            self.remove(listener)
            if listener.ready is not None and not listener.ready.done():
                listener.ready.set_exception(error or ConnectionFailed("GET /api/realtime: the client was closed"))
            listener.inbox.end(error)

    def fail(self, error: Exception) -> None:
        """End with an error that concerns all who listen."""
        self._end_all(error)
