"""Which requests are sent again after a failure that may pass, and when. Decided here, done in `_async/base.py`.

A request is repeated when a second arrival does no harm: it reads, it deletes, it sets fields to values, or it creates
a record whose id was chosen here. Everything else is sent once: after a broken connection nobody knows whether it
arrived, and what a route of one's own does is not known here. A request that ran out of its time is not repeated
either, for the time was the caller's to give.
"""

from __future__ import annotations

import random
import re
from dataclasses import replace
from urllib.parse import quote

import httpx

from pbmodels.client._errors import (
    CertificateRefused,
    ClientResponseError,
    ConnectionFailed,
    NotFound,
    RateLimited,
    ServerError,
    ValidationFailed,
)
from pbmodels.client._log import log
from pbmodels.client._request import Call
from pbmodels.client._session import Rewinder

PASSING = (ConnectionFailed, RateLimited, ServerError)
"""Failures that may be over at the next try."""

LONGEST_WAIT = 60.0
"""Seconds that a server's Retry-After may ask for; a longer one is the caller's to wait."""

_PASSING_STATUS = frozenset({0, 429, 502, 503, 504})
_RECORDS = re.compile(r"/api/collections/[^/?]+/records/?")
_UPDATED = re.compile(r"/api/(collections/[^/?]+(/records/[^/?]+)?|settings)/?")
_EMPTIED = re.compile(r"/api/collections/[^/?]+/truncate/?")
_PASSWORDS = frozenset({"password", "oldPassword"})
_HOPELESS = (httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)
_TAKEN = "validation_not_unique"


def is_repeatable(call: Call) -> bool:
    """Whether the request may arrive twice.

    Example:
        >>> is_repeatable(Call("PATCH", "/api/collections/posts/records/r1", json={"views": 1}))
        True
        >>> is_repeatable(Call("PATCH", "/api/collections/posts/records/r1", json={"views+": 1}))
        False
    """
    match call.method:
        case "GET" | "HEAD" | "DELETE":
            return True
        case "PATCH":
            return bool(_UPDATED.fullmatch(call.path)) and not any(map(_may_change_twice, _names(call)))
        case "POST":
            return bool(_chosen_id(call) and _RECORDS.fullmatch(call.path))
        case _:
            return False


def _names(call: Call) -> list[str]:
    return [*(call.json if isinstance(call.json, dict) else ()), *(name for name, _ in call.files)]


def _may_change_twice(name: str) -> bool:
    """Modifiers add; a changed password ends the token that the second try would carry."""
    return name.startswith("+") or name.endswith(("+", "-")) or name in _PASSWORDS


def _chosen_id(call: Call) -> str:
    chosen = call.json.get("id") if isinstance(call.json, dict) else None
    return chosen if isinstance(chosen, str) else ""


class Tries:
    """The tries of one request, after the first one failed.

    Args:
        call: The request.
        retries: How often it may be sent again.
        files: Its open files, to be sent from where they were.
    """

    def __init__(self, call: Call, retries: int, files: Rewinder | None) -> None:
        self.call = call
        self._left = retries if is_repeatable(call) else 0
        self._files = files
        self._failed = 0
        self._may_have_arrived = False

    def pause_after(self, error: ClientResponseError) -> float | None:
        """Seconds to wait before the next try, None when there is none.

        Args:
            error: What the last one ended with.
        """
        if not isinstance(error, PASSING) or error.status not in _PASSING_STATUS or self._left <= 0:
            return None
        if isinstance(error, CertificateRefused) or isinstance(error.original_error, _HOPELESS):
            return None
        asked = error.retry_after if isinstance(error, (RateLimited, ServerError)) else None
        if asked is not None and asked > LONGEST_WAIT:
            return None
        if self._files is not None and not self._files.rewind():
            return None
        self._left -= 1
        self._failed += 1
        self._may_have_arrived = self._may_have_arrived or error._may_have_arrived
        pause = max(_backoff(self._failed), asked or 0.0)
        reason = f"status {error.status}" if error.status else type(error).__name__
        path = self.call.path.partition("?")[0]
        log.info("%s %s: %s, sent again in %.2f s", self.call.method, path, reason, pause)
        return pause

    def is_gone(self, error: ClientResponseError) -> bool:
        """Whether an earlier try of a delete arrived, for now there is nothing to delete."""
        if _EMPTIED.fullmatch(self.call.path):
            return False
        return self._may_have_arrived and self.call.method == "DELETE" and isinstance(error, NotFound)

    def made(self, error: ClientResponseError) -> Call | None:
        """The request for the record that an earlier try made, when this one found its id taken."""
        if not self._may_have_arrived or self.call.method != "POST" or not isinstance(error, ValidationFailed):
            return None
        if error.field_codes.get("id") != _TAKEN:
            return None
        path = f"{self.call.path.rstrip('/')}/{quote(_chosen_id(self.call), safe='')}"
        return replace(self.call, method="GET", path=path, json=None, files=[])


def _backoff(failed: int) -> float:
    """0.2 seconds at first, twice as long each time, up to 10; less by chance, so that clients do not come together."""
    return float(min(10.0, 0.2 * 2 ** (failed - 1)) * random.uniform(0.5, 1.0))
