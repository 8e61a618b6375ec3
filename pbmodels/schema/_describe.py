"""A model as PocketBase describes a collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pbmodels.models import AuthCollection, Collection
from pbmodels.models._specs import Spec, specs_of
from pbmodels.query import Kind

_AUTH_FIELDS = frozenset({"email", "emailVisibility", "verified", "password", "tokenKey"})
_MANY = 999
"""How many values a list may hold when `max_select` does not say."""


def collection_body(model: type[Collection], ids: Mapping[str, str]) -> dict[str, Any]:
    """The body that creates a model's collection.

    Args:
        model: The model.
        ids: The ids of the collections that exist, by name, for relations.

    Returns:
        What `pb.collections.create` takes. Relations to collections that are not in `ids` are left out.
    """
    is_auth = issubclass(model, AuthCollection)
    fields: list[dict[str, Any]] = []
    for spec in specs_of(model).values():
        if spec.name == "id" or (is_auth and spec.server_name in _AUTH_FIELDS):
            continue
        if spec.kind is Kind.RELATION and spec.related().__collection__ not in ids:
            continue
        fields.append(field_body(spec, ids))
    return {
        "name": model.__collection__,
        "type": "auth" if is_auth else "base",
        "fields": fields,
        "indexes": indexes(model),
    }


def field_body(spec: Spec, ids: Mapping[str, str]) -> dict[str, Any]:
    """One field as the server describes it."""
    body: dict[str, Any] = {"name": spec.server_name, "type": str(spec.kind)}
    limits = _limits(spec)
    match spec.kind:
        case Kind.TEXT:
            body.update(_renamed(limits, {"min_length": "min", "max_length": "max", "pattern": "pattern"}))
        case Kind.NUMBER:
            body.update(_renamed(limits, {"ge": "min", "le": "max"}))
            body["onlyInt"] = isinstance(spec.type, type) and issubclass(spec.type, int)
        case Kind.SELECT:
            body["values"] = list(spec.select_values)
            body["maxSelect"] = len(spec.select_values) if spec.multiple else 1
        case Kind.RELATION:
            body["collectionId"] = ids[spec.related().__collection__]
            body["maxSelect"] = _MANY if spec.multiple else 1
            body["required"] = not spec.optional and not spec.multiple
        case Kind.FILE:
            body["maxSelect"] = _MANY if spec.multiple else 1
        case Kind.AUTODATE:
            body["onCreate"] = True
            body["onUpdate"] = spec.options.autodate == "update"
        case _:
            pass
    return {**body, **spec.options.server}


def indexes(model: type[Collection]) -> list[str]:
    """The indexes that `field(unique=True)` and `field(index=True)` ask for, as SQL."""
    found: list[str] = []
    for spec in specs_of(model).values():
        if spec.options.unique or spec.options.index:
            kind = "UNIQUE INDEX" if spec.options.unique else "INDEX"
            name = f"idx_{model.__collection__}_{spec.server_name}"
            where = f" WHERE `{spec.server_name}` != ''" if spec.options.unique and spec.optional else ""
            found.append(f"CREATE {kind} `{name}` ON `{model.__collection__}` (`{spec.server_name}`){where}")
    return found


def _limits(spec: Spec) -> dict[str, Any]:
    """Pydantic's constraints on the field, by their names."""
    found: dict[str, Any] = {}
    for item in spec.info.metadata:
        for name in ("min_length", "max_length", "pattern", "ge", "le"):
            value = getattr(item, name, None)
            if value is not None:
                found[name] = value
    return found


def _renamed(limits: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {names[key]: value for key, value in limits.items() if key in names}
