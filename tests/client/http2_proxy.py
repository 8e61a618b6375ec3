"""A proxy behind TLS that speaks HTTP/2 in front of the real server, which speaks it to nobody."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import h2.config
import h2.connection
import h2.events
import httpx
import trustme


class Http2Proxy:
    """What it has seen.

    Attributes:
        url: Its address.
        trust: What a client needs to trust it.
        protocols: What each connection agreed to speak.
        requests: Method and path of each request over HTTP/2.
    """

    def __init__(self, target: str) -> None:
        authority = trustme.CA()
        self.trust = ssl.create_default_context()
        authority.configure_trust(self.trust)
        self.protocols: list[str | None] = []
        self.requests: list[str] = []
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(self._context)
        self._context.set_alpn_protocols(["h2", "http/1.1"])
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self._listener.getsockname()[1]}"
        self._http = httpx.Client(base_url=target)
        self._threads = ThreadPoolExecutor(32)
        self._open: list[socket.socket] = []

    def accept(self) -> None:
        """Serve until the end."""
        with contextlib.suppress(OSError):
            while True:
                raw, _ = self._listener.accept()
                self._open.append(raw)
                self._threads.submit(self._serve, raw)

    def end(self) -> None:
        """Close everything."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._threads.shutdown()
        self._http.close()

    def _serve(self, raw: socket.socket) -> None:
        with contextlib.suppress(OSError), self._context.wrap_socket(raw, server_side=True) as connection:
            self._open.append(connection)
            self.protocols.append(connection.selected_alpn_protocol())
            if self.protocols[-1] == "h2":
                _Connection(connection, self).run()
            else:
                connection.recv(100_000)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    def passed_on(self, head: dict[str, str], body: bytes) -> httpx.Response:
        """The real server's answer to a request."""
        self.requests.append(f"{head[':method']} {head[':path']}")
        headers = {name: value for name, value in head.items() if not name.startswith(":")}
        return self._http.request(head[":method"], head[":path"], headers=headers, content=body)

    def in_background(self, work: object, *arguments: object) -> None:
        """Answer in another thread, so that the connection goes on meanwhile."""
        self._threads.submit(work, *arguments)  # type: ignore[arg-type]


class _Connection:
    def __init__(self, connection: ssl.SSLSocket, proxy: Http2Proxy) -> None:
        self._socket = connection
        self._proxy = proxy
        self._lock = threading.Lock()
        self._window = threading.Condition(self._lock)
        self._h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        self._heads: dict[int, dict[str, str]] = {}
        self._bodies: dict[int, bytearray] = {}

    def run(self) -> None:
        with self._lock:
            self._h2.initiate_connection()
            self._flush()
        while received := self._socket.recv(65536):
            with self._lock:
                for event in self._h2.receive_data(received):
                    self._take(event)
                self._flush()
                self._window.notify_all()

    def _take(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.RequestReceived):
            self._heads[event.stream_id] = {str(name): str(value) for name, value in event.headers}
            self._bodies[event.stream_id] = bytearray()
        elif isinstance(event, h2.events.DataReceived):
            self._bodies[event.stream_id] += event.data
            self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            self._proxy.in_background(self._answer, event.stream_id)

    def _answer(self, stream: int) -> None:
        answer = self._proxy.passed_on(self._heads[stream], bytes(self._bodies[stream]))
        headers = [(":status", str(answer.status_code)), ("content-type", answer.headers.get("content-type", ""))]
        body = answer.content
        with self._lock:
            self._h2.send_headers(stream, headers)
            while body:
                room = min(self._h2.local_flow_control_window(stream), self._h2.max_outbound_frame_size)
                if room:
                    self._h2.send_data(stream, body[:room])
                    body = body[room:]
                    self._flush()
                else:
                    self._window.wait(5)
            self._h2.end_stream(stream)
            self._flush()

    def _flush(self) -> None:
        self._socket.sendall(self._h2.data_to_send())


@contextmanager
def http2_proxy(target: str) -> Iterator[Http2Proxy]:
    """A proxy to the server at `target`."""
    proxy = Http2Proxy(target)
    thread = threading.Thread(target=proxy.accept)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.end()
        thread.join()
