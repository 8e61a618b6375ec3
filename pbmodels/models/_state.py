"""What a record knows about itself beside its fields. Loaded records have none until it is needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from pbmodels.models._collection import Collection

_KEY = "__pb_state__"


@dataclass(slots=True)
class RecordState:
    """Bookkeeping of one record.

    Attributes:
        is_new: Whether the server does not have it yet, as far as this object knows.
        is_deleted: Whether this object deleted it.
        snapshots: What lists, dicts and the like held on the wire when they were first looked at.
        expand: Related records that came along, by relation name.
    """

    is_new: bool = False
    is_deleted: bool = False
    snapshots: dict[str, Any] = field(default_factory=dict)
    expand: Mapping[str, Any] = field(default_factory=dict)


class Prefetched(tuple[Any, ...]):
    """What a back-relation was asked to bring, all of it: it may be more, or less, than an expand would."""


def state_of(record: Collection) -> RecordState:
    """The state of a record, made on first use: of loaded records that is when one is changed."""
    private = record.__pydantic_private__
    if private is None:
        private = {}
        object.__setattr__(record, "__pydantic_private__", private)
    found = private.get(_KEY)
    if found is None:
        found = private[_KEY] = RecordState()
    return cast("RecordState", found)


def replace_state(record: Collection, state: RecordState) -> None:
    """Give a copy of a record a state of its own."""
    private = record.__pydantic_private__
    assert private is not None
    private[_KEY] = replace(state, snapshots=dict(state.snapshots), expand=dict(state.expand))


def values_of(record: Collection) -> dict[str, Any]:
    """The values of a record by field name, as pydantic keeps them; checkers call them read-only."""
    return record.__dict__  # pyright: ignore[reportReturnType]


def peek(record: Collection) -> RecordState | None:
    """The state of a record if it has one."""
    private = record.__pydantic_private__
    return None if private is None else private.get(_KEY)
