"""Which changes put values at stake, and how to count the records that hold them; pure, the counting is done elsewhere.

PocketBase applies such changes without a question: a dropped field takes its values along, a list that becomes a single
value keeps its last one, and a record that breaks a new limit stays, but cannot be saved again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pbmodels.schema._defaults import Json
from pbmodels.schema._diff import Diff
from pbmodels.schema._uniqueness import unique_values

_MANY_KINDS = frozenset({"select", "relation", "file"})
_UNTOLD = {"text": {"max": 5000}, "json": {"maxSize": 1 << 20}, "editor": {"maxSize": 5 << 20}}
"""What the server takes 0 for (core/field_text.go, field_json.go, field_editor.go)."""


@dataclass(frozen=True)
class Stake:
    """Values that one change puts at stake.

    Attributes:
        collection: The collection as the server has it now.
        reason: What happens to them.
        filter: Which records those are; all with "", None when the filter language cannot tell.
        fields: The fields whose values tell instead.
        fits: Whether a record stays as it is; asked of each one once. Without it and a filter, there are none to count.
    """

    collection: str
    reason: str
    filter: str | None = None
    fields: tuple[str, ...] = ()
    fits: Callable[[Mapping[str, Any]], bool] | None = None


def stakes(diff: Diff, before: Sequence[Json], after: Sequence[Json]) -> dict[int, Stake]:
    """The values at stake, by the place of the change in the diff.

    Args:
        diff: What differs.
        before: The collections as the server has them.
        after: The collections as they are to be.
    """
    old = {body["id"]: body for body in before}
    was = {body["name"]: old.get(body["id"]) for body in after}
    gone = {body["name"]: body for body in before if body["id"] not in {new["id"] for new in after}}
    wanted = {body["name"]: body["fields"] for body in after}
    found: dict[int, Stake] = {}
    for place, change in enumerate(diff):
        if change.action == "drop" and change.is_whole:
            body = gone[change.collection]
            if body["type"] == "view":  # its records are others'; its query and rules go
                found[place] = Stake(body["name"], "deleted")
            else:
                found[place] = Stake(body["name"], "deleted", filter="")
            continue
        there = was.get(change.collection)
        if there is None or there["type"] == "view":
            continue
        fields = wanted[change.collection]
        if change.option == "index":
            repeats = unique_values(change.after or "", there["fields"], fields)
            if repeats is not None:
                found[place] = Stake(there["name"], "repeats of another", fields=repeats.fields, fits=repeats)
        elif change.field is not None and change.action == "drop":
            found[place] = _lost(there["name"], change.before)
        elif change.field is not None and change.action == "change":
            new = next(field for field in fields if field["name"] == change.field)
            old_field = next(field for field in there["fields"] if field["id"] == new["id"])
            if narrows(change.option or "", old_field, new) and new["type"] != "password":
                name = old_field["name"]
                found[place] = Stake(
                    there["name"], _reason(old_field, new), fields=(name,), fits=_check(name, old_field, new)
                )
    return found


def _reason(old: Json, new: Json) -> str:
    return "lists cut to their last value" if _is_list(old) and not _is_list(new) else "values that do not fit"


def _is_list(field: Json) -> bool:
    return field["type"] in _MANY_KINDS and (field.get("maxSelect") or 0) > 1


def _lost(collection: str, field: Json) -> Stake:
    """The values of a field that goes."""
    name, kind = field["name"], field["type"]
    if kind in ("password", "autodate"):
        return Stake(collection, "values lost", filter="")
    if name[0].isdigit():  # no name to the filter language
        return Stake(collection, "values lost", fields=(name,), fits=lambda record: _is_empty(record.get(name), kind))
    return Stake(collection, "values lost", filter=_filled(field))


def _is_empty(value: Any, kind: str) -> bool:
    if kind == "json":
        return value in (None, "")
    return value in (None, "", 0, [], {}) or (kind == "geoPoint" and not any(value.values()))


def _filled(field: Json) -> str:
    """Which records hold a value in a field."""
    name, kind = field["name"], field["type"]
    if _is_list(field):
        return f"{name}:length > 0"
    match kind:
        case "number":
            return f"{name} != 0"
        case "bool":
            return f"{name} = true"
        case "json":
            return f'{name} != null && {name} != ""'
        case "geoPoint":
            return f"{name}.lon != 0 || {name}.lat != 0"
        case _:
            return f'{name} != ""'


def narrows(option: str, old: Json, new: Json) -> bool:
    """Whether a change of an option shuts out values that the field took before."""
    before, after = old.get(option), new.get(option)
    match option:
        case "required" | "onlyInt":
            return bool(after)
        case "pattern":
            return bool(after)
        case "max" | "maxSize":
            least, most = _limit(old, option), _limit(new, option)
            return most is not None and (least is None or most < least)
        case "min" | "minSelect":
            return after not in (None, "", 0) and (before in (None, "", 0) or after > before)
        case "maxSelect":
            return max(after or 0, 1) < max(before or 0, 1)
        case "values":
            return not set(before or []) <= set(after or [])
        case "onlyDomains":
            return bool(after) and not (before and set(before) <= set(after or []))
        case "exceptDomains":
            return not set(after or []) <= set(before or [])
        case _:
            return False


def _limit(field: Json, option: str) -> Any:
    value = field.get(option)
    if value in (None, "") or (value == 0 and field["type"] != "number"):
        return _UNTOLD.get(field["type"], {}).get(option)
    return value


def _check(name: str, old: Json, new: Json) -> Callable[[Mapping[str, Any]], bool]:
    if _is_list(old) and not _is_list(new):
        return lambda record: len(record.get(name) or ()) < 2
    return lambda record: fits(record.get(name), new)


def fits(value: Any, field: Json) -> bool:
    """Whether PocketBase would take a value that a record has for a field of these options.

    Args:
        value: The value as the API gives it.
        field: The field's description.

    Example:
        >>> fits("abc", {"type": "text", "max": 2}), fits("", {"type": "text", "min": 2})
        (False, True)
    """
    kind = field["type"]
    if _is_empty(value, kind) or value in (0, [], {}):
        return not field.get("required")
    match kind:
        case "text":
            return _in_range(len(value), field) and _matches(value, field.get("pattern"))
        case "number":
            return _in_range(value, field) and (not field.get("onlyInt") or float(value).is_integer())
        case "date":
            return _in_range(value, field)
        case "email" | "url":
            return _in_domains(value, field)
        case "select":
            values = value if isinstance(value, list) else [value]
            return set(values) <= set(field["values"]) and len(values) <= max(field.get("maxSelect") or 0, 1)
        case "relation" | "file":
            count = len(value) if isinstance(value, list) else 1
            return (field.get("minSelect") or 0) <= count <= max(field.get("maxSelect") or 0, 1)
        case "json" | "editor":
            text = value if kind == "editor" else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
            return bool(len(text.encode()) <= _limit(field, "maxSize"))
        case _:
            return True


def _in_range(value: Any, field: Json) -> bool:
    least, most = field.get("min"), _limit(field, "max")
    if field["type"] != "number" and least in (0, ""):
        least = None
    return bool((least is None or value >= least) and (most is None or value <= most))


def _matches(value: str, pattern: str | None) -> bool:
    """Whether a text has a pattern; a pattern that only Go reads counts as not matching, so that somebody looks."""
    try:
        return not pattern or re.search(pattern, value) is not None
    except re.error:
        return False


def _in_domains(value: str, field: Json) -> bool:
    domain = value.rpartition("@")[2] if field["type"] == "email" else urlsplit(value).hostname
    only, without = field.get("onlyDomains") or (), field.get("exceptDomains") or ()
    return (not only or domain in only) and domain not in without
