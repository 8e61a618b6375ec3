"""Giving an address to who asked for it, by a function that an async client may have to wait for."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable

from pbmodels.client._errors import InvalidRequest

UrlCallback = Callable[[str], object]
AsyncUrlCallback = Callable[[str], "Awaitable[object] | object"]


def show(url_callback: UrlCallback, url: str) -> None:
    """Give the address to who asked for it.

    Raises:
        InvalidRequest: The callback is one to be awaited.
    """
    result = url_callback(url)
    if inspect.iscoroutine(result):
        result.close()
        raise InvalidRequest("url_callback is an async function; call auth_with_oauth2 of pb.aio, or give a plain one")


async def async_show(url_callback: AsyncUrlCallback, url: str) -> None:
    """Give the address to who asked for it, and wait for a callback that can be waited for."""
    result = url_callback(url)
    if inspect.isawaitable(result):
        await result
