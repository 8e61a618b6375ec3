"""A difference as one of PocketBase's own JavaScript migrations, up and down.

The server's import does the work, as in `push`: it takes relations between new collections in any order, and renames by
id. It deletes all that it is not told of, so the migration tells it of the collections that are there when it runs.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from pathlib import Path

from pbmodels.schema._defaults import Json
from pbmodels.schema._diff import Diff, compared
from pbmodels.schema._import import in_order, views_in_the_way
from pbmodels.schema._pending import CHANGED, GONE, WRITTEN_BY, Pending


def write_migration(
    pending: Pending, after: Sequence[Json], name: str | None, found: Diff | None = None
) -> Path | None:
    """The file with a migration, written behind those of its folder.

    Args:
        pending: The folder's migrations that are not applied, and the collections that they lead to.
        after: The collections as they are to be.
        name: What it does, for the file's name; None to say it by itself.
        found: What differs, with the records at stake, where somebody counted them.

    Returns:
        The file; where nothing differs, the last of those that are not applied, None without one.
    """
    before = pending.told_as(after)
    found = found if found is not None else compared(before, after)
    if not found:
        return pending.files[-1] if pending.files else None
    pending.folder.mkdir(parents=True, exist_ok=True)
    file = migration_path(pending.folder, name or migration_name(found), int(time.time()))
    file.write_text(migration(found, before, after), "utf-8")
    return file


def migration(found: Diff, before: Sequence[Json], after: Sequence[Json]) -> str:
    """The text of the migration file.

    Args:
        found: What differs, which its first lines tell.
        before: The collections as they are.
        after: The collections as they are to be.
    """
    comments = [f"//   {line}".rstrip() for _, line in found.lines()]
    parts = [
        '/// <reference path="../pb_data/types.d.ts" />',
        "",
        f"{WRITTEN_BY} It changes:",
        "//",
        *comments,
        "",
        "migrate((app) => {",
        *_step(before, after),
        "}, (app) => {",
        *_step(after, before),
        "});",
    ]
    return "\n".join(parts) + "\n"


_EMPTY_VIEWS = """\
  // A column cannot go while a view shows it.
  for (const id of {ids}) {{
    const view = app.findCollectionByNameOrId(id);
    view.viewQuery = "SELECT '' AS id";
    app.saveNoValidate(view);
  }}
"""


def _step(before: Sequence[Json], after: Sequence[Json]) -> list[str]:
    """The statements that lead from one state to the other."""
    old = {body["id"]: body for body in before}
    kept = {body["id"] for body in after}
    in_the_way = views_in_the_way(before, after)
    changed = in_order([body for body in after if old.get(body["id"]) != body or body["id"] in in_the_way])
    gone = [body["id"] for body in before if body["id"] not in kept]
    return [
        f"{CHANGED}{_script(changed)};",
        f"{GONE}{_script(gone)};",
        "  // The import deletes what it is not told of, so all other collections go along as they are.",
        "  const told = [...changed.map((body) => body.id), ...gone];",
        "  const others = app.findAllCollections()",
        "    .filter((each) => !each.system && !told.includes(each.id))",
        "    .map((each) => JSON.parse(JSON.stringify(each)))",
        "    .map(({ id, name, type, fields }) => ({ id, name, type, fields }));",
        *(_EMPTY_VIEWS.format(ids=json.dumps(sorted(in_the_way))).splitlines() if in_the_way else ()),
        "  app.importCollections([...others, ...changed], true);",
    ]


def _script(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, indent=2)
    text = text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")  # line ends to older JavaScript
    return text.replace("\n", "\n  ")


def migration_name(found: Diff) -> str:
    """What a migration does, in a few words for its file's name: `created_posts`, `updated_posts_and_2_more`.

    Example:
        >>> from pbmodels.schema import Change
        >>> migration_name(Diff((Change("create", "posts"), Change("change", "tags", "name", "max", 1, 2))))
        'created_posts_and_1_more'
    """
    first = found.changes[0]
    verbs = {"create": "created", "drop": "deleted", "rename": "renamed"}
    verb = verbs.get(first.action, "updated") if first.is_whole else "updated"
    rest = len(found.collections) - 1
    return f"{verb}_{first.collection}" + (f"_and_{rest}_more" if rest else "")


def migration_path(folder: Path, name: str, now: int) -> Path:
    """Where a new migration goes: behind all that are there, as PocketBase applies them by name.

    Args:
        folder: The folder of migrations.
        name: What it does.
        now: The time in seconds.
    """
    there = [int(found[0]) for file in folder.glob("*.js") if (found := re.match(r"\d+", file.name))]
    return folder / f"{max([now, *(number + 1 for number in there)])}_{re.sub(r'[^a-z0-9]+', '_', name.lower())}.js"
