"""PocketBase's functions: distances on earth, and dates as text.

Source: PocketBase documentation, "API rules and filters: Functions".
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pbmodels._errors import FilterError
from pbmodels._filter_text import literal, number_text
from pbmodels.query._expressions import Expr
from pbmodels.query._paths import ANY_ONLY, DATES, Kind, Path

MAX_ARGUMENTS = 10
"""Arguments of `strftime` that PocketBase accepts."""

Number = Expr[Any] | float

_MOMENTS = DATES | {Kind.TEXT, Kind.NUMBER, Kind.JSON}
"""The kinds of fields that may hold what SQLite takes for a moment."""


def geo_distance(lon_a: Number, lat_a: Number, lon_b: Number, lat_b: Number) -> Expr[float]:
    """The distance between two places on earth, in kilometres. PocketBase 0.27 and later.

    Of the records of a list it asks whether any fits, which `~` cannot turn round.

    | you write | it sends |
    |---|---|
    | `geo_distance(Post.place.lon, Post.place.lat, 2, 3) < 5` | `geoDistance(place.lon, place.lat, 2, 3) < 5` |

    Args:
        lon_a: The first longitude in degrees: a number, or a field such as `Post.place.lon`.
        lat_a: The first latitude.
        lon_b: The second longitude.
        lat_b: The second latitude.

    Raises:
        FilterError: An argument is neither a number nor a field that holds one, or is out of range.
    """
    given = (lon_a, lat_a, lon_b, lat_b)
    texts = ", ".join(_degrees(value, 180 if index % 2 == 0 else 90) for index, value in enumerate(given))
    text = f"geoDistance({texts})"
    lists = [value._path for value in given if isinstance(value, Expr) and value._path.several]
    if any(path.every for path in lists):
        raise FilterError("geo_distance() looks at any of a list's records, never at each: leave .each out")
    if len({path.list_name for path in lists}) > 1:
        raise FilterError("geo_distance() takes the fields of one list only")
    return Expr(
        Path(
            text,
            Kind.NUMBER,
            any_of=bool(lists),
            label="geo_distance(...)",
            nothing=ANY_ONLY if lists else f"{text} = null",
            by_is=True,
            group=lists[0].list_name if lists else text,
        )
    )


def strftime(format: str, time: Expr[Any] | datetime | str | float | None = None, *modifiers: str) -> Expr[str]:
    """A moment as text, by SQLite's format. PocketBase 0.36 and later.

    | you write | it sends |
    |---|---|
    | `strftime("%Y-%m", Post.created) == "2026-05"` | `strftime("%Y-%m", created) = "2026-05"` |
    | `strftime("%H", now(), "+2 hours") > "17"` | `strftime("%H", @now, "+2 hours") > "17"` |
    | `strftime("%Y", Post.views, "unixepoch") == "2026"` | `strftime("%Y", views, "unixepoch") = "2026"` |
    | `strftime("%H") > "17"` | `strftime("%H") > "17"` |

    Args:
        format: SQLite's own, such as `%Y-%m-%d %H:%M`.
        time: A date field, or one whose text or number SQLite takes for a moment; a macro such as `now()`, a datetime
            with a timezone, its text, or a number. The present moment by default.
        modifiers: SQLite's own, such as `+1 day` or `start of month`; at most 8. A number counts days of the Julian
            calendar, or seconds since 1970 with `unixepoch`.

    Raises:
        FilterError: The format or a modifier cannot be written, there are too many, or `time` is no moment.
    """
    if len(modifiers) + 2 > MAX_ARGUMENTS:
        raise FilterError(f"strftime() takes at most {MAX_ARGUMENTS - 2} modifiers, not {len(modifiers)}")
    for text in (format, *modifiers):
        if not isinstance(text, str) or not text or "\\" in text:
            raise FilterError(f"strftime({text!r}): a format or modifier is text without backslashes, and not empty")
    path = time._path if isinstance(time, Expr) else None
    if path is not None and (path.multiple or (path.kind not in _MOMENTS and path.kind is not None)):
        raise FilterError(f"strftime() takes a date, and {path.name} is a {path.kind}")
    if time is None and modifiers:
        raise FilterError("strftime() with modifiers takes a moment too: write now() for the present one")
    moment = [] if time is None else [path.text if path is not None else _moment(time)]
    text = f"strftime({', '.join([literal(format, None), *moment, *(literal(item, None) for item in modifiers)])})"
    return Expr(
        Path(
            text,
            Kind.TEXT,
            any_of=path is not None and path.any_of,
            every=path is not None and path.every,
            gaps=path is not None and path.several,  # also where a date is empty
            label="strftime(...)",
            nothing=f'{text} = ""',
            group=path.list_name if path is not None else text,
        )
    )


def _degrees(value: object, most: int) -> str:
    if isinstance(value, Expr):
        path = value._path
        if path.multiple or path.kind not in (Kind.NUMBER, Kind.JSON, None):
            raise FilterError(f"geo_distance() takes numbers, and {path.name} is a {path.kind}")
        return path.text
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not -most <= value <= most:
        raise FilterError(f"geo_distance() takes degrees from -{most} to {most}, not {value!r}")
    return number_text(value)


def _moment(time: object) -> str:
    from pbmodels.query._values import operand

    if isinstance(time, (int, float)) and not isinstance(time, bool):
        return number_text(time)
    if isinstance(time, str) and not time:
        raise FilterError("strftime() takes a moment: a date field, a macro, a datetime or its text")
    return literal(operand(Path("strftime(...)", Kind.DATE), time), None)
