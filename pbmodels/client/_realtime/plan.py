"""What a feed follows: its topics, what it asks the server at the beginning and after a break, what events mean.

A flow is a generator that yields the requests it needs and is sent their answers; what it finds is put into `ready`.
Sync and async code drive the same flows.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Literal, Protocol, TypeVar

from dateutil.parser import isoparse

from pbmodels.client._realtime.topics import Topic
from pbmodels.client._record_calls import list_call
from pbmodels.client._request import Call

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

Recover = Literal["changes", "full"] | None
"""What to bring back after a break: what was created or updated; deletions too; nothing."""

Flow = Generator[Call, bytes, None]

PAGE = 1000
"""Records that are asked for at a time."""


@dataclass(frozen=True)
class Event(Generic[R_co]):
    """One change of one record.

    Attributes:
        action: `create`, `update` or `delete`; `overflow` where a watch was asked to tell of one.
        record: The record after the change; a deleted one as it last was, and with its id alone if a catch-up found
            that it is gone; None with `overflow`.
        recovered: Whether a catch-up found it after a break: what lay between is not known.
    """

    action: str
    record: R_co
    recovered: bool = False


class Reader(Protocol[R]):
    """How a kind of record is read; `updated` names the field that is its version, None if there is none."""

    updated: str | None

    def event(self, data: str) -> tuple[str, R]:
        """Action and record of an event."""
        ...

    def page(self, body: bytes) -> Sequence[R]:
        """The records of a list's answer."""
        ...

    def one(self, body: bytes) -> R:
        """The record of an answer that is one."""
        ...

    def gone(self, record_id: str) -> R:
        """A record of which nothing but the id is known."""
        ...

    def id(self, record: R) -> str:
        """A record's id."""
        ...

    def version(self, record: R) -> Any:
        """When it was changed last, None if it does not say."""
        ...

    def created(self, record: R) -> Any:
        """When it was made, in the same form, None if it does not say."""
        ...

    def same(self, one: R, other: R) -> bool:
        """Whether two states of a record are one."""
        ...


class Plan(Generic[R]):
    """What one feed follows.

    Attributes:
        topic: What it listens to.
        companion: What it listens to besides, None for nothing.
        ready: What to deliver.
        recovered: How many events catch-ups have found.
        superseded: How many events were left out because a newer state had been delivered.
    """

    companion: Topic | None = None

    def __init__(self, topic: Topic, reader: Reader[R]) -> None:
        self.topic = topic
        self.ready: deque[Event[R]] = deque()
        self.recovered = 0
        self.superseded = 0
        self._reader = reader

    @property
    def is_blind(self) -> bool:
        """Whether there is nothing to find changes by."""
        return False

    def begin(self, now: datetime) -> Flow:
        """What to ask once it is subscribed.

        Args:
            now: The server's time.

        Raises:
            ClientResponseError: The topic is refused: `NotFound`, `Forbidden`, `BadRequest` for its filter.
        """
        raise NotImplementedError

    def live(self, data: str) -> Event[R] | None:
        """What to deliver of an event that the connection brought; None for nothing, or what is `ready` then."""
        raise NotImplementedError

    def beside(self, data: str) -> None:
        """Take an event of the companion."""
        raise NotImplementedError

    def after(self, *, lost: bool) -> Flow:
        """Bring back what may have been missed.

        Args:
            lost: Whether the connection broke; else it was only renewed, and there is nothing to find but what
                the old one swallowed.
        """
        raise NotImplementedError

    def patience(self) -> float | None:
        """Seconds until `settle` is to be run, None for never."""
        return None

    def settle(self) -> Flow:
        """Ask for what the events leave open."""
        raise NotImplementedError

    def _deliver(self, action: str, record: R, *, recovered: bool = True) -> None:
        self.recovered += recovered
        self.ready.append(Event(action, record, recovered))

    def _list(self, condition: Any, *, per_page: int = PAGE, page: int = 1, **options: Any) -> Call:
        topic = self.topic
        return list_call(
            topic.records_path,
            page=page,
            per_page=per_page,
            filter=condition,
            skip_total=True,
            query=topic.query,
            headers=topic.headers,
            **options,
        )

    def _deleted_of(self, ids: Sequence[str]) -> Generator[Call, bytes, set[str]]:
        """Which of these records are there no more, whatever they meet."""
        deleted = set(ids)
        for some in chunks(ids, 60):  # of 15 characters: far below the 3500 that a filter may have
            body = yield self._list(any_of(some), fields="id")
            deleted.difference_update(self._reader.id(record) for record in self._reader.page(body))
        return deleted


def moment_of(version: Any) -> datetime:
    """A version, text or not, as a moment."""
    moment: datetime = isoparse(version) if isinstance(version, str) else version
    return moment


def chunks(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """So many ids at a time."""
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


def any_of(ids: Sequence[str]) -> str:
    """The filter for these records."""
    return " || ".join(f'id = "{record_id}"' for record_id in ids)
