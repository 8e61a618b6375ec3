"""PocketBase's macros, which the server replaces by the present moment or a part of it, and moments relative to now.

Source: PocketBase documentation, "API rules and filters: @macros".
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dateutil.relativedelta import relativedelta

from pbmodels._errors import FilterError
from pbmodels._filter_text import RelativeTime
from pbmodels.query._expressions import Expr
from pbmodels.query._paths import Kind, Path


def _moment(name: str) -> Expr[datetime]:
    return Expr(Path(f"@{name}", Kind.DATE))


def _number(name: str) -> Expr[int]:
    return Expr(Path(f"@{name}", Kind.NUMBER))


def now() -> Expr[datetime]:
    """The present moment, by the server's clock.

    | you write | it sends |
    |---|---|
    | `Post.published < now()` | `published < @now` |
    """
    return _moment("now")


def yesterday() -> Expr[datetime]:
    """The present moment a day ago. PocketBase 0.24 and later.

    | you write | it sends |
    |---|---|
    | `Post.created > yesterday()` | `created > @yesterday` |
    """
    return _moment("yesterday")


def tomorrow() -> Expr[datetime]:
    """The present moment in a day. PocketBase 0.24 and later.

    | you write | it sends |
    |---|---|
    | `Post.published > tomorrow()` | `published > @tomorrow` |
    """
    return _moment("tomorrow")


def today_start() -> Expr[datetime]:
    """The beginning of the day, in UTC.

    | you write | it sends |
    |---|---|
    | `Post.created >= today_start()` | `created >= @todayStart` |
    """
    return _moment("todayStart")


def today_end() -> Expr[datetime]:
    """The end of the day, in UTC.

    | you write | it sends |
    |---|---|
    | `Post.published <= today_end()` | `published <= @todayEnd` |
    """
    return _moment("todayEnd")


def month_start() -> Expr[datetime]:
    """The beginning of the month, in UTC.

    | you write | it sends |
    |---|---|
    | `Post.created >= month_start()` | `created >= @monthStart` |
    """
    return _moment("monthStart")


def month_end() -> Expr[datetime]:
    """The end of the month, in UTC.

    | you write | it sends |
    |---|---|
    | `Post.published <= month_end()` | `published <= @monthEnd` |
    """
    return _moment("monthEnd")


def year_start() -> Expr[datetime]:
    """The beginning of the year, in UTC.

    | you write | it sends |
    |---|---|
    | `Post.created >= year_start()` | `created >= @yearStart` |
    """
    return _moment("yearStart")


def year_end() -> Expr[datetime]:
    """The end of the year, in UTC.

    | you write | it sends |
    |---|---|
    | `Post.published <= year_end()` | `published <= @yearEnd` |
    """
    return _moment("yearEnd")


def second() -> Expr[int]:
    """The second of the present minute, 0 to 59.

    | you write | it sends |
    |---|---|
    | `second() < 30` | `@second < 30` |
    """
    return _number("second")


def minute() -> Expr[int]:
    """The minute of the present hour, 0 to 59.

    | you write | it sends |
    |---|---|
    | `minute() < 30` | `@minute < 30` |
    """
    return _number("minute")


def hour() -> Expr[int]:
    """The hour of the present day in UTC, 0 to 23.

    | you write | it sends |
    |---|---|
    | `hour() >= 9` | `@hour >= 9` |
    """
    return _number("hour")


def day() -> Expr[int]:
    """The day of the present month in UTC, 1 to 31.

    | you write | it sends |
    |---|---|
    | `day() == 1` | `@day = 1` |
    """
    return _number("day")


def month() -> Expr[int]:
    """The month in UTC, 1 to 12.

    | you write | it sends |
    |---|---|
    | `month() == 12` | `@month = 12` |
    """
    return _number("month")


def weekday() -> Expr[int]:
    """The day of the week in UTC, 0 for Sunday to 6.

    | you write | it sends |
    |---|---|
    | `weekday() != 0` | `@weekday != 0` |
    """
    return _number("weekday")


def year() -> Expr[int]:
    """The year in UTC.

    | you write | it sends |
    |---|---|
    | `year() >= 2026` | `@year >= 2026` |
    """
    return _number("year")


def ago(
    *,
    years: int = 0,
    months: int = 0,
    weeks: float = 0,
    days: float = 0,
    hours: float = 0,
    minutes: float = 0,
    seconds: float = 0,
) -> RelativeTime:
    """A moment in the past, by this machine's clock, counted anew whenever the query runs.

    Args:
        years: Calendar years.
        months: Calendar months; a month without that day ends earlier.
        weeks: Times 7 days.
        days: Times 24 hours.
        hours: Hours.
        minutes: Minutes.
        seconds: Seconds, to the millisecond.

    Raises:
        FilterError: It is no length of time, or leads beyond the year 1.

    Example:
        >>> Post.where(Post.created >= ago(days=3)).count()
        0
    """
    return _distance(
        -1, years=years, months=months, weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds
    )


def from_now(
    *,
    years: int = 0,
    months: int = 0,
    weeks: float = 0,
    days: float = 0,
    hours: float = 0,
    minutes: float = 0,
    seconds: float = 0,
) -> RelativeTime:
    """A moment in the future, by this machine's clock, counted anew whenever the query runs.

    Args:
        years: Calendar years.
        months: Calendar months; a month without that day ends earlier.
        weeks: Times 7 days.
        days: Times 24 hours.
        hours: Hours.
        minutes: Minutes.
        seconds: Seconds, to the millisecond.

    Raises:
        FilterError: It is no length of time, or leads beyond the year 9999.

    Example:
        >>> Post.where(Post.published <= from_now(hours=1)).count()
        0
    """
    return _distance(
        1, years=years, months=months, weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds
    )


def _distance(sign: int, **lengths: Any) -> RelativeTime:
    name = "ago" if sign < 0 else "from_now"
    given = ", ".join(f"{unit}={length!r}" for unit, length in lengths.items() if length)
    if not given:
        raise FilterError(f"{name}() takes a length of time, such as {name}(days=3); for the present moment use now()")
    try:
        found = RelativeTime(relativedelta(**{unit: sign * length for unit, length in lengths.items()}))
        found.moment()
    except (TypeError, ValueError, OverflowError) as error:
        raise FilterError(f"{name}({given}) is no moment: {error}") from None
    return found
