"""Class attributes for the fields whose values are made, or can change, on access.

Plain fields need none: pydantic keeps their values in the instance, and the metaclass answers for the class.
These keep loading fast: a `Ref` or `File` is made when it is looked at, and a list or dict is
remembered as it was only from the moment that someone holds it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pbmodels.models._errors import FieldNotLoaded
from pbmodels.models._files import File, Files
from pbmodels.models._paths import expression
from pbmodels.models._refs import Ref, Refs
from pbmodels.models._related import related_records
from pbmodels.models._specs import Spec, backs_of
from pbmodels.models._state import kept_values, peek, see, state_of, unseen
from pbmodels.models._wire import to_wire
from pbmodels.query import Kind

if TYPE_CHECKING:
    from pbmodels.models._collection import Collection


class FieldDescriptor:
    """Answers for one relation or file field, on the class and on instances."""

    __slots__ = ("name", "spec", "via")

    def __init__(self, spec: Spec, model: type[Collection]) -> None:
        self.via = f"{model.__name__}.{spec.name}"
        self.spec = spec
        self.name = spec.name

    def __get__(self, record: Collection | None, owner: type[Collection]) -> Any:
        if record is None:
            if "__pydantic_fields__" not in owner.__dict__:
                raise AttributeError(self.name)  # pydantic is still collecting the fields of a subclass
            return expression(owner, self.name)
        values = kept_values(record)
        try:
            value = values[self.name]
        except KeyError:
            raise FieldNotLoaded(not_loaded(type(record), self.name)) from None
        spec = self.spec
        if spec.kind is Kind.RELATION:
            value = values[self.name] = _refs(record, spec, value, self.via)
        elif spec.kind is Kind.FILE:
            value = values[self.name] = _files(record, spec, value)
        if spec.multiple:
            state = peek(record)
            if state is None or self.name not in state.snapshots:
                state_of(record).snapshots[self.name] = to_wire(spec, value)
        return value

    def __set__(self, record: Collection, value: Any) -> None:
        record.__setattr__(self.name, value)  # only `object.__setattr__` comes here: go through validation


class LoadedDescriptor:
    """Answers for a list or dict until it is first looked at: then it is found in the instance, without this."""

    __slots__ = ("spec",)

    def __init__(self, spec: Spec) -> None:
        self.spec = spec

    def __get__(self, record: Collection | None, owner: type[Collection]) -> Any:
        name = self.spec.name
        if record is None:
            if "__pydantic_fields__" not in owner.__dict__:
                raise AttributeError(name)  # pydantic is still collecting the fields of a subclass
            return expression(owner, name)
        if unseen(name) not in kept_values(record):
            raise FieldNotLoaded(not_loaded(type(record), name))
        see(record, (self.spec,))
        return kept_values(record)[name]


class BackDescriptor:
    """Answers for one back-relation: an expression on the class, a query set on instances."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, record: Collection | None, owner: type[Collection]) -> Any:
        if record is None:
            return expression(owner, self.name)
        return related_records(record, backs_of(type(record))[self.name])

    def __set__(self, record: Collection, value: Any) -> None:
        record.__setattr__(self.name, value)  # which refuses it


def not_loaded(model: type[Collection], name: str) -> str:
    """The message for a field that the server withheld."""
    return (
        f"{model.__collection__}.{name} was not sent by the server: it is hidden from who is signed in, "
        "write-only, or the query did not ask for it; refresh() asks for all fields"
    )


def _refs(record: Collection, spec: Spec, value: Any, via: str) -> Any:
    if spec.multiple:
        if isinstance(value, Refs) and value._owner is record:
            return value
        state = peek(record)
        found = {item.id: item for item in state.expand.get(spec.server_name, ())} if state else {}
        related = spec.related()
        refs = (item if isinstance(item, Ref) else Ref(item, related, found.get(item), _via=via) for item in value)
        return Refs(refs, record, spec)
    if isinstance(value, Ref):
        if value._model is None:
            value._model = spec.related()
        return value
    if not value:
        return None
    state = peek(record)
    brought = state.expand.get(spec.server_name) if state else None
    return Ref(value, spec.related(), brought if brought is not None and brought.id == value else None, _via=via)


def _files(record: Collection, spec: Spec, value: Any) -> Any:
    if spec.multiple:
        if isinstance(value, Files) and value._owner is record:
            return value
        return Files((item if isinstance(item, File) else File(item, record=record) for item in value), record, spec)
    return File(value, record=record) if value and isinstance(value, str) else value or None
