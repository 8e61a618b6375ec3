"""A callback that is called with the events of a topic, in the hub's event loop."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from pydantic_core import from_json

from pbmodels._errors import PocketBaseError
from pbmodels.client._async.feed import AsyncFeed
from pbmodels.client._realtime.catchup import Catchup
from pbmodels.client._realtime.channel import Listener
from pbmodels.client._realtime.hub import Hub, survived
from pbmodels.client._realtime.inbox import AsyncInbox, Mark
from pbmodels.client._realtime.plan import Event
from pbmodels.client._realtime.topics import Topic
from pbmodels.client._record import Record

log = logging.getLogger("pbmodels")

Callback = Callable[[Any], object]
Unsubscribe = Callable[[], None]
AsyncUnsubscribe = Callable[[], Awaitable[None]]


class RecordReader:
    """Reads records as dicts; `updated` is where PocketBase's own templates keep it."""

    updated: str | None = "updated"

    def event(self, data: str) -> tuple[str, Record]:
        """Action and record of an event."""
        found = from_json(data)
        return found["action"], Record(found["record"])

    def page(self, body: bytes) -> Sequence[Record]:
        """The records of a list's answer."""
        return [Record(item) for item in from_json(body)["items"]]

    def one(self, body: bytes) -> Record:
        """The record of an answer that is one."""
        return Record(from_json(body))

    def gone(self, record_id: str) -> Record:
        """A record of which nothing but the id is known."""
        return Record(id=record_id)

    def id(self, record: Record) -> str:
        """A record's id."""
        return record.id

    def version(self, record: Record) -> Any:
        """When it was changed last; of no use without knowing which record it is."""
        return (record.get("updated") or None) if record.id else None

    def created(self, record: Record) -> Any:
        """When it was made."""
        return record.get("created") or None

    def same(self, one: Record, other: Record) -> bool:
        """Whether two states of a record are one."""
        return dict.__eq__(one, other)


class Subscription:
    """One callback for one topic.

    Attributes:
        key: The topic, options included.
        callback: What is called.
    """

    def __init__(self, key: str, callback: Callback) -> None:
        self.key = key
        self.callback = callback
        self._context = contextvars.copy_context()
        self._task: asyncio.Task[None] | None = None
        self._end: Callable[[], object] = lambda: None

    async def begin(self, hub: Hub, topic: Topic | None) -> None:
        """Subscribe.

        Args:
            hub: In whose event loop to call back.
            topic: The records that the topic is about; None for what is no collection's, of which nothing is known.

        Raises:
            ClientResponseError: The server refused, or was not reached.
        """
        if topic is None:
            inbox = AsyncInbox()
            listener = Listener(self.key, inbox)
            await hub.add(listener)

            def end() -> None:
                inbox.close()
                hub.remove(listener)

            self._end = end
            job: Callable[[], Awaitable[None]] = partial(self._plain, inbox)
        else:
            catchup = Catchup(topic, RecordReader(), "changes", hub.options.recovery_overlap)
            feed = AsyncFeed(hub.sender, _Here(hub), catchup)
            await feed.open()
            if catchup.is_blind:
                log.warning(
                    "realtime: collection %s has no field `updated`, so what is created or changed while the "
                    "connection is broken is not found",
                    topic.collection,
                )
            self._end = feed.drop
            job = partial(self._records, feed)
        hub.subscriptions.append(self)
        self._task = hub.start(self._run(hub, job))

    def end(self, hub: Hub) -> None:
        """Call back no more."""
        if self in hub.subscriptions:
            self._end()
            hub.forget(self)
            task = self._task
            if task is not None and task is not _current_task():
                task.cancel()

    async def _run(self, hub: Hub, job: Callable[[], Awaitable[None]]) -> None:
        try:
            await job()
        except PocketBaseError as error:
            log.error("realtime: the subscription to %s has ended: %s", self.key, error)
        finally:
            self.end(hub)

    async def _plain(self, inbox: AsyncInbox) -> None:
        while (item := await inbox.get()) is not Mark.ENDED:
            if isinstance(item, str):
                try:
                    data = from_json(item)
                except ValueError:
                    data = {}
                await self._call(data)
        if inbox.error is not None:
            raise inbox.error

    async def _records(self, feed: AsyncFeed[Record]) -> None:
        while (event := await feed.next()) is not None:
            await self._call(event)

    async def _call(self, what: Any | Event[Record]) -> None:
        try:
            result = self._context.run(self.callback, what)
            if inspect.isawaitable(result):
                await result
        except survived():
            log.exception("realtime: the callback for %s failed; the subscription goes on", self.key)


class _Here:
    """The way to a hub from its own event loop."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def run(self, job: Callable[[Hub], Any]) -> Any:
        """Do something with the hub."""
        return await job(self._hub)

    def discard(self, listener: Listener) -> None:
        """Listen no more."""
        self._hub.remove(listener)

    async def leave(self, listener: Listener) -> None:
        """Listen no more."""
        self._hub.remove(listener)


def _current_task() -> asyncio.Task[Any] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None
