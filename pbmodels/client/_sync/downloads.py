# Generated from pbmodels/client/_async/downloads.py by .ci/unasync.py: edit that file and run `make generate`.
"""Files from the server, in pieces: as a stream to read, or into a file that can go on where it broke off."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Self

import httpx

from pbmodels.client import _ranges
from pbmodels.client._abort import Abortable, given_up
from pbmodels.client._errors import (
    ConnectionFailed,
    Forbidden,
    InvalidRequest,
    NotFound,
    RequestTimeout,
    error_from_exception,
)
from pbmodels.client._ranges import Head, Place
from pbmodels.client._request import Call
from pbmodels.client._sinks import Sink, sink_for
from pbmodels.client._sync.file_tokens import FileTokens

if TYPE_CHECKING:
    from pbmodels.client._sync.base import BaseClient

DownloadProgress = Callable[[int, int | None], object]

_PLAIN_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity"}


class FileStream:
    """A file of the server as it comes: a context manager, to be iterated or read.

    Made by `pb.files.open`; the request is sent on entering the block.

    Attributes:
        size: Bytes of the whole file, None if the server does not say.
        content_type: Its media type.

    Raises:
        NotFound: There is no such file, or who is signed in may not see it.
        ConnectionFailed, RequestTimeout: The connection broke, or was silent for too long.
    """

    def __init__(
        self,
        client: BaseClient,
        call: Call,
        timeout: float,
        token: str | None,
        tokens: FileTokens,
        protected: str | None = None,
    ) -> None:
        self.size: int | None = None
        self.content_type = ""
        self._client = client
        self._call = replace(call, headers={**_PLAIN_HEADERS, **call.headers})
        self._timeout = timeout
        self._token = token
        self._tokens = tokens
        self._protected = protected
        self._response: httpx.Response | None = None
        self._pieces: Iterator[bytes] | None = None
        self._rest = b""

    def __enter__(self) -> Self:
        self.open_at(Place())
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open_at(self, place: Place) -> Place:
        """Ask for the file from a place on; gives the place that the pieces begin at, which may be the start."""
        self.close()
        self._response = response = self._answer(place)
        head = Head.of(response.status_code, response.headers)
        if head.begin.offset and head.begin != place:  # a part that was not asked for
            return self.open_at(Place()) if place.offset else head.begin
        self.size, self.content_type = head.size, head.content_type
        self._pieces = response.iter_bytes()
        return head.begin

    def _answer(self, place: Place) -> httpx.Response:
        tokens, headers = self._tokens, self._call.headers
        token = self._token
        if token is None and self._needs_token():
            token = tokens.get(headers)
        try:
            return self._send(place, token)
        except (NotFound, Forbidden):
            if self._token is not None or not tokens.can_ask(headers) or tokens.is_new(token or ""):
                raise
        response = self._send(place, tokens.get(headers, refused=token or ""))
        if self._protected is not None:
            tokens.protected.add(self._protected)
        return response

    def _needs_token(self) -> bool:
        if self._protected is None:
            return True
        return self._protected in self._tokens.protected and self._tokens.can_ask(self._call.headers)

    def _send(self, place: Place, token: str | None) -> httpx.Response:
        call = self._call
        query = {"token": token or None, **call.query}
        call = replace(call, query=query, headers={**call.headers, **place.headers})
        return self._client.open_stream(call, self._timeout, retries=self._client._state.retries)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        if self._rest:
            piece, self._rest = self._rest, b""
            return piece
        piece = self._next()
        if not piece:
            raise StopIteration
        return piece

    def read(self, size: int = -1) -> bytes:
        """The next bytes.

        Args:
            size: How many, fewer only at the end; all that is left by default.
        """
        pieces = [self._rest]
        held = len(self._rest)
        while (size < 0 or held < size) and (piece := self._next()):
            pieces.append(piece)
            held += len(piece)
        content = b"".join(pieces)
        self._rest = content[size:] if size >= 0 else b""
        return content[:size] if size >= 0 else content

    def _next(self) -> bytes:
        """The next piece, empty at the end."""
        if self._pieces is None:
            raise InvalidRequest("this file is not open: use it in a with block")
        return Abortable.run(self._next_of, self._call, self._pieces)

    def _next_of(self, call: Call, pieces: Iterator[bytes]) -> bytes:
        failure: Exception | None
        try:
            for piece in pieces:
                if piece:
                    return piece
        except Exception as raised:
            url = httpx.URL(self._client.url + call.path)
            failure = given_up(call.method, call.path) or error_from_exception(call.method, url, raised, foreign=True)
            if failure is None:
                raise
        else:  # a body without a length ends with its connection, which may have been given up here
            if (failure := given_up(call.method, call.path)) is None:
                return b""
        raise failure from getattr(failure, "original_error", None)

    def close(self) -> None:
        """End the connection, if it is open."""
        response, self._response, self._pieces, self._rest = self._response, None, None, b""
        if response is not None:
            response.close()

    def save(
        self,
        target: str | os.PathLike[str] | IO[bytes],
        progress: DownloadProgress | None = None,
        *,
        resume: bool = False,
    ) -> int:
        """Write the whole file to a path or an open file, and give its size; what `pb.files.download` does."""
        sink = sink_for(target, f"{self._client.url}{self._call.target}", resume=resume)
        return self._save(sink, progress, _ranges.TRIES if resume else 0)

    def _content(self) -> bytes:
        """The whole file, in memory, on through as many broken connections as the client repeats requests."""
        target = io.BytesIO()
        self._save(sink_for(target, "", resume=False), None, self._client._state.retries)
        return target.getvalue()

    def _save(self, sink: Sink, progress: DownloadProgress | None, tries: int) -> int:
        try:
            size = self._fill(sink, progress, tries)
            sink.finish()
            return size
        except BaseException:
            sink.give_up()
            raise
        finally:
            self.close()

    def _fill(self, sink: Sink, progress: DownloadProgress | None, tries: int) -> int:
        failures = 0
        while True:
            try:
                place = self.open_at(sink.place())
                sink.begin(place)
                while piece := self._next():
                    sink.write(piece)
                    place = place.after(piece)
                    failures = 0
                    if progress is not None:
                        progress(place.offset, self.size)
                return place.offset
            except (ConnectionFailed, RequestTimeout):
                failures += 1
                if failures > tries:
                    raise
            Abortable.pause(_ranges.PAUSE * 2 ** (failures - 1))
