"""How a query walks through all its records: by key where it can, by page number where it cannot. No I/O.

By key (what follows on the last record in the query's order, see `_keyset`) concurrent writes neither skip nor
repeat a record. Two things make it fast:

- The request for the next page is made from the end of the current one's bytes, before they are parsed.
- From the third page on, two requests are under way at all times. While the page after key L is under way, the one
  behind it is asked for as page 2 of what follows L, with one record of overlap. If that record is the one that the
  page before ended with, what comes after it is exactly what the key would have given; if not, something was written
  in between, and the answer is thrown away. Each page of such a chain has two records less than the one before, so
  now and then a new one is begun.

Where the last record is no key, because the server withheld a field or a filter cannot hold its text, the walk goes on
by page number from the last one that was, until it meets a record that is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic_core import from_json

from pbmodels.client._record_calls import list_call, records_path
from pbmodels.client._request import Call
from pbmodels.models._keyset import Keyset
from pbmodels.query import Filter

if TYPE_CHECKING:
    from pbmodels.models._query import Query

T = TypeVar("T")

MAX_BATCH = 1000
"""Records on a page at most: the server caps larger ones silently."""

_TAIL = re.compile(rb'\](?:,"(?:page|perPage|totalItems|totalPages)":-?\d+)*\}\s*$')
_TAIL_LENGTH = 200
_CANDIDATES = 200
_SHRINKING = 10
"""The part of a page that a chain may lose; beginning a new one costs the wait for one answer."""


@dataclass(frozen=True)
class Fetch:
    """One request of a walk.

    Attributes:
        call: The request.
        size: Records that a full answer holds.
        anchor: The condition that its pages are counted under.
        start: How many of the records under the anchor come before its page.
        after: The id of the record that the answer follows on, "" in walks by number.
        repeated: How many records at the answer's beginning were taken before, or are not wanted.
        overlaps: Whether the one that is repeated must be the last that was taken.
    """

    call: Call
    size: int
    anchor: Filter | None
    start: int
    after: str = ""
    repeated: int = 0
    overlaps: bool = False

    @property
    def fresh(self) -> int:
        """How many new records a full answer brings."""
        return self.size - self.repeated


@dataclass
class Cursor:
    """One walk through the records of a query.

    Attributes:
        query: The query.
        condition: The part of its condition that this walk is for.
        size: Records on a page.
        keyset: How its order is said in a filter, None to walk by number.
        offset: How many records to leave out at the beginning.
        last: The id of the last record that was taken.
        finished: Whether the last page was taken.
        astray: Whether an answer did not follow on what was taken: ask for the `next` one anew.
    """

    query: Query[Any]
    condition: Filter | None
    size: int
    keyset: Keyset | None
    offset: int = 0
    last: str = ""
    finished: bool = False
    astray: bool = False

    def __post_init__(self) -> None:
        self._anchor = self.condition
        self._passed = self.offset  # of the records under the anchor
        self._taken = self.offset
        self._mark = _mark(self.query._field_names(self.keyset))

    def next(self) -> Fetch:
        """The request for what follows on what was taken."""
        self.astray = False
        return self._at(self._anchor, self._passed, self.last)

    def ahead(self, fetch: Fetch, body: bytes, remaining: float, pending: Fetch | None = None) -> list[Fetch]:
        """The requests to make before `body`, the answer to `fetch`, is parsed.

        Args:
            fetch: The request that was answered.
            body: Its answer.
            remaining: How many records are wanted from this answer on.
            pending: The request for the page behind this answer where it is under way; at most one is.
        """
        room = remaining - fetch.fresh - (pending.fresh if pending else 0)
        if room <= 0 or body.count(self._mark) < fetch.size:
            return []
        anchor, passed, last = self._following(fetch, body)
        if pending is not None:
            return self._behind(pending, anchor, passed)
        first = self._at(anchor, passed, last)
        if self._taken == self.offset or room <= self.size:
            return [first]
        return [first, *self._behind(first, anchor, passed)]

    def _behind(self, page: Fetch, anchor: Filter | None, passed: int) -> list[Fetch]:
        """The request for what comes after a page that is still to come, under an anchor that it follows on."""
        if passed:
            by_number = page.anchor is anchor and page.start == passed - passed % self.size and not page.overlaps
            return [self._at(anchor, page.start + page.size, "")] if by_number else []
        size = page.fresh - 1
        if size < max(2, self.size - max(4, self.size // _SHRINKING)):
            return []
        return [Fetch(self._call(anchor, 2, size), size, anchor, size, repeated=1, overlaps=True)]

    def take(self, fetch: Fetch, body: bytes, records: list[T], id_of: Callable[[T], str]) -> list[T]:
        """The records of an answer that are new; sets `finished` or `astray`."""
        if (fetch.after and fetch.after != self.last) or (
            fetch.overlaps and (not records or id_of(records[0]) != self.last)
        ):
            self.astray = True
            return []
        self.finished = len(records) < fetch.size
        records = records[fetch.repeated :]
        if fetch.after and self.keyset is not None and self.keyset.terms and self.last in map(id_of, records):
            # The order's field is stored otherwise than it is sent, so that it is no key: go on by number.
            self.keyset, self._anchor, self._passed = None, self.condition, self._taken
            self.astray, self.finished = True, False
            return []
        if not self.finished:
            self._anchor, self._passed, _ = self._following(fetch, body)
        if records:
            self.last = id_of(records[-1])
            self._taken += len(records)
        return records

    def _following(self, fetch: Fetch, body: bytes) -> tuple[Filter | None, int, str]:
        """Where the walk is after a full answer: the anchor, the records passed under it, the last one's id."""
        record = last_record(body)
        anchor = None if self.keyset is None else self.keyset.after(record, self.condition)
        last = str(record.get("id", ""))
        return (fetch.anchor, fetch.start + fetch.size, last) if anchor is None else (anchor, 0, last)

    def _at(self, anchor: Filter | None, passed: int, last: str) -> Fetch:
        page, repeated = divmod(passed, self.size)
        call = self._call(anchor, page + 1, self.size)
        return Fetch(call, self.size, anchor, passed - repeated, "" if passed else last, repeated)

    def _call(self, condition: Filter | None, page: int, size: int) -> Call:
        query = self.query
        return list_call(
            records_path(query._model.__collection__),
            page=page,
            per_page=size,
            filter=condition,
            sort=query._sort_text(),
            expand=query._expand,
            fields=query._field_names(self.keyset),
            skip_total=True,
        )


def _mark(fields: tuple[str, ...]) -> bytes:
    """What each record of an answer has once, besides what json fields and expanded records repeat."""
    return b'"id":' if fields and "collectionId" not in fields else b'"collectionId":'


def last_record(body: bytes) -> Mapping[str, Any]:
    """The last record of a list's answer as it was sent, without parsing the others; empty where there is none.

    Whoever uses it compares it with the parsed page.

    Example:
        >>> last_record(b'{"items":[{"collectionId":"c","id":"a"},{"collectionId":"c","id":"b"}],"page":1}')["id"]
        'b'
    """
    tail = _TAIL.search(body, max(0, len(body) - _TAIL_LENGTH))
    if tail is not None:
        start = tail.start()
        for _ in range(_CANDIDATES):  # objects inside the last record do not parse up to its end
            start = body.rfind(b'{"', 0, start)
            if start < 0:
                break
            try:
                record: dict[str, Any] = from_json(body[start : tail.start()])
            except ValueError:
                continue
            if "id" in record:
                return record
    items: list[dict[str, Any]] = from_json(body)["items"]
    return items[-1] if items else {}
