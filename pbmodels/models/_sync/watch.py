# Generated from pbmodels/models/_async/watch.py by .ci/unasync.py: edit that file and run `make generate`.
"""`Post.watch()`: changes of records, as they happen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Self, TypeVar

from pbmodels.client._realtime import Topic
from pbmodels.client._sync.events import EventStream
from pbmodels.models._context import sync_client
from pbmodels.models._events import Event
from pbmodels.models._loading import loader_of

if TYPE_CHECKING:
    from pbmodels.models._collection import Collection

M = TypeVar("M", bound="Collection")


class Watch(Generic[M]):
    """A context manager and an iterator of `Event(action, record)`.

    Inside the `async with` block no change is missed from its first line on; plain iteration subscribes when it
    starts. A connection that breaks is made anew, with growing pauses.

    Example:
        >>> with Post.watch(Post.status == True) as events:
        ...     post = Post(title="News", status=True).save()
        ...     for event in events:
        ...         print(event.action, event.record.title)
        ...         break
        create News
    """

    def __init__(self, model: type[M], topic: Topic) -> None:
        self._model = model
        self._topic = topic
        self._stream: EventStream | None = None
        self._closed = False

    def __next__(self) -> Event[M]:
        if self._closed:
            raise StopIteration
        if self._stream is None:
            self.__enter__()
        assert self._stream is not None
        event = next(self._stream)
        loader = loader_of(self._model, tuple(self._topic.expand or ()))
        return Event(*loader.event(event.data))

    def close(self) -> None:
        """End the watch; iteration stops, also when it waits in another thread."""
        self._closed = True
        if self._stream is not None:
            self._stream.close()

    def __iter__(self) -> Self:
        return self

    def __enter__(self) -> Self:
        if self._stream is None:
            self._stream = EventStream(sync_client(self._model), [self._topic])
            self._stream.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
