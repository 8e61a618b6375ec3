"""Which requests bring back what a break has lost, and what their answers mean.

A flow is a generator that yields the requests it needs and is sent their answers; what it finds is put into `ready`.
Sync and async code drive the same flows.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Generic, Literal, Protocol, TypeVar

from dateutil.parser import isoparse

from pbmodels._filter_text import date_text
from pbmodels.client._errors import BadRequest, NotFound
from pbmodels.client._realtime.topics import Narrowed, Topic
from pbmodels.client._realtime.versions import Versions
from pbmodels.client._record_calls import list_call, view_call
from pbmodels.client._request import Call

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

Recover = Literal["changes", "full"] | None
"""What to bring back after a break: what was created or updated; deletions too; nothing."""

Flow = Generator[Call, bytes, None]

PAGE = 1000
"""Records that a catch-up asks for at a time."""

_IDS_AT_ONCE = 60  # of 15 characters: far below the 3500 that a filter may have


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


class Catchup(Generic[R]):
    """What one watcher was given, and what it has to be given after a break.

    Args:
        topic: What it listens to.
        reader: How its records are read.
        recover: What to bring back.
        overlap: Seconds before the last seen change from which on to look.
    """

    def __init__(self, topic: Topic, reader: Reader[R], recover: Recover, overlap: float = 10.0) -> None:
        self.topic = topic
        self.ready: deque[Event[R]] = deque()
        self.recovered = 0
        self.superseded = 0
        self._reader = reader
        self._recover = recover
        self._overlap = overlap
        self._versions: Versions[Any] = Versions()
        self._versioned = reader.updated is not None
        self._ids: set[str] | None = None
        self._start: Any = None

    def begin(self, now: datetime) -> Flow:
        """Ask once, so that a topic that is forbidden or missing is an error, and know what is there already.

        Args:
            now: The server's time.

        Raises:
            ClientResponseError: The topic is refused: `NotFound`, `Forbidden`, `BadRequest` for its filter.
        """
        topic = self.topic
        self._start = now
        if topic.record_id is not None:
            body = yield self._view(fields=self._key_fields())
            self._seed([self._reader.one(body)])
            return
        if self._versioned and self._recover:
            since = now - timedelta(seconds=self._overlap)
            try:
                for page in self._since(date_text(since), fields=self._key_fields()):
                    self._seed(self._reader.page((yield page.call)), page)
            except BadRequest:
                self._versioned = False
        if not self._versioned or not self._recover:
            yield self._list(topic.filter, fields="id", per_page=1)
        if self._recover == "full":
            self._ids = set()
            yield from self._all_ids(self._ids)

    @property
    def is_blind(self) -> bool:
        """Whether there is nothing to find changes by."""
        return self._recover is not None and not self._versioned and self.topic.record_id is None

    def live(self, data: str) -> Event[R] | None:
        """What to deliver of an event that the connection brought; None when a newer state was delivered."""
        action, record = self._reader.event(data)
        deleted = action == "delete"
        record_id = self._reader.id(record)
        if self._ids is not None:
            (self._ids.discard if deleted else self._ids.add)(record_id)
        version = self._reader.version(record) if self._versioned else None
        if version is not None and not self._versions.live(record_id, version, data, deleted=deleted):
            self.superseded += 1
            return None
        return Event(action, record)

    def after(self, *, lost: bool) -> Flow:
        """Bring back what may have been missed.

        Args:
            lost: Whether the connection broke; else it was only renewed, and there is nothing to find but what
                the old one swallowed.
        """
        if self._recover is None:
            return
        if self.topic.record_id is not None:
            yield from self._one_again(lost)
            return
        known_ids = None if self._ids is None else set(self._ids)
        if self._versioned:
            since = self._watermark() - timedelta(seconds=self._overlap)
            for page in self._since(date_text(since), fields=self.topic.fields, expand=self.topic.expand):
                records = self._reader.page((yield page.call))
                page.got(records, self._reader)
                for record in records:
                    self._found(record, since)
        if lost and known_ids is not None:
            yield from self._compare_ids(known_ids)

    def _watermark(self) -> datetime:
        newest = self._versions.newest
        moment: datetime = self._start if newest is None else isoparse(newest) if isinstance(newest, str) else newest
        return moment

    def _found(self, record: R, since: datetime) -> None:
        reader, record_id = self._reader, self._reader.id(record)
        version = reader.version(record)
        is_known = record_id in self._versions or (self._ids is not None and record_id in self._ids)
        if self._ids is not None:
            self._ids.add(record_id)
        if version is None:
            return
        decision = self._versions.recovered(record_id, version)
        if isinstance(decision, str):
            if reader.same(reader.event(decision)[1], record):
                decision = False
            else:
                self._versions.put_recovered(record_id, version)
        if decision is False:
            return
        created = reader.created(record)
        is_new = not is_known and created is not None and _moment(created) >= since
        self._deliver(Event("create" if is_new else "update", record, recovered=True))

    def _deliver(self, event: Event[R]) -> None:
        self.recovered += 1
        self.ready.append(event)

    def _one_again(self, lost: bool) -> Flow:
        record_id = self.topic.record_id
        assert record_id is not None
        try:
            body = yield self._view(fields=self.topic.fields, expand=self.topic.expand)
        except NotFound:
            if self._versions.gone(record_id) and self._start is not None:
                self._start = None  # told once, also where there is no version to remember it by
                self._deliver(Event("delete", self._reader.gone(record_id), recovered=True))
            return
        record = self._reader.one(body)
        if self._reader.version(record) is not None:
            self._found(record, self._watermark())
        elif lost:
            self._deliver(Event("update", record, recovered=True))

    def _compare_ids(self, before: set[str]) -> Flow:
        found: set[str] = set()
        yield from self._all_ids(found)
        missing = sorted(before - found)
        there: set[str] = set()
        for ids in _chunks(missing):  # what ceased to match is not deleted
            body = yield self._list(_any_of(ids), fields="id")
            there.update(self._reader.id(record) for record in self._reader.page(body))
        assert self._ids is not None
        for record_id in missing:
            self._ids.discard(record_id)
            if record_id not in there and self._versions.gone(record_id):
                self._deliver(Event("delete", self._reader.gone(record_id), recovered=True))
        if not self._versioned:
            for ids in _chunks(sorted(found - before)):
                body = yield self._list(_any_of(ids), fields=self.topic.fields, expand=self.topic.expand)
                for record in self._reader.page(body):
                    self._ids.add(self._reader.id(record))
                    self._deliver(Event("create", record, recovered=True))

    def _all_ids(self, into: set[str]) -> Flow:
        last = ""
        while True:
            condition = Narrowed(self.topic.filter, f'id > "{last}"') if last else self.topic.filter
            body = yield self._list(condition, fields="id", sort="id")
            ids = [self._reader.id(record) for record in self._reader.page(body)]
            into.update(ids)
            if len(ids) < PAGE:
                return
            last = ids[-1]

    def _since(self, moment: str, *, fields: Any, expand: Any = None) -> Iterator[_Page]:
        """The pages of what changed since a moment; each has to be told what it brought."""
        page = _Page(moment, 1)
        while True:
            condition = Narrowed(self.topic.filter, f'{self._reader.updated} >= "{page.since}"')
            sort = f"{self._reader.updated},id"
            page.call = self._list(condition, fields=fields, expand=expand, sort=sort, page=page.number)
            yield page
            if page.following is None:
                return
            page = page.following

    def _seed(self, records: Iterable[R], page: _Page | None = None) -> None:
        records = list(records)
        if page is not None:
            page.got(records, self._reader)
        for record in records:
            version = self._reader.version(record)
            if version is not None:
                self._versions.seed(self._reader.id(record), version)

    def _key_fields(self) -> str:
        return f"id,{self._reader.updated}" if self._versioned else "id"

    def _view(self, **options: Any) -> Call:
        topic = self.topic
        assert topic.record_id is not None
        return view_call(topic.collection, topic.record_id, query=topic.query, headers=topic.headers, **options)

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


@dataclass
class _Page:
    """One page of what changed since a moment: the next one begins where it ends, or is the next of one moment."""

    since: str
    number: int
    call: Call = None  # type: ignore[assignment]
    following: _Page | None = None

    def got(self, records: Sequence[R], reader: Reader[R]) -> None:
        if len(records) < PAGE:
            return
        last = _text(reader.version(records[-1]))
        self.following = replace(self, number=self.number + 1) if last <= self.since else _Page(last, 1)


def _text(version: Any) -> str:
    return version if isinstance(version, str) else date_text(version)


def _moment(version: Any) -> datetime:
    moment: datetime = isoparse(version) if isinstance(version, str) else version
    return moment


def _chunks(ids: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), _IDS_AT_ONCE):
        yield ids[start : start + _IDS_AT_ONCE]


def _any_of(ids: list[str]) -> str:
    return " || ".join(f'id = "{record_id}"' for record_id in ids)
