"""What a feed follows: its topics, what it asks the server at the beginning and after a break, what events mean.

A flow is a generator that yields the requests it needs and is sent their answers; what it finds is put into `ready`.
Sync and async code drive the same flows.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, islice
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

GRACE = 0.05
"""Seconds for what would settle a doubt to come by itself, before the server is asked."""

LONG_GRACE = 1.0
"""Seconds before the server is asked only to be on the safe side: what is in doubt meanwhile is asked for together."""

AT_ONCE = 30
"""Ids of 15 characters beside a filter that fits into a topic: below the 3500 that a filter may have."""

_AT_THE_SAME_TIME = timedelta(seconds=0.1)


@dataclass(frozen=True)
class Event(Generic[R_co]):
    """One change of one record.

    Attributes:
        action: `create`, `update` or `delete`; `overflow` where a watch was asked to tell of one.
        record: The record after the change; a deleted one as it last was, and with its id alone if a catch-up found
            that it is gone; None with `overflow`.
        recovered: Whether the server was asked for it, after a break or because the events left open which change was
            the last: what lay between is not known.
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

    @property
    def is_dated(self) -> bool:
        """Whether an event that says the same as another one is of no interest."""
        return True

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


class Doubts:
    """Records about which the server is to be asked: soon, or by and by."""

    def __init__(self) -> None:
        self._soon: dict[str, float] = {}
        self._later: dict[str, float] = {}

    @property
    def are_some(self) -> bool:
        """Whether there are any."""
        return bool(self._soon or self._later)

    def add(self, record_id: str, *, soon: bool = True) -> None:
        """Ask about a record, if that is not to be done already; later where it is only to be on the safe side."""
        (self._soon if soon else self._later).setdefault(record_id, time.monotonic())

    def drop(self, record_id: str) -> None:
        """There is no need to ask soon."""
        self._soon.pop(record_id, None)

    def clear(self) -> None:
        """All are settled."""
        self._soon.clear()
        self._later.clear()

    def take(self, count: int) -> list[str]:
        """The first so many, which are settled now."""
        ids = list(dict.fromkeys(islice(chain(self._soon, self._later), count)))
        for record_id in ids:
            self._soon.pop(record_id, None)
            self._later.pop(record_id, None)
        return ids

    def patience(self) -> float | None:
        """Seconds until the first is to be asked about, None where there is none."""
        if not self._soon and not self._later:
            return None
        due = [since + GRACE for since in islice(self._soon.values(), 1)]
        due += [since + LONG_GRACE for since in islice(self._later.values(), 1)]
        return min(due) - time.monotonic()


def moment_of(version: Any) -> datetime:
    """A version, text or not, as a moment."""
    moment: datetime = isoparse(version) if isinstance(version, str) else version
    return moment


def is_close(one: Any, other: Any) -> bool:
    """Whether two changes may have been made at the same time, so that their dates do not say which was the last."""
    return abs(moment_of(one) - moment_of(other)) < _AT_THE_SAME_TIME


def chunks(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """So many ids at a time."""
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


def any_of(ids: Sequence[str]) -> str:
    """The filter for these records."""
    return " || ".join(f'id = "{record_id}"' for record_id in ids)
