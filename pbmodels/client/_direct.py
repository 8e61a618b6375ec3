"""Requests straight to httpcore's connections, each answer read to its end.

Httpx's own transport makes an `httpx.Response` of each, with a stream that translates errors at every piece: for a
small answer that is a twentieth of the client's own time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import cast

import httpcore
import httpx

from pbmodels.client._headers import RawHeaders
from pbmodels.client._pool import Pool

_FAILURES = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
)


class DirectTransport(httpx.BaseTransport):
    """A shorter way to the connections of a pool, for answers that are read as a whole.

    Args:
        pool: Whose connections; who made it closes it.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer, with its body; it has what this package reads of a response, and no more.

        Raises:
            httpx.TransportError: There is none, or not all of it.
        """
        url = request.url
        sent = httpcore.Request(
            request.method,
            httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=cast("Iterable[bytes]", request.stream),
            extensions=request.extensions,
        )
        try:
            response, content = self._pool.whole(sent)
        except _FAILURES as error:  # httpx has one of the same name for each
            raise getattr(httpx, type(error).__name__)(str(error)) from error
        return cast("httpx.Response", Received(response, content))


class Received:
    """An answer, read to its end."""

    __slots__ = ("extensions", "headers", "status_code", "stream")

    def __init__(self, response: httpcore.Response, content: bytes) -> None:
        self.status_code = response.status
        self.headers = ReceivedHeaders(response.headers)
        self.extensions = response.extensions
        self.stream = (content,)

    def close(self) -> None:
        """Nothing: the connection is free already."""


class ReceivedHeaders(Mapping[str, str]):
    """Headers as they came; few answers have any that are looked at."""

    __slots__ = ("raw",)

    def __init__(self, raw: RawHeaders) -> None:
        self.raw = raw

    def __contains__(self, name: object) -> bool:
        wanted = str(name).lower().encode()
        return any(known.lower() == wanted for known, _ in self.raw)

    def __getitem__(self, name: str) -> str:
        return httpx.Headers(self.raw)[name]

    def __iter__(self) -> Iterator[str]:
        return iter(httpx.Headers(self.raw))

    def __len__(self) -> int:
        return len(httpx.Headers(self.raw))
