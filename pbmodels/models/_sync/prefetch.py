# Generated from pbmodels/models/_async/prefetch.py by .ci/unasync.py: edit that file and run `make generate`.
"""Fetching the related records that `prefetch` asked for, a batch of records at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pbmodels.models._context import Carried
from pbmodels.models._prefetch import Prefetch, hand_out, needed, other_side, related
from pbmodels.models._specs import Back

if TYPE_CHECKING:
    from pbmodels.models._sync.query_set import QuerySet


def prefetch(records: list[Any], wanted: tuple[Prefetch, ...], carried: Carried | None = None) -> None:
    """Bring these relations of the records along; with the client that their query carries, if it does."""
    for asked in wanted:
        conditions = other_side if isinstance(asked.relation, Back) else related
        query, found = _query(asked, carried), list[Any]()
        for condition in conditions(asked, records):
            found += query.where(condition).all()
        hand_out(asked, records, found)


def _query(asked: Prefetch, carried: Carried | None) -> QuerySet[Any]:
    from pbmodels.models._sync.query_set import QuerySet

    query = QuerySet[Any](asked.relation.related())
    if asked.query is not None:
        query.__dict__.update(asked.query.__dict__)
    return query._with(_only=needed(asked), _carried=carried or query._carried, _via="")
