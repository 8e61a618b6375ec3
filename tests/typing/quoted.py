"""What editors infer without `from __future__ import annotations`: names of later classes stand in quotes."""

from datetime import datetime
from typing import Any, Literal, assert_type

from pbmodels import (
    AsyncQuerySet,
    AuthCollection,
    BackRelation,
    Collection,
    Expr,
    Field,
    Filter,
    PocketBase,
    QuerySet,
    Ref,
    Relation,
    Relations,
    ViewCollection,
    autodate,
    back_relation,
    field,
)


class Stamped(Collection, abstract=True):
    """Fields that several collections have."""

    created: Field[datetime] = autodate()
    updated: Field[datetime] = autodate(on_update=True)


class User(AuthCollection, collection="users"):
    name: Field[str] = field(default="")
    posts: BackRelation["Post"] = back_relation("author")


class Post(Stamped, collection="posts"):
    title: Field[str]
    level: Field[Literal["low", "high"]] = field(default="low")
    author: Relation["User"]
    editor: Relation["User | None"] = field(default=None)
    reviewers: Relations["User"] = field(default_factory=list)
    parent: Relation["Post | None"] = field(default=None)
    comments: BackRelation["Comment"] = back_relation("post")

    def is_long(self) -> bool:
        """Methods of a model are methods."""
        return len(self.title) > 80


class Review(Post, collection="reviews"):
    stars: Field[int] = field(default=0)


class Comment(Stamped):
    text: Field[str] = field(default="")
    post: Relation["Post"]


class Statistic(ViewCollection, query="select id, count(*) as posts from posts"):
    posts: Field[int]


def forward_and_back() -> None:
    """Both directions, and round again."""
    assert_type(User.posts, type[Post])
    assert_type(User.posts.comments.text, Expr[str])
    assert_type(Post.author.posts.title == "x", Filter)
    assert_type(Post.parent.parent.title, Expr[str])
    assert_type(Comment.post.author.name.contains("a"), Filter)
    assert_type(Post.editor.name, Expr[str])


def subclasses(review: Review) -> None:
    """What a subclass has from its bases is its own."""
    assert_type(Review.title, Expr[str])
    assert_type(Review.created, Expr[datetime])
    assert_type(Review.stars > 3, Filter)
    assert_type(Review.where(Review.title == "x", Review.stars > 3), QuerySet[Review])
    assert_type(Review.get("id"), Review)
    assert_type(review.save(), Review)
    assert_type(review.created, datetime)
    assert_type(review.author, Ref[User])
    assert_type(review.is_long(), bool)
    assert_type(Statistic.where(Statistic.posts > 3).all(), list[Statistic])


def records(post: Post, user: User) -> None:
    """Instances."""
    assert_type(post.author, Ref[User])
    assert_type(post.editor, Ref[User] | None)
    assert_type(post.parent, Ref[Post] | None)
    assert_type(post.level, Literal["low", "high"])
    assert_type(user.posts, QuerySet[Post])
    assert_type(user.posts.where(Post.level == "high").first(), Post | None)
    assert_type(Post(title="x", author=user, level="high"), Post)
    assert_type(Post(title="x", author="id", parent=post), Post)
    assert_type(Post.get_or_create(title="x"), tuple[Post, bool])
    assert_type(post.increment(views=1), Post)
    if post.editor is not None:
        assert_type(post.editor.get().name, str)


def expanding() -> None:
    """Relations of relations are brought along."""
    query = Comment.where().expand(Comment.post.author, Comment.post)
    assert_type(query, QuerySet[Comment])
    for comment in query:
        assert_type(comment.post.record, Post | None)
        if comment.post.record is not None:
            assert_type(comment.post.record.author.record, User | None)


def batches(pb: PocketBase, post: Post, user: User) -> None:
    """One transaction."""
    with pb.batch() as batch:
        batch.save(user)
        batch.save(post, only=[Post.title])
        batch.delete(post)


async def awaited(pb: PocketBase, post: Post) -> None:
    """The same, async."""
    assert_type(Post.aio.where(Post.level == "low"), AsyncQuerySet[Post])
    assert_type(await Post.aio.where(Post.level == "low").first(), Post | None)
    assert_type(await Review.aio.get("id"), Review)
    assert_type(await post.aio.refresh(), Post)
    assert_type(await post.author.aio.get(), User)
    async with pb.aio.batch() as batch:
        batch.save(post)
    async for comment in post.comments.aio:
        assert_type(comment, Comment)
        assert_type(comment.post.record, Post | None)


def untyped(values: dict[str, Any]) -> None:
    """What comes from elsewhere."""
    assert_type(Post.create(**values), Post)
    assert_type(Post.model_validate(values), Post)
    assert_type(Post.model_json_schema(), dict[str, Any])
