"""Factories: whatever the seed, the real server takes what they make."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from pbmodels import (
    AuthCollection,
    Collection,
    Email,
    Field,
    FileField,
    FileList,
    GeoPoint,
    Html,
    InvalidRecord,
    ModelError,
    Password,
    PocketBase,
    Relation,
    Relations,
    Url,
    autodate,
    field,
)
from pbmodels.schema import push
from pbmodels.testing import Factory, clean
from tests.blog import Comment, Post, User
from tests.server_version import since


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Size(BaseModel):
    width: int
    unit: Literal["mm", "cm"]
    note: str | None = None


class Maker(AuthCollection, collection="makers"):
    nick: Field[str] = field(min_length=3, max_length=8, unique=True)


class Shelf(Collection, collection="shelves"):
    label: Field[str] = field(pattern=r"^[A-Z]{2}-[0-9]{3}$", unique=True)


class Brand(Collection, collection="brands"):
    id: Field[str] = field(min_length=4, max_length=30, pattern="^[a-z]+(-[a-z]+)?$", autogenerate_pattern="")


class Item(Collection, collection="items"):
    name: Field[str] = field(min_length=5, max_length=12)
    code: Field[str] = field(max_length=3, default="")
    text: Field[Html] = field()
    amount: Field[int] = field(ge=-3, le=3, required=True)
    even: Field[int] = field(multiple_of=2, gt=0, lt=9)
    weight: Field[float] = field(gt=0, le=0.5)
    debt: Field[float] = field(le=-10)
    sold: Field[bool] = field(required=True)
    made: Field[datetime]
    due: Field[datetime] = field(gt=datetime(2031, 1, 1, tzinfo=UTC), lt=datetime(2031, 1, 2, tzinfo=UTC))
    since: Field[datetime] = field(le=datetime(2001, 1, 1, tzinfo=UTC))
    colour: Field[Colour]
    marks: Field[list[Literal["a", "b", "c"]]] = field(max_select=2, required=True)
    signs: Field[list[Literal["a", "b", "c", "d"]]] = field(min_length=2, max_length=3, required=True)
    link: Field[Url] = field(server={"onlyDomains": ["shop.example"]})
    mail: Field[Email] = field(server={"exceptDomains": ["example.com"]})
    place: Field[GeoPoint]
    size: Field[Size]
    notes: Field[dict[str, Any]] = field(required=True, default_factory=lambda: {"a": 1})
    photo: FileField = field(default=None, required=True, mime_types=["image/png"])
    papers: FileList = field(default_factory=list, required=True)
    shelf: Relation[Shelf]
    makers: Relations[Maker] = field(required=True, default_factory=list)
    brands: Relations[Brand] = field(required=True, default_factory=list, min_select=2)
    spare: Relation[Shelf | None] = field(default=None)
    created: Field[datetime] = autodate()


class Node(Collection, collection="nodes"):
    parent: Relation[Node]


@pytest.fixture(scope="module")
def shop(superuser: PocketBase) -> Iterator[PocketBase]:
    push(superuser, Maker, Shelf, Brand, Item)
    yield superuser
    for model in (Item, Shelf, Maker, Brand):
        superuser.collections.delete(model.__collection__)


@pytest.mark.parametrize("seed", range(8))
@since(0, 27)
def test_the_server_takes_what_any_seed_makes(blog: PocketBase, shop: PocketBase, seed: int) -> None:
    item = Factory(Item, seed=seed, fill=True).create()

    loaded = Item.get(item.id, expand=[Item.shelf, Item.makers])
    assert 5 <= len(loaded.name) <= 12
    assert len(loaded.code) <= 3
    assert loaded.even in (2, 4, 6, 8)
    assert loaded.amount != 0
    assert loaded.photo is not None
    assert loaded.photo.name.endswith(".png")
    assert loaded.shelf.record is not None
    assert loaded.makers[0].record is not None
    assert loaded.spare is None
    assert len(loaded.brands) == 2
    assert 2 <= len(loaded.signs) <= 3
    assert loaded.due.year == 2031
    assert loaded.since.year <= 2001
    clean(blog, ["items", "shelves", "makers", "brands"])


@since(0, 27)
def test_unique_texts_differ(blog: PocketBase, shop: PocketBase) -> None:
    makers = Factory(Maker).create_many(12)

    assert len({maker.nick for maker in makers}) == len({maker.email for maker in makers}) == 12
    clean(blog, ["makers"])


def test_the_same_seed_makes_the_same(blog: PocketBase) -> None:
    def values(seed: int) -> dict[str, Any]:
        return Factory(Post, seed=seed, fill=True).build().model_dump(exclude={"id"})

    assert values(1) == values(1)
    assert values(1) != values(2)


def test_what_may_stay_empty_does(blog: PocketBase) -> None:
    post = Factory(Post).create()

    assert (post.views, post.tags, post.published, post.author, post.cover) == (0, [], None, None, None)


def test_related_records_are_made_along(blog: PocketBase) -> None:
    comment = Factory(Comment).create()

    assert Post.get(comment.post.id).title
    assert User.count() == 0  # the author may be missing


def test_a_given_related_record_is_used(blog: PocketBase) -> None:
    post = Factory(Post).create(title="Mine")

    Factory(Comment, post=post).create_many(3)

    assert [comment.post.id for comment in Comment.all()] == [post.id] * 3
    assert Post.count() == 1


def test_values_can_be_functions(blog: PocketBase) -> None:
    numbers = iter(range(5))

    posts = Factory(Post, views=lambda: next(numbers)).create_many(3)

    assert [post.views for post in posts] == [0, 1, 2]


def test_build_sends_nothing(blog: PocketBase) -> None:
    comment = Factory(Comment).build()

    assert comment.is_new
    assert comment.post.record is not None
    assert comment.post.record.is_new
    assert (Post.count(), Comment.count()) == (0, 0)


async def test_async(blog: PocketBase) -> None:
    first, second = await Factory(Comment).aio.create_many(2)

    assert await Comment.aio.count() == 2
    assert first.post.id != second.post.id
    assert (await Factory(Post).aio.create(views=3)).views == 3
    await blog.aio.aclose()


def test_a_value_that_does_not_fit_is_refused(blog: PocketBase) -> None:
    with pytest.raises(InvalidRecord, match=r"posts\.views"):
        Factory(Post).build(views="many")


class TestWhatCannotBeMade:
    def test_a_record_that_needs_another_of_its_kind(self) -> None:
        with pytest.raises(ModelError, match="no Node can be made before another one is there: Node -> Node"):
            Factory(Node).build()

    def test_unless_one_is_given(self) -> None:
        assert Factory(Node).build(parent="abc").parent.id == "abc"

    def test_no_whole_number_between(self) -> None:
        class Narrow(Collection):
            n: Field[int] = field(gt=2, lt=3)

        with pytest.raises(ModelError, match=r"narrows\.n: no whole number is between 3 and 2"):
            Factory(Narrow).build()

    def test_no_moment_between(self) -> None:
        class Meeting(Collection):
            at: Field[datetime] = field(ge=datetime(2030, 1, 2, tzinfo=UTC), le=datetime(2030, 1, 1, tzinfo=UTC))

        with pytest.raises(ModelError, match=r"meetings\.at: no moment is between"):
            Factory(Meeting).build()

    def test_a_file_of_a_kind_that_it_cannot_make(self) -> None:
        class Film(Collection):
            reel: FileField = field(default=None, required=True, mime_types=["video/mp4"])

        with pytest.raises(ModelError, match=r"films\.reel: .* not video/mp4"):
            Factory(Film).build()

    def test_a_pattern_without_its_package(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(__import__("sys").modules, "rstr", None)

        with pytest.raises(ModelError, match=r"pbmodels\[testing\]"):
            Factory(Shelf).build()


def test_a_password_is_never_shown() -> None:
    class Secret(AuthCollection):
        pin: Field[Password]

    made = Factory(Secret).build()

    assert len(made.pin) == 16
    assert made.pin not in repr(made)
