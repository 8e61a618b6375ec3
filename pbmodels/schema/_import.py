"""What PocketBase's import is sent, so that one request, one transaction, does everything.

Without `deleteMissing` the import keeps whatever is not named, so it can drop nothing. With it, it deletes ALL that is
not named: then every collection goes along, untouched ones with their fields alone. (core/collection_import.go)
"""

from __future__ import annotations

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
    if all(body["id"] in kept for body in before) and not any(_drops(old.get(body["id"]), body) for body in changed):
        return changed, False
    unchanged = [
        {key: body[key] for key in ("id", "name", "type", "fields")}
        for body in after
        if old.get(body["id"]) == body and not body.get("system")
    ]
    return [*unchanged, *changed], True


def _drops(old: Json | None, new: Json) -> bool:
    if old is None or new["type"] == "view":
        return False
    kept = {field["id"] for field in new["fields"]}
    return any(field["id"] not in kept for field in old["fields"])
