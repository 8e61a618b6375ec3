"""The file formats: JSON lines, CSV and Parquet, written and read a page at a time."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from pydantic_core import from_json, to_json

from pbmodels._errors import PocketBaseError
from pbmodels.cli._failures import MissingPackage, UsageError

from .columns import Column, NotAValue, cells
from .format import Format

_ROWS = 10_000
"""Rows of a Parquet row group: enough to compress well, few enough to hold in memory."""


class BadData(PocketBaseError):
    """A file holds what the collection cannot: the message names lines and fields. Nothing was sent."""


_SUFFIXES = {
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".json": Format.JSONL,
    ".csv": Format.CSV,
    ".parquet": Format.PARQUET,
    ".pq": Format.PARQUET,
}


def format_of(path: Path | None, given: Format | None) -> Format:
    """The format that was asked for, or that the file's name says.

    Raises:
        UsageError: Neither says it.
    """
    if given is not None:
        return given
    if path is None:
        return Format.JSONL
    found = _SUFFIXES.get(path.suffix.lower())
    if found is None:
        raise UsageError(f"{path}: which format? Give --format, or a name that ends in .jsonl, .csv or .parquet")
    return found


def need_parquet() -> None:
    """Make sure that Parquet files can be used.

    Raises:
        MissingPackage: pyarrow is not installed.
    """
    try:
        import_module("pyarrow.parquet")
    except ModuleNotFoundError:
        raise MissingPackage("Parquet", "arrow") from None


def json_lines(records: Sequence[dict[str, Any]]) -> bytes:
    """Records as JSON, one a line."""
    return b"".join(to_json(record) + b"\n" for record in records)


def csv_rows(names: Sequence[str], records: Sequence[dict[str, Any]]) -> bytes:
    """Records as rows of a CSV file.

    Args:
        names: The columns, in order.
        records: The records.
    """
    text = io.StringIO(newline="")
    csv.writer(text).writerows(cells(record, names) for record in records)
    return text.getvalue().encode()


def csv_header(names: Sequence[str]) -> bytes:
    """The first line of a CSV file."""
    text = io.StringIO(newline="")
    csv.writer(text).writerow(names)
    return text.getvalue().encode()


def to_parquet(lines: Path, target: Path, columns: Sequence[Column]) -> None:
    """Write the records of a file of JSON lines as Parquet, without holding them all."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(column.name, column.arrow_type()) for column in columns])
    with lines.open("rb") as source, pq.ParquetWriter(target, schema, compression="zstd") as writer:
        while some := list(islice(source, _ROWS)):
            rows: list[dict[str, Any]] = from_json(b"[%b]" % b",".join(some))
            arrays = [column.to_arrow([row.get(column.name) for row in rows]) for column in columns]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


Row = tuple[int, dict[str, Any]]
"""A line's number, or a row's, from 1; and its values by column, as the server takes them."""


def read(path: Path | None, format: Format, columns: Sequence[Column]) -> Iterator[Row]:
    """The records of a file, one by one.

    Args:
        path: The file, None for stdin.
        format: Its format.
        columns: The columns that there may be.

    Raises:
        BadData: The file is not of this format, or has a column that the collection has not.
    """
    if format is Format.PARQUET:
        if path is None:
            raise UsageError("Parquet cannot be read from stdin: give a file")
        return _read_parquet(path, columns)
    return _read_text(path, format, columns)


def _read_text(path: Path | None, format: Format, columns: Sequence[Column]) -> Iterator[Row]:
    with _opened(path) as text:
        yield from (_read_csv if format is Format.CSV else _read_json_lines)(text, str(path or "stdin"), columns)


@contextmanager
def _opened(path: Path | None) -> Generator[TextIO]:
    if path is None:
        yield sys.stdin
    else:
        with path.open(encoding="utf-8-sig", newline="") as text:
            yield text


def _read_json_lines(text: Iterable[str], name: str, columns: Sequence[Column]) -> Iterator[Row]:
    known = {column.name for column in columns}
    for number, line in enumerate(text, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError as error:
            raise BadData(f"{name}:{number} is no JSON: {error}") from None
        if not isinstance(record, dict):
            raise BadData(f"{name}:{number} is no JSON object but {record!r}; each line must hold one record")
        _known(name, number, record, known)
        yield number, record


def _read_csv(text: Iterable[str], name: str, columns: Sequence[Column]) -> Iterator[Row]:
    by_name = {column.name: column for column in columns}
    rows = csv.reader(text)
    header = next(rows, None)
    if header is None:
        return
    _known(name, 1, header, set(by_name))
    for row in rows:
        if not row:
            continue
        number = rows.line_num
        if len(row) != len(header):
            raise BadData(f"{name}:{number} has {len(row)} cells, and the first line names {len(header)} columns")
        yield number, {key: _read_cell(name, number, by_name[key], text) for key, text in zip(header, row, strict=True)}


def _read_cell(name: str, number: int, column: Column, text: str) -> Any:
    try:
        return column.from_text(text)
    except NotAValue as error:
        raise BadData(f"{name}:{number}: {column.name} {error}") from None


def _read_parquet(path: Path, columns: Sequence[Column]) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    by_name = {column.name: column for column in columns}
    try:
        file = pq.ParquetFile(path)
    except pa.ArrowInvalid as error:
        raise BadData(f"{path} is no Parquet file: {error}") from None
    with file:
        _known(str(path), 1, file.schema_arrow.names, set(by_name))
        number = 0
        for batch in file.iter_batches(_ROWS):
            for row in batch.to_pylist():
                number += 1
                try:
                    yield number, {key: by_name[key].from_arrow(value) for key, value in row.items()}
                except NotAValue as error:
                    raise BadData(f"{path}: row {number}: {error}") from None


def _known(name: str, number: int, found: Iterable[str], known: set[str]) -> None:
    import difflib

    for key in found:
        if key not in known and key not in ("collectionId", "collectionName", "expand", "password"):
            near = difflib.get_close_matches(key, known, 1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; it has {', '.join(sorted(known))}"
            raise BadData(f"{name}:{number}: the collection has no field {key!r}{hint}")
