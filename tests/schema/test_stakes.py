"""What changes put at stake is counted: values that no longer fit, records that a unique index would not take."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

import pytest

from pbmodels import BadRequest, Collection, Email, Field, FileList, Index, PocketBase, Relations, Url, field
from pbmodels.schema import DataLoss, NotUnique, diff, push


class Wide(Collection, collection="narrowed"):
    text: Field[str] = field(default="")
    number: Field[float] = field(default=0.0)
    day: Field[datetime | None] = field(default=None)
    mail: Field[Email] = field(default="")
    link: Field[Url] = field(default="")
    one: Field[Literal["a", "b", "c"] | None] = field(default=None)
    many: Field[list[Literal["a", "b", "c"]]] = field(default_factory=list)
    others: Relations[Wide] = field(default_factory=list)
    files: FileList = field(default_factory=list)
    meta: Field[Any] = field(default=None)


class Shorter(Collection, collection="narrowed"):
    text: Field[str] = field(default="", max_length=3)


class Matching(Collection, collection="narrowed"):
    text: Field[str] = field(default="", pattern="^[a-z]+$")


class Required(Collection, collection="narrowed"):
    text: Field[str] = field(required=True)


class Smaller(Collection, collection="narrowed"):
    number: Field[float] = field(default=0.0, le=5)


class Whole(Collection, collection="narrowed"):
    number: Field[int] = field(default=0)


class Later(Collection, collection="narrowed"):
    day: Field[datetime | None] = field(default=None, ge=datetime(2025, 1, 1, tzinfo=UTC))


class Mail(Collection, collection="narrowed"):
    mail: Field[Email] = field(default="", except_domains=["example.com"])


class Link(Collection, collection="narrowed"):
    link: Field[Url] = field(default="", only_domains=["example.org"])


class OneLess(Collection, collection="narrowed"):
    one: Field[Literal["a", "b"] | None] = field(default=None)


class ManyLess(Collection, collection="narrowed"):
    many: Field[list[Literal["a", "b", "c"]]] = field(default_factory=list, max_select=2)


class ManyToOne(Collection, collection="narrowed"):
    many: Field[Literal["a", "b", "c"] | None] = field(default=None)


class FewerOthers(Collection, collection="narrowed"):
    others: Relations[Wide] = field(default_factory=list, max_select=2)


class FewerFiles(Collection, collection="narrowed"):
    files: FileList = field(default_factory=list, max_select=2)


class SmallerMeta(Collection, collection="narrowed"):
    meta: Field[Any] = field(default=None, max_size=10)


class OtherKind(Collection, collection="narrowed"):
    text: Field[int] = field(default=0)


NARROWINGS = [
    (Shorter, "narrowed.text.max", 1),
    (Matching, "narrowed.text.pattern", 1),
    (Required, "narrowed.text.required", 1),
    (Smaller, "narrowed.number.max", 1),
    (Whole, "narrowed.number.onlyInt", 1),
    (Later, "narrowed.day.min", 1),
    (Mail, "narrowed.mail.exceptDomains", 2),
    (Link, "narrowed.link.onlyDomains", 2),
    (OneLess, "narrowed.one.values", 1),
    (ManyLess, "narrowed.many.maxSelect", 1),
    (ManyToOne, "narrowed.many.maxSelect", 2),
    (FewerOthers, "narrowed.others.maxSelect", 1),
    (FewerFiles, "narrowed.files.maxSelect", 1),
    (SmallerMeta, "narrowed.meta.maxSize", 1),
    (OtherKind, "narrowed.text", 2),
]


@pytest.fixture(scope="module")
def narrowed(spare_client: PocketBase, first_collections: list[Any]) -> PocketBase:
    spare_client.collections.import_collections(first_collections, delete_missing=True)
    push(spare_client, Wide)
    records = spare_client.collection("narrowed")
    ids = [
        records.create({"text": "abc", "one": "a", "many": ["a"]}).id,
        records.create(
            {
                "text": "ABCD",
                "number": 5.5,
                "day": "2024-05-01 08:00:00.000Z",
                "mail": "a@example.com",
                "link": "https://example.com/x",
                "one": "c",
                "many": ["a", "b"],
                "meta": {"a": 1},
            }
        ).id,
    ]
    third = {"mail": "b@example.com", "link": "http://u:p@example.com:80", "many": ["a", "b", "c"], "meta": "x" * 20}
    last = records.create({**third, "number": 5}).id
    records.update(last, {"others": [*ids, last], "files": [(f"{n}.txt", b"x") for n in range(3)]})
    return spare_client


@pytest.mark.parametrize(("model", "name", "count"), NARROWINGS, ids=lambda value: getattr(value, "__name__", ""))
def test_narrowing_is_refused_with_the_records_at_stake(
    model: type[Collection], name: str, count: int, narrowed: PocketBase
) -> None:
    before = narrowed.collections.get_one("narrowed")

    with pytest.raises(DataLoss) as caught:
        push(narrowed, model)

    assert [(change.name, change.at_stake) for change in caught.value.diff.losses] == [(name, count)]
    assert narrowed.collections.get_one("narrowed") == before


@pytest.mark.parametrize("name", ["2nd", "plain"])
@pytest.mark.parametrize(
    ("kind", "values", "count"),
    [
        ("text", ["", "a", "b"], 2),
        ("number", [0, 1, 0], 1),
        ("bool", [False, True, True], 2),
        ("json", [None, 0, []], 2),
        ("geoPoint", [{"lon": 0, "lat": 0}, {"lon": 0, "lat": 1}, {"lon": 1, "lat": 0}], 2),
        ("autodate", [None, None, None], 3),
    ],
)
def test_a_field_that_goes_is_counted_whatever_its_name(
    spare: PocketBase, name: str, kind: str, values: list[Any], count: int
) -> None:
    options = {"onCreate": True} if kind == "autodate" else {}
    spare.collections.create({"name": "slim", "fields": [{"name": name, "type": kind, **options}]})
    for value in values:
        spare.collection("slim").create({name: value} if value is not None else {})

    class Slim(Collection, collection="slim"):
        pass

    (lost,) = diff(spare, Slim, exact=True).losses[:1]

    assert (lost.field, lost.at_stake) == (name, count)


class Tagged(Collection, collection="tagged"):
    name: Field[str] = field(default="")
    shelf: Field[int] = field(default=0)
    kinds: Field[list[Literal["a", "b"]]] = field(default_factory=list)
    note: Field[str] = field(default="")
    extra: Field[Any] = field(default=None)


UNIQUES = [
    (Index("name", unique=True), 2),
    (Index("name COLLATE NOCASE", unique=True), 3),
    (Index("name", "shelf", unique=True), 1),
    (Index("name", "shelf DESC", "note", unique=True), 0),
    (Index("kinds", unique=True, where="`shelf` > 100"), 0),
    (Index("kinds", unique=True), 4),
    (Index("name", unique=True, where="`note` != ''"), 2),
    (Index("note", unique=True, where="note != ''"), 0),
    (Index("fresh", unique=True), 5),
    (Index("fresh", unique=True, where="fresh <> ''"), 0),
    (Index("lower(`name`)", unique=True), 3),
    (Index("lower(name)", "shelf", unique=True, where="length(`note`) > 0"), 2),
    (Index("name", unique=True, where="lower(name) IN ('b', 'c')"), 0),
    (Index("json_extract(extra, '$.n')", unique=True), 4),
    (Index("json_extract(`kinds`, '$[0]')", unique=True), 4),
    (Index("extra", unique=True), 0),  # only the server can tell
    (Index("name"), 0),
]


@pytest.fixture(scope="module")
def tagged(spare_client: PocketBase, first_collections: list[Any]) -> PocketBase:
    spare_client.collections.import_collections(first_collections, delete_missing=True)
    push(spare_client, Tagged)
    records = spare_client.collection("tagged")
    for number, name in enumerate(["a", "a", "A", "b", "a", "c"]):
        lists = {"kinds": ["a"] if number else [], "extra": {"n": number // 4, "s": "<ü>"}}
        records.create({"name": name, "shelf": number % 2, "note": str(number), **lists})
    records.update(records.get_first_list_item("note = '5'").id, {"note": ""})
    return spare_client


@pytest.mark.parametrize(("index", "count"), UNIQUES, ids=lambda value: " ".join(getattr(value, "columns", "")))
def test_a_unique_index_tells_how_many_records_repeat_another(tagged: PocketBase, index: Index, count: int) -> None:
    class Wanted(Collection, collection="tagged", indexes=[index]):
        fresh: Field[str] = field(default="")

    found = diff(tagged, Wanted)

    assert sum(change.at_stake or 0 for change in found.repeats) == count
    assert not found.losses


@pytest.mark.parametrize(
    ("index", "count"),
    [(index, count) for index, count in UNIQUES if index.unique and index.columns not in (("fresh",), ("extra",))],
    ids=lambda value: " ".join(getattr(value, "columns", "")),
)
def test_the_server_takes_a_unique_index_where_no_record_repeats_another(
    tagged: PocketBase, index: Index, count: int
) -> None:
    make_it = {"indexes": [index.sql("tagged")]}

    if count:
        with pytest.raises(BadRequest, match="UNIQUE constraint failed"):
            tagged.collections.update("tagged", make_it)
    else:
        tagged.collections.update("tagged", make_it)
    tagged.collections.update("tagged", {"indexes": []})


def test_a_unique_index_over_records_that_are_alike_is_refused(tagged: PocketBase) -> None:
    class Wanted(Collection, collection="tagged"):
        label: Field[str] = field(default="", unique=True, was="name")

    before = tagged.collections.get_full_list()

    with pytest.raises(NotUnique, match=r"tagged: \+ index .*\(repeats of another: 2 records\)"):
        push(tagged, Wanted, allow_data_loss=True)

    assert tagged.collections.get_full_list() == before
