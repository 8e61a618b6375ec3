"""What an import sets once all its records are there: relations of a collection to itself, whatever their order."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

Waiting = tuple[int, str, dict[str, Any]]
"""A record's line, its id, and the values of its fields that wait."""


@dataclass
class Later:
    """What waits, in a file, so that memory holds none of it.

    Attributes:
        stream: The file.
        size: Its bytes so far.
    """

    stream: IO[bytes]
    size: int = 0

    def add(self, waiting: list[Waiting]) -> None:
        """Keep what waits, behind the rest."""
        self.stream.seek(self.size)
        self.stream.write(b"".join(json.dumps(each).encode() + b"\n" for each in waiting))
        self.stream.flush()
        self.size = self.stream.tell()

    def __iter__(self) -> Iterator[Waiting]:
        self.stream.seek(0)
        for line in self.stream:
            number, id, values = json.loads(line)
            yield number, id, values


@contextmanager
def opened(path: Path | None, size: int) -> Generator[Later]:
    """What waits, as an interrupted import left it.

    Args:
        path: The file that keeps it, which goes once the block is done; None for one that nobody finds again.
        size: Its bytes that count; a piece behind them was not written whole. Without the file, the block was done.
    """
    if path is None:
        with tempfile.TemporaryFile() as stream:
            yield Later(stream)
        return
    path.touch(mode=0o600)
    with path.open("r+b") as stream:
        size = stream.truncate(min(size, path.stat().st_size))
        yield Later(stream, size)
    path.unlink()
