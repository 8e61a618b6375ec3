"""Who is signed in as a cookie, as the official JavaScript SDK writes and reads it; no I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Literal
from urllib.parse import quote, unquote

from pydantic_core import from_json, to_json

from pbmodels.client._errors import InvalidRequest
from pbmodels.client._token import claims

COOKIE = "pb_auth"
LIMIT = 4096
"""Bytes that browsers keep of a cookie."""

_KEPT = ("id", "email", "collectionId", "collectionName", "verified")
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_ATTRIBUTE = re.compile(r"[\x20-\x3a\x3c-\x7e]+")


def auth_cookie(
    token: str,
    record: Mapping[str, Any] | None,
    key: str,
    *,
    path: str | None,
    domain: str | None,
    secure: bool,
    http_only: bool,
    same_site: Literal["Strict", "Lax", "None"] | None,
) -> str:
    """The value of a `Set-Cookie` header that keeps a sign-in until its token ends; one in the past without a token.

    Raises:
        InvalidRequest: The key, path or domain cannot stand in a cookie.
    """
    if not _NAME.fullmatch(key):
        raise InvalidRequest(f"{key!r} cannot be a cookie's name")
    for name, value in (("path", path), ("domain", domain)):
        if value and not _ATTRIBUTE.fullmatch(value):
            raise InvalidRequest(f"{value!r} cannot be a cookie's {name}")
    expires = claims(token).get("exp")
    until = datetime.fromtimestamp(expires if isinstance(expires, (int, float)) else 0, UTC)
    attributes = [
        f"; Domain={domain}" if domain else "",
        f"; Path={path}" if path else "",
        f"; Expires={format_datetime(until, usegmt=True)}",
        "; HttpOnly" if http_only else "",
        "; Secure" if secure else "",
        f"; SameSite={same_site}" if same_site else "",
    ]

    def written(record: Mapping[str, Any] | None) -> str:
        content = quote(to_json({"token": token, "record": record}), safe="!'()*")
        return f"{key}={content}{''.join(attributes)}"

    whole = written(record)
    if record is None or len(whole) <= LIMIT:
        return whole
    return written({name: record[name] for name in _KEPT if name in record})


def from_cookies(header: str, key: str) -> tuple[str, dict[str, Any] | None]:
    """Token and record from the value of a `Cookie` header; nobody's when it has no such cookie, or a broken one."""
    for pair in header.split(";"):
        name, _, value = pair.strip().partition("=")
        if name != key:
            continue
        try:
            kept = from_json(unquote(value.strip('"')))
            token, record = kept.get("token"), kept.get("record")
        except (ValueError, AttributeError):
            break
        return token if isinstance(token, str) else "", record if isinstance(record, dict) else None
    return "", None
