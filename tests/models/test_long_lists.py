"""Lists of values that need several requests: their records in one order, pages and slices of it, partitions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from pbmodels import AsyncPocketBase, FilterError, PocketBase, QuerySet
from tests.blog import Post, User

ORDERS = [
    ["title"],
    ["-title", "views"],
    ["-views", "title"],
    ["status", "-score"],
    ["-created"],
    ["-id"],
    ["author"],
]


@pytest.fixture
def long_list(blog: PocketBase) -> QuerySet[Post]:
    """A query that needs four requests, and finds 90 of 100 records."""
    people = [User.create(email=f"u{n}@x.org", password="1234567890") for n in range(3)]
    posts = Post.bulk_create(
        Post(
            title=f"{n * 37 % 100:03} äß{'aAzZ'[n % 4]}".ljust(90, "ü"),
            views=n % 7,
            score=[0, -1.5, 1e300, 1 / 3][n % 4],
            status=n % 3 == 0,
            author=people[n % 3] if n % 5 else None,
        )
        for n in range(100)
    )
    titles = [post.title for post in posts[:90]]
    return Post.where(Post.title.in_([*titles, *(f"missing {n}" for n in range(300))]))


@pytest.fixture
def sent(blog: PocketBase, long_list: QuerySet[Post]) -> Iterator[list[httpx.Request]]:
    """The requests from here on."""
    requests: list[httpx.Request] = []
    blog.before_send = requests.append
    yield requests
    blog.before_send = None


async def test_the_parts_come_in_one_order(long_list: QuerySet[Post], aio: AsyncPocketBase) -> None:
    wanted = {post.id for post in long_list}
    assert long_list.explain().parts > 3

    for order in ORDERS:
        query = long_list.order_by(*order)
        expected = [post.id for post in Post.where().order_by(*order).page(1, 1000) if post.id in wanted]
        assert [post.id for post in query] == expected, order
        assert [post.id for batch in query.in_batches(7) for post in batch] == expected, order
        assert [post.id async for post in query.aio] == expected, order
        assert query.values_list(Post.id, flat=True).all() == expected, order
        assert [post.id for post in query.only(Post.body)] == expected, order
        assert [post.id for batch in query[13:40].in_batches(9) for post in batch] == expected[13:40], order
        first, last = query.first(), query.last()
        assert (first and first.id, last and last.id) == (expected[0], expected[-1]), order


async def test_slices_and_pages_of_the_parts(long_list: QuerySet[Post], aio: AsyncPocketBase) -> None:
    expected = sorted(post.id for post in long_list)

    assert [post.id for post in long_list[70:]] == expected[70:]
    assert [post.id for post in long_list.limit(20)] == expected[:20]
    assert [post.id async for post in long_list.aio.limit(20)] == expected[:20]
    assert long_list.limit(0).all() == []
    page = long_list.page(2, 40)
    assert ([post.id for post in page], page.total_items, page.total_pages) == (expected[40:80], 90, 3)
    assert (await long_list.aio.page(4, 40)).items == []


def test_parts_that_are_cut_into_partitions(long_list: QuerySet[Post]) -> None:
    partitions = long_list.partitions(4)

    assert len(partitions) == 4
    assert sorted(post.id for part in partitions for post in part) == sorted(post.id for post in long_list)
    assert {part.count() for part in partitions} <= {22, 23}


def test_an_order_that_only_the_server_knows_is_refused(long_list: QuerySet[Post], sent: list[httpx.Request]) -> None:
    with pytest.raises(FilterError, match="only the server itself knows the order 'author.name,id': leave order_by"):
        long_list.order_by(Post.author.name).all()

    assert sent == []


def test_two_ways_to_say_a_value_are_in_one_part(blog: PocketBase) -> None:
    at = datetime(2024, 5, 1, tzinfo=UTC)
    Post(title="x", published=at).save()
    Post(title="y").save()
    days = [at.replace(microsecond=n) for n in range(300)]

    assert Post.where(Post.published.in_(days)).count() == 1
    assert [post.title for post in Post.where(Post.published.in_(["", *days, None, *days[:5]])).order_by("title")] == [
        "x",
        "y",
    ]
