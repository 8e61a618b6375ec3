"""Everything that the server would silently change is refused before anything is sent, in one clear sentence."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx
import pytest

from pbmodels import (
    BadRequest,
    ConnectionFailed,
    GeoPoint,
    InvalidRecord,
    NotFound,
    PocketBase,
    PocketBaseError,
    Record,
    Ref,
    Upload,
    using,
)
from tests.blog import Comment, Post, User
from tests.client.odd_server import OddServer, answer
from tests.server_version import since


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"title": 3}, "posts.title: input should be a valid string, not int"),
        ({"title": None}, "posts.title: input should be a valid string, not NoneType"),
        ({"title": "x" * 201}, "posts.title: String should have at most 200 characters"),
        (
            {"title": "\ud800"},
            "posts.title: Input should be a valid string, unable to parse raw data as a unicode string",
        ),
        ({"titl": "x"}, "collection 'posts' has no field 'titl' in Post: did you mean 'title'?"),
        ({"zzz": 1}, "collection 'posts' has no field 'zzz' in Post: it has id, title, "),
        (
            {"views": "abc"},
            "posts.views: Input should be a valid integer, unable to parse",
        ),
        ({"views": 1.5}, "posts.views: Input should be a valid integer, got a number with a fractional part"),
        ({"views": True}, "posts.views: takes a number, not True"),
        ({"views": 2**53 + 1}, "posts.views: 9007199254740993 is beyond 2**53, where PocketBase's numbers lose digits"),
        ({"views": str(2**53 + 1)}, "posts.views: 9007199254740993 is beyond 2**53"),
        ({"score": 2**53 + 1}, "posts.score: 9007199254740993 is beyond 2**53"),
        ({"score": math.nan}, "posts.score: nan is not a finite number, and PocketBase stores no others"),
        ({"score": math.inf}, "posts.score: inf is not a finite number"),
        ({"status": "maybe"}, "posts.status: Input should be a valid boolean"),
        ({"section": "sports"}, "posts.section: Input should be 'home' or 'world'"),
        ({"tags": ["news", "x"]}, "posts.tags[1]: Input should be 'news', 'tech' or 'art'"),
        ({"tags": ["news", "news"]}, "posts.tags: has 'news' more than once, and PocketBase keeps each once"),
        ({"tags": "news"}, "posts.tags: input should be a valid list, not str"),
        ({"published": datetime(2024, 5, 1)}, "posts.published: datetime.datetime(2024, 5, 1, 0, 0) has no timezone"),
        ({"published": "garbage"}, "posts.published: Input should be a valid datetime"),
        ({"published": "2024-05-01 10:00:00"}, "has no timezone, so it is no moment in time; use e.g. datetime.now("),
        ({"published": datetime.min.replace(tzinfo=UTC)}, "stands for no date in PocketBase; use None"),
        (
            {"published": datetime.min.replace(tzinfo=timezone(timedelta(hours=2)))},
            "is in no year from 1 to",
        ),
        ({"published": datetime.max.replace(tzinfo=timezone(-timedelta(hours=2)))}, "is in no year from 1 to 9999"),
        ({"meta": {"a": [2**53 + 1]}}, "posts.meta.a.0: 9007199254740993 is beyond 2**53"),
        ({"meta": {"a": math.nan}}, "posts.meta.a: nan is not a finite number"),
        ({"meta": {"a": datetime(2024, 5, 1)}}, "posts.meta.a: datetime.datetime(2024, 5, 1, 0, 0) has no timezone"),
        ({"meta": {"a": object()}}, "posts.meta.a: a object cannot be sent"),
        pytest.param({"place": "Berlin"}, "posts.place: ", marks=since(0, 27)),
        pytest.param({"place": GeoPoint(*"12")}, "posts.place: lon is '1', and takes a number", marks=since(0, 27)),
        ({"author": 3}, "posts.author: takes a record, a Ref or an id that is not empty"),
        ({"author": Comment(text="x", post="p")}, "posts.author: relates to 'users', not to 'comments': give a User"),
        ({"reviewers": ["a", "a"]}, "posts.reviewers: has 'a' more than once"),
        ({"cover": "cover.png"}, "posts.cover: takes a Path, bytes, an open file, (name, content) or an Upload; for"),
        ({"cover": ("a.txt", "text")}, "posts.cover: the content in (name, content) is text; encode it"),
        ({"cover": Path("missing.png")}, "posts.cover: there is no file 'missing.png'"),
        ({"created": datetime.now(UTC)}, "posts.created: is filled by the server; leave it out"),
        ({"id": ""}, "posts.id: String should have at least 1 character"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_a_record_cannot_be_made_of_this(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidRecord) as caught:
        Post(**{"title": "x", **values})

    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
    assert set(caught.value.errors) == set(values)


@pytest.mark.parametrize("name", ["views", "published", "tags", "author", "nope", "created"])
def test_assignments_are_checked_the_same(name: str) -> None:
    post = Post(title="x")

    with pytest.raises(InvalidRecord, match=f"posts.{name}|'{name}'"):
        setattr(post, name, object())

    assert post.changed_fields == set(Post.model_fields) - {"created", "updated"}


def test_a_field_that_must_be_given() -> None:
    with pytest.raises(InvalidRecord, match=r"^posts.title is required: give it a value, or a default in Post$"):
        Post()


def test_several_mistakes_are_all_named() -> None:
    with pytest.raises(InvalidRecord) as caught:
        Post(titel="x", views="y")

    assert set(caught.value.errors) == {"title", "titel", "views"}


def test_a_default_that_does_not_fit_is_refused_too() -> None:
    from pbmodels import Collection, Field, field

    class Odd(Collection):
        views: Field[int] = field(default="many")

    with pytest.raises(InvalidRecord, match="odds.views"):
        Odd()


def test_moments_are_kept_as_the_server_keeps_them() -> None:
    east = timezone(timedelta(hours=2))
    post = Post(title="x", published=datetime(2024, 5, 1, 10, 0, 0, 123456, tzinfo=east))

    assert post.published == datetime(2024, 5, 1, 8, 0, 0, 123000, tzinfo=UTC)


def test_secrets_do_not_reach_messages() -> None:
    with pytest.raises(InvalidRecord) as caught:
        User(email="a@b.co", password=12345678)
    assert "12345678" not in str(caught.value)
    with pytest.raises(InvalidRecord) as caught:
        User(email="a@b.co", password="geheim", nope=1)
    assert "geheim" not in f"{caught.value!r} {caught.value}"


def test_nothing_was_sent(blog: PocketBase) -> None:
    requests: list[httpx.Request] = []
    blog.before_send = requests.append

    for bad in ({"views": "abc"}, {"nope": 1}, {"published": datetime(2024, 1, 1)}):
        with pytest.raises(InvalidRecord):
            Post.create(**{"title": "x", **bad})

    assert requests == []


# What only the server can refuse


def test_a_server_that_is_down() -> None:
    with PocketBase("http://127.0.0.1:9") as pb, using(pb), pytest.raises(ConnectionFailed) as caught:
        Post.where().all()

    assert str(caught.value).startswith(
        "GET /api/collections/posts/records failed: cannot reach PocketBase at http://127"
    )
    assert "check that it runs and that the url is right" in str(caught.value)


def test_a_wrong_password(guest: PocketBase) -> None:
    with pytest.raises(BadRequest) as caught:
        guest.users.auth_with_password("ann@example.com", "geheim")

    assert "check the identity and the password" in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_a_missing_collection(blog: PocketBase) -> None:
    from pbmodels import Collection, Field

    class Absent(Collection, collection="absent"):
        a: Field[str]

    for ask in (Absent.all, lambda: Absent.get("x"), lambda: Absent(a="x").save(), Absent.count):
        with pytest.raises(NotFound) as caught:
            ask()
        assert "there is no collection 'absent': check its name, or create it (pbmodels.schema" in str(caught.value)


def test_a_filter_on_a_field_that_does_not_exist(blog: PocketBase) -> None:
    with pytest.raises(AttributeError, match="collection 'posts' has no field 'tilte' in Post: did you mean 'title'"):
        Post.where(Post.tilte == "x")  # type: ignore[attr-defined]
    with pytest.raises(BadRequest, match="check that every field in the filter '\\(tilte = 1\\)'"):
        Post.where("tilte = 1").all()
    with pytest.raises(Exception, match="collection 'posts' has no field 'tilte'"):
        Post.where().order_by("tilte")


def test_uploads_and_refs_pass() -> None:
    post = Post(title="x", cover=Upload("a.txt", b"x"), author=Ref("abc"), reviewers=[Ref("a"), "b"])

    assert post.cover is not None
    assert post.cover.is_pending
    assert (str(post.author), [str(item) for item in post.reviewers]) == ("abc", ["a", "b"])
    assert isinstance(Record(id="x"), dict)


@pytest.mark.parametrize("shape", [b"<html>", b"null", b"[]", b"{}", b'{"items": null}', b'{"items": [5]}'])
def test_answers_that_are_not_pocketbase_s(shape: bytes) -> None:
    with OddServer(answer(200, shape)) as odd, PocketBase(odd.url, retries=0) as pb, using(pb):
        for call in (
            lambda: Post.get("r00000000000000"),
            Post.all,
            Post.count,
            Post.where().exists,
            Post.where().first,
        ):
            with pytest.raises(PocketBaseError):
                call()
