"""The fields of a collection as columns of a file: from the server's value to text or Arrow, and back, checked."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from pbmodels.client import Record

if TYPE_CHECKING:
    import pyarrow

SECRETS = ("password", "tokenKey")
"""Fields of auth collections that the server never gives."""

_TEXTS = ("text", "editor", "email", "url", "password")
_DATES = ("date", "autodate")


class NotAValue(ValueError):
    """A value that the field cannot hold; the message says what it should be."""


@dataclass(frozen=True)
class Column:
    """One field of a collection.

    Attributes:
        name: Its name.
        type: Its type on the server.
        multiple: Whether it holds a list.
        options: The server's whole description of it.
    """

    name: str
    type: str
    multiple: bool
    options: dict[str, Any]

    @property
    def is_file(self) -> bool:
        """Whether it names files."""
        return self.type == "file"

    @property
    def structured(self) -> bool:
        """Whether a text file holds its values as JSON."""
        return self.multiple or self.type in ("json", "geoPoint")

    def from_text(self, text: str) -> Any:
        """The value that a cell of a CSV file stands for.

        Raises:
            NotAValue: The text cannot be read as one.
        """
        if self.structured:
            if not text:
                return [] if self.multiple else None if self.type == "json" else {"lon": 0, "lat": 0}
            try:
                return json.loads(text)
            except ValueError:
                raise NotAValue(f"must be JSON, not {text!r}") from None
        if self.type == "bool":
            if text.lower() in ("true", "1"):
                return True
            if text.lower() in ("false", "0", ""):
                return False
            raise NotAValue(f"must be true or false, not {text!r}")
        if self.type == "number":
            if not text:
                return 0
            try:
                return int(text) if text.lstrip("-").isdigit() else float(text)
            except ValueError:
                raise NotAValue(f"must be a number, not {text!r}") from None
        return text

    def from_arrow(self, value: Any) -> Any:
        """The value that a cell of a Parquet file stands for.

        Raises:
            NotAValue: A text that should be JSON is none.
        """
        if value is None:
            return None if self.type == "json" else self.from_text("")
        if isinstance(value, datetime):
            moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
            return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}Z"
        if self.type == "json" and isinstance(value, str):
            return self.from_text(value)
        return value

    def check(self, value: Any) -> None:
        """Refuse what the server would change without a word.

        Raises:
            NotAValue: It is no value of this field.
        """
        if self.multiple:
            values = value if isinstance(value, list) else [] if value in ("", None) else [value]
            if not all(isinstance(each, str) for each in values):
                raise NotAValue(f"must be a list of texts, not {value!r}")
            self._check_options(values)
        elif self.type == "number":
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
                raise NotAValue(f"must be a number, not {value!r}")
            if isinstance(value, int) and abs(value) > 2**53:
                raise NotAValue(f"must be at most 2**53, beyond which the server rounds, not {value!r}")
        elif self.type == "bool":
            if not isinstance(value, bool):
                raise NotAValue(f"must be true or false, not {value!r}")
        elif self.type in _DATES:
            self._check_date(value)
        elif self.type == "geoPoint":
            if not isinstance(value, dict) or not {"lon", "lat"} >= set(value):
                raise NotAValue(f'must be {{"lon": ..., "lat": ...}}, not {value!r}')
        elif self.type != "json":
            if not isinstance(value, str):
                raise NotAValue(f"must be a text, not {value!r}")
            self._check_options([value] if value else [])

    def _check_options(self, values: Sequence[str]) -> None:
        if self.type == "select":
            known = self.options.get("values", [])
            if odd := next((each for each in values if each not in known), None):
                raise NotAValue(f"must be of {', '.join(known)}, not {odd!r}")

    def _check_date(self, value: Any) -> None:
        if value in ("", None):
            return
        try:
            datetime.fromisoformat(value)
        except (TypeError, ValueError):
            raise NotAValue(f"must be a date such as 2024-05-01 08:00:00.000Z, not {value!r}") from None

    def to_arrow(self, values: Iterable[Any]) -> pyarrow.Array:
        """Values as a Parquet file holds them; null where the server has none."""
        import pyarrow as pa

        if self.type in _DATES:
            return pa.array([value or None for value in values], pa.string()).cast(self.arrow_type())
        if self.type == "json":
            return pa.array([_as_json(value) for value in values], pa.string())
        return pa.array(values, self.arrow_type())

    def arrow_type(self) -> pyarrow.DataType:
        """The type of the column in a Parquet file."""
        import pyarrow as pa

        if self.multiple:
            return pa.list_(pa.string())
        if self.type in _DATES:
            return pa.timestamp("ms", tz="UTC")
        if self.type == "number":
            return pa.int64() if self.options.get("onlyInt") else pa.float64()
        if self.type == "bool":
            return pa.bool_()
        if self.type == "geoPoint":
            return pa.struct([("lon", pa.float64()), ("lat", pa.float64())])
        return pa.string()


def columns_of(collection: Record) -> list[Column]:
    """The columns of a collection, in its order; not the fields that the server never gives."""
    found: list[Column] = []
    for options in collection["fields"]:
        if options["name"] not in SECRETS:
            kind = str(options["type"])
            several = kind in ("select", "file", "relation") and options.get("maxSelect", 1) > 1
            found.append(Column(str(options["name"]), kind, several, dict(options)))
    return found


_CELLS: dict[type, Callable[[Any], str]] = {
    str: str,
    int: repr,
    float: repr,
    bool: lambda value: "true" if value else "false",
    type(None): lambda value: "",
}


def cells(record: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    """A record's values in a row of a CSV file."""
    return [_CELLS.get(type(value), _as_json)(value) for value in map(record.get, names)]


def _as_json(value: Any) -> str:
    return to_json(value).decode()
