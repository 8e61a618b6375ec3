"""Who is signed in, kept by functions that are awaited: in a database, a key-value store, a keyring."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pydantic_core import from_json

from pbmodels.client._auth_store import AuthStore
from pbmodels.client._errors import InvalidRequest
from pbmodels.client._record import Record
from pbmodels.client._renewals import running_loop

_LOG = logging.getLogger("pbmodels")


class AsyncAuthStore(AuthStore):
    """An `AuthStore` whose changes are written by an async function, in order, in the background.

    It belongs to an event loop: the one it is made in, else the one of its first change. `aclose` of an
    `AsyncPocketBase`, and so the end of its `async with` block, waits until all is written.

    Args:
        save: Called with the text to keep, after every change; with "" after a sign-out, unless there is `clear`.
        clear: Called after a sign-out.
        initial: The text that `save` was last called with, "" for none.

    Raises:
        InvalidRequest: `initial` is not such a text.

    Example:
        >>> async def main() -> None:
        ...     kept: list[str] = []  # a database
        ...
        ...     async def save(text: str) -> None:
        ...         kept.append(text)
        ...
        ...     store = AsyncAuthStore(save)
        ...     store.save("token", {"id": "u1"})
        ...     await store.written()
        ...     print(AsyncAuthStore(save, initial=kept[-1]).record.id)
        >>> asyncio.run(main())
        u1
    """

    def __init__(
        self,
        save: Callable[[str], Awaitable[object]],
        clear: Callable[[], Awaitable[object]] | None = None,
        *,
        initial: str | bytes = "",
    ) -> None:
        super().__init__()
        self._save = save
        self._clear = clear
        self._loop = running_loop()
        self._texts: deque[str] = deque()
        self._writer: asyncio.Task[None] | None = None
        self._failure: Exception | None = None
        if initial:
            try:
                kept = from_json(initial)
                self._kept = (str(kept["token"]), None if kept["record"] is None else Record(kept["record"]))
            except (ValueError, TypeError, KeyError):
                raise InvalidRequest("initial= is not what AsyncAuthStore had saved; leave it out") from None

    def save(self, token: str, record: Mapping[str, Any] | None = None) -> None:
        """Keep a token and its record, tell the callbacks, and have it written."""
        text = json.dumps({"token": token, "record": None if record is None else dict(record)})
        loop = self._where_to_write()
        super().save(token, record)
        self._write(loop, text)

    def clear(self) -> None:
        """Forget who is signed in, tell the callbacks, and have that written."""
        loop = self._where_to_write()
        super().clear()
        self._write(loop, "")

    async def written(self) -> None:
        """Wait until every change so far is written.

        Raises:
            Exception: What `save` or `clear` has raised since the last call; it is in the log too.
        """
        while (writer := self._writer) is not None and not writer.done():
            await asyncio.shield(writer)
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _where_to_write(self) -> asyncio.AbstractEventLoop:
        loop = running_loop() or self._loop
        if loop is None or not loop.is_running():
            raise InvalidRequest("an AsyncAuthStore is written with await: change it while its event loop is running")
        return loop

    def _write(self, loop: asyncio.AbstractEventLoop, text: str) -> None:
        self._loop = loop
        self._texts.append(text)
        if loop is running_loop():
            self._begin()
        else:  # a thread of the program, which the loop goes on beside
            loop.call_soon_threadsafe(self._begin)

    def _begin(self) -> None:
        writer = self._writer
        if writer is None or writer.done() or writer.get_loop() is not asyncio.get_running_loop():
            self._writer = asyncio.get_running_loop().create_task(self._drain())

    async def _drain(self) -> None:
        while self._texts:
            text = self._texts.popleft()
            try:
                if not text and self._clear is not None:
                    await self._clear()
                else:
                    await self._save(text)
            except Exception as error:
                self._failure = error
                # Without its text, which may quote what was to be written.
                _LOG.error("the auth store could not be written: %s", type(error).__name__)
