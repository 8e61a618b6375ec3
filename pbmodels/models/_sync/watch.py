# Generated from pbmodels/models/_async/watch.py by .ci/unasync.py: edit that file and run `make generate`.
"""`Post.watch()`: changes of records, as they happen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Self, TypeVar

from pbmodels.client._realtime.catchup import Catchup
from pbmodels.client._realtime.plan import Event, Plan
from pbmodels.client._realtime.topics import Topic
from pbmodels.client._sync.feed import Feed
from pbmodels.client._turn import Turn
from pbmodels.models._context import sync_client
from pbmodels.models._events import ModelReader, UnrecoverableWarning, WatchOptions, warn_blind

if TYPE_CHECKING:
    from pbmodels.models._collection import Collection

M = TypeVar("M", bound="Collection")


class Watch(Generic[M]):
    """A context manager and an iterator of `Event(action, record, recovered)`.

    Inside the `async with` block no change is missed from its first line on; plain iteration subscribes when it
    starts. All watches of a client share one connection, which is renewed and made anew by itself.

    Example:
        >>> with Post.watch(Post.status == True) as events:
        ...     post = Post(title="News", status=True).save()
        ...     for event in events:
        ...         print(event.action, event.record.title)
        ...         break
        create News
    """

    def __init__(self, model: type[M], topic: Topic, options: WatchOptions) -> None:
        self._model = model
        self._topic = topic
        self._options = options
        self._feed: Feed[M] | None = None
        self._opening = Turn()
        self._is_closed = False

    def wait(self, timeout: float | None = None) -> Event[M] | None:
        """The next event, None when none comes in time or the watch is closed.

        Args:
            timeout: Seconds to wait, None for ever.

        Raises:
            ClientResponseError: The server refused, or was not reached when the watch began.
            InvalidRequest: It began in the process that this one was forked from.
        """
        self._check_process()
        feed = self._opened()
        return feed.next(timeout) if feed is not None else None

    @property
    def recovered(self) -> int:
        """How many events catch-ups have given so far."""
        return 0 if self._feed is None else self._feed.plan.recovered

    def close(self) -> None:
        """End the watch; iteration stops, also when it waits in another thread."""
        self._is_closed = True
        if self._feed is not None:
            self._feed.close()

    def _check_process(self) -> None:
        if self._feed is not None:
            self._feed.check_process()

    def _opened(self) -> Feed[M] | None:
        if self._feed is None and not self._is_closed:
            self._opening.take()  # of two that both come first, one opens it
            try:
                return self._open()
            finally:
                self._opening.give_back()
        return self._feed

    def _open(self) -> Feed[M] | None:
        feed = self._feed
        if feed is None and not self._is_closed:
            client, options = sync_client(self._model), self._options
            portal = client.realtime._portal
            plan = self._plan(portal.options.recovery_overlap)
            feed = Feed(client, portal, plan, options.buffer, options.overflow)
            feed.open()
            self._feed = feed
            if plan.is_blind:
                try:
                    warn_blind(self._model, options.recover)
                except UnrecoverableWarning:  # warnings may be errors
                    feed.close()
                    raise
            if self._is_closed:  # from elsewhere, while this waited
                feed.close()
        return feed

    def _plan(self, overlap: float) -> Plan[M]:
        return Catchup(self._topic, ModelReader(self._model, self._topic), self._options.recover, overlap)

    def __next__(self) -> Event[M]:
        event = self.wait(self._options.timeout)
        if event is None:
            raise StopIteration
        return event

    def __iter__(self) -> Self:
        return self

    def __enter__(self) -> Self:
        self._opened()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
