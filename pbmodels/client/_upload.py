"""Files on their way to the server."""

from __future__ import annotations

import inspect
import io
import mimetypes
import os
import stat
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol, cast

from pbmodels.client._errors import InvalidRequest


class AwaitedFile(Protocol):
    """A file that is read with `await`: aiofiles, an upload of Starlette or FastAPI."""

    async def read(self, size: int = -1, /) -> bytes:
        """The next bytes."""
        ...


FileContent = (
    bytes | bytearray | os.PathLike[str] | IO[bytes] | IO[str] | Iterator[bytes] | AsyncIterable[bytes] | AwaitedFile
)

_PIECE = 65536


@dataclass(frozen=True, eq=False)
class Upload:
    """A file to be attached: a name, its content and its media type.

    Content from a path, an open file or an iterator is streamed, never read into memory as a whole.

    Args:
        name: The file name that the server sees; it adds a random suffix of its own.
        content: Bytes, a path, a file open for reading, or an iterator of bytes. The async client also takes an async
            iterator and a file that is read with `await`.
        content_type: The media type; guessed from the name when None.

    Example:
        >>> Upload("hello.txt", b"Hello").media_type
        'text/plain'
    """

    name: str
    content: FileContent
    content_type: str | None = None
    _used: list[bool] = field(default_factory=list, init=False, repr=False)

    @property
    def media_type(self) -> str:
        """The media type that is sent."""
        return self.content_type or mimetypes.guess_type(self.name)[0] or "application/octet-stream"

    @classmethod
    def of(cls, value: object, name: str) -> Upload | None:
        """An upload from anything that can be one, or None when `value` cannot.

        Args:
            value: An Upload, bytes, a Path, an open file, an iterator of bytes, or `(name, content)`.
            name: The file name for content that has none of its own.
        """
        if isinstance(value, Upload):
            return value
        if isinstance(value, (bytes, bytearray)):
            return cls(name, bytes(value))
        if isinstance(value, os.PathLike):
            return cls(Path(value).name, value)
        if isinstance(value, tuple) and len(value) in (2, 3) and isinstance(value[0], str):
            inner = cls.of(value[1], value[0])
            return None if inner is None else cls(value[0], inner.content, *value[2:])
        if hasattr(value, "read"):
            own = getattr(value, "name", None)
            return cls(os.path.basename(own) if isinstance(own, str) and own else name, cast("IO[bytes]", value))
        if hasattr(value, "__next__") or hasattr(value, "__aiter__"):
            return cls(name, cast("Iterator[bytes]", value))
        return None

    @property
    def is_awaited(self) -> bool:
        """Whether the content can only be read with `await`."""
        content = self.content
        return hasattr(content, "__aiter__") or inspect.iscoroutinefunction(getattr(content, "read", None))

    @property
    def is_repeatable(self) -> bool:
        """Whether the content can be read again from its start: an iterator or a pipe cannot."""
        content = self.content
        if isinstance(content, (bytes, bytearray, os.PathLike)):
            return True
        if self.is_awaited or not hasattr(content, "seek") or _is_closed(content):
            return False
        seekable = getattr(content, "seekable", None)
        return seekable is None or bool(seekable())

    def open(self) -> IO[bytes] | bytes:
        """The content as an open file, or as bytes when it is in memory.

        Raises:
            InvalidRequest: The path cannot be read, the file is closed or was opened as text or for writing, or the
                iterator was sent already.
        """
        content = self.content
        if isinstance(content, (bytes, bytearray)):
            return bytes(content)
        if isinstance(content, os.PathLike):
            path = os.fspath(content)
            try:
                return cast("IO[bytes]", _Readable(open(content, "rb"), path))
            except OSError as error:
                raise _unreadable(path, error) from None
        if isinstance(content, io.TextIOBase):
            raise InvalidRequest(f"the file {self.name!r} is open as text; open it with mode 'rb'")
        if _is_closed(content):
            raise InvalidRequest(f"the file {self.name!r} is closed; open it again, and close it after it is sent")
        if hasattr(content, "read"):
            readable = getattr(content, "readable", None)
            if callable(readable) and readable() is False:
                raise InvalidRequest(f"the file {self.name!r} is open for writing only; open it with mode 'rb'")
            return cast("IO[bytes]", _Readable(content, self.name))
        self._use_up()
        return cast("IO[bytes]", _Pieces(self.name, cast("Iterator[bytes]", content)))

    async def pieces(self) -> AsyncIterator[bytes]:
        """The content that is awaited, in pieces.

        Raises:
            InvalidRequest: It was sent already, or is not bytes.
        """
        self._use_up()
        content: Any = self.content
        if hasattr(content, "read"):
            while piece := await content.read(_PIECE):
                yield _checked(piece, self.name)
        else:
            async for piece in content:
                yield _checked(piece, self.name)

    def _use_up(self) -> None:
        if self._used:
            raise InvalidRequest(f"the content of {self.name!r} was sent already and is used up; give it anew")
        self._used.append(True)


class _Pieces:
    """An iterator of bytes as a file that is read in pieces of any size."""

    def __init__(self, name: str, content: Iterator[bytes]) -> None:
        self._name = name
        self._content = iter(content)

    def read(self, size: int = -1) -> bytes:
        """The next piece that is not empty; none at the end."""
        return next((piece for piece in self._content if _checked(piece, self._name)), b"")


def _checked(piece: object, name: str) -> bytes:
    if not isinstance(piece, (bytes, bytearray, memoryview)):
        raise InvalidRequest(f"the content of {name!r} has a {type(piece).__name__} in it; it must be bytes alone")
    return bytes(piece)


def _is_closed(file: Any) -> bool:
    return getattr(file, "closed", False) is True


class _Readable:
    """An open file as httpx takes it: it says which one it is when it cannot be read.

    Of a pipe or socket nothing but `read` is shown: httpx would take the size 0 of its descriptor for the content's.
    """

    def __init__(self, file: Any, name: str) -> None:
        self._file = file
        self._name = name
        if _has_a_size(file):
            for method in ("seek", "tell", "fileno"):
                if hasattr(file, method):
                    setattr(self, method, getattr(file, method))

    def read(self, size: int = -1) -> bytes:
        try:
            piece: bytes = self._file.read(size)
        except OSError as error:
            raise _unreadable(self._name, error) from None
        return piece

    def close(self) -> None:
        self._file.close()


def _unreadable(name: str, error: OSError) -> InvalidRequest:
    return InvalidRequest(f"cannot read the file {name!r}: {error.strerror or error}")


def _has_a_size(file: Any) -> bool:
    try:
        return stat.S_ISREG(os.fstat(file.fileno()).st_mode)
    except (AttributeError, OSError):
        return True  # in memory: httpx measures it, or sends it in pieces
