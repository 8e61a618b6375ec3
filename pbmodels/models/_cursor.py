"""How a query walks through all its records: by key where it can, by page where an order was asked for. No I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from pbmodels.client._record_calls import list_call
from pbmodels.client._request import Call
from pbmodels.query import Filter, Path, all_of
from pbmodels.query._nodes import Comparison

if TYPE_CHECKING:
    from pbmodels.models._query import Query

MAX_BATCH = 1000
"""Records on a page at most: the server caps larger ones silently."""

_TAIL = re.compile(rb'\](?:,"(?:page|perPage|totalItems|totalPages)":-?\d+)*\}\s*$')
_ID_MARK = b'"collectionId":'


@dataclass
class Cursor:
    """One walk through the records of a query.

    By key (`id > last`, sorted by id) concurrent writes neither skip nor repeat a record. With an order it
    goes by page number, with `id` as the last term so that equal records keep their place.
    """

    query: Query[Any]
    condition: Filter | None
    size: int
    page: int = 1
    last: str = ""

    @property
    def by_key(self) -> bool:
        """Whether it walks by key."""
        return not self.query._order and not self.query._offset

    def call(self) -> Call:
        """The request for the next page."""
        condition = self.condition
        sort = self.query._sort_text()
        if self.by_key and self.last:
            after = Comparison(Path("id"), ">", self.last)
            condition = after if condition is None else all_of((condition, after))
        return list_call(
            self.query._model.__collection__,
            page=1 if self.by_key else self.page,
            per_page=self.size,
            filter=condition,
            sort=sort,
            expand=self.query._expand,
            skip_total=True,
        )

    def following(self, body: bytes) -> Call | None:
        """The request after the one that `body` answers, None when that was surely the last page.

        It looks only at the end of the bytes, so that it can be sent before they are parsed.
        """
        if body.count(_ID_MARK) < self.size:
            return None
        self.page += 1
        if self.by_key:
            self.last = last_id(body)
        return self.call()


def last_id(body: bytes) -> str:
    """The id of the last record of a list's answer, without parsing the others.

    Example:
        >>> last_id(b'{"items":[{"collectionId":"c","id":"a"},{"collectionId":"c","id":"b"}],"page":1}')
        'b'
    """
    tail = _TAIL.search(body)
    if tail is not None:
        start = len(body)
        for _ in range(8):  # records inside the last one (expand, json) fail to parse up to its end
            start = body.rfind(b'{"collectionId":', 0, start)
            if start < 0:
                break
            try:
                return str(from_json(body[start : tail.start()])["id"])
            except (ValueError, KeyError, TypeError):
                continue
    items = from_json(body)["items"]
    return str(items[-1]["id"]) if items else ""
