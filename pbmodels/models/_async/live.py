"""`Post.where(...).live()`: a list that keeps in step with the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pbmodels.client._realtime.plan import Event
from pbmodels.client._turn import AsyncTurn
from pbmodels.models._async.watch import AsyncWatch
from pbmodels.models._events import WatchOptions
from pbmodels.models._live import live_list
from pbmodels.models._query import Query

if TYPE_CHECKING:
    from pbmodels.client._realtime.live_list import LiveList
    from pbmodels.models._collection import Collection

M = TypeVar("M", bound="Collection")


class AsyncLive(AsyncWatch[M]):
    """A list of records that keeps in step with the server: a context manager, and an iterator of what changes in it.

    Its changes are `create`, `update` and `delete`; `enter` and `leave` where a record begins or ceases to match the
    conditions, or comes into or falls out of the first so many of a limit. Taking one brings the list up to it.
    The list is subscribed before it is first read, and read anew after a break, so it misses nothing.

    Example:
        >>> async with Post.aio.where(Post.status == True).order_by(-Post.created).live() as posts:
        ...     post = await Post(title="News", status=True).aio.save()
        ...     async for change in posts:
        ...         print(change.action, [post.title for post in await posts.snapshot()])
        ...         break
        create ['News']
    """

    def __init__(self, query: Query[M], options: WatchOptions, check: float | None) -> None:
        self._list: LiveList[M] = live_list(query, check)
        super().__init__(query._model, self._list.topic, options)
        self._turn = AsyncTurn()

    async def wait(self, timeout: float | None = None) -> Event[M] | None:
        """The next change, None when none comes in time or the query is closed.

        Args:
            timeout: Seconds to wait, None for ever.

        Raises:
            ClientResponseError: The server refused, or was not reached when the query began.
            InvalidRequest: It began in the process that this one was forked from.
        """
        self._check_process()  # before the turn, which a thread that is not here may have
        await self._turn.take()
        try:
            return await super().wait(timeout)
        finally:
            self._turn.give_back()

    async def snapshot(self) -> list[M]:
        """The list as it is now, in its order; it waits for nothing, and does not fail while the server is away.

        It may be ahead of the changes that iteration gives. If nobody takes those, they are replaced by one change
        `overflow` once there are more than the buffer holds.

        Raises:
            ClientResponseError: The server refused, or was not reached when the query began.
            InvalidRequest: It began in the process that this one was forked from.
        """
        self._check_process()
        feed = await self._opened()
        if feed is not None and await self._turn.take_now():  # else someone waits for changes, and takes each at once
            try:
                await feed.advance()
                ready = self._list.ready
                if len(ready) > self._options.buffer:
                    ready.clear()
                    overflow: Event[M] = Event("overflow", None)  # type: ignore[arg-type]
                    ready.append(overflow)
            finally:
                self._turn.give_back()
        return self._list.records

    def _plan(self, overlap: float) -> LiveList[M]:
        return self._list
