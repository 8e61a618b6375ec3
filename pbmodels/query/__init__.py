"""Expressions that compile to PocketBase's filter and sort text; pure, no I/O."""

from pbmodels._errors import FilterError, InexpressibleText
from pbmodels._filter_text import MAX_LENGTH, BoundFilter, Grammar, RelativeTime
from pbmodels.query._compile import MAX_COMPARISONS, compile_filter
from pbmodels.query._expressions import Condition, Expr, Flag, PointExpr, at
from pbmodels.query._functions import geo_distance, strftime
from pbmodels.query._macros import (
    ago,
    day,
    from_now,
    hour,
    minute,
    month,
    month_end,
    month_start,
    now,
    second,
    today_end,
    today_start,
    tomorrow,
    weekday,
    year,
    year_end,
    year_start,
    yesterday,
)
from pbmodels.query._nodes import Filter, Raw, all_of
from pbmodels.query._paths import Kind, Path
from pbmodels.query._request import Fields, OpenExpr, OpenRecords, Request, back_path, records_path, request
from pbmodels.query._sort import Sort
from pbmodels.query._split import split

__all__ = [
    "MAX_COMPARISONS",
    "MAX_LENGTH",
    "BoundFilter",
    "Condition",
    "Expr",
    "Fields",
    "Filter",
    "FilterError",
    "Flag",
    "Grammar",
    "InexpressibleText",
    "Kind",
    "OpenExpr",
    "OpenRecords",
    "Path",
    "PointExpr",
    "Raw",
    "RelativeTime",
    "Request",
    "Sort",
    "ago",
    "all_of",
    "at",
    "back_path",
    "compile_filter",
    "day",
    "from_now",
    "geo_distance",
    "hour",
    "minute",
    "month",
    "month_end",
    "month_start",
    "now",
    "records_path",
    "request",
    "second",
    "split",
    "strftime",
    "today_end",
    "today_start",
    "tomorrow",
    "weekday",
    "year",
    "year_end",
    "year_start",
    "yesterday",
]
