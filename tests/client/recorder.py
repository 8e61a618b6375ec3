"""A server that notes each request as it arrives and gives an answer that every SDK is content with."""

from __future__ import annotations

import base64
import json
import queue
import threading
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

CLIENT_ID = "connection1"


def token(**claims: Any) -> str:
    """A token with these claims, which no server would take."""
    head, body = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({}, claims))
    return f"{head}.{body}.signature"


RECORD = {"id": "record000000001", "collectionId": "pbc_1", "collectionName": "users", "email": "a@example.com"}
TOKEN = token(id=RECORD["id"], collectionId="pbc_1", type="auth", exp=4_000_000_000)
_PROVIDER = {
    "name": "oidc",
    "displayName": "OIDC",
    "state": "s",
    "authURL": "http://provider.example/auth?client_id=c&scope=openid&redirect_uri=",
    "codeVerifier": "verifier",
    "codeChallenge": "c",
    "codeChallengeMethod": "S256",
}
_LISTS = ("/api/crons", "/api/backups", "/api/logs/stats", "/api/collections/meta/oauth2-providers")


@dataclass
class Request:
    """One request as it came."""

    method: str
    path: str
    query: str
    headers: Message
    content: bytes

    @property
    def wire(self) -> dict[str, Any]:
        """What two clients have to agree on: what a caller or an SDK decides, not what its HTTP library adds."""
        kind, body = self._body()
        names = {name.lower() for name in self.headers}
        return {
            "method": self.method,
            "path": self.path,
            "query": sorted(filter(None, self.query.split("&"))),
            "headers": {
                name: self.headers[name]
                for name in sorted(names)
                if name in ("authorization", "accept-language") or name.startswith("x-")
            },
            # The JavaScript SDK names a content type for requests without content too, which says nothing.
            "content-type": kind if self.content else None,
            "body": body,
        }

    def _body(self) -> tuple[str | None, Any]:
        kind = self.headers["Content-Type"]
        if not self.content:
            return kind, None
        if not kind.startswith("multipart/form-data"):
            return kind, json.loads(self.content)
        form = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + self.content)
        parts = [
            {
                "name": part.get_param("name", header="Content-Disposition"),
                "filename": part.get_filename(),
                "type": part.get_content_type() if part.get_filename() else None,
                "content": (part.get_payload(decode=True) or b"").decode(),
            }
            for part in form.iter_parts()
        ]
        return "multipart/form-data", parts


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def handle_any(self) -> None:
        path, _, query = self.path.partition("?")
        self.server.requests.append(Request(self.command, path, query, self.headers, self._content()))
        if (self.command, path) == ("GET", "/api/realtime"):
            self._stream()
            return
        if (self.command, path) == ("POST", "/api/realtime"):
            for topic in json.loads(self.server.requests[-1].content)["subscriptions"]:
                self.server.events.put((topic, {"state": CLIENT_ID, "code": "code1", "action": "create", "record": {}}))
        content = json.dumps(self._answer(path, parse_qs(query))).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    def _content(self) -> bytes:
        if self.headers["Transfer-Encoding"] != "chunked":
            return self.rfile.read(int(self.headers["Content-Length"] or 0))
        content = b""
        while size := int(self.rfile.readline(), 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return content

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        self.server.streams += 1
        self._event("PB_CONNECT", {"clientId": CLIENT_ID})
        while (event := self.server.events.get()) is not None:
            self._event(*event)

    def _event(self, topic: str, data: Any) -> None:
        self.wfile.write(f"id:{CLIENT_ID}\nevent:{topic}\ndata:{json.dumps(data)}\n\n".encode())

    def _answer(self, path: str, query: dict[str, list[str]]) -> Any:
        if path == "/api/batch":
            return [{"status": 200, "body": {"id": "r"}}]
        if path in _LISTS and self.command == "GET":
            return []
        if path.endswith("/meta/scaffolds"):
            return {"base": {"type": "base"}}
        size, page = int(query.get("perPage", ["30"])[0]), int(query.get("page", ["1"])[0])
        count = size if size == 2 and page == 1 else 1
        return {
            **RECORD,
            "token": TOKEN,
            "record": RECORD,
            "otpId": "otp1",
            "secret": "s",
            "page": page,
            "perPage": size,
            "items": [{**RECORD, "id": f"item0000000000{number}"} for number in range(count)],
            "mfa": {"enabled": False, "duration": 0},
            "otp": {"enabled": True, "duration": 180},
            "password": {"enabled": True, "identityFields": ["email"]},
            "oauth2": {"enabled": True, "providers": [_PROVIDER]},
        }

    def log_message(self, *_: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[Request] = []
        self.streams = 0
        self.events: queue.Queue[tuple[str, Any] | None] = queue.Queue()

    def handle_error(self, *_: Any) -> None:
        pass  # a client that has left its stream is no error


class Recorder:
    """The server, while the block runs.

    Attributes:
        url: Its address.
    """

    def __enter__(self) -> Recorder:
        self._server = _Server()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    @property
    def requests(self) -> list[Request]:
        """What has come."""
        return self._server.requests

    def __exit__(self, *_: object) -> None:
        for _ in range(self._server.streams):
            self._server.events.put(None)
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
