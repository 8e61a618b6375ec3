"""What a token says of itself: whose it is, and until when. Unverified: only the server can verify it."""

from __future__ import annotations

import base64
import binascii
import time
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json

MARGIN = 300.0
"""Seconds before its end from which on a token is to be refreshed."""

SHARE = 0.2
"""The part of its life at whose beginning a short-lived token is to be refreshed, if that is later."""

NEVER = float("inf")


def claims(token: str) -> dict[str, Any]:
    """The claims of a JWT, {} when it is none."""
    try:
        part = token.split(".")[1]
        found = from_json(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError, binascii.Error):
        return {}
    return found if isinstance(found, dict) else {}


def owner(token: str) -> tuple[str, str]:
    """The collection's id and the record's id that a token is for, empty when it does not say."""
    found = claims(token)
    return str(found.get("collectionId") or ""), str(found.get("id") or "")


@dataclass(frozen=True, slots=True)
class TokenLife:
    """When a token is to be refreshed and when it ends, in seconds as `time.time()` counts.

    Attributes:
        token: Which token.
        refresh_at: From when on it is close to its end; `expires_at` when it cannot be refreshed.
        expires_at: When it ends, `NEVER` when that is unknown.
    """

    token: str = field(repr=False)
    refresh_at: float
    expires_at: float


def life_of(token: str, *, is_new: bool = False, ahead: float = 0.0) -> TokenLife:
    """The life of a token.

    It is close to its end for the last 5 minutes, or the last fifth of its life if that is shorter: known of a
    token that the server has just given. Such a one that seems to have ended already tells that the clocks
    disagree, and nothing about its end: then only the server's 401 counts.

    Args:
        token: The JWT.
        is_new: Whether the server has just given it.
        ahead: How many seconds the server's clock is ahead of this machine's, as far as known.
    """
    found = claims(token)
    expires = found.get("exp")
    if not isinstance(expires, (int, float)):
        return TokenLife(token, NEVER, NEVER)
    expires -= ahead
    left = expires - time.time()
    if is_new and left <= 0:
        return TokenLife(token, NEVER, NEVER)
    margin = min(MARGIN, SHARE * left) if is_new else MARGIN
    # An impersonation's token is not refreshable: the server would give the same one back.
    return TokenLife(token, expires if found.get("refreshable") is False else expires - margin, expires)


NOBODY = TokenLife("", NEVER, NEVER)
