"""Who is signed in, in a file that several processes may share."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from pbmodels.client._auth_store import LOCKS, AuthStore, Decision, Kept
from pbmodels.client._errors import InvalidRequest
from pbmodels.client._file_lock import lock, unlock
from pbmodels.client._record import Record

_TICK = 100_000_000
"""Nanoseconds in which a file system may give two versions of a file the same time."""

_NOBODY: Kept = ("", None)


class FileAuthStore(AuthStore):
    """An `AuthStore` that lasts beyond the process, in a file that only its owner can read.

    Several processes may share the file: each sees the others' sign-ins and sign-outs with its next request, and its
    callbacks are told. The file is replaced as a whole, so that no reader ever meets half of it; a lock in a file
    beside it (`.auth.json.lock`) lets one process write at a time.

    Args:
        path: Where to keep it; missing folders are made at the first save.

    Raises:
        InvalidRequest: The file exists and does not hold an auth store, or cannot be read.

    Example:
        >>> import tempfile, pathlib
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "auth.json"
        >>> program, other = FileAuthStore(path), FileAuthStore(path)
        >>> program.save("token", {"id": "u1"})
        >>> other.record.id
        'u1'
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__()
        self.path = Path(path)
        self._content: bytes | None = None
        self._version: tuple[int, ...] | None = None
        self._is_sure = True
        self._current()

    def save(self, token: str, record: Mapping[str, Any] | None = None) -> None:
        """Write the token and record to the file, then keep them as `AuthStore.save` does."""
        content = _content(token, record)
        with self._alone():
            self._write(content, token, record)
        self._tell()

    def clear(self) -> None:
        """Remove the file, then forget who is signed in."""
        with self._alone():
            self._remove()
        self._tell()

    def change(self, decide: Decision) -> bool:
        """As `AuthStore.change`, and as one step for other processes too."""
        with self._alone():
            before = self._kept
            news = self._look()
            decided = decide(*self._kept)
            if decided is not None and decided[0]:
                self._write(_content(*decided), *decided)
            elif decided is not None:
                self._remove()
        if decided is not None or (news and self._kept != before):
            self._tell()
        return decided is not None

    def _current(self) -> Kept:
        version = _version_of(self.path)
        if version != self._version or not self._is_sure:
            with LOCKS.of_this_process():
                news = self._look()
                kept = self._kept
            if news:
                self._tell()
            return kept
        return self._kept

    def _look(self) -> bool:
        """Read the file again; whether another process has changed it."""
        try:
            with self.path.open("rb") as file:
                content, status = file.read(), os.fstat(file.fileno())
        except FileNotFoundError:
            content, status = None, None
        except OSError as error:
            raise InvalidRequest(f"cannot read the auth store {self.path}: {error.strerror}") from None
        kept = self._kept if content == self._content else self._parsed(content)
        self._note(content, status)
        news = kept is not self._kept
        self._kept = kept
        return news

    def _parsed(self, content: bytes | None) -> Kept:
        if content is None:
            return _NOBODY
        try:
            kept = from_json(content)
            token, record = kept["token"], kept["record"]
            if not isinstance(token, str) or not isinstance(record, dict | None):
                raise TypeError
        except (ValueError, TypeError, KeyError):
            raise InvalidRequest(
                f"{self.path} is not an auth store; delete it or give FileAuthStore another path"
            ) from None
        return token, None if record is None else Record(record)

    def _write(self, content: bytes, token: str, record: Mapping[str, Any] | None) -> None:
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")  # mode 0600
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                status = os.fstat(file.fileno())
            os.replace(name, self.path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        self._note(content, status)
        self._kept = (token, None if record is None else Record(record))

    def _remove(self) -> None:
        self.path.unlink(missing_ok=True)
        self._note(None, None)
        self._kept = _NOBODY

    def _note(self, content: bytes | None, status: os.stat_result | None) -> None:
        self._content = content
        self._version = None if status is None else _version(status)
        # A file this young could change once more without a sign.
        self._is_sure = status is None or time.time_ns() - status.st_mtime_ns > _TICK

    @contextmanager
    def _alone(self) -> Generator[None]:
        """While this lasts, no other thread or process writes."""
        with LOCKS.of_this_process():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            beside = self.path.with_name(f".{self.path.name}.lock")
            with open(os.open(beside, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
                lock(file)
                try:
                    yield
                finally:
                    unlock(file)


def _content(token: str, record: Mapping[str, Any] | None) -> bytes:
    return json.dumps({"token": token, "record": None if record is None else dict(record)}).encode()


def _version(status: os.stat_result) -> tuple[int, ...]:
    return status.st_ino, status.st_mtime_ns, status.st_size


def _version_of(path: Path) -> tuple[int, ...] | None:
    try:
        return _version(os.stat(path))
    except FileNotFoundError:
        return None
