"""Limits and pauses: when a connection is due to be renewed, how long to wait before the next try."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, fields

from pbmodels.client._errors import InvalidRequest, RateLimited


@dataclass
class RealtimeOptions:
    """How the realtime connection of a client is kept; all times in seconds.

    Attributes:
        idle_limit: A connection without an event for this long is renewed; the server ends it after 300.
        lifetime: A connection of this age is renewed; the server (from 0.38.2 on) ends it after 1800.
        overlap: How long the old connection is read on after the new one is subscribed.
        recovery_overlap: How far before the last seen change a catch-up begins: changes can become visible
            later than their `updated` says, for instance after a long transaction.
        auth_check: How often the server is asked whether the sign-in still holds, for it drops one in silence.
        connect_timeout: How long to wait for the first event of a connection.
    """

    idle_limit: float = 240.0
    lifetime: float = 1500.0
    overlap: float = 1.0
    recovery_overlap: float = 10.0
    auth_check: float = 60.0
    connect_timeout: float = 15.0

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if not isinstance(value, (int, float)) or value < 0 or (value == 0 and "overlap" not in each.name):
                raise InvalidRequest(f"RealtimeOptions({each.name}={value!r}): give a number of seconds")

    def due(self, opened: float, last_event: float) -> float:
        """When a connection is to be renewed.

        Args:
            opened: When it was opened.
            last_event: When the last event came, `opened` if none did.
        """
        return min(opened + self.lifetime, last_event + self.idle_limit)


def backoff(attempt: int) -> float:
    """Seconds to wait before the connection is tried again: 0.25 to 20, doubling, with jitter.

    Args:
        attempt: How many tries have failed in a row, from 1.
    """
    return float(min(20.0, 0.25 * 2 ** min(attempt - 1, 10)) * random.uniform(0.6, 1.0))


class Retries:
    """How long to wait after each broken connection.

    The first try comes at once, for the server ends long connections regularly. A connection counts as good
    again after an event or some seconds: a server that takes connections only to end them is not rushed at.
    """

    GOOD_AFTER = 5.0

    def __init__(self) -> None:
        self._failures = 0
        self._since: float | None = None

    def connected(self) -> None:
        """A connection was subscribed."""
        self._since = time.monotonic()

    def received(self) -> None:
        """An event arrived."""
        self._failures = 0

    def pause_after(self, error: Exception) -> float:
        """Seconds to wait after a connection that broke, or could not be made, with this error."""
        since, self._since = self._since, None
        if since is not None and time.monotonic() - since >= self.GOOD_AFTER:
            self._failures = 0
        self._failures += 1
        pause = backoff(self._failures - 1) if self._failures > 1 else 0.0
        if isinstance(error, RateLimited):
            pause = max(pause, 1.0 if error.retry_after is None else error.retry_after)
        return pause
