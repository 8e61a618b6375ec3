"""What editors infer of query sets, bulk verbs, values, prefetch and live queries, sync and async."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, assert_type

from pbmodels import (
    AsyncLive,
    AsyncPocketBase,
    AsyncQuerySet,
    AsyncValues,
    BackRelation,
    Collection,
    Event,
    Explanation,
    Field,
    File,
    FileList,
    Live,
    Page,
    PocketBase,
    QuerySet,
    Ref,
    Relation,
    Relations,
    RequestTrace,
    Values,
    autodate,
    back_relation,
    field,
    trace_requests,
    using,
)


class User(Collection, collection="users"):
    name: Field[str] = field(default="")
    posts: BackRelation[Post] = back_relation("author")


class Post(Collection, collection="posts"):
    title: Field[str]
    views: Field[int] = field(default=0)
    section: Field[Literal["home", "world"] | None] = field(default=None)
    published: Field[datetime | None] = field(default=None)
    author: Relation[User | None] = field(default=None)
    reviewers: Relations[User] = field(default_factory=list)
    gallery: FileList = field(default_factory=list)
    created: Field[datetime] = autodate()


def query_sets(user: User) -> None:
    """Every step is a query set of the same model."""
    query = Post.where().only(Post.title, "views").order_by(-Post.created, "title").limit(10)
    assert_type(query, QuerySet[Post])
    assert_type(query.defer(Post.title)[2:5], QuerySet[Post])
    assert_type(Post.where().prefetch(Post.author), QuerySet[Post])
    assert_type(User.where().prefetch(User.posts, Post.where(Post.views > 3).order_by(-Post.views)), QuerySet[User])
    assert_type(query.last(), Post | None)
    assert_type(query.one_or_none(), Post | None)
    assert_type(query.explain(), Explanation)
    assert_type(query.partitions(4), list[QuerySet[Post]])
    assert_type(query.update(views=1), int)
    assert_type(query.delete(), int)
    assert_type(user.posts.order_by(Post.title)[:3].all(), list[Post])
    assert_type(user.posts.page(2), Page[Post])
    for batch in query.in_batches(100):
        assert_type(batch, list[Post])
    for post in query.page(1, 20):
        assert_type(post, Post)


def values() -> None:
    """Rows of plain values have the fields' types."""
    query = Post.where()
    assert_type(query.values(Post.title), Values[dict[str, Any]])
    assert_type(query.values_list(Post.title, flat=True), Values[str])
    assert_type(query.values_list(Post.title, flat=True).all(), list[str])
    assert_type(query.values_list(Post.views, flat=True).first(), int | None)
    assert_type(query.values_list(Post.published), Values[tuple[datetime | None]])
    assert_type(query.values_list(Post.title, Post.views).all(), list[tuple[str, int]])
    assert_type(query.values_list(Post.title, Post.views, Post.created).first(), tuple[str, int, datetime] | None)
    for title, views in query.values_list(Post.title, Post.views):
        assert_type(title, str)
        assert_type(views, int)
    for rows in query.values(Post.title).in_batches():
        assert_type(rows, list[dict[str, Any]])


def bulk(posts: list[Post], pb: PocketBase) -> None:
    """Many records at once."""
    assert_type(Post.bulk_create(Post(title=str(number)) for number in range(3)), list[Post])
    assert_type(Post.bulk_create(posts, 100, lambda done, total: print(done / total)), list[Post])
    assert_type(Post.bulk_update(posts, only=[Post.views], progress=print), int)
    assert_type(Post.bulk_delete([*posts, "id", Ref[Post]("id")]), int)
    assert_type(Post.get_or_create(title="x", defaults={"views": 1}), tuple[Post, bool])
    assert_type(Post.update_or_create(title="x", defaults={"views": 1}), tuple[Post, bool])
    with pb.batch() as batch:
        batch.save(posts[0], only=[Post.views])
        batch.delete(posts[1])
    with using(pb) as client, trace_requests() as trace:
        assert_type(client, PocketBase)
        assert_type(trace, RequestTrace)
        assert_type(trace.count, int)


def lists(post: Post, user: User) -> None:
    """Lists of relations and files take whatever one can be made of."""
    post.reviewers[0] = user
    post.reviewers[1:] = ["id", user]
    post.reviewers += [user, "id"]
    post.gallery[0] = b"content"
    post.gallery += [("a.txt", b"a")]
    assert_type(post.reviewers[0], Ref[User])
    assert_type(post.reviewers[0].record, User | None)
    assert_type(post.gallery[0], File)


def live() -> None:
    """A list that keeps in step."""
    with Post.where(Post.views > 3).order_by(-Post.views).live() as posts:
        assert_type(posts, Live[Post])
        assert_type(posts.snapshot(), list[Post])
        assert_type(posts.wait(1.0), Event[Post] | None)
        for event in posts:
            assert_type(event, Event[Post])
            assert_type(event.record.views, int)


async def awaited(posts: list[Post], post: Post, user: User, pb: AsyncPocketBase) -> None:
    """The same, async."""
    query = Post.aio.where().only(Post.title).order_by(-Post.created)[:10]
    assert_type(query, AsyncQuerySet[Post])
    assert_type(await query.last(), Post | None)
    assert_type(await query.one_or_none(), Post | None)
    assert_type(await query.page(1, 20), Page[Post])
    assert_type(await query.partitions(4), list[AsyncQuerySet[Post]])
    assert_type(await query.update(views=1), int)
    assert_type(await query.delete(), int)
    assert_type(await User.aio.where().prefetch(User.posts, Post.where()).all(), list[User])
    async for batch in query.in_batches(100):
        assert_type(batch, list[Post])
    assert_type(query.values_list(Post.title, flat=True), AsyncValues[str])
    assert_type(await query.values_list(Post.title, Post.views).all(), list[tuple[str, int]])
    async for title, views in query.values_list(Post.title, Post.views):
        assert_type(title, str)
        assert_type(views, int)
    assert_type(await Post.aio.bulk_create(posts), list[Post])
    assert_type(await Post.aio.bulk_update(posts, only=[Post.views]), int)
    assert_type(await Post.aio.bulk_delete([post, "id"]), int)
    assert_type(await Post.aio.get_or_create(title="x"), tuple[Post, bool])
    assert_type(await Post.aio.update_or_create(title="x", defaults={"views": 1}), tuple[Post, bool])
    assert_type(await post.aio.save(only=[Post.title]), Post)
    assert_type(await user.posts.aio.where(Post.views > 3).first(), Post | None)
    await post.reviewers.aio.set([user, "id"])
    async with pb.batch() as waiting:
        waiting.save(post, only=[Post.title])
        waiting.delete(post)
    async with Post.aio.where(Post.views > 3).live() as kept:
        assert_type(kept, AsyncLive[Post])
        assert_type(await kept.snapshot(), list[Post])
        async for event in kept:
            assert_type(event.record.title, str)
