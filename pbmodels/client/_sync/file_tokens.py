# Generated from pbmodels/client/_async/file_tokens.py by .ci/unasync.py: edit that file and run `make generate`.
"""The token for protected files, kept as long as it is good."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pbmodels.client._decode import decode_text
from pbmodels.client._request import Call, Headers, Query
from pbmodels.client._token import NOBODY, life_of
from pbmodels.client._turns import Turns

if TYPE_CHECKING:
    from pbmodels.client._sync.base import BaseClient


class FileTokens:
    """Asks for a file token when there is none that is good for a while, once for all that wait for it.

    Attributes:
        protected: Collections that have been seen to give a file with a token only.
    """

    def __init__(self, client: BaseClient) -> None:
        self._client = client
        self._turns = Turns()
        self._life = NOBODY
        self._for = ""
        self._asked = 0.0
        self.protected: set[str] = set()

    def ask(self, query: Query | None = None, headers: Headers | None = None) -> str:
        """A new token, from the server."""
        call = Call("POST", "/api/files/token", query=query or {}, headers=headers or {})
        return decode_text(call, self._client.execute(call), "token")

    def can_ask(self, headers: Headers | None = None) -> bool:
        """Whether someone is signed in, or will be by itself."""
        session = self._client._state.session
        return bool(self._authorization(headers)) or (session is not None and session.credentials is not None)

    def get(self, headers: Headers | None = None, *, refused: str = "") -> str:
        """The token kept for who is signed in, or a new one.

        Args:
            headers: Those of the request that it is for; they may hold its authorization.
            refused: The token that was not taken.
        """
        with self._turns.get():
            life = self._life
            known = self._for == self._authorization(headers) and time.time() < life.refresh_at
            if life.token in ("", refused) or not known:
                authorization = {"Authorization": value} if (value := _own(headers)) else None
                life = self._life = life_of(self.ask(headers=authorization), is_new=True)
                self._for = self._authorization(headers)
                self._asked = time.monotonic()
            return life.token

    def is_new(self, token: str) -> bool:
        """Whether the server has given this token just now: to ask for another one would change nothing."""
        return token == self._life.token and time.monotonic() < self._asked + 10.0

    def _authorization(self, headers: Headers | None) -> str:
        return _own(headers) or self._client.auth_store.token


def _own(headers: Headers | None) -> str:
    return next((value for name, value in (headers or {}).items() if name.lower() == "authorization"), "")
