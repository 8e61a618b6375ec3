"""What lists, modifiers, macros and functions mean: as `test_meaning_on_servers`, for the rest of the language.

- `.any` asks for one item or record that fits, and all such conditions joined by `&` of the same one;
- `.each` asks of all that have a value, or of all where it asks for ""; an empty list is one item without a value;
- a back-relation is a list of the records that name this one.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from pbmodels import PocketBaseServer, geo_distance, now, strftime, year
from tests.query.library import Book, Person, Row, Shelf
from tests.query.test_meaning_on_servers import Both, conditions, lower, written
from tests.query.versions import thorough

ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
Get = Callable[[Shelf, Any, Row], Any]


@pytest.fixture(scope="module")
def shelf(any_server: PocketBaseServer) -> Iterator[Shelf]:
    with any_server.client() as pb:
        yield Shelf(pb, any_server.version)


@dataclass(frozen=True, repr=False)
class Asked:
    """An expression, what it is in Python, and which values it may be compared with."""

    expr: Any
    get: Get
    values: tuple[Any, ...]
    nothing: Any = ""
    each: bool = False

    def __repr__(self) -> str:
        return str(self.expr)


def json_at(*keys: Any) -> Get:
    def get(s: Shelf, b: Any, r: Row) -> Any:
        found = b.notes
        for key in keys:
            if isinstance(found, dict):
                found = found.get(key)
            else:
                found = found[key] if isinstance(found, list) and key in range(len(found)) else None
        return found

    return get


def mentor_of(s: Shelf, r: Row) -> Any:
    return r.reader and s.person(r.reader.mentor)


WORDS = ("", "ann", "Ann", "b", "é", "%")
TAGS = ("news", "tech", "art", "")
AGES = (-5, 0, 30, 61)

BOOKS = [
    Asked(Book.tags.any, lambda s, b, r: r.tag, TAGS),
    Asked(Book.tags.each, lambda s, b, r: r.tag, TAGS, each=True),
    Asked(Book.readers.any.name, lambda s, b, r: r.reader and r.reader.name, WORDS),
    Asked(Book.readers.each.name, lambda s, b, r: r.reader and r.reader.name, WORDS, each=True),
    Asked(Book.readers.any.age, lambda s, b, r: r.reader and r.reader.age, AGES, nothing=None),
    Asked(Book.readers.each.age, lambda s, b, r: r.reader and r.reader.age, AGES, nothing=None, each=True),
    Asked(Book.readers.any.mentor.name, lambda s, b, r: (m := mentor_of(s, r)) and m.name, WORDS),
    Asked(Book.readers.each.mentor.name, lambda s, b, r: (m := mentor_of(s, r)) and m.name, WORDS, each=True),
    Asked(
        Book.readers.each.mentor.age, lambda s, b, r: (m := mentor_of(s, r)) and m.age, AGES, nothing=None, each=True
    ),
    Asked(Book.tags.length, lambda s, b, r: len(b.tags), (0, 1, 2)),
    Asked(Book.readers.length, lambda s, b, r: len(b.readers), (0, 1, 2)),
    Asked(Book.owner.skills.length, lambda s, b, r: len(o.skills) if (o := s.person(b.owner)) else 0, (0, 1, 2)),
    Asked(Book.notes["a"], json_at("a"), (0, 1, "x"), nothing=None),
    Asked(Book.notes[0], json_at(0), (0, 1, "x"), nothing=None),
]
MODERN = [
    Asked(Book.title.lower(), lambda s, b, r: lower(b.title), WORDS),
    Asked(Book.owner.name.lower(), lambda s, b, r: (o := s.person(b.owner)) and lower(o.name), WORDS),
    Asked(Book.readers.name.lower(), lambda s, b, r: r.reader and lower(r.reader.name), WORDS),
]
PEOPLE = [
    Asked(Person.name, lambda s, p, r: p.name, WORDS),
    Asked(Person.books.title, lambda s, p, r: r.book and r.book.title, WORDS),
    Asked(Person.books.any.pages, lambda s, p, r: r.book and r.book.pages, (0, 7, 30), nothing=None),
    Asked(Person.books.each.pages, lambda s, p, r: r.book and r.book.pages, (0, 7, 30), nothing=None, each=True),
    Asked(Person.books.each.title, lambda s, p, r: r.book and r.book.title, WORDS, each=True),
    Asked(Person.books.lent, lambda s, p, r: r.book and r.book.lent, (True, False), nothing=None),
]


def distance(lon_a: float | None, lat_a: float | None, lon_b: float, lat_b: float) -> float | None:
    """Kilometres on a sphere of 6371 km; nothing from nowhere."""
    if lon_a is None or lat_a is None:
        return None
    lon_a, lat_a, lon_b, lat_b = map(radians, (lon_a, lat_a, lon_b, lat_b))
    return (
        6371 * 2 * asin(sqrt(sin((lat_b - lat_a) / 2) ** 2 + cos(lat_a) * cos(lat_b) * sin((lon_b - lon_a) / 2) ** 2))
    )


def owner_of(s: Shelf, b: Book) -> Any:
    return s.person(b.owner)


FUNCTIONS = [
    Asked(strftime("%Y-%m", Book.due), lambda s, b, r: f"{b.due:%Y-%m}" if b.due else None, ("2024-05", "2024-06", "")),
    Asked(
        strftime("%m", Book.owner.born, "+1 month"),
        lambda s, b, r: f"{o.born.month + 1:02}" if (o := owner_of(s, b)) and o.born else None,
        ("06", "07", ""),
    ),
    Asked(
        strftime("%Y-%m", Book.readers.born),
        lambda s, b, r: f"{r.reader.born:%Y-%m}" if r.reader and r.reader.born else None,
        ("2024-05", "2024-06", ""),
    ),
    Asked(
        strftime("%Y-%m", Book.readers.each.born),
        lambda s, b, r: f"{r.reader.born:%Y-%m}" if r.reader and r.reader.born else None,
        ("2024-05", "2024-06", ""),
        each=True,
    ),
    Asked(
        geo_distance(Book.owner.age, Book.owner.age, 1, 2),
        lambda s, b, r: distance(o.age, o.age, 1, 2) if (o := owner_of(s, b)) else None,
        (100, 1000, 5000),
        nothing=None,
    ),
    Asked(
        geo_distance(Book.readers.age, Book.readers.age, 1, 2),
        lambda s, b, r: distance(r.reader.age, r.reader.age, 1, 2) if r.reader else None,
        (100, 1000, 5000),
        nothing=None,
    ),
]


def atom(asked: Asked, fits: Callable[[Any], bool], for_nothing: bool = False) -> Callable[[Shelf, Any, Row], bool]:
    def one(s: Shelf, b: Any, r: Row) -> bool:
        return fits(asked.get(s, b, r))

    if not asked.each:
        return one

    def all_with_a_value(s: Shelf, b: Any, _: Row) -> bool:
        values = [asked.get(s, b, row) for row in s.rows(b)]
        return all(map(fits, [value for value in values if value is not None or for_nothing] or [None]))

    return all_with_a_value


def compared(asked: Asked, sign: str, value: Any) -> Both:
    order = ORDERS[sign]
    condition = order(asked.expr, value)
    if sign in ("==", "!="):
        return Both(condition, atom(asked, lambda x: order(asked.nothing if x is None else x, value), value == ""))  # type: ignore[arg-type]

    def fits(x: Any) -> bool:
        if x is None:
            return False
        if isinstance(x, str) is not isinstance(value, str):  # in json, numbers come before texts
            return order(isinstance(x, str), isinstance(value, str))
        return order(x, value)

    return Both(condition, atom(asked, fits))  # type: ignore[arg-type]


def searched(asked: Asked, how: str, word: str) -> Both:
    found = {"contains": str.__contains__, "startswith": str.startswith, "endswith": str.endswith}[how]
    return Both(getattr(asked.expr, how)(word), atom(asked, lambda x: x is not None and found(lower(x), lower(word))))


def left_out(asked: Asked, word: str) -> Both:
    """`not_contains`: of one, or of all, that have a value; it is true where none has."""
    quantified = all if asked.each else any

    def fits(s: Shelf, b: Any, _: Row) -> bool:
        found = [x for row in s.rows(b) if (x := asked.get(s, b, row)) is not None]
        return not found or quantified(lower(word) not in lower(x) for x in found)

    return Both(asked.expr.not_contains(word), fits)


def none_of(asked: Asked, values: list[Any]) -> Both:
    """`not_in`."""
    fits = atom(asked, lambda x: (asked.nothing if x is None else x) not in values, for_nothing="" in values)
    return Both(asked.expr.not_in(values), fits)


def atoms(of: list[Asked]) -> st.SearchStrategy[Both]:
    texts = [asked for asked in of if isinstance(asked.values[0], str)]
    several = [asked for asked in of if asked.expr._path.several]
    comparable = [
        (asked, sign, value)
        for asked in of
        for sign in ORDERS
        for value in asked.values
        if sign in ("==", "!=") or not isinstance(value, bool)
    ]
    ways = st.sampled_from(["contains", "startswith", "endswith"])
    return st.one_of(
        st.builds(lambda args: compared(*args), st.sampled_from(comparable)),
        st.builds(searched, st.sampled_from(texts), ways, st.sampled_from(["a", "n", "t", "%", ""])),
        st.builds(left_out, st.sampled_from(texts), st.sampled_from(["a", "n", "t", "%"])),
        st.sampled_from(several).flatmap(
            lambda asked: st.builds(
                none_of,
                st.just(asked),
                st.lists(st.sampled_from(asked.values), max_size=1 if asked.expr._path.is_item else 2, unique=True),
            )
        ),
    )


EXTRA = st.sampled_from(
    [
        Both(Book.lent, lambda s, b, r: b.lent),  # type: ignore[arg-type]
        Both(Book.owner.active, lambda s, b, r: bool((o := s.person(b.owner)) and o.active)),  # type: ignore[arg-type]
        Both(Book.due > now(), lambda s, b, r: False),
        Both(Book.pages < year(), lambda s, b, r: b.pages < 2000),
        Both(Book.tags.each.in_(["news"]), lambda s, b, r: (b.tags or [""]) == ["news"]),
        Both(Book.tags.any.in_(["news", "art"]), lambda s, b, r: not {"news", "art"}.isdisjoint(b.tags)),
    ]
)
EMPTY = Both(Person.books.is_empty(), lambda s, p, r: s.rows(p)[0].book is None)
NAMED = Both(Person.active, lambda s, p, r: p.active)  # type: ignore[arg-type]


def trees(leaves: st.SearchStrategy[Both]) -> st.SearchStrategy[Both]:
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(operator.and_, inner, inner),
            st.builds(operator.or_, inner, inner),
            st.builds(operator.invert, inner),
        ),
        max_leaves=4,
    )


def check(shelf: Shelf, tree: Both, records: list[Any], ids: Callable[..., set[str]]) -> None:
    for side in (tree, ~tree):
        text = written(side)
        if text is None:
            event("cannot be said")
            continue
        assert ids(side.filter) == {record.id for record in records if side.selects(shelf, record)}, text


@thorough(300)
@given(tree=trees(st.one_of(atoms(BOOKS), EXTRA, conditions)))
def test_lists_and_json_keys(shelf: Shelf, tree: Both) -> None:
    if shelf.version < (0, 24):
        pytest.skip("PocketBase 0.23 takes a missing value, in a list, as a failure of `~`")
    check(shelf, tree, shelf.books, shelf.ids)


@thorough(150)
@given(tree=trees(st.one_of(atoms(PEOPLE), st.sampled_from([EMPTY, NAMED]))))
def test_back_relations(shelf: Shelf, tree: Both) -> None:
    check(shelf, tree, shelf.people, shelf.people_ids)


@thorough(100)
@given(tree=trees(st.one_of(atoms(MODERN), EXTRA)))
def test_texts_in_small_letters(shelf: Shelf, tree: Both) -> None:
    if shelf.version < (0, 24):
        pytest.skip(":lower is of PocketBase 0.24 and later")
    check(shelf, tree, shelf.books, shelf.ids)


@thorough(200)
@given(tree=trees(st.one_of(atoms(FUNCTIONS), EXTRA)))
def test_functions(shelf: Shelf, tree: Both) -> None:
    if shelf.version < (0, 36):
        pytest.skip("strftime is of PocketBase 0.36")
    check(shelf, tree, shelf.books, shelf.ids)
