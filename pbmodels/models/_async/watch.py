"""`Post.watch()`: changes of records, as they happen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Self, TypeVar

from pbmodels.client._async.feed import AsyncFeed
from pbmodels.client._realtime.catchup import Catchup
from pbmodels.client._realtime.plan import Event, Plan
from pbmodels.client._realtime.topics import Topic
from pbmodels.client._turn import AsyncTurn
from pbmodels.models._context import async_client
from pbmodels.models._events import ModelReader, UnrecoverableWarning, WatchOptions, warn_blind

if TYPE_CHECKING:
    from pbmodels.models._collection import Collection

M = TypeVar("M", bound="Collection")


class AsyncWatch(Generic[M]):
    """A context manager and an iterator of `Event(action, record, recovered)`.

    Inside the `async with` block no change is missed from its first line on; plain iteration subscribes when it
    starts. All watches of a client share one connection, which is renewed and made anew by itself.

    Example:
        >>> async with Post.aio.watch(Post.status == True) as events:
        ...     post = await Post(title="News", status=True).aio.save()
        ...     async for event in events:
        ...         print(event.action, event.record.title)
        ...         break
        create News
    """

    def __init__(self, model: type[M], topic: Topic, options: WatchOptions) -> None:
        self._model = model
        self._topic = topic
        self._options = options
        self._feed: AsyncFeed[M] | None = None
        self._opening = AsyncTurn()
        self._is_closed = False

    async def wait(self, timeout: float | None = None) -> Event[M] | None:
        """The next event, None when none comes in time or the watch is closed.

        Args:
            timeout: Seconds to wait, None for ever.

        Raises:
            ClientResponseError: The server refused, or was not reached when the watch began.
            InvalidRequest: It began in the process that this one was forked from.
        """
        self._check_process()
        feed = await self._opened()
        return await feed.next(timeout) if feed is not None else None

    @property
    def recovered(self) -> int:
        """How many events catch-ups have given so far."""
        return 0 if self._feed is None else self._feed.plan.recovered

    async def aclose(self) -> None:
        """End the watch; iteration stops, also when it waits in another thread."""
        self._is_closed = True
        if self._feed is not None:
            await self._feed.aclose()

    def _check_process(self) -> None:
        if self._feed is not None:
            self._feed.check_process()

    async def _opened(self) -> AsyncFeed[M] | None:
        if self._feed is None and not self._is_closed:
            await self._opening.take()  # of two that both come first, one opens it
            try:
                return await self._open()
            finally:
                self._opening.give_back()
        return self._feed

    async def _open(self) -> AsyncFeed[M] | None:
        feed = self._feed
        if feed is None and not self._is_closed:
            client, options = async_client(self._model), self._options
            portal = client.realtime._portal
            plan = self._plan(portal.options.recovery_overlap)
            feed = AsyncFeed(client, portal, plan, options.buffer, options.overflow)
            await feed.open()
            self._feed = feed
            if plan.is_blind:
                try:
                    warn_blind(self._model, options.recover)
                except UnrecoverableWarning:  # warnings may be errors
                    await feed.aclose()
                    raise
            if self._is_closed:  # from elsewhere, while this waited
                await feed.aclose()
        return feed

    def _plan(self, overlap: float) -> Plan[M]:
        return Catchup(self._topic, ModelReader(self._model, self._topic), self._options.recover, overlap)

    async def __anext__(self) -> Event[M]:
        event = await self.wait(self._options.timeout)
        if event is None:
            raise StopAsyncIteration
        return event

    def __aiter__(self) -> Self:
        return self

    async def __aenter__(self) -> Self:
        await self._opened()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
