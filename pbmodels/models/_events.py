"""What `watch()` listens to and how its events are read."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_args

from pydantic_core import to_json

from pbmodels._errors import FilterError
from pbmodels.client._realtime.inbox import Overflow
from pbmodels.client._realtime.plan import Event, Recover
from pbmodels.client._realtime.topics import Topic
from pbmodels.models._errors import ModelError
from pbmodels.models._loading import loader_of
from pbmodels.models._paths import to_expand, to_fields
from pbmodels.models._query import Query
from pbmodels.models._specs import specs_of
from pbmodels.models._state import kept_values, peek, values_of

if TYPE_CHECKING:
    from pbmodels.models._collection import Collection

M = TypeVar("M", bound="Collection")

__all__ = ["Event", "ModelReader", "UnrecoverableWarning", "WatchOptions", "watch_topic"]


class UnrecoverableWarning(UserWarning):
    """A watch cannot find out what changes while its connection is broken."""


@dataclass(frozen=True)
class WatchOptions:
    """How a watch behaves.

    Attributes:
        timeout: Seconds without an event after which iteration ends, None for never.
        recover: What to bring back after a break: `changes`, `full` (deletions too), or None.
        buffer: How many events to hold for a consumer that is slower than they come.
        overflow: What happens to more: the stream waits, or an `overflow` event is given and what was left out
            is fetched.
    """

    timeout: float | None = None
    recover: Recover = "changes"
    buffer: int = 1000
    overflow: Overflow = "wait"

    def __post_init__(self) -> None:
        if self.recover not in ("changes", "full", None):
            raise FilterError(f"recover={self.recover!r}: give 'changes', 'full' or None")
        if self.overflow not in get_args(Overflow):
            raise FilterError(f"overflow={self.overflow!r}: give 'wait' or 'event'")
        if not isinstance(self.buffer, int) or self.buffer < 1:
            raise FilterError(f"buffer={self.buffer!r}: give the number of events to hold, 1 or more")


def _autodate(model: type[Collection], kind: str) -> tuple[str, str] | None:
    """The field that the server dates at creation or at every change: its name here and there."""
    for name, spec in specs_of(model).items():
        if spec.options.autodate == kind:
            return name, spec.server_name
    return None


class ModelReader(Generic[M]):
    """Reads events and answers as records of a model."""

    def __init__(self, model: type[M], topic: Topic) -> None:
        updated, created = _autodate(model, "update"), _autodate(model, "create")
        self.updated: str | None = updated[1] if updated else None
        self._updated = updated[0] if updated else None
        self._created = created[0] if created else None
        self._loader = loader_of(model, tuple(topic.expand or ()))

    def event(self, data: str) -> tuple[str, M]:
        """Action and record of an event."""
        return self._loader.event(data)

    def page(self, body: bytes) -> Sequence[M]:
        """The records of a list's answer."""
        return self._loader.page(body).items

    def one(self, body: bytes) -> M:
        """The record of an answer that is one."""
        return self._loader.one(body)

    def gone(self, record_id: str) -> M:
        """A record of which nothing but the id is known."""
        return self._loader.one(to_json({"id": record_id}))

    def id(self, record: M) -> str:
        """A record's id."""
        return record.id

    def version(self, record: M) -> datetime | None:
        """When it was changed last."""
        found: datetime | None = kept_values(record).get(self._updated) if self._updated else None
        return found

    def created(self, record: M) -> datetime | None:
        """When it was made."""
        found: datetime | None = kept_values(record).get(self._created) if self._created else None
        return found

    def same(self, one: M, other: M) -> bool:
        """Whether two states of a record are one."""
        mine, theirs = peek(one), peek(other)
        return values_of(one) == values_of(other) and (mine.expand if mine else {}) == (theirs.expand if theirs else {})


def dated_fields(model: type[Collection]) -> list[str]:
    """The fields that the server dates, by its own names."""
    found = (_autodate(model, kind) for kind in ("create", "update"))
    return [names[1] for names in found if names is not None]


def watch_topic(query: Query[Any], record_id: str | None, expand: Sequence[Any], fields: Sequence[Any]) -> Topic:
    """The topic that a query's `watch()` listens to.

    Raises:
        FilterError: A relation or field is none.
        ModelError: It is a view.
    """
    if query._model.__is_view__:
        raise ModelError(
            f"{query._model.__collection__!r} is a view, of which PocketBase sends no events: watch the collections "
            "that it is computed from, or take live(check=60) of a query, which reads it anew every 60 seconds"
        )
    if isinstance(expand, str) or isinstance(fields, str):
        raise FilterError("watch() takes expand= and fields= as lists, such as expand=[Post.author]")
    model = query._model
    paths = list(dict.fromkeys((*query._expand, *(to_expand(model, item) for item in expand))))
    names = to_fields(model, fields, paths) if fields else query._field_names()
    dated = _autodate(model, "update")
    if names and dated and dated[1] not in names:
        names = (*names, dated[1])  # what a catch-up goes by
    return Topic(model.__collection__, record_id, filter=query.filter, expand=paths, fields=names)


def warn_blind(model: type[Collection], recover: Recover) -> None:
    """Say what a watch of this model cannot do."""
    lost = "changes made" if recover == "full" else "what is created or changed"
    warnings.warn(
        f"collection {model.__collection__!r}, or its model {model.__name__}, has no field that dates updates, so a "
        f"watch cannot find {lost} while its connection is broken: add "
        "`updated: Field[datetime] = autodate(on_update=True)` to both, or say recover=None",
        UnrecoverableWarning,
        stacklevel=5,
    )
