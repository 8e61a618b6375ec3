"""A request before it is sent: its path, query and body, decided without any I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote, unquote

from pydantic_core import to_json

from pbmodels._filter_text import FilterSource, date_text
from pbmodels.client._body import Files
from pbmodels.client._errors import InvalidRequest
from pbmodels.client._secrets import without_secrets

Query = Mapping[str, Any]
Headers = Mapping[str, str]
FilterLike = str | FilterSource

# What the official JavaScript SDK does not percent-encode, in a path and in a query.
_IN_PATHS, _IN_QUERIES = "!'()*", "!()*"
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*:)?//")
_METHOD = re.compile(r"[A-Za-z]+")


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the web API.

    Attributes:
        method: The HTTP method.
        path: The path below the server's address, percent-encoded.
        query: Query parameters; None values are left out.
        headers: Headers beside the client's own.
        json: The body to send as JSON, if any.
        files: Files by field name; with files the body goes as multipart.
        timeout: Seconds to wait for this request, None for the client's own.
        filter: A filter still to be rendered for the server's grammar.
    """

    method: str
    path: str
    query: Query = field(default_factory=dict)
    headers: Headers = field(default_factory=dict, repr=False)
    json: Any = field(default=None, repr=False)
    files: Files = field(default_factory=list)
    timeout: float | None = None
    filter: FilterSource | None = None

    @property
    def target(self) -> str:
        """Path and query, as they go on the wire."""
        text = encode_query(self.query)
        if not text:
            return self.path
        return f"{self.path}{'&' if '?' in self.path else '?'}{text}"


def segment(value: str, what: str) -> str:
    """One path segment, percent-encoded: an id or a name can never become another route.

    Args:
        value: The raw id, name or key.
        what: What it is, for the message.

    Raises:
        InvalidRequest: It is empty, `.` or `..`, or no text.

    Example:
        >>> segment("a/b c", "record id")
        'a%2Fb%20c'
    """
    if not isinstance(value, str):
        raise InvalidRequest(f"the {what} must be text, not {type(value).__name__}")
    if value in ("", ".", ".."):
        raise InvalidRequest(f"the {what} {value!r} cannot stand in a path; give a real one")
    try:
        return quote(value, safe=_IN_PATHS)
    except UnicodeEncodeError:
        raise InvalidRequest(f"the {what} {value!r} is not valid Unicode text") from None


def check_path(path: str) -> None:
    """Refuse a path that would be sent as another one, or cut off.

    Raises:
        InvalidRequest: It is a whole address, has `.` or `..` segments, however they are written, or a `#`.
    """
    if not isinstance(path, str):
        raise InvalidRequest(f"the path must be text, not {type(path).__name__}")
    if _ADDRESS.match(path):
        raise InvalidRequest(
            f"{without_secrets(path)!r} is a whole address; give the path below the server's address, such as '/api/x'"
        )
    if "#" in path:
        raise InvalidRequest(f"the path {path!r} has a '#', and nothing after it would be sent; write %23")
    if any(part in (".", "..") for part in unquote(path.split("?")[0]).replace("\\", "/").split("/")):
        raise InvalidRequest(f"the path {path!r} has a '.' or '..' segment; give the path it stands for")


def check_method(method: str) -> str:
    """An HTTP method in capitals.

    Raises:
        InvalidRequest: It is none.
    """
    if not isinstance(method, str) or not _METHOD.fullmatch(method):
        raise InvalidRequest(f"method={method!r} is no HTTP method; give one such as 'POST'")
    return method.upper()


def query_value(value: Any) -> str:
    """One query parameter as text: dicts and lists as JSON, datetimes as PocketBase writes them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return date_text(value)
    if isinstance(value, FilterSource):
        return format(value)
    if isinstance(value, (Mapping, list, tuple)):
        return to_json(value).decode()
    return str(value)


def encode_query(query: Query) -> str:
    """A query string, as the official SDKs write it: None values are left out, a list names its parameter again.

    Raises:
        InvalidRequest: A name is not text.

    Example:
        >>> encode_query({"page": 1, "fields": None, "tag": ["a", "b c"]})
        'page=1&tag=a&tag=b%20c'
    """
    parts: list[str] = []
    if not query:
        return ""
    if not isinstance(query, Mapping):
        raise InvalidRequest(f"query= takes names and values, such as {{'a': 1}}, not {type(query).__name__}")
    for key, value in query.items():
        if not isinstance(key, str):
            raise InvalidRequest(f"query= has the name {key!r}, which is not text")
        for item in value if isinstance(value, (list, tuple)) else (value,):
            if item is not None:
                parts.append(f"{quote(key, safe=_IN_QUERIES)}={quote(query_value(item), safe=_IN_QUERIES)}")
    return "&".join(parts)


def _joined(paths: str | Sequence[str] | None, option: str) -> str | None:
    """Several fields as the server reads them, in one parameter."""
    if not paths:
        return None
    if isinstance(paths, str):
        return paths
    try:
        return ",".join(paths)
    except TypeError:
        raise InvalidRequest(f"{option}={paths!r}: give text, or a list of texts") from None


def list_query(
    *,
    page: int | None = None,
    per_page: int | None = None,
    filter: FilterLike | None = None,
    sort: str | Sequence[str] | None = None,
    expand: str | Sequence[str] | None = None,
    fields: str | Sequence[str] | None = None,
    skip_total: bool = False,
    query: Query | None = None,
) -> dict[str, Any]:
    """The query parameters of a list; the filter only if it is text already.

    Raises:
        InvalidRequest: A page or page size below 1, or above the 1000 that the server would silently cap; an option of
            another type.
    """
    if query is not None and not isinstance(query, Mapping):
        raise InvalidRequest(f"query= takes names and values, such as {{'a': 1}}, not {type(query).__name__}")
    if page is not None and (not isinstance(page, int) or page < 1):
        raise InvalidRequest(f"page={page!r}: pages are counted from 1")
    if per_page is not None and not (isinstance(per_page, int) and 1 <= per_page <= 1000):
        raise InvalidRequest(f"per_page={per_page!r}: PocketBase gives 1 to 1000 records a page")
    options = {
        "page": page,
        "perPage": per_page,
        "filter": filter if isinstance(filter, str) and filter else None,
        "sort": _joined(sort, "sort"),
        "expand": _joined(expand, "expand"),
        "fields": _joined(fields, "fields"),
        "skipTotal": 1 if skip_total else None,
    }
    return {**{key: value for key, value in options.items() if value is not None}, **(query or {})}


def filter_source(filter: FilterLike | None) -> FilterSource | None:
    """The filter, if it is one that still has to be rendered.

    Raises:
        InvalidRequest: It is neither text nor a filter.
    """
    if filter is None or isinstance(filter, str):
        return None
    if not hasattr(filter, "render"):
        raise InvalidRequest(f"filter={filter!r}: give text, or what pb.filter(...) makes")
    return filter
