"""Asking for the rest of a file, and what the head of an answer says of it; no I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime

TRIES = 5
"""How often in a row a download that goes on may break without a byte."""

PAUSE = 0.1
"""Seconds before the first of them, doubled each time."""

_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


@dataclass(frozen=True, slots=True)
class Place:
    """A place in one state of a file.

    Attributes:
        offset: Bytes before it.
        modified: When the file was last changed, in seconds since 1970; 0 if the server does not say.
    """

    offset: int = 0
    modified: int = 0

    def after(self, piece: bytes) -> Place:
        """The place after these bytes."""
        return Place(self.offset + len(piece), self.modified)

    @property
    def headers(self) -> dict[str, str]:
        """What asks for the file from here on, or for all of it if it has changed.

        Example:
            >>> Place(10, 86_400).headers
            {'Range': 'bytes=10-', 'If-Range': 'Fri, 02 Jan 1970 00:00:00 GMT'}
        """
        if not self.offset or not self.modified:
            return {}
        return {"Range": f"bytes={self.offset}-", "If-Range": formatdate(self.modified, usegmt=True)}


@dataclass(frozen=True, slots=True)
class Head:
    """What the head of an answer says of the file.

    Attributes:
        begin: Where the answer's bytes belong.
        size: Bytes of the whole file, None if not known.
        content_type: Its media type, "" if not known.
    """

    begin: Place
    size: int | None
    content_type: str

    @classmethod
    def of(cls, status: int, headers: Mapping[str, str]) -> Head:
        """The head of an answer that is a success.

        Example:
            >>> Head.of(206, {"content-range": "bytes 2-9/10"}).begin.offset
            2
        """
        content_type = headers.get("content-type", "")
        if headers.get("content-encoding", "identity") != "identity":  # then neither size nor range are the file's
            return cls(Place(), None, content_type)
        try:
            modified = int(parsedate_to_datetime(headers.get("last-modified", "")).timestamp())
        except ValueError:
            modified = 0
        found = _CONTENT_RANGE.fullmatch(headers.get("content-range", "")) if status == 206 else None
        if found:
            return cls(Place(int(found[1]), modified), int(found[2]) if found[2] != "*" else None, content_type)
        announced = headers.get("content-length", "")
        return cls(Place(0, modified), int(announced) if announced.isdecimal() else None, content_type)
