"""Which requests bring back what a break has lost, or say which state of a record is the last; what answers mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from pbmodels._filter_text import date_text
from pbmodels.client._errors import BadRequest, NotFound
from pbmodels.client._realtime.plan import (
    AT_ONCE,
    PAGE,
    Doubts,
    Event,
    Flow,
    Plan,
    Reader,
    Recover,
    any_of,
    chunks,
    moment_of,
)
from pbmodels.client._realtime.topics import Narrowed, Topic
from pbmodels.client._realtime.versions import Standing, Versions
from pbmodels.client._record_calls import view_call
from pbmodels.client._request import Call

R = TypeVar("R")

NEWER = Standing.NEWER  # at hand, for every event is compared with it


class Catchup(Plan[R]):
    """What one watcher was given, and what it has to be given after a break.

    Args:
        topic: What it listens to.
        reader: How its records are read.
        recover: What to bring back.
        overlap: Seconds before the last seen change from which on to look.
    """

    def __init__(self, topic: Topic, reader: Reader[R], recover: Recover, overlap: float = 10.0) -> None:
        super().__init__(topic, reader)
        self._recover = recover
        self._overlap = overlap
        self._versions: Versions[Any] = Versions()
        self._versioned = reader.updated is not None
        self._ids: set[str] | None = None
        self._start = datetime.now(UTC)
        self._is_gone = False
        self._found_records: dict[str, R] = {}
        self._doubts = Doubts()

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

    @property
    def is_dated(self) -> bool:
        """Whether its events say when the record was changed, so that no two of them say the same."""
        fields = self.topic.fields
        names = fields.split(",") if isinstance(fields, str) else fields
        return self._versioned and (not names or any(name.strip() in ("*", self._reader.updated) for name in names))

    def live(self, data: str) -> Event[R] | None:
        """What to deliver of an event that the connection brought; None when a newer state was delivered."""
        action, record = self._reader.event(data)
        deleted = action == "delete"
        record_id = self._reader.id(record)
        if self._ids is not None:
            (self._ids.discard if deleted else self._ids.add)(record_id)
        version = self._reader.version(record) if self._versioned else None
        standing = NEWER if version is None else self._versions.live(record_id, version, data, deleted=deleted)
        if (standing is not NEWER or self._found_records) and not self._is_news(record_id, record, standing, deleted):
            self.superseded += 1
            return None
        self._is_gone = deleted
        return Event(action, record)

    def _is_news(self, record_id: str, record: R, standing: Standing, deleted: bool) -> bool:
        """Whether to deliver an event that is not simply newer, or that a catch-up was quicker than."""
        if standing is Standing.KNOWN:
            return False
        if standing is not Standing.OLDER:
            found = self._found_records.pop(record_id, None)
            if found is not None and not deleted and self._reader.same(found, record):
                return False
        if standing is not NEWER:
            self._doubts.add(record_id, soon=standing is not Standing.CLOSE)
        return standing is not Standing.OLDER

    def patience(self) -> float | None:
        """Seconds until the server is to be asked about records whose last state is not certain."""
        return self._doubts.patience()

    def settle(self) -> Flow:
        """Ask for the present state of such records."""
        ids = self._doubts.take(AT_ONCE)
        if self.topic.record_id is not None:
            yield from self._one_again(lost=False)
            return
        body = yield self._list(
            Narrowed(self.topic.filter, any_of(ids)), fields=self.topic.fields, expand=self.topic.expand
        )
        records = {self._reader.id(record): record for record in self._reader.page(body)}
        for record in records.values():
            self._found(record, self._start)
        missing = [record_id for record_id in ids if record_id not in records]
        if missing:
            deleted = yield from self._deleted_of(missing)
            for record_id in missing:
                if record_id in deleted and self._versions.gone(record_id):
                    self._deliver("delete", self._reader.gone(record_id))

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
        if known_ids is not None:  # also when it was only renewed: the old connection may have been dead for a while
            yield from self._compare_ids(known_ids)

    def _watermark(self) -> datetime:
        newest = self._versions.newest
        return self._start if newest is None else moment_of(newest)

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
        is_new = not is_known and created is not None and moment_of(created) >= since
        self._deliver("create" if is_new else "update", record)
        self._found_records[record_id] = record
        while len(self._found_records) > PAGE:
            del self._found_records[next(iter(self._found_records))]

    def _one_again(self, lost: bool) -> Flow:
        record_id = self.topic.record_id
        assert record_id is not None
        try:
            body = yield self._view(fields=self.topic.fields, expand=self.topic.expand)
        except NotFound:
            if self._versions.gone(record_id) and not self._is_gone:
                self._is_gone = True  # told once, also where there is no version to remember it by
                self._deliver("delete", self._reader.gone(record_id))
            return
        self._is_gone = False
        record = self._reader.one(body)
        if self._reader.version(record) is not None:
            self._found(record, self._watermark())
        elif lost:
            self._deliver("update", record)

    def _compare_ids(self, before: set[str]) -> Flow:
        found: set[str] = set()
        yield from self._all_ids(found)
        missing = sorted(before - found)
        deleted = yield from self._deleted_of(missing)  # what ceased to match is not deleted
        assert self._ids is not None
        for record_id in missing:
            self._ids.discard(record_id)
            if record_id in deleted and self._versions.gone(record_id):
                self._deliver("delete", self._reader.gone(record_id))
        if not self._versioned:
            for ids in chunks(sorted(found - before), 60):
                body = yield self._list(any_of(ids), fields=self.topic.fields, expand=self.topic.expand)
                for record in self._reader.page(body):
                    self._ids.add(self._reader.id(record))
                    self._deliver("create", record)

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
