"""What PocketBase's import is sent, so that one request, one transaction, does everything.

Without `deleteMissing` the import keeps whatever is not named, so it can drop nothing. With it, it deletes ALL that is
not named: then every collection goes along, untouched ones with their fields alone. (core/collection_import.go)
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pbmodels.schema._defaults import Json


def importing(before: Sequence[Json], after: Sequence[Json]) -> tuple[list[Json], bool]:
    """The collections to import, and whether what is missing among them goes.

    Args:
        before: The server's collections.
        after: The collections as they are to be.

    Returns:
        An empty list when there is nothing to do.
    """
    old = {body["id"]: body for body in before}
    changed = [body for body in after if old.get(body["id"]) != body]
    kept = {body["id"] for body in after}
    unchanged: list[Json] = [
        {key: body[key] for key in ("id", "name", "type", "fields", "viewQuery") if key in body}
        for body in after
        if old.get(body["id"]) == body and not body.get("system")
    ]
    if not all(body["id"] in kept for body in before) or any(_drops(old.get(body["id"]), body) for body in changed):
        return in_order([*unchanged, *changed]), True
    if any(_renames(old.get(body["id"]), body) for body in changed):
        changed = [*(body for body in unchanged if body["type"] == "view"), *changed]
    return in_order(changed), False


def in_order(collections: Sequence[Json]) -> list[Json]:
    """The same collections, views last and each after those that its query names: the import makes them one by one."""
    views = {body["name"].lower(): body for body in collections if body["type"] == "view"}
    found: dict[str, Json] = {}
    begun: set[str] = set()

    def add(name: str) -> None:
        if name in begun:
            return
        begun.add(name)
        for word in re.findall(r"\w+", views[name].get("viewQuery") or ""):
            if word.lower() in views:
                add(word.lower())
        found[name] = views[name]

    for name in views:
        add(name)
    return [*(body for body in collections if body["type"] != "view"), *found.values()]


def _drops(old: Json | None, new: Json) -> bool:
    if old is None or new["type"] == "view":
        return False
    kept = {field["id"] for field in new["fields"]}
    return any(field["id"] not in kept for field in old["fields"])


def _renames(old: Json | None, new: Json) -> bool:
    if old is None or new["type"] == "view":
        return False
    names = {field["id"]: field["name"] for field in old["fields"]}
    return old["name"] != new["name"] or any(
        names.get(field["id"], field["name"]) != field["name"] for field in new["fields"]
    )
