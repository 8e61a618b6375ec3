"""From one connection to the next: both carry the same events for a while, and each is delivered once."""

from __future__ import annotations

from collections import Counter
from hashlib import blake2b

from pbmodels.client._realtime.stream import ServerEvent


class Handover:
    """Counts what the first connection brought since the second one was subscribed.

    An event that says the same as another one is not a repetition of it: if the first connection brought it twice,
    the second one's first two are left out.

    Args:
        topics: The topics that change over, all when None.
    """

    def __init__(self, topics: frozenset[str] | None = None) -> None:
        self._topics = topics
        self._counts: Counter[tuple[str, bytes]] = Counter()

    def first(self, event: ServerEvent) -> None:
        """The first connection brought an event."""
        if self._topics is None or event.topic in self._topics:
            self._counts[_key(event)] += 1

    def is_repeat(self, event: ServerEvent) -> bool:
        """Whether an event of the second connection was among them; each counts once."""
        key = _key(event)
        left = self._counts.get(key, 0)
        if left > 1:
            self._counts[key] = left - 1
        elif left:
            del self._counts[key]
        return left > 0

    def includes(self, event: ServerEvent | None) -> bool:
        """Whether the first connection has brought an event."""
        return event is not None and _key(event) in self._counts

    @property
    def is_over(self) -> bool:
        """Whether all that the first connection brought has come on the second one too."""
        return not self._counts


def _key(event: ServerEvent) -> tuple[str, bytes]:
    return event.topic, blake2b(event.data.encode(), digest_size=16).digest()
