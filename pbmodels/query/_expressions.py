"""Fields as expressions: `Post.title` and what can be asked of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, NoReturn, Protocol, TypeVar, overload

from pbmodels._errors import FilterError
from pbmodels._filter_text import BoundFilter, Grammar, RelativeTime, literal
from pbmodels.query._nodes import And, Comparison, Empty, Filter, In, Like, Matching, Not
from pbmodels.query._paths import Kind, Path
from pbmodels.query._sort import Sort
from pbmodels.query._values import PASSWORD, POINT, operand, refuse_pair, refuse_unknown_option
from pbmodels.query._verbs import unknown_verb

T = TypeVar("T", covariant=True)
"""The type of a field's values. It stands in parameters too: what an optional field can be compared with, any
field of its type can be, so that `Post.published > Post.created` is fine whichever of them may be None."""

_EQUALS = ("=", "!=")
_TEXT = Kind.TEXT
_UNSEARCHABLE = (Kind.NUMBER, Kind.BOOL, Kind.GEO_POINT, Kind.PASSWORD)

P = TypeVar("P", bound="Point")


class Point(Protocol):
    """A place on earth, such as a `GeoPoint`."""

    @property
    def lon(self) -> float: ...
    @property
    def lat(self) -> float: ...


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

    def __bool__(self) -> NoReturn:
        raise FilterError(
            f"{self._path.name} is a field, not a value: compare it, e.g. with == True, to make a condition"
        )

    def __contains__(self, value: object) -> bool:
        raise FilterError(f"`in` cannot build a condition: use {self._path.name}.contains(...) or .in_([...])")

    if not TYPE_CHECKING:  # checkers know that it is no list, too

        def __iter__(self) -> Any:
            raise TypeError(f"{self._path.name} is a field, not a value: it cannot be iterated over")

    if TYPE_CHECKING:
        # Dates are compared with their text too, and with moments counted from now.
        @overload  # type: ignore[override]
        def __eq__(self: Expr[datetime | None], other: str | RelativeTime) -> Filter: ...
        @overload
        def __eq__(self, other: T | Expr[T | None] | None) -> Filter: ...
        def __eq__(self, other: Any) -> Any: ...

        @overload  # type: ignore[override]
        def __ne__(self: Expr[datetime | None], other: str | RelativeTime) -> Filter: ...
        @overload
        def __ne__(self, other: T | Expr[T | None] | None) -> Filter: ...
        def __ne__(self, other: Any) -> Any: ...

        @overload
        def __lt__(self: Expr[datetime | None], other: str | RelativeTime) -> Filter: ...
        @overload
        def __lt__(self, other: T | Expr[T | None]) -> Filter: ...
        def __lt__(self, other: Any) -> Any: ...

        @overload
        def __le__(self: Expr[datetime | None], other: str | RelativeTime) -> Filter: ...
        @overload
        def __le__(self, other: T | Expr[T | None]) -> Filter: ...
        def __le__(self, other: Any) -> Any: ...

        @overload
        def __gt__(self: Expr[datetime | None], other: str | RelativeTime) -> Filter: ...
        @overload
        def __gt__(self, other: T | Expr[T | None]) -> Filter: ...
        def __gt__(self, other: Any) -> Any: ...

        @overload
        def __ge__(self: Expr[datetime | None], other: str | RelativeTime) -> Filter: ...
        @overload
        def __ge__(self, other: T | Expr[T | None]) -> Filter: ...
        def __ge__(self, other: Any) -> Any: ...

        # A bool field is a condition by itself: see `Flag`.
        def __and__(self: Expr[bool], other: Filter | Expr[bool]) -> Filter: ...
        def __or__(self: Expr[bool], other: Filter | Expr[bool]) -> Filter: ...
        def __invert__(self: Expr[bool]) -> Filter: ...

        # A place on earth has two numbers: see `PointExpr`.
        @property
        def lon(self: Expr[P]) -> Expr[float]: ...
        @property
        def lat(self: Expr[P]) -> Expr[float]: ...
        def distance_to(self: Expr[P], lon: Expr[Any] | float, lat: Expr[Any] | float) -> Expr[float]: ...
    else:

        def __eq__(self, other):
            return self._compare("=", other)

        def __ne__(self, other):
            return self._compare("!=", other)

        def __lt__(self, other):
            return self._compare("<", other)

        def __le__(self, other):
            return self._compare("<=", other)

        def __gt__(self, other):
            return self._compare(">", other)

        def __ge__(self, other):
            return self._compare(">=", other)

        def __getattr__(self, name):
            if name.startswith("_"):
                raise AttributeError(name)
            raise AttributeError(unknown_verb(self._path, name))

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
            return In(self._path, (self._item_operand(value),))
        return self._matching(Like.CONTAINS, value)

    def not_contains(self, value: object) -> Filter:
        """Text without `value` in it, or a list that has no such item.

        After `.any` it asks for one item or record of which this is true, after `.each` of all.

        | you write | it sends |
        |---|---|
        | `Post.title.not_contains("x")` | `title !~ "x"` |
        | `Post.tags.not_contains("news")` | `(tags:each != "news" \\|\\| tags:length = 0)` |
        | `Post.tags.each.not_contains("x")` | `(tags:each !~ "x" \\|\\| tags:length = 0)` |
        """
        if self._path.several and not self._path.multiple:
            return _said(Not(Expr[Any](self._path.dual())._matching(Like.CONTAINS, value)))
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
        """One of `values`. More than one request can carry are sent in several, and what they find comes in one order.

        | you write | it sends |
        |---|---|
        | `Post.status.in_(["a", "b"])` | `(status = "a" \\|\\| status = "b")` |
        | `Post.status.in_([])` | `1 = 2` |
        """
        if isinstance(values, (str, bytes)):
            raise FilterError(f"{self._path.name}.in_() takes a list of values, not one text; write [{values!r}]")
        if not isinstance(values, Iterable):
            raise FilterError(f"{self._path.name}.in_() takes a list of values, not {type(values).__name__}")
        operands = tuple(dict.fromkeys(self._item_operand(value) for value in values))
        if self._path.every and len(operands) != 1:
            raise FilterError(
                f"{self._path.name}.in_(): PocketBase can ask whether each item is one value, and not whether each "
                "is one of several; filter in Python"
            )
        if self._path.is_item:
            return self._compare("=", operands[0]) if self._path.every else In(self._path.whole(), operands)
        return In(self._path, operands)

    def not_in(self, values: Iterable[T]) -> Filter:
        """None of `values`.

        After `.any` it asks for one item or record of which this is true, after `.each` of all.

        | you write | it sends |
        |---|---|
        | `Post.status.not_in(["a", "b"])` | `(status != "a" && status != "b")` |
        | `Post.reviewers.any.name.not_in(["a"])` | `reviewers.name ?!= "a"` |
        """
        path = self._path
        if path.multiple or not path.several:
            return Not(self.in_(values))
        has = Expr[Any](path.dual() if path.every else path).in_(values)
        assert isinstance(has, In)
        if path.every or not has.values:
            return _said(Not(has))
        if path.is_item and len(has.values) > 1:
            raise FilterError(
                f"{path.name}.not_in(): PocketBase can ask whether any item is another one than one value, and not "
                "whether any is none of several; filter in Python"
            )
        return And(tuple(Comparison(path, "!=", value) for value in has.values))

    def is_empty(self) -> Filter:
        """The field's zero value: no text, date, file or relation, 0, false, an empty list, a json null.

        | you write | it sends |
        |---|---|
        | `Post.published.is_empty()` | `published = ""` |
        | `Post.views.is_empty()` | `views = 0` |
        | `Post.tags.is_empty()` | `tags:length = 0` |
        """
        return Empty(self._path)

    @property
    def any(self) -> Expr[Any]:
        """The items of a list, or the records behind a list of relations, of which one shall fit.

        Through a list of relations this is what a comparison means anyway. An empty list counts as one item
        without a value.

        | you write | it sends |
        |---|---|
        | `Post.tags.any == "news"` | `tags:each ?= "news"` |
        | `Post.tags.any.startswith("n")` | `tags:each ?~ "n%"` |
        | `Post.reviewers.any.name == "Ann"` | `reviewers.name ?= "Ann"` |
        """
        return self._at(self._path.item(every=False))

    @property
    def each(self) -> Expr[Any]:
        """The items of a list, or the records behind a list of relations, of which each shall fit.

        An empty list counts as one item without a value. Records without a value between others are passed over, save
        where "" or None is asked for.

        | you write | it sends |
        |---|---|
        | `Post.tags.each == "news"` | `tags:each = "news"` |
        | `Post.tags.each != "news"` | `(tags:each != "news" \\|\\| tags:length = 0)` |
        | `Post.reviewers.each.name == "Ann"` | `reviewers.name = "Ann"` |
        """
        return self._at(self._path.item(every=True))

    @property
    def length(self) -> Expr[int]:
        """How many items a list has.

        | you write | it sends |
        |---|---|
        | `Post.tags.length > 2` | `tags:length > 2` |
        """
        return Expr(self._path.length())

    def lower(self) -> Expr[str]:
        """The text in small letters, as far as they are ASCII. PocketBase 0.24 and later.

        | you write | it sends |
        |---|---|
        | `Post.title.lower() == "hello"` | `title:lower = "hello"` |
        """
        return Expr(self._path.lower())

    @property
    def isset(self) -> Flag:
        """Whether the request that an API rule decides on sends a value for this field.

        | you write | it sends |
        |---|---|
        | `Post.status.isset` | `@request.body.status:isset = true` |
        """
        return Flag(self._submitted("isset"))

    @property
    def changed(self) -> Flag:
        """Whether the request that an API rule decides on changes this field. PocketBase 0.34 and later.

        | you write | it sends |
        |---|---|
        | `Post.status.changed` | `@request.body.status:changed = true` |
        """
        return Flag(self._submitted("changed"))

    def __getitem__(self, key: str | int) -> Expr[Any]:
        """What lies under a key, or at an index, of a json.

        | you write | it sends |
        |---|---|
        | `Post.meta["a"]["b"] == 1` | `meta.a.b = 1` |
        | `Post.meta["list"][0] == "x"` | `meta.list.0 = "x"` |
        """
        return self._at(self._path.key(key))

    def asc(self) -> Sort:
        """Sort by this field, smallest first."""
        return Sort(self._sortable(), owner=self._path.owner)

    def desc(self) -> Sort:
        """Sort by this field, largest first; the same as a minus sign before it."""
        return Sort(self._sortable(), descending=True, owner=self._path.owner)

    def __neg__(self) -> Sort:
        return self.desc()

    def __pos__(self) -> Sort:
        return self.asc()

    def _compare(self, operator: str, other: object) -> Filter:
        path = self._path
        if isinstance(other, Expr):
            refuse_pair(path, other._path)
            return Comparison(path, operator, other._path)
        if path.multiple:
            if operator in ("=", "!=") and isinstance(other, (list, tuple)) and not other:
                return Empty(path) if operator == "=" else Not(Empty(path))
            raise FilterError(
                f"{path.name} holds a list: use .contains(value), .not_contains(value), .is_empty(), "
                "or .any and .each to compare its items"
            )
        operand = self._operand(other)
        if path.options and operator in _EQUALS:
            refuse_unknown_option(path, operand)
        if operand is None and operator not in _EQUALS:
            raise FilterError(f"{path.name} cannot be compared with None by {operator}: use == None or != None")
        if path.several and path.is_item and operator == ("!=" if path.every else "="):
            has = In(replace(path, any_of=True, every=False).whole(), (operand,))
            return Not(has) if path.every else has
        return Comparison(path, operator, operand)

    def _matching(self, how: Like, value: object) -> Filter:
        path = self._path
        if not isinstance(value, str):
            raise FilterError(f"{path.name}.{how.value}() takes text, not {type(value).__name__}")
        if path.multiple or (path.kind is not _TEXT and path.kind in _UNSEARCHABLE):
            if path.kind is Kind.PASSWORD:
                raise FilterError(PASSWORD.format(path.name))
            raise FilterError(f"{path.name} is not text (but {path.kind}): .{how.value}() cannot look into it")
        literal(value, Grammar.ESCAPED)
        return Matching(path, how, value)

    def _operand(self, value: object) -> object:
        """A value as this field can be compared with it; anything else could never match."""
        if isinstance(value, Expr):
            raise FilterError(
                f"{self._path.name} and {value._path.name}: two fields can only be compared by == != < <= > and >="
            )
        return operand(self._path, value)

    def _item_operand(self, value: object) -> object:
        """A value as this field, or one of its items, can equal it."""
        found = self._operand(value)
        if self._path.options:
            refuse_unknown_option(self._path, found)
        return found

    def _at(self, path: Path) -> Expr[Any]:
        """The expression of another path from here."""
        return at(path)

    def _sortable(self) -> str:
        text = self._path.text
        if text.startswith("@") or "(" in text or self._path.is_item or self._path.kind is Kind.PASSWORD:
            raise FilterError(f"PocketBase cannot sort by {self._path.name}: sort by a field of the record")
        return text

    def _submitted(self, modifier: str) -> Path:
        path = self._path
        if path.through or not path.text.isidentifier():
            raise FilterError(f"{path.name}.{modifier} is for fields of the record itself, which a request may send")
        return Path(f"@request.body.{path.text}:{modifier}", Kind.BOOL, label=f"{path.name}.{modifier}")


def _said(negation: Not) -> Filter:
    """A negation as a verb says it: `~` turns it round as a whole, and does not take it for one of its own."""
    return And((negation,))


class Flag(Expr[bool], Filter):
    """A bool field in a query: a condition by itself.

    | you write | it sends |
    |---|---|
    | `Post.where(Post.status)` | `status = true` |
    | `~Post.status` | `status != true` |
    | `Post.status & (Post.views > 3)` | `(status = true && views > 3)` |
    """

    __slots__ = ()

    def _node(self) -> Filter:
        return Comparison(self._path, "=", True)


class PointExpr(Expr[Any]):
    """A place on earth in a query.

    | you write | it sends |
    |---|---|
    | `Post.place.lat > 50` | `place.lat > 50` |
    | `Post.place == GeoPoint(lon=13.4, lat=52.5)` | `(place.lon = 13.4 && place.lat = 52.5)` |
    | `Post.place.is_empty()` | `(place.lon = 0 && place.lat = 0)` |
    | `Post.place.distance_to(13.4, 52.5) < 5` | `geoDistance(place.lon, place.lat, 13.4, 52.5) < 5` |
    """

    __slots__ = ()

    @property
    def lon(self) -> Expr[float]:
        """The longitude, in degrees."""
        return Expr(self._path.coordinate("lon"))

    @property
    def lat(self) -> Expr[float]:
        """The latitude, in degrees."""
        return Expr(self._path.coordinate("lat"))

    def distance_to(self, lon: Expr[Any] | float, lat: Expr[Any] | float) -> Expr[float]:
        """The distance to another place, in kilometres: see `geo_distance`.

        | you write | it sends |
        |---|---|
        | `Post.place.distance_to(13.4, 52.5) < 5` | `geoDistance(place.lon, place.lat, 13.4, 52.5) < 5` |

        Args:
            lon: The other place's longitude in degrees: a number, or a field that holds one.
            lat: Its latitude.

        Raises:
            FilterError: An argument is neither a number nor a field that holds one, or is out of range.
        """
        from pbmodels.query._functions import geo_distance

        return geo_distance(self.lon, self.lat, lon, lat)

    def is_empty(self) -> Filter:
        """The server's empty value, longitude and latitude 0."""
        return And((self.lon == 0, self.lat == 0))

    def _compare(self, operator: str, other: object) -> Filter:
        lon, lat = getattr(other, "lon", None), getattr(other, "lat", None)
        if (
            operator not in ("=", "!=")
            or lon is None
            or lat is None
            or (isinstance(other, Expr) and not isinstance(other, PointExpr))
        ):
            raise FilterError(POINT.format(self._path.name))
        same = And((self.lon == lon, self.lat == lat))
        return same if operator == "=" else Not(same)


def at(path: Path) -> Expr[Any]:
    """The expression of a path."""
    if path.kind is Kind.BOOL and not path.multiple:
        return Flag(path)
    return PointExpr(path) if path.kind is Kind.GEO_POINT else Expr(path)


Condition = Filter | Expr[bool] | BoundFilter | str
"""What `where` takes."""
