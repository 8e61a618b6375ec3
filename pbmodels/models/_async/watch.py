"""`Post.watch()`: changes of records, as they happen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Self, TypeVar

from pbmodels.client._async.events import AsyncEventStream
from pbmodels.client._realtime import Topic
from pbmodels.models._context import async_client
from pbmodels.models._events import Event
from pbmodels.models._loading import loader_of

if TYPE_CHECKING:
    from pbmodels.models._collection import Collection

M = TypeVar("M", bound="Collection")


class AsyncWatch(Generic[M]):
    """A context manager and an iterator of `Event(action, record)`.

    Inside the `async with` block no change is missed from its first line on; plain iteration subscribes when it
    starts. A connection that breaks is made anew, with growing pauses.

    Example:
        >>> async with Post.aio.watch(Post.status == True) as events:
        ...     post = await Post(title="News", status=True).aio.save()
        ...     async for event in events:
        ...         print(event.action, event.record.title)
        ...         break
        create News
    """

    def __init__(self, model: type[M], topic: Topic) -> None:
        self._model = model
        self._topic = topic
        self._stream: AsyncEventStream | None = None
        self._closed = False

    async def __anext__(self) -> Event[M]:
        if self._closed:
            raise StopAsyncIteration
        if self._stream is None:
            await self.__aenter__()
        assert self._stream is not None
        event = await anext(self._stream)
        loader = loader_of(self._model, tuple(self._topic.expand or ()))
        return Event(*loader.event(event.data))

    async def aclose(self) -> None:
        """End the watch; iteration stops, also when it waits in another thread."""
        self._closed = True
        if self._stream is not None:
            await self._stream.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __aenter__(self) -> Self:
        if self._stream is None:
            self._stream = AsyncEventStream(async_client(self._model), [self._topic])
            await self._stream.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
