"""What follows on a record in an order, as a condition: `(a > x) || (a = x && id > y)` and so on. No I/O.

With it a walk in an order neither skips nor repeats a record while others write, as page numbers would; and the answers
to several walks can be put into one order. It must mean exactly what the server's ORDER BY means, so only fields take
part whose text on the wire is what SQLite compares:

- Text, dates and ids are compared byte by byte, in order and filter alike; case counts, "" comes first. A date on
  the wire is the text that is stored, to the millisecond.
- Numbers and bools are compared as numbers; a float's shortest digits are read back as the same float.

Other orders have no such condition: behind a relation, at random, lists, json and points, an auth record's email
(which a filter sees only where it is visible), and views, whose fields may be null, which the wire does not tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import total_ordering
from typing import TYPE_CHECKING, Any

from pbmodels._errors import FilterError
from pbmodels._filter_text import Grammar
from pbmodels.models._specs import Spec, specs_of
from pbmodels.query import Filter, Kind, Path, Sort, all_of
from pbmodels.query._compile import compile_filter
from pbmodels.query._nodes import And, Comparison, Or

if TYPE_CHECKING:
    from pbmodels.models._collection import Collection

_TEXTS = frozenset(
    {Kind.TEXT, Kind.EDITOR, Kind.URL, Kind.EMAIL, Kind.SELECT, Kind.FILE, Kind.RELATION, Kind.DATE, Kind.AUTODATE}
)
_ID = Path("id")


@dataclass(frozen=True)
class Keyset:
    """An order whose every record has a place of its own.

    Attributes:
        terms: The fields to order by and whether they go downwards, before the id.
        descending_id: Whether the id, which decides between equals, goes downwards.
    """

    terms: tuple[tuple[Path, bool], ...] = ()
    descending_id: bool = False

    @property
    def fields(self) -> tuple[str, ...]:
        """What an answer must hold for the walk to go on from it."""
        return ("id", *(path.text for path, _ in self.terms))

    def place(self, record: Mapping[str, Any]) -> tuple[Any, ...]:
        """Where a record stands in the order, as the server sent it: places compare as the server sorts.

        Raises:
            FilterError: The server withheld a field.
        """
        values: list[Any] = []
        for path, descending in self.terms:
            value = record.get(path.text)
            if value is None:
                raise FilterError(
                    f"{path.name} was not sent by the server, so records of several requests cannot be sorted by it: "
                    "sort by another field, or ask for less at once"
                )
            values.append(_Downwards(value) if descending else value)
        last = str(record["id"])
        return (*values, _Downwards(last) if self.descending_id else last)

    def after(self, record: Mapping[str, Any], condition: Filter | None) -> Filter | None:
        """The condition for what follows on a record.

        Args:
            record: The record as the server sent it.
            condition: What the records meet besides.

        Returns:
            Both conditions as one, None when no filter can say it: the server withheld a field, or a text is too long.
        """
        later: Filter = Comparison(_ID, "<" if self.descending_id else ">", str(record["id"]))
        bound: Filter | None = None
        for path, descending in reversed(self.terms):
            value = _value(path, record.get(path.text))
            if value is None:
                return None
            sign = "<" if descending else ">"
            later = Or((Comparison(path, sign, value), And((Comparison(path, "=", value), later))))
            bound = Comparison(path, f"{sign}=", value)  # says nothing new, but lets SQLite use an index
        parts = tuple(part for part in (condition, bound, later) if part is not None)
        joined = all_of(parts)
        if self.terms and joined is not None:
            try:
                compile_filter(joined, Grammar.ESCAPED)
            except FilterError:
                return None
        return joined


@total_ordering
@dataclass(frozen=True, slots=True)
class _Downwards:
    """A value of a field that the order has from the largest to the smallest."""

    value: Any

    def __lt__(self, other: _Downwards) -> bool:
        return bool(other.value < self.value)


def keyset_of(model: type[Collection], order: Sequence[Sort]) -> Keyset | None:
    """The keyset of an order, None where it has none.

    Args:
        model: The model.
        order: The terms of the order, the id's included if it takes part.
    """
    specs = {spec.server_name: spec for spec in specs_of(model).values()}
    terms: list[tuple[Path, bool]] = []
    for term in order:
        if term.path == "id":
            return Keyset(tuple(terms), term.descending)
        spec = specs.get(term.path)
        if spec is None or not _comparable(model, spec):
            return None
        terms.append((Path(spec.server_name, spec.kind, label=spec.label), term.descending))
    return None


def _comparable(model: type[Collection], spec: Spec) -> bool:
    """Whether a filter compares the field as an order does, with no null among its values."""
    if spec.multiple or spec.server_name == "email" or model.__is_view__:
        return False
    return spec.kind in _TEXTS or spec.kind in (Kind.NUMBER, Kind.BOOL)


def _value(path: Path, value: Any) -> str | float | bool | None:
    """A field's value as a filter names it; None when it is not there, or not what the field should hold."""
    if path.kind is Kind.BOOL:
        return value if isinstance(value, bool) else None
    if path.kind is Kind.NUMBER:
        return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
    # servers before 0.39.9 have no literal for a text that ends in a backslash
    if not isinstance(value, str) or "\x00" in value or value.endswith("\\"):
        return None
    return value
