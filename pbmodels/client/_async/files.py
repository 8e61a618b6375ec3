"""Files of records: `pb.files`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import IO, TYPE_CHECKING, Any

from pbmodels.client._async.downloads import AsyncFileStream, DownloadProgress
from pbmodels.client._async.file_tokens import AsyncFileTokens
from pbmodels.client._file_urls import file_path, file_url
from pbmodels.client._request import Call, Headers, Query

if TYPE_CHECKING:
    from pbmodels.client._async.base import AsyncBaseClient


class AsyncFileService:
    """Addresses of files, tokens for protected ones, and their content.

    What fetches content asks for a token by itself when a file turns out to be protected and someone is signed in; it
    keeps the token while it is good.

    Source: PocketBase documentation, "Web APIs reference: API Files".
    """

    def __init__(self, client: AsyncBaseClient) -> None:
        self._client = client
        self._tokens = AsyncFileTokens(client)

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

    async def get_token(
        self, *, reuse: bool = False, query: Query | None = None, headers: Headers | None = None
    ) -> str:
        """A short-lived token for protected files, for who is signed in.

        Args:
            reuse: Give the last one again while it is good for a while: for pages with the addresses of many files.
            query: More query parameters; a token that is reused was asked for without them.
            headers: More headers.

        Raises:
            Unauthorized: Nobody is signed in.

        Example:
            >>> await pb.files.get_token(reuse=True) == await pb.files.get_token(reuse=True)
            True
        """
        return await (self._tokens.get(headers) if reuse else self._tokens.ask(query, headers))

    def open(
        self,
        record: Mapping[str, Any],
        filename: str,
        *,
        thumb: str | None = None,
        token: str | None = None,
        timeout: float = 60.0,
        query: Query | None = None,
        headers: Headers | None = None,
    ) -> AsyncFileStream:
        """The content of a file of a record as a stream: it is never in memory as a whole.

        Args:
            record: The record, or a mapping with its `id` and `collectionId` or `collectionName`.
            filename: The file name as the record holds it.
            thumb: A thumbnail size such as `100x100`, one of the field's `thumbs`; the server gives the file itself
                when it has no such thumbnail.
            token: A file token; where one is needed, it is asked for by default.
            timeout: Seconds of silence after which the connection counts as broken.
            query: More query parameters.
            headers: More headers.

        Returns:
            A stream to open in a `with` block.

        Raises:
            InvalidRequest: The record is not saved, or there is no file name.

        Example:
            >>> post = await pb.collection("posts").create({"title": "t", "cover": ("a.txt", b"Hello")})
            >>> async with pb.files.open(post, post.cover) as stream:
            ...     print(stream.size, await stream.read())
            5 b'Hello'
        """
        call = Call("GET", file_path(record, filename), query={"thumb": thumb, **(query or {})}, headers=headers or {})
        collection = str(record.get("collectionId") or record.get("collectionName"))
        return AsyncFileStream(self._client, call, timeout, token, self._tokens, protected=collection)

    async def read(
        self,
        record: Mapping[str, Any],
        filename: str,
        *,
        thumb: str | None = None,
        token: str | None = None,
        timeout: float = 60.0,
        query: Query | None = None,
        headers: Headers | None = None,
    ) -> bytes:
        """The content of a file of a record, in memory; the arguments are those of `open`.

        Raises:
            NotFound: There is no such file, or who is signed in may not see it.

        Example:
            >>> post = await pb.collection("posts").create({"title": "t", "cover": ("a.txt", b"Hello")})
            >>> await pb.files.read(post, post.cover)
            b'Hello'
        """
        stream = self.open(record, filename, thumb=thumb, token=token, timeout=timeout, query=query, headers=headers)
        return await stream._content()

    async def download(
        self,
        record: Mapping[str, Any],
        filename: str,
        target: str | os.PathLike[str] | IO[bytes],
        *,
        progress: DownloadProgress | None = None,
        resume: bool = False,
        thumb: str | None = None,
        token: str | None = None,
        timeout: float = 60.0,
        query: Query | None = None,
        headers: Headers | None = None,
    ) -> int:
        """Fetch a file of a record into a file, in pieces.

        Args:
            record: The record, or a mapping with its `id` and `collectionId` or `collectionName`.
            filename: The file name as the record holds it.
            target: The path to write, which is replaced once all has come, and which only its owner may read; or a
                file open for writing bytes, which stays open.
            progress: Called after each piece with the bytes so far and the bytes in all (None if not known).
            resume: Go on where a broken connection left off: several times at once, and for a path also in a later
                call. What has come is kept beside the path until then, in a file that ends in `.part`. The server
                gives all anew when the file has changed meanwhile.
            thumb: A thumbnail size, as in `open`.
            token: A file token; where one is needed, it is asked for by default.
            timeout: Seconds of silence after which the connection counts as broken.
            query: More query parameters.
            headers: More headers.

        Returns:
            The size of the file in bytes.

        Raises:
            NotFound: There is no such file, or who is signed in may not see it.
            ConnectionFailed, RequestTimeout: It broke off; without `resume` nothing is left of it at a path.
            InvalidRequest: The target is a folder or no file.
            OSError: It cannot be written.

        Example:
            >>> import io
            >>> post = await pb.collection("posts").create({"title": "t", "cover": ("a.txt", b"Hello")})
            >>> target = io.BytesIO()
            >>> await pb.files.download(post, post.cover, target)
            5
            >>> target.getvalue()
            b'Hello'
        """
        stream = self.open(record, filename, thumb=thumb, token=token, timeout=timeout, query=query, headers=headers)
        return await stream.save(target, progress, resume=resume)
