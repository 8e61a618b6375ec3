"""Request bodies: values the server would silently change are refused, files are set apart."""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from pbmodels._errors import FilterError
from pbmodels._filter_text import MAX_SAFE_INTEGER, date_text
from pbmodels.client._errors import InvalidRequest
from pbmodels.client._upload import Upload

Files = list[tuple[str, Upload]]

_NO_FILES = frozenset({str, int, float, bool, type(None), dict, datetime})
"""Types whose values are no files, without a closer look."""


def plain(value: Any, path: str) -> Any:
    """A value as JSON can carry it to PocketBase without loss.

    Args:
        value: Anything that a record can hold.
        path: The field it is for, for messages.

    Raises:
        InvalidRequest: The server would keep something else than this value.

    Example:
        >>> from datetime import datetime, timezone
        >>> plain([datetime(2024, 5, 1, tzinfo=timezone.utc), 1], "when")
        ['2024-05-01 00:00:00.000Z', 1]
    """
    if is_plain(value):
        return value
    kind = type(value)
    if kind is dict:
        return _plain_items(value, path)
    if kind is list:
        return _plain_list(value, path)
    if kind is datetime:
        return _date(value, path)
    if isinstance(value, enum.Enum):
        return plain(value.value, path)
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise InvalidRequest(f"{path}: half of a surrogate pair is not valid text; remove it") from None
        return str(value)
    if isinstance(value, int):
        if abs(value) > MAX_SAFE_INTEGER:
            raise InvalidRequest(
                f"{path}: {value} is beyond 2**53, where PocketBase's numbers lose digits; keep it in a text field"
            )
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise InvalidRequest(f"{path}: {value} is not a finite number, and PocketBase stores no others")
        return value
    if isinstance(value, datetime):
        return _date(value, path)
    if isinstance(value, Mapping):
        return _plain_items(value, path)
    if isinstance(value, (list, tuple, set, frozenset)):
        return _plain_list(value, path)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Decimal):
        number = float(value)
        if Decimal(repr(number)) != value:
            raise InvalidRequest(f"{path}: {value} does not fit into a 64-bit float exactly; keep it in a text field")
        return number
    if isinstance(value, date):
        raise InvalidRequest(f"{path}: {value!r} has no time and timezone; use a datetime with a timezone")
    raise InvalidRequest(
        f"{path or 'the body'}: a {type(value).__name__} cannot be sent; use text, numbers, booleans, None, datetimes, "
        "lists, dicts or files"
    )


def _date(value: datetime, path: str) -> str:
    try:
        return date_text(value)
    except FilterError as error:
        raise InvalidRequest(f"{path}: {error}") from None


def _plain_items(value: Mapping[Any, Any], path: str) -> dict[str, Any]:
    for key in value:
        if not isinstance(key, str):
            raise InvalidRequest(f"{path}: the key {key!r} is not text, and JSON objects have no other keys")
    return {
        key: inner if is_plain(inner) else plain(inner, f"{path}.{key}" if path else key)
        for key, inner in value.items()
    }


def _plain_list(value: Iterable[Any], path: str) -> list[Any]:
    return [inner if is_plain(inner) else plain(inner, f"{path}.{index}") for index, inner in enumerate(value)]


def is_plain(value: Any) -> bool:
    """Whether `plain` would give the value itself; told apart quickly, for most values are of these kinds."""
    kind = type(value)
    if kind is str:
        return value.isascii() or _is_whole(value)
    if kind is int:
        return bool(-MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER)
    if kind is float:
        return math.isfinite(value)
    return kind is bool or value is None


def _is_whole(value: str) -> bool:
    """Whether a text has no half of a surrogate pair."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def split_files(body: Mapping[str, Any]) -> tuple[dict[str, Any], Files]:
    """The JSON part of a body and the files in it.

    A list may hold kept file names beside new files: the names stay in the JSON part, and the server
    appends the new files to them.
    """
    rest: dict[str, Any] = {}
    files: Files = []
    for name, value in body.items():
        if type(value) in _NO_FILES:
            rest[name] = value
            continue
        bare = name.strip("+-")
        upload = Upload.of(value, bare)
        if upload is not None:
            files.append((name, upload))
        elif isinstance(value, (list, tuple)) and any(
            type(item) not in _NO_FILES and Upload.of(item, bare) is not None for item in value
        ):
            kept: list[Any] = []
            new: Files = []
            for item in value:
                upload = Upload.of(item, bare)
                if upload is not None:
                    new.append((name, upload))
                elif new:
                    raise InvalidRequest(
                        f"{name}: the server puts new files after the kept ones; list the kept file names first"
                    )
                else:
                    kept.append(item)
            files += new
            if kept:
                rest[name] = kept
        else:
            rest[name] = value
    return rest, files


class Encoded(bytes):
    """A body that is JSON already."""


def encode(body: Any) -> bytes:
    """A body as JSON bytes; see `plain` for what is refused."""
    if isinstance(body, Encoded):
        return body
    return to_json(plain(body, ""))
