"""A server's collections as a models file: from descriptions to text, and into the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pbmodels.models import Index, ModelError
from pbmodels.schema._auth_code import auth_code
from pbmodels.schema._defaults import Json, collection_id, system_fields, system_indexes
from pbmodels.schema._field_code import FieldCode, Surroundings, field_code, system_field_code, view_field_code
from pbmodels.schema._index_code import index_code
from pbmodels.schema._layout import Code, Group, call, laid_out, literal, quoted
from pbmodels.schema._naming import camel, class_names, field_name, member_names
from pbmodels.schema._regions import Regions, orphaned, regions_of

HEADER = '"""The collections of a PocketBase server as models, written by `pbmodels pull`.'
_ABOUT = f'''{HEADER}

The next pull writes this file anew. What stands between the lines `# region own` and
`# endregion` stays: above the models, in a model, or below them.
"""
'''
_MODULES = {
    "datetime": "datetime",
    "UTC": "datetime",
    "StrEnum": "enum",
    "Any": "typing",
    "Literal": "typing",
}
_PBMODELS = frozenset(
    {
        "AuthAlert",
        "AuthCollection",
        "AuthOptions",
        "BackRelation",
        "Collection",
        "Email",
        "EmailTemplate",
        "Field",
        "FileField",
        "FileList",
        "GeoPoint",
        "Html",
        "Index",
        "Mfa",
        "OAuth2",
        "Otp",
        "Password",
        "PasswordAuth",
        "Relation",
        "Relations",
        "Rules",
        "Url",
        "ViewCollection",
        "autodate",
        "back_relation",
        "field",
        "new_id",
    }
)
_BASES = {"base": "Collection", "auth": "AuthCollection", "view": "ViewCollection"}
_BUILTINS = frozenset({"bool", "classmethod", "dict", "float", "int", "list", "property", "staticmethod", "str"})
_TAKEN = _PBMODELS | _MODULES.keys() | _BUILTINS
"""What a field or class of the file must not be called: it, or the user's own regions, use it under this name."""
_AUTH_NAMES = {"emailVisibility": "email_visibility"}


def models_file(collections: Sequence[Json], previous: str = "", *, enums: bool = False, name: str = "it") -> str:
    """The models of collections, as the text of a Python file.

    Args:
        collections: The collections, normalized.
        previous: The file as it was, whose own regions are kept.
        enums: Whether selects become enums instead of literals.
        name: The file's name, for messages.

    Raises:
        ModelError: The previous text is no models file, or a field is of an unknown kind.
    """
    if previous.strip() and not previous.lstrip().startswith(HEADER):
        raise ModelError(
            f"{name} was not written by pull, so it is left alone: give another file, or take it away first"
        )
    return _File(collections, regions_of(previous, name), enums).text()


def write_models(collections: Sequence[Json], file: Path | None, *, enums: bool, write: bool) -> str:
    """The models of collections, written to a file if there is one and `write` is true.

    Raises:
        ModelError: As in `models_file`.
    """
    previous = file.read_text("utf-8") if file is not None and file.is_file() else ""
    text = models_file(collections, previous, enums=enums, name=str(file))
    if write and file is not None and text != previous:
        fresh = file.with_name(f".{file.name}.new")  # a write that fails half-way leaves the file as it was
        fresh.write_text(text, "utf-8")
        fresh.replace(file)
    return text


class _File:
    def __init__(self, collections: Sequence[Json], regions: Regions, enums: bool) -> None:
        self.by_id = {body["id"]: body for body in collections}
        wanted = [body for body in collections if not body.get("system")]
        pointed_at = {target for body in wanted for target in _targets(body)}
        self.bodies = [body for body in collections if not body.get("system") or body["id"] in pointed_at]
        self.classes = class_names((body["name"] for body in self.bodies), _TAKEN)
        self.regions = regions
        self.enums = enums
        self.needed: set[str] = set()
        self.types: set[str] = set(self.classes.values())
        self.field_names = {body["name"]: self._field_names(body) for body in self.bodies}

    def text(self) -> str:
        ordered = _ordered(self.bodies)
        models = [part for body in ordered for part in self._model(body)]
        inside = self.regions.inside
        lost = [
            orphaned(collection, block)
            for collection in inside
            if collection not in self.classes
            for block in inside[collection]
        ]
        top = "".join(f"\n{block}\n" for block in self.regions.top)
        parts = [*models, *self.regions.bottom, *lost]
        return f"{_ABOUT}\nfrom __future__ import annotations\n\n{self._imports()}{top}" + "".join(
            f"\n\n{part}\n" for part in parts
        )

    def _field_names(self, body: Json) -> dict[str, str]:
        """The names of a collection's fields in Python, by those on the server."""
        usual = system_fields(body["type"])
        found = {name: _AUTH_NAMES.get(name, name) for name in ("id", *usual)}
        plain = [field["name"] for field in body["fields"] if field["name"] not in found]
        used = {*_TAKEN, *self.classes.values(), *found.values()}
        for name in plain:
            others = used.union(other for other in plain if other != name)
            found[name] = field_name(name, body["type"], others)
            used.add(found[name])
        return found

    def _need(self, name: str) -> str:
        self.needed.add(name)
        return name

    def _imports(self) -> str:
        by_module: dict[str, list[str]] = {}
        for name in self.needed:
            by_module.setdefault(_MODULES.get(name, "pbmodels"), []).append(name)
        ours = by_module.pop("pbmodels", [])
        lines = [f"from {module} import {', '.join(_sorted(by_module[module]))}" for module in sorted(by_module)]
        standard = "".join(f"{line}\n" for line in lines) + ("\n" if lines else "")
        head = f"from pbmodels import {', '.join(_sorted(ours))}"
        if len(head) > 88:
            head = laid_out(Group("from pbmodels import (", [("", name) for name in _sorted(ours)], ")"))
        return f"{standard}{head}\n" if ours else standard

    def _model(self, body: Json) -> list[str]:
        """A model, with the types of its selects before it."""
        own = self.classes[body["name"]]
        before: list[str] = []

        def choice(field: Json, room: int) -> str:
            return self._choice(own, field, room, before)

        around = Surroundings(self._need, lambda target: self.classes[self.by_id[target]["name"]], choice)
        names = self.field_names[body["name"]]
        codes: list[tuple[Json, FieldCode]] = []
        own_codes: list[tuple[Json, FieldCode]] = []
        usual = system_fields(body["type"])
        for field in body["fields"]:
            server_name = field["name"]
            if body["type"] == "view":
                if server_name != "id":
                    codes.append((field, view_field_code(field, names[server_name], around)))
            elif server_name in usual:
                code = system_field_code(field, usual[server_name], names[server_name], around)
                codes += [(field, code)] if code else []
            elif not body.get("system"):
                own_codes.append((field, field_code(field, names[server_name], around)))
        indexes = [] if body["type"] == "view" else self._indexes(body, own_codes)
        lines = [code for _, code in (*codes, *own_codes)]
        parts = [line.text() for line in lines] + self._back_relations(body, names)
        content = "\n".join(parts)
        for block in self.regions.inside.get(body["name"], ()):
            content += ("\n\n" if content else "") + block
        return [*before, f"{self._head(body, own, indexes)}\n{content or '    pass'}"]

    def _head(self, body: Json, own: str, indexes: list[Code]) -> str:
        arguments: dict[str, Code] = {"collection": quoted(body["name"])}
        if not body.get("system"):
            arguments["rules"] = self._rules(body)
            if body["id"] != collection_id(body["type"], body["name"]):
                arguments["collection_id"] = quoted(body["id"])
            if body["type"] != "view" and (order := _unusual_order(body)):
                arguments["field_order"] = literal(order)
            if indexes:
                arguments["indexes"] = Group("[", [("", index) for index in indexes], "]")
            if body["type"] == "view":
                arguments["query"] = quoted(body["viewQuery"])
            if body["type"] == "auth" and (auth := auth_code(body, self._need)) is not None:
                arguments["auth"] = auth
        base = self._need(_BASES[body["type"]])
        head = laid_out(call(f"class {own}", base, **arguments), after=1)
        return f"{head}:"

    def _rules(self, body: Json) -> Code:
        self._need("Rules")
        given: dict[str, Code] = {}
        for name in ("list", "view", "create", "update", "delete", "auth", "manage"):
            rule = body.get(f"{name}Rule")
            if name == "auth" and (rule == "" or body["type"] != "auth"):
                continue
            if rule is not None or name == "auth":
                given[name] = "None" if rule is None else quoted(rule) if rule else "Rules.anyone"
        return call("Rules", **given)

    def _indexes(self, body: Json, codes: Sequence[tuple[Json, FieldCode]]) -> list[Code]:
        """The indexes that the class names; fields that can say their own do."""
        collection = body["name"]
        system = system_indexes(body["id"], collection) if body["type"] == "auth" else []
        every: list[str] = body["indexes"]
        own = every[len(system) :] if every[: len(system)] == system else every
        flags: dict[str, str] = {}
        of_fields: list[str] = []
        for field, code in codes:
            for flag in ("unique", "index"):
                sql = _index_of(body["name"], field, code, unique=flag == "unique")
                if sql in own and not (flag == "unique" and code.specifier == "autodate"):
                    flags[code.name] = flag
                    of_fields.append(sql)
                    break
        rest = [index for index in own if index not in of_fields]
        if [*of_fields, *rest] != own:
            flags, rest = {}, own
        for _, code in codes:
            if code.name in flags:
                code.arguments[flags[code.name]] = "True"
        return [index_code(index, collection, self._need) for index in rest]

    def _choice(self, own: str, field: Json, room: int, before: list[str]) -> str:
        """The type of a select's values: in place, or by a name of its own."""
        values: list[str] = field["values"]
        written = Group("Literal[", [("", quoted(value)) for value in values], "]")
        flat = laid_out(written, before=-10_000)
        if not self.enums and len(flat) <= room:
            self._need("Literal")
            return flat
        name, number = f"{own}{camel(field['name'])}", 2
        while name in self.types | _TAKEN:
            name, number = f"{own}{camel(field['name'])}{number}", number + 1
        self.types.add(name)
        if self.enums:
            members = [f"    {member} = {quoted(value)}" for value, member in member_names(values).items()]
            before.append("\n".join([f"class {name}({self._need('StrEnum')}):", *members]))
        else:
            self._need("Literal")
            before.append(f"{name} = {laid_out(written, before=len(name) + 3)}")
        return name

    def _back_relations(self, body: Json, names: Mapping[str, str]) -> list[str]:
        """The relations of other collections to this one, seen from here."""
        found: list[str] = []
        used = {*names.values(), *_TAKEN, *self.classes.values()}
        naming = [
            (other, field)
            for other in sorted(self.bodies, key=lambda other: str(other["name"]))
            if other["type"] != "view"
            for field in other["fields"]
            if field["type"] == "relation" and field["collectionId"] == body["id"] and not other.get("system")
        ]
        for other, field in naming:
            several = sum(each["name"] == other["name"] for each, _ in naming) > 1
            wanted = f"{other['name']}_via_{field['name']}" if several else other["name"]
            if wanted in used:
                wanted = f"{other['name']}_via_{field['name']}"
            name = field_name(wanted, body["type"], used)
            used.add(name)
            relation = quoted(self.field_names[other["name"]][field["name"]])
            head = f"    {name}: {self._need('BackRelation')}[{self.classes[other['name']]}] = "
            found.append(head + laid_out(call(self._need("back_relation"), relation), 4, len(head)))
        return found


def _unusual_order(body: Json) -> list[str] | None:
    """The names of all fields where the server's own do not come first, in their usual order."""
    names = [field["name"] for field in body["fields"]]
    usual = [name for name in system_fields(body["type"]) if name in names]
    return None if names[: len(usual)] == usual else names


def _index_of(collection: str, field: Json, code: FieldCode, *, unique: bool) -> str:
    """The index that a field's declaration would ask for."""
    optional = code.annotation == "FileField" or code.annotation.endswith("| None]")
    where = f"`{field['name']}` != ''" if unique and optional else ""
    return Index(field["name"], unique=unique, where=where).sql(collection)


def _targets(body: Json) -> list[str]:
    return [field["collectionId"] for field in body["fields"] if field["type"] == "relation"]


def _ordered(bodies: Sequence[Json]) -> list[Json]:
    """By name, each after those that it relates to, as far as there are no circles."""
    by_id = {body["id"]: body for body in bodies}
    found: dict[str, Json] = {}
    begun: set[str] = set()

    def add(body: Json) -> None:
        if body["id"] in begun:
            return
        begun.add(body["id"])
        for target in sorted((by_id[found_id] for found_id in _targets(body)), key=_name):
            add(target)
        found[body["id"]] = body

    for body in sorted(bodies, key=_name):
        add(body)
    return list(found.values())


def _name(body: Json) -> str:
    return str(body["name"])


def _sorted(names: Sequence[str]) -> list[str]:
    """As isort does: constants, classes, functions."""
    return sorted(names, key=lambda name: (0 if name.isupper() else 1 if name[0].isupper() else 2, name))
