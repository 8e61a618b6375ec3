"""What PocketBase gives a new collection or field when it is not told: the ground that descriptions stand on.

Found on PocketBase 0.40 (`pb.collections.get_scaffolds()`); older servers lack a few options, which `for_server` leaves
out again.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from pbmodels.models._errors import ModelError

Json = dict[str, Any]

RULES = ("listRule", "viewRule", "createRule", "updateRule", "deleteRule")
AUTH_RULES = ("authRule", "manageRule")

_COMMON: Json = {"hidden": False, "presentable": False, "system": False}
_USUAL: Json = {**_COMMON, "required": False, "help": ""}
_DOMAINS: Json = {**_USUAL, "exceptDomains": [], "onlyDomains": []}

_FIELDS: dict[str, Json] = {
    "text": {**_USUAL, "autogeneratePattern": "", "max": 0, "min": 0, "pattern": "", "primaryKey": False},
    "editor": {**_USUAL, "convertURLs": False, "maxSize": 0},
    "number": {**_USUAL, "max": None, "min": None, "onlyInt": False},
    "bool": _USUAL,
    "email": _DOMAINS,
    "url": _DOMAINS,
    "date": {**_USUAL, "max": "", "min": ""},
    "autodate": {**_COMMON, "onCreate": True, "onUpdate": False},
    "select": {**_USUAL, "maxSelect": 1, "values": []},
    "file": {**_USUAL, "maxSelect": 1, "maxSize": 0, "mimeTypes": [], "protected": False, "thumbs": []},
    "relation": {**_USUAL, "cascadeDelete": False, "collectionId": "", "maxSelect": 1, "minSelect": 0},
    "json": {**_USUAL, "maxSize": 0},
    "geoPoint": _USUAL,
    "password": {**_USUAL, "cost": 0, "max": 0, "min": 0, "pattern": ""},
}

_ID: Json = {
    "type": "text",
    "autogeneratePattern": "[a-z0-9]{15}",
    "max": 15,
    "min": 15,
    "pattern": "^[a-z0-9]+$",
    "primaryKey": True,
    "required": True,
}
_SYSTEM: dict[str, dict[str, Json]] = {
    "base": {"id": _ID},
    "auth": {
        "id": _ID,
        "password": {"type": "password", "hidden": True, "min": 8, "required": True},
        "tokenKey": {
            "type": "text",
            "autogeneratePattern": "[a-zA-Z0-9]{50}",
            "hidden": True,
            "max": 60,
            "min": 30,
            "required": True,
        },
        "email": {"type": "email", "required": True},
        "emailVisibility": {"type": "bool"},
        "verified": {"type": "bool"},
    },
    "view": {},
}

_ADDED_LATER = {"help": ("", "0.37")}
"""Options that older servers do not have: what they are without, and the version that brought them."""


def field_defaults(kind: str) -> Json:
    """Every option of a kind of field, as the server has it when nothing is said; empty for an unknown kind."""
    return deepcopy(_FIELDS.get(kind, {}))


def system_fields(collection_type: str) -> dict[str, Json]:
    """The fields that PocketBase itself gives a collection, by name, in its order."""
    return {
        name: {
            "id": field_id(options["type"], name),
            "name": name,
            **field_defaults(options["type"]),
            **options,
            "system": True,
        }
        for name, options in _SYSTEM[collection_type].items()
    }


def system_indexes(collection_id: str, name: str) -> list[str]:
    """The indexes that PocketBase gives an auth collection."""
    return [
        f"CREATE UNIQUE INDEX `idx_tokenKey_{collection_id}` ON `{name}` (`tokenKey`)",
        f"CREATE UNIQUE INDEX `idx_email_{collection_id}` ON `{name}` (`email`) WHERE `email` != ''",
    ]


def collection_id(collection_type: str, name: str) -> str:
    """The id that PocketBase makes for a collection of this name.

    Example:
        >>> collection_id("base", "posts"), collection_id("auth", "users")
        ('pbc_1125843985', '_pb_users_auth_')
    """
    if (collection_type, name) == ("auth", "users"):
        return "_pb_users_auth_"
    return f"pbc_{zlib.crc32((collection_type + name).encode())}"


def field_id(kind: str, name: str) -> str:
    """The id that PocketBase makes for a field of this kind and name.

    Example:
        >>> field_id("text", "title")
        'text724990059'
    """
    return f"{kind}{zlib.crc32(name.encode())}"


def for_server(field: Json, known: Mapping[str, Any], label: str) -> Json:
    """A field without the options that this server does not have.

    Args:
        field: The field.
        known: A field of the server's own, whose options tell what it has.
        label: How messages name the field.

    Raises:
        ModelError: Such an option was given a value.
    """
    found = dict(field)
    for option, (without, version) in _ADDED_LATER.items():
        if option in found and option not in known and found.pop(option) != without:
            raise ModelError(f"{label} has {option!r}, which PocketBase has from {version} on: update the server")
    return found


AUTH_OPTIONS: Json = {
    "authAlert": {"enabled": True},
    "oauth2": {"enabled": False, "mappedFields": {"id": "", "name": "", "username": "", "avatarURL": ""}},
    "passwordAuth": {"enabled": True, "identityFields": ["email"]},
    "mfa": {"enabled": False, "duration": 600, "rule": ""},
    "otp": {"enabled": False, "duration": 180, "length": 8},
    "authToken": {"duration": 432000},
    "passwordResetToken": {"duration": 1800},
    "emailChangeToken": {"duration": 1800},
    "verificationToken": {"duration": 86400},
    "fileToken": {"duration": 180},
}
"""The options of a new auth collection on PocketBase 0.40, its mails aside; durations differ by version."""

_MAILS = frozenset(
    {
        "0d662a3a13ba",
        "417201d11c2b",
        "7a20e8ffaf45",
        "84e55567ee5a",
        "a19e625b72fa",
        "ad00efa83ec3",
        "cc2768e1fcbd",
        "ea0800de90db",
        "efdbb84a9c1f",
    }
)
"""The mails of new auth collections on PocketBase 0.23 to 0.40, as digests of subject and body."""


def is_usual_mail(template: Any) -> bool:
    """Whether a mail is one that PocketBase itself gives a new auth collection, of any version."""
    return _digest(template) in _MAILS


def _digest(template: Any) -> str:
    text = f"{template.get('subject')}\n{template.get('body')}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]
