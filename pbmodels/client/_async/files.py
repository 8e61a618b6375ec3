"""Files of records: `pb.files`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pbmodels.client._file_urls import file_url
from pbmodels.client._request import Call, Headers, Query
from pbmodels.client._state import decode_object

if TYPE_CHECKING:
    from pbmodels.client._async.base import AsyncBaseClient


class AsyncFileService:
    """Addresses of files, and tokens for protected ones.

    Source: PocketBase documentation, "Web APIs reference: API Files".
    """

    def __init__(self, client: AsyncBaseClient) -> None:
        self._client = client

    def get_url(
        self,
        record: Mapping[str, Any],
        filename: str,
        *,
        thumb: str | None = None,
        token: str | None = None,
        download: bool = False,
        query: Query | None = None,
    ) -> str:
        """Where a file of a record is served; nothing is sent.

        Args:
            record: The record, or a mapping with its `id` and `collectionId` or `collectionName`.
            filename: The file name as the record holds it.
            thumb: A thumbnail size such as `100x100`, `0x300` or `100x100t`.
            token: A file token, for protected files.
            download: Whether the browser shall save the file rather than show it.
            query: More query parameters.

        Raises:
            InvalidRequest: The record is not saved, or there is no file name.

        Example:
            >>> pb.files.get_url({"id": "r1", "collectionName": "posts"}, "a b.png", thumb="100x100")
            'http://.../api/files/posts/r1/a%20b.png?thumb=100x100'
        """
        return file_url(self._client.url, record, filename, thumb=thumb, token=token, download=download, query=query)

    async def get_token(self, *, query: Query | None = None, headers: Headers | None = None) -> str:
        """A short-lived token for protected files, for who is signed in.

        Raises:
            Unauthorized: Nobody is.
        """
        call = Call("POST", "/api/files/token", query=query or {}, headers=headers or {})
        return str(decode_object(call, await self._client.execute(call))["token"])
