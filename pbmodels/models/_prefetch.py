"""What `prefetch` was asked for, which ids go into one request, and where the records found belong; no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pbmodels._errors import FilterError
from pbmodels._filter_text import MAX_LENGTH
from pbmodels.models._paths import RelationExpr, expression, found_path
from pbmodels.models._refs import Ref
from pbmodels.models._specs import Back, Spec, backs_of, specs_of
from pbmodels.models._state import Prefetched, kept_values, state_of
from pbmodels.query import Filter

if TYPE_CHECKING:
    from pbmodels.models._collection import Collection
    from pbmodels.models._query import Query

_MOST_IDS = 150
"""Ids in one request: the server takes 200 comparisons, and the query has some of its own."""


@dataclass(frozen=True)
class Prefetch:
    """A relation whose records shall come along in requests of their own.

    Attributes:
        model: The model whose records they are related to.
        name: The relation's name in Python.
        query: Which of them, in which order, with what of their own; all by default.
    """

    model: type[Collection]
    name: str
    query: Query[Any] | None

    @property
    def relation(self) -> Spec | Back:
        """The relation; looked up, so that a query can be pickled with this."""
        return specs_of(self.model).get(self.name) or backs_of(self.model)[self.name]

    @property
    def field_names(self) -> tuple[str, ...]:
        """The fields that the records need for it."""
        return (self.relation.server_name,) if isinstance(self.relation, Spec) else ()


def to_prefetch(model: type[Collection], term: object, query: Query[Any] | None) -> Prefetch:
    """What `prefetch(term, query)` asks for.

    Raises:
        FilterError: The term is no relation of the model's own, or the query is none for it.
    """
    found = found_path(model, term)
    own: dict[str, Spec | Back] = {spec.server_name: spec for spec in specs_of(model).values()}
    own |= {back.server_name: back for back in backs_of(model).values()}
    name = str(found)
    if not isinstance(found, RelationExpr) or own.get(name.partition(".")[0]) is None:
        raise FilterError(f"prefetch() takes a relation of {model.__name__}, and {term!r} is none")
    if "." in name:
        first = own[name.partition(".")[0]]
        raise FilterError(
            f"prefetch({name}): one step at a time, as in .prefetch({model.__name__}.{first.name}, "
            f"{first.related().__name__}.where().prefetch(...))"
        )
    relation = own[name]
    if query is not None:
        if query._model.__collection__ != relation.related().__collection__:
            raise FilterError(
                f"{relation.label} leads to {relation.related().__collection__!r}, and the query is one of "
                f"{query._model.__collection__!r}"
            )
        if query._limit is not None or query._offset:
            raise FilterError(
                f"the query for {relation.label} has a limit, which would be one for all records together: leave it out"
            )
    return Prefetch(model, relation.name, query)


def other_side(asked: Prefetch, records: list[Any]) -> Iterator[Filter]:
    """The conditions, one a request, under which the other side's records name these."""
    assert isinstance(asked.relation, Back)
    spec = asked.relation.spec
    relation = expression(asked.relation.related(), spec.name)
    if spec.multiple:
        relation = relation.any
    for ids in _in_parts(asked, [record.id for record in records], relation):
        yield relation.in_(ids)


def related(asked: Prefetch, records: list[Any]) -> Iterator[Filter]:
    """The conditions, one a request, that find the records that these name."""
    ids = dict.fromkeys(id for record in records for id in _named(record, asked.relation.name))
    field = expression(asked.relation.related(), "id")
    for part in _in_parts(asked, list(ids), field):
        yield field.in_(part)


def _in_parts(asked: Prefetch, ids: list[str], field: Any) -> Iterator[tuple[str, ...]]:
    if not ids:
        return
    beside = 0 if asked.query is None else len(str(asked.query).encode())
    each = len(f'{field} ?= "" || ') + max(map(len, ids))
    most = max(1, min(_MOST_IDS, (MAX_LENGTH - 200 - beside) // each))
    for start in range(0, len(ids), most):
        yield tuple(ids[start : start + most])


def _named(record: Collection, name: str) -> Iterable[str]:
    """The ids that a record's relation names."""
    value = kept_values(record).get(name)
    return [str(item) for item in (value if isinstance(value, list) else [value] if value else [])]


def needed(asked: Prefetch) -> tuple[str, ...] | None:
    """The fields that the query asks for, with the relation by which its records are told apart."""
    if asked.query is None or asked.query._only is None:
        return None
    names = asked.query._only
    return (*names, asked.relation.spec.server_name) if isinstance(asked.relation, Back) else names


def hand_out(asked: Prefetch, records: list[Any], found: list[Any]) -> None:
    """Give each record those that belong to it."""
    relation = asked.relation
    if isinstance(relation, Back):
        sorted_out: dict[str, dict[str, Any]] = {record.id: {} for record in records}
        for item in found:
            for owner in _named(item, relation.spec.name):
                if owner in sorted_out:
                    sorted_out[owner][item.id] = item
        for record in records:
            brought = Prefetched(sorted_out[record.id].values())
            brought.query = asked.query
            _bring(record, relation.server_name, brought)
        return
    by_id = {item.id: item for item in found}
    for record in records:
        mine = [by_id[id] for id in _named(record, relation.name) if id in by_id]
        value = kept_values(record).get(relation.name)
        for ref in value if isinstance(value, list) else [value]:
            if isinstance(ref, Ref):
                ref._record = by_id.get(ref.id)
        if relation.multiple:
            _bring(record, relation.server_name, mine)
        elif mine:
            _bring(record, relation.server_name, mine[0])


def _bring(record: Collection, name: str, found: Any) -> None:
    state = state_of(record)
    state.expand = {**state.expand, name: found}
