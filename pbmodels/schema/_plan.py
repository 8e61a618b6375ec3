"""What the server's collections become when models are laid over them: pure, from descriptions to descriptions.

Two ways: "exact", where models are the whole truth and what they do not name goes, and the other, where it stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from pbmodels.models._errors import ModelError
from pbmodels.schema._defaults import Json, collection_id, field_defaults, for_server, system_fields
from pbmodels.schema._describe import FieldIntent, Intent, in_order, new_collection, new_field

_UNSAID = frozenset({"id", "name", "type", "system", "primaryKey"})
"""What defines a field rather than being an option of it."""


def normalized(collections: Iterable[Mapping[str, Any]]) -> list[Json]:
    """Collections as an export or a server gives them, alike for all versions.

    Left out are the times, secrets, and providers of OAuth2, which PocketBase keeps out of its own migrations too:
    without their secrets they cannot be brought to another server.
    """
    found: list[Json] = []
    for collection in collections:
        body = {key: deepcopy(value) for key, value in collection.items() if key not in ("created", "updated")}
        for field in body.get("fields", ()):
            for name, default in field_defaults(field.get("type", "")).items():
                if default == [] and field.get(name, ()) is None:
                    field[name] = []
        if isinstance(oauth2 := body.get("oauth2"), dict):
            oauth2.pop("providers", None)
        for name in [name for name in body if name.endswith("Token")]:
            if isinstance(body[name], dict):
                body[name].pop("secret", None)
        body["indexes"] = list(body.get("indexes") or ())
        found.append(body)
    return found


def planned(
    before: Sequence[Json],
    intents: Sequence[Intent],
    *,
    exact: bool,
    renames: Mapping[str, str] | None = None,
) -> list[Json]:
    """All collections as they are to be.

    Args:
        before: The server's collections, normalized.
        intents: What the models say.
        exact: Whether fields, indexes and options that no model names go, and collections too.
        renames: Names before and after, of collections (`{"articles": "posts"}`) and of fields by the collection's name
            after (`{"posts.title": "headline"}`), besides what models say with `was`.

    Raises:
        ModelError: A model relates to a collection that is not there, a rename names nothing that is, or two models
            stand for the same collection.
    """
    return _Planner(before, intents, exact, dict(renames or {})).run()


class _Planner:
    def __init__(self, before: Sequence[Json], intents: Sequence[Intent], exact: bool, renames: dict[str, str]) -> None:
        self.before = before
        self.intents = intents
        self.exact = exact
        self.old_names = {new: old for old, new in renames.items() if "." not in old}
        self.old_fields = {
            (old.partition(".")[0], new.rpartition(".")[2]): old.partition(".")[2]
            for old, new in renames.items()
            if "." in old
        }
        self.known_field: Json = next(
            (field for body in before for field in body["fields"] if field["name"] == "id"), {}
        )

    def run(self) -> list[Json]:
        self._refuse_doubles()
        self._refuse_names_that_are_given_up()
        matched = {intent.name: self._match(intent) for intent in self.intents}
        taken = {body["id"] for body in self.before}
        self.ids: dict[str, str] = {body["name"]: body["id"] for body in self.before}
        for intent in self.intents:
            old = matched[intent.name]
            if old is not None:
                self.ids[intent.name] = old["id"]
            else:
                self.ids[intent.name] = self._new_id(intent, taken)
                taken.add(self.ids[intent.name])
        changed: dict[str, Json] = {}
        for intent in self.intents:
            old = matched[intent.name]
            body = self._made(intent) if old is None else self._changed(intent, old)
            changed[body["id"]] = body
        after = [changed.pop(body["id"], None) or self._untouched(body) for body in self.before]
        self._refuse_unknown_renames()
        return [body for body in after if body is not None] + list(changed.values())

    def _refuse_doubles(self) -> None:
        by_name: dict[str, str] = {}
        for intent in self.intents:
            if intent.name in by_name:
                raise ModelError(
                    f"{by_name[intent.name]} and {intent.model} both stand for the collection {intent.name!r}: "
                    "give one of them"
                )
            by_name[intent.name] = intent.model

    def _refuse_names_that_are_given_up(self) -> None:
        """Two models must not stand for one collection, the one by its name and the other by the name that it had."""
        there = {body["name"] for body in self.before}
        wanted = {intent.name: intent.model for intent in self.intents}
        for intent in self.intents:
            was = self.old_names.get(intent.name, intent.was)
            if was in wanted and was in there and intent.name not in there:
                raise ModelError(
                    f"{intent.model} was {was!r}, and {wanted[was]} is called so now: push {intent.model} alone first, "
                    f"so that the collection has its new name, then {wanted[was]}"
                )

    def _match(self, intent: Intent) -> Json | None:
        """The collection that the server has for a model."""
        by_name = {body["name"]: body for body in self.before}
        by_id = {body["id"]: body for body in self.before}
        found = by_id.get(intent.id) if intent.id is not None else None
        found = found or by_name.get(intent.name)
        was = self.old_names.get(intent.name, intent.was)
        if found is None and was is not None:
            found = by_name.get(was)
        if found is not None and found["type"] != intent.type:
            raise ModelError(
                f"{intent.model} is of the type {intent.type!r} and the server's collection {found['name']!r} of the "
                f"type {found['type']!r}, which cannot change: give {intent.model} another name, or delete the "
                "collection first"
            )
        return found

    def _new_id(self, intent: Intent, taken: set[str]) -> str:
        if intent.id is not None:
            return intent.id
        number, wanted = 2, collection_id(intent.type, intent.name)
        found = wanted
        while found in taken:
            found, number = f"{wanted}{number}", number + 1
        return found

    def _untouched(self, body: Json) -> Json | None:
        """A collection that no model names."""
        return None if self.exact and not body.get("system") else body

    def _made(self, intent: Intent) -> Json:
        if intent.type == "view" and not intent.view_query:
            raise ModelError(
                f"{intent.model} is a view and the server has no collection {intent.name!r}: say what it shows, as in "
                f'class {intent.model}(ViewCollection, query="SELECT id, ... FROM ...")'
            )
        own = [self._new_field(field, frozenset()) for field in intent.fields]
        fields = [{**options, **intent.system.get(name, {})} for name, options in system_fields(intent.type).items()]
        if self.known_field:
            fields = [for_server(field, self.known_field, f"{intent.name}.{field['name']}") for field in fields]
        return new_collection(intent, self.ids[intent.name], fields + own)

    def _new_field(self, field: FieldIntent, taken: frozenset[str]) -> Json:
        body = new_field(field, self._target(field), taken)
        return for_server(body, self.known_field, field.label) if self.known_field else body

    def _target(self, field: FieldIntent) -> str | None:
        if field.target is None:
            return None
        found = self.ids.get(field.target)
        if found is None:
            raise ModelError(
                f"{field.label} relates to the collection {field.target!r}, which the server does not have: "
                f"push {field.target_model} together with {field.label.partition('.')[0]!r}"
            )
        return found

    def _changed(self, intent: Intent, old: Json) -> Json:
        body = {**old, "name": intent.name}
        if intent.rules is not None:
            body |= intent.rules
        body = merged(body, intent.auth)
        if intent.type == "view":
            return {**body, "viewQuery": intent.view_query or old["viewQuery"]}
        fields, renamed = self._fields(intent, old)
        body["fields"] = fields
        body["indexes"] = self._indexes(intent, old, {field["name"] for field in fields}, renamed)
        return body

    def _fields(self, intent: Intent, old: Json) -> tuple[list[Json], dict[str, str]]:
        """The fields of a collection that is there, and the new names of those that were renamed."""
        left = {field["id"]: field for field in old["fields"]}
        ids = frozenset(left)
        made: list[Json] = []
        renamed: dict[str, str] = {}
        claims = self._claims(intent, old)
        for field in intent.fields:
            there = self._there(field, claims, left.values())
            if there is None:
                made.append(self._new_field(field, ids))
                continue
            if there["name"] != field.name:
                renamed[there["name"]] = field.name
            target = self._target(field)
            if there["type"] != field.kind or (target is not None and there["collectionId"] != target):
                self._refuse_unclear(field, there)
                made.append(self._new_field(field, ids))
                continue
            del left[there["id"]]
            made.append(self._option_changes(field, there))
        kept = self._kept(intent, old, left, made)
        return kept, renamed

    def _claims(self, intent: Intent, old: Json) -> dict[str, str]:
        """The old names of the fields that are renamed now, by their new ones."""
        names = {field["name"] for field in old["fields"]}
        found: dict[str, str] = {}
        for field in intent.fields:
            told = self.old_fields.pop((intent.name, field.name), None)
            was = told or field.was
            if was is not None and was in names and field.name not in names:
                found[field.name] = was
            elif told is not None:
                raise ModelError(
                    f"{intent.name}.{told} cannot become {field.name!r}: the server has "
                    + (f"a field {field.name!r} already" if field.name in names else f"no field {told!r}")
                )
        return found

    def _there(self, field: FieldIntent, claims: Mapping[str, str], fields: Iterable[Json]) -> Json | None:
        """The field that the server has for one of the model: by its id, else its name, else its name before."""
        claimed = claims.get(field.name)
        spoken_for = set(claims.values())
        for body in fields:
            if field.id is not None and body["id"] == field.id:
                return body
        for body in fields:
            if body["name"] == (claimed or field.name) and (claimed or body["name"] not in spoken_for):
                return body
        return None

    def _refuse_unclear(self, field: FieldIntent, there: Json) -> None:
        if field.id is not None and there["id"] == field.id:
            raise ModelError(
                f"{field.label} has the id {field.id!r} of a {there['type']} field, and is a {field.kind}: a field's "
                "kind and its related collection cannot change; take the id away to make a new field"
            )

    def _option_changes(self, field: FieldIntent, there: Json) -> Json:
        body = {**there, "name": field.name}
        said = {**field_defaults(field.kind), **field.said} if self.exact else field.said
        if self.known_field:
            said = for_server(said, there, field.label)
        for option, value in said.items():
            if option not in _UNSAID and option != "collectionId" and not _same(option, there.get(option), value):
                body[option] = value
        return body

    def _kept(self, intent: Intent, old: Json, left: Mapping[str, Json], made: Sequence[Json]) -> list[Json]:
        """All fields in the order of the model; system fields and those that it does not name where they stood."""
        names = {field["name"] for field in made}
        by_id = {field["id"]: field for field in made}
        found: list[Json] = []
        queue = list(made)
        for field in old["fields"]:
            if field.get("system"):
                found.append(self._system_changes(intent, field))
            elif field["id"] in by_id:
                found.append(queue.pop(0))
            elif not self.exact and field["id"] in left and field["name"] not in names:
                found.append(field)
        return in_order(found + queue, intent)

    def _system_changes(self, intent: Intent, field: Json) -> Json:
        said = intent.system.get(field["name"], {})
        if self.exact and field["name"] in (usual := system_fields(intent.type)):
            options = usual[field["name"]]
            said = {key: value for key, value in {**options, **said}.items() if key in field}
        body = dict(field)
        for option, value in said.items():
            if option not in _UNSAID and not _same(option, field.get(option), value):
                body[option] = value
        return body

    def _indexes(self, intent: Intent, old: Json, names: set[str], renamed: Mapping[str, str]) -> list[str]:
        wanted = {index_key(index): index for index in intent.indexes}
        found: list[str] = []
        for index in old["indexes"]:
            index = _with_columns(index, renamed)
            key = index_key(index)
            if key in wanted:
                del wanted[key]
                found.append(index)
            elif not (columns := index_columns(index)) <= names:
                continue  # it speaks of a field that goes
            elif not self.exact or (columns & _UNIQUE_OF_AUTH and intent.type == "auth"):
                found.append(index)
        replaced = {index_name(index) for index in wanted.values()}
        return [index for index in found if index_name(index) not in replaced] + list(wanted.values())

    def _refuse_unknown_renames(self) -> None:
        for (collection, new), old in self.old_fields.items():
            raise ModelError(
                f"{collection}.{old} cannot become {new!r}: no model of {collection!r} among those given has a field "
                f"{new!r}"
            )
        names = {intent.name for intent in self.intents}
        for new, old in self.old_names.items():
            if new not in names:
                raise ModelError(f"{old!r} cannot become {new!r}: no model among those given is called so")


_UNIQUE_OF_AUTH = {"tokenKey", "email"}


def _same(option: str, there: Any, wanted: Any) -> bool:
    """Whether two values of an option mean the same to the server."""
    if option == "maxSelect":
        return max(there or 0, 1) == max(wanted or 0, 1)
    return bool(there == wanted) or (not there and not wanted and there != 0 and wanted != 0)


def merged(body: Json, said: Json) -> Json:
    """Options with what somebody says of them laid over, part by part."""
    found = dict(body)
    for key, value in said.items():
        found[key] = (
            merged(found[key], value) if isinstance(value, dict) and isinstance(found.get(key), dict) else value
        )
    return found


INDEX = re.compile(
    r"create\s+(unique\s+)?\s*index\s*(?:if\s+not\s+exists\s+)?(\S*)\s+on\s+(\S*)\s*\(([\s\S]*?)\)\s*(?:where\s+([\s\S]*?))?\s*;?\s*$",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+")
_STRING = re.compile(r"'(?:[^']|'')*'")


def index_key(index: str) -> str:
    """What an index does, whatever its spelling; the table's name aside."""
    found = INDEX.match(index.strip())
    if found is None:
        return index
    unique, name, _, columns, where = found.groups(default="")
    parts = (name, columns, where)
    bare = [" ".join(re.sub(r"[`\"\[\]]", " ", part).replace(",", " , ").split()) for part in parts]
    return " | ".join(["unique" if unique else "", *bare]).lower()


def index_name(index: str) -> str:
    """The name of an index."""
    found = INDEX.match(index.strip())
    return found[2].strip("`\"'[]").lower() if found else index


def index_columns(index: str) -> set[str]:
    """The columns that an index speaks of in a plain way; not those inside expressions."""
    found = INDEX.match(index.strip())
    if found is None:
        return set()
    columns = set()
    for part in found[4].split(","):
        name = re.split(r"\s+(?:collate|asc|desc)\b", part.strip(), flags=re.IGNORECASE)[0].strip("`\"'[]\n ")
        if _WORD.fullmatch(name):
            columns.add(name)
    return columns


def _with_columns(index: str, renamed: Mapping[str, str]) -> str:
    """An index after columns got new names; its own name stays."""
    found = INDEX.match(index.strip())
    if found is None or not renamed:
        return index
    start = found.start(4)
    names = re.compile(r"'(?:[^']|'')*'|\b(?:" + "|".join(map(re.escape, renamed)) + r")\b")
    return index[:start] + names.sub(lambda match: renamed.get(match[0], match[0]), index[start:])
