"""A lock between processes, on a file: it ends with the process that holds it."""

from __future__ import annotations

import os
import sys
from typing import IO, Any

if sys.platform == "win32":  # pragma: no cover
    import msvcrt

    def _acquire(descriptor: int, *, wait: bool) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)

    def _release(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _acquire(descriptor: int, *, wait: bool) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _release(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def lock(file: IO[Any], *, wait: bool = True) -> bool:
    """Lock an open file until it is closed, against other processes and other openings in this one.

    Args:
        file: The file.
        wait: Whether to wait while someone else has it locked.

    Returns:
        Whether it is locked now; always, with `wait`.
    """
    try:
        _acquire(file.fileno(), wait=wait)
    except OSError:
        if wait:
            raise
        return False
    return True


def unlock(file: IO[Any]) -> None:
    """End a lock before the file is closed: a child that was forked meanwhile has the file open too, and would keep it.

    Args:
        file: The locked file.
    """
    _release(file.fileno())
