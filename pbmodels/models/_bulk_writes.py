"""What the bulk verbs write, one `Write` for each record: all of it is checked before any of it is sent. No I/O."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pydantic import ValidationError
from pydantic_core import SchemaValidator, core_schema

from pbmodels._errors import FilterError
from pbmodels.client import Upload
from pbmodels.client._record_calls import delete_call, write_call
from pbmodels.client._request import Call
from pbmodels.models._errors import InvalidRecord
from pbmodels.models._paths import unknown_field
from pbmodels.models._refs import Ref
from pbmodels.models._specs import specs_of
from pbmodels.models._validation import fields_of, refusal
from pbmodels.models._wire import to_wire
from pbmodels.models._writing import Saving, new_related, refuse_new, refuse_view, saving
from pbmodels.query import Kind

if TYPE_CHECKING:
    from pbmodels.models._collection import Collection

M = TypeVar("M", bound="Collection")


@dataclass(frozen=True, slots=True, eq=False)
class Write:
    """What is written of one record.

    Attributes:
        record_id: The record's id.
        ready: The request, as it would go alone, where it is no save of JSON, which makes its request when it is sent.
        record: The object, where there is one.
        saving: The save that it is, None for a delete or for a record that is not here.
    """

    record_id: str
    ready: Call | None
    record: Collection | None = None
    saving: Saving | None = None

    @classmethod
    def of(cls, under_way: Saving, files: bool) -> Write:
        """The write of a save, whose model may have files or not."""
        record = under_way.record
        return cls(record.id, under_way.call if files else None, record, under_way)

    @property
    def call(self) -> Call:
        """The request, as it would go alone."""
        if self.ready is not None:
            return self.ready
        assert self.saving is not None
        return self.saving.call


def creating(model: type[M], records: Sequence[M], made: Container[object] = ()) -> tuple[list[Write], bool]:
    """The creates of new records, and whether some relate to others of them, so that their order counts.

    Args:
        model: The model.
        records: The records.
        made: Those among them that an earlier try turned out to have made.

    Raises:
        InvalidRecord: One of them cannot be created; the message says which.
        ModelError: The model is a view.
    """
    refuse_view(model)
    kinds = {spec.kind for spec in specs_of(model).values()}
    relates, files = Kind.RELATION in kinds, Kind.FILE in kinds
    planned: set[object] = set()
    writes: list[Write] = []
    ordered = False
    for index, record in enumerate(records):
        _refuse_other(model, "bulk_create", index, record)
        if not record.is_new and record not in made:
            raise _refused("bulk_create", index, f"{record.id!r} is saved already: use bulk_update")
        if record in planned:
            raise _refused("bulk_create", index, f"{record.id!r} is in the list twice")
        under_way = _checked("bulk_create", index, record, None, planned)
        if under_way is None:
            continue
        ordered = ordered or (relates and bool(new_related(record)))
        planned.add(record)
        writes.append(Write.of(under_way, files))
    return writes, ordered


def updating(model: type[M], records: Sequence[M], only: Iterable[object] | None) -> list[Write]:
    """The updates of saved records that have changes.

    Raises:
        InvalidRecord: One of them cannot be updated; the message says which.
        ModelError: The model is a view.
    """
    refuse_view(model)
    only = None if only is None else list(only) if not isinstance(only, str) else only
    files = any(spec.kind is Kind.FILE for spec in specs_of(model).values())
    seen: set[int] = set()
    writes: list[Write] = []
    for index, record in enumerate(records):
        _refuse_other(model, "bulk_update", index, record)
        if record.is_new:
            raise _refused("bulk_update", index, f"{record.id!r} was never saved: use bulk_create")
        if id(record) in seen:
            continue
        seen.add(id(record))
        under_way = _checked("bulk_update", index, record, only, ())
        if under_way is not None:
            writes.append(Write.of(under_way, files))
    return writes


def deleting(model: type[M], records: Sequence[M | Ref[M] | str]) -> list[Write]:
    """The deletes of records that are given as objects, references or ids.

    Raises:
        InvalidRecord: One of them is none of these, or was never saved; the message says which.
        ModelError: The model is a view.
    """
    refuse_view(model)
    writes: dict[str, Write] = {}
    for index, record in enumerate(records):
        if isinstance(record, (str, Ref)):
            record_id, here = str(record), None
        else:
            _refuse_other(model, "bulk_delete", index, record)
            if record.is_new:
                raise _refused("bulk_delete", index, f"{record.id!r} was never saved, so there is nothing to delete")
            record_id, here = record.id, record
        writes.setdefault(record_id, Write(record_id, delete_call(model.__collection__, record_id), here))
    return list(writes.values())


def changing(model: type[Collection], ids: Iterable[str], body: Mapping[str, Any]) -> list[Write]:
    """The updates of records that are not here, all to the same values."""
    return [Write(record_id, write_call(model.__collection__, record_id, body)) for record_id in ids]


def removing(model: type[Collection], ids: Iterable[str]) -> list[Write]:
    """The deletes of records that are not here."""
    return [Write(record_id, delete_call(model.__collection__, record_id)) for record_id in ids]


def values_body(model: type[Collection], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that `update` gives to all records of a query set, as they are sent.

    Raises:
        InvalidRecord: A field does not exist, cannot be set, or cannot hold its value.
        FilterError: There are none.
        ModelError: The model is a view.
    """
    refuse_view(model)
    if not values:
        raise FilterError(f"update() needs the values to set, such as {model.__name__}.where().update(title='x')")
    specs = specs_of(model)
    for name in values:
        spec = specs.get(name)
        if spec is None:
            raise InvalidRecord(unknown_field(model, name), {name: "unknown"})
        if spec.read_only or name == "id":
            raise InvalidRecord(f"{spec.label} cannot be set for many records at once", {name: "read-only"})
    body: dict[str, Any] = {}
    for name, value in _validated(model, values).items():
        spec = specs[name]
        if spec.kind is Kind.RELATION:
            refuse_new(spec, value if spec.multiple else [value])
        sent = to_wire(spec, value)
        if any(isinstance(item, Upload) for item in (sent if isinstance(sent, list) else [sent])):
            message = f"{spec.label} takes no new files for many records at once: set it on each and save it"
            raise InvalidRecord(message, {name: message})
        body[spec.server_name] = sent
        if spec.kind is Kind.PASSWORD:
            body[f"{spec.server_name}Confirm"] = sent
    return body


def _validated(model: type[Collection], values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as their fields hold them; validators of the whole model need a record, and have none here."""
    schema: Any = model.__pydantic_core_schema__
    fields = fields_of(schema)
    shape: Any = core_schema.typed_dict_schema(
        {name: core_schema.typed_dict_field(fields[name]["schema"]) for name in values}
    )
    if schema["type"] == "definitions":
        shape = core_schema.definitions_schema(shape, schema["definitions"])
    try:
        return cast("dict[str, Any]", SchemaValidator(shape).validate_python(dict(values)))
    except ValidationError as error:
        raise refusal(model, error) from None


def _checked(verb: str, index: int, record: Collection, only: Iterable[object] | None, planned: Any) -> Saving | None:
    try:
        return saving(record, only, planned)
    except InvalidRecord as error:
        raise _refused(verb, index, str(error), error.errors) from None


def _refuse_other(model: type[Collection], verb: str, index: int, record: object) -> None:
    if not isinstance(record, model) or type(record).__collection__ != model.__collection__:
        raise _refused(verb, index, f"it is no record of {model.__name__} but {type(record).__name__}")


def _refused(verb: str, index: int, why: str, errors: Mapping[str, str] | None = None) -> InvalidRecord:
    return InvalidRecord(f"{verb}() sent nothing, because of the record at index {index}: {why}", errors)
