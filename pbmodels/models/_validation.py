"""What may be put into a field: everything that the server would silently change is refused here.

pydantic validates the type; the functions here wrap its schemas with PocketBase's own rules.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError
from pydantic_core import CoreSchema, core_schema

from pbmodels._filter_text import MAX_SAFE_INTEGER
from pbmodels.models._errors import InvalidRecord
from pbmodels.models._limits import has_limits, refuse_beyond
from pbmodels.models._paths import unknown_field
from pbmodels.models._refs import refuse_other
from pbmodels.models._specs import Spec, make_spec
from pbmodels.models._wire import named, to_wire
from pbmodels.query import Kind

if TYPE_CHECKING:
    from pbmodels.models._collection import Collection

Handler = Callable[[Any], Any]


def guard(model: type[Collection], schema: CoreSchema) -> None:
    """Wrap the fields of a model's schema, in place, with the rules of their kinds."""
    fields = fields_of(schema)
    for name, info in model.__pydantic_fields__.items():
        spec = make_spec(model, name, info)
        field = fields[name]
        inner = field["schema"]
        if inner["type"] == "default":
            inner["schema"] = _guarded(spec, inner["schema"])
        else:
            field["schema"] = _guarded(spec, inner)


def fields_of(schema: Any) -> dict[str, Any]:
    """The schemas of a model's fields, out of the schema of the model."""
    while schema["type"] != "model-fields":
        schema = schema["schema"]
    return cast("dict[str, Any]", schema["fields"])


def _guarded(spec: Spec, schema: CoreSchema) -> CoreSchema:
    rule = _RULES.get(spec.kind, _text)

    def check(value: Any, handler: Handler) -> Any:
        if spec.optional and (value is None or value == ""):
            return None
        return rule(spec, value, handler)

    def check_limits(value: Any, handler: Handler) -> Any:
        value = check(value, handler)
        if value is not None:
            refuse_beyond(spec, value)
        return value

    return core_schema.no_info_wrap_validator_function(check_limits if has_limits(spec) else check, schema)


def _text(spec: Spec, value: Any, handler: Handler) -> Any:
    value = handler(value)
    to_wire(spec, value)
    if spec.kind is Kind.SELECT and spec.multiple:
        _refuse_repeats(value)
    return value


def _refuse_repeats(values: list[Any]) -> None:
    repeated = next((value for index, value in enumerate(values) if value in values[:index]), None)
    if repeated is not None:
        raise ValueError(f"has {str(repeated)!r} more than once, and PocketBase keeps each once; remove the repeats")


def _number(spec: Spec, value: Any, handler: Handler) -> Any:
    if isinstance(value, bool):
        raise ValueError(f"takes a number, not {value}; an int of 0 or 1 if you mean one")
    if isinstance(value, int) and abs(value) > MAX_SAFE_INTEGER:
        raise ValueError(
            f"{value} is beyond 2**53, where PocketBase's numbers lose digits; use a text field (Field[str]) to keep it"
        )
    value = handler(value)
    if not math.isfinite(value):
        raise ValueError(f"{value} is not a finite number, and PocketBase stores no others")
    if isinstance(value, int) and abs(value) > MAX_SAFE_INTEGER:
        raise ValueError(f"{value} is beyond 2**53, where PocketBase's numbers lose digits; use Field[str] to keep it")
    if isinstance(value, Decimal):
        to_wire(spec, value)
    return value


def _date(spec: Spec, value: Any, handler: Handler) -> Any:
    moment = handler(value)
    if not isinstance(moment, datetime):
        return moment
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise ValueError(
            f"{moment!r} has no timezone, so it is no moment in time; "
            "use e.g. datetime.now(timezone.utc) or value.replace(tzinfo=timezone.utc)"
        )
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{moment} is in no year from 1 to 9999 in UTC, and PocketBase keeps no others") from None
    if moment < _ZERO_ENDS:
        raise ValueError("0001-01-01 00:00:00 UTC stands for no date in PocketBase; use None or a later moment")
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)  # what PocketBase keeps


_ZERO_ENDS = datetime(1, 1, 1, microsecond=1000, tzinfo=UTC)


def _as_it_is(spec: Spec, value: Any, handler: Handler) -> Any:
    return handler(value)


def _place(spec: Spec, value: Any, handler: Handler) -> Any:
    place = handler(value)
    for name, degrees, most in (("lon", place.lon, 180), ("lat", place.lat, 90)):
        if not isinstance(degrees, (int, float)) or isinstance(degrees, bool):
            raise ValueError(f"{name} is {degrees!r}, and takes a number of degrees")
        if not abs(degrees) <= most:
            raise ValueError(f"{name} is {degrees}, and lies between -{most} and {most} degrees")
    return place


def _relations(spec: Spec, value: Any, handler: Handler) -> Any:
    refs = handler(value)
    for ref in refs if spec.multiple else [refs]:
        refuse_other(spec, ref)
    if spec.multiple:
        _refuse_repeats(refs)
    return refs


def _files(spec: Spec, value: Any, handler: Handler) -> Any:
    found = handler(value)
    return [named(spec, file) for file in found] if spec.multiple else named(spec, found)


def _autodate(spec: Spec, value: Any, handler: Handler) -> Any:
    if value is None:
        return None  # the default: not saved yet
    raise ValueError("is filled by the server; leave it out")


_RULES: dict[Kind, Callable[[Spec, Any, Handler], Any]] = {
    Kind.NUMBER: _number,
    Kind.DATE: _date,
    Kind.AUTODATE: _autodate,
    Kind.BOOL: _as_it_is,
    Kind.GEO_POINT: _place,
    Kind.RELATION: _relations,
    Kind.FILE: _files,
}


def refusal(model: type[Collection], error: ValidationError) -> InvalidRecord:
    """Pydantic's findings as one sentence that names the collection and each field."""
    found: dict[str, str] = {}
    for item in error.errors(include_url=False):
        location = [part for part in item["loc"] if not str(part).startswith("function-")]
        name = str(location[0]) if location else ""
        where = ".".join(str(part) for part in location[1:] if isinstance(part, int))
        kind = item["type"]
        if kind in ("extra_forbidden", "no_such_attribute"):
            text = unknown_field(model, name)
        elif kind == "missing":
            text = f"{model.__collection__}.{name} is required: give it a value, or a default in {model.__name__}"
        else:
            message = item["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
            if kind.endswith("_type"):
                message = f"{message[0].lower()}{message[1:]}, not {type(item['input']).__name__}"
            label = f"{model.__collection__}.{name}" if name else f"a record of {model.__collection__!r}"
            text = message if message.startswith(label) else f"{label}{f'[{where}]' if where else ''}: {message}"
        found.setdefault(name, text)
    return InvalidRecord("; ".join(found.values()), found)
