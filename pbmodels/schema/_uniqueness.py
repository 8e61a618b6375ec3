"""Which records stand in the way of a new unique index; reading them is done elsewhere.

The server refuses such an index for the first pair that it finds, and does not say how many there are. So the index is
made in a SQLite database of our own, over the columns that it speaks of: SQLite alone knows what collations,
expressions and conditions make of values.
"""

from __future__ import annotations

import json
import re
import sqlite3
import weakref
from collections.abc import Mapping
from typing import Any

from pbmodels.schema._defaults import Json
from pbmodels.schema._plan import INDEX

_TYPES = {"number": "NUMERIC", "bool": "BOOLEAN", "json": "JSON"}
_EMPTY: dict[str, Any] = {"number": 0, "bool": False, "json": None, "geoPoint": {"lon": 0, "lat": 0}}
"""What a column holds that is made for records that are there."""


class Repeats:
    """Tells of each record whether it is the first with its values in a unique index.

    Attributes:
        fields: The fields to read, by their names on the server now.

    Example:
        >>> name = {"id": "f1", "name": "name", "type": "text"}
        >>> first = unique_values("CREATE UNIQUE INDEX `i` ON `tags` (lower(`name`))", [name], [name])
        >>> [first({"name": value}) for value in ("a", "b", "A")]
        [True, True, False]
    """

    def __init__(self, database: sqlite3.Connection, insert: str, columns: list[tuple[Json, str | None]]) -> None:
        self._database = database
        self._insert = insert
        self._columns = columns
        self.fields = tuple(name for _, name in columns if name is not None)
        weakref.finalize(self, database.close)

    def __call__(self, record: Mapping[str, Any]) -> bool:
        values = [_stored(field, record.get(name, "") if name is not None else None) for field, name in self._columns]
        return self._database.execute(self._insert, values).rowcount == 1


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
    words = set(re.findall(r"\w+", index[found.start(4) :]))
    fields = [field for field in after if field["name"] in words]
    if any(field["type"] == "password" or field["name"] == "tokenKey" for field in fields):
        return None  # the API does not give them
    columns = ", ".join(f"`{field['name']}` {_TYPES.get(field['type'], 'TEXT')}" for field in fields)
    # A database of the file "" grows on the disk where memory does not suffice; whatever thread drops it closes it.
    database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    insert = f"INSERT OR IGNORE INTO {found[3]} VALUES ({', '.join('?' for _ in fields)})"
    names = {field["id"]: field["name"] for field in before}
    repeats = Repeats(database, insert, [(field, names.get(field["id"])) for field in fields])
    try:
        database.execute(f"CREATE TABLE {found[3]} ({columns})")
        database.execute(index)
        plain = {name for *_, name in database.execute(f"PRAGMA index_info({found[2]})")}
    except sqlite3.Error:
        return None
    if any(field["type"] == "json" and field["name"] in plain for field in fields):
        return None  # it compares the text of the JSON, which the API does not give
    return repeats


def _stored(field: Json, value: Any) -> Any:
    """A value as PocketBase's database holds it; None stands for a new column's."""
    if value is None:
        many = field["type"] in ("select", "file", "relation") and (field.get("maxSelect") or 0) > 1
        value = [] if many else _EMPTY.get(field["type"], "")
    if field["type"] == "json" or isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return value
