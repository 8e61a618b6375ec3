"""A stream of realtime events that connects again by itself.

This is the place where a connection is opened, lost and replaced: whoever wants no gap builds on it here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

import httpx

from pbmodels._filter_text import GrammarNeeded
from pbmodels.client._chunks import AsyncChunks
from pbmodels.client._errors import ConnectionFailed, RateLimited, RequestTimeout, ServerError, error_from_exception
from pbmodels.client._pause import AsyncPause
from pbmodels.client._realtime import (
    GREETING,
    READ_TIMEOUT,
    EventDecoder,
    Retries,
    ServerEvent,
    Topic,
    check_stream,
    connect_call,
    subscribe_call,
)

if TYPE_CHECKING:
    from pbmodels.client._async.base import AsyncBaseClient


class AsyncEventStream:
    """The events of some topics, over a connection of their own.

    It is subscribed once `open` returns or the `async with` block begins; iterating opens it too. A connection
    that breaks later is made anew, with growing pauses. `connections` counts how many there were; `client_id` is
    the server's name for the last. Closing the client ends it.

    Args:
        client: The client to connect with.
        topics: What to listen to; text is a topic as it is.
        reconnects: Whether to connect again; without, the error of a broken connection is raised.
    """

    def __init__(self, client: AsyncBaseClient, topics: Sequence[Topic | str], *, reconnects: bool = True) -> None:
        self._client = client
        self._topics = tuple(topics)
        self._ready: deque[ServerEvent] = deque()
        self._decoder = EventDecoder()
        self._chunks: AsyncChunks | None = None
        self._pause = AsyncPause()
        self._retries = Retries()
        self._closed = False
        self._reconnects = reconnects
        self.connections = 0
        self.client_id = ""
        client._streams.add(self)

    @property
    def is_here(self) -> bool:
        """Whether its connection, if there is one, belongs to the running event loop and process."""
        return self._chunks is None or self._chunks.is_here

    async def open(self) -> None:
        """Connect and subscribe, anew when it was already.

        Raises:
            ClientResponseError: The server refused, or was not reached.
            InvalidRequest: A topic cannot be one.
        """
        names = [await self._topic_text(topic) for topic in self._topics]
        await self._drop()
        self._decoder = EventDecoder()
        self._chunks = AsyncChunks(await self._client.open_stream(connect_call(), READ_TIMEOUT))
        try:
            check_stream(self._chunks.response)
            greeting = None
            while greeting is None:
                await self._receive()
                greeting = next((event for event in self._ready if event.topic == GREETING), None)
            self._ready.remove(greeting)
            self.client_id = greeting.id
            await self._client.execute(subscribe_call(greeting.id, names))
        except BaseException:
            await self._drop()
            raise
        if self._closed:  # from elsewhere, while this waited
            await self._drop()
        self.connections += 1
        self._retries.connected()

    async def __anext__(self) -> ServerEvent:
        while not self._closed:
            if self._ready:
                self._retries.received()
                return self._ready.popleft()
            try:
                if self._chunks is None:
                    await self.open()
                else:
                    await self._receive()
            except (ConnectionFailed, RequestTimeout, ServerError, RateLimited) as error:
                await self._drop()
                if self._closed:
                    break
                if not self.connections or not self._reconnects:
                    raise
                await self._pause.wait(self._retries.pause_after(error))
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """End the stream; iteration stops, also when it waits in another thread or task."""
        self._closed = True
        self._pause.end()
        await self._drop()

    async def _topic_text(self, topic: Topic | str) -> str:
        if isinstance(topic, str):
            return topic
        grammar = self._client._state.grammar
        try:
            return topic.text(grammar)
        except GrammarNeeded:
            return topic.text(await self._client.learn_grammar(topic.records_path))

    async def _receive(self) -> None:
        """Wait for the next piece of the stream, and queue the events that are complete with it."""
        chunks = self._chunks
        piece = None
        failure: Exception | None = None
        if chunks is not None:
            try:
                piece = await chunks.next()
            except Exception as error:
                url = httpx.URL(f"{self._client.url}/api/realtime")
                failure = error_from_exception("GET", url, error, foreign=True)
                if failure is None and not self._closed:
                    raise
        if piece is None:
            raise failure or ConnectionFailed("GET /api/realtime: the server ended the stream")
        self._ready.extend(self._decoder.feed(piece))

    async def _drop(self) -> None:
        chunks, self._chunks = self._chunks, None
        if chunks is not None:
            await chunks.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __aenter__(self) -> Self:
        if self._chunks is None:
            await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
