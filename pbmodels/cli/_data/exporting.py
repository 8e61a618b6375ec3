"""An export to a file or stdout, page by page; one to a file goes on where it was interrupted."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from pbmodels._errors import PocketBaseError
from pbmodels.cli._failures import UsageError
from pbmodels.client import Forbidden, NotFound, PocketBase, Unauthorized

from . import formats
from .checkpoint import Checkpoint
from .columns import SECRETS, Column, columns_of
from .format import Format
from .pages import Walk

_DOWNLOADS = 4
"""Files that are fetched side by side."""


@dataclass(frozen=True)
class _Chunk:
    """A page of the file: how many records, the id of the last, the bytes."""

    count: int
    last: str
    data: bytes


@dataclass
class Export:
    """The records of a collection on their way into a file.

    Args:
        pb: The client.
        collection: The collection's name.
        format: The file's format.
        filter: Only records that match this text.
        fields: Only these fields; all by default.
        files: The folder for the records' files; None leaves them out.
    """

    pb: PocketBase
    collection: str
    format: Format
    filter: str | None = None
    fields: Sequence[str] = ()
    files: Path | None = None

    def __post_init__(self) -> None:
        self.records = 0
        self.resumed = 0
        self.file_count = 0
        self._names: list[str] | None = None
        self._columns, self._is_view = self._described()
        if self.format is Format.PARQUET:
            formats.need_parquet()
        if self._columns is None and (self.files is not None or self.format is Format.PARQUET):
            what = "a Parquet file" if self.format is Format.PARQUET else "an export with files"
            raise UsageError(f"{what} needs the collection's fields, which only a superuser sees: give --identity")

    @property
    def total(self) -> int:
        """How many records there are."""
        page = self.pb.collection(self.collection).get_list(1, 1, filter=self.filter, fields="id")
        return page.total_items

    def to_stream(self, stream: IO[bytes], tick: Callable[[int], None]) -> None:
        """Write all records.

        Args:
            stream: Where to.
            tick: Called with the number of records done after each page.
        """
        for chunk in self._chunks(""):
            stream.write(chunk.data)
            self.records += chunk.count
            tick(self.records)
        stream.write(self._ending())

    def to_file(self, target: Path, tick: Callable[[int], None], *, restart: bool = False) -> None:
        """Write all records into a file, which has its name once it is whole.

        Args:
            target: The file.
            tick: Called with the number of records done after each page.
            restart: Begin anew, even where an interrupted export could go on.
        """
        part = target.with_name(f"{target.name}.part")
        job = {
            "url": self.pb.url,
            "collection": self.collection,
            "filter": self.filter,
            "fields": list(self.fields),
            "format": str(self.format),
            "files": None if self.files is None else str(self.files),
        }
        place = Checkpoint(part.with_name(f"{part.name}.json"), job)
        goes_on = not restart and not self._is_view and part.exists() and place.load()
        if not goes_on:
            place.records, place.values = 0, {"after": "", "bytes": 0, "names": None}
            part.touch(mode=0o600)
        self.records = self.resumed = place.records
        self._names = place.values["names"]
        with part.open("r+b") as stream:
            stream.truncate(place.values["bytes"])  # a page that was not written whole
            stream.seek(0, os.SEEK_END)
            for chunk in self._chunks(place.values["after"]):
                stream.write(chunk.data)
                stream.flush()
                self.records = place.records = self.records + chunk.count
                place.save(after=chunk.last, bytes=stream.tell(), names=self._names)
                tick(self.records)
            stream.write(self._ending())
        if self.format is Format.PARQUET:
            whole = target.with_name(f"{target.name}.whole")
            formats.to_parquet(part, whole, self._chosen())
            shutil.copymode(part, whole)
            os.replace(whole, target)
            part.unlink()
        else:
            os.replace(part, target)
        place.remove()

    def _described(self) -> tuple[list[Column] | None, bool]:
        """The collection's fields, None where its superusers alone see them; and whether it is a view."""
        try:
            found = self.pb.collections.get_one(self.collection)
        except (Unauthorized, Forbidden):
            return None, False
        except NotFound as error:
            raise PocketBaseError(f"there is no collection {self.collection!r} at {self.pb.url}") from error
        columns = columns_of(found)
        known = [column.name for column in columns]
        for name in self.fields:
            if name not in known:
                raise UsageError(f"{self.collection} has no field {name!r}; it has {', '.join(known)}")
        return columns, found["type"] == "view"

    def _chunks(self, after: str) -> Iterator[_Chunk]:
        """The file's content, page by page."""
        walk = Walk(self.pb, self.collection, self._is_view, self.filter, self.fields, after)
        if self.format is not Format.CSV and self.files is None:
            for lines in walk.lines():
                yield _Chunk(len(lines), lines[-1][0], b"".join(line for _, line in lines))
            return
        for page in self._with_files(walk.records()):
            yield _Chunk(len(page), str(page[-1]["id"]), self._encoded(page))

    def _with_files(self, pages: Iterator[list[dict[str, Any]]]) -> Iterator[list[dict[str, Any]]]:
        """The pages, each once its files are there."""
        if self.files is None:
            yield from pages
            return
        with ThreadPoolExecutor(_DOWNLOADS, thread_name_prefix="pbmodels-files") as pool:
            for page in pages:
                wanted = [(record, name) for record in page for name in self._file_names(record)]
                for fetched in pool.map(lambda pair: self._fetch(*pair), wanted):
                    self.file_count += fetched
                yield page

    def _file_names(self, record: dict[str, Any]) -> list[str]:
        names: list[str] = []
        for column in self._columns or ():
            if column.is_file and (value := record.get(column.name)):
                names += value if isinstance(value, list) else [value]
        return names

    def _fetch(self, record: dict[str, Any], name: str) -> bool:
        """Fetch a file that is not there yet; whether it was."""
        assert self.files is not None
        target = self.files / str(record["id"]) / name
        if target.exists():
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        self.pb.files.download({**record, "collectionName": self.collection}, name, target, resume=True)
        return True

    def _chosen(self) -> list[Column]:
        return [each for each in self._columns or () if not self.fields or each.name in ("id", *self.fields)]

    def _encoded(self, page: Sequence[dict[str, Any]]) -> bytes:
        """Records as the file holds them; the first ones of a CSV file with its first line."""
        if self.format is not Format.CSV:
            return formats.json_lines(page)
        header = b""
        if self._names is None:
            self._names = self._columns_for(page)
            header = formats.csv_header(self._names)
        return header + formats.csv_rows(self._names, page)

    def _ending(self) -> bytes:
        """What is left to write: the first line of a CSV file without records."""
        if self.format is Format.CSV and self._names is None and self._columns is not None:
            return formats.csv_header(self._columns_for([]))
        return b""

    def _columns_for(self, page: Sequence[dict[str, Any]]) -> list[str]:
        """The names of a CSV file's columns."""
        if self._columns is not None:
            return [column.name for column in self._chosen()]
        names = dict.fromkeys(name for record in page for name in record if name not in SECRETS)
        return list(dict.fromkeys(["id", *names]))
