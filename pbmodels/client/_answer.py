"""What came back for a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx


@dataclass(slots=True)
class Answer:
    """One answer of the server, read to its end.

    Attributes:
        status: The HTTP status.
        headers: Its headers.
        content: Its body, b"" where the body is still to come.
        response: The open response, where the body is still to come.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(default=b"", repr=False)
    response: httpx.Response | None = None


def whole(response: httpx.Response, pieces: list[bytes]) -> bytes:
    """The body of a response from the pieces in which it came, without a compression that it had."""
    content = pieces[0] if len(pieces) == 1 else b"".join(pieces)
    if "content-encoding" in response.headers:
        return httpx.Response(response.status_code, headers=response.headers, content=content).content
    return content


def clock_ahead(headers: Mapping[str, str]) -> float:
    """How many seconds the server's clock is ahead of this machine's, by a header that has whole ones."""
    try:
        there = parsedate_to_datetime(headers.get("date") or "")
    except (ValueError, TypeError):
        return 0.0
    return (there.replace(tzinfo=there.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
