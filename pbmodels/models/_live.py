"""What a live query follows, and in which order: no I/O."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from pbmodels._errors import FilterError
from pbmodels.client._realtime.live_list import LiveList, Order
from pbmodels.client._realtime.topics import Topic
from pbmodels.models._errors import ModelError
from pbmodels.models._events import ModelReader, dated_fields
from pbmodels.models._keyset import Keyset, keyset_of
from pbmodels.models._query import Query
from pbmodels.models._specs import specs_of
from pbmodels.models._state import kept_values

if TYPE_CHECKING:
    from pbmodels.models._collection import Collection

M = TypeVar("M", bound="Collection")


def live_list(query: Query[M], check: float | None) -> LiveList[M]:
    """What follows a query.

    Raises:
        FilterError: It is a slice that begins somewhere or holds nothing, it prefetches, or needs several requests.
        ModelError: It is a view, and is not to be read anew now and then.
    """
    model = query._model
    if model.__is_view__ and check is None:
        raise ModelError(
            f"{model.__collection__!r} is a view, of which PocketBase sends no events: "
            "live(check=60) reads it anew every 60 seconds"
        )
    if query._offset or query._limit == 0:
        raise FilterError(
            f"live() of {model.__name__} keeps the first records of a query, so that [:20] can be live, "
            "and [20:40] or limit(0) cannot"
        )
    if query._prefetch:
        raise FilterError(f"live() of {model.__name__} cannot prefetch with each change: use expand()")
    if check is not None and not check > 0:
        raise FilterError(f"live(check={check!r}): give seconds, or None")
    condition = query._one_part("live()")
    keyset = keyset_of(model, query._full_order())
    names = query._field_names(keyset)
    if names:
        names = tuple(dict.fromkeys((*names, *dated_fields(model))))
    topic = Topic(model.__collection__, filter=condition, expand=query._expand, fields=names)
    key = None if keyset is None else _key(model, keyset)
    return LiveList(topic, ModelReader(model, topic), Order(query._sort_text(), key), query._limit, check)


class _Down:
    """A key that goes downwards."""

    __slots__ = ("key",)

    def __init__(self, key: Any) -> None:
        self.key = key

    def __lt__(self, other: _Down) -> bool:
        return bool(other.key < self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Down) and other.key == self.key

    __hash__ = None  # type: ignore[assignment]


def _key(model: type[Collection], keyset: Keyset) -> Callable[[Any], Any]:
    """What sorts records as the server does: text by its bytes, and what is empty first."""
    names = {spec.server_name: name for name, spec in specs_of(model).items()}
    terms = [(names[path.text], descending) for path, descending in keyset.terms]

    def key(record: Collection) -> Any:
        values = kept_values(record)
        parts = [_part(values.get(name), descending) for name, descending in terms]
        return (*parts, _Down(record.id) if keyset.descending_id else record.id)

    return key


def _part(value: Any, descending: bool) -> Any:
    value = value.value if isinstance(value, enum.Enum) else value
    part = (value is not None and value != "", value)
    return _Down(part) if descending else part
