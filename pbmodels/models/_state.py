"""What a record knows about itself beside its fields. Loaded records have none until it is needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel

from pbmodels.models._specs import Spec, remembered_specs
from pbmodels.models._wire import to_wire

if TYPE_CHECKING:
    from pbmodels.models._collection import Collection

_KEY = "__pb_state__"


@dataclass(slots=True)
class RecordState:
    """Bookkeeping of one record.

    Attributes:
        is_new: Whether the server does not have it yet, as far as this object knows.
        in_doubt: Whether it was sent to be created, and no answer says whether it was.
        is_deleted: Whether this object deleted it.
        snapshots: What lists, dicts and the like held on the wire when they were first looked at.
        expand: Related records that came along, by relation name.
    """

    is_new: bool = False
    in_doubt: bool = False
    is_deleted: bool = False
    snapshots: dict[str, Any] = field(default_factory=dict)
    expand: Mapping[str, Any] = field(default_factory=dict)


class Prefetched(tuple[Any, ...]):
    """What a back-relation was asked to bring, all of it: it may be more, or less, than an expand would.

    Attributes:
        query: Which records were asked for, None for all of them.
    """

    query: Any = None


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


_VALUES: Any = BaseModel.__dict__["__dict__"]


def unseen(name: str) -> str:
    """The key of a list or dict that nobody has looked at since it was loaded or assigned.

    Under its own name it would be found without the class being asked. It gets there when it is first looked at, and
    what it was is remembered; from then on reading it costs what it costs on any pydantic model.
    """
    return f"{name} (unseen)"


def kept_values(record: Collection) -> dict[str, Any]:
    """The values of a record as they are kept, those that nobody has looked at under the keys of `unseen`."""
    values: dict[str, Any] = _VALUES.__get__(record)
    return values


def values_of(record: Collection) -> dict[str, Any]:
    """The values of a record by field name; checkers call them read-only."""
    return record.__dict__  # pyright: ignore[reportReturnType]


def kept_value(record: Collection, name: str) -> Any:
    """One value of a record as it is kept, without looking at it.

    Raises:
        KeyError: The record has none.
    """
    values = kept_values(record)
    return values[name] if name in values else values[unseen(name)]


def hide(record: Collection, specs: Iterable[Spec]) -> None:
    """Put these lists and dicts where they are found through the class, which then knows who has looked."""
    keys = {spec.name: unseen(spec.name) for spec in specs}
    if keys:
        _VALUES.__set__(record, {keys.get(key, key): value for key, value in kept_values(record).items()})


def see(record: Collection, specs: Iterable[Spec]) -> None:
    """Move these fields to their own names, in their places, and remember what they hold."""
    found = {unseen(spec.name): spec for spec in specs}
    values = kept_values(record)
    snapshots = state_of(record).snapshots
    seen: dict[str, Any] = {}
    for key, value in values.items():
        if (spec := found.get(key)) is not None:
            snapshots[spec.name] = to_wire(spec, value)
            key = spec.name
        seen[key] = value
    _VALUES.__set__(record, seen)


class Values:
    """`record.__dict__`: whoever looks at all values, such as pydantic's serializer, has looked at each."""

    def __get__(self, record: Collection | None, owner: type[Collection]) -> dict[str, Any]:
        assert record is not None  # of a class, the metaclass answers
        values = kept_values(record)
        specs = [spec for spec in remembered_specs(owner) if unseen(spec.name) in values]
        if specs:
            see(record, specs)
            values = kept_values(record)
        return values

    __set__ = _VALUES.__set__


def peek(record: Collection) -> RecordState | None:
    """The state of a record if it has one."""
    private = record.__pydantic_private__
    return None if private is None else private.get(_KEY)
