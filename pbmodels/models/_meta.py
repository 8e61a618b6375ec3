"""The metaclass: it answers `Post.title` with an expression and hands pydantic only what is pydantic's."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, dataclass_transform

from pydantic import Field as pydantic_field
from pydantic._internal._model_construction import (
    ModelMetaclass,  # mypy's dataclass_transform needs the real one
    build_lenient_weakvaluedict,
)
from pydantic._internal._typing_extra import parent_frame_namespace

from pbmodels.models._descriptors import BackDescriptor, FieldDescriptor, LoadedDescriptor
from pbmodels.models._errors import ModelError, RecordNotFound
from pbmodels.models._fields import autodate, back_relation, field
from pbmodels.models._paths import expression, unknown_field
from pbmodels.models._rules import Rules
from pbmodels.models._specs import BackDeclaration, register_model, specs_of
from pbmodels.query import Expr, Filter, Flag, Sort

if TYPE_CHECKING:
    from pbmodels.models._collection import Collection


C = TypeVar("C", bound="CollectionMeta")

_SCHEMA_ARGUMENTS = frozenset({"rules", "indexes", "auth", "query", "collection_id", "was", "field_order"})
"""What `pbmodels.schema` reads from a class, kept as `__rules__` and so on."""


def default_name(class_name: str) -> str:
    """The collection of a class that names none: snake case, plural.

    Example:
        >>> default_name("BlogPost"), default_name("Category"), default_name("Box")
        ('blog_posts', 'categories', 'boxes')
    """
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", class_name).lower()
    if re.search(r"[^aeiou]y$", name):
        return f"{name[:-1]}ies"
    return f"{name}es" if re.search(r"(s|x|z|ch|sh)$", name) else f"{name}s"


@dataclass_transform(kw_only_default=True, field_specifiers=(field, autodate, back_relation, pydantic_field))
class CollectionMeta(ModelMetaclass):
    """The metaclass of `Collection`."""

    if TYPE_CHECKING:
        # Class access to a relation is typed as the related class, and comparing it gives a condition.
        def __eq__(cls, other: object) -> Filter: ...  # type: ignore[override]
        def __ne__(cls, other: object) -> Filter: ...  # type: ignore[override]

        __hash__: ClassVar[Any]

        # So are the other questions that a relation answers; of the class itself nothing of this is there.
        def contains(cls, value: object) -> Filter: ...
        def not_contains(cls, value: object) -> Filter: ...
        def in_(cls, values: Iterable[object]) -> Filter: ...
        def not_in(cls, values: Iterable[object]) -> Filter: ...
        def is_empty(cls) -> Filter: ...
        @property
        def any(cls: C) -> C: ...
        @property
        def each(cls: C) -> C: ...
        @property
        def length(cls) -> Expr[int]: ...
        @property
        def isset(cls) -> Flag: ...
        @property
        def changed(cls) -> Flag: ...
        def asc(cls) -> Sort: ...
        def desc(cls) -> Sort: ...
        def __neg__(cls) -> Sort: ...
    else:

        def __getattr__(cls, name: str) -> Any:
            made = cls.__dict__.get("__pb_expressions__")
            if made is not None and (found := made.get(name)) is not None:
                return found
            if name in cls.__dict__.get("__pydantic_fields__", ()):
                return expression(cls, name)
            try:
                return super().__getattr__(name)
            except AttributeError:
                if name.startswith("_") or "__pydantic_fields__" not in cls.__dict__ or not cls.__pydantic_complete__:
                    raise
                raise AttributeError(unknown_field(cls, name)) from None

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **kwargs: Any) -> Any:
        """Make the class; the arguments that `Collection` names are read here, the rest is pydantic's."""
        collection = kwargs.pop("collection", None)
        for argument in _SCHEMA_ARGUMENTS & kwargs.keys():
            namespace[f"__{argument}__"] = kwargs.pop(argument)
        _take_arguments(name, namespace)
        namespace.setdefault("__was__", None)
        namespace.setdefault("__collection_id__", None)
        namespace.setdefault("__field_order__", None)
        client = kwargs.pop("client", None)
        namespace["__is_abstract__"] = abstract = kwargs.pop("abstract", False)
        namespace["__collection__"] = collection or default_name(name)
        if client is not None:
            namespace["__client__"] = client
        backs = namespace["__pb_declared_backs__"] = _take_backs(name, namespace)
        owner = f"{namespace.get('__qualname__', name)}"
        namespace["NotFound"] = type(
            "NotFound",
            (RecordNotFound,),
            {"__module__": namespace.get("__module__"), "__qualname__": f"{owner}.NotFound", "__doc__": None},
        )
        # pydantic would look for types that are local to a function one frame too near: this one
        namespace.setdefault("__pydantic_parent_namespace__", build_lenient_weakvaluedict(parent_frame_namespace()))
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*shadows an attribute in parent.*", category=UserWarning)
            model = super().__new__(mcs, name, bases, namespace, __pydantic_reset_parent_namespace__=False, **kwargs)
        if any(isinstance(base, CollectionMeta) for base in bases):
            _refuse_taken_names(model, name, namespace)
            if not abstract:
                register_model(model)
        for back in backs:
            type.__setattr__(model, back, BackDescriptor(back))
        return model


def _take_arguments(name: str, namespace: dict[str, Any]) -> None:
    """Take `rules = Rules(...)` in a class body for `rules=`; refuse the others there, where nobody would read them."""
    if isinstance(namespace.get("rules"), Rules):
        namespace.setdefault("__rules__", namespace.pop("rules"))
        namespace.get("__annotations__", {}).pop("rules", None)
    for argument in sorted(_SCHEMA_ARGUMENTS & namespace.keys() - namespace.get("__annotations__", {}).keys()):
        if not hasattr(type(namespace[argument]), "__get__"):  # a method or property of that name is the user's own
            raise ModelError(f"{argument} is said of the class: class {name}(Collection, {argument}=...)")


def _take_backs(name: str, namespace: dict[str, Any]) -> dict[str, BackDeclaration]:
    """The back-relations of a class body, taken out of it: for pydantic they are no fields."""
    found = {key: value for key, value in namespace.items() if isinstance(value, BackDeclaration)}
    annotations = namespace.get("__annotations__", {})
    for key, declaration in found.items():
        if key not in annotations:
            raise ModelError(f'{name}.{key} has back_relation() and must be declared as BackRelation["..."]')
        found[key] = replace(declaration, annotation=annotations.pop(key))
        del namespace[key]
    return found


def _refuse_taken_names(model: Any, name: str, namespace: dict[str, Any]) -> None:
    own = namespace.get("__annotations__") or model.__annotations__
    declared = {field for field in own if field in model.__pydantic_fields__}
    for field_name in sorted(declared.union(namespace["__pb_declared_backs__"])):
        if (base := taken_by(model, field_name)) is not None:
            raise ModelError(
                f"{name}.{field_name} would hide a method of {base.__name__}: declare it under another name, "
                f"as in {field_name}_: ... = field(name={field_name!r})"
            )


def taken_by(model: type[Any], name: str) -> type[Any] | None:
    """The class of this library or pydantic that a name of a model's own would hide a part of."""
    return next(
        (
            base
            for base in model.__mro__
            if base.__module__.startswith(("pbmodels.models.", "pydantic."))
            and name in vars(base)
            and name not in vars(base).get("__pydantic_fields__", ())
        ),
        None,
    )


def describe_fields(model: type[Collection]) -> None:
    """Put a descriptor on the class for every field that needs one; called when its types are all known."""
    for name, spec in specs_of(model).items():
        if spec.remembered:
            type.__setattr__(model, name, LoadedDescriptor(spec))
        elif spec.described:
            type.__setattr__(model, name, FieldDescriptor(spec, model))
        elif isinstance(model.__dict__.get(name), (FieldDescriptor, LoadedDescriptor)):
            type.__delattr__(model, name)
