"""Staying signed in: when to refresh the token, when to sign in (again). Decided here; `_async/keeper.py` does it."""

from __future__ import annotations

import enum
import re
import time
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import IO, Any, cast

from pbmodels.client._auth_store import AuthStore
from pbmodels.client._errors import ClientResponseError, Forbidden, InvalidRequest, NotFound, Unauthorized
from pbmodels.client._record import Record
from pbmodels.client._record_calls import auth_call, auth_result, base_path, signed_in
from pbmodels.client._renewals import Renewals
from pbmodels.client._request import Call, segment
from pbmodels.client._token import owner

_NEEDS_NOBODY = re.compile(
    r"/api/(health|oauth2-redirect|collections/[^/]+/"
    r"(auth-methods|auth-with-[^/]+|request-(otp|password-reset|verification)|confirm-[^/]+))/?"
)
_REFRESH = re.compile(r"/api/collections/[^/]+/auth-refresh/?")


class Step(enum.Enum):
    """What has to come before a request."""

    GO = "nothing"
    REFRESH = "refresh the token"
    SIGN_IN = "sign in"


@dataclass(frozen=True)
class Credentials:
    """Who signs in by itself, and where."""

    identity: str
    password: str = field(repr=False)
    collection: str


class Session:
    """What a client that stays signed in by itself knows; shared by its sync and async flavour.

    Args:
        credentials: What to sign in with; None when tokens are only refreshed.
    """

    RETRY_AFTER = 30.0

    def __init__(self, credentials: Credentials | None = None) -> None:
        self.credentials = credentials
        self.renewals = Renewals()
        self._who: tuple[str, str] | None = None
        self._pause: tuple[str, float] = ("", 0.0)
        self._renewal: ContextVar[_Renewal | None] = ContextVar("pbmodels_renewal", default=None)

    def next_step(self, store: AuthStore, call: Call, rejected: str | None = None) -> Step:
        """What has to come before this request.

        Args:
            store: Who is signed in.
            call: The request.
            rejected: The token that the server answered 401 to, if it did.
        """
        life = store.life()
        now = time.time()
        if rejected is None:
            if life.token and now < life.refresh_at:
                return Step.GO
        elif life.token != rejected:  # someone has signed in meanwhile
            return Step.GO
        if _goes_as_it_is(call) or self._is_renewing():
            return Step.GO
        if rejected is None and life.token and now < life.expires_at:
            token, until = self._pause
            waits = token == life.token and now < until
            return Step.GO if waits or _REFRESH.fullmatch(call.path) else Step.REFRESH
        return Step.SIGN_IN if self._may_sign_in(store) else Step.GO

    def after_unauthorized(self, store: AuthStore, call: Call, rejected: str) -> Step | None:
        """What has to come before the request is sent once more; None when it shall not be.

        Args:
            store: Who is signed in.
            call: The request that was answered with 401.
            rejected: The token that it carried.
        """
        if _goes_as_it_is(call):
            return None
        step = self.next_step(store, call, rejected)
        return None if step is Step.GO and store.token in ("", rejected) else step

    def sign_in_call(self) -> Call:
        """The request that signs in."""
        assert self.credentials is not None
        body = {"identity": self.credentials.identity, "password": self.credentials.password}
        return auth_call(self.credentials.collection, "auth-with-password", body)

    def signed_in(self, store: AuthStore, call: Call, data: dict[str, Any], ahead: float) -> None:
        """Keep the answer to `sign_in_call`, of a server whose clock is so many seconds ahead."""
        token = signed_in(store, call, data, ahead).token
        self._who = owner(token)

    def refreshed(self, store: AuthStore, token: str, call: Call, data: dict[str, Any], ahead: float) -> None:
        """Keep the answer to `refresh_call`, unless who is signed in has changed meanwhile."""
        result = auth_result(call, data)

        def decide(current: str, mine: Record | None) -> tuple[str, dict[str, Any]] | None:
            if current != token:
                return None
            expand = mine.get("expand") if mine is not None else None
            return result.token, {**result.record, **({"expand": expand} if expand else {})}

        store._got_new(result.token, ahead)
        store.change(decide)

    def refresh_failed(self, store: AuthStore, token: str, error: ClientResponseError) -> Step:
        """What to do after a refresh that failed: sign in, or go on with the token, which has some time left."""
        refused = isinstance(error, (Unauthorized, Forbidden, NotFound))
        if refused and store.token == token and self._may_sign_in(store):
            return Step.SIGN_IN
        life = store.life()
        now = time.time()
        self._pause = (token, now + min(self.RETRY_AFTER, max(0.0, life.expires_at - now) / 4))
        return Step.GO

    @contextmanager
    def renewing(self) -> Generator[None]:
        """While this lasts, requests of this thread or task go as they are: hooks and callbacks can send some."""
        renewal = _Renewal()
        before = self._renewal.set(renewal)
        try:
            yield
        finally:
            renewal.is_over = True
            self._renewal.reset(before)

    def _is_renewing(self) -> bool:
        renewal = self._renewal.get()
        return renewal is not None and not renewal.is_over

    def _may_sign_in(self, store: AuthStore) -> bool:
        """Whether there are credentials, and nobody else is signed in: who uses the client is never exchanged."""
        mine, token, record = self.credentials, store.token, store.record
        if mine is None:
            return False
        if not token or owner(token) == self._who:
            return True
        return (
            record is not None
            and mine.collection in (record.collection_id, record.collection_name)
            and mine.identity in [value for value in record.values() if isinstance(value, str)]
        )


@dataclass
class _Renewal:
    """One sign-in or refresh; a task that was started in it outlives it."""

    is_over: bool = False


def make_session(
    identity: str | None, password: str | None, auth_collection: str, auto_refresh: bool
) -> Session | None:
    """A `Session` for the arguments of a client, None when it shall not sign in or refresh by itself.

    Raises:
        InvalidRequest: There is an identity without a password, or the reverse.
    """
    if identity is None and password is None:
        return Session() if auto_refresh else None
    for name, value in (("identity", identity), ("password", password)):
        if not isinstance(value, str) or not value:
            raise InvalidRequest(f"to sign in by itself a client needs identity= and password=; the {name} is missing")
    assert identity is not None
    assert password is not None
    segment(auth_collection, "collection name")
    return Session(Credentials(identity, password, auth_collection))


def refresh_call(token: str) -> Call:
    """The request that gives a new token for this one's owner."""
    return Call("POST", f"{base_path(owner(token)[0] or 'users')}/auth-refresh")


class Rewinder:
    """Takes the open files of a request back to where they were, so that it can be sent again."""

    def __init__(self, call: Call) -> None:
        uploads = [file for _, file in call.files]
        self._can = all(file.is_repeatable for file in uploads)
        self._files = [cast("IO[bytes]", file.content) for file in uploads if hasattr(file.content, "read")]
        self._places = [file.tell() for file in self._files] if self._can else []

    def rewind(self) -> bool:
        """Whether it is done: a pipe or an iterator has no way back."""
        if not self._can:
            return False
        for file, place in zip(self._files, self._places, strict=True):
            file.seek(place)
        return True


def _goes_as_it_is(call: Call) -> bool:
    return any(name.lower() == "authorization" for name in call.headers) or bool(_NEEDS_NOBODY.fullmatch(call.path))
