"""Files on their way to the server."""

from __future__ import annotations

import inspect
import io
import mimetypes
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from pbmodels.client._errors import InvalidRequest

FileContent = bytes | bytearray | os.PathLike[str] | IO[bytes] | IO[str]


@dataclass(frozen=True, eq=False)
class Upload:
    """A file to be attached: a name, its content and its media type.

    Content from a path or an open file is streamed, never read into memory as a whole.

    Args:
        name: The file name that the server sees; it adds a random suffix of its own.
        content: Bytes, a path, or a file open for reading.
        content_type: The media type; guessed from the name when None.

    Example:
        >>> Upload("hello.txt", b"Hello").media_type
        'text/plain'
    """

    name: str
    content: FileContent
    content_type: str | None = None

    @property
    def media_type(self) -> str:
        """The media type that is sent."""
        return self.content_type or mimetypes.guess_type(self.name)[0] or "application/octet-stream"

    @classmethod
    def of(cls, value: object, name: str) -> Upload | None:
        """An upload from anything that can be one, or None when `value` cannot.

        Args:
            value: An Upload, bytes, a Path, an open file, or `(name, content)`.
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
            return cls(os.path.basename(own) if isinstance(own, str) and own else name, value)  # type: ignore[arg-type]
        return None

    def open(self) -> IO[bytes] | bytes:
        """The content as an open file, or as bytes when it is in memory.

        Raises:
            InvalidRequest: The path cannot be read, or the file was opened as text.
        """
        content = self.content
        if isinstance(content, (bytes, bytearray)):
            return bytes(content)
        if isinstance(content, os.PathLike):
            try:
                return open(content, "rb")
            except OSError as error:
                raise InvalidRequest(f"cannot read the file {os.fspath(content)!r}: {error.strerror}") from None
        if isinstance(content, io.TextIOBase):
            raise InvalidRequest(f"the file {self.name!r} is open as text; open it with mode 'rb'")
        if inspect.iscoroutinefunction(content.read):
            raise InvalidRequest(f"the file {self.name!r} is read with await; give the plain file, often its .file")
        return cast("IO[bytes]", content if _has_a_size(content) else _Unsized(content))


class _Unsized:
    """A pipe or socket as a file: httpx would take the size 0 that its descriptor has for the content's."""

    def __init__(self, file: Any) -> None:
        self.read = file.read


def _has_a_size(file: Any) -> bool:
    try:
        return stat.S_ISREG(os.fstat(file.fileno()).st_mode)
    except (AttributeError, OSError):
        return True  # in memory: httpx measures it, or sends it in pieces
