"""From the bytes of an answer to records, in one pass of pydantic-core.

Loading checks types, not the constraints that guard writing. Fields that the model does not declare are
skipped, fields that the server withholds stay unset.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import CoreSchema, SchemaValidator, core_schema, from_json

from pbmodels.client import ListResult
from pbmodels.models._errors import UnreadableRecord
from pbmodels.models._specs import Spec, specs_of
from pbmodels.models._state import state_of, values_of
from pbmodels.models._types import GeoPoint
from pbmodels.query import Kind

if TYPE_CHECKING:
    from pbmodels.models._collection import Collection

M = TypeVar("M", bound="Collection")


class _Unset(enum.Enum):
    UNSET = enum.auto()


class Page(ListResult[M]):
    """One page of records: `items`, `page`, `per_page`, `total_items`, `total_pages`; iterates over its items."""


class Loader(Generic[M]):
    """Reads answers that hold records of one model.

    Args:
        model: The model.
        expand: Whether related records come along.
    """

    def __init__(self, model: type[M], *, expand: bool) -> None:
        self._model = model
        self._expand = expand
        self._count = sum(1 for spec in specs_of(model).values() if spec.kind is not Kind.PASSWORD)
        seen: dict[Any, CoreSchema] = {}
        record = _reference(model, seen, expand)

        def validator(schema: CoreSchema) -> SchemaValidator:
            # not pydantic's own validators of these classes, which check what may be written
            return SchemaValidator(core_schema.definitions_schema(schema, list(seen.values())), _use_prebuilt=False)

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
        return self._settled([self._read(self._one, body)])[0]

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

    def event(self, body: bytes | str) -> tuple[str, M]:
        """Action and record of a realtime event."""
        data = self._read(self._event, body)
        return data["action"], self._settled([data["record"]])[0]

    def _read(self, validator: SchemaValidator, body: bytes | str) -> Any:
        try:
            return validator.validate_json(body)
        except ValidationError as error:
            raise self._unreadable(error, body) from None

    def _settled(self, records: list[M]) -> list[M]:
        """Loaded records count as unchanged; what the server withheld is taken out again."""
        if self._expand:
            for record in records:
                _settle_deep(record)
            return records
        count = self._count
        for record in records:
            loaded = record.__pydantic_fields_set__
            if len(loaded) != count:
                _drop_unset(record)
            loaded.clear()
        return records

    def _unreadable(self, error: ValidationError, body: bytes | str) -> UnreadableRecord:
        name = self._model.__collection__
        found = error.errors(include_url=False, include_input=False)[0]
        location = list(found["loc"])
        try:
            data = from_json(body)
        except ValueError:
            return UnreadableRecord(
                f"the answer for collection {name!r} is not JSON; is the url a PocketBase server's?"
            )
        if location[:1] == ["items"]:
            data, location = data["items"][location[1]], location[2:]
        elif location[:1] == ["record"]:
            data, location = data["record"], location[1:]
        field = ".".join(str(part) for part in location if not str(part).startswith("function-"))
        record_id = data.get("id", "?") if isinstance(data, dict) else "?"
        reason = "the relation is not set" if found["type"] == "string_too_short" else found["msg"]
        return UnreadableRecord(
            f"{name}.{field} of record {record_id!r} does not fit its declared type ({reason}); "
            f"change the record on the server, or the type in {self._model.__name__}"
        )


def _drop_unset(record: Collection) -> None:
    values = values_of(record)
    for name in [name for name, value in values.items() if value is _Unset.UNSET]:
        del values[name]


def _settle_deep(record: Collection) -> None:
    values = values_of(record)
    expand = values.pop("__expand__", None)
    _drop_unset(record)
    record.__pydantic_fields_set__.clear()
    if expand:
        state_of(record).expand = expand
        for related in expand.values():
            for item in related if isinstance(related, list) else [related]:
                _settle_deep(item)


def _reference(model: type[Collection], seen: dict[Any, CoreSchema], expand: bool) -> CoreSchema:
    """The schema of one model's records by reference, so that models may relate to each other in circles."""
    ref = f"{model.__module__}.{model.__qualname__}:{id(model)}"
    if ref not in seen:
        seen[ref] = core_schema.any_schema()  # holds the place while the related models are read
        fields = {
            name: core_schema.model_field(_field(spec), validation_alias=spec.server_name)
            for name, spec in specs_of(model).items()
            if spec.kind is not Kind.PASSWORD
        }
        if expand:
            related = {
                spec.server_name: core_schema.typed_dict_field(_related(spec, seen), required=False)
                for spec in specs_of(model).values()
                if spec.kind is Kind.RELATION
            }
            schema = core_schema.with_default_schema(
                core_schema.typed_dict_schema(related, extra_behavior="ignore"), default=None
            )
            fields["__expand__"] = core_schema.model_field(schema, validation_alias="expand")
        private = bool(model.__private_attributes__)
        seen[ref] = core_schema.model_schema(
            model,
            core_schema.model_fields_schema(fields, extra_behavior="ignore"),
            post_init="model_post_init" if private else None,
            ref=ref,
        )
    return core_schema.definition_reference_schema(ref)


def _related(spec: Spec, seen: dict[Any, CoreSchema]) -> CoreSchema:
    record = _reference(spec.related(), seen, True)
    return core_schema.list_schema(record) if spec.multiple else record


def _field(spec: Spec) -> CoreSchema:
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
            core_schema.union_schema([_empty_as_none(), schema], mode="left_to_right")
            if (spec.kind in (Kind.TEXT, Kind.EDITOR, Kind.URL, Kind.EMAIL))
            else core_schema.union_schema([schema, _empty_as_none()], mode="left_to_right")
        )
    elif spec.kind is Kind.AUTODATE:
        schema = core_schema.union_schema([schema, _empty_as_none()], mode="left_to_right")
    return core_schema.with_default_schema(schema, default=_Unset.UNSET)


def _json_or_null(spec: Spec, schema: CoreSchema) -> CoreSchema:
    """Json that was never set is null: None where the model says so, else the default that the model gives."""
    if spec.optional:
        return core_schema.nullable_schema(schema)
    if spec.info.is_required():
        return schema

    def default(_: Any) -> Any:
        return spec.info.get_default(call_default_factory=True)

    unset = core_schema.no_info_after_validator_function(default, core_schema.none_schema())
    return core_schema.union_schema([schema, unset], mode="left_to_right")


def _empty_as_none() -> CoreSchema:
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


def loader_of(model: type[M], *, expand: bool = False) -> Loader[M]:
    """The model's loader, made on first use."""
    key = "__pb_loader_expand__" if expand else "__pb_loader__"
    found = model.__dict__.get(key)
    if found is None:
        found = Loader(model, expand=expand)
        type.__setattr__(model, key, found)
    return cast("Loader[M]", found)
