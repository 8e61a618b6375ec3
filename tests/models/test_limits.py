"""What `field()` limits beside pydantic's constraints: it is checked before anything is sent, as the server would."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from pbmodels import (
    Collection,
    Email,
    Field,
    FileField,
    FileList,
    Html,
    InvalidRecord,
    ModelError,
    PocketBase,
    Relation,
    Relations,
    Url,
    ValidationFailed,
    field,
    using,
)
from pbmodels.schema import push


class Parcel(Collection, collection="parcels"):
    marks: Field[list[Literal["a", "b", "c"]]] = field(default_factory=list, max_select=2)
    beside: Relations[Parcel] = field(default_factory=list, min_select=2, max_select=3)
    label: FileField = field(default=None, max_size=10)
    papers: FileList = field(default_factory=list, max_size=10, max_select=2)
    note: Field[Html] = field(default="", max_size=10)
    sender: Field[Email] = field(default="", only_domains=["a.com"])
    site: Field[Url | None] = field(default=None, except_domains=["b.com"])


@pytest.fixture(scope="module")
def parcels(superuser: PocketBase) -> Iterator[PocketBase]:
    push(superuser, Parcel)
    with using(superuser):
        yield superuser
    superuser.collections.delete("parcels")


BEYOND: list[tuple[str, Any, str]] = [
    ("marks", ["a", "b", "c"], "holds 3, and max_select is 2"),
    ("beside", ["x"], "holds 1, and min_select is 2"),
    ("beside", ["w", "x", "y", "z"], "holds 4, and max_select is 3"),
    ("label", ("l.txt", b"12345678901"), "the file 'l.txt' has 11 bytes, and max_size is 10"),
    ("label", Path(__file__), r"the file 'test_limits.py' has \d,\d+ bytes"),
    ("papers", [b"1", b"2", b"3"], "holds 3, and max_select is 2"),
    ("papers", [b"1", ("p.txt", b"12345678901")], "the file 'p.txt' has 11 bytes"),
    ("note", "\u00e9" * 6, "has 12 bytes, and max_size is 10"),
    ("sender", "x@b.com", "is of the domain 'b.com', and only_domains are a.com"),
    ("site", "https://u@b.com/x", "is of the domain 'b.com', which is one of except_domains"),
]


@pytest.mark.parametrize(("name", "value", "message"), BEYOND)
def test_what_is_beyond_is_refused(parcels: PocketBase, name: str, value: Any, message: str) -> None:
    with pytest.raises(InvalidRecord, match=rf"parcels\.{name}: {message}"):
        Parcel(**{name: value})
    if not isinstance(value, Path) and name != "beside":
        with pytest.raises(ValidationFailed):  # and the server would not take it either
            parcels.collection("parcels").create({name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("marks", ["c", "a"]),
        ("beside", []),
        ("label", b"1234567890"),
        ("papers", [b"1", b"1234567890"]),
        ("note", "\u00e9" * 5),
        ("sender", "x@a.com"),
        ("sender", ""),
        ("site", "https://b.com:8080/"),
        ("site", None),
    ],
)
def test_what_is_just_within_is_taken(parcels: PocketBase, name: str, value: Any) -> None:
    parcel = Parcel.create(**{name: value})

    assert not parcel.is_new


def test_lists_that_grow_in_place_are_checked_too(parcels: PocketBase) -> None:
    parcel = Parcel.create(marks=["a"], papers=[("p.txt", b"1")])
    parcel.marks.extend(["b", "c"])
    with pytest.raises(InvalidRecord, match=r"parcels\.marks: holds 3"):
        parcel.save()
    parcel.marks.pop()
    parcel.papers.extend([("q.txt", b"2"), ("r.txt", b"3")])
    with pytest.raises(InvalidRecord, match=r"parcels\.papers: holds 3"):
        parcel.save()
    parcel.papers[1:] = [("q.txt", b"2")]

    assert [file.read() for file in parcel.save().papers] == [b"1", b"2"]
    assert parcel.marks == ["a", "b"]


@pytest.mark.parametrize(
    ("annotation", "options", "message"),
    [
        (Field[list[Literal["a", "b"]]], {"max_length": 1}, r"declare it as Field\[Literal"),
        (Field[list[Literal["a", "b"]]], {"max_select": 1}, r"holds at most 1, and PocketBase keeps one value bare"),
        (FileList, {"max_select": 1}, "declare it as FileField"),
        (Relations["Parcel"], {"max_select": 1}, r"declare it as Relation\["),
        (FileField, {"max_select": 3}, "holds at most 3, and PocketBase keeps a list then: declare it as FileList"),
        (Relation["Parcel | None"], {"max_select": 2}, r"declare it as Relations\["),
    ],
)
def test_a_list_of_one_is_none(annotation: Any, options: dict[str, Any], message: str) -> None:
    namespace = {"__annotations__": {"x": annotation}, "__module__": __name__, "x": field(default=None, **options)}
    with pytest.raises(ModelError, match=message):
        type(Collection)("Wrong", (Collection,), namespace)
