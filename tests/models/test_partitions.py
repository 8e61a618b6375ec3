"""Parts of a query for other processes: disjoint, complete, and pickled without a secret unless asked."""

from __future__ import annotations

import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor

import pytest

from pbmodels import AsyncPocketBase, FilterError, NotConnected, PocketBase, QuerySet, connect
from tests.blog import Post


@pytest.fixture
def posts(blog: PocketBase) -> list[Post]:
    """Twenty posts, some of whose ids are far from random."""
    odd = ["000000000000000", "aaaaaaaaaaaaaaa", "aaaaaaaaaaaaaab", "zzzzzzzzzzzzzzz"]
    return [Post(title="x", views=n, **({"id": odd[n]} if n < 4 else {})).save() for n in range(20)]


@pytest.mark.parametrize("n", [1, 2, 3, 7, 20, 30])
def test_partitions_are_disjoint_and_complete(posts: list[Post], n: int) -> None:
    parts = Post.where().partitions(n)
    found = [[post.id for post in part] for part in parts]

    assert len(parts) == min(n, 20)
    assert sorted(id for ids in found for id in ids) == sorted(post.id for post in posts)
    assert max(map(len, found)) - min(map(len, found)) <= 1


def test_any_ids_can_be_cut(blog: PocketBase) -> None:
    id_field = next(each for each in blog.collections.get_one("posts")["fields"] if each["name"] == "id")
    before = dict(id_field)

    def set_id(options: dict[str, object]) -> None:
        fields = blog.collections.get_one("posts")["fields"]
        blog.collections.update(
            "posts", {"fields": [{**each, **options} if each["name"] == "id" else each for each in fields]}
        )

    set_id({"min": 1, "max": 40, "pattern": "^.+$"})
    try:
        ids = ["A", "b", "C", "ä", "Z", "日本", "1", "10", "9", "a-b", "a_b", "a+b", "é", "é1", "zz", "~"]
        for record_id in ids:
            blog.collection("posts").create({"id": record_id, "title": "x"})
        for n in (2, 4, 15):
            found = [post.id for part in Post.where().partitions(n) for post in part]
            assert sorted(found) == sorted(ids)
        assert [post.id for batch in Post.where().in_batches(2) for post in batch] == sorted(ids)
    finally:
        blog.send("/api/collections/posts/truncate", method="DELETE")
        set_id({key: before[key] for key in ("min", "max", "pattern")})


def test_partitions_keep_the_conditions_and_the_order(posts: list[Post]) -> None:
    parts = Post.where(Post.views >= 10).order_by(-Post.views).only(Post.views).partitions(2)
    found = [[post.views for post in part] for part in parts]

    assert sorted(found[0] + found[1]) == list(range(10, 20))
    assert all(views == sorted(views, reverse=True) for views in found)


def test_records_that_come_later_are_in_one_partition(posts: list[Post]) -> None:
    parts = Post.where().partitions(4)
    new = [Post(title="new").save() for _ in range(10)]

    found = [post.id for part in parts for post in part]

    assert sorted(found) == sorted(post.id for post in [*posts, *new])


async def test_partitions_awaited(posts: list[Post], aio: AsyncPocketBase) -> None:
    parts = await Post.aio.where().partitions(3)

    assert sum([await part.count() for part in parts]) == 20


def test_an_empty_collection_is_one_partition(blog: PocketBase) -> None:
    assert [part.all() for part in Post.where().partitions(4)] == [[]]


def test_what_has_no_partitions(blog: PocketBase) -> None:
    with pytest.raises(FilterError, match=r"partitions\(0\): it takes a number"):
        Post.where().partitions(0)
    with pytest.raises(FilterError, match="leave the limit out"):
        Post.where().limit(3).partitions(2)


def test_a_query_is_the_same_after_pickling(posts: list[Post], blog: PocketBase) -> None:
    query = (
        Post.where(Post.views > 3, Post.title.startswith("x") | ~Post.tags.contains("news"), "views < {:n}", n=9)
        .order_by(-Post.views)
        .expand(Post.author)[1:4]
    )

    data = pickle.dumps(query)
    twin = pickle.loads(data)

    assert blog.auth_store.token.encode() not in data
    assert repr(twin) == repr(query)
    assert [post.views for post in twin] == [post.views for post in query] == [7, 6, 5]


def test_the_token_travels_only_when_asked(posts: list[Post], blog: PocketBase) -> None:
    plain = Post.where().partitions(2)
    carrying = Post.where().partitions(2, carry_token=True)
    token = blog.auth_store.token

    assert token.encode() not in pickle.dumps(plain)
    assert token.encode() in pickle.dumps(carrying)
    assert token not in repr(carrying) + str(carrying[0].explain())


def count(query: QuerySet[Post]) -> int | str:
    """What a worker does."""
    try:
        return sum(1 for _ in query)
    except NotConnected as error:
        return str(error)


def disconnected() -> None:
    """A worker begins without a client."""
    import pbmodels.models._context as context

    context._default = None


def test_other_processes_work_on_the_parts(posts: list[Post], blog: PocketBase) -> None:
    spawn = multiprocessing.get_context("spawn")
    plain = Post.where().partitions(2)
    carrying = Post.where().partitions(2, carry_token=True)

    with ProcessPoolExecutor(2, mp_context=spawn, initializer=disconnected) as pool:
        assert list(pool.map(count, carrying)) == [10, 10]
        assert all("Post has no client: call connect(" in str(said) for said in pool.map(count, plain))


def test_connect_in_the_worker_is_what_partitions_without_a_token_use(posts: list[Post], blog: PocketBase) -> None:
    parts = pickle.loads(pickle.dumps(Post.where().partitions(2)))
    connect(blog)

    assert sum(count(part) for part in parts) == 20  # type: ignore[misc]
