"""A bad line to the real server: requests arrive, and the answers to some of them are lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx


class Line:
    """What passes: `arrived` are the requests that reached the server, by method and path.

    Args:
        target: The real server's address.
        outcomes: For the first requests, in turn: "lost" (it arrives, the answer does not), "cut" (it never arrives),
            or a status that a proxy gives on its own, with the seconds of `Retry-After` if it says so. None passes.
    """

    def __init__(self, target: str, *outcomes: str | int | tuple[int, str] | None) -> None:
        self.outcomes = list(outcomes)
        self.arrived: list[str] = []
        self.sent: list[str] = []
        self.http = httpx.Client(base_url=target)
        self.url = ""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _pass(self) -> None:
        line: Line = self.server.line  # type: ignore[attr-defined]
        body = self._body()
        if body is None:  # broken off
            self.close_connection = True
            return
        outcome = line.outcomes.pop(0) if line.outcomes else None
        line.sent.append(f"{self.command} {self.path}")
        if outcome == "cut":
            self.close_connection = True
            return
        if isinstance(outcome, (int, tuple)):
            status, after = outcome if isinstance(outcome, tuple) else (outcome, None)
            self._answer(status, b"<html>Bad gateway</html>", {"Retry-After": after} if after else {})
            return
        line.arrived.append(f"{self.command} {self.path}")
        headers = [pair for pair in self.headers.items() if pair[0].lower() not in ("host", "accept-encoding")]
        answer = line.http.request(self.command, self.path, headers=headers, content=body)
        if outcome == "lost":
            self.close_connection = True
            return
        self._answer(answer.status_code, answer.content, {"Content-Type": answer.headers.get("Content-Type", "")})

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = _pass

    def _body(self) -> bytes | None:
        if self.headers.get("Transfer-Encoding") != "chunked":
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            return body if len(body) == length else None
        pieces: list[bytes] = []
        while size := int(self.rfile.readline() or b"-1", 16):
            piece = self.rfile.read(size + 2)
            if size < 0 or len(piece) < size + 2:
                return None
            pieces.append(piece[:-2])
        self.rfile.readline()
        return b"".join(pieces)

    def _answer(self, status: int, body: bytes, headers: dict[str, Any]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def bad_line(target: str, *outcomes: str | int | tuple[int, str] | None) -> Iterator[Line]:
    """A line to the server at `target`; see `Line`."""
    line = Line(target, *outcomes)
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.line = line
    line.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield line
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        line.http.close()
