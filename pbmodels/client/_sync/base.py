# Generated from pbmodels/client/_async/base.py by .ci/unasync.py: edit that file and run `make generate`.
"""Sending: from a `Call` to the bytes of its answer."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from typing import Any, Self, cast

import httpx

from pbmodels._filter_text import GRAMMAR_CONTROL, GRAMMAR_PROBE, BoundFilter, Grammar
from pbmodels.client._abort import Abortable, given_up
from pbmodels.client._answer import Answer, whole
from pbmodels.client._auth_store import AuthStore
from pbmodels.client._body import split_files
from pbmodels.client._decode import decode
from pbmodels.client._errors import BadRequest, ClientResponseError, error_from_exception
from pbmodels.client._hooks import AfterSend, BeforeSend, Hooks
from pbmodels.client._log import clock, note
from pbmodels.client._multipart import Form
from pbmodels.client._outgoing import Outgoing
from pbmodels.client._repeats import PASSING, Tries
from pbmodels.client._request import Call, check_method, check_path
from pbmodels.client._sent import Sent
from pbmodels.client._session import Rewinder, make_session
from pbmodels.client._state import ClientState, make_state, with_body
from pbmodels.client._sync.backups import BackupService
from pbmodels.client._sync.batch import Batch
from pbmodels.client._sync.collections import CollectionService
from pbmodels.client._sync.crons import CronService
from pbmodels.client._sync.files import FileService
from pbmodels.client._sync.health import HealthService
from pbmodels.client._sync.keeper import Keeper
from pbmodels.client._sync.logs import LogService
from pbmodels.client._sync.realtime import RealtimeService
from pbmodels.client._sync.records import RecordService
from pbmodels.client._sync.settings import SettingsService
from pbmodels.client._sync.sql import SQLService

_Pieces = Iterable[bytes]


class BaseClient:
    """The part of a client that the sync and the async flavour have in common."""

    _state: ClientState

    def __init__(
        self,
        url: str = "http://127.0.0.1:8090",
        *,
        auth_store: AuthStore | None = None,
        headers: Mapping[str, str] | None = None,
        lang: str = "en-US",
        timeout: float | httpx.Timeout | None = 30.0,
        before_send: BeforeSend | None = None,
        after_send: AfterSend | None = None,
        http_client: Any = None,
        verify: ssl.SSLContext | bool = True,
        http2: bool = False,
        retries: int = 2,
        identity: str | None = None,
        password: str | None = None,
        auth_collection: str = "users",
        auto_refresh: bool = False,
    ) -> None:
        self._init(
            make_state(
                url,
                auth_store=auth_store,
                headers=headers,
                lang=lang,
                timeout=timeout,
                before_send=before_send,
                after_send=after_send,
                verify=verify,
                http2=http2,
                retries=retries,
                session=make_session(identity, password, auth_collection, auto_refresh),
            ),
            http_client,
        )

    def _init(self, state: ClientState, http_client: Any = None) -> None:
        self._state = state
        self._http_client = http_client
        self._keeper = Keeper(self)
        self.collections = CollectionService(self)
        self.files = FileService(self)
        self.health = HealthService(self)
        self.settings = SettingsService(self)
        self.logs = LogService(self)
        self.crons = CronService(self)
        self.backups = BackupService(self)
        self.sql = SQLService(self)
        self.realtime = RealtimeService(self)

    def _apart(self, auth_store: AuthStore) -> Any:
        """A client of the same class and options, with this auth store."""
        client = type(self).__new__(type(self))
        client._init(self._state.apart(auth_store))
        return client

    def with_token(self, token: str, record: Mapping[str, Any] | None = None) -> Self:
        """A client of the same server, options and connections that sends this token: one for each request to a web
        back end, signed in as who sent it.

        It costs no connection, and closing it closes none. The server judges the token at the first request; a call of
        `auth_refresh` asks it at once, and brings the record along.

        Args:
            token: The token, as `pb.auth_store.token` of who signed in; "" for nobody.
            record: The auth record that belongs to it, where it is known.

        Example:
            >>> user = User(email="ann@example.com", password="12345678").save()
            >>> token = (pb.with_token("").users.auth_with_password("ann@example.com", "12345678")).token
            >>> (pb.with_token(token).users.auth_refresh()).record.id == user.id
            True
        """
        store = AuthStore()
        if token:
            store.save(token, record)
        client = type(self).__new__(type(self))
        client._init(self._state.beside(store), self._http_client)
        return client

    @property
    def url(self) -> str:
        """The server's address, without a slash at the end."""
        return self._state.origin

    @property
    def auth_store(self) -> AuthStore:
        """Who is signed in; the sync and the async flavour share it."""
        return self._state.auth_store

    @property
    def before_send(self) -> BeforeSend | None:
        """A function that sees, and may change or replace, every `httpx.Request` before it is sent.

        For the async client it can be an async function.
        """
        return self._state.before_send

    @before_send.setter
    def before_send(self, hook: BeforeSend | None) -> None:
        self._state.before_send = hook

    @property
    def after_send(self) -> AfterSend | None:
        """A function that sees, and may replace, every `httpx.Response` before it is judged and parsed.

        Its body has been read; open streams, of events and files, are not shown to it. For the async client it can be
        an async function.
        """
        return self._state.after_send

    @after_send.setter
    def after_send(self, hook: AfterSend | None) -> None:
        self._state.after_send = hook

    @property
    def superusers(self) -> RecordService:
        """Short for `pb.collection("_superusers")`."""
        return self.collection("_superusers")

    @property
    def users(self) -> RecordService:
        """Short for `pb.collection("users")`."""
        return self.collection("users")

    def collection(self, name: str) -> RecordService:
        """The records of one collection, by its name or id.

        Raises:
            InvalidRequest: The name cannot be a collection's.
        """
        return RecordService(self, name)

    def batch(self) -> Batch:
        """Several writes as one transaction; see `Batch`."""
        return Batch(self)

    def filter(self, template: str, /, **values: object) -> BoundFilter:
        """A filter with values bound to its `{:name}` placeholders, safely on every server version.

        Args:
            template: PocketBase's filter language, with placeholders where values belong.
            values: One value for each placeholder: text, numbers, booleans, None, datetimes with a timezone.

        Returns:
            What `filter=` takes; `str()` of it is the text.

        Raises:
            FilterError: A placeholder and a value do not pair up, or a value cannot be written.

        Example:
            >>> str(pb.filter("title ~ {:t} && views >= {:n}", t="x", n=3))
            'title ~ "x" && views >= 3'
        """
        return BoundFilter(template, values)

    def build_url(self, path: str, *, query: Mapping[str, Any] | None = None) -> str:
        """The whole address of a path of the server, for what opens it by itself; nothing is sent.

        Args:
            path: The path below the server's address, percent-encoded by you.
            query: Query parameters; None values are left out.

        Raises:
            InvalidRequest: The path has `.` or `..` segments.

        Example:
            >>> pb.build_url("/api/hello", query={"name": "Ann B"})
            'http://.../api/hello?name=Ann%20B'
        """
        check_path(path)
        return f"{self.url}{Call('GET', path if path.startswith('/') else f'/{path}', query=query or {}).target}"

    def send(
        self,
        path: str,
        *,
        method: str = "GET",
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        timeout: float | None = None,
    ) -> Any:
        """Send any request to the server: for routes that have no method here, custom ones included.

        Args:
            path: The path below the server's address, such as `/api/hello`, percent-encoded by you.
            method: The HTTP method.
            query: Query parameters; None values are left out.
            headers: Headers beside the client's own.
            body: What to send: JSON values, or a dict with files in it, which goes as multipart.
            timeout: Seconds to wait, instead of the client's own.

        Returns:
            The answer's JSON, None when it is empty.

        Raises:
            ClientResponseError: The request failed.
            InvalidRequest: The path is a whole address or has `.` or `..` segments, or the body has something that
                JSON cannot hold.

        Example:
            >>> pb.send("/api/health")
            {...'code': 200...}
        """
        check_path(path)
        rest, files = split_files(body) if isinstance(body, Mapping) else (body, [])
        call = Call(
            check_method(method),
            path if path.startswith("/") else f"/{path}",
            query=query or {},
            headers=headers or {},
            json=rest,
            files=files,
            timeout=timeout,
        )
        return decode(call, self.execute(call))

    def execute(self, call: Call, sent: Sent | None = None) -> bytes:
        """Send a prepared `Call` and give its answer as bytes: what the services and models build on.

        Args:
            call: The request.
            sent: Told when the request is written, where the transport says so.

        Raises:
            ClientResponseError: The request failed.
        """
        rendered = self._state.rendered(call, foreign=self._http_client is not None)
        if rendered is None:
            self.learn_grammar(call.path, call.headers)
            rendered = self._state.rendered(call, foreign=self._http_client is not None)
            assert rendered is not None
        return (self._transmit(rendered, sent=sent)).content

    def learn_grammar(self, records_path: str, headers: Mapping[str, str] | None = None) -> Grammar:
        """Ask how this server reads backslashes in filters, once per client.

        Args:
            records_path: The path of a list that the caller may read.
            headers: The headers of the request that the answer is for: they may hold its authorization.
        """
        state = self._state
        if (known := state.grammar) is not None:
            return known
        probe, control = (
            Call("GET", records_path, {"perPage": 1, "skipTotal": 1, "fields": "id", "filter": text}, headers or {})
            for text in (GRAMMAR_PROBE, GRAMMAR_CONTROL)
        )
        try:
            self._transmit(probe)
            found = Grammar.ESCAPED
        except BadRequest:
            self._transmit(control)
            found = Grammar.RAW
        state.grammar = found
        return found

    def open_stream(self, call: Call, read_timeout: float, *, retries: int = 0) -> httpx.Response:
        """Send a `Call` whose answer has no end yet: the response is open, and the caller closes it.

        Args:
            call: The request.
            read_timeout: Seconds of silence after which the connection counts as broken, once it has begun.
            retries: How often it is sent again while no answer begins; none for who knows how to go on.
        """
        response = (self._transmit(call, read_timeout, retries=retries)).response
        assert response is not None
        return response

    def _transmit(
        self,
        call: Call,
        read_timeout: float | None = None,
        sent: Sent | None = None,
        *,
        retries: int | None = None,
    ) -> Answer:
        files = Rewinder(call) if call.files else None
        try:
            return self._once(call, read_timeout, sent)
        except PASSING as error:
            tries = Tries(call, self._state.retries if retries is None else retries, files)
            pause = tries.pause_after(error)
            if pause is None:
                raise
        while pause is not None:
            Abortable.pause(pause)
            try:
                return self._once(call, read_timeout, sent)
            except ClientResponseError as error:
                if tries.is_gone(error):
                    return Answer(204, {})
                made, pause = tries.made(error), tries.pause_after(error)
                if made is None and pause is None:
                    raise
            if made is not None:
                call, pause = made, 0.0
        raise AssertionError  # the last failure was raised

    def _once(self, call: Call, read_timeout: float | None, sent: Sent | None) -> Answer:
        session = self._state.session
        if session is None:
            return self._exchange(call, read_timeout, sent)
        return self._keeper.send(session, call, read_timeout, sent)

    def _exchange(self, call: Call, read_timeout: float | None = None, sent: Sent | None = None) -> Answer:
        if (failure := given_up(call.method, call.path)) is not None:
            raise failure
        began = clock()
        try:
            answer = Abortable.run(self._exchange_now, call, read_timeout, sent)
        except BaseException as error:
            if began:
                note(call.method, call.path, getattr(error, "status", 0), began, error)
            raise
        if began:
            note(call.method, call.path, answer.status, began)
        return answer

    def _exchange_now(self, call: Call, read_timeout: float | None, sent: Sent | None) -> Answer:
        state = self._state
        client = self._http_client
        failure: Exception | None
        with ExitStack() as stack:
            request = state.request(call, client, stack, Form)
            if not isinstance(request, Outgoing):
                if state.before_send is not None:
                    request = Hooks.call(state.before_send, request)
                state.seen(call, request)
            if sent is not None:
                request.extensions["trace"] = sent.trace
            try:
                if client is None:
                    simple = read_timeout is None and sent is None and not call.files
                    transport = state.sync_transports.get(simple=simple)
                    response = transport.handle_request(cast("httpx.Request", request))
                else:
                    response = client.send(request, stream=True, follow_redirects=False)
                if read_timeout is not None and response.status_code < 300:
                    # The transport looks here for how long to wait for each piece of the body.
                    request.extensions.get("timeout", {})["read"] = read_timeout
                    return Answer(response.status_code, response.headers, response=response)
                try:
                    if client is None:  # httpx's own way to read counts and cuts what is only joined here
                        pieces: list[bytes] = []
                        for piece in cast("_Pieces", response.stream):
                            pieces.append(piece)
                        content = whole(response, pieces)
                    else:
                        content = response.read()
                finally:
                    response.close()
            except Exception as raised:
                failure = given_up(call.method, call.path) or error_from_exception(
                    call.method, httpx.URL(str(request.url)), raised, foreign=client is not None
                )
                if failure is None:
                    raise
            else:
                # A body without a length ends with its connection, and looks whole when that was given up here.
                if (failure := given_up(call.method, call.path)) is None:
                    if state.after_send is not None:
                        shown = with_body(request, response, content) if client is None else response
                        response = Hooks.call(state.after_send, shown)
                        content = response.content
                    return state.checked(request, response, content)
        # Outside the handler, so that what holds a secret is not kept as the context.
        raise failure from getattr(failure, "original_error", None)

    def close(self) -> None:
        """End the streams and close the connections; a client that was passed in as `http_client` stays open.

        A later request opens new connections.
        """
        self.realtime.close()
        if not self._state.borrows_connections:
            self._state.sync_transports.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"
