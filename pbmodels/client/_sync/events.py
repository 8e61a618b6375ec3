# Generated from pbmodels/client/_async/events.py by .ci/unasync.py: edit that file and run `make generate`.
"""A stream of realtime events that connects again by itself.

This is the place where a connection is opened, lost and replaced: whoever wants no gap builds on it here.
"""

from __future__ import annotations

import contextlib
import socket
from collections import deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Self

import httpx

from pbmodels._filter_text import GrammarNeeded
from pbmodels.client._errors import ConnectionFailed, RequestTimeout, ServerError, error_from_exception
from pbmodels.client._pause import Pause
from pbmodels.client._realtime import (
    READ_TIMEOUT,
    EventDecoder,
    ServerEvent,
    Topic,
    backoff,
    connect_call,
    subscribe_call,
)

if TYPE_CHECKING:
    from pbmodels.client._sync.base import BaseClient


class EventStream:
    """The events of some topics, over a connection of their own.

    It is subscribed once `open` returns or the `async with` block begins; iterating opens it too. A connection
    that breaks later is made anew, with growing pauses. `connections` counts how many there were.

    Args:
        client: The client to connect with.
        topics: What to listen to.
    """

    def __init__(self, client: BaseClient, topics: Sequence[Topic]) -> None:
        self._client = client
        self._topics = tuple(topics)
        self._ready: deque[ServerEvent] = deque()
        self._decoder = EventDecoder()
        self._response: httpx.Response | None = None
        self._chunks: Iterator[bytes] | None = None
        self._pause = Pause()
        self._closed = False
        self.connections = 0

    def open(self) -> None:
        """Connect and subscribe.

        Raises:
            ClientResponseError: The server refused, or was not reached.
        """
        names = [self._topic_text(topic) for topic in self._topics]
        self._decoder = EventDecoder()
        self._response = self._client.open_stream(connect_call(), READ_TIMEOUT)
        self._chunks = self._response.iter_raw()
        try:
            while not self._ready or self._ready[-1].topic != "PB_CONNECT":
                self._ready.extend(self._decoder.feed(self._chunk()))
            greeting = self._ready.pop()
            self._client.execute(subscribe_call(greeting.id, names))
        except BaseException:
            self._drop()
            raise
        self.connections += 1

    def __next__(self) -> ServerEvent:
        attempt = 0
        while not self._closed:
            if self._ready:
                return self._ready.popleft()
            try:
                if self._response is None:
                    self.open()
                    attempt = 0
                self._ready.extend(self._decoder.feed(self._chunk()))
            except (ConnectionFailed, RequestTimeout, ServerError):
                self._drop()
                if self._closed:
                    break
                if not self.connections:
                    raise
                attempt += 1
                if attempt > 1:  # the first try comes at once: the server ends long connections regularly
                    self._pause.wait(backoff(attempt - 1))
        raise StopIteration

    def close(self) -> None:
        """End the stream; iteration stops, also when it waits in another thread."""
        self._closed = True
        self._pause.end()
        self._drop()

    def _topic_text(self, topic: Topic) -> str:
        grammar = self._client._state.grammar
        try:
            return topic.text(grammar)
        except GrammarNeeded:
            return topic.text(self._client.learn_grammar(topic.records_path))

    def _chunk(self) -> bytes:
        assert self._chunks is not None
        try:
            return next(self._chunks)
        except StopIteration:
            raise ConnectionFailed("GET /api/realtime: the server ended the stream") from None
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise error_from_exception("GET", httpx.URL(f"{self._client.url}/api/realtime"), error) from error

    def _drop(self) -> None:
        response, self._response = self._response, None
        self._chunks = None
        if response is None:
            return
        stream = response.extensions.get("network_stream")
        connection = stream.get_extra_info("socket") if stream is not None else None
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)  # wakes a thread that waits for the next event
        with contextlib.suppress(httpx.HTTPError, httpx.StreamError, RuntimeError, OSError):
            response.close()

    def __iter__(self) -> Self:
        return self

    def __enter__(self) -> Self:
        if self._response is None:
            self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
