"""A bad line to the real server: a TCP proxy that cuts, freezes, slows, rewrites and refuses."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

Rewrite = Callable[[bytes], Iterator[bytes]]
"""From a piece of an event stream's body to the pieces that go on."""


class Stream:
    """One event stream that passes through."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client = client
        self.server = server
        self.is_frozen = False
        self.left: int | None = None

    def cut(self, *, reset: bool = False) -> None:
        """End it, politely or with a reset."""
        if reset:
            with contextlib.suppress(OSError):
                self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        for end in (self.client, self.server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class FaultProxy:
    """Passes everything on between clients and one server, until it is told to do otherwise.

    Attributes:
        url: Where clients connect to.
        rewrite: What happens to the body of event streams that begin from now on.
        refusals: Raw HTTP answers that the next requests for an event stream get, in turn.
        refuse_connections: Whether new connections are ended, and new event streams on connections that are kept.
        refuse_lists: Whether lists of records are answered with 503.
        hold_lists: Whether lists of records get no answer at all.
        requests: The first lines of all requests.
        cuts: How many streams were cut.
    """

    def __init__(self, target: str) -> None:
        self.retarget(target)
        self.rewrite: Rewrite | None = None
        self.refusals: list[bytes] = []
        self.refuse_connections = False
        self.refuse_lists = False
        self.hold_lists = False
        self.requests: list[str] = []
        self.cuts = 0
        self._lock = threading.Lock()
        self._streams: list[Stream] = []
        self._asked: list[Stream] = []
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def retarget(self, target: str) -> None:
        """Send new connections to another server."""
        address = urlsplit(target)
        assert address.hostname is not None
        self._target = (address.hostname, address.port or 80)

    @property
    def streams(self) -> list[Stream]:
        """The event streams that are open."""
        with self._lock:
            return list(self._streams)

    def cut(self, after: int = 0, *, reset: bool = False) -> int:
        """Cut all streams, each when so many more bytes have passed; how many there were."""
        streams = self.streams
        for stream in streams:
            if after:
                stream.left = after
            else:
                stream.cut(reset=reset)
        self.cuts += len(streams)
        return len(streams)

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Let nothing more through on the streams that were asked for, and close nothing; no new one in the block."""
        with self._lock:
            self.refusals = [answer(503)] * 1000
            for stream in self._asked:
                stream.is_frozen = True
        yield
        self.refusals = []

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._start(self._serve, client)

    def _start(self, work: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _serve(self, client: socket.socket) -> None:
        self._open.append(client)
        try:
            if self.refuse_connections:
                raise ConnectionRefusedError
            server = socket.create_connection(self._target, 5)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._open.append(server)
        is_stream = threading.Event()
        stream = Stream(client, server)
        self._start(self._down, stream, is_stream)
        with contextlib.suppress(OSError):
            while piece := client.recv(65536):
                line = piece.split(b"\r\n", 1)[0].decode("latin-1")
                if " HTTP/1.1" in line:
                    self.requests.append(line)
                if piece.startswith(b"GET /api/realtime"):
                    if self.refuse_connections:
                        break
                    with self._lock:
                        refusal = self.refusals.pop(0) if self.refusals else None
                        if refusal is None:
                            self._asked.append(stream)
                    if refusal is not None:
                        client.sendall(refusal)
                        break
                    is_stream.set()
                if self.hold_lists and piece.startswith(b"GET /api/collections/"):
                    continue
                if self.refuse_lists and piece.startswith(b"GET /api/collections/"):
                    client.sendall(answer(503))
                    break
                server.sendall(piece)
        for end in (client, server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _down(self, stream: Stream, is_stream: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while piece := stream.server.recv(65536):
                if not is_stream.is_set():
                    stream.client.sendall(piece)
                    continue
                with self._lock:
                    self._streams.append(stream)
                self._pass_stream(stream, piece)
        with self._lock, contextlib.suppress(ValueError):
            self._streams.remove(stream)
        stream.cut()

    def _pass_stream(self, stream: Stream, first: bytes) -> None:
        rewrite = self.rewrite
        if rewrite is None:
            piece = first
            while piece:
                self._send(stream, piece)
                piece = stream.server.recv(65536)
            return
        head, _, rest = first.partition(b"\r\n\r\n")
        self._send(stream, head + b"\r\n\r\n")
        for body in _bodies(stream.server, rest):
            for piece in rewrite(body):
                self._send(stream, b"%x\r\n%b\r\n" % (len(piece), piece))

    def _send(self, stream: Stream, piece: bytes) -> None:
        if stream.is_frozen:
            return
        if stream.left is not None:
            piece, stream.left = piece[: stream.left], stream.left - len(piece)
        stream.client.sendall(piece)
        if stream.left is not None and stream.left <= 0:
            raise OSError("cut")

    def __enter__(self) -> FaultProxy:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for end in self._open:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        for end in self._open:
            end.close()


def _bodies(server: socket.socket, rest: bytes) -> Iterator[bytes]:
    """The pieces of a chunked body."""
    while True:
        while b"\r\n" not in rest:
            if not (piece := server.recv(65536)):
                return
            rest += piece
        size_text, _, rest = rest.partition(b"\r\n")
        size = int(size_text, 16)
        while len(rest) < size + 2:
            if not (piece := server.recv(65536)):
                return
            rest += piece
        yield rest[:size]
        rest = rest[size + 2 :]


def answer(status: int, body: bytes = b"{}", **headers: str) -> bytes:
    """A whole HTTP answer after which the connection ends; `retry_after="3"` is the header Retry-After."""
    lines = [f"HTTP/1.1 {status} No", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def byte_by_byte(body: bytes) -> Iterator[bytes]:
    """Each byte in a chunk of its own."""
    for number in range(len(body)):
        yield body[number : number + 1]


def slowly(seconds: float) -> Rewrite:
    """A few bytes at a time, with a pause between."""

    def rewrite(body: bytes) -> Iterator[bytes]:
        for start in range(0, len(body), 7):
            time.sleep(seconds)
            yield body[start : start + 7]

    return rewrite


def with_line_ends(end: bytes) -> Rewrite:
    """Other line ends."""

    def rewrite(body: bytes) -> Iterator[bytes]:
        yield body.replace(b"\n", end)

    return rewrite


def with_a_byte_order_mark() -> Rewrite:
    """A byte order mark first."""
    start = [b"\xef\xbb\xbf"]

    def rewrite(body: bytes) -> Iterator[bytes]:
        yield (start.pop() if start else b"") + body

    return rewrite


def with_comments(body: bytes) -> Iterator[bytes]:
    """A comment before each event, as proxies send it to keep a connection."""
    yield b": a comment\n\n:\n" + body


def held_back(size: int, *, greeting: bool = True) -> Rewrite:
    """A proxy that buffers: nothing goes on before there is so much of it, or nothing but the greeting."""
    held = bytearray()

    def rewrite(body: bytes) -> Iterator[bytes]:
        if not greeting and b"PB_CONNECT" in body:
            yield body
            return
        held.extend(body)
        if len(held) >= size:
            yield bytes(held)
            held.clear()

    return rewrite
