"""How a query walks through all its records: by key where it can, by page where an order was asked for. No I/O.

By key (`id > last`, sorted by id) concurrent writes neither skip nor repeat a record. Two things make it fast:

- The request for the next page is made from the end of the current one's bytes, before they are parsed.
- From the third page on, two requests are under way at once. After key L, the first asks for `id > L`; the second
  asks for what follows that, as page 2 of `id > L`, with one record of overlap. If the overlapping record is
  the one that the first request ended with, what comes after it is exactly what the key would have given; if not,
  something was written in between, and the second answer is thrown away.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from pbmodels.client._record_calls import list_call, records_path
from pbmodels.client._request import Call
from pbmodels.query import Filter, Path, all_of
from pbmodels.query._nodes import Comparison

if TYPE_CHECKING:
    from pbmodels.models._query import Query

MAX_BATCH = 1000
"""Records on a page at most: the server caps larger ones silently."""

_ID_MARK = b'"collectionId":'
_TAIL = re.compile(rb'\](?:,"(?:page|perPage|totalItems|totalPages)":-?\d+)*\}\s*$')
_TAIL_LENGTH = 200
_CANDIDATES = 200


@dataclass(frozen=True)
class Fetch:
    """One request of a walk.

    Attributes:
        call: The request.
        size: Records that a full answer holds.
        after: The key that the answer follows on, in walks by key.
        overlaps: Whether the answer begins with the last record of the page before.
    """

    call: Call
    size: int
    after: str = ""
    overlaps: bool = False


@dataclass
class Cursor:
    """One walk through the records of a query.

    Attributes:
        query: The query.
        condition: The part of its condition that this walk is for.
        size: Records on a page.
        page: The number of the next page, in walks by number.
        last: The id of the last record that was taken.
        finished: Whether the last page was taken.
        astray: Whether an answer did not follow on what was taken: ask for the `next` one anew.
    """

    query: Query[Any]
    condition: Filter | None
    size: int
    page: int = 1
    last: str = ""
    finished: bool = False
    astray: bool = False
    _begun: bool = False

    @property
    def by_key(self) -> bool:
        """Whether it walks by key; else by number, with `id` as the last term of the order."""
        return not self.query._order and not self.query._offset

    def next(self) -> Fetch:
        """The request for what follows on what was taken."""
        self.astray = False
        return self._by_key(self.last) if self.by_key else self._by_number(self.page)

    def ahead(self, fetch: Fetch, body: bytes, room: float) -> list[Fetch]:
        """The requests to make before `body`, the answer to `fetch`, is parsed.

        Args:
            fetch: The request that was answered; no other is under way.
            body: Its answer.
            room: How many records are wanted after those of this answer.
        """
        if room <= 0 or body.count(_ID_MARK) < fetch.size:
            return []
        two = self._begun and room > self.size > 2
        if not self.by_key:
            numbers = [self.page + 1, self.page + 2] if two else [self.page + 1]
            return [self._by_number(number) for number in numbers]
        key = last_id(body)
        return [self._by_key(key), self._overlapping(key)] if two else [self._by_key(key)]

    def take(self, fetch: Fetch, records: list[Any]) -> list[Any]:
        """The records of an answer that are new; sets `finished` or `astray`."""
        if self.by_key:
            follows = records[:1] and records[0].id if fetch.overlaps else fetch.after
            if follows != self.last:
                self.astray = True
                return []
        self._begun = True
        self.page += 1
        self.finished = len(records) < fetch.size
        if fetch.overlaps:
            records = records[1:]
        if records:
            self.last = records[-1].id
        return records

    def _by_key(self, after: str) -> Fetch:
        return Fetch(self._call(self._after(after), 1, self.size), self.size, after)

    def _overlapping(self, after: str) -> Fetch:
        size = self.size - 1
        return Fetch(self._call(self._after(after), 2, size), size, after, overlaps=True)

    def _by_number(self, number: int) -> Fetch:
        return Fetch(self._call(self.condition, number, self.size), self.size)

    def _after(self, key: str) -> Filter | None:
        if not key:
            return self.condition
        later = Comparison(Path("id"), ">", key)
        return later if self.condition is None else all_of((self.condition, later))

    def _call(self, condition: Filter | None, page: int, size: int) -> Call:
        query = self.query
        return list_call(
            records_path(query._model.__collection__),
            page=page,
            per_page=size,
            filter=condition,
            sort=query._sort_text(),
            expand=query._expand,
            fields=query._field_names(),
            skip_total=True,
        )


def last_id(body: bytes) -> str:
    """The id of the last record of a list's answer, without parsing the others.

    Whoever uses it compares it with the parsed page.

    Example:
        >>> last_id(b'{"items":[{"collectionId":"c","id":"a"},{"collectionId":"c","id":"b"}],"page":1}')
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
                record = from_json(body[start : tail.start()])
            except ValueError:
                continue
            if "collectionId" in record and "id" in record:
                return str(record["id"])
    items = from_json(body)["items"]
    return str(items[-1]["id"]) if items else ""
