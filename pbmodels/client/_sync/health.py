# Generated from pbmodels/client/_async/health.py by .ci/unasync.py: edit that file and run `make generate`.
"""Whether the server is well: `pb.health`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbmodels.client._decode import decode_object
from pbmodels.client._record import Record
from pbmodels.client._request import Call, Headers, Query

if TYPE_CHECKING:
    from pbmodels.client._sync.base import BaseClient


class HealthService:
    """The server's health.

    Source: PocketBase documentation, "Web APIs reference: API Health".
    """

    def __init__(self, client: BaseClient) -> None:
        self._client = client

    def check(self, *, query: Query | None = None, headers: Headers | None = None) -> Record:
        """What the server says of itself: `code`, `message` and `data`; superusers get more in `data`.

        Raises:
            ConnectionFailed: There is no server.

        Example:
            >>> (pb.health.check()).message
            'API is healthy.'
        """
        call = Call("GET", "/api/health", query=query or {}, headers=headers or {})
        return Record(decode_object(call, self._client.execute(call)))
