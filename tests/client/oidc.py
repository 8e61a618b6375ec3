"""A service where people have accounts, which speaks OpenID Connect; and a browser that visits it."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

import httpx


class OidcProvider:
    """Signs everybody in at once, as `user`, or refuses with `refuses_with`."""

    def __init__(self) -> None:
        self.user: dict[str, Any] = {}
        self.refuses_with: str | None = None
        self.asked: list[dict[str, str]] = []
        self._challenges: dict[str, str] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def settings(self) -> dict[str, Any]:
        """What an auth collection's `oauth2.providers` holds for it."""
        return {
            "name": "oidc",
            "displayName": "The service",
            "clientId": "pb",
            "clientSecret": "hush",
            "authURL": f"{self.url}/authorize",
            "tokenURL": f"{self.url}/token",
            "userInfoURL": f"{self.url}/userinfo",
        }

    def welcome(self) -> str:
        """A new user from now on; their email address."""
        email = f"{uuid4().hex}@service.example"
        self.user = {"sub": uuid4().hex, "name": "Ann", "email": email, "email_verified": True}
        self.refuses_with = None
        self.asked.clear()
        return email

    def authorize(self, query: dict[str, str]) -> str:
        """Where the browser is sent."""
        self.asked.append(query)
        code = uuid4().hex
        self._challenges[code] = query["code_challenge"]
        answer = {"error": self.refuses_with} if self.refuses_with else {"code": code}
        return f"{query['redirect_uri']}?{urlencode({**answer, 'state': query['state']})}"

    def token(self, form: dict[str, str]) -> dict[str, Any]:
        """The answer to a code, if it comes with the verifier of its challenge."""
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        right = base64.urlsafe_b64encode(digest).decode().rstrip("=") == self._challenges.pop(form["code"], None)
        return (
            {"access_token": "at1", "token_type": "Bearer", "expires_in": 60} if right else {"error": "invalid_grant"}
        )

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                query = {key: values[0] for key, values in parse_qs(parts.query).items()}
                if parts.path == "/authorize":
                    self.send_response(302)
                    self.send_header("Location", provider.authorize(query))
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                else:
                    self._json(200 if self.headers["Authorization"] == "Bearer at1" else 401, provider.user)

            def do_POST(self) -> None:
                text = self.rfile.read(int(self.headers["Content-Length"])).decode()
                answer = provider.token({key: values[0] for key, values in parse_qs(text).items()})
                self._json(400 if "error" in answer else 200, answer)

            def _json(self, status: int, answer: dict[str, Any]) -> None:
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def __enter__(self) -> OidcProvider:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()


def visit(url: str) -> httpx.Response:
    """Open an address as a browser does: the service signs in and sends it on to PocketBase."""
    sent_on = httpx.get(url).headers["Location"]
    return httpx.get(sent_on)


def code_from(url: str) -> str:
    """The code that the service adds to the redirect address."""
    return parse_qs(urlsplit(httpx.get(url).headers["Location"]).query)["code"][0]
