"""One test for both flavours: `await done(client.method(...))` works with the sync and the async client."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import AsyncIterator
from typing import Any

from pbmodels import AsyncPocketBase, PocketBase

FLAVOURS = {"sync": PocketBase, "async": AsyncPocketBase}


async def done(result: Any) -> Any:
    """What a method gives, awaited if it is the async one."""
    return await result if inspect.isawaitable(result) else result


@contextlib.asynccontextmanager
async def new_client(flavour: str, url: str, **options: Any) -> AsyncIterator[Any]:
    """A client of this flavour, closed at the end; it repeats nothing unless told to."""
    options.setdefault("retries", 0)
    client = FLAVOURS[flavour](url, **options)
    try:
        yield client
    finally:
        await done(client.aclose() if flavour == "async" else client.close())
