"""A model as PocketBase describes a collection.

An `Intent` is what a model says, and no more: `push` lays it over what the server has. `describe` lays it over
PocketBase's defaults.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pbmodels._filter_text import Grammar, date_text
from pbmodels.models import AuthCollection, Collection, Index, ModelError, ViewCollection
from pbmodels.models._rules import rules_of
from pbmodels.models._specs import Spec, specs_of
from pbmodels.query import Kind
from pbmodels.schema._defaults import (
    AUTH_RULES,
    RULES,
    Json,
    collection_id,
    field_defaults,
    field_id,
    system_fields,
    system_indexes,
)

MANY = 999
"""How many values a list may hold when `max_select` does not say."""


@dataclass(frozen=True)
class FieldIntent:
    """What a model says of one field.

    Attributes:
        label: How messages name it.
        name: Its name on the server.
        kind: Its kind, by the API's name.
        said: The options that the declaration gives, by the API's names; `collectionId` aside.
        target: The related collection's name.
        target_model: The related model's.
        id: Its id on the server, where the model says it.
        was: The name that it had.
    """

    label: str
    name: str
    kind: str
    said: Json
    target: str | None = None
    target_model: str | None = None
    id: str | None = None
    was: str | None = None


@dataclass(frozen=True)
class Intent:
    """What a model says of its collection.

    Attributes:
        model: The model's name, for messages.
        name: The collection's name.
        type: `base`, `auth` or `view`.
        fields: Its own fields, in order.
        system: What it says of the fields that PocketBase gives each collection, by name.
        indexes: Its indexes, as SQL.
        rules: Its rules by the API's names, None when it leaves them to the server.
        auth: What it says of signing in, by the API's names.
        view_query: A view's query.
        id: The collection's id, where the model says it.
        was: The name that it had.
        order: The names of all its fields in order, None where those of the server's own come first.
    """

    model: str
    name: str
    type: str
    fields: tuple[FieldIntent, ...]
    system: Mapping[str, Json]
    indexes: tuple[str, ...]
    rules: Mapping[str, str | None] | None
    auth: Json
    view_query: str | None
    id: str | None
    was: str | None
    order: tuple[str, ...] | None


def describe(model: type[Collection]) -> Json:
    """A model's collection as PocketBase's API describes it: fields with all options, indexes, rules.

    Rules that the model does not declare are None, as in every new collection; of an auth collection's options those
    that `auth=AuthOptions(...)` names are there. Ids are those that PocketBase makes of the names.

    Args:
        model: The model.

    Returns:
        What `pb.collections.create` and `pb.collections.import_collections` take.

    Raises:
        ModelError: The model cannot be a collection; the message says what to change.

    Example:
        >>> class Tag(Collection, collection="tags"):
        ...     name: Field[str] = field(max_length=50, unique=True)
        >>> body = describe(Tag)
        >>> body["name"], body["type"], [field["name"] for field in body["fields"]], body["fields"][1]["max"]
        ('tags', 'base', ['id', 'name'], 50)
        >>> body["indexes"]
        ['CREATE UNIQUE INDEX `idx_tags_name` ON `tags` (`name`)']
    """
    intent = intent_of(distinct([model])[0])
    found_id = intent.id or collection_id(intent.type, intent.name)
    fields = [{**options, **intent.system.get(name, {})} for name, options in system_fields(intent.type).items()]
    fields += [new_field(field, _predicted(model, field)) for field in intent.fields]
    return new_collection(intent, found_id, fields)


def new_collection(intent: Intent, found_id: str, fields: list[Json]) -> Json:
    """The description of a collection that the server does not have yet."""
    body: Json = {"id": found_id, "name": intent.name, "type": intent.type, "system": False}
    body |= dict.fromkeys(RULES)
    if intent.type == "auth":
        body |= {"authRule": "", "manageRule": None}
    body |= intent.rules or {}
    body["fields"] = in_order(fields, intent)
    body["indexes"] = list(intent.indexes)
    if intent.type == "auth":
        given = system_indexes(found_id, intent.name)
        body["indexes"] = [*(index for index in given if index not in intent.indexes), *intent.indexes]
        body |= intent.auth
    if intent.type == "view":
        body["viewQuery"] = intent.view_query
    return body


def in_order(fields: list[Json], intent: Intent) -> list[Json]:
    """Fields as `field_order` says; what it does not name comes last."""
    if intent.order is None:
        return fields
    places = {name: place for place, name in enumerate(intent.order)}
    return sorted(fields, key=lambda field: places.get(field["name"], len(places)))


def new_field(field: FieldIntent, target_id: str | None, taken: frozenset[str] = frozenset()) -> Json:
    """The description of a field that the server does not have yet.

    Args:
        field: What the model says.
        target_id: The related collection's id.
        taken: Ids that other fields of the collection have, or had.
    """
    found_id = field.id or _free(field_id(field.kind, field.name), taken)
    body = {"id": found_id, "name": field.name, "type": field.kind, **field_defaults(field.kind), **field.said}
    return body if target_id is None else {**body, "collectionId": target_id}


def _free(wanted: str, taken: frozenset[str]) -> str:
    number, found = 2, wanted
    while found in taken:
        number, found = number + 1, f"{wanted}{number}"
    return found


def _predicted(model: type[Collection], field: FieldIntent) -> str | None:
    if field.target is None:
        return None
    related = next(spec.related() for spec in specs_of(model).values() if spec.server_name == field.name)
    return related.__collection_id__ or collection_id(type_of(related), field.target)


def type_of(model: type[Collection]) -> str:
    """The API's name for the type of a model's collection."""
    if model.__is_view__:
        return "view"
    return "auth" if issubclass(model, AuthCollection) else "base"


def distinct(models: Iterable[object]) -> list[type[Collection]]:
    """The models, each once.

    Raises:
        ModelError: One is no model, or has no collection of its own.
    """
    found: list[type[Collection]] = []
    for model in models:
        if not isinstance(model, type) or not issubclass(model, Collection):
            hint = "give them one by one, as in push(pb, *models)" if isinstance(model, (list, tuple, set)) else ""
            raise ModelError(f"{model!r} is no model: {hint or 'give classes, as in push(pb, Post, User)'}")
        if model.__dict__.get("__is_abstract__") or model in (Collection, AuthCollection, ViewCollection):
            raise ModelError(f"{model.__name__} is abstract and has no collection: give the classes derived from it")
        if model not in found:
            found.append(model)
    return found


def intent_of(model: type[Collection], grammar: Grammar | None = Grammar.ESCAPED) -> Intent:
    """What a model says of its collection.

    Args:
        model: The model.
        grammar: How the server reads backslashes, for the rules.

    Raises:
        ModelError: It cannot be a collection.
    """
    kind = type_of(model)
    if kind == "view":
        _check_view(model)
    system = system_fields(kind)
    specs = specs_of(model)
    rules = rules_of(model)
    auth = model.__auth__
    return Intent(
        model=model.__name__,
        name=model.__collection__,
        type=kind,
        fields=tuple(_field(spec) for spec in specs.values() if spec.server_name not in system),
        system={spec.server_name: _said_of_system(spec) for spec in specs.values() if spec.server_name in system},
        indexes=tuple(_indexes(model)),
        rules=None if rules is None else _rules(model, rules.texts(grammar)),
        auth={} if auth is None else auth.body(grammar),
        view_query=model.__query__,
        id=model.__collection_id__,
        was=model.__was__,
        order=_order(model),
    )


def _order(model: type[Collection]) -> tuple[str, ...] | None:
    if model.__field_order__ is None:
        return None
    names = {spec.server_name for spec in specs_of(model).values()} | system_fields(type_of(model)).keys()
    for name in model.__field_order__:
        if name not in names:
            raise ModelError(f"{model.__name__} has {name!r} in its field_order, and no such field")
    return tuple(model.__field_order__)


def _check_view(model: type[Collection]) -> None:
    if model.__indexes__ or any(spec.options.unique or spec.options.index for spec in specs_of(model).values()):
        raise ModelError(f"{model.__name__} is a view, which has no indexes of its own: declare them where its data is")
    rules = rules_of(model)
    if rules is not None and any(rule is not None for rule in (rules.create, rules.update, rules.delete)):
        raise ModelError(f"{model.__name__} is a view, which nobody writes: give it only the rules list and view")


def _rules(model: type[Collection], texts: Mapping[str, str | None]) -> dict[str, str | None]:
    names = RULES + AUTH_RULES if type_of(model) == "auth" else RULES
    for name, unsaid in zip(AUTH_RULES, ("", None), strict=True):
        if name not in names and texts[name] != unsaid:
            raise ModelError(f"{model.__name__} has {name} in its rules, which only an AuthCollection has")
    if type_of(model) == "auth" and texts["manageRule"] == "":
        raise ModelError(
            f"{model.__name__} would let anyone change any password: PocketBase takes no empty manage rule; "
            "leave it out, or give a condition"
        )
    return {name: texts[name] for name in names}


def _field(spec: Spec) -> FieldIntent:
    related = spec.related() if spec.kind is Kind.RELATION else None
    return FieldIntent(
        label=spec.label,
        name=spec.server_name,
        kind=str(spec.kind),
        said={**_said(spec), **spec.options.server},
        target=None if related is None else related.__collection__,
        target_model=None if related is None else related.__name__,
        id=spec.options.id,
        was=spec.options.was,
    )


def _said(spec: Spec) -> Json:
    limits = limits_of(spec)
    many = {"maxSelect": int(limits.get("max_length", MANY))} if spec.multiple else {"maxSelect": 1}
    match spec.kind:
        case Kind.TEXT | Kind.PASSWORD:
            return _renamed(limits, {"min_length": "min", "max_length": "max", "pattern": "pattern"})
        case Kind.NUMBER:
            whole = isinstance(spec.type, type) and issubclass(spec.type, int)
            return {**_renamed(limits if not whole else _whole(limits), {"ge": "min", "le": "max"}), "onlyInt": whole}
        case Kind.DATE:
            return {
                key: date_text(value) if isinstance(value, datetime) else value
                for key, value in _renamed(limits, {"ge": "min", "le": "max"}).items()
            }
        case Kind.SELECT:
            values = list(spec.select_values)
            if not spec.multiple:
                return {"values": values, **many}
            if len(values) < 2:
                raise ModelError(
                    f"{spec.label} is a list of one possible value, which PocketBase keeps as a single one: "
                    "use bool, or Literal without list"
                )
            return {"values": values, "maxSelect": min(many["maxSelect"], len(values))}
        case Kind.RELATION:
            least = {"minSelect": int(limits["min_length"])} if spec.multiple and "min_length" in limits else {}
            return {**many, **least, "required": not spec.optional and not spec.multiple}
        case Kind.FILE:
            return many
        case Kind.AUTODATE:
            return {"onCreate": True, "onUpdate": spec.options.autodate == "update"}
        case _:
            return {}


def _said_of_system(spec: Spec) -> Json:
    limits = limits_of(spec)
    if spec.name == "id" and limits == limits_of(specs_of(Collection)["id"]):
        limits = {}
    found = _renamed(limits, {"min_length": "min", "max_length": "max", "pattern": "pattern"})
    return {**found, **spec.options.server}


def _indexes(model: type[Collection]) -> list[str]:
    """The indexes that fields and the class ask for, as SQL."""
    specs = specs_of(model)
    found = [field_index(model.__collection__, spec) for spec in specs.values() if _is_indexed(spec)]

    def column_of(name: str) -> str:
        return specs[name].server_name if name in specs else name

    for index in model.__indexes__ or ():
        if not isinstance(index, (Index, str)):
            raise ModelError(f"{model.__name__} has {index!r} among its indexes: use Index(...) or SQL")
        found.append(index if isinstance(index, str) else index.sql(model.__collection__, column_of))
    return found


def _is_indexed(spec: Spec) -> bool:
    return spec.options.unique or spec.options.index


def field_index(collection: str, spec: Spec) -> str:
    """The index that `field(unique=True)` or `field(index=True)` asks for."""
    where = f"`{spec.server_name}` != ''" if spec.options.unique and spec.optional else ""
    return Index(spec.server_name, unique=spec.options.unique, where=where).sql(collection)


def limits_of(spec: Spec) -> Json:
    """Pydantic's constraints on a field, by their names."""
    found: Json = {}
    for item in spec.info.metadata:
        for name in ("min_length", "max_length", "pattern", "ge", "le", "gt", "lt"):
            value = getattr(item, name, None)
            if value is not None:
                found[name] = value
    return found


def _whole(limits: Json) -> Json:
    """For whole numbers, "more than 2" is "at least 3"."""
    found = dict(limits)
    if "gt" in limits and "ge" not in limits:
        found["ge"] = int(limits["gt"]) + 1
    if "lt" in limits and "le" not in limits:
        found["le"] = int(limits["lt"]) - 1
    return found


def _renamed(limits: Json, names: Mapping[str, str]) -> Json:
    return {names[key]: value for key, value in limits.items() if key in names}
