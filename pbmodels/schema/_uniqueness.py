"""Which records stand in the way of a new unique index; pure, reading them is done elsewhere.

The server refuses such an index for the first pair that it finds, and does not say how many there are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from pbmodels.schema._defaults import Json
from pbmodels.schema._plan import INDEX

_COLUMN = re.compile(r"\s*[`\"\[]?(\w+)[`\"\]]?\s*(collate\s+nocase)?\s*(?:asc|desc)?\s*", re.IGNORECASE)
_FILLED = re.compile(r"\s*[`\"\[]?(\w+)[`\"\]]?\s*(?:!=|<>)\s*''\s*")
_UNREADABLE = frozenset({"password", "json"})
"""Kinds whose values the API does not give, or not as the database compares them."""
_EMPTY = {"number": 0, "bool": False}


class Repeats:
    """Tells of each record whether it is the first with its values in a unique index.

    Attributes:
        fields: The fields to read, by their names on the server now.

    Example:
        >>> name = {"id": "f1", "name": "name", "type": "text"}
        >>> first = unique_values("CREATE UNIQUE INDEX `i` ON `tags` (`name`)", [name], [name])
        >>> [first({"name": value}) for value in ("a", "b", "a")]
        [True, True, False]
    """

    def __init__(self, columns: list[tuple[Json, str | None, bool]], filled: list[str | None]) -> None:
        self._columns = columns
        self._filled = filled
        self._seen: set[tuple[str, ...]] = set()
        self.fields = tuple({name for name in (*(name for _, name, _ in columns), *filled) if name is not None})

    def __call__(self, record: Mapping[str, Any]) -> bool:
        if any(name is None or record.get(name) in ("", None, []) for name in self._filled):
            return True  # the index does not hold it
        values = tuple(_value(record, *column) for column in self._columns)
        if values in self._seen:
            return False
        self._seen.add(values)
        return True


def unique_values(index: str, before: list[Json], after: list[Json]) -> Repeats | None:
    """What finds records that are alike in an index; None when it is not unique, or only the server can tell.

    Args:
        index: The statement that is to make it.
        before: The collection's fields as they are.
        after: Its fields as they are to be.
    """
    found = INDEX.match(index.strip())
    if found is None or not found[1]:
        return None
    new, old = {field["name"]: field for field in after}, {field["id"]: field["name"] for field in before}
    columns = [_COLUMN.fullmatch(part) for part in found[4].split(",")]
    filled = [_FILLED.fullmatch(part) for part in re.split(r"\band\b", found[5], flags=re.I)] if found[5] else []
    if not all(match and match[1] in new for match in (*columns, *filled)):
        return None
    fields = [(new[match[1]], bool(match[2])) for match in columns if match]
    if any(field["type"] in _UNREADABLE or field["name"] == "tokenKey" for field, _ in fields):
        return None
    return Repeats(
        [(field, old.get(field["id"]), nocase) for field, nocase in fields],
        [old.get(new[match[1]]["id"]) for match in filled if match],
    )


def _value(record: Mapping[str, Any], field: Json, name: str | None, nocase: bool) -> str:
    value = _EMPTY.get(field["type"], "") if name is None else record.get(name)
    text = json.dumps(value, ensure_ascii=False)
    return re.sub("[A-Z]", lambda letter: letter[0].lower(), text) if nocase else text
