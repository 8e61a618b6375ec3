"""From a `Call` to the request that a transport takes.

Most requests are a method, an address, headers and bytes. `httpx.Request` does more for each (it takes addresses
apart, guesses headers), which costs a fifth of a request's time; `Outgoing` holds what transports read and no more.
Files, hooks and clients of one's own get the real one.
"""

from __future__ import annotations

import math
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import httpx

from pbmodels._version import __version__
from pbmodels.client import _body
from pbmodels.client._auth_store import AuthStore
from pbmodels.client._errors import InvalidRequest
from pbmodels.client._headers import RawHeaders, encoded, merged
from pbmodels.client._multipart import Form
from pbmodels.client._request import Call

_DEFAULT_HEADERS = encoded(
    {"User-Agent": f"pbmodels/{__version__}", "Accept": "application/json", "Accept-Encoding": "gzip, deflate"}
)
_JSON = [(b"Content-Type", b"application/json")]
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_PLAIN = r"[A-Za-z0-9._~!$&()*+,;=:@/?-]*"
_AS_IT_IS = re.compile(rf"{_PLAIN}(?:%[0-9A-Fa-f]{{2}}{_PLAIN})*")
"""Paths and queries that `httpx.URL` would not change."""
_LONGEST = 60_000


class _Nothing(httpx.SyncByteStream, httpx.AsyncByteStream):
    """No body: not even the empty piece of a `ByteStream`, which costs as much as one that holds something."""

    def __iter__(self) -> Iterator[bytes]:
        return iter(())

    async def __aiter__(self) -> AsyncIterator[bytes]:
        return
        yield b""


_NOTHING = _Nothing()


class Address:
    """A request's address, as transports read it."""

    __slots__ = ("origin", "port", "raw_host", "raw_path", "raw_scheme")

    def __init__(self, server: httpx.URL, origin: str, raw_path: bytes) -> None:
        self.origin = origin
        self.raw_scheme = server.raw_scheme
        self.raw_host = server.raw_host
        self.port = server.port
        self.raw_path = raw_path

    def __str__(self) -> str:
        return self.origin + self.raw_path.decode("ascii")


class Fields:
    """A request's headers: `raw` for httpx's own transport, pairs of text for aiohttp's."""

    __slots__ = ("_pairs", "raw")

    def __init__(self, raw: RawHeaders) -> None:
        self.raw = raw
        self._pairs: list[tuple[str, str]] | None = None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        if self._pairs is None:
            self._pairs = [(name.decode(), value.decode()) for name, value in self.raw]
        return iter(self._pairs)


class Outgoing:
    """A request without files."""

    __slots__ = ("content", "extensions", "headers", "method", "stream", "url")

    def __init__(self, method: str, url: Address, headers: Fields, content: bytes, timeout: Mapping[str, Any]) -> None:
        self.method = method
        self.url = url
        self.headers = headers
        self.content = content
        self.stream = httpx.ByteStream(content) if content else _NOTHING
        self.extensions: dict[str, Any] = {"timeout": {**timeout}}

    def in_full(self) -> httpx.Request:
        """The same request for who wants more of it than transports do."""
        return httpx.Request(
            self.method,
            str(self.url),
            headers=self.headers.raw,
            content=self.content or None,
            extensions=self.extensions,
        )


AnyRequest = httpx.Request | Outgoing


def as_timeout(given: Any) -> httpx.Timeout:
    """A `timeout=` as httpx has it.

    Raises:
        InvalidRequest: It is no time.
    """
    if isinstance(given, httpx.Timeout):
        return given
    if given is None or (isinstance(given, (int, float)) and not isinstance(given, bool) and 0 < given < math.inf):
        return httpx.Timeout(given)
    raise InvalidRequest(f"timeout={given!r}: give seconds above 0, an httpx.Timeout, or None to wait without end")


class Requests:
    """Makes the requests of one client: to its server, with its headers and the store's token.

    Args:
        url: The server's address.
        headers: Headers for every request.
        auth_store: Who is signed in.
        timeout: How long requests wait that say nothing of it themselves.
    """

    def __init__(
        self, url: httpx.URL, headers: Mapping[str, str], auth_store: AuthStore, timeout: httpx.Timeout
    ) -> None:
        self._server = url
        self.origin = str(url).rstrip("/")
        self._root = f"{url.scheme}://{url.netloc.decode('ascii')}"
        self._prefix = url.raw_path.rstrip(b"/").decode("ascii")
        self._auth_store = auth_store
        self._timeout = timeout.as_dict()
        self._headers = merged(_DEFAULT_HEADERS, encoded(headers))
        names = {name.lower() for name, _ in self._headers}
        self.has_authorization = b"authorization" in names
        self._host = [] if b"host" in names else [(b"Host", url.netloc)]
        self._signed = self._sign("")

    def quick(self, call: Call) -> Outgoing | None:
        """The call as an `Outgoing`, None when it takes a real request.

        Raises:
            InvalidRequest: Its body or a header cannot be sent.
        """
        if call.files:
            return None
        target = self._prefix + call.target
        if len(target) > _LONGEST or not _AS_IT_IS.fullmatch(target):
            return None
        token, fields, for_json = self._signed
        if token != self._auth_store.token:
            token, fields, for_json = self._signed = self._sign(self._auth_store.token)
        content = b""
        if call.json is not None:
            content = _body.encode(call.json)
            fields = for_json
        if call.headers:
            fields = Fields(merged(fields.raw, encoded(call.headers)))
        if content or call.method in _WITH_BODY:
            fields = Fields([*fields.raw, (b"Content-Length", b"%d" % len(content))])
        timeout = self._timeout if call.timeout is None else as_timeout(call.timeout).as_dict()
        address = Address(self._server, self._root, target.encode("ascii"))
        return Outgoing(call.method, address, fields, content, timeout)

    def full(self, call: Call, http_client: Any, stack: ExitStack, form: type[Form]) -> httpx.Request:
        """The call as an httpx request.

        Args:
            call: What to send.
            http_client: The client that was passed in, if one was.
            stack: Closes files.
            form: How a body with files is made.

        Raises:
            InvalidRequest: It cannot be sent.
        """
        try:
            return self._build(call, http_client, stack, form)
        except (httpx.InvalidURL, UnicodeEncodeError) as error:
            path = call.path.split("?")[0]
            raise InvalidRequest(f"{call.method} {path[:200]} cannot be sent: {error}") from None

    def timeout_of(self, call: Call) -> dict[str, Any]:
        """How long to wait for what, as transports read it."""
        return {**(self._timeout if call.timeout is None else as_timeout(call.timeout).as_dict())}

    def _build(self, call: Call, http_client: Any, stack: ExitStack, form: type[Form]) -> httpx.Request:
        url = self.origin + call.target
        headers = self._with_token(self._auth_store.token)
        options: dict[str, Any] = {}
        if call.json is not None and not call.files:
            options = {"content": _body.encode(call.json)}
            headers = merged(headers, _JSON)
        if call.headers:
            headers = merged(headers, encoded(call.headers))
        if call.files:
            headers = [pair for pair in headers if pair[0].lower() != b"content-type"]  # httpx adds the boundary
            more, options = form.encode(call.json or {}, call.files, stack)
            headers += encoded(more)
        timeout = self.timeout_of(call)
        if http_client is not None:
            request: httpx.Request = http_client.build_request(
                call.method, url, headers=headers, timeout=tuple(timeout.values()), **options
            )
            return request
        return httpx.Request(call.method, url, headers=headers, extensions={"timeout": timeout}, **options)

    def _sign(self, token: str) -> tuple[str, Fields, Fields]:
        """A token, the headers of its requests, and those of its requests with a JSON body."""
        headers = self._host + self._with_token(token)
        return token, Fields(headers), Fields(merged(headers, _JSON))

    def _with_token(self, token: str) -> RawHeaders:
        if not token:
            return self._headers
        authorization = encoded({"Authorization": token})
        return merged(self._headers, authorization) if self.has_authorization else self._headers + authorization
