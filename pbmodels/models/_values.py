"""From the bytes of an answer to plain values, without records: what `values` and `values_list` read with. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError
from pydantic_core import CoreSchema, SchemaValidator, core_schema

from pbmodels._errors import FilterError
from pbmodels.models._errors import FieldNotLoaded
from pbmodels.models._loading import empty_as_none, field_schema, unreadable
from pbmodels.models._paths import to_fields
from pbmodels.models._specs import Spec, specs_of
from pbmodels.query import Kind

if TYPE_CHECKING:
    from pbmodels.models._collection import Collection

Row = dict[str, Any]
ID = "id"


def value_names(model: type[Collection], fields: Iterable[object]) -> tuple[str, ...]:
    """The names in Python of fields that were given as `Post.title` or as text; of all that can be read for none.

    Raises:
        FilterError: One of them is no field of the model's own, or is never sent.
    """
    given = tuple(fields)
    specs = specs_of(model)
    if not given:
        return tuple(name for name, spec in specs.items() if spec.kind is not Kind.PASSWORD)
    by_server = {spec.server_name: name for name, spec in specs.items()}
    names = tuple(by_server[to_fields(model, (field,), ())[-1]] if str(field) != ID else ID for field in given)
    if hidden := [name for name in names if specs[name].kind is Kind.PASSWORD]:
        raise FilterError(f"{specs[hidden[0]].label} is a password, which PocketBase never sends")
    return tuple(dict.fromkeys(names))


class ValuesReader:
    """Reads answers as dicts of these fields' values; each has its id too.

    Args:
        model: The model.
        names: The fields' names in Python.
        schema: What the values of a field are read as, where it is not what records hold.
    """

    def __init__(
        self,
        model: type[Collection],
        names: Sequence[str],
        schema: Callable[[Spec], CoreSchema | None] = lambda _: None,
    ) -> None:
        self._model = model
        specs = specs_of(model)
        fields = {
            name: core_schema.typed_dict_field(
                schema(specs[name]) or _schema(specs[name]), validation_alias=specs[name].server_name, required=False
            )
            for name in dict.fromkeys((*names, ID))
        }
        row = core_schema.typed_dict_schema(fields, extra_behavior="ignore")
        self._page = SchemaValidator(
            core_schema.typed_dict_schema(
                {"items": core_schema.typed_dict_field(core_schema.list_schema(row))}, extra_behavior="ignore"
            ),
            _use_prebuilt=False,
        )

    def rows(self, body: bytes) -> list[Row]:
        """The rows of a list's answer; what the server withheld is not in them.

        Raises:
            UnreadableRecord: A value does not fit its declared type.
        """
        try:
            return cast("list[Row]", self._page.validate_json(body)["items"])
        except ValidationError as error:
            raise unreadable(self._model, error, body) from None


def _schema(spec: Spec) -> CoreSchema:
    """A value as records show it; a relation is its id, a file its name, None where there is none."""
    schema = field_schema(spec)
    if spec.kind in (Kind.RELATION, Kind.FILE) and not spec.multiple:
        return core_schema.union_schema([empty_as_none(), core_schema.str_schema()], mode="left_to_right")
    return cast("CoreSchema", schema["schema"]) if schema["type"] == "default" else schema


def as_dicts(names: tuple[str, ...]) -> Callable[[list[Row]], list[Row]]:
    """Rows as they are, with the id only where it was asked for."""
    if ID in names:
        return list

    def without_id(rows: list[Row]) -> list[Row]:
        for row in rows:
            del row[ID]
        return rows

    return without_id


def as_tuples(model: type[Collection], names: tuple[str, ...], flat: bool) -> Callable[[list[Row]], list[Any]]:
    """Rows as tuples in the order of the fields, or as the one value of each."""
    pick: Callable[[Row], Any] = itemgetter(*names)

    def tuples(rows: list[Row]) -> list[Any]:
        try:
            found = [pick(row) for row in rows]
        except KeyError as error:
            raise FieldNotLoaded(
                f"{model.__collection__}.{error.args[0]} was not sent by the server: it is hidden from "
                "who is signed in; values() leaves such a field out of the record's dict"
            ) from None
        return found if flat or len(names) > 1 else [(value,) for value in found]

    return tuples


def reader_of(model: type[Collection], names: tuple[str, ...]) -> ValuesReader:
    """The model's reader of these fields, made on first use."""
    readers = model.__dict__.get("__pb_readers__")
    if readers is None:
        readers = {}
        type.__setattr__(model, "__pb_readers__", readers)
    found = readers.get(names)
    if found is None:
        found = readers[names] = ValuesReader(model, names)
    return cast("ValuesReader", found)
