"""One connection: opened, subscribed, read until it ends."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import httpx

from pbmodels.client._answer import clock_ahead
from pbmodels.client._auth_store import AuthStore
from pbmodels.client._errors import ConnectionFailed, RequestTimeout, error_from_exception
from pbmodels.client._realtime.handover import Handover
from pbmodels.client._realtime.pacing import RealtimeOptions
from pbmodels.client._realtime.stream import (
    GREETING,
    EventDecoder,
    ServerEvent,
    check_stream,
    connect_call,
    subscribe_call,
)
from pbmodels.client._request import Call

QUIET = 0.02
"""Seconds without a byte after which what the kernel had is read."""

_GRACE = 60.0

_LATEST_REPEAT = 1.0
"""Seconds of waiting after which nothing comes any more that the connection before has brought."""


class Sender(Protocol):
    """The part of an async client that a connection needs."""

    @property
    def auth_store(self) -> AuthStore:
        """Who is signed in."""
        ...

    @property
    def url(self) -> str:
        """The server's address."""
        ...

    async def execute(self, call: Call) -> bytes:
        """Send a request and give its answer."""
        ...

    async def open_stream(self, call: Call, read_timeout: float) -> Any:
        """Send a request whose answer has no end yet."""
        ...


class Link:
    """One connection to the server's event stream.

    Attributes:
        client_id: The server's name for it.
        topics: What it is subscribed to.
        token: The token that it was last subscribed with.
        error: Why it ended, None while it has not.
        clock: How far the server's clock is ahead of this machine's, in seconds.
        repeats: What the connection before brought, so that it is not delivered again.
    """

    def __init__(self, sender: Sender, options: RealtimeOptions) -> None:
        self.client_id = ""
        self.topics: list[str] = []
        self.token = ""
        self.error: Exception | None = None
        self.clock = 0.0
        self.repeats: Handover | None = None
        self._sender = sender
        self._options = options
        self._decoder = EventDecoder()
        self._early: list[ServerEvent] = []
        self._response: Any = None
        self._chunks: Any = None
        self._reader: asyncio.Task[None] | None = None
        self._peek: asyncio.Task[None] | None = None
        self._waits_since: float | None = None
        self._waited = 0.0
        self._is_closed = False
        self._opened = self._last_event = time.monotonic()

    async def open(self) -> None:
        """Connect, and learn the connection's name.

        Raises:
            ClientResponseError: The server refused, or was not reached, or sent no greeting.
        """
        try:
            response = self._response = await self._sender.open_stream(
                connect_call(), self._options.idle_limit + _GRACE
            )
            check_stream(response.status_code, response.headers, f"{self._sender.url}/api/realtime")
            self.clock = clock_ahead(response.headers)
            self._chunks = _pieces(response)
            try:
                async with asyncio.timeout(self._options.connect_timeout):
                    await self._greeted()
            except TimeoutError:
                raise RequestTimeout(
                    f"GET /api/realtime: the connection stayed silent for {self._options.connect_timeout:g} seconds; "
                    "the server is busy, or a proxy between holds its answer back: turn its buffering off"
                ) from None
        except BaseException:
            await self.close()
            raise
        self._opened = self._last_event = time.monotonic()
        _keep_alive(response)

    async def _greeted(self) -> None:
        while not self.client_id:
            for event in self._decoder.feed(await self._piece()):
                if event.topic == GREETING and not self.client_id:
                    self.client_id = event.id
                else:
                    self._early.append(event)

    async def subscribe(self, topics: list[str]) -> None:
        """Replace the connection's topics, as who is signed in now.

        Raises:
            ClientResponseError: The server refused, or was not reached.
        """
        token = self._sender.auth_store.token
        self.topics = [topic for topic in self.topics if topic in topics]  # of the rest, nothing is certain meanwhile
        await self._sender.execute(subscribe_call(self.client_id, topics))
        self.topics, self.token = topics, token

    def read(self, deliver: Callable[[Link, list[ServerEvent]], Awaitable[None]], ended: Callable[[], None]) -> None:
        """Begin to read events.

        Args:
            deliver: Awaited with the events of each piece; nothing is read meanwhile.
            ended: Called when the connection has ended; `error` says why.
        """

        async def run() -> None:
            try:
                if self._peek is not None:
                    await self._peek
                self._waited = 0.0
                early, self._early = self._early, []
                if early:
                    await deliver(self, early)
                while True:
                    events = self._decoder.feed(await self._piece())
                    if events:
                        self._last_event = time.monotonic()
                        await deliver(self, events)
            except Exception as error:
                self.error = error
            finally:
                ended()

        self._reader = asyncio.create_task(run(), name="pbmodels-realtime-reader")

    def peek(self) -> None:
        """Look at its first event, as soon as there is one; `read` gives it all the same."""

        async def fill() -> None:
            while not self._early:
                self._early = self._decoder.feed(await self._piece())

        if self._peek is None:
            self._peek = asyncio.create_task(fill(), name="pbmodels-realtime-peek")

    @property
    def first_event(self) -> ServerEvent | None:
        """Its first event, None while there is none."""
        return self._early[0] if self._early else None

    @property
    def has_ended(self) -> bool:
        """Whether nothing will come from it any more."""
        return self.error is not None or self._is_closed

    @property
    def is_past_repeats(self) -> bool:
        """Whether what the connection before brought has come here too: so long has been waited for what comes."""
        return self._waited >= _LATEST_REPEAT

    def due(self) -> float:
        """When it is to be renewed, as `time.monotonic()` counts."""
        return self._options.due(self._opened, self._last_event)

    def is_quiet(self) -> bool:
        """Whether all that the server has sent so far is read."""
        return self._waits_since is not None and time.monotonic() - self._waits_since >= QUIET

    async def close(self) -> None:
        """End it."""
        self._is_closed = True
        tasks = [each for each in (self._reader, self._peek) if each is not None and each is not asyncio.current_task()]
        self._reader = self._peek = None
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
            for task in tasks:
                if not task.cancelled():
                    task.exception()  # known now: nobody is to be told that it was never looked at
        response, self._response = self._response, None
        if response is not None:
            with contextlib.suppress(httpx.HTTPError, httpx.StreamError, RuntimeError, OSError):
                await response.aclose()

    async def _piece(self) -> bytes:
        began = self._waits_since = time.monotonic()
        try:
            piece: bytes = await anext(self._chunks)
        except StopAsyncIteration:
            raise ConnectionFailed("GET /api/realtime: the server ended the stream") from None
        except Exception as error:
            url = httpx.URL(f"{self._sender.url}/api/realtime")
            raise error_from_exception("GET", url, error, foreign=True) or error from None
        finally:
            self._waits_since = None
        self._waited += time.monotonic() - began
        return piece


def _pieces(response: Any) -> Any:
    """The pieces of the body: from the transport where it is httpx's, past a layer that only counts them."""
    stream = getattr(response, "stream", None)
    return aiter(stream) if isinstance(stream, httpx.AsyncByteStream) else aiter(response.aiter_raw())


def _keep_alive(response: Any) -> None:
    """Let the kernel find out when the other side is gone without a word."""
    stream = getattr(response, "extensions", {}).get("network_stream")
    connection = stream.get_extra_info("socket") if stream is not None else None
    if connection is None:
        return
    with contextlib.suppress(OSError, AttributeError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
