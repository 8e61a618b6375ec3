"""What the sync client and its async twin share: address, auth store, hooks, the server's grammar."""

from __future__ import annotations

import math
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

from pbmodels._errors import FilterError
from pbmodels._filter_text import Grammar, GrammarNeeded, Parameters
from pbmodels.client._answer import Answer
from pbmodels.client._auth_store import AuthStore
from pbmodels.client._errors import InvalidRequest, error_from_response
from pbmodels.client._headers import check
from pbmodels.client._multipart import Form
from pbmodels.client._outgoing import AnyRequest, Outgoing, Requests, as_timeout
from pbmodels.client._request import Call
from pbmodels.client._secrets import without_secrets
from pbmodels.client._session import Session
from pbmodels.client._tracing import tracing
from pbmodels.client._transport import AsyncTransports, SyncTransports, Wire

_Hook = Callable[[Any], Any]

_SUPERUSERS_WORDS = ("@request.", "@collection.")


@dataclass
class ClientState:
    """One server as one program sees it."""

    url: httpx.URL
    auth_store: AuthStore
    headers: Mapping[str, str] = field(repr=False)
    lang: str
    timeout: httpx.Timeout
    before_send: _Hook | None
    after_send: _Hook | None
    verify: ssl.SSLContext | bool
    http2: bool = False
    retries: int = 2
    session: Session | None = field(default=None, repr=False)
    sync_transports: SyncTransports = field(init=False)
    async_transports: AsyncTransports = field(init=False)

    def __post_init__(self) -> None:
        self.borrows_connections = False
        self._grammar: Grammar | None = None
        self._grammar_until = 0.0
        wire = Wire(self.url, self.verify, self.http2)
        self.sync_transports = SyncTransports(wire)
        self.async_transports = AsyncTransports(wire)
        self._requests = Requests(
            self.url, {"Accept-Language": self.lang, **self.headers}, self.auth_store, self.timeout
        )
        self.origin = self._requests.origin

    @property
    def grammar(self) -> Grammar | None:
        """How the server reads backslashes in filters, None while that is not known.

        The older grammar counts as known for a minute only: a server that is updated meanwhile would read as
        the end of a literal what was none before.
        """
        return self._grammar if time.monotonic() < self._grammar_until else None

    @grammar.setter
    def grammar(self, grammar: Grammar) -> None:
        self._grammar_until = math.inf if grammar is Grammar.ESCAPED else time.monotonic() + 60.0
        self._grammar = grammar

    def apart(self, auth_store: AuthStore) -> ClientState:
        """The same server with the same options, but another auth store, and connections of its own."""
        return replace(self, auth_store=auth_store, headers=dict(self.headers), session=None)

    def beside(self, auth_store: AuthStore) -> ClientState:
        """The same server, options and connections, but another auth store."""
        twin = self.apart(auth_store)
        twin.sync_transports, twin.async_transports = self.sync_transports, self.async_transports
        twin._grammar, twin._grammar_until = self._grammar, self._grammar_until
        twin.borrows_connections = True
        return twin

    def rendered(self, call: Call, *, foreign: bool = False) -> Call | None:
        """The call with its filter as text; None when the server's grammar has to be asked for first.

        Args:
            call: The request.
            foreign: Whether it goes through a client that was passed in, which may sign requests by itself.

        Raises:
            FilterError: The server would refuse the filter.
        """
        if call.filter is None:
            return call
        parameters = Parameters(taken=call.query)
        try:
            try:
                text = call.filter.render(self.grammar)
            except FilterError:
                if not self._by_superuser(call):
                    raise
                text = call.filter.render(self.grammar, parameters)
        except GrammarNeeded:
            return None
        word = next((word for word in _SUPERUSERS_WORDS if word in text), None) if "@" in text else None
        if word is not None and not foreign and self._by_superuser(call) is False:
            raise FilterError(
                f"PocketBase takes filters with {word!r} in them from superusers only, even inside a value: "
                "sign in as a superuser, or compare this value in Python"
            )
        query = {**call.query, **parameters.values, "filter": text} if text else call.query
        return replace(call, filter=None, query=query)

    def _by_superuser(self, call: Call) -> bool | None:
        """Whether a superuser asks, None where that shows later."""
        if any(name.lower() == "authorization" for name in call.headers):
            return None
        if not self.auth_store.token:
            return None if self._requests.has_authorization or self.session is not None else False
        return self.auth_store.is_superuser

    def request(self, call: Call, http_client: Any, stack: ExitStack, form: type[Form]) -> AnyRequest:
        """The call as a request; an `Outgoing` when nobody is to see it. Files that this opens are closed by `stack`.

        Args:
            call: What to send.
            http_client: The client that was passed in, if one was.
            stack: Closes files.
            form: How a body with files is made.

        Raises:
            InvalidRequest: It cannot be sent.
        """
        if http_client is None and self.before_send is None and tracing.get() is None:
            quick = self._requests.quick(call)
            if quick is not None:
                return quick
        return self._requests.full(call, http_client, stack, form)

    def seen(self, call: Call, request: httpx.Request) -> None:
        """What has to be right of a request that a hook may have changed or replaced.

        Raises:
            InvalidRequest: A header cannot be sent.
        """
        if self.before_send is not None:
            if "timeout" not in request.extensions:
                request.extensions["timeout"] = self._requests.timeout_of(call)
            for header in request.headers.raw:
                check(header)
        if (tell := tracing.get()) is not None:
            tell(request)

    def checked(self, request: AnyRequest, response: httpx.Response, content: bytes) -> Answer:
        """The answer, if it is a success.

        Args:
            request: What was sent.
            response: What came back, after the `after_send` hook.
            content: Its body.

        Raises:
            ClientResponseError: Its status is 300 or more.
        """
        answer = Answer(response.status_code, response.headers, content)
        if answer.status >= 300:
            status, headers, sent = answer.status, answer.headers, _body_of(request)
            url = httpx.URL(str(request.url))
            raise error_from_response(request.method, url, status, headers, answer.content, sent)
        return answer


def _body_of(request: AnyRequest) -> bytes:
    try:
        return request.content
    except httpx.RequestNotRead:  # it was streamed
        return b""


def with_body(request: AnyRequest, response: httpx.Response, content: bytes) -> httpx.Response:
    """The response as a hook can read it: the bytes were taken from its stream past it."""
    if isinstance(request, Outgoing):
        request = request.in_full()
    headers = [pair for pair in response.headers.raw if pair[0].lower() != b"content-encoding"]
    return httpx.Response(
        response.status_code, headers=headers, content=content, request=request, extensions=response.extensions
    )


def make_state(
    url: str,
    *,
    auth_store: AuthStore | None,
    headers: Mapping[str, str] | None,
    lang: str,
    timeout: float | httpx.Timeout | None,
    before_send: _Hook | None,
    after_send: _Hook | None,
    verify: ssl.SSLContext | bool,
    http2: bool = False,
    retries: int = 2,
    session: Session | None = None,
) -> ClientState:
    """A `ClientState` for the arguments of a client.

    Raises:
        InvalidRequest: The url is not an http or https address, or an option cannot be meant.
    """
    shown = without_secrets(url) if isinstance(url, str) else type(url).__name__
    try:
        address = httpx.URL(url)
    except (httpx.InvalidURL, TypeError):
        address = httpx.URL()
    if address.scheme not in ("http", "https") or not address.host:
        raise InvalidRequest(f"{shown!r} is not an http address; give one such as 'http://127.0.0.1:8090'")
    if address.query or address.fragment or address.userinfo:
        raise InvalidRequest("the server's url takes no user, query or fragment; give its plain address")
    if not isinstance(retries, int) or isinstance(retries, bool) or retries < 0:
        raise InvalidRequest(f"retries={retries!r}: give how often a failed request is sent again, 0 for never")
    return ClientState(
        url=address,
        auth_store=AuthStore() if auth_store is None else auth_store,
        headers=headers or {},
        lang=lang,
        timeout=as_timeout(timeout),
        before_send=before_send,
        after_send=after_send,
        verify=verify,
        http2=http2,
        retries=retries,
        session=session,
    )
