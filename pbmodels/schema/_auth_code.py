"""An auth collection's options as `AuthOptions(...)`: those that PocketBase does not give by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from pbmodels.models import AuthOptions
from pbmodels.models._auth_options import AuthAlert, Mfa, OAuth2, Otp, PasswordAuth, api_name
from pbmodels.schema._defaults import AUTH_OPTIONS, Json, is_usual_mail
from pbmodels.schema._layout import Code, call, literal

_PARTS: Mapping[str, type[Any]] = {
    "password_auth": PasswordAuth,
    "otp": Otp,
    "mfa": Mfa,
    "oauth2": OAuth2,
    "auth_alert": AuthAlert,
}


def auth_code(body: Json, need: Callable[[str], str]) -> Code | None:
    """The code of a collection's sign-in options, None when they are as usual.

    Args:
        body: The collection.
        need: Called with each name that must be imported.
    """
    found: dict[str, Code] = {}
    for option in fields(AuthOptions):
        there = body.get(api_name(option.name))
        if not isinstance(there, dict):
            continue
        usual = AUTH_OPTIONS.get(api_name(option.name), {})
        if option.name.endswith("_template"):
            code = _mail(there, need)
        elif option.name.endswith("_token"):
            code = None if there.get("duration") == usual["duration"] else literal(there["duration"])
        else:
            code = _part(_PARTS[option.name], there, usual, need)
        if code is not None:
            found[option.name] = code
    return call(need("AuthOptions"), **found) if found else None


def _part(part: type[Any], there: Json, usual: Json, need: Callable[[str], str]) -> Code | None:
    found: dict[str, Code] = {}
    for option in fields(part):
        name = api_name(option.name)
        if name not in there:
            continue
        if name == "emailTemplate":
            mail = _mail(there[name], need)
            if mail is not None:
                found[option.name] = mail
        elif there[name] != usual.get(name):
            found[option.name] = literal(there[name])
    return call(need(part.__name__), **found) if found else None


def _mail(template: Json, need: Callable[[str], str]) -> Code | None:
    if is_usual_mail(template):
        return None
    return call(need("EmailTemplate"), literal(template["subject"]), literal(template["body"]))
