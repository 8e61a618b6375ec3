"""A list of records kept in step with the server: what is in it, in which order, and what is not certain yet.

The server says nothing when a record ceases to match a topic's filter. So a list with a filter has a companion topic
without one, which brings ids and versions only. Each event there of a record in the list has to have its counterpart on
the list's own topic; where that does not come, the server is asked about the record.
"""

from __future__ import annotations

import time
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any, Generic, TypeVar

from pbmodels.client._realtime.plan import (
    AT_ONCE,
    GRACE,
    PAGE,
    Doubts,
    Event,
    Flow,
    Plan,
    Reader,
    any_of,
    is_close,
    moment_of,
)
from pbmodels.client._realtime.topics import Narrowed, Topic

R = TypeVar("R")

_REMEMBERED = 10_000


@dataclass(frozen=True)
class Order(Generic[R]):
    """The order of a list.

    Attributes:
        sort: As the server is asked for it.
        key: What Python sorts by to the same effect, None where the server alone knows.
    """

    sort: str
    key: Callable[[R], Any] | None


@dataclass(slots=True)
class _Heard:
    """What the events said of one record's newest version.

    Attributes:
        version: The version, None where records have none.
        here: How many events of it came on the list's own topic.
        beside: How many came on the companion.
        is_deleted: Whether one of them was its deletion.
        is_unsure: Whether two states have this version, or one of an older version came later, so that which is the
            last one is not known.
        is_turned: Whether the server was found to have an older version than one that came.
    """

    version: Any = None
    here: int = 0
    beside: int = 0
    is_deleted: bool = False
    is_unsure: bool = False
    is_turned: bool = False


class LiveList(Plan[R]):
    """Keeps a list, and tells what changes in it: `create`, `update`, `delete`, `enter` and `leave`.

    Args:
        topic: Which records.
        reader: How they are read.
        order: Their order.
        limit: How many of them at most, None for all.
        check: Seconds after which everything is read anew, None for never.
    """

    def __init__(
        self, topic: Topic, reader: Reader[R], order: Order[R], limit: int | None = None, check: float | None = None
    ) -> None:
        super().__init__(topic, reader)
        if topic.filter is not None:
            fields = "id" if reader.updated is None else f"id,{reader.updated}"
            self.companion = Topic(topic.collection, fields=fields, query=topic.query, headers=topic.headers)
        self._order = order
        self._limit = limit
        self._check = check
        self._lock = Lock()
        self._records: dict[str, R] = {}
        self._keys: dict[str, Any] = {}
        self._places: list[tuple[Any, str]] = []
        self._heard: dict[str, _Heard] = {}
        self._doubts = Doubts()
        self._stale_since: float | None = None
        self._read_at = 0.0
        self._has_more = False
        self._latest: datetime | None = None

    @property
    def records(self) -> list[R]:
        """What is in the list now, in its order; from any thread."""
        with self._lock:
            return [self._records[record_id] for _, record_id in self._places]

    @property
    def is_blind(self) -> bool:
        """Whether changes have no date; the list is read anew after a break all the same."""
        return False

    def begin(self, now: datetime) -> Flow:
        """Read the list; it is subscribed already, so nothing lies between."""
        self._latest = now
        yield from self._read(silent=True)

    def after(self, *, lost: bool) -> Flow:
        """Read the list anew."""
        yield from self._read()

    def patience(self) -> float | None:
        """Seconds until the server is to be asked."""
        doubts = self._doubts.patience()
        if doubts is not None:
            return doubts
        if self._stale_since is not None:
            return self._stale_since + GRACE - time.monotonic()
        return None if self._check is None else self._read_at + self._check - time.monotonic()

    def settle(self) -> Flow:
        """Ask about the records in doubt, or read the list anew."""
        if self._doubts.are_some and self._stale_since is None:
            yield from self._ask(self._doubts.take(AT_ONCE))
        else:
            yield from self._read(silent=None)

    # What the events say

    def live(self, data: str) -> Event[R] | None:
        """Take an event of the list's own topic; what it changes is `ready` then."""
        reader = self._reader
        action, record = reader.event(data)
        record_id, version = reader.id(record), reader.version(record)
        if action == "delete":
            self._deleted(record_id, version, record)
        elif self._order.key is None:
            self._stale()
        elif (heard := self._heard_of(record_id, version)) is not None:
            heard.here += 1
            before = self._records.get(record_id)
            if before is not None and not _newer(version, reader.version(before)) and not reader.same(before, record):
                heard.is_unsure = True
            else:
                self._put(record_id, record, action)
            self._weigh(record_id, heard)
        return None

    def beside(self, data: str) -> None:
        """Take an event of the companion."""
        action, record = self._reader.event(data)
        record_id, version = self._reader.id(record), self._reader.version(record)
        if action == "delete":
            self._deleted(record_id, version, None)
        elif self._order.key is None:
            if record_id in self._records:
                self._stale()
        elif (heard := self._heard_of(record_id, version, beside=True)) is not None:
            heard.beside += 1
            self._weigh(record_id, heard)

    def _heard_of(self, record_id: str, version: Any, *, beside: bool = False) -> _Heard | None:
        """What was heard of this version, None when a newer one was."""
        heard = self._heard.get(record_id)
        if heard is None and record_id in self._records:
            heard = self._remember(record_id, _Heard(self._reader.version(self._records[record_id])))
        if heard is None or _newer(version, heard.version):
            is_unsure = heard is not None and (heard.is_unsure or heard.is_turned or heard.is_deleted)
            if heard is not None and not beside and heard.version is not None and is_close(version, heard.version):
                self._doubts.add(record_id, soon=False)
            return self._remember(record_id, _Heard(version, is_unsure=is_unsure))
        if _newer(heard.version, version):  # it may be the last one all the same: see `versions`
            self.superseded += 1
            if not beside or record_id in self._records:
                heard.is_unsure = True
                self._weigh(record_id, heard)
            return None
        if heard.is_deleted and version is not None:
            return None
        heard.is_unsure = heard.is_unsure or heard.is_deleted  # without versions it may have been made anew
        return heard

    def _remember(self, record_id: str, heard: _Heard) -> _Heard:
        self._heard.pop(record_id, None)  # so that it is the last one
        self._heard[record_id] = heard
        if len(self._heard) > _REMEMBERED:
            del self._heard[next(iter(self._heard))]
        return heard

    def _weigh(self, record_id: str, heard: _Heard) -> None:
        if heard.is_unsure or (heard.beside > heard.here and record_id in self._records):
            self._doubts.add(record_id)
        else:
            self._doubts.drop(record_id)

    def _deleted(self, record_id: str, version: Any, record: R | None) -> None:
        heard = self._heard.get(record_id)
        if heard is not None and _newer(heard.version, version):  # one of the same id was made since
            heard.is_unsure = True
            self._weigh(record_id, heard)
        else:
            self._remember(record_id, _Heard(version, is_deleted=True))
            self._doubts.drop(record_id)
            self._remove(record_id, "delete", record)

    def _stale(self) -> None:
        if self._stale_since is None:
            self._stale_since = time.monotonic()

    # What the list holds

    def _put(self, record_id: str, record: R, action: str, *, recovered: bool = False) -> None:
        key = self._order.key(record) if self._order.key is not None else None
        before = self._records.get(record_id)
        if before is None:
            action = "enter" if action == "update" else action
        elif self._reader.same(before, record):
            return
        else:
            action = "update"
        with self._lock:
            had = self._keys.get(record_id)
            if before is None or had != key:
                self._unplace(record_id)
                insort(self._places, (key, record_id))
            self._keys[record_id] = key
            self._records[record_id] = record
            last = self._places[-1][1]
            too_many = self._limit is not None and len(self._places) > self._limit
            left = self._records[last] if too_many else None
            if too_many:
                self._drop(last)
        if too_many:
            self._has_more = True
        elif self._has_more and before is not None and last == record_id and had != key:
            self._stale()  # it moved down to the end of those that are known: others may come before it now
        if last != record_id or not too_many:
            self._deliver(action, record, recovered=recovered)
        if left is not None and last != record_id:
            self._deliver("leave", left, recovered=recovered)

    def _remove(self, record_id: str, action: str, record: R | None = None, *, recovered: bool = False) -> None:
        before = self._records.get(record_id)
        if before is None:
            return
        with self._lock:
            self._drop(record_id)
        if self._has_more:
            self._stale()
        self._deliver(action, before if record is None else record, recovered=recovered)

    def _drop(self, record_id: str) -> None:
        self._unplace(record_id)
        del self._records[record_id], self._keys[record_id]

    def _unplace(self, record_id: str) -> None:
        if record_id in self._keys:
            del self._places[bisect_left(self._places, (self._keys[record_id], record_id))]

    # What the server is asked

    def _read(self, *, silent: bool | None = False) -> Flow:
        """Read the whole list and compare.

        Args:
            silent: Deliver nothing if True, changes that were not missed but are only seen now if None.
        """
        self._stale_since = None
        self._doubts.clear()
        is_new, self._read_at = self._is_new(), time.monotonic()
        found: dict[str, R] = {}
        yield from self._pages(found)
        limit = self._limit
        self._has_more = limit is not None and len(found) > limit
        kept = list(found)[:limit]
        gone = [record_id for record_id in self._records if record_id not in set(kept)] if self._records else []
        deleted = set(gone)
        if gone and (self.topic.filter is not None or limit is not None):
            deleted = yield from self._deleted_of(gone)
        count = len(self.ready)
        self._limit = None  # what goes and what comes is weighed against the server's window, not piece by piece
        for record_id in gone:
            self._doubts.drop(record_id)
            self._remove(record_id, "delete" if record_id in deleted else "leave", recovered=silent is False)
        for number, record_id in enumerate(kept):
            record = found[record_id]
            action = "create" if is_new(record) else "enter"
            self._know(record_id, record)
            self._put_read(record_id, record, number, action, silent is False)
        self._limit, self._stale_since = limit, None
        self._arrange(kept)
        if silent:
            while len(self.ready) > count:
                self.ready.pop()

    def _pages(self, found: dict[str, R]) -> Flow:
        topic, limit = self.topic, self._limit
        by_id = self._order.key is not None and limit is None  # so that what others write moves no page
        size = PAGE if limit is None else min(PAGE, limit + 1)
        sort = "id" if by_id else self._order.sort
        page, last = 1, ""
        while True:
            condition = Narrowed(topic.filter, f'id > "{last}"') if last else topic.filter
            body = yield self._list(
                condition, per_page=size, page=page, sort=sort, fields=topic.fields, expand=topic.expand
            )
            records = self._reader.page(body)
            found.update((self._reader.id(record), record) for record in records)
            if len(records) < size or (limit is not None and len(found) > limit):
                return
            last = self._reader.id(records[-1]) if by_id else ""
            page += not by_id

    def _put_read(self, record_id: str, record: R, number: int, action: str, recovered: bool) -> None:
        if self._order.key is not None:
            self._put(record_id, record, action, recovered=recovered)
            return
        before = self._records.get(record_id)
        with self._lock:
            self._records[record_id] = record
            self._keys[record_id] = number
        if before is None or not self._reader.same(before, record):
            self._deliver(action if before is None else "update", record, recovered=recovered)

    def _arrange(self, ids: Iterable[str]) -> None:
        if self._order.key is None:
            with self._lock:
                self._keys = {record_id: number for number, record_id in enumerate(ids)}
                self._places = [(number, record_id) for record_id, number in self._keys.items()]

    def _ask(self, ids: list[str]) -> Flow:
        """Ask about some records."""
        topic = self.topic
        condition = Narrowed(topic.filter, any_of(ids))
        body = yield self._list(condition, fields=topic.fields, expand=topic.expand)
        found = {self._reader.id(record): record for record in self._reader.page(body)}
        gone = [record_id for record_id in ids if record_id not in found and record_id in self._records]
        deleted = set(gone)
        if gone and topic.filter is not None:
            deleted = yield from self._deleted_of(gone)
        for record_id, record in found.items():
            self._know(record_id, record)
            self._put(record_id, record, "update")
        for record_id in gone:
            self._remove(record_id, "delete" if record_id in deleted else "leave")
        for record_id in ids:
            if record_id not in found and record_id in self._heard:
                self._heard[record_id].is_unsure = False

    def _know(self, record_id: str, record: R) -> None:
        version = self._reader.version(record)
        heard = self._heard.get(record_id)
        if heard is not None or version is not None:
            is_turned = heard is not None and _newer(heard.version, version)
            self._remember(record_id, _Heard(version, is_turned=is_turned))
        if version is not None and (self._latest is None or moment_of(version) > self._latest):
            self._latest = moment_of(version)

    def _is_new(self) -> Callable[[R], bool]:
        latest, heard = self._latest, self._heard

        def is_new(record: R) -> bool:
            created = self._reader.created(record)
            if self._reader.id(record) in heard or created is None or latest is None:
                return False
            return moment_of(created) > latest

        return is_new


def _newer(one: Any, other: Any) -> bool:
    return one is not None and (other is None or one > other)
