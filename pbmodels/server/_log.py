"""The last lines that a server wrote, kept and passed on."""

from __future__ import annotations

import collections
import logging
import threading
from collections.abc import Callable

LOG_LINES = 1000

logger = logging.getLogger("pbmodels.server")


class RecentLines:
    """Keeps the last LOG_LINES lines and hands each to a callback.

    Args:
        callback: called with each line; if it raises, the error is logged and the line is kept all the same.
    """

    def __init__(self, callback: Callable[[str], None] | None = None) -> None:
        self._callback = callback
        self._lock = threading.Lock()
        self._lines: collections.deque[str] = collections.deque(maxlen=LOG_LINES)

    def add(self, line: str) -> None:
        """Take one more line."""
        with self._lock:
            self._lines.append(line)
        if self._callback is not None:
            try:
                self._callback(line)
            except Exception:
                logger.exception("The log callback of a PocketBaseServer failed.")

    def lines(self) -> list[str]:
        """The lines, oldest first."""
        with self._lock:
            return list(self._lines)
