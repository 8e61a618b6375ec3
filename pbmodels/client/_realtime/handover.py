"""From one connection to the next: both carry the same events for a while, and each is delivered once."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Container
from hashlib import blake2b

from pbmodels.client._realtime.stream import ServerEvent

_SKEW = 0.05
"""Seconds by which one change's events may come in another order on another connection."""


WINDOW = 0.03
"""Seconds after the answer to a subscription in which an event may still come from before it."""


class Handover:
    """Notes what the first connection brought since the second one may be subscribed.

    An event that says the same as another one is not a repetition of it: if the first connection brought it twice,
    the second one's first two are left out. When exactly the second one was subscribed is not known. Where the first
    one brought nothing meanwhile, all that it brings afterwards comes on both. Else what it brought before something
    that both brought is not waited for.

    Attributes:
        is_certain: Whether all that was noted comes on both connections.

    Args:
        topics: The topics that change over, all when None.
    """

    def __init__(self, topics: frozenset[str] | None = None) -> None:
        self.is_certain = False
        self._topics = topics
        self._moments: dict[tuple[str, bytes], deque[float]] = {}
        self._horizon = 0.0
        self._has_begun = False

    def begin(self) -> None:
        """The second connection is about to be subscribed: nothing from before will come on it."""
        self._has_begun = True
        self._moments.clear()

    def first(self, event: ServerEvent) -> None:
        """The first connection brought an event."""
        if self._has_begun and (self._topics is None or event.topic in self._topics):
            self._moments.setdefault(_key(event), deque()).append(time.monotonic())

    def is_repeat(self, event: ServerEvent) -> bool:
        """Whether an event of the second connection was among them; each counts once."""
        key = _key(event)
        moments = self._moments.get(key)
        if moments is None:
            return False
        found: float | None = None
        while moments and found is None:
            moment = moments.popleft()
            if self.is_certain or moment >= self._horizon:
                found = moment
        if not moments:
            del self._moments[key]
        if found is None:
            return False
        self._horizon = max(self._horizon, found - _SKEW)
        return True

    def includes(self, event: ServerEvent | None) -> bool:
        """Whether the first connection has brought an event."""
        return event is not None and _key(event) in self._moments

    def brought(self, topics: Container[str]) -> bool:
        """Whether the first connection has brought something on these topics."""
        return any(topic in topics for topic, _ in self._moments)

    @property
    def is_over(self) -> bool:
        """Whether all that the first connection brought has come on the second one too."""
        return not self._moments


def _key(event: ServerEvent) -> tuple[str, bytes]:
    return event.topic, blake2b(event.data.encode(), digest_size=16).digest()
