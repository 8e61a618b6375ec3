"""What each field of a model is: its kind, its name on the server, its options."""

from __future__ import annotations

import enum
import sys
import types
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ForwardRef, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from pbmodels.models._errors import ModelError
from pbmodels.models._limits import refuse_other_count
from pbmodels.models._types import GeoPoint
from pbmodels.query import Kind

if TYPE_CHECKING:
    from pbmodels.models._collection import Collection


_SIMPLE = frozenset({Kind.TEXT, Kind.EDITOR, Kind.URL, Kind.EMAIL, Kind.NUMBER, Kind.BOOL, Kind.SELECT})


@dataclass(frozen=True)
class Options:
    """What `field(...)` and `autodate()` say beside pydantic's constraints; carried in the field's metadata."""

    name: str | None = None
    autodate: Literal["", "create", "update"] = ""
    unique: bool = False
    index: bool = False
    id: str | None = None
    was: str | None = None
    server: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Spec:
    """One field of a model.

    Attributes:
        owner: The collection's name.
        module: Where the model is declared.
        name: The field's name in Python.
        server_name: The field's name on the server.
        kind: The kind of field.
        type: The type of its values, without `None`.
        multiple: Whether it holds a list of values.
        optional: Whether None stands for the server's empty value.
        target: The related model, or the name of one declared later.
        options: What `field(...)` said.
        info: pydantic's own description.
    """

    owner: str
    module: str
    name: str
    server_name: str
    kind: Kind
    type: Any
    multiple: bool
    optional: bool
    target: Any
    options: Options
    info: FieldInfo

    @cached_property
    def label(self) -> str:
        """How messages name the field."""
        return f"{self.owner}.{self.name}"

    @cached_property
    def mutable(self) -> bool:
        """Whether values can change in place, without an assignment."""
        return self.kind is Kind.JSON or self.multiple

    @cached_property
    def simple(self) -> bool:
        """Whether a value that JSON has goes out as it is."""
        return not self.multiple and self.kind in _SIMPLE

    @property
    def remembered(self) -> bool:
        """Whether what was loaded has to be remembered once someone holds it, and is given out as it is."""
        return self.mutable and self.kind not in (Kind.RELATION, Kind.FILE)

    @property
    def described(self) -> bool:
        """Whether the class has a descriptor for it: values that change in place, or are made on access."""
        return self.mutable or self.kind in (Kind.RELATION, Kind.FILE)

    @cached_property
    def read_only(self) -> bool:
        """Whether only the server fills it."""
        return bool(self.options.autodate)

    @property
    def select_values(self) -> tuple[str, ...]:
        """The options of a select field."""
        if isinstance(self.type, type) and issubclass(self.type, enum.Enum):
            return tuple(str(member.value) for member in self.type)
        return tuple(get_args(self.type))

    def related(self) -> type[Collection]:
        """The related model of a relation.

        Raises:
            ModelError: It is named as text and no such model is declared.
        """
        return resolve_model(self.target, self.label, self.module)


@dataclass(frozen=True)
class BackDeclaration:
    """What `back_relation()` puts into the class body; `annotation` is what stood before it."""

    relation: str
    annotation: Any = None


@dataclass(frozen=True)
class Back:
    """A relation of another model, seen from the records that it names.

    Attributes:
        model: The model that declares it.
        name: Its name in Python.
        declaration: The class body's words.
    """

    model: type[Collection]
    name: str
    declaration: BackDeclaration

    kind = Kind.RELATION
    multiple = True

    @property
    def label(self) -> str:
        """How messages name it."""
        return f"{self.model.__collection__}.{self.name}"

    def related(self) -> type[Collection]:
        """The other model.

        Raises:
            ModelError: It is not declared, or has no such relation to this one.
        """
        return self._other[0]

    @property
    def spec(self) -> Spec:
        """The relation, on the other side."""
        return self._other[1]

    @property
    def server_name(self) -> str:
        """The name in filters and expand: `comments_via_post`."""
        other, spec = self._other
        return f"{other.__collection__}_via_{spec.server_name}"

    @cached_property
    def _other(self) -> tuple[type[Collection], Spec]:
        from pbmodels.models._fields import BackRelation

        annotation, relation = self.declaration.annotation, self.declaration.relation
        if isinstance(annotation, str):
            try:
                annotation = eval(annotation, {"BackRelation": BackRelation, **_namespace(self.model)})
            except NameError as error:
                raise ModelError(f"{self.label} names a type that is not defined yet: {error}") from None
        if get_origin(annotation) is not BackRelation:
            raise ModelError(f'{self.label} has back_relation() and must be declared as BackRelation["..."]')
        other = resolve_model(get_args(annotation)[0], self.label, self.model.__module__)
        spec = specs_of(other).get(relation)
        if spec is None or spec.kind is not Kind.RELATION:
            raise ModelError(f"{self.label} is the other side of {other.__name__}.{relation}, which is no relation")
        if spec.related().__collection__ != self.model.__collection__:
            raise ModelError(
                f"{self.label} is the other side of {spec.label}, which relates to "
                f"{spec.related().__collection__!r}, not to {self.model.__collection__!r}"
            )
        return other, spec


def backs_of(model: type[Collection]) -> dict[str, Back]:
    """The back-relations of a model, by their names in Python."""
    found = model.__dict__.get("__pb_backs__")
    if found is None:
        declared: dict[str, BackDeclaration] = {}
        for base in reversed(model.__mro__):
            declared.update(base.__dict__.get("__pb_declared_backs__", {}))
        found = {name: Back(model, name, declaration) for name, declaration in declared.items()}
        type.__setattr__(model, "__pb_backs__", found)
    return found


_models: weakref.WeakValueDictionary[tuple[str, str], type[Collection]] = weakref.WeakValueDictionary()
"""By module and class name; the last one of each name also under the module "", which any other may name."""


def register_model(model: type[Collection]) -> None:
    """Make a model known by its class name, for relations that name it as text."""
    _models[model.__module__, model.__name__] = _models["", model.__name__] = model


def resolve_model(target: Any, label: str, module: str) -> type[Collection]:
    """A related model from what a relation was declared with; one of the same module comes first."""
    if isinstance(target, ForwardRef):
        target = target.__forward_arg__
    if isinstance(target, str):
        found = _models.get((module, target)) or _models.get(("", target))
        if found is None:
            raise ModelError(f"{label} relates to {target!r}, and no model of that name is declared; import it first")
        return found
    return target  # type: ignore[no-any-return]


def make_spec(model: type[Collection], name: str, info: FieldInfo) -> Spec:
    """The spec of one pydantic field.

    Raises:
        ModelError: PocketBase has no field that could hold this type.
    """
    from pbmodels.models._fields import Field, FileField, FileList, Relation, Relations

    options = next((item for item in info.metadata if isinstance(item, Options)), Options())
    label = f"{model.__collection__}.{name}"
    marked = next((item for item in info.metadata if isinstance(item, Kind)), None)
    annotation: Any = info.annotation
    origin = get_origin(annotation)
    multiple = optional = False
    target: Any = None
    kind: Kind
    inner: Any = annotation
    if annotation in (FileField, FileList):
        kind, multiple, optional, inner = Kind.FILE, annotation is FileList, annotation is FileField, str
    elif origin in (Relation, Relations):
        target, optional = _without_none(get_args(annotation)[0])
        kind, multiple, inner = Kind.RELATION, origin is Relations, str
    else:
        if origin is Field:
            inner = get_args(annotation)[0]
        inner, optional = _without_none(inner)
        kind, inner, multiple = _kind_of(inner, label)
        if marked is Kind.JSON:
            kind, inner, multiple = marked, annotation if origin is not Field else inner, False
        elif marked is not None and kind is Kind.TEXT:
            kind = marked
        if optional and (multiple or kind in _NEVER_NULL):
            raise ModelError(
                f"{label} cannot be None: PocketBase keeps {_NEVER_NULL.get(kind, '[]')} where a {kind} has no value; "
                f"declare it without None and give it a default"
            )
    if options.autodate:
        if kind is not Kind.DATE:
            raise ModelError(f"{label} has autodate() and must be declared as Field[datetime]")
        kind = Kind.AUTODATE
    spec = Spec(
        owner=model.__collection__,
        module=model.__module__,
        name=name,
        server_name=options.name or name,
        kind=kind,
        type=inner,
        multiple=multiple,
        optional=optional,
        target=target,
        options=options,
        info=info,
    )
    refuse_other_count(spec)
    return spec


_NEVER_NULL = {Kind.NUMBER: "0", Kind.BOOL: "false", Kind.GEO_POINT: '{"lon": 0, "lat": 0}'}


def _without_none(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) in (Union, types.UnionType):
        members = [member for member in get_args(annotation) if member is not type(None)]
        if len(members) < len(get_args(annotation)):
            rest: Any = members[0] if len(members) == 1 else Union[tuple(members)]  # noqa: UP007
            return rest, True
    return annotation, False


def _kind_of(inner: Any, label: str) -> tuple[Kind, Any, bool]:
    """Kind, type of one value, and whether there are several."""
    origin = get_origin(inner)
    if origin is Annotated:
        kind, bare, multiple = _kind_of(get_args(inner)[0], label)
        marked = next((item for item in inner.__metadata__ if isinstance(item, Kind)), None)
        if marked is Kind.JSON:
            return marked, inner, False
        return marked or kind, inner if bare is get_args(inner)[0] else bare, multiple
    if origin is Literal:
        if not all(isinstance(value, str) and value for value in get_args(inner)):
            raise ModelError(f"{label} is a select: the values of its Literal must be non-empty texts")
        return Kind.SELECT, inner, False
    if origin is list and get_args(inner):
        (item,) = get_args(inner)
        if get_origin(item) is Literal or (isinstance(item, type) and issubclass(item, enum.Enum)):
            return _kind_of(item, label)[0], item, True
        return Kind.JSON, inner, False
    if inner is Any or origin in (dict, list, tuple, Union, types.UnionType):
        return Kind.JSON, inner, False
    if isinstance(inner, (ForwardRef, str)):
        raise ModelError(f"{label} has the type {inner!r}, which is not defined; import it before the model")
    if isinstance(inner, type):
        if issubclass(inner, enum.Enum):
            if not all(isinstance(member.value, str) and member.value for member in inner):
                raise ModelError(f"{label} is a select: the values of {inner.__name__} must be non-empty texts")
            return Kind.SELECT, inner, False
        for kind, classes in _BY_CLASS:
            if issubclass(inner, classes):
                return kind, inner, False
        if is_dataclass(inner):
            return Kind.JSON, inner, False
    names = getattr(inner, "__name__", inner)
    hint = _INSTEAD.get(inner, "use str, int, float, bool, datetime, Literal, a dict, a list or a pydantic model")
    raise ModelError(f"{label} has the type {names}, which no field of PocketBase can hold: {hint}")


_BY_CLASS: tuple[tuple[Kind, Any], ...] = (
    (Kind.BOOL, bool),
    (Kind.NUMBER, (int, float, Decimal)),
    (Kind.TEXT, str),
    (Kind.DATE, datetime),
    (Kind.GEO_POINT, GeoPoint),
    (Kind.JSON, (dict, list, BaseModel)),
)
_INSTEAD: dict[Any, str] = {
    date: "use datetime, with a timezone",
    bytes: "use FileField, or str",
}


def specs_of(model: type[Collection]) -> dict[str, Spec]:
    """The specs of a model's fields, by their names in Python."""
    found = model.__dict__.get("__pb_specs__")
    if found is None:
        model.model_rebuild(raise_errors=False, _types_namespace=_namespace(model))
        if not model.__pydantic_fields_complete__:
            unresolved = [n for n, i in model.__pydantic_fields__.items() if not i._complete]
            raise ModelError(
                f"{model.__name__}.{unresolved[0]} names a type that is not defined yet; import or declare it first"
            )
        found = {name: make_spec(model, name, info) for name, info in model.__pydantic_fields__.items()}
        type.__setattr__(model, "__pb_specs__", found)
    return found


def remembered_specs(model: type[Collection]) -> tuple[Spec, ...]:
    """The lists and dicts among a model's fields whose changes in place are noticed."""
    found: tuple[Spec, ...] | None = model.__dict__.get("__pb_remembered__")
    if found is None:
        found = tuple(spec for spec in specs_of(model).values() if spec.remembered)
        type.__setattr__(model, "__pb_remembered__", found)
    return found


def _namespace(model: type[Collection]) -> dict[str, Any]:
    module = sys.modules.get(model.__module__)
    anywhere, here = (
        {name: found for (place, name), found in _models.items() if place == wanted}
        for wanted in ("", model.__module__)
    )
    return {**anywhere, **here, **(vars(module) if module else {})}
