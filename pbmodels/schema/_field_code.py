"""A server's field as the line that declares it in a model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from pydantic import StringConstraints, TypeAdapter
from pydantic_core import SchemaError

from pbmodels._filter_text import date_text
from pbmodels.models._errors import ModelError
from pbmodels.schema._defaults import Json, field_defaults, field_id
from pbmodels.schema._describe import MANY
from pbmodels.schema._layout import WIDTH, Code, call, laid_out, literal, quoted

_ARGUMENTS = {
    "required": "required",
    "hidden": "hidden",
    "presentable": "presentable",
    "maxSize": "max_size",
    "minSelect": "min_select",
    "maxSelect": "max_select",
    "mimeTypes": "mime_types",
    "thumbs": "thumbs",
    "protected": "protected",
    "cascadeDelete": "cascade_delete",
    "onlyDomains": "only_domains",
    "exceptDomains": "except_domains",
    "autogeneratePattern": "autogenerate_pattern",
    "convertURLs": "convert_urls",
    "help": "help",
}
"""The arguments of `field()` by the API's names of the options that they stand for."""
_AUTODATE_ARGUMENTS = frozenset({"hidden", "presentable"})
_FALSE_COUNTS = frozenset({"required", "autogeneratePattern", "help", "maxSelect"})
"""Arguments whose empty value is said too, and not taken for "not given"."""
_FIRST = ("default", "default_factory", "name", "on_update", "on_create", "required", "unique", "index")


@dataclass
class FieldCode:
    """How a field is declared.

    Attributes:
        name: Its name in Python.
        annotation: Its type.
        specifier: `field` or `autodate`.
        arguments: What that is called with; without any, nothing is assigned.
    """

    name: str
    annotation: str
    specifier: str
    arguments: dict[str, Code]

    def text(self) -> str:
        """The line, or lines, in the class body."""
        head = f"    {self.name}: {self.annotation}"
        if not self.arguments and self.specifier == "field":
            return head
        head += " = "
        ordered = {key: self.arguments[key] for key in sorted(self.arguments, key=_place)}
        return head + laid_out(call(self.specifier, **ordered), 4, len(head))


def _place(argument: str) -> int:
    """Where an argument stands: those that readers look for first, all others as they came."""
    return _FIRST.index(argument) if argument in _FIRST else len(_FIRST)


@dataclass
class Surroundings:
    """What a field's code needs of the file around it.

    Attributes:
        need: Called with each name that must be imported.
        target: Gives the class of a collection, by the collection's id.
        choice: Makes the type of a select's values; told the room that it has on its line.
    """

    need: Callable[[str], str]
    target: Callable[[str], str]
    choice: Callable[[Json, int], str]


def field_code(body: Json, name: str, around: Surroundings) -> FieldCode:
    """The declaration of a field.

    Args:
        body: The field as the API describes it.
        name: Its name in Python.
        around: The file around it.

    Raises:
        ModelError: It is of a kind that pbmodels does not know.
    """
    return _Field(body, name, around, system=False).code()


def system_field_code(body: Json, usual: Json, name: str, around: Surroundings) -> FieldCode | None:
    """The declaration of a field that PocketBase gives each collection, None where it is as usual."""
    changed = {key: value for key, value in body.items() if key != "id" and usual.get(key, value) != value}
    if not changed:
        return None
    made = _Field({**field_defaults(body["type"]), **changed, **_known(body)}, name, around, system=True)
    usually = field_defaults(body["type"])
    made.against_usual = {key: value for key, value in changed.items() if value == usually.get(key)}
    return made.code()


def _known(body: Json) -> Json:
    return {key: body[key] for key in ("id", "name", "type")}


def view_field_code(body: Json, name: str, around: Surroundings) -> FieldCode:
    """The declaration of a column of a view, of which only the type counts."""
    kept = {key: body[key] for key in ("values", "maxSelect", "collectionId", "onlyInt") if key in body}
    bare = field_defaults(body["type"]) | _known(body) | kept | {"id": field_id(body["type"], body["name"])}
    if body["type"] == "autodate":
        bare["type"] = "date"
    code = _Field(bare, name, around, system=False).code()
    code.arguments = {
        key: value for key, value in code.arguments.items() if key in ("default", "default_factory", "name")
    }
    return code


class _Field:
    def __init__(self, body: Json, name: str, around: Surroundings, *, system: bool) -> None:
        self.body = body
        self.kind: str = body["type"]
        self.name = name
        self.around = around
        self.system = system
        self.arguments: dict[str, Code] = {}
        self.left: Json = {
            key: value
            for key, value in body.items()
            if key not in ("id", "name", "type", "system", "primaryKey", "collectionId")
            and value != field_defaults(self.kind).get(key)
        }
        self.required = bool(body.get("required"))
        self.against_usual: Json = {}

    def code(self) -> FieldCode:
        make = getattr(self, f"_{self.kind.lower()}", None)
        if make is None:
            raise ModelError(
                f"the field {self.body['name']!r} is of the kind {self.kind!r}: a newer pbmodels is needed"
            )
        annotation: str = make()
        autodate = self.kind == "autodate"
        if self.body["name"] != self.name and not (self.system and self.name == "email_visibility"):
            self.arguments["name"] = quoted(self.body["name"])
        spare: Json = {}
        for option, value in (self.left | self.against_usual).items():
            told = option in _ARGUMENTS and (bool(value) or option in _FALSE_COUNTS)
            if told and (not autodate or option in _AUTODATE_ARGUMENTS):
                self.arguments[_ARGUMENTS[option]] = literal(value)
            else:
                spare[option] = value
        if not self.system and self.body["id"] != field_id(self.kind, self.body["name"]):
            self.arguments["id"] = quoted(self.body["id"])
        if spare:
            self.arguments["server"] = literal(spare)
        return FieldCode(self.name, annotation, self.around.need("autodate" if autodate else "field"), self.arguments)

    def _default(self, value: str) -> None:
        if not self.required:
            self.arguments["default"] = value

    def _field(self, inner: str) -> str:
        return f"{self.around.need('Field')}[{inner}]"

    def _or_none(self, inner: str) -> str:
        if self.required:
            return self._field(inner)
        self.arguments["default"] = "None"
        return self._field(f"{inner} | None")

    def _text(self) -> str:
        if self.system and self.name == "id" and _takes_new_ids(self.body):
            self.arguments["default_factory"] = self.around.need("new_id")
        elif self.left.get("autogeneratePattern"):
            self.required = False
        return self._limited_text("str")

    def _password(self) -> str:
        return self._limited_text(self.around.need("Password"))

    def _limited_text(self, inner: str) -> str:
        limits: dict[str, Code] = {}
        for option, argument in (("min", "min_length"), ("max", "max_length")):
            if self.left.get(option):
                limits[argument] = repr(self.left.pop(option))
        if (pattern := self.left.get("pattern")) and _is_pattern(pattern):
            limits["pattern"] = quoted(self.left.pop("pattern"))
        if self.system and self.name in ("id", "password"):
            found = self._field(inner)
        elif limits.keys() & {"min_length", "pattern"}:
            found = self._or_none(inner)  # no text at all passes on the server, and "" would not pass these here
        else:
            self._default('""')
            found = self._field(inner)
        self.arguments |= limits
        return found

    def _editor(self) -> str:
        self._default('""')
        return self._field(self.around.need("Html"))

    def _email(self) -> str:
        if self.system:
            self.required = False
        self._default('""')
        return self._field(self.around.need("Email"))

    def _url(self) -> str:
        self._default('""')
        return self._field(self.around.need("Url"))

    def _number(self) -> str:
        whole = bool(self.left.pop("onlyInt", False))
        self._default("0")
        limits = {key: self.left[key] for key in ("min", "max") if self.left.get(key) is not None}
        takes_zero = limits.get("min", 0) <= 0 <= limits.get("max", 0)
        if (takes_zero or self.required) and not (whole and any(value != int(value) for value in limits.values())):
            for option, argument in (("min", "ge"), ("max", "le")):
                if option in limits:
                    self.arguments[argument] = repr(self.left.pop(option)).replace("e+", "e")  # as formatters write it
        return self._field("int" if whole else "float")

    def _bool(self) -> str:
        self._default("False")
        return self._field("bool")

    def _date(self) -> str:
        moment = self.around.need("datetime")
        found = self._or_none(moment)
        for option, argument in (("min", "ge"), ("max", "le")):
            if (value := self.left.get(option)) and (code := _moment(value, self.around)):
                self.arguments[argument] = code
                del self.left[option]
        return found

    def _autodate(self) -> str:
        on_create, on_update = self.body.get("onCreate", False), self.body.get("onUpdate", False)
        self.left.pop("onCreate", None)
        self.left.pop("onUpdate", None)
        if on_update:
            self.arguments["on_update"] = "True"
        if not on_create:
            self.arguments["on_create"] = "False"
        return self._field(self.around.need("datetime"))

    def _select(self) -> str:
        values, most = self.left.pop("values", []), self.body.get("maxSelect") or 0
        many = most > 1
        around = "Field[list[]] = field(" if many else "Field[ | None] = field("
        room = WIDTH - len(f"    {self.name}: {around}")
        inner = self.around.choice({**self.body, "values": values}, room)
        if not many:
            self._single()
            return self._or_none(inner)
        self.left.pop("maxSelect", None)
        self._default_list()
        if most < len(values):
            self.arguments["max_length"] = str(most)
        elif most > len(values):
            self.left["maxSelect"] = most
        return self._field(f"list[{inner}]")

    def _file(self) -> str:
        if (self.body.get("maxSelect") or 0) > 1:
            self._many()
            return self.around.need("FileList")
        self._single()
        self._default("None")
        return self.around.need("FileField")

    def _relation(self) -> str:
        target = self.around.target(self.body["collectionId"])
        if (self.body.get("maxSelect") or 0) > 1:
            self._many()
            return f"{self.around.need('Relations')}[{target}]"
        self._single()
        self.left.pop("required", None)
        relation = self.around.need("Relation")
        if self.required:
            return f"{relation}[{target}]"
        self.arguments["default"] = "None"
        return f"{relation}[{target} | None]"

    def _many(self) -> None:
        self._default_list()
        if self.left.get("maxSelect") == MANY:
            del self.left["maxSelect"]

    def _default_list(self) -> None:
        if not self.required:
            self.arguments["default_factory"] = "list"

    def _single(self) -> None:
        """A single value: 1 goes without saying, and 0, which means the same to the server, does not."""
        if self.body.get("maxSelect") == 1:
            self.left.pop("maxSelect", None)
        elif "maxSelect" in self.body:
            self.left["maxSelect"] = self.body["maxSelect"]

    def _json(self) -> str:
        self._default("None")
        return self._field(self.around.need("Any"))

    def _geopoint(self) -> str:
        if not self.required:
            self.arguments["default_factory"] = self.around.need("GeoPoint")
        return self._field(self.around.need("GeoPoint"))


def _takes_new_ids(body: Json) -> bool:
    usual = (body.get("pattern") or "", body.get("autogeneratePattern") or "[a-z0-9]{15}")
    least, most = body.get("min") or 0, body.get("max") or 15
    return usual in (("", "[a-z0-9]{15}"), ("^[a-z0-9]+$", "[a-z0-9]{15}")) and least <= 15 <= most


def _is_pattern(pattern: str) -> bool:
    """Whether pydantic reads a pattern of the server's."""
    try:
        TypeAdapter(Annotated[str, StringConstraints(pattern=pattern)])
    except SchemaError:
        return False
    return True


def _moment(text: str, around: Surroundings) -> Code | None:
    """A date of the server's as code, None when it would come back as another text."""
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)
    except ValueError:
        return None
    if date_text(moment) != text:
        return None
    parts = [moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second, moment.microsecond]
    while len(parts) > 3 and not parts[-1]:
        parts.pop()
    return call(around.need("datetime"), *map(str, parts), tzinfo=around.need("UTC"))
