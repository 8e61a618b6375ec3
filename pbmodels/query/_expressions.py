"""Fields as expressions: `Post.title` and what can be asked of it."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

from dateutil.parser import isoparse

from pbmodels._errors import FilterError
from pbmodels._filter_text import Grammar, literal
from pbmodels.query._nodes import Comparison, Empty, Filter, In, Like, Matching, Not
from pbmodels.query._paths import DATES, TEXTUAL, Kind, Path

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sort:
    """One term of an order: `-Post.created` sorts by `created`, newest first.

    Example:
        >>> str(Sort("created", descending=True))
        '-created'
    """

    path: str
    descending: bool = False

    def __neg__(self) -> Sort:
        return Sort(self.path, not self.descending)

    def __pos__(self) -> Sort:
        return self

    def __str__(self) -> str:
        return f"-{self.path}" if self.descending else self.path


class Expr(Generic[T]):
    """A field in a query: comparisons give conditions, a minus sign gives an order.

    | you write | it sends |
    |---|---|
    | `Post.title == "x"` | `title = "x"` |
    | `Post.views >= 3` | `views >= 3` |
    | `Post.title.contains("50%")` | `title ~ "%50\\\\%%"` |
    | `Post.status.in_(["a", "b"])` | `(status = "a" \\|\\| status = "b")` |
    | `Post.published.is_empty()` | `published = ""` |
    | `-Post.created` | `-created` |

    What is behind a relation that is not set has no value: there only `!=`, `== None` and `== ""` are true, and
    `~` of the rest. An empty date comes before all others. Through a list of relations, a comparison is true if it
    is for any of the records, and comparisons joined by `&` speak of the same one.
    """

    __slots__ = ("_path",)

    def __init__(self, path: Path) -> None:
        self._path = path

    def __hash__(self) -> int:
        return hash(self._path)

    def __str__(self) -> str:
        return self._path.text

    def __repr__(self) -> str:
        return f"<Expr {self._path.name}>"

    def __bool__(self) -> bool:
        raise FilterError(
            f"{self._path.name} is a field, not a value: compare it, e.g. with == True, to make a condition"
        )

    def __contains__(self, value: object) -> bool:
        raise FilterError(f"`in` cannot build a condition: use {self._path.name}.contains(...) or .in_([...])")

    def __iter__(self) -> Any:
        raise TypeError(f"{self._path.name} is a field, not a value: it cannot be iterated over")

    def __eq__(self, other: T | Expr[T] | None) -> Filter:  # type: ignore[override]
        return self._compare("=", other)

    def __ne__(self, other: T | Expr[T] | None) -> Filter:  # type: ignore[override]
        return self._compare("!=", other)

    def __lt__(self, other: T | Expr[T]) -> Filter:
        return self._compare("<", other)

    def __le__(self, other: T | Expr[T]) -> Filter:
        return self._compare("<=", other)

    def __gt__(self, other: T | Expr[T]) -> Filter:
        return self._compare(">", other)

    def __ge__(self, other: T | Expr[T]) -> Filter:
        return self._compare(">=", other)

    def contains(self, value: object) -> Filter:
        """Text that has `value` in it, or a list that has `value` as one of its items.

        Text is compared without regard to the case of ASCII letters; `%`, `_` and backslash are ordinary characters.
        Items of a list are compared exactly, save where one query asks the same list twice: there the case of
        ASCII letters does not count either, as only the list's text can be asked then.

        | you write | it sends |
        |---|---|
        | `Post.title.contains("x")` | `title ~ "x"` |
        | `Post.tags.contains("news")` | `tags:each ?= "news"` |
        | `Post.tags.contains("a") & Post.tags.contains("b")` | `(tags ~ "\\"a\\"" && tags ~ "\\"b\\"")` |
        """
        if self._path.multiple:
            return In(self._path, (self._operand(value),))
        return self._matching(Like.CONTAINS, value)

    def not_contains(self, value: object) -> Filter:
        """The opposite of `contains`.

        | you write | it sends |
        |---|---|
        | `Post.title.not_contains("x")` | `title !~ "x"` |
        | `Post.tags.not_contains("news")` | `(tags:each != "news" \\|\\| tags:length = 0)` |
        """
        return Not(self.contains(value))

    def startswith(self, value: str) -> Filter:
        """Text that begins with `value`, without regard to the case of ASCII letters.

        | you write | it sends |
        |---|---|
        | `Post.title.startswith("a_b")` | `title ~ "a\\\\_b%"` |
        """
        return self._matching(Like.STARTS, value)

    def endswith(self, value: str) -> Filter:
        """Text that ends with `value`, without regard to the case of ASCII letters.

        | you write | it sends |
        |---|---|
        | `Post.title.endswith("x")` | `title ~ "%x"` |
        """
        return self._matching(Like.ENDS, value)

    def in_(self, values: Iterable[T]) -> Filter:
        """One of `values`. More than one request can carry are sent in several, where the query allows it.

        | you write | it sends |
        |---|---|
        | `Post.status.in_(["a", "b"])` | `(status = "a" \\|\\| status = "b")` |
        | `Post.status.in_([])` | `1 = 2` |
        """
        if isinstance(values, (str, bytes)):
            raise FilterError(f"{self._path.name}.in_() takes a list of values, not one text; write [{values!r}]")
        if not isinstance(values, Iterable):
            raise FilterError(f"{self._path.name}.in_() takes a list of values, not {type(values).__name__}")
        operands = dict.fromkeys(self._operand(value) for value in values)
        return In(self._path, tuple(operands))

    def not_in(self, values: Iterable[T]) -> Filter:
        """None of `values`.

        | you write | it sends |
        |---|---|
        | `Post.status.not_in(["a", "b"])` | `(status != "a" && status != "b")` |
        """
        return Not(self.in_(values))

    def is_empty(self) -> Filter:
        """The field's zero value: no text, date, file or relation, 0, false, an empty list, a json null.

        | you write | it sends |
        |---|---|
        | `Post.published.is_empty()` | `published = ""` |
        | `Post.views.is_empty()` | `views = 0` |
        | `Post.tags.is_empty()` | `tags:length = 0` |
        """
        if self._path.kind is Kind.GEO_POINT:
            raise FilterError(_POINT.format(self._path.name))
        return Empty(self._path)

    def asc(self) -> Sort:
        """Sort by this field, smallest first."""
        return Sort(self._path.text)

    def desc(self) -> Sort:
        """Sort by this field, largest first; the same as a minus sign before it."""
        return Sort(self._path.text, descending=True)

    def __neg__(self) -> Sort:
        return self.desc()

    def __pos__(self) -> Sort:
        return self.asc()

    def _compare(self, operator: str, other: object) -> Filter:
        path = self._path
        if isinstance(other, Expr):
            _refuse_pair(path, other._path)
            return Comparison(path, operator, other._path)
        if path.multiple:
            if operator in ("=", "!=") and isinstance(other, (list, tuple)) and not other:
                return Empty(path) if operator == "=" else Not(Empty(path))
            raise FilterError(f"{path.name} holds a list: use .contains(value), .not_contains(value) or .is_empty()")
        operand = self._operand(other)
        if operand is None and operator not in ("=", "!="):
            raise FilterError(f"{path.name} cannot be compared with None by {operator}: use == None or != None")
        return Comparison(path, operator, operand)

    def _matching(self, how: Like, value: object) -> Filter:
        path = self._path
        if not isinstance(value, str):
            raise FilterError(f"{path.name}.{how.value}() takes text, not {type(value).__name__}")
        if path.multiple or path.kind in (Kind.NUMBER, Kind.BOOL, Kind.GEO_POINT):
            raise FilterError(f"{path.name} is not text (but {path.kind}): .{how.value}() cannot look into it")
        literal(value, Grammar.ESCAPED)
        return Matching(path, how, value)

    def _operand(self, value: object) -> object:
        """A value as this field can be compared with it; anything else could never match."""
        path = self._path
        if isinstance(value, Expr):
            raise FilterError(
                f"{path.name} and {value._path.name}: two fields can only be compared by == != < <= > and >="
            )
        if isinstance(value, enum.Enum):
            value = value.value
        kind = path.kind
        if kind is Kind.GEO_POINT:
            raise FilterError(_POINT.format(path.name))
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
            fits = isinstance(value, datetime) or value == ""
        elif kind is Kind.RELATION:
            value = getattr(value, "id", value)
            fits = isinstance(value, str)
        elif kind in TEXTUAL:
            fits = isinstance(value, str)
        else:
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


_ADVICE = {
    Kind.NUMBER: "use a number; an empty number is 0",
    Kind.BOOL: "use True or False; an empty bool is False",
    Kind.DATE: "use a datetime with a timezone",
    Kind.AUTODATE: "use a datetime with a timezone",
    Kind.RELATION: "use a record, a Ref or an id",
}


_POINT = "{} is a point: compare its numbers, as in where('place.lon > {{:lon}}', lon=13.4)"


def _refuse_pair(left: Path, right: Path) -> None:
    """Raise when a comparison of two fields would not mean what it says."""
    for path in (left, right):
        if path.multiple:
            raise FilterError(f"{path.name} holds a list, which PocketBase cannot compare with another field")
        if path.kind is Kind.GEO_POINT:
            raise FilterError(_POINT.format(path.name))
    if left.any_of and right.any_of:
        raise FilterError(
            f"{left.name} and {right.name} both have several values: one side of a comparison must have one"
        )
    if Kind.JSON not in (left.kind, right.kind) and _family(left.kind) != _family(right.kind):
        raise FilterError(
            f"{left.name} is a {left.kind} and {right.name} a {right.kind}: such fields can never be compared"
        )


def _family(kind: Kind) -> str:
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
        raise FilterError(f"{path.name} is a date and {text!r} is none: use a datetime with a timezone") from None
