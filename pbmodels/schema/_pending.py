"""Migrations in a folder that a server has not applied yet, and the collections that they lead to.

A migration tells its two states as JSON, so those that `migrate` wrote can be read again; others only run.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pbmodels.models._errors import ModelError
from pbmodels.schema._defaults import AUTH_OPTIONS, Json
from pbmodels.schema._plan import merged

WRITTEN_BY = "// Written by `pbmodels migrate`."
CHANGED = "  const changed = "
GONE = "  const gone = "


@dataclass(frozen=True)
class Pending:
    """What waits in a folder.

    Attributes:
        folder: The folder.
        files: The migrations that are not applied, in order.
        after: The collections once they are.
    """

    folder: Path
    files: tuple[Path, ...]
    after: Sequence[Json]

    def told_as(self, later: Sequence[Json]) -> list[Json]:
        """The collections, with PocketBase's own sign-in options where only the later ones say any.

        A migration says of a new auth collection what its model says, and leaves the rest to the server.
        """
        said = {body["id"]: body for body in later}
        return [merged(_usual(said.get(body["id"], {}), AUTH_OPTIONS), body) for body in self.after]


@dataclass(frozen=True)
class _Step:
    changed: list[Json]
    gone: list[str]


@dataclass(frozen=True)
class _Written:
    """A migration that `migrate` wrote."""

    up: _Step
    down: _Step

    def is_ahead_of(self, collections: Sequence[Json]) -> bool:
        """Whether what it changes is still as it was when it was written."""
        there = {body["id"]: body for body in collections}
        before = {body["id"]: body for body in self.down.changed}
        touched = {*(body["id"] for body in self.up.changed), *self.up.gone}
        return all(_agree(there.get(each), before.get(each)) for each in touched)

    def applied_to(self, collections: Sequence[Json]) -> list[Json]:
        """The collections after it."""
        changed = {body["id"]: body for body in self.up.changed}
        kept = [changed.pop(body["id"], body) for body in collections if body["id"] not in self.up.gone]
        return [*kept, *changed.values()]


def migrations_in(folder: Path) -> list[Path]:
    """The files that PocketBase takes for migrations, in the order in which it applies them."""
    return sorted((file for file in folder.glob("*") if file.suffix in (".js", ".ts")), key=lambda file: file.name)


def pending_in(folder: Path, collections: Sequence[Json], applied: AbstractSet[str] | None) -> Pending:
    """What waits in a folder.

    Args:
        folder: The folder of migrations; one that is not there is empty.
        collections: The server's collections.
        applied: The names of the migrations that it has applied. None where nobody knows: then a migration waits if all
            that it changes is still as it was before it.

    Raises:
        ModelError: Migrations wait that `migrate` did not write.
    """
    files: list[Path] = []
    after, foreign = list(collections), []
    for file in migrations_in(folder):
        if applied is not None and file.name in applied:
            continue
        text = file.read_text("utf-8", errors="replace")
        written = _written(text)
        if written is None:
            foreign += [file.name] if applied is not None and "migrate(" in text else []
        elif applied is not None or written.is_ahead_of(after):
            files.append(file)
            after = written.applied_to(after)
    if foreign:
        raise ModelError(
            f"{folder} has migrations that the server has not applied, and that `migrate` did not write: "
            f"{', '.join(foreign)}. What the new one begins with is known once they are applied: start the server with "
            "this folder as its pb_migrations first"
        )
    return Pending(folder, tuple(files), after)


def _written(text: str) -> _Written | None:
    """A migration by its two states; None for one that cannot be read."""
    if WRITTEN_BY not in text:
        return None
    try:
        changed, gone = (_values(text, marker) for marker in (CHANGED, GONE))
        (up, down), (up_gone, down_gone) = changed, gone
    except ValueError:
        return None  # somebody wrote on
    return _Written(_Step(up, up_gone), _Step(down, down_gone))


def _values(text: str, marker: str) -> list[Any]:
    """The JSON behind each line that begins with a marker."""
    pieces = f"\n{text}".split(f"\n{marker}")[1:]
    return [json.JSONDecoder().raw_decode(piece)[0] for piece in pieces]


def _usual(said: Json, options: Json) -> Json:
    """What PocketBase gives those options that somebody says."""
    return {
        name: _usual(said[name], usual) if isinstance(usual, dict) else usual
        for name, usual in options.items()
        if name in said
    }


def _agree(one: Any, other: Any) -> bool:
    """Whether two descriptions are the same, as far as both say something."""
    if not (isinstance(one, dict) and isinstance(other, dict)):
        return bool(one == other)
    untold = {"fields"} if one.get("type") == "view" else set()  # each server makes the ids of those anew
    return all(_agree(one[key], other[key]) for key in one.keys() & other.keys() - untold)
