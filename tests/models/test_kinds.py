"""Every kind of field in both directions: the table of `docs/models.md`, a row at a time, on the real server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field as default
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from pbmodels import (
    AuthCollection,
    Collection,
    Email,
    Field,
    File,
    FileField,
    FileList,
    GeoPoint,
    Html,
    InvalidRecord,
    Json,
    ModelError,
    Password,
    PocketBase,
    Relation,
    Relations,
    Url,
    autodate,
    field,
    using,
)
from pbmodels.schema import push
from tests.blog import PLACES, User
from tests.server_version import SERVER


class Mood(Enum):
    GOOD = "good"
    BAD = "bad"


class Size(BaseModel):
    width: int
    unit: str = "cm"
    price: Decimal = Decimal("0.10")
    since: datetime | None = None


@dataclass
class Point:
    x: float = 0.0
    names: list[str] = default(default_factory=list)


class Everything(Collection, collection="everything"):
    text: Field[str] = field(default="", min_length=0, max_length=9, pattern="^[a-zé\U0001f600 ]*$")
    maybe_text: Field[str | None] = field(default=None)
    html: Field[Html] = field(default="", max_size=1000)
    url: Field[Url] = field(default="", only_domains=["example.com"])
    email: Field[Email] = field(default="")
    whole: Field[int] = field(default=0, ge=-(2**53), le=2**53)
    real: Field[float] = field(default=0.0, lt=1000)
    exact: Field[Decimal] = field(default=Decimal(0), max_digits=8, decimal_places=3)
    yes: Field[bool] = field(default=False)
    day: Field[datetime | None] = field(default=None)
    made: Field[datetime] = autodate()
    changed: Field[datetime] = autodate(on_update=True)
    choice: Field[Literal["a", "b"] | None] = field(default=None)
    mood: Field[Mood | None] = field(default=None)
    choices: Field[list[Literal["a", "b", "c"]]] = field(default_factory=list, max_length=2)
    moods: Field[list[Mood]] = field(default_factory=list)
    anything: Field[Any] = field(default=None)
    mapping: Field[dict[str, Any]] = field(default_factory=dict)
    numbers: Field[list[int]] = field(default_factory=list)
    size: Field[Size | None] = field(default=None)
    sizes: Field[list[Size]] = field(default_factory=list)
    point: Field[Point] = field(default_factory=Point)
    scalar: Field[Json[int]] = field(default=0, ge=0)
    if SERVER >= PLACES:
        place: Field[GeoPoint] = field(default_factory=GeoPoint)
    author: Relation[User | None] = field(default=None)
    readers: Relations[User] = field(default_factory=list, max_select=2)
    cover: FileField = field(default=None)
    pictures: FileList = field(default_factory=list, max_select=3)


class Strict(Collection, collection="strict"):
    author: Relation[User]


class Login(AuthCollection, collection="logins"):
    password: Field[Password] = field(default="", min_length=8)


ANN, BOB = "ann000000000000", "bob000000000000"
EAST = timezone(timedelta(hours=2))


@dataclass
class Row:
    """One row of the documentation's table.

    Attributes:
        declared: Its first cell.
        name: The field here.
        values: What may be assigned, with what the server then has and what the record then gives.
        empty: What the record gives when the field was never set.
        wrong: What is refused, with a part of the message.
    """

    declared: str
    name: str
    values: list[tuple[Any, Any, Any]]
    empty: Any
    wrong: list[tuple[Any, str]]

    @classmethod
    def same(cls, declared: str, name: str, values: list[Any], empty: Any, wrong: list[tuple[Any, str]]) -> Row:
        """A row whose values are the same on the server as here."""
        return cls(declared, name, [(value, value, value) for value in values], empty, wrong)


NOT_BY_HAND = "is filled by the server"
ROWS = [
    Row.same(
        "`Field[str]`", "text", ["é \U0001f600", "", "a" * 9], "", [(3, "string"), ("a" * 10, "9"), ("A", "pattern")]
    ),
    Row(
        "`Field[str \\| None]`",
        "maybe_text",
        [("x", "x", "x"), (None, "", None), ("", "", None)],
        None,
        [(3, "string"), ("\ud800", "surrogate")],
    ),
    Row.same("`Field[Html]`", "html", ["<p>x &amp; <b>y</b></p>", ""], "", [(None, "string")]),
    Row.same("`Field[Url]`", "url", ["https://example.com/a?b=ü#c", ""], "", [(3, "string")]),
    Row.same("`Field[Email]`", "email", ["ann@example.com", ""], "", [(None, "string")]),
    Row.same(
        "`Field[int]`",
        "whole",
        [0, -3, 2**53, -(2**53)],
        0,
        [(1.5, "integer"), ("abc", "integer"), (True, "not True"), (2**53 + 1, "2\\*\\*53"), (None, "integer")],
    ),
    Row.same(
        "`Field[float]`",
        "real",
        [0.1, -2.5e-300, 0.0, 3.0],
        0.0,
        [(float("nan"), "less than"), (float("-inf"), "finite"), (1000, "less than 1000"), (False, "not False")],
    ),
    Row(
        "`Field[Decimal]`",
        "exact",
        [(Decimal("0.1"), 0.1, Decimal("0.1")), (Decimal("-12345.678"), -12345.678, Decimal("-12345.678"))],
        Decimal(0),
        [
            (Decimal("0.1234"), "3 decimal places"),
            (Decimal("NaN"), "finite"),
            (Decimal("123456789"), "8 digits"),
        ],
    ),
    Row.same("`Field[bool]`", "yes", [True, False], False, [("perhaps", "boolean"), (None, "boolean"), (3, "boolean")]),
    Row(
        "`Field[datetime]`",
        "day",
        [
            (
                datetime(2024, 5, 1, 10, 0, 0, 123999, EAST),
                "2024-05-01 08:00:00.123Z",
                datetime(2024, 5, 1, 8, 0, 0, 123000, UTC),
            ),
            (None, "", None),
        ],
        None,
        [(datetime(2024, 5, 1), "no timezone"), ("garbage", "datetime"), (datetime(1, 1, 1, tzinfo=UTC), "no date")],
    ),
    Row("`autodate()`", "made", [], "a moment", [(datetime.now(UTC), NOT_BY_HAND)]),
    Row("`autodate(on_update=True)`", "changed", [], "a moment", [(datetime.now(UTC), NOT_BY_HAND)]),
    Row(
        '`Field[Literal["a", "b"]]`',
        "choice",
        [("a", "a", "a"), (None, "", None)],
        None,
        [("c", "'a' or 'b'"), (["a"], "'a' or 'b'")],
    ),
    Row(
        "`Field[Mood]`, an `Enum` of texts",
        "mood",
        [(Mood.GOOD, "good", Mood.GOOD), ("bad", "bad", Mood.BAD)],
        None,
        [("fair", "'good' or 'bad'")],
    ),
    Row.same(
        '`Field[list[Literal["a", "b"]]]`',
        "choices",
        [["c", "a"], []],
        [],
        [(["a", "a"], "more than once"), (["d"], "'a', 'b' or 'c'"), (["a", "b", "c"], "at most 2"), ("a", "list")],
    ),
    Row(
        "`Field[list[Mood]]`",
        "moods",
        [([Mood.BAD, Mood.GOOD], ["bad", "good"], [Mood.BAD, Mood.GOOD]), (["good"], ["good"], [Mood.GOOD])],
        [],
        [([Mood.BAD, Mood.BAD], "more than once")],
    ),
    Row.same(
        "`Field[Any]`",
        "anything",
        [None, 1, 1.5, True, "true", '"quoted"', "", [1, [2, {}]], {"a": None}],
        None,
        [({"a": [2**53 + 1]}, "2\\*\\*53"), ({1: "a"}, "not text"), (float("nan"), "finite"), ({1, 2j}, "complex")],
    ),
    Row.same(
        "`Field[dict[str, Any]]`",
        "mapping",
        [{"a": [1, None, {"b": "2"}], "": 0.1}, {}],
        {},
        [([1], "dictionary"), (None, "dictionary"), ({"a": float("inf")}, "finite")],
    ),
    Row.same("`Field[list[int]]`", "numbers", [[3, 1, 1], []], [], [(["x"], "integer"), ({}, "list")]),
    Row(
        "`Field[Size]`, a pydantic model",
        "size",
        [
            (
                Size(width=3, since=datetime(2024, 5, 1, tzinfo=UTC)),
                {"width": 3, "unit": "cm", "price": "0.10", "since": "2024-05-01T00:00:00Z"},
                Size(width=3, since=datetime(2024, 5, 1, tzinfo=UTC)),
            ),
            ({"width": 1}, {"width": 1, "unit": "cm", "price": "0.10", "since": None}, Size(width=1)),
            (None, None, None),
        ],
        None,
        [({"width": "x"}, "integer"), ({}, "required"), ({"width": 2**60}, "2\\*\\*53")],
    ),
    Row(
        "`Field[list[Size]]`",
        "sizes",
        [([Size(width=2)], [{"width": 2, "unit": "cm", "price": "0.10", "since": None}], [Size(width=2)])],
        [],
        [([{"width": "x"}], "integer")],
    ),
    Row(
        "`Field[Point]`, a dataclass",
        "point",
        [
            (Point(1.5, ["a"]), {"x": 1.5, "names": ["a"]}, Point(1.5, ["a"])),
            ({"x": 2}, {"x": 2, "names": []}, Point(2.0)),
        ],
        Point(),
        [({"x": "y"}, "number"), (Point(float("nan")), "finite")],
    ),
    Row.same(
        "`Field[Json[int]]`",
        "scalar",
        [0, 7],
        0,
        [(-1, "greater than or equal to 0"), ("x", "integer"), (2**53 + 1, "2\\*\\*53")],
    ),
    Row(
        "`Field[GeoPoint]`",
        "place",
        [
            (GeoPoint(13.4, -52.5), {"lon": 13.4, "lat": -52.5}, GeoPoint(13.4, -52.5)),
            ({"lon": 1, "lat": 2}, {"lon": 1, "lat": 2}, GeoPoint(1.0, 2.0)),
        ],
        GeoPoint(0.0, 0.0),
        [
            ("Berlin", "GeoPoint"),
            (None, "GeoPoint"),
            (GeoPoint(181.0, 0.0), "180"),
            (GeoPoint(0.0, -91.0), "90"),
            (GeoPoint(float("nan"), 0.0), "finite|180"),
        ],
    ),
    Row(
        "`Relation[User \\| None]`",
        "author",
        [(ANN, ANN, ANN), (None, "", None)],
        None,
        [(3, "takes a record, a Ref or an id"), (Strict(author=ANN), "relates to 'users', not to 'strict'")],
    ),
    Row(
        "`Relations[User]`",
        "readers",
        [([BOB, ANN], [BOB, ANN], [BOB, ANN]), ([], [], [])],
        [],
        [([ANN, ANN], "more than once"), ([""], "takes a record"), (ANN, "list")],
    ),
    Row(
        "`FileField`",
        "cover",
        [(("abc.txt", b"content"), re.compile(r"abc_\w{10}\.txt"), [b"content"]), (None, "", [])],
        None,
        [("a.txt", "takes a Path"), (Path("/nowhere/x.txt"), "there is no file"), (3, "takes a Path")],
    ),
    Row(
        "`FileList`",
        "pictures",
        [
            (
                [b"1", ("bcd.txt", b"2")],
                [re.compile(r"pictures_\w{10}\.\w+"), re.compile(r"bcd_\w{10}\.txt")],
                [b"1", b"2"],
            ),
            ([], [], []),
        ],
        [],
        [(["a.txt"], "takes a Path"), (b"1", "list")],
    ),
]


@pytest.fixture(scope="module")
def everything(superuser: PocketBase) -> Iterator[None]:
    push(superuser, Everything, Strict, Login)
    yield
    for name in ("strict", "everything", "logins"):
        superuser.collections.delete(name)


@pytest.fixture
def pb(everything: None, superuser: PocketBase) -> Iterator[PocketBase]:
    """A superuser's client, and two users to relate to."""
    client = superuser.with_token(superuser.auth_store.token)
    with using(client):
        for id in (ANN, BOB):
            if User.get_or_none(id) is None:
                User(id=id, email=f"{id}@example.com", password="correct horse").save()
        yield client


def equals(found: Any, expected: Any) -> bool:
    """Whether the server has this, where a pattern stands for a text."""
    if isinstance(expected, re.Pattern):
        return expected.fullmatch(found) is not None
    if isinstance(expected, list):
        return len(found) == len(expected) and all(map(equals, found, expected))
    return bool(found == expected)


def held(value: Any) -> Any:
    """A field's value, with files as their content."""
    if isinstance(value, File):
        return [value.read()]
    if isinstance(value, list) and value and isinstance(value[0], File):
        return [file.read() for file in value]
    return value


THERE = [row for row in ROWS if row.name in Everything.model_fields]
CASES = [
    pytest.param(row, *value, id=f"{row.name}-{number}") for row in THERE for number, value in enumerate(row.values)
]


@pytest.mark.parametrize(("row", "given", "wire", "back"), CASES)
def test_a_value_there_and_back(pb: PocketBase, row: Row, given: Any, wire: Any, back: Any) -> None:
    back = [] if back is None and row.name == "cover" else back
    made = Everything(**{row.name: given}).save()
    changed = Everything.create()
    setattr(changed, row.name, given)
    changed.save()

    for record in (made, changed, Everything.get(made.id), Everything.get(changed.id)):
        value = held(getattr(record, row.name))
        assert value == back or (value is None and back == [])
        assert type(value) is type(back) or row.name in ("author", "readers", "cover", "pictures")
        assert record.changed_fields == set()
    for id in (made.id, changed.id):
        assert equals(pb.collection("everything").get_one(id)[row.name], wire)


@pytest.mark.parametrize("row", THERE, ids=lambda row: row.name)
def test_what_was_never_set(pb: PocketBase, row: Row) -> None:
    raw = pb.collection("everything").create({})
    found = getattr(Everything.get(raw.id), row.name)
    if row.empty == "a moment":
        assert abs(found - datetime.now(UTC)) < timedelta(minutes=5)
    else:
        assert found == row.empty
        assert found == getattr(Everything(), row.name)
        assert type(found) is type(row.empty) or isinstance(found, list)


@pytest.mark.parametrize("row", THERE, ids=lambda row: row.name)
def test_what_is_refused(row: Row) -> None:
    for wrong, message in row.wrong:
        with pytest.raises(InvalidRecord, match=rf"everything\.{row.name}.*({message})"):
            Everything(**{row.name: wrong})
        record = Everything()
        with pytest.raises(InvalidRecord, match=rf"everything\.{row.name}.*({message}|{NOT_BY_HAND})"):
            setattr(record, row.name, wrong)
    assert row.wrong


def test_autodates_are_the_server_s(pb: PocketBase) -> None:
    record = Everything.create()
    made, changed = record.made, record.changed
    record.yes = True
    record.save()
    assert (record.made, record.changed > changed) == (made, True)


def test_a_relation_that_must_be_set(pb: PocketBase) -> None:
    assert Strict(author=ANN).save().author == ANN
    for wrong in (None, ""):
        with pytest.raises(InvalidRecord, match=r"strict.author: takes a record, a Ref or an id"):
            Strict(author=wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidRecord, match="strict.author is required"):
        Strict()  # type: ignore[call-arg]


def test_passwords_go_one_way(pb: PocketBase) -> None:
    login = Login(email="x@example.com", password="correct horse").save()
    assert not hasattr(login, "password")
    assert "password" not in pb.collection("logins").get_one(login.id)
    with pytest.raises(InvalidRecord, match="logins.password: .*at least 8") as caught:
        login.password = "short"
    assert "short" not in str(caught.value)
    login.delete()


@pytest.mark.parametrize(
    ("annotation", "kept"), [(int | None, "0"), (bool | None, "false"), (GeoPoint | None, "lon"), (Decimal | None, "0")]
)
def test_kinds_that_know_no_nothing(annotation: Any, kept: str) -> None:
    with pytest.raises(ModelError, match=f"cannot be None: PocketBase keeps .*{kept}"):
        type(Collection)("Wrong", (Collection,), {"__annotations__": {"x": Field[annotation]}, "__module__": __name__})


def test_the_documentation_s_table_is_this_one() -> None:
    page = (Path(__file__).parents[2] / "docs" / "models.md").read_text("utf-8")
    table = page[page.index("| In Python | On the server |") :].split("\n\n")[0]
    documented = [re.split(r"(?<!\\)\|", line)[1].strip() for line in table.splitlines()[2:]]
    assert documented == [row.declared for row in ROWS] + ["`Relation[User]`", "`Field[Password]`"]
