"""Bodies with files, as multipart: streamed from wherever the content is."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import ExitStack
from typing import IO, Any, cast

import httpx

from pbmodels.client._body import Files, encode
from pbmodels.client._errors import InvalidRequest
from pbmodels.client._upload import Upload


class Form:
    """Makes the body of a request with files; content that is awaited is refused."""

    @classmethod
    def encode(cls, rest: Mapping[str, Any], files: Files, stack: ExitStack) -> tuple[dict[str, str], dict[str, Any]]:
        """The headers that belong to the body, and the arguments of `httpx.Request` for it.

        PocketBase reads plain form fields as text; the JSON part keeps numbers, lists and nulls what they are.

        Args:
            rest: The fields that are no files, which go as JSON under `@jsonPayload`.
            files: The files by field name.
            stack: Closes the files that are opened here.

        Raises:
            InvalidRequest: A file cannot be read, or has no name.
        """
        parts: list[tuple[str, tuple[str, Any, str]]] = []
        for name, file in files:
            if not file.media_type.isprintable():
                raise InvalidRequest(f"{name}: the media type {file.media_type!r} is not one")
            if not os.path.basename(file.name):
                raise InvalidRequest(f"{name}: a file needs a name, and {file.name!r} is none")
            content = cls._content(file)
            if isinstance(file.content, os.PathLike):
                stack.callback(cast("IO[bytes]", content).close)
            parts.append((name, (os.path.basename(file.name), content, file.media_type)))
        return {}, {"data": {"@jsonPayload": encode(rest).decode()} if rest else {}, "files": parts}

    @classmethod
    def _content(cls, file: Upload) -> IO[bytes] | bytes:
        if file.is_awaited:
            raise InvalidRequest(
                f"the file {file.name!r} is read with await, which takes the async client; "
                "or give the plain file, often its .file"
            )
        return file.open()


class AsyncForm(Form):
    """Makes the body of a request with files, awaited content included."""

    @classmethod
    def encode(cls, rest: Mapping[str, Any], files: Files, stack: ExitStack) -> tuple[dict[str, str], dict[str, Any]]:
        """As `Form.encode`; awaited content goes where a marker stands in a form without it."""
        awaited = {secrets.token_bytes(32): file for _, file in files if file.is_awaited}
        if not awaited:
            return super().encode(rest, files, stack)
        marks = {file: mark for mark, file in awaited.items()}
        marked = [
            (name, Upload(file.name, marks[file], file.media_type) if file in marks else file) for name, file in files
        ]
        _, options = super().encode(rest, marked, stack)
        form = httpx.Request("POST", "http://form", **options)
        contents = [(mark, file.pieces()) for mark, file in awaited.items()]
        stream = cast("httpx.SyncByteStream", form.stream)
        return {"Content-Type": form.headers["Content-Type"]}, {"content": _filled(stream, contents)}


async def _filled(form: Iterable[bytes], contents: list[tuple[bytes, AsyncIterator[bytes]]]) -> AsyncIterator[bytes]:
    for chunk in form:
        rest = chunk
        while contents and contents[0][0] in rest:
            mark, pieces = contents.pop(0)
            before, _, rest = rest.partition(mark)
            yield before
            async for piece in pieces:
                yield piece
        yield rest
