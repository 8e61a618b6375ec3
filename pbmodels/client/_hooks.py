"""The user's functions that see requests and responses; the async flavour awaits what they give.

Hand-written in both flavours, for waiting is where they differ.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import httpx

from pbmodels.client._errors import InvalidRequest

T = TypeVar("T")

BeforeSend = Callable[[httpx.Request], "httpx.Request | None"]
AfterSend = Callable[[httpx.Response], "httpx.Response | None"]
AsyncBeforeSend = Callable[[httpx.Request], "httpx.Request | Awaitable[httpx.Request | None] | None"]
AsyncAfterSend = Callable[[httpx.Response], "httpx.Response | Awaitable[httpx.Response | None] | None"]


class Hooks:
    """For the sync client."""

    @staticmethod
    def call(hook: Callable[[Any], Any], seen: T) -> T:
        """What a hook makes of a request or response.

        Raises:
            InvalidRequest: It is an async function, or gave something else.
        """
        given = hook(seen)
        if inspect.isawaitable(given):
            if inspect.iscoroutine(given):
                given.close()
            raise InvalidRequest(f"{_name(hook)} is an async function, which takes the async client; give a plain one")
        return _kept(hook, seen, given)


class AsyncHooks:
    """For the async client."""

    @staticmethod
    async def call(hook: Callable[[Any], Any], seen: T) -> T:
        """What a hook makes of a request or response.

        Raises:
            InvalidRequest: It gave something else.
        """
        given = hook(seen)
        return _kept(hook, seen, await given if inspect.isawaitable(given) else given)


def _kept(hook: Callable[[Any], Any], seen: T, given: Any) -> T:
    if given is None:
        return seen
    if not (hasattr(given, "headers") and hasattr(given, "extensions")):
        kind = "response" if hasattr(seen, "status_code") else "request"
        raise InvalidRequest(
            f"{_name(hook)} gave a {type(given).__name__}; it gives another {kind}, or None for the one it was shown"
        )
    replaced: T = given
    return replaced


def _name(hook: Callable[[Any], Any]) -> str:
    return f"the hook {getattr(hook, '__name__', None) or type(hook).__name__}"
