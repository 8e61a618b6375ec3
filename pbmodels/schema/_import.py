"""What PocketBase's import is sent, so that one request, one transaction, does everything.

Without `deleteMissing` the import keeps whatever is not named, so it can drop nothing. With it, it deletes ALL that is
not named: then every collection goes along, untouched ones with their fields alone. (core/collection_import.go)

It deletes collections first, then saves tables, then views. A column cannot go while a view shows it, so a view that
stops to show one is made anew, under another id: the old one is deleted in time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pbmodels.schema._defaults import Json, collection_id


def importing(before: Sequence[Json], after: Sequence[Json]) -> tuple[list[Json], bool]:
    """The collections to import, and whether what is missing among them goes.

    Args:
        before: The server's collections.
        after: The collections as they are to be.

    Returns:
        An empty list when there is nothing to do.
    """
    old = {body["id"]: body for body in before}
    after = _with_views_anew(before, after)
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


def views_in_the_way(before: Sequence[Json], after: Sequence[Json]) -> set[str]:
    """The ids of the views that stay, and show what goes: columns, and tables where columns go; and of what shows them.

    A view that is to go on showing it is not among them: the server refuses that.
    """
    kept = {body["id"]: body for body in after}
    tables = [body for body in before if body["type"] != "view"]
    gone = {
        field["name"].lower()
        for body in tables
        if body["id"] in kept
        for field in body["fields"]
        if field["id"] not in {field["id"] for field in kept[body["id"]]["fields"]}
    }
    if not gone:
        return set()
    gone |= {body["name"].lower() for body in tables if body["id"] not in kept}
    views = [body for body in before if body["type"] == "view" and body["id"] in kept]
    found = {body["id"] for body in views if body["viewQuery"] != kept[body["id"]]["viewQuery"] and _names(body) & gone}
    names = {body["name"].lower() for body in views if body["id"] in found}
    while more := [body for body in views if body["id"] not in found and _names(body) & names]:
        found |= {body["id"] for body in more}
        names |= {body["name"].lower() for body in more}
    return found


def _names(view: Json) -> set[str]:
    """The words of a view's query, small."""
    return set(re.findall(r"\w+", (view.get("viewQuery") or "").lower()))


def _with_views_anew(before: Sequence[Json], after: Sequence[Json]) -> Sequence[Json]:
    anew = views_in_the_way(before, after)
    taken = {body["id"] for body in (*before, *after)}
    return [
        {**body, "id": _another_id(body["name"], taken), "fields": []} if body["id"] in anew else body for body in after
    ]


def _another_id(name: str, taken: set[str]) -> str:
    number, wanted = 2, collection_id("view", name)
    found = wanted
    while found in taken:
        found, number = f"{wanted}{number}", number + 1
    return found


def in_order(collections: Sequence[Json]) -> list[Json]:
    """The same collections, views last and each after those that its query names: the import makes them one by one."""
    views = {body["name"].lower(): body for body in collections if body["type"] == "view"}
    found: dict[str, Json] = {}
    begun: set[str] = set()

    def add(name: str) -> None:
        if name in begun:
            return
        begun.add(name)
        for word in re.findall(r"\w+", (views[name].get("viewQuery") or "").lower()):
            if word in views:
                add(word)
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
