"""Query sets as Arrow tables, polars and pandas data frames, with the right type for each kind of field."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from pbmodels import AsyncPocketBase, FilterError, GeoPoint, PocketBase, PocketBaseError
from tests.blog import Post, User
from tests.server_version import since

pa = pytest.importorskip("pyarrow")
pl = pytest.importorskip("polars")
pd = pytest.importorskip("pandas")

pytestmark = since(0, 27)  # the records have places

WHEN = datetime(2024, 5, 1, 8, 0, 0, 123000, tzinfo=UTC)


@pytest.fixture
def posts(blog: PocketBase) -> list[Post]:
    """A post with something in every field, and one with nothing."""
    ann = User(email="ann@example.com", password="12345678", name="Ann").save()
    full = Post(
        title="x",
        views=2**53,
        score=0.5,
        status=True,
        section="home",
        tags=["news", "art"],
        published=WHEN,
        place=GeoPoint(lon=13.4, lat=52.5),
        meta={"a": [1, None], "ü": "€"},
        author=ann,
        reviewers=[ann],
        cover=("a.txt", b"a"),
    )
    return [full.save(), Post(title="y").save()]


def test_an_arrow_table(posts: list[Post]) -> None:
    table = Post.where().order_by(Post.title).to_arrow()

    text = pa.string()
    assert dict(zip(table.schema.names, table.schema.types, strict=True)) == {
        "id": text,
        "title": text,
        "body": text,
        "status": pa.bool_(),
        "views": pa.int64(),
        "score": pa.float64(),
        "section": text,
        "tags": pa.list_(text),
        "published": pa.timestamp("ms", "UTC"),
        "link": text,
        "contact": text,
        "place": pa.struct([("lon", pa.float64()), ("lat", pa.float64())]),
        "meta": text,
        "author": text,
        "reviewers": pa.list_(text),
        "cover": text,
        "gallery": pa.list_(text),
        "created": pa.timestamp("ms", "UTC"),
        "updated": pa.timestamp("ms", "UTC"),
    }
    full, empty = table.to_pylist()
    assert (full["views"], full["published"], full["place"]) == (2**53, WHEN, {"lon": 13.4, "lat": 52.5})
    assert json.loads(full["meta"]) == {"a": [1, None], "ü": "€"}
    assert full["tags"] == ["news", "art"]
    assert full["reviewers"] == [full["author"]]
    assert (empty["section"], empty["published"], empty["author"], empty["cover"]) == (None, None, None, None)
    assert (empty["link"], empty["tags"], empty["views"]) == ("", [], 0)


def test_a_polars_frame(posts: list[Post]) -> None:
    frame = Post.where().order_by(Post.title).to_polars()

    assert frame.schema["published"] == pl.Datetime("ms", "UTC")
    assert frame.schema["tags"] == pl.List(pl.String)
    assert frame.schema["views"] == pl.Int64
    assert frame.schema["place"] == pl.Struct({"lon": pl.Float64, "lat": pl.Float64})
    assert frame["published"].to_list() == [WHEN, None]
    assert frame["tags"].to_list() == [["news", "art"], []]
    assert frame["meta"].to_list()[1] in ("{}", None)
    assert frame.select(pl.col("score").sum()).item() == 0.5


def test_a_pandas_frame(posts: list[Post]) -> None:
    frame = Post.where().order_by(Post.title).to_pandas()

    assert str(frame["published"].dtype) == "datetime64[ms, UTC]"
    assert (str(frame["views"].dtype), str(frame["score"].dtype), str(frame["status"].dtype)) == (
        "int64",
        "float64",
        "bool",
    )
    assert frame["published"].isna().tolist() == [False, True]
    assert frame["published"][0] == WHEN
    assert frame["section"].isna().tolist() == [False, True]
    assert frame["tags"].tolist() == [["news", "art"], []]
    assert json.loads(frame["meta"][0]) == {"a": [1, None], "ü": "€"}
    assert frame.index.tolist() == [0, 1]


@pytest.mark.parametrize("method", ["to_arrow", "to_polars", "to_pandas"])
def test_some_fields_of_some_records(posts: list[Post], method: str) -> None:
    def names(frame: Any) -> list[str]:
        return list(frame.schema.names() if method == "to_polars" else getattr(frame, "column_names", frame.columns))

    query = Post.where(Post.title == "y")
    chosen = getattr(query, method)(Post.title, "views")
    assert names(chosen) == ["title", "views"]
    assert len(chosen) == 1
    assert names(getattr(query.only(Post.views), method)()) == ["id", "views"]
    nothing = getattr(Post.where(Post.title == "z"), method)(Post.title, Post.created)
    assert (names(nothing), len(nothing)) == (["title", "created"], 0)


def test_many_batches_are_one_frame(blog: PocketBase) -> None:
    blog.settings.update({"batch": {"enabled": True, "maxRequests": 1000, "timeout": 30}})
    for _ in range(2):
        with blog.batch() as batch:
            for n in range(1000):
                batch.collection("posts").create({"title": "x", "views": n})
    Post(title="x").save()

    assert Post.where().to_arrow(Post.views).num_rows == 2001
    assert Post.where().to_polars(Post.views)["views"].sum() == 999_000
    frame = Post.where().to_pandas(Post.views)
    assert frame["views"].sum() == 999_000
    assert frame.index.is_unique


async def test_frames_awaited(posts: list[Post], aio: AsyncPocketBase) -> None:
    query = Post.aio.where().order_by(Post.title)

    assert (await query.to_arrow(Post.title)).to_pydict() == {"title": ["x", "y"]}
    assert (await query.to_polars(Post.title)).to_dict(as_series=False) == {"title": ["x", "y"]}
    assert (await query.to_pandas(Post.title))["title"].tolist() == ["x", "y"]


@pytest.mark.parametrize(
    ("method", "name"), [("to_arrow", "pyarrow"), ("to_polars", "polars"), ("to_pandas", "pandas")]
)
def test_a_library_that_is_not_installed(
    blog: PocketBase, monkeypatch: pytest.MonkeyPatch, method: str, name: str
) -> None:
    monkeypatch.setitem(sys.modules, name, None)

    extra = method.removeprefix("to_")
    with pytest.raises(PocketBaseError, match=rf"needs {name}, .* pip install 'pbmodels\[{extra}\]'"):
        getattr(Post.where(), method)()


def test_passwords_are_no_column(blog: PocketBase) -> None:
    assert "password" not in User.where().to_arrow().schema.names
    with pytest.raises(FilterError, match="is a password"):
        User.where().to_arrow(User.password)
