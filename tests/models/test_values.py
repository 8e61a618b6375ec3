"""`values()`, `values_list()`, `explain()` and the table in notebooks, on the real server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from pbmodels import (
    AsyncPocketBase,
    Collection,
    Explanation,
    Field,
    FieldNotLoaded,
    FilterError,
    GeoPoint,
    PocketBase,
    UnreadableRecord,
    connect,
)
from tests.blog import Post, User
from tests.server_version import since

WHEN = datetime(2024, 5, 1, 8, tzinfo=UTC)


@pytest.fixture
def sent(blog: PocketBase) -> list[dict[str, str]]:
    """The queries of the requests that go out from here on."""
    queries: list[dict[str, str]] = []

    def keep(request: httpx.Request) -> None:
        queries.append({key: values[0] for key, values in parse_qs(urlsplit(str(request.url)).query).items()})

    blog.before_send = keep
    return queries


@pytest.fixture
def posts(blog: PocketBase) -> list[Post]:
    """Seven posts, views 0 to 6."""
    return [Post(title=f"post {n}", views=n, status=n % 2 == 0).save() for n in range(7)]


@pytest.fixture
def rich(blog: PocketBase) -> Post:
    """A post with something in every field."""
    ann = User(email="ann@example.com", password="12345678", name="Ann").save()
    return Post(
        title="x",
        views=3,
        score=0.5,
        status=True,
        section="home",
        tags=["news", "art"],
        published=WHEN,
        place=GeoPoint(lon=13.4, lat=52.5),
        meta={"a": [1]},
        author=ann,
        reviewers=[ann],
        cover=("a.txt", b"a"),
    ).save()


@since(0, 27)
def test_values_are_dicts_of_the_declared_types(rich: Post, sent: list[dict[str, str]]) -> None:
    assert rich.author is not None
    assert rich.cover is not None
    query = Post.where().values(
        Post.title, "views", Post.tags, Post.published, Post.place, Post.meta, Post.author, Post.reviewers, Post.cover
    )

    assert query.all() == [
        {
            "title": "x",
            "views": 3,
            "tags": ["news", "art"],
            "published": WHEN,
            "place": GeoPoint(lon=13.4, lat=52.5),
            "meta": {"a": [1]},
            "author": rich.author.id,
            "reviewers": [rich.author.id],
            "cover": rich.cover.name,
        }
    ]
    assert sent[-1]["fields"] == "id,title,views,tags,published,place,meta,author,reviewers,cover"


@since(0, 27)
def test_values_of_all_fields(rich: Post, sent: list[dict[str, str]]) -> None:
    (row,) = Post.where().values()

    assert "fields" not in sent[-1]
    assert list(row) == list(Post.model_fields)
    assert (row["id"], row["created"], row["link"]) == (rich.id, rich.created, "")


def test_what_is_empty_is_none_where_the_model_says_so(blog: PocketBase) -> None:
    Post(title="x").save()

    row = Post.where().values(Post.section, Post.published, Post.author, Post.cover, Post.link, Post.meta).first()

    assert row == {"section": None, "published": None, "author": None, "cover": None, "link": "", "meta": {}}


def test_values_list(posts: list[Post]) -> None:
    query = Post.where(Post.views > 3).order_by(-Post.views)

    assert query.values_list(Post.views, Post.title).all() == [(6, "post 6"), (5, "post 5"), (4, "post 4")]
    assert list(query.values_list("views")) == [(6,), (5,), (4,)]
    assert list(query.values_list(Post.views, flat=True)) == [6, 5, 4]
    assert query.values_list(Post.id, flat=True).first() == posts[6].id
    assert query[1:].values_list(Post.views, flat=True).all() == [5, 4]
    assert query.limit(0).values_list(Post.views, flat=True).first() is None
    assert [len(batch) for batch in query.values_list(Post.views).in_batches(2)] == [2, 1]
    assert query.values_list().all()[0][:4] == (posts[6].id, "post 6", "", True)


def test_values_walk_by_key_with_what_the_order_needs(posts: list[Post], sent: list[dict[str, str]]) -> None:
    rows = [row for batch in Post.where().order_by(-Post.views).values(Post.title).in_batches(3) for row in batch]

    assert [row["title"] for row in rows] == [f"post {n}" for n in range(6, -1, -1)]
    assert set(sent[0]["fields"].split(",")) == {"id", "title", "views"}
    assert sent[1]["filter"].startswith("(views <= 4.0 && ")


async def test_values_awaited(posts: list[Post], aio: AsyncPocketBase) -> None:
    query = Post.aio.where(Post.views > 4).order_by(Post.views)

    assert await query.values(Post.views).all() == [{"views": 5}, {"views": 6}]
    assert [title async for title in query.values_list(Post.title, flat=True)] == ["post 5", "post 6"]
    assert await query.values_list(Post.title, Post.views).first() == ("post 5", 5)


def test_what_values_do_not_take(blog: PocketBase) -> None:
    with pytest.raises(FilterError, match="no field of Post itself"):
        Post.where().values(Post.author.name)
    with pytest.raises(FilterError, match="has no field 'titel' in Post: did you mean 'title'"):
        Post.where().values("titel")
    with pytest.raises(FilterError, match=r"values_list\(flat=True\) takes one field, and got 2"):
        Post.where().values_list(Post.title, Post.views, flat=True)
    with pytest.raises(FilterError, match="users.password is a password, which PocketBase never sends"):
        User.where().values(User.password)


def test_a_value_that_does_not_fit_names_its_record(posts: list[Post]) -> None:
    class Odd(Collection, collection="posts"):
        title: Field[int]

    with pytest.raises(UnreadableRecord, match=r"posts.title of record '\w{15}' does not fit"):
        Odd.where().values(Odd.title).all()


@pytest.fixture
def hidden_email(blog: PocketBase, guest: PocketBase) -> Iterator[None]:
    """A user whose email a guest may not see, and a guest."""
    User(email="ann@example.com", password="12345678", name="Ann").save()
    rule = blog.collections.get_one("users")["listRule"]
    blog.collections.update("users", {"listRule": ""})
    connect(guest)
    yield
    blog.collections.update("users", {"listRule": rule})


def test_a_withheld_field_is_never_a_wrong_zero(hidden_email: None) -> None:
    assert User.where().values(User.name, User.email).all() == [{"name": "Ann"}]
    with pytest.raises(FieldNotLoaded, match="users.email was not sent by the server"):
        User.where().values_list(User.name, User.email).all()


def test_explain_shows_the_request_without_sending_it(blog: PocketBase, sent: list[dict[str, str]]) -> None:
    query = Post.where(Post.title == 'a "b" & c', Post.views > 3).order_by(-Post.created).expand(Post.author)
    explained = query.only(Post.title).explain()

    assert isinstance(explained, Explanation)
    assert sent == []
    assert explained.method == "GET"
    assert (explained.filter, explained.sort) == ('(title = "a \\"b\\" & c" && views > 3)', "-created,id")
    assert (explained.expand, explained.per_page, explained.parts) == ("author", 1000, 1)
    assert set(explained.fields.split(",")) >= {"id", "title", "author", "expand.author"}
    assert blog.auth_store.token not in str(explained)

    urls: list[str] = []
    blog.before_send = lambda request: urls.append(str(request.url))
    query.only(Post.title).all()
    assert urls == [explained.url]


def test_explain_says_how_pages_follow(blog: PocketBase) -> None:
    assert "each by the key that the last one ended with" in str(Post.where().explain())
    assert "each by its number, as this order is no key" in str(Post.where().order_by(Post.author.name).explain())
    assert "pages  5 records each, of which one is asked for" in str(Post.where()[10:15].explain())
    many = Post.where(Post.id.in_([f"missing{n:08}" for n in range(700)])).explain()
    assert many.parts > 1
    assert f"parts  {many.parts}, as the filter is too long" in str(many)


def test_explain_needs_no_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pbmodels.models._context._default", None)

    assert Post.where().explain().url.startswith("/api/collections/posts/records?page=1")


def test_a_notebook_shows_a_table(posts: list[Post]) -> None:
    Post(title="<script>alert(1)</script>", body="x" * 100, views=99).save()

    html = Post.where().order_by(-Post.views)._repr_html_()

    assert html is not None
    assert html.startswith("<table><caption>posts: 8 records</caption><thead><tr><th>id</th><th>title</th>")
    assert "<td>&lt;script&gt;alert(1)&lt;/script&gt;</td>" in html
    assert f"<td>{'x' * 59}…</td>" in html
    assert html.count("<tr>") == 9
    for _ in range(4):
        Post(title="more").save()
    more = Post.where().only(Post.title)._repr_html_()
    assert more is not None
    assert "posts: the first 10" in more
    assert "<th>views</th>" not in more
    assert more.count("<tr>") == 11


def test_a_notebook_asks_nothing_for_an_async_query() -> None:
    query: Any = Post.aio.where()

    assert query._repr_html_() is None
