"""What the sync client and its async twin share: address, auth store, hooks, the server's grammar."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
from pydantic_core import from_json

from pbmodels._filter_text import Grammar, GrammarNeeded
from pbmodels._version import __version__
from pbmodels.client import _body
from pbmodels.client._auth_store import AuthStore
from pbmodels.client._errors import ClientResponseError, InvalidRequest, error_from_response
from pbmodels.client._request import Call
from pbmodels.client._transport import AsyncTransports, SyncTransports

BeforeSend = Callable[[httpx.Request], "httpx.Request | None"]
AfterSend = Callable[[httpx.Response], "httpx.Response | None"]


@dataclass
class ClientState:
    """One server as one program sees it."""

    url: httpx.URL
    auth_store: AuthStore
    headers: dict[str, str]
    timeout: httpx.Timeout
    before_send: BeforeSend | None
    after_send: AfterSend | None
    verify: ssl.SSLContext | bool
    grammar: Grammar | None = None
    sync_transports: SyncTransports = field(init=False)
    async_transports: AsyncTransports = field(init=False)

    def __post_init__(self) -> None:
        self.sync_transports = SyncTransports(self.url, self.verify)
        self.async_transports = AsyncTransports(self.url, self.verify)
        self.origin = str(self.url).rstrip("/")

    def rendered(self, call: Call) -> Call | None:
        """The call with its filter as text; None when the server's grammar has to be asked for first."""
        if call.filter is None:
            return call
        try:
            text = call.filter.render(self.grammar)
        except GrammarNeeded:
            return None
        return replace(call, filter=None, query={**call.query, "filter": text} if text else call.query)

    def arguments(self, call: Call, stack: ExitStack) -> dict[str, Any]:
        """The call as arguments of `httpx.Request`; files that this opens are closed by `stack`."""
        headers = {**self.headers, **call.headers}
        token = self.auth_store.token
        if token and not any(name.lower() == "authorization" for name in call.headers):
            headers["Authorization"] = token
        arguments: dict[str, Any] = {
            "method": call.method,
            "url": self.origin + call.target,
            "headers": headers,
        }
        if call.files:
            arguments.update(_body.multipart(call.json or {}, call.files, stack))
        elif call.json is not None:
            headers["Content-Type"] = "application/json"
            arguments["content"] = _body.encode(call.json)
        return arguments

    def timeouts(self, call: Call) -> httpx.Timeout:
        """How long to wait for this call."""
        return self.timeout if call.timeout is None else httpx.Timeout(call.timeout)

    def prepared(self, request: httpx.Request) -> httpx.Request:
        """The request after the `before_send` hook."""
        return (self.before_send(request) or request) if self.before_send else request

    def checked(self, request: httpx.Request, response: httpx.Response) -> httpx.Response:
        """The response after the `after_send` hook, if it is a success.

        Raises:
            ClientResponseError: Its status is 300 or more.
        """
        if self.after_send:
            response = self.after_send(response) or response
        if response.status_code >= 300:
            raise error_from_response(
                request.method, request.url, response.status_code, response.headers, response.content
            )
        return response


def make_state(
    url: str,
    *,
    auth_store: AuthStore | None,
    headers: Mapping[str, str] | None,
    timeout: float | httpx.Timeout,
    before_send: BeforeSend | None,
    after_send: AfterSend | None,
    verify: ssl.SSLContext | bool,
) -> ClientState:
    """A `ClientState` for the arguments of a client.

    Raises:
        InvalidRequest: The url is not an http or https address.
    """
    try:
        address = httpx.URL(url)
    except (httpx.InvalidURL, TypeError):
        raise InvalidRequest(f"{url!r} is not an address; give one such as 'http://127.0.0.1:8090'") from None
    if address.scheme not in ("http", "https") or not address.host:
        raise InvalidRequest(f"{url!r} is not an http address; give one such as 'http://127.0.0.1:8090'")
    if address.query or address.fragment or address.userinfo:
        raise InvalidRequest("the server's url takes no user, query or fragment; give its plain address")
    return ClientState(
        url=address,
        auth_store=AuthStore() if auth_store is None else auth_store,
        headers={
            "User-Agent": f"pbmodels/{__version__}",
            "Accept": "application/json",
            "Accept-Encoding": "gzip, deflate",
            **(headers or {}),
        },
        timeout=timeout if isinstance(timeout, httpx.Timeout) else httpx.Timeout(timeout),
        before_send=before_send,
        after_send=after_send,
        verify=verify,
    )


def decode(call: Call, content: bytes) -> Any:
    """The JSON of an answer, None when it has no body.

    Raises:
        ClientResponseError: The answer is not JSON, so the url is hardly a PocketBase server's.
    """
    if not content:
        return None
    try:
        return from_json(content)
    except ValueError as error:
        raise ClientResponseError(
            f"{call.method} {call.path} gave no JSON; check that the url is a PocketBase server's",
            url=call.path,
            status=200,
            original_error=error,
        ) from None
