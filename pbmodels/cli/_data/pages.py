"""Walking through a collection's records as plain dicts: by key, the next page under way, in constant memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

from pbmodels.client import PocketBase
from pbmodels.models import Collection, ViewCollection, using
from pbmodels.models._query import Query
from pbmodels.models._sync.walk import walk

from .lines import NOISE, lines_of

PAGE = 1000
"""Records on a page: the most that the server gives."""


@dataclass(frozen=True)
class Walk:
    """A walk through the records of a collection, in the order of their ids.

    Args:
        pb: The client.
        collection: The collection's name.
        is_view: Whether it is a view, whose records have no order to go on from.
        filter: Only records that match this text.
        fields: Only these fields, all by default; the id comes always.
        after: Only records behind this id.
    """

    pb: PocketBase
    collection: str
    is_view: bool = False
    filter: str | None = None
    fields: Sequence[str] = ()
    after: str = ""

    def records(self) -> Iterator[list[dict[str, Any]]]:
        """The records as the server sends them, page by page.

        Raises:
            ClientResponseError: The server refused, or was not reached.
        """
        with using(self.pb):
            yield from walk(self._query(), PAGE, _records, _id)

    def lines(self) -> Iterator[list[tuple[str, bytes]]]:
        """The records' ids and lines of JSON, page by page.

        Raises:
            ClientResponseError: The server refused, or was not reached.
        """
        with using(self.pb):
            yield from walk(self._query(), PAGE, lines_of, _first)

    def _query(self) -> Query[Any]:
        query = _all(self.collection, self.is_view)
        if self.filter:
            query = query.where(self.filter)
        if self.after:
            query = query.where("id > {:after}", after=self.after)
        if self.fields:
            query = query._with(_only=tuple(dict.fromkeys(("id", *self.fields))))
        return query


def _all(collection: str, is_view: bool) -> Query[Any]:
    """All records, by a model of which only the id must be known."""
    if is_view:

        class ExportedView(ViewCollection, collection=collection):
            pass

        return ExportedView.where()

    class Exported(Collection, collection=collection):
        pass

    return Exported.where()


def _records(body: bytes) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = from_json(body)["items"]
    for record in records:
        for name in NOISE:
            record.pop(name, None)
    return records


def _first(pair: tuple[str, bytes]) -> str:
    return pair[0]


def _id(record: dict[str, Any]) -> str:
    return str(record["id"])
