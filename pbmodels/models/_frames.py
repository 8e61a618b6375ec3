"""Records as columns: Arrow tables, polars and pandas data frames. The libraries are extras, loaded at first use.

| field | Arrow and polars | pandas |
|---|---|---|
| text, editor, url, email, select, file, relation | string | string |
| number: int, float | int64, float64 | int64, float64 |
| bool | bool | bool |
| date, autodate | timestamp in milliseconds, UTC | the same |
| several selects, files or relations | list of strings | lists |
| geoPoint | struct of lon and lat | dicts |
| json | its text | its text |

What is empty on the server and None in the model is null, and so is what the server withholds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

from pydantic_core import CoreSchema, core_schema, to_json

from pbmodels._errors import PocketBaseError
from pbmodels.models._loading import empty_as_none
from pbmodels.models._specs import Spec, specs_of
from pbmodels.models._values import Row, ValuesReader
from pbmodels.query import Kind

if TYPE_CHECKING:
    from pbmodels.models._collection import Collection

Column = Literal["text", "int", "float", "bool", "date", "texts", "point", "json"]
Chunk = dict[str, list[Any]]


def library(name: str, extra: str) -> Any:
    """A library that is an extra of this one.

    Raises:
        PocketBaseError: It is not installed; the message says how to install it.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise PocketBaseError(f"this needs {name}, which is not installed: pip install 'pbmodels[{extra}]'") from None


@dataclass(frozen=True)
class FrameMaker:
    """Makes a frame of one library out of rows that come in batches.

    Attributes:
        reader: Reads the answers.
        kinds: The kind of each column.
        chunk: Makes a piece of the frame, as compact as the library has it.
        join: Makes one frame of the pieces.
    """

    reader: ValuesReader
    kinds: dict[str, Column]
    chunk: Callable[[Chunk], Any]
    join: Callable[[list[Any]], Any]

    def piece(self, rows: Sequence[Row]) -> Any:
        """A piece of the frame."""
        columns: Chunk = {}
        for name, kind in self.kinds.items():
            values = [row.get(name) for row in rows]
            convert = _CONVERTED.get(kind)
            columns[name] = [None if v is None else convert(v) for v in values] if convert else values
        return self.chunk(columns)

    def frame(self, pieces: list[Any]) -> Any:
        """The frame of all pieces."""
        return self.join(pieces or [self.piece([])])


def arrow_maker(model: type[Collection], names: tuple[str, ...]) -> FrameMaker:
    """Makes Arrow tables."""
    pa = library("pyarrow", "arrow")
    kinds = _kinds(model, names)
    types = {
        "text": pa.string(),
        "json": pa.string(),
        "int": pa.int64(),
        "float": pa.float64(),
        "bool": pa.bool_(),
        "date": pa.timestamp("ms", "UTC"),
        "texts": pa.list_(pa.string()),
        "point": pa.struct([("lon", pa.float64()), ("lat", pa.float64())]),
    }
    schema = pa.schema([(name, types[kind]) for name, kind in kinds.items()])
    return FrameMaker(
        ValuesReader(model, names, _as_sent),
        kinds,
        lambda columns: pa.Table.from_pydict(columns, schema=schema),
        pa.concat_tables,
    )


def polars_maker(model: type[Collection], names: tuple[str, ...]) -> FrameMaker:
    """Makes polars data frames."""
    pl = library("polars", "polars")
    kinds = _kinds(model, names)
    types = {
        "text": pl.String,
        "json": pl.String,
        "int": pl.Int64,
        "float": pl.Float64,
        "bool": pl.Boolean,
        "date": pl.Datetime("ms", "UTC"),
        "texts": pl.List(pl.String),
        "point": pl.Struct({"lon": pl.Float64, "lat": pl.Float64}),
    }
    schema = {name: types[kind] for name, kind in kinds.items()}
    return FrameMaker(
        ValuesReader(model, names, _as_sent),
        kinds,
        lambda columns: pl.DataFrame(columns, schema=schema),
        pl.concat,
    )


def pandas_maker(model: type[Collection], names: tuple[str, ...]) -> FrameMaker:
    """Makes pandas data frames."""
    pd = library("pandas", "pandas")
    kinds = _kinds(model, names)
    types = {
        "text": "string",
        "json": "string",
        "int": "int64",
        "float": "float64",
        "bool": "bool",
        "date": "datetime64[ms, UTC]",
        "texts": "object",
        "point": "object",
    }
    nullable = {"int": "Int64", "bool": "boolean"}

    def series(kind: Column, values: list[Any]) -> Any:
        has_null = kind in nullable and None in values
        return pd.Series(values, dtype=nullable[kind] if has_null else types[kind])

    return FrameMaker(
        ValuesReader(model, names, _as_sent),
        kinds,
        lambda columns: pd.DataFrame({name: series(kinds[name], values) for name, values in columns.items()}),
        lambda pieces: pd.concat(pieces, ignore_index=True),
    )


def _kinds(model: type[Collection], names: tuple[str, ...]) -> dict[str, Column]:
    specs = specs_of(model)
    return {name: _column(specs[name]) for name in names}


def _column(spec: Spec) -> Column:
    if spec.kind is Kind.JSON:
        return "json"
    if spec.multiple:
        return "texts"
    match spec.kind:
        case Kind.NUMBER:
            bare = getattr(spec.type, "__origin__", spec.type)
            return "int" if isinstance(bare, type) and issubclass(bare, int) else "float"
        case Kind.BOOL:
            return "bool"
        case Kind.DATE | Kind.AUTODATE:
            return "date"
        case Kind.GEO_POINT:
            return "point"
        case _:
            return "text"


def _as_sent(spec: Spec) -> CoreSchema | None:
    """What is read otherwise than for a record: json as it came, selects as texts, an empty date as None."""
    match _column(spec):
        case "json":
            return core_schema.any_schema()
        case "texts":
            return core_schema.list_schema(core_schema.str_schema())
        case "date":
            return core_schema.union_schema(
                [core_schema.datetime_schema(tz_constraint="aware"), empty_as_none()], mode="left_to_right"
            )
        case "text" if spec.kind is Kind.SELECT:
            return core_schema.union_schema([empty_as_none(), core_schema.str_schema()], mode="left_to_right")
        case _:
            return None


_CONVERTED: dict[Column, Callable[[Any], Any]] = {
    "json": lambda value: to_json(value).decode(),
    "date": lambda value: value.astimezone(UTC),
    "point": lambda value: {"lon": value.lon, "lat": value.lat},
}
