"""What a field can be compared with: values of its kind, or another field of a like kind. The rest never matches."""

from __future__ import annotations

import difflib
import enum
from datetime import datetime, timedelta, timezone
from decimal import Decimal

from dateutil.parser import isoparse, parse

from pbmodels._errors import FilterError
from pbmodels._filter_text import MAX_SAFE_INTEGER, Grammar, RelativeTime, literal
from pbmodels.query._paths import DATES, TEXTUAL, Kind, Path

POINT = (
    "{0} is a point: compare its numbers, as in {0}.lon > 13.4, or its distance, as in {0}.distance_to(13.4, 52.5) < 5"
)

PASSWORD = "{0} is a password, of which PocketBase keeps a hash: nothing can be asked of it; sign in to check one"

_NUMBER, _BOOL, _TEXT = Kind.NUMBER, Kind.BOOL, Kind.TEXT  # most are of these
_WITHOUT_TEXT = (Kind.NUMBER, Kind.BOOL, Kind.DATE, Kind.AUTODATE, Kind.GEO_POINT, Kind.PASSWORD)


def operand(path: Path, value: object) -> object:
    """A value as this field can be compared with it; anything else could never match.

    Raises:
        FilterError: The field can never have this value, or no literal has it.
    """
    kind = path.kind
    given = type(value)
    if given is str:
        if (kind is _TEXT or kind not in _WITHOUT_TEXT) and value.isascii() and "\0" not in value:  # type: ignore[attr-defined, operator]
            return value
    elif given is bool:
        if kind is _BOOL:
            return value
    elif given is int and kind is _NUMBER and -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER:  # type: ignore[operator]
        return value
    return _checked(path, value)


def _checked(path: Path, value: object) -> object:
    if isinstance(value, enum.Enum):
        value = value.value
    kind = path.kind
    if kind is Kind.GEO_POINT:
        raise FilterError(POINT.format(path.name))
    if kind is Kind.PASSWORD:
        raise FilterError(PASSWORD.format(path.name))
    fits: bool
    if value is None:
        fits = kind not in (Kind.NUMBER, Kind.BOOL)
    elif kind is Kind.NUMBER:
        fits = isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)
    elif kind is Kind.BOOL:
        fits = isinstance(value, bool)
    elif kind in DATES:
        if isinstance(value, str) and value:
            value = _moment(path, value)
        fits = isinstance(value, (datetime, RelativeTime)) or value == ""
    elif kind is Kind.RELATION:
        value = getattr(value, "id", value)
        fits = isinstance(value, str)
    elif kind in TEXTUAL:
        fits = isinstance(value, str)
    else:
        if kind is None and isinstance(getattr(value, "id", None), str):
            value = value.id  # type: ignore[attr-defined]
        fits = True
    if not fits:
        raise FilterError(
            f"{path.name} is a {kind} and can never equal {_short(value)}: {_ADVICE.get(kind, 'use text')}"
        )
    try:
        literal(value, Grammar.ESCAPED)
    except FilterError as error:
        raise type(error)(f"{path.name}: {error}") from None
    return value


_ADVICE: dict[Kind | None, str] = {
    Kind.NUMBER: "use a number; an empty number is 0",
    Kind.BOOL: "use True or False; an empty bool is False",
    Kind.DATE: "use a datetime with a timezone",
    Kind.AUTODATE: "use a datetime with a timezone",
    Kind.RELATION: "use a record, a Ref or an id",
}


def refuse_unknown_option(path: Path, value: object) -> None:
    """Raise when a select can never have this value.

    Raises:
        FilterError: It is none of the options.
    """
    if isinstance(value, str) and value and value not in path.options:
        near = difflib.get_close_matches(value, path.options, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"use {', '.join(map(repr, path.options))}"
        raise FilterError(f"{path.name} is a select and can never equal {_short(value)}: {hint}")


def refuse_pair(left: Path, right: Path) -> None:
    """Raise when a comparison of two fields would not mean what it says.

    Raises:
        FilterError: It would not.
    """
    for path in (left, right):
        if path.kind is Kind.PASSWORD:
            raise FilterError(PASSWORD.format(path.name))
        if path.multiple:
            raise FilterError(f"{path.name} holds a list, which PocketBase cannot compare with another field")
        if path.kind is Kind.GEO_POINT:
            raise FilterError(POINT.format(path.name))
    if left.several and right.several:
        raise FilterError(
            f"{left.name} and {right.name} both have several values: one side of a comparison must have one"
        )
    if {left.kind, right.kind}.isdisjoint((Kind.JSON, None)) and _family(left.kind) != _family(right.kind):
        raise FilterError(
            f"{left.name} is a {left.kind} and {right.name} a {right.kind}: such fields can never be compared"
        )


def _family(kind: Kind | None) -> str | None:
    """Kinds that are stored alike."""
    if kind in DATES:
        return "moment"
    return kind if kind in (Kind.NUMBER, Kind.BOOL) else "text"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _moment(path: Path, text: str) -> datetime:
    try:
        return isoparse(text)
    except (ValueError, OverflowError):
        pass
    # Other forms may leave out a part, which the parser would take from its default, or have day and month either way.
    ways = [(datetime(2000, 1, 1), False), (datetime(2001, 2, 2), False)]
    ways += [] if text[:4].isdecimal() else [(datetime(2000, 1, 1), True)]
    try:
        found = {parse(text, default=default, dayfirst=first, tzinfos=_zone) for default, first in ways}
    except (ValueError, OverflowError):
        found = set()
    if len(found) == 1:
        return found.pop()
    why = "can be read in more than one way" if found else "is none"
    raise FilterError(
        f"{path.name} is a date and {_short(text)} {why}: use a datetime with a timezone, "
        "or its text such as '2024-05-01T10:00+02:00'"
    )


def _zone(name: str | None, offset: int | None) -> timezone | None:
    """A timezone that a text names by its distance from UTC; by other names, several go."""
    return None if offset is None else timezone(timedelta(seconds=offset))
