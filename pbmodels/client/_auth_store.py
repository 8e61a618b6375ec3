"""Who is signed in: a token and the auth record it belongs to, in memory."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal

from pbmodels.client._cookies import COOKIE, auth_cookie, from_cookies
from pbmodels.client._record import Record
from pbmodels.client._token import NOBODY, TokenLife, claims, life_of

AuthCallback = Callable[[str, "Record | None"], None]
Kept = tuple[str, "Record | None"]
Decision = Callable[[str, "Record | None"], "tuple[str, Mapping[str, Any] | None] | None"]


class AuthStore:
    """Holds the token of the signed-in user, in memory; shared by the sync and the async client.

    Subclass it and override `save` and `clear` to keep the token elsewhere; what does so with `await` is an
    `AsyncAuthStore`. Safe to use from many threads.

    Example:
        >>> store = AuthStore()
        >>> stop = store.on_change(lambda token, record: print("signed", "in" if token else "out"))
        >>> store.clear()
        signed out
    """

    _life: TokenLife = NOBODY
    _ahead: float = 0.0

    def __init__(self) -> None:
        self._kept: Kept = ("", None)  # replaced as a whole, so that the two always match
        self._callbacks: tuple[AuthCallback, ...] = ()

    @property
    def token(self) -> str:
        """The token that requests send, "" when nobody is signed in."""
        return self._current()[0]

    @property
    def record(self) -> Record | None:
        """The auth record of who is signed in, or None."""
        return self._current()[1]

    @property
    def is_valid(self) -> bool:
        """Whether there is a token that has not expired, as far as this machine's clock tells."""
        expires = claims(self.token).get("exp")
        return isinstance(expires, (int, float)) and expires > time.time()

    @property
    def is_superuser(self) -> bool:
        """Whether the token belongs to a record of `_superusers`."""
        payload = claims(self.token)
        return payload.get("type") == "auth" and (
            (self.record is not None and self.record.collection_name == "_superusers")
            or payload.get("collectionId") == "pbc_3142635823"
        )

    def save(self, token: str, record: Mapping[str, Any] | None = None) -> None:
        """Keep a token and its record, and tell the callbacks.

        Args:
            token: The JWT that a sign-in gave.
            record: The auth record that came with it.
        """
        self._kept = (token, None if record is None else Record(record))
        self._tell()

    def clear(self) -> None:
        """Forget who is signed in, and tell the callbacks."""
        self._kept = ("", None)
        self._tell()

    def change(self, decide: Decision) -> bool:
        """Save or clear, depending on who is signed in, so that nobody else's sign-in is overwritten.

        Args:
            decide: Given token and record, gives those to keep, `("", None)` to sign out, or None to change nothing.

        Returns:
            Whether something was changed.

        Example:
            >>> store = AuthStore()
            >>> store.save("token", {"id": "u1", "verified": False})
            >>> store.change(lambda token, record: (token, {**record, "verified": True}) if record else None)
            True
            >>> store.record.verified
            True
        """
        kept = self._current()
        decided = decide(*kept)
        if decided is None or self._current() is not kept:
            return False
        if decided[0]:
            self.save(*decided)
        else:
            self.clear()
        return True

    def on_change(self, callback: AuthCallback, *, fire_immediately: bool = False) -> Callable[[], None]:
        """Call `callback(token, record)` after every save and clear.

        Args:
            callback: What to call, in the thread that makes the change.
            fire_immediately: Whether to call it once at once, with what is stored now.

        Returns:
            A function that ends this.
        """
        with LOCKS.of_this_process():
            self._callbacks = (*self._callbacks, callback)
        ended = False

        def unsubscribe() -> None:
            nonlocal ended
            with LOCKS.of_this_process():
                if not ended:
                    ended = True
                    rest = list(self._callbacks)
                    rest.remove(callback)
                    self._callbacks = tuple(rest)

        if fire_immediately:
            callback(self.token, self.record)
        return unsubscribe

    def load_from_cookie(self, cookie: str, key: str = COOKIE) -> None:
        """Keep what a `Cookie` header says, or nobody when it says nothing: for web back ends.

        Anyone can write a cookie: `pb.users.auth_refresh()` has the server check the token before you trust the record.

        Args:
            cookie: The value of the request's `Cookie` header.
            key: The cookie's name.

        Example:
            >>> store = AuthStore()
            >>> store.load_from_cookie(
            ...     "theme=dark; pb_auth=%7B%22token%22%3A%22t%22%2C%22record%22%3A%7B%22id%22%3A%22u1%22%7D%7D"
            ... )
            >>> store.token, store.record.id
            ('t', 'u1')
        """
        self.save(*from_cookies(cookie, key))

    def export_to_cookie(
        self,
        key: str = COOKIE,
        *,
        path: str | None = "/",
        domain: str | None = None,
        secure: bool = True,
        http_only: bool = True,
        same_site: Literal["Strict", "Lax", "None"] | None = "Strict",
    ) -> str:
        """Who is signed in, as the value of a `Set-Cookie` header that ends with the token: for web back ends.

        The official JavaScript SDK reads it, and `load_from_cookie` reads what that writes. A record that makes it too
        long for browsers is cut down to `id`, `email`, `verified` and its collection.

        Args:
            key: The cookie's name.
            path: The part of the site that gets the cookie.
            domain: The domain that gets it, by default the host alone.
            secure: Whether it is for https only.
            http_only: Whether it is hidden from the page's JavaScript.
            same_site: Which sites' links and forms it goes along with.

        Raises:
            InvalidRequest: The key, path or domain cannot stand in a cookie.

        Example:
            >>> AuthStore().export_to_cookie()
            'pb_auth=...; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Strict'
        """
        return auth_cookie(
            self.token,
            self.record,
            key,
            path=path,
            domain=domain,
            secure=secure,
            http_only=http_only,
            same_site=same_site,
        )

    def life(self) -> TokenLife:
        """When the token is to be refreshed and when it ends; read from the token once, then remembered."""
        token, life = self.token, self._life
        if life.token != token:
            life = self._life = life_of(token, ahead=self._ahead) if token else NOBODY
        return life

    def _got_new(self, token: str, ahead: float | None = None) -> None:
        """Remember that the server has just given this token, and how far its clock is ahead if that is known."""
        self._ahead = self._ahead if ahead is None else ahead
        self._life = life_of(token, is_new=True, ahead=self._ahead)

    def _current(self) -> Kept:
        """Token and record that belong together."""
        return self._kept

    def _tell(self) -> None:
        for callback in self._callbacks:
            callback(*self._kept)

    def __repr__(self) -> str:
        who = "nobody" if self.record is None else f"{self.record.collection_name}/{self.record.id}"
        return f"{type(self).__name__}({who}, valid={self.is_valid})"


class _Locks:
    """A lock for each process: another thread of the parent may have held its own at the fork."""

    def __init__(self) -> None:
        self._locks: dict[int, threading.RLock] = {}

    def of_this_process(self) -> threading.RLock:
        return self._locks.setdefault(os.getpid(), threading.RLock())


LOCKS = _Locks()
