"""Files on records: what the server keeps, and what waits to be sent."""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING, Any

from pbmodels.client import Upload
from pbmodels.client._upload import FileContent
from pbmodels.models._errors import InvalidRecord

if TYPE_CHECKING:
    from pbmodels.models._collection import Collection


class File:
    """A file of a record.

    Attributes:
        name: The file name: as the server keeps it, or as it will be sent.
        upload: What `save()` will send, None once the server has it.
    """

    __slots__ = ("_record", "name", "upload")

    def __init__(self, name: str, upload: Upload | None = None, record: Collection | None = None) -> None:
        self.name = name
        self.upload = upload
        self._record = record

    @property
    def is_pending(self) -> bool:
        """Whether it waits for `save()`."""
        return self.upload is not None

    def url(self, *, thumb: str | None = None, download: bool = False, token: str | None = None) -> str:
        """The address that the file is served at.

        Args:
            thumb: A thumbnail size such as `100x100`, for pictures.
            download: Whether the browser shall save the file rather than show it.
            token: A file token, for protected files.

        Raises:
            InvalidRecord: The file is not saved yet.
        """
        if self._record is None or self.upload is not None:
            raise InvalidRecord(f"the file {self.name!r} has no address yet: save the record first")
        return self._record._file_url(self.name, thumb=thumb, download=download, token=token)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, str):
            return self.name == other and self.upload is None
        return isinstance(other, File) and self.name == other.name and self.upload is other.upload

    def __hash__(self) -> int:
        return hash(self.name)

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"File({self.name!r}{', not saved' if self.upload else ''})"


FileInput = File | Upload | FileContent | IO[bytes] | tuple[str, FileContent]


def to_file(value: Any) -> File:
    """A `File` from whatever a file field may be assigned."""
    if isinstance(value, File):
        return value
    upload = Upload.of(value, "")
    if upload is None:
        if isinstance(value, str):
            raise ValueError(
                "takes a Path, bytes, an open file, (name, content) or an Upload; for a path as text write Path(...)"
            )
        if isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], str):
            raise ValueError("the content in (name, content) is text; encode it, or give bytes, a Path or an open file")
        raise ValueError("takes a Path, bytes, an open file, (name, content) or an Upload")
    if isinstance(upload.content, os.PathLike) and not os.path.isfile(upload.content):
        raise ValueError(f"there is no file {os.fspath(upload.content)!r}")
    return File(upload.name, upload)


def wire_name(value: object) -> str | None:
    """The name of a file, or the id of a Ref, for JSON."""
    return None if value is None else str(value)
