"""From the bytes of an event stream to events; the requests that open a stream and choose its topics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, cast

from sseclient import SSEClient

from pbmodels.client._errors import ClientResponseError
from pbmodels.client._request import Call

GREETING = "PB_CONNECT"
"""The first event of a stream; its id is the stream's."""

_PATH = "/api/realtime"
_BOM = b"\xef\xbb\xbf"


class ServerEvent(NamedTuple):
    """One server-sent event: the topic it came on, its data as JSON text, its id."""

    topic: str
    data: str
    id: str


class EventDecoder:
    """Cuts the stream into events, whatever pieces it arrives in; sseclient-py reads each.

    Lines may end in LF, CR LF or CR. What it holds back is joined once, so that a large event in many pieces
    costs no more than its size.
    """

    def __init__(self) -> None:
        self._held: list[bytes] = []
        self._ends_line = False
        self._after_cr = False
        self._start: bytes | None = b""
        self._complete: list[bytes] = []
        # One for all pieces, for it looks up its logger when it is made; a list can be gone through again and again.
        self._reader = SSEClient(cast("Iterator[bytes]", self._complete))

    def feed(self, chunk: bytes) -> list[ServerEvent]:
        """The events that are complete with this piece."""
        if self._start is not None:
            chunk = self._without_bom(chunk)
        if self._after_cr or b"\r" in chunk:
            chunk = self._with_lf(chunk)
        if not chunk:
            return []
        end = chunk.rfind(b"\n\n") + 2
        if end < 2:
            end = 1 if self._ends_line and chunk.startswith(b"\n") else 0
        if not end:
            self._held.append(chunk)
            self._ends_line = chunk.endswith(b"\n")
            return []
        self._complete[:] = [b"".join((*self._held, chunk[:end])) if self._held else chunk[:end]]
        rest = chunk[end:]
        self._held = [rest] if rest else []
        self._ends_line = rest.endswith(b"\n")
        return [ServerEvent(event.event, event.data, event.id or "") for event in self._reader.events()]

    def _without_bom(self, chunk: bytes) -> bytes:
        start = (self._start or b"") + chunk
        if len(start) < len(_BOM) and _BOM.startswith(start):
            self._start = start
            return b""
        self._start = None
        return start.removeprefix(_BOM)

    def _with_lf(self, chunk: bytes) -> bytes:
        if self._after_cr and chunk:
            chunk = chunk.removeprefix(b"\n")
            self._after_cr = False
        self._after_cr = self._after_cr or chunk.endswith(b"\r")
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def connect_call() -> Call:
    """The request that opens the stream."""
    return Call("GET", _PATH, headers={"Accept": "text/event-stream", "Cache-Control": "no-store"})


def subscribe_call(client_id: str, topics: list[str]) -> Call:
    """The request that replaces the topics of a stream."""
    return Call("POST", _PATH, json={"clientId": client_id, "subscriptions": topics})


def check_stream(status: int, headers: Mapping[str, Any], url: str) -> None:
    """Refuse an answer that is no event stream.

    Raises:
        ClientResponseError: It is something else, so the url is hardly a PocketBase server's.
    """
    kind = headers.get("content-type", "")
    if not kind.startswith("text/event-stream"):
        raise ClientResponseError(
            f"GET {_PATH} gave no event stream but {kind or 'an untyped answer'!r}; "
            "check that the url is a PocketBase server's",
            url=url,
            status=status,
        )
