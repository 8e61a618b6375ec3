"""The records on the other side of a back-relation, as a query set."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

from pbmodels.models._paths import expression
from pbmodels.models._specs import Back
from pbmodels.models._state import Prefetched, peek
from pbmodels.models._sync.query_set import QuerySet

if TYPE_CHECKING:
    from pbmodels.models._collection import Collection

MOST_EXPANDED = 1000
"""Records that the server's expand brings of one back-relation; there may be more."""


def related_records(record: Collection, back: Back) -> QuerySet[Any]:
    """The records whose relation names this one; what `expand` brought is not asked for again."""
    relation = expression(back.related(), back.spec.name)
    query = QuerySet(back.related())
    state = peek(record)
    brought = None if state is None else () if state.is_new else state.expand.get(back.server_name)
    if isinstance(brought, Prefetched) and brought.query is not None:
        query.__dict__.update(brought.query.__dict__)
    query = query.where(relation.contains(record) if back.spec.multiple else relation == record)
    query._via = f"{type(record).__name__}.{back.name}"
    if brought is None:
        return query
    if isinstance(brought, Prefetched):
        return query._with(_known=tuple(brought))
    known = sorted(brought if isinstance(brought, (list, tuple)) else (brought,), key=attrgetter("id"))
    return query._with(_known=tuple(known)) if len(known) < MOST_EXPANDED else query
