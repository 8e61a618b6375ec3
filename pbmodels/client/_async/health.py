"""Whether the server is well: `pb.health`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbmodels.client._decode import decode_object
from pbmodels.client._record import Record
from pbmodels.client._request import Call, Headers, Query

if TYPE_CHECKING:
    from pbmodels.client._async.base import AsyncBaseClient


class AsyncHealthService:
    """The server's health.

    Source: PocketBase documentation, "Web APIs reference: API Health".
    """

    def __init__(self, client: AsyncBaseClient) -> None:
        self._client = client

    async def check(self, *, query: Query | None = None, headers: Headers | None = None) -> Record:
        """What the server says of itself: `code`, `message` and `data`; superusers get more in `data`.

        Raises:
            ConnectionFailed: There is no server.

        Example:
            >>> (await pb.health.check()).message
            'API is healthy.'
        """
        call = Call("GET", "/api/health", query=query or {}, headers=headers or {})
        return Record(decode_object(call, await self._client.execute(call)))
