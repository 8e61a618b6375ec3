"""From the bytes of an answer to records, in one pass of pydantic-core.

Loading checks types, not the constraints that guard writing. Fields that the model does not declare are
skipped, fields that the server withholds stay unset.
"""

from __future__ import annotations

import enum
import gc
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import CoreSchema, SchemaValidator, core_schema, from_json

from pbmodels.client import ListResult
from pbmodels.models._errors import UnreadableRecord
from pbmodels.models._specs import Back, Spec, backs_of, specs_of
from pbmodels.models._state import kept_values, state_of, unseen
from pbmodels.models._types import GeoPoint
from pbmodels.query import Kind

if TYPE_CHECKING:
    from pbmodels.models._collection import Collection

M = TypeVar("M", bound="Collection")

_LARGE = 50_000
"""Bytes of an answer from which on looking for garbage meanwhile would take long."""
_MOST_LOADERS = 100
"""Loaders that a model keeps: one for each combination of expanded relations."""


class _Unset(enum.Enum):
    UNSET = enum.auto()


class Page(ListResult[M]):
    """One page of records: `items`, `page`, `per_page`, `total_items`, `total_pages`; iterates over its items."""


class Loader(Generic[M]):
    """Reads answers that hold records of one model.

    Args:
        model: The model.
        expand: The relations that come along, as the request names them.
    """

    def __init__(self, model: type[M], expand: tuple[str, ...]) -> None:
        self._model = model
        self._branches = _branches(model, expand)
        self._count = sum(1 for spec in specs_of(model).values() if spec.kind is not Kind.PASSWORD)
        record = _record(model, self._branches)

        def validator(schema: CoreSchema) -> SchemaValidator:
            # not pydantic's own validators of these classes, which check what may be written
            return SchemaValidator(schema, _use_prebuilt=False)

        self._one = validator(record)
        self._page = validator(
            core_schema.typed_dict_schema(
                {
                    "items": core_schema.typed_dict_field(core_schema.list_schema(record)),
                    **{
                        key: core_schema.typed_dict_field(core_schema.int_schema(), required=False)
                        for key in ("page", "perPage", "totalItems", "totalPages")
                    },
                },
                extra_behavior="ignore",
            )
        )
        self._batch = validator(
            core_schema.list_schema(
                core_schema.typed_dict_schema({"body": core_schema.typed_dict_field(record)}, extra_behavior="ignore")
            )
        )
        self._event = validator(
            core_schema.typed_dict_schema(
                {
                    "action": core_schema.typed_dict_field(core_schema.str_schema()),
                    "record": core_schema.typed_dict_field(record),
                },
                extra_behavior="ignore",
            )
        )

    def one(self, body: bytes) -> M:
        """The record of an answer that is one.

        Raises:
            UnreadableRecord: A value does not fit its declared type.
        """
        record = self._settled([self._read(self._one, body)])[0]
        if "id" not in kept_values(record):
            raise _no_record(self._model)
        return record

    def page(self, body: bytes) -> Page[M]:
        """The records of a list."""
        data = self._read(self._page, body)
        return Page(
            self._settled(data["items"]),
            data.get("page", 1),
            data.get("perPage", 0),
            data.get("totalItems", -1),
            data.get("totalPages", -1),
        )

    def batch(self, body: bytes) -> list[M]:
        """The records of the answer to a batch, each request of which answers with one."""
        return self._settled([item["body"] for item in self._read(self._batch, body)])

    def event(self, body: bytes | str) -> tuple[str, M]:
        """Action and record of a realtime event."""
        data = self._read(self._event, body)
        return data["action"], self._settled([data["record"]])[0]

    def _read(self, validator: SchemaValidator, body: bytes | str) -> Any:
        try:
            return _validated(validator, body)
        except ValidationError as error:
            raise unreadable(self._model, error, body) from None

    def _settled(self, records: list[M]) -> list[M]:
        """Loaded records count as unchanged; what the server withheld is taken out again."""
        if self._branches:
            for record in records:
                _settle_deep(record, self._branches)
            return records
        count = self._count
        for record in records:
            loaded = record.__pydantic_fields_set__
            if len(loaded) != count:
                _drop_unset(record)
            loaded.clear()
        return records


def _validated(validator: SchemaValidator, body: bytes | str) -> Any:
    """What an answer holds. Python does not look for garbage among the many new objects of a page: there is none."""
    if len(body) < _LARGE or not gc.isenabled():
        return validator.validate_json(body)
    gc.disable()
    try:
        return validator.validate_json(body)
    finally:
        gc.enable()


def unreadable(model: type[Collection], error: ValidationError, body: bytes | str) -> UnreadableRecord:
    """The error for an answer that does not fit; the message names collection, record and field."""
    name = model.__collection__
    found = error.errors(include_url=False, include_input=False)[0]
    location = list(found["loc"])
    try:
        data: Any = from_json(body)
    except ValueError:
        return UnreadableRecord(f"the answer for collection {name!r} is not JSON; is the url a PocketBase server's?")
    is_batch = isinstance(data, list)
    if location in (["items"], ["record"]) or len(location) < 1 + is_batch:
        return _no_record(model)
    if location[:1] == ["items"]:
        data, location = data["items"][location[1]], location[2:]
    elif is_batch:
        data, location = data[int(location[0])]["body"], location[2:]
    elif location[:1] == ["record"]:
        data, location = data["record"], location[1:]
    if not location:
        return _no_record(model)
    field = ".".join(str(part) for part in location if not str(part).startswith("function-"))
    record_id = data.get("id", "?") if isinstance(data, dict) else "?"
    reason = "the relation is not set" if found["type"] == "string_too_short" else found["msg"]
    return UnreadableRecord(
        f"{name}.{field} of record {record_id!r} does not fit its declared type ({reason}); "
        f"change the record on the server, or the type in {model.__name__}"
    )


def _no_record(model: type[Collection]) -> UnreadableRecord:
    return UnreadableRecord(
        f"the answer for collection {model.__collection__!r} is not a record's or a list's; "
        "is the url a PocketBase server's?"
    )


def _drop_unset(record: Collection) -> None:
    values = kept_values(record)
    for name in [name for name, value in values.items() if value is _Unset.UNSET]:
        del values[name]


@dataclass(frozen=True)
class _Branch:
    """An expanded relation, and the relations that are expanded behind it."""

    relation: Spec | Back
    behind: dict[str, _Branch]


def _branches(model: type[Collection], paths: Iterable[str]) -> dict[str, _Branch]:
    """The paths of an expand as a tree, by the relations' names on the server."""
    names: dict[str, list[str]] = {}
    for path in paths:
        name, _, rest = path.partition(".")
        names.setdefault(name, []).extend([rest] if rest else [])
    relations: dict[str, Spec | Back] = {spec.server_name: spec for spec in specs_of(model).values()}
    if any(name not in relations for name in names):
        relations |= {back.server_name: back for back in backs_of(model).values()}
    return {
        name: _Branch(relations[name], _branches(relations[name].related(), rest))
        for name, rest in names.items()
        if name in relations
    }


def _settle_deep(record: Collection, branches: dict[str, _Branch]) -> None:
    values = kept_values(record)
    expand = values.pop("__expand__", None) or {}
    _drop_unset(record)
    record.__pydantic_fields_set__.clear()
    for name, branch in branches.items():
        if branch.relation.multiple:
            found = expand.get(name, [])  # the server leaves out what is empty
            expand[name] = found if isinstance(found, list) else [found]
            for item in expand[name]:
                _settle_deep(item, branch.behind)
        elif name in expand:
            _settle_deep(expand[name], branch.behind)
    if expand:
        state_of(record).expand = expand


def _record(model: type[Collection], branches: dict[str, _Branch]) -> CoreSchema:
    """The schema of one model's records with the related records that come along."""
    fields = {
        unseen(name) if spec.remembered else name: core_schema.model_field(
            field_schema(spec), validation_alias=spec.server_name
        )
        for name, spec in specs_of(model).items()
        if spec.kind is not Kind.PASSWORD
    }
    if branches:
        related = {
            name: core_schema.typed_dict_field(_related(branch), required=False) for name, branch in branches.items()
        }
        schema = core_schema.with_default_schema(
            core_schema.typed_dict_schema(related, extra_behavior="ignore"), default=None
        )
        fields["__expand__"] = core_schema.model_field(schema, validation_alias="expand")
    private = bool(model.__private_attributes__)
    return core_schema.model_schema(
        model,
        core_schema.model_fields_schema(fields, extra_behavior="ignore"),
        post_init="model_post_init" if private else None,
    )


def _related(branch: _Branch) -> CoreSchema:
    relation = branch.relation
    record = _record(relation.related(), branch.behind)
    if isinstance(relation, Back):  # one record where the relation is unique
        return core_schema.union_schema([core_schema.list_schema(record), record])
    return core_schema.list_schema(record) if relation.multiple else record


def field_schema(spec: Spec) -> CoreSchema:
    """A field as the server sends it: `""` is None where the model says so, a missing one is unset."""
    schema = _value(spec)
    if spec.multiple and spec.kind in (Kind.SELECT, Kind.RELATION, Kind.FILE):
        schema = core_schema.list_schema(schema)
    if spec.kind in (Kind.RELATION, Kind.FILE):
        pass  # the descriptor makes Refs and Files of the names, and None of ""
    elif spec.kind is Kind.JSON:
        schema = _json_or_null(spec, schema)
    elif spec.optional:
        schema = (
            core_schema.union_schema([empty_as_none(), schema], mode="left_to_right")
            if (spec.kind in (Kind.TEXT, Kind.EDITOR, Kind.URL, Kind.EMAIL))
            else core_schema.union_schema([schema, empty_as_none()], mode="left_to_right")
        )
    elif spec.kind is Kind.AUTODATE:
        schema = core_schema.union_schema([schema, empty_as_none()], mode="left_to_right")
    return core_schema.with_default_schema(schema, default=_Unset.UNSET)


def _json_or_null(spec: Spec, schema: CoreSchema) -> CoreSchema:
    """Json that was never set is null: None where the model says so, else the default that the model gives."""
    if spec.optional:
        return core_schema.nullable_schema(schema)
    if spec.info.is_required():
        return schema

    make = cast("Callable[[], Any]", spec.info.default_factory)
    # pydantic's own way looks at the factory's signature each time, which takes longer than all other fields
    is_plain = make is not None and not spec.info.default_factory_takes_validated_data

    def default(_: Any) -> Any:
        return make() if is_plain else spec.info.get_default(call_default_factory=True)

    unset = core_schema.no_info_after_validator_function(default, core_schema.none_schema())
    return core_schema.union_schema([schema, unset], mode="left_to_right")


def empty_as_none() -> CoreSchema:
    """What takes the server's empty text for None."""
    return core_schema.no_info_after_validator_function(_none, core_schema.literal_schema(["", None]))


def _none(_: Any) -> None:
    return None


_PLAIN: dict[Any, Callable[[], CoreSchema]] = {
    str: core_schema.str_schema,
    int: core_schema.int_schema,
    float: core_schema.float_schema,
    bool: core_schema.bool_schema,
}


def _value(spec: Spec) -> CoreSchema:
    if spec.kind in (Kind.DATE, Kind.AUTODATE):
        return core_schema.datetime_schema(tz_constraint="aware")
    if spec.kind is Kind.RELATION:
        return core_schema.str_schema(min_length=None if spec.optional else 1)
    if spec.kind is Kind.FILE:
        return core_schema.str_schema()
    bare = getattr(spec.type, "__origin__", spec.type) if hasattr(spec.type, "__metadata__") else spec.type
    if bare in _PLAIN:
        return _PLAIN[bare]()
    if bare is Any:
        return core_schema.any_schema()
    adapter: TypeAdapter[Any] = TypeAdapter(GeoPoint if spec.kind is Kind.GEO_POINT else bare)
    schema = adapter.core_schema
    if "definition" in schema["type"]:  # types that refer to themselves: the validator has definitions of its own
        return core_schema.no_info_plain_validator_function(adapter.validate_python)
    return schema


def loader_of(model: type[M], expand: tuple[str, ...] = ()) -> Loader[M]:
    """The model's loader for answers that bring these relations along, made on first use."""
    loaders = model.__dict__.get("__pb_loaders__")
    if loaders is None:
        loaders = {}
        type.__setattr__(model, "__pb_loaders__", loaders)
    found = loaders.get(expand)
    if found is None:
        if len(loaders) >= _MOST_LOADERS:
            loaders.clear()
        found = loaders[expand] = Loader(model, expand)
    return cast("Loader[M]", found)
