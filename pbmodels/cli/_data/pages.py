"""Walking through a collection's records as plain dicts: by key, the next page under way, in constant memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic_core import from_json

from pbmodels.client import PocketBase
from pbmodels.models import Collection, ViewCollection, using
from pbmodels.models._query import Query
from pbmodels.models._sync.walk import walk

PAGE = 1000
"""Records on a page: the most that the server gives."""

_NOISE = ("collectionId", "collectionName")


def pages(
    pb: PocketBase,
    collection: str,
    *,
    is_view: bool = False,
    filter: str | None = None,
    fields: Sequence[str] = (),
    after: str = "",
) -> Iterator[list[dict[str, Any]]]:
    """All records as the server sends them, in the order of their ids.

    Args:
        pb: The client.
        collection: The collection's name.
        is_view: Whether it is a view, whose records have no order to go on from.
        filter: Only records that match this text.
        fields: Only these fields, all by default; the id comes always.
        after: Only records behind this id.

    Raises:
        ClientResponseError: The server refused, or was not reached.
    """
    query = _query(collection, is_view)
    if filter:
        query = query.where(filter)
    if after:
        query = query.where("id > {:after}", after=after)
    if fields:
        query = query._with(_only=tuple(dict.fromkeys(("id", *fields))))
    with using(pb):
        yield from walk(query, PAGE, _records, _id)


def _query(collection: str, is_view: bool) -> Query[Any]:
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
        for name in _NOISE:
            record.pop(name, None)
    return records


def _id(record: dict[str, Any]) -> str:
    return str(record["id"])
