"""What was delivered of which record: a record's `updated` is its version.

A server does not keep the order of one record's events when its changes follow closely on each other: it sends each
from a goroutine of its own. So here a state that is older than one that was delivered is left out. It dates a change
before it waits for the database, so that of changes made at once the last one may have the older date, and a deletion
carries the record as it was when its request came. Which state is the present one, only the server knows then.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from pbmodels.client._realtime.plan import is_close

V = TypeVar("V", str, datetime)


class Standing(enum.Enum):
    """What an event of a record is beside what was delivered of it."""

    NEWER = "it is to be delivered"
    CLOSE = "it is to be delivered; another change was made at about the same time, and may be the last one"
    UNSURE = "it is to be delivered, and the server to be asked whether it is the last one"
    OLDER = "it may be the last one all the same: the server is to be asked"
    KNOWN = "it was delivered"


_NEWER = Standing.NEWER


@dataclass(slots=True)
class _Known(Generic[V]):
    version: V
    is_deleted: bool = False
    is_recovered: bool = False
    is_seed: bool = False
    is_turned: bool = False


class Versions(Generic[V]):
    """The last delivered version of the records that changed last.

    Args:
        capacity: How many records to remember; the ones that changed longest ago are forgotten first.
        room: How many characters of events to keep, to tell two changes of one millisecond apart.
    """

    def __init__(self, capacity: int = 10_000, room: int = 1_000_000) -> None:
        self._known: dict[str, _Known[V]] = {}
        self._texts: dict[str, str] = {}
        self._capacity = capacity
        self._room = room
        self.newest: V | None = None

    def __contains__(self, record_id: str) -> bool:
        return record_id in self._known

    def seed(self, record_id: str, version: V) -> None:
        """A record is known to be there in this version, without an event."""
        self._keep(record_id, _Known(version, is_seed=True))

    def live(self, record_id: str, version: V, data: str, *, deleted: bool) -> Standing:
        """What to do with an event that the connection brought."""
        known = self._known.get(record_id)
        if known is None:
            self._keep(record_id, _Known(version, is_deleted=deleted), data)
            return _NEWER
        standing = self._beside(known, record_id, version, data, deleted)
        if standing is not Standing.OLDER and standing is not Standing.KNOWN:
            self._keep(record_id, _Known(version, is_deleted=deleted), data)
        return standing

    def _beside(self, known: _Known[V], record_id: str, version: V, data: str, deleted: bool) -> Standing:
        if version < known.version:
            return Standing.OLDER
        if known.is_turned or (known.is_deleted and version > known.version):
            return Standing.UNSURE
        if version > known.version:
            return Standing.CLOSE if is_close(version, known.version) else Standing.NEWER
        if known.is_deleted and (not deleted or known.is_recovered):
            return Standing.KNOWN
        is_same = deleted or known.is_seed or self._texts.get(record_id) == data
        return Standing.NEWER if is_same else Standing.UNSURE

    def recovered(self, record_id: str, version: V) -> str | bool:
        """Whether to deliver a record that the server was asked for, after all that was delivered of it.

        Returns:
            True or False; or the last event of the record, when it has the same version: the record is to be
            delivered, and `put_recovered`, if it says something else.
        """
        known = self._known.get(record_id)
        if known is not None and version == known.version:
            if known.is_deleted or known.is_recovered or known.is_seed:
                return False
            return self._texts.get(record_id, True)
        self.put_recovered(record_id, version)
        return True

    def put_recovered(self, record_id: str, version: V) -> None:
        """A record that the server was asked for was delivered."""
        known = self._known.get(record_id)
        is_turned = known is not None and version < known.version  # the event of the other one may still come
        self._keep(record_id, _Known(version, is_recovered=True, is_turned=is_turned))

    def gone(self, record_id: str) -> bool:
        """Whether to deliver that a catch-up found a record deleted."""
        known = self._known.get(record_id)
        if known is None:
            return True
        if known.is_deleted:
            return False
        self._keep(record_id, _Known(known.version, is_deleted=True, is_recovered=True))
        return True

    def _keep(self, record_id: str, known: _Known[V], data: str | None = None) -> None:
        self._known.pop(record_id, None)  # so that it is the last one again
        self._known[record_id] = known
        if len(self._known) > self._capacity:
            self._forget(next(iter(self._known)))
        if self.newest is None or known.version > self.newest:
            self.newest = known.version
        before = self._texts.pop(record_id, None)
        self._room += len(before) if before is not None else 0
        if data is not None:
            self._texts[record_id] = data
            self._room -= len(data)
            while self._room < 0:
                self._room += len(self._texts.pop(next(iter(self._texts))))

    def _forget(self, record_id: str) -> None:
        del self._known[record_id]
        text = self._texts.pop(record_id, None)
        self._room += len(text) if text is not None else 0
