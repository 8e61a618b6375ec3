"""What differs between two states of a server's collections, field by field."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from pbmodels.schema._defaults import Json, field_defaults
from pbmodels.schema._plan import index_key, index_name

Action = Literal["create", "drop", "rename", "change", "move"]

_SIGNS: dict[str, str] = {"create": "+", "drop": "-", "rename": "~", "change": "~", "move": "~"}


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    Attributes:
        action: `create`, `drop`, `rename`, `change` or `move`.
        collection: The collection's name: as it is to be, or as it was when it goes.
        field: The field, None for the collection itself.
        option: The option that changes, by the API's name, such as `max` or `listRule`; `index` for an index.
        before: What it was.
        after: What it is to be.
        reason: Why values are at stake, None when none are.
        at_stake: How many records hold values that would be lost, no longer fit, or repeat another record's in a
            unique index; None when nobody counted.
    """

    action: Action
    collection: str
    field: str | None = None
    option: str | None = None
    before: Any = None
    after: Any = None
    reason: str | None = None
    at_stake: int | None = None

    @property
    def name(self) -> str:
        """What it is about: `posts`, `posts.title`, `posts.title.max`."""
        return ".".join(part for part in (self.collection, self.field, self.option) if part)

    @property
    def is_whole(self) -> bool:
        """Whether it is about a collection as a whole."""
        return self.field is None and self.option is None

    def __str__(self) -> str:
        text = f"{_SIGNS[self.action]} {self._what()}"
        return f"{text}  ({self._stake()})" if self.reason else text

    def _what(self) -> str:
        own = self.option or self.field or self.collection
        match self.action:
            case "rename":
                return f"{own}  was {self.before}"
            case "move":
                return f"{own}  another place"
            case "create" if self.option:
                return f"{own}  {_shown(self.after)}"
            case "drop" if self.option:
                return f"{own}  {_shown(self.before)}"
            case "create":
                return f"{own}  {_summary(self.after)}"
            case "drop":
                return f"{own}  {_summary(self.before)}"
            case _:
                return f"{own}  {_shown(self.before)} -> {_shown(self.after)}"

    def _stake(self) -> str:
        return self.reason or "" if self.at_stake is None else f"{self.reason}: {records(self.at_stake)}"


def records(count: int) -> str:
    """`1 record`, `2 records`."""
    return f"{count:,} record" + ("" if count == 1 else "s")


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    text = value if isinstance(value, str) and value.startswith("CREATE") else text
    text = " ".join(text.split())
    return text if len(text) <= 160 else f"{text[:157]}..."


def _summary(body: Json) -> str:
    """A new or dropped field or collection in a few words."""
    usual = field_defaults(body["type"])
    told = [
        f"{key}={_shown(value)}"
        for key, value in body.items()
        if key in usual and value != usual[key] and key != "collectionId"
    ]
    if "fields" in body:
        return f"{body['type']} collection"
    return " ".join([body["type"], *([f"to {body['collection']}"] if "collection" in body else []), *told])


@dataclass(frozen=True, slots=True)
class Diff:
    """What differs between the server and the models; false when nothing does.

    Iterating gives each `Change`; `str()` gives text for people, `as_dicts()` plain data.

    Attributes:
        changes: The differences, collection by collection.

    Example:
        >>> class Tag(Collection, collection="tags"):
        ...     name: Field[str] = field(max_length=50)
        >>> from pbmodels.schema import diff
        >>> print(diff(pb, Tag))
        + tags  base collection
            + name  text max=50
    """

    changes: tuple[Change, ...] = ()

    def __iter__(self) -> Iterator[Change]:
        return iter(self.changes)

    def __len__(self) -> int:
        return len(self.changes)

    def __str__(self) -> str:
        return "\n".join(line for _, line in self.lines())

    @property
    def losses(self) -> tuple[Change, ...]:
        """The changes that values are at stake in, or a whole collection with its rules and options."""
        return tuple(
            change
            for change in self.changes
            if change.option != "index" and (change.at_stake or (change.is_whole and change.reason))
        )

    @property
    def repeats(self) -> tuple[Change, ...]:
        """The unique indexes that cannot be made, because records are alike."""
        return tuple(change for change in self.changes if change.at_stake and change.option == "index")

    @property
    def collections(self) -> list[str]:
        """The names of the collections that change."""
        return list(dict.fromkeys(change.collection for change in self.changes))

    def lines(self) -> list[tuple[Action, str]]:
        """The text line by line, each with what it tells of, for a program that colours them."""
        found: list[tuple[Action, str]] = []
        headed: str | None = None
        field: str | None = None
        for change in self.changes:
            if change.collection != headed:
                headed, field = change.collection, None
                if change.field is not None or change.option is not None:
                    found.append(("change", f"~ {change.collection}"))
            if change.field is None:
                indent = "    " if change.option is not None else ""
            elif change.option is None:
                indent = "    "
            else:
                if change.field != field:
                    found.append(("change", f"    ~ {change.field}"))
                indent = "        "
            field = change.field
            found.append((change.action, indent + str(change)))
        return found

    def as_dicts(self) -> list[dict[str, Any]]:
        """The changes as plain data, for JSON."""
        names = ("action", "collection", "field", "option", "before", "after", "reason", "at_stake")
        return [{name: getattr(change, name) for name in names} for change in self.changes]


def compared(before: Sequence[Json], after: Sequence[Json]) -> Diff:
    """What leads from one state to another; collections and fields are known by their ids.

    Args:
        before: Collections, normalized.
        after: The same.
    """
    old = {body["id"]: body for body in before}
    new = {body["id"]: body for body in after}
    names = {body["id"]: body["name"] for body in (*before, *after)}
    changes: list[Change] = []
    for body in after:
        there = old.get(body["id"])
        changes += _created(body, names) if there is None else _collection(there, body, names)
    for body in before:
        if body["id"] not in new:
            changes.append(Change("drop", body["name"], before=body))
    return Diff(tuple(changes))


def _created(body: Json, names: dict[str, str]) -> list[Change]:
    name = body["name"]
    found = [Change("create", name, after=body)]
    found += [
        Change("create", name, field["name"], after=_named(field, names))
        for field in body["fields"]
        if not field.get("system") and body["type"] != "view"
    ]
    found += [
        Change("create", name, option=key, after=value)
        for key, value in body.items()
        if key.endswith(("Rule", "Query")) and value is not None and (key, value) != ("authRule", "")
    ]
    found += [Change("create", name, option="index", after=index) for index in _own_indexes(body)]
    return found


def _own_indexes(body: Json) -> list[str]:
    return [
        index
        for index in body["indexes"]
        if body["type"] != "auth" or not index_name(index).endswith(f"_{body['id']}".lower())
    ]


def _collection(old: Json, new: Json, names: dict[str, str]) -> list[Change]:
    name = new["name"]
    found: list[Change] = []
    if old["name"] != name:
        found.append(Change("rename", name, before=old["name"], after=name))
    if new["type"] != "view":
        found += _fields(name, old["fields"], new["fields"], names)
        found += _indexes(name, old["indexes"], new["indexes"])
    for key in dict.fromkeys((*old, *new)):
        if key not in ("id", "name", "type", "system", "fields", "indexes"):
            found += _options(name, None, key, old.get(key), new.get(key))
    return found


def _options(collection: str, field: str | None, key: str, old: Any, new: Any) -> list[Change]:
    """The differences of one option, part by part where it has parts."""
    if isinstance(old, dict) and isinstance(new, dict):
        return [
            change
            for part in dict.fromkeys((*old, *new))
            for change in _options(collection, field, f"{key}.{part}", old.get(part), new.get(part))
        ]
    return [] if old == new else [Change("change", collection, field, key, old, new)]


def _fields(collection: str, old: Sequence[Json], new: Sequence[Json], names: dict[str, str]) -> list[Change]:
    there = {field["id"]: field for field in old}
    wanted = {field["id"] for field in new}
    found: list[Change] = []
    for field in new:
        before = there.get(field["id"])
        if before is None:
            found.append(Change("create", collection, field["name"], after=_named(field, names)))
            continue
        if before["name"] != field["name"]:
            found.append(Change("rename", collection, field["name"], before=before["name"], after=field["name"]))
        for key in dict.fromkeys((*before, *field)):
            if key not in ("id", "name"):
                found += _options(collection, field["name"], key, before.get(key), field.get(key))
    found += [
        Change("drop", collection, field["name"], before=_named(field, names))
        for field in old
        if field["id"] not in wanted
    ]
    return found + _moves(collection, old, new)


def _named(field: Json, names: dict[str, str]) -> Json:
    """A field with the related collection's name beside its id."""
    if field["type"] != "relation":
        return field
    return {**field, "collection": names.get(field["collectionId"], field["collectionId"])}


def _moves(collection: str, old: Sequence[Json], new: Sequence[Json]) -> list[Change]:
    """The fields that must move, the fewest that do, for those that stay to be in the new order."""
    order = [field["id"] for field in old]
    places = {field["id"]: field["name"] for field in new if field["id"] in order}
    staying = set(_longest_ascending([order.index(found) for found in places]))
    return [
        Change("move", collection, name, before=order.index(found), after=list(places).index(found))
        for found, name in places.items()
        if order.index(found) not in staying
    ]


def _longest_ascending(numbers: Sequence[int]) -> list[int]:
    best: list[list[int]] = []
    for number in numbers:
        before = max((run for run in best if run[-1] < number), key=len, default=[])
        best.append([*before, number])
    return max(best, key=len, default=[])


def _indexes(collection: str, old: Sequence[str], new: Sequence[str]) -> list[Change]:
    before, after = {index_key(index): index for index in old}, {index_key(index): index for index in new}
    gone = [index for key, index in before.items() if key not in after]
    made = [index for key, index in after.items() if key not in before]
    found: list[Change] = []
    for index in made:
        twin = next((other for other in gone if index_name(other) == index_name(index)), None)
        if twin is None:
            found.append(Change("create", collection, option="index", after=index))
        else:
            gone.remove(twin)
            found.append(Change("change", collection, option="index", before=twin, after=index))
    return found + [Change("drop", collection, option="index", before=index) for index in gone]


def with_stakes(diff: Diff, counted: Mapping[int, tuple[str, int | None]]) -> Diff:
    """The same diff, with why and how many records are at stake, by the change's place."""
    return Diff(
        tuple(
            replace(change, reason=counted[place][0], at_stake=counted[place][1]) if place in counted else change
            for place, change in enumerate(diff)
        )
    )
