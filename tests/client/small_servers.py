"""A mail server and an S3 storage, as small as PocketBase lets them be, and a proxy for TLS."""

from __future__ import annotations

import contextlib
import select
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class _Mail(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self._say("220 ready")
        while line := self.rfile.readline():
            command = line.decode().strip()
            if command.upper() == "DATA":
                self._say("354 go on")
                text = b"".join(iter(self.rfile.readline, b".\r\n"))
                self.server.messages.append(text.decode())  # type: ignore[attr-defined]
            self._say("221 bye" if command.upper() == "QUIT" else "250 ok")
            if command.upper() == "QUIT":
                return

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class _Bucket(BaseHTTPRequestHandler):
    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        self.server.messages.append(f"{self.command} {self.path.split('?')[0]}")  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


class _Tunnel(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        command, *_ = iter(self.rfile.readline, b"\r\n")
        self.server.messages.append(command.decode().strip())  # type: ignore[attr-defined]
        with socket.create_connection(("127.0.0.1", int(command.split()[1].rpartition(b":")[2]))) as there:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            other = {self.connection: there, there: self.connection}
            with contextlib.suppress(OSError):  # one of them has gone
                while True:
                    for ready in select.select(list(other), [], [])[0]:
                        piece = ready.recv(65536)
                        if not piece:
                            return
                        other[ready].sendall(piece)


@contextmanager
def small_server(server: Any) -> Iterator[tuple[int, list[str]]]:
    """The port of a server while the block runs, and what it got."""
    server.messages = []
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_address[1], server.messages
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def mail_server() -> Any:
    """A mail server whose `messages` are the mails."""
    return small_server(socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Mail))


def bucket() -> Any:
    """An S3 storage that says yes to everything, and whose `messages` are the requests."""
    return small_server(ThreadingHTTPServer(("127.0.0.1", 0), _Bucket))


def tunnel() -> Any:
    """A proxy for TLS to ports of this machine, whose `messages` are what it was told to connect to."""
    return small_server(socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Tunnel))
