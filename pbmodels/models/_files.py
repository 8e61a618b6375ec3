"""Files on records: what the server keeps, and what waits to be sent."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from typing import IO, TYPE_CHECKING, Any, Self, SupportsIndex, cast, overload

from pbmodels.client import Upload
from pbmodels.client._upload import FileContent
from pbmodels.models._context import async_client, sync_client
from pbmodels.models._errors import InvalidRecord

if TYPE_CHECKING:
    from pbmodels.client._async.downloads import AsyncFileStream, DownloadProgress
    from pbmodels.client._async.files import AsyncFileService
    from pbmodels.client._sync.downloads import FileStream
    from pbmodels.client._sync.files import FileService
    from pbmodels.models._collection import Collection
    from pbmodels.models._specs import Spec


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

    def read(self, *, thumb: str | None = None) -> bytes:
        """The content, in memory.

        A protected file's token is asked for by itself, as whoever is signed in.

        Args:
            thumb: A thumbnail size, for pictures; the file itself where the server has no such thumbnail.

        Raises:
            InvalidRecord: The file is not saved yet.
            NotFound: There is no such file, or who is signed in may not see it.

        Example:
            >>> Post(title="Hello", cover=("a.txt", b"content")).save().cover.read()
            b'content'
        """
        return self._sync_files().read(self._owner(), self.name, thumb=thumb)

    def open(self, *, thumb: str | None = None) -> FileStream:
        """The content as a stream to open in a `with` block; it is never in memory as a whole.

        Args:
            thumb: A thumbnail size, as in `read`.

        Raises:
            InvalidRecord: The file is not saved yet.

        Example:
            >>> post = Post(title="Hello", cover=("a.txt", b"content")).save()
            >>> with post.cover.open() as stream:
            ...     print(stream.size, stream.read())
            7 b'content'
        """
        return self._sync_files().open(self._owner(), self.name, thumb=thumb)

    def download(
        self,
        target: str | os.PathLike[str] | IO[bytes],
        *,
        progress: DownloadProgress | None = None,
        resume: bool = False,
        thumb: str | None = None,
    ) -> int:
        """Fetch the content into a file, in pieces.

        Args:
            target: The path to write, or a file open for writing bytes.
            progress: Called after each piece with the bytes so far and the bytes in all (None if not known).
            resume: Go on where a broken connection left off; see `pb.files.download`.
            thumb: A thumbnail size, as in `read`.

        Returns:
            The size in bytes.

        Raises:
            InvalidRecord: The file is not saved yet.
            NotFound: There is no such file, or who is signed in may not see it.
            ConnectionFailed: It broke off.

        Example:
            >>> import io
            >>> post = Post(title="Hello", cover=("a.txt", b"content")).save()
            >>> post.cover.download(io.BytesIO())
            7
        """
        files = self._sync_files()
        return files.download(self._owner(), self.name, target, progress=progress, resume=resume, thumb=thumb)

    @property
    def aio(self) -> AsyncFile:
        """The same for async code: `await post.cover.aio.read()`."""
        return AsyncFile(self)

    def _owner(self) -> dict[str, str]:
        """The record as an address names it."""
        if self._record is None or self.upload is not None:
            raise InvalidRecord(f"the file {self.name!r} is not on the server yet: save the record first")
        return {"id": self._record.id, "collectionName": type(self._record).__collection__}

    def _sync_files(self) -> FileService:
        self._owner()
        return sync_client(type(cast("Collection", self._record))).files

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


class AsyncFile:
    """The async side of a `File`."""

    __slots__ = ("_file",)

    def __init__(self, file: File) -> None:
        self._file = file

    async def read(self, *, thumb: str | None = None) -> bytes:
        """The content, in memory."""
        return await self._files().read(self._file._owner(), self._file.name, thumb=thumb)

    def open(self, *, thumb: str | None = None) -> AsyncFileStream:
        """The content as a stream to open in an `async with` block."""
        return self._files().open(self._file._owner(), self._file.name, thumb=thumb)

    async def download(
        self,
        target: str | os.PathLike[str] | IO[bytes],
        *,
        progress: DownloadProgress | None = None,
        resume: bool = False,
        thumb: str | None = None,
    ) -> int:
        """Fetch the content into a file, in pieces; gives the size in bytes."""
        file = self._file
        return await self._files().download(
            file._owner(), file.name, target, progress=progress, resume=resume, thumb=thumb
        )

    def _files(self) -> AsyncFileService:
        self._file._owner()
        return async_client(type(cast("Collection", self._file._record))).files


class Files(list[File]):
    """The files of a `FileList` field: a list of `File` that takes whatever a file can be made of.

    What changes it waits for the record's `save()`, which adds and removes files one by one, so that those that other
    programs add meanwhile stay. A list that was put into another order, or assigned, is sent as a whole.

    Example:
        >>> post = Post(title="Hello", gallery=[("a.txt", b"a"), ("b.txt", b"b")]).save()
        >>> post.gallery.append(("c.txt", b"c"))
        >>> post.gallery.remove(post.gallery[0])
        >>> [file.read() for file in post.save().gallery]
        [b'b', b'c']
    """

    __slots__ = ("_owner", "_spec")

    def __init__(self, items: Iterable[File], owner: Collection, spec: Spec) -> None:
        super().__init__(items)
        self._owner = owner
        self._spec = spec

    def append(self, item: FileInput, /) -> None:
        """Put a file at the end.

        Raises:
            InvalidRecord: It is none.
        """
        super().append(self._file(item))

    def extend(self, items: Iterable[FileInput], /) -> None:
        """Put files at the end."""
        super().extend([self._file(item) for item in items])

    def insert(self, index: SupportsIndex, item: FileInput, /) -> None:
        """Put a file at this place; before files that the server has, it can only be one of those."""
        super().insert(index, self._file(item))

    def remove(self, item: File | str, /) -> None:
        """Take a file out, by itself or by its name as the server keeps it.

        Raises:
            ValueError: It is not in the list.
        """
        found = next((file for file in self if file == item), None)
        if found is None:
            raise ValueError(f"{self._spec.label} has no file {str(item)!r}")
        super().remove(found)

    @overload
    def __setitem__(self, index: SupportsIndex, item: FileInput, /) -> None: ...
    @overload
    def __setitem__(self, index: slice, item: Iterable[FileInput], /) -> None: ...
    def __setitem__(self, index: Any, item: Any, /) -> None:
        super().__setitem__(index, [*map(self._file, item)] if isinstance(index, slice) else self._file(item))

    def __iadd__(self, items: Iterable[FileInput], /) -> Self:  # type: ignore[override, misc]
        self.extend(items)
        return self

    def _file(self, item: Any) -> File:
        try:
            return to_file(item)
        except ValueError as error:
            raise InvalidRecord(f"{self._spec.label}: {error}", {self._spec.name: str(error)}) from None

    def __reduce__(self) -> Any:
        return list, (list(self),)  # a copy is bound to its own record when it is looked at there


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
    if isinstance(upload.content, io.TextIOBase):
        raise ValueError(f"the file {upload.name!r} is open as text; open it with mode 'rb'")
    return File(upload.name, upload)


def wire_name(value: object) -> str | None:
    """The name of a file, or the id of a Ref, for JSON."""
    return None if value is None else str(value)
