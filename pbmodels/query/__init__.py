"""Expressions that compile to PocketBase's filter and sort text; pure, no I/O."""

from pbmodels._errors import FilterError, InexpressibleText
from pbmodels._filter_text import BoundFilter, Grammar
from pbmodels.query._compile import MAX_COMPARISONS, MAX_LENGTH, compile_filter
from pbmodels.query._expressions import Expr, Sort
from pbmodels.query._nodes import Filter, Raw, all_of
from pbmodels.query._paths import Kind, Path
from pbmodels.query._split import split

__all__ = [
    "MAX_COMPARISONS",
    "MAX_LENGTH",
    "BoundFilter",
    "Expr",
    "Filter",
    "FilterError",
    "Grammar",
    "InexpressibleText",
    "Kind",
    "Path",
    "Raw",
    "Sort",
    "all_of",
    "compile_filter",
    "split",
]
