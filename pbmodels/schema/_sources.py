"""Collections from where no server runs: a file that the dashboard exported, or PocketBase's data folder."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from pbmodels.models._errors import ModelError
from pbmodels.schema._defaults import RULES, Json
from pbmodels.schema._plan import normalized

MIGRATIONS = "SELECT file FROM _migrations ORDER BY file"
"""What tells which migrations a server has applied."""


def collections_at(path: Path) -> list[Json]:
    """The collections that a file or a folder holds, normalized.

    Args:
        path: A JSON file with a list of collections, or `pb_data`, a folder that has it, or the `data.db` in it.

    Raises:
        ModelError: There is nothing like it.
        OSError: The file cannot be read.
    """
    if (database := _database(path)) is not None:
        return normalized(_from_database(database))
    if path.is_dir():
        raise ModelError(f"{path} is no data folder of PocketBase: it has no data.db")
    return normalized(_from_json(path))


def applied_at(path: Path) -> frozenset[str] | None:
    """The names of the migrations that a data folder's server has applied; None where the path is an export.

    Raises:
        ModelError: The database is not PocketBase's.
    """
    database = _database(path)
    return None if database is None else frozenset(name for (name,) in _rows(database, MIGRATIONS))


def _database(path: Path) -> Path | None:
    places = (path / "data.db", path / "pb_data" / "data.db") if path.is_dir() else (path,)
    return next((place for place in places if place.suffix == ".db" and place.is_file()), None)


def _from_json(path: Path) -> list[Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise ModelError(f"{path} is no JSON: {error}") from None
    found = content.get("items", content.get("collections")) if isinstance(content, dict) else content
    if not isinstance(found, list) or not all(isinstance(body, dict) and "fields" in body for body in found):
        old = isinstance(found, list) and any(isinstance(body, dict) and "schema" in body for body in found)
        why = "it is of a PocketBase before 0.23" if old else "it must be a list of collections"
        raise ModelError(f"{path} is no export of PocketBase's collections: {why}")
    return found


def _from_database(path: Path) -> list[Json]:
    columns = ("id", "system", "type", "name", "fields", "indexes", *RULES, "options")
    rows = _rows(path, f"SELECT {', '.join(columns)} FROM _collections ORDER BY rowid")
    return [_collection(dict(zip(columns, row, strict=True))) for row in rows]


def _rows(path: Path, query: str) -> list[Any]:
    try:
        # Read-only: PocketBase may be running on it. Without its write-ahead log the file is complete as it is,
        # and SQLite must not try to make one in a folder that may not be written.
        alone = "" if path.with_name(f"{path.name}-wal").exists() else "&immutable=1"
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro{alone}", uri=True)) as database:
            return database.execute(query).fetchall()
    except sqlite3.Error as error:
        raise ModelError(f"{path} is no database of PocketBase 0.23 or later: {error}") from None


def _collection(row: Json) -> Json:
    options = json.loads(row.pop("options") or "{}")
    return {
        **row,
        "system": bool(row["system"]),
        "fields": json.loads(row["fields"]),
        "indexes": json.loads(row["indexes"]),
        **options,
    }
