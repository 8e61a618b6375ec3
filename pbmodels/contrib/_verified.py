"""Whose token a request carries, as the server says; asked once in a while for each token. No web framework in here."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from pbmodels.client import AsyncPocketBase, BadRequest, Forbidden, NotFound, Record, Unauthorized
from pbmodels.client._token import claims, owner

_MOST = 10_000
"""Tokens whose owners are remembered."""


@dataclass(frozen=True)
class _Known:
    record: Record
    until: float


class Verifier:
    """Asks the server whose a token is, and remembers the answer for a while.

    What a token says of itself proves nothing: anyone can write one. Here it only chooses the collection to ask, and
    the server answers for a token that it signed, whose owner is still there and meets the collection's auth rule.

    Args:
        seconds: How long an answer counts; 0 asks each time. A token that is revoked meanwhile counts as long.
        collection: The auth collection that tokens must be of; None for any.
    """

    def __init__(self, seconds: float, collection: str | None) -> None:
        self._seconds = seconds
        self._collection = collection
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        self._asking: dict[bytes, asyncio.Future[Record | None]] = {}

    async def record_of(self, client: AsyncPocketBase) -> Record | None:
        """The record that a client's token is for; None when the token is no good.

        Args:
            client: A client that sends the token.

        Raises:
            ClientResponseError: The server was not reached, or failed.
        """
        token = client.auth_store.token
        key = hashlib.sha256(token.encode()).digest()  # the memory holds no token
        now = time.time()
        known = self._known.get(key)
        if known is not None and now < known.until:
            self._known.move_to_end(key)
            return known.record
        record = await self._asked_once(key, client)
        if record is None:
            self._known.pop(key, None)
            return None
        self._known[key] = _Known(record, min(now + self._seconds, _end(token)))
        if len(self._known) > _MOST:
            self._known.popitem(last=False)
        return record

    def forget(self) -> None:
        """Ask the server anew for all tokens."""
        self._known.clear()

    async def _asked_once(self, key: bytes, client: AsyncPocketBase) -> Record | None:
        """What the server says; requests that want to know at the same moment share one question."""
        loop = asyncio.get_running_loop()
        waiting = self._asking.get(key)
        if waiting is not None and waiting.get_loop() is loop:
            return await asyncio.shield(waiting)
        question = self._asking[key] = asyncio.ensure_future(self._asked(client))
        question.add_done_callback(lambda done: self._answered(key, done))
        return await asyncio.shield(question)

    def _answered(self, key: bytes, done: asyncio.Future[Any]) -> None:
        if self._asking.get(key) is done:
            del self._asking[key]
        if not done.cancelled():
            done.exception()  # seen by those who wait, if any still does

    async def _asked(self, client: AsyncPocketBase) -> Record | None:
        collection = self._collection or owner(client.auth_store.token)[0]
        if not collection:
            return None
        # The answer would be saved in the client's store: the request goes on with the token that came.
        asking = client.with_token(client.auth_store.token)
        try:
            return (await asking.collection(collection).auth_refresh()).record
        except (Unauthorized, Forbidden, NotFound, BadRequest):
            return None


def _end(token: str) -> float:
    end = claims(token).get("exp")
    return float(end) if isinstance(end, (int, float)) else 0.0
