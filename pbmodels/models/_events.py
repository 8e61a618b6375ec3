"""What `watch()` yields, and the topic it listens to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pbmodels._errors import FilterError
from pbmodels.client._realtime import Topic
from pbmodels.models._paths import to_expand, to_fields
from pbmodels.models._query import Query

if TYPE_CHECKING:
    from pbmodels.models._collection import Collection

M = TypeVar("M", bound="Collection")


@dataclass(frozen=True)
class Event(Generic[M]):
    """One change of one record.

    Attributes:
        action: `create`, `update` or `delete`.
        record: The record after the change; a deleted one as it last was.
    """

    action: str
    record: M


def watch_topic(query: Query[Any], record_id: str | None, expand: Sequence[Any], fields: Sequence[Any]) -> Topic:
    """The topic that a query's `watch()` listens to.

    Raises:
        FilterError: A relation or field is none.
    """
    if isinstance(expand, str) or isinstance(fields, str):
        raise FilterError("watch() takes expand= and fields= as lists, such as expand=[Post.author]")
    model = query._model
    paths = list(dict.fromkeys((*query._expand, *(to_expand(model, item) for item in expand))))
    names = to_fields(model, fields, paths) if fields else query._field_names()
    return Topic(model.__collection__, record_id, filter=query.filter, expand=paths, fields=names)
