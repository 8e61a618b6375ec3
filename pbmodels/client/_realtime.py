"""The realtime protocol: topics, server-sent events, how long to wait before connecting again. No I/O.

Source: PocketBase documentation, "Web APIs reference: API Realtime".
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

import httpx
from sseclient import SSEClient

from pbmodels._filter_text import Grammar
from pbmodels.client._errors import ClientResponseError, InvalidRequest, RateLimited
from pbmodels.client._record_calls import Paths, records_path
from pbmodels.client._request import Call, FilterLike, Query, list_query, query_value

GREETING = "PB_CONNECT"
"""The first event of a stream; its id is the stream's."""

MAX_TOPIC = 2500
"""Characters of a topic that the server accepts."""

READ_TIMEOUT = 330.0
"""Seconds of silence after which the connection counts as broken: the server closes idle ones after 300."""


@dataclass(frozen=True)
class Topic:
    """What to listen to: all records of a collection, or one.

    Attributes:
        collection: The collection's name or id.
        record_id: One record's id, None for all.
        filter: Only records that match.
        expand: Relations to bring along.
        fields: Fields to give, all by default.
        query: More query parameters, which API rules can see.
    """

    collection: str
    record_id: str | None = None
    filter: FilterLike | None = None
    expand: Paths | None = None
    fields: Paths | None = None
    query: Query | None = None

    @property
    def records_path(self) -> str:
        """The path of the collection's records, where the server's grammar can be asked for."""
        return records_path(self.collection)

    def text(self, grammar: Grammar | None) -> str:
        """The topic as it is subscribed to; `GrammarNeeded` when that depends on a grammar not given.

        Raises:
            InvalidRequest: It is longer than the server accepts, or the id cannot be one.
        """
        if self.record_id is not None and (not self.record_id or "/" in self.record_id or "?" in self.record_id):
            raise InvalidRequest(f"{self.record_id!r} is no record id to watch")
        name = f"{self.collection}/{self.record_id or '*'}"
        condition = self.filter.render(grammar) if not isinstance(self.filter, str | None) else self.filter
        query = list_query(filter=condition, expand=self.expand, fields=self.fields, query=self.query)
        if query:
            values = {key: query_value(value) for key, value in query.items() if value is not None}
            name += "?options=" + quote(json.dumps({"query": values}, ensure_ascii=False), safe="")
        if len(name) > MAX_TOPIC:
            raise InvalidRequest(
                f"watching {self.collection!r} with these conditions takes a topic of {len(name)} characters, "
                f"and PocketBase accepts {MAX_TOPIC}; use fewer conditions and test the rest in Python"
            )
        return name


@dataclass(frozen=True)
class ServerEvent:
    """One server-sent event: the topic it came on, its data as JSON text, its id."""

    topic: str
    data: str
    id: str


class EventDecoder:
    """Cuts the stream into events, whatever pieces it arrives in; sseclient-py reads each."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> Iterator[ServerEvent]:
        """The events that are complete with this piece."""
        complete, separator, self._rest = (self._rest + chunk).rpartition(b"\n\n")
        if separator:
            for event in SSEClient(iter([complete + separator])).events():
                yield ServerEvent(event.event, event.data, event.id or "")


def connect_call() -> Call:
    """The request that opens the stream."""
    return Call("GET", "/api/realtime", headers={"Accept": "text/event-stream", "Cache-Control": "no-store"})


def subscribe_call(client_id: str, topics: list[str]) -> Call:
    """The request that replaces the topics of a stream."""
    return Call("POST", "/api/realtime", json={"clientId": client_id, "subscriptions": topics})


def check_stream(response: httpx.Response) -> None:
    """Refuse an answer that is no event stream.

    Raises:
        ClientResponseError: It is something else, so the url is hardly a PocketBase server's.
    """
    kind = response.headers.get("content-type", "")
    if not kind.startswith("text/event-stream"):
        raise ClientResponseError(
            f"GET /api/realtime gave no event stream but {kind or 'an untyped answer'!r}; "
            "check that the url is a PocketBase server's",
            url=str(response.url),
            status=response.status_code,
        )


def backoff(attempt: int) -> float:
    """Seconds to wait before the connection is tried again: 0.25 to 20, doubling, with jitter.

    Args:
        attempt: How many tries have failed in a row, from 1.
    """
    return float(min(20.0, 0.25 * 2 ** min(attempt - 1, 10)) * random.uniform(0.6, 1.0))


class Retries:
    """How long to wait after each broken connection.

    The first try comes at once, for the server ends long connections regularly. A connection counts as good
    again after an event or some seconds: a server that takes connections only to end them is not rushed at.
    """

    GOOD_AFTER = 5.0

    def __init__(self) -> None:
        self._failures = 0
        self._since: float | None = None

    def connected(self) -> None:
        """A connection was subscribed."""
        self._since = time.monotonic()

    def received(self) -> None:
        """An event arrived."""
        self._failures = 0

    def pause_after(self, error: Exception) -> float:
        """Seconds to wait after a connection that broke, or could not be made, with this error."""
        since, self._since = self._since, None
        if since is not None and time.monotonic() - since >= self.GOOD_AFTER:
            self._failures = 0
        self._failures += 1
        pause = backoff(self._failures - 1) if self._failures > 1 else 0.0
        if isinstance(error, RateLimited):
            pause = max(pause, 1.0 if error.retry_after is None else error.retry_after)
        return pause
