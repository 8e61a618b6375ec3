"""Where a download is written: a path, which gets the whole file or nothing, or an open file; no network here."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Protocol, cast

from pbmodels.client._errors import InvalidRequest
from pbmodels.client._file_lock import lock
from pbmodels.client._ranges import Place


class Sink(Protocol):
    """What a download writes to."""

    def place(self) -> Place:
        """How far it has come, and of which state of the file."""
        ...

    def begin(self, place: Place) -> None:
        """Get ready for the bytes from this place on.

        Raises:
            InvalidRequest: They have to come from the start again, and this cannot go back.
        """

    def write(self, piece: bytes) -> None:
        """Add these bytes."""

    def finish(self) -> None:
        """All has come."""

    def give_up(self) -> None:
        """No more will come."""


def sink_for(target: str | os.PathLike[str] | IO[bytes], source: str, *, resume: bool) -> Sink:
    """What to write a download to.

    Args:
        target: The path of a file, or a file open for writing bytes.
        source: What is downloaded: two downloads of the same are one that can go on.
        resume: Whether a path keeps what has come when the download breaks off.

    Raises:
        InvalidRequest: The target is neither, or a folder.
        OSError: Its folder does not exist or cannot be written.
    """
    if not isinstance(target, str | os.PathLike):
        if not hasattr(target, "write"):
            raise InvalidRequest(
                f"a {type(target).__name__} is nothing to write to; give a path or a file open for writing"
            )
        return _Given(target)
    path = Path(target)
    if path.is_dir():
        raise InvalidRequest(f"{os.fspath(path)!r} is a folder; give the path of a file to write")
    return _Part(path, source) if resume else _Whole(path)


class _Given:
    """A file of the caller's, written from where it stands; it stays open."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._place = Place()

    def place(self) -> Place:
        return self._place

    def begin(self, place: Place) -> None:
        back = self._place.offset - place.offset
        if back:
            try:
                self._file.seek(-back, os.SEEK_CUR)
                self._file.truncate()
            except (OSError, ValueError, AttributeError):
                raise InvalidRequest("the download starts anew, and the file written to cannot go back") from None
        self._place = place

    def write(self, piece: bytes) -> None:
        self._file.write(piece)
        self._place = self._place.after(piece)

    def finish(self) -> None:
        pass

    def give_up(self) -> None:
        pass


class _Whole:
    """A new file beside the path, readable for its owner only, which replaces what is there once all has come."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = _new_file(path, f".{path.name[:40]}.")

    def place(self) -> Place:
        return Place()

    def begin(self, place: Place) -> None:
        self._file.seek(place.offset)
        self._file.truncate()

    def write(self, piece: bytes) -> None:
        self._file.write(piece)

    def finish(self) -> None:
        self._file.close()
        os.replace(self._file.name, self._path)

    def give_up(self) -> None:
        self._file.close()
        os.unlink(self._file.name)


class _Part:
    """A `.part` file beside the path, whose name tells what it is the beginning of: a later download goes on with it.

    It is locked while it is written; a second download to the same path meanwhile has a file of its own.
    """

    def __init__(self, path: Path, source: str) -> None:
        self._path = path
        digest = hashlib.sha256(f"{path.name}\n{source}".encode()).hexdigest()[:16]
        self._prefix = f".{path.name[:40]}.{digest}-"
        self._file: IO[bytes] | None = None
        self._modified = 0
        self._is_shared = True  # its name is the one that a later download looks for
        self._find()

    def _find(self) -> None:
        for name in sorted(os.listdir(self._path.parent)):
            number = name[len(self._prefix) : -len(".part")]
            if name.startswith(self._prefix) and name.endswith(".part") and number.isdecimal():
                file = self._claim(self._path.parent / name)
                if file is not None and self._file is None:
                    self._file, self._modified = file, int(number)
                elif file is not None:  # of an older state
                    self._remove(file)

    def _claim(self, path: Path, *, new: bool = False) -> IO[bytes] | None:
        """The file open and locked; None when someone else writes it, or has just finished it."""
        create = os.O_CREAT if new else 0
        try:
            file: IO[bytes] = open(path, "r+b", opener=lambda name, flags: os.open(name, flags | create, 0o600))  # noqa: SIM115
        except FileNotFoundError:
            return None
        if lock(file, wait=False):
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.stat(path), os.fstat(file.fileno())):
                    return file
        file.close()
        return None

    def place(self) -> Place:
        if self._file is None:
            return Place()
        # One byte is asked for again: the server has then something to give even when all had come.
        return Place(max(0, self._file.seek(0, os.SEEK_END) - 1), self._modified)

    def begin(self, place: Place) -> None:
        if self._file is not None and (place.modified != self._modified or not place.modified):
            self._remove(self._file)
            self._file = None
        if self._file is None:
            self._file = self._new(place.modified)
            self._modified = place.modified
        self._file.seek(place.offset)
        self._file.truncate()

    def _new(self, modified: int) -> IO[bytes]:
        shared = self._claim(self._path.parent / f"{self._prefix}{modified}.part", new=True) if modified else None
        self._is_shared = shared is not None
        return shared or _new_file(self._path, self._prefix)

    def write(self, piece: bytes) -> None:
        assert self._file is not None
        self._file.write(piece)

    def finish(self) -> None:
        assert self._file is not None
        self._file.flush()
        if sys.platform == "win32":  # pragma: no cover
            self._file.close()  # open files cannot be renamed there
        os.replace(self._file.name, self._path)
        self._file.close()

    def give_up(self) -> None:
        if self._file is not None:
            if self._is_shared and self._file.tell():
                self._file.close()
            else:
                self._remove(self._file)

    def _remove(self, file: IO[bytes]) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(file.name)
        file.close()


def _new_file(beside: Path, prefix: str) -> IO[bytes]:
    return cast("IO[bytes]", NamedTemporaryFile(dir=beside.parent, prefix=prefix, suffix=".part", delete=False))
