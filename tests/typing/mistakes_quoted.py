"""Mistakes that editors underline without `from __future__ import annotations`, as in `mistakes`."""

from datetime import datetime
from typing import Any, Literal

from pbmodels import (
    AuthCollection,
    BackRelation,
    Collection,
    Field,
    PocketBase,
    Relation,
    Relations,
    ViewCollection,
    autodate,
    back_relation,
    field,
)


class Stamped(Collection, abstract=True):
    created: Field[datetime] = autodate()


class User(AuthCollection, collection="quoted_users"):
    name: Field[str] = field(default="")
    posts: BackRelation["Post"] = back_relation("author")


class Post(Stamped, collection="quoted_posts"):
    title: Field[str]
    status: Field[bool] = field(default=False)
    level: Field[Literal["low", "high"]] = field(default="low")
    author: Relation["User"]
    editor: Relation["User | None"] = field(default=None)
    reviewers: Relations["User"] = field(default_factory=list)
    parent: Relation["Post | None"] = field(default=None)
    comments: BackRelation["Comment"] = back_relation("post")


class Review(Post, collection="quoted_reviews"):
    stars: Field[int] = field(default=0)


class Comment(Stamped, collection="quoted_comments"):
    text: Field[str] = field(default="")
    post: Relation["Post"]


class Statistic(ViewCollection, collection="quoted_statistics", query="select id, count(*) as posts from posts"):
    posts: Field[int]


def conditions() -> None:
    """Through relations in both directions, and on what a subclass has of its bases."""
    Post.where(Post.level == "medium")  # mistake
    Post.where(Post.author.name == 3)  # mistake
    Post.where(Post.author.posts.level == "medium")  # mistake
    Post.where(Post.editor.nope == 3)  # mistake
    Post.where(Post.parent.parent.title == 3)  # mistake
    Post.where(Post.reviewers.any.name > 3)  # mistake
    Post.where(Post.comments.each.text == 3)  # mistake
    User.where(User.posts.comments.text == 3)  # mistake
    Comment.where(Comment.post.author.name == 3)  # mistake
    Comment.where(Comment.post.created > 3)  # mistake
    Review.where(Review.title == 3)  # mistake
    Review.where(Review.stars == "x")  # mistake
    Review.where(Review.author.posts.comments.post.level == "medium")  # mistake
    Statistic.where(Statistic.posts == "x")  # mistake
    Post.aio.where(Post.author.name == 3)  # mistake
    Post.where(Post.status, Post.comments.text == 3)  # mistake
    Post.where().expand(Post.title)  # mistake
    Post.where().prefetch(Post.status)  # mistake


def records(user: User, post: Post, review: Review, comment: Comment, pb: PocketBase) -> None:
    """What may be put into records, and what they give."""
    Post(title="x", author=None)  # mistake, unseen by ty, pyrefly
    Post(title="x", author=user, level="medium")  # mistake, unseen by pyrefly
    Post(title="x", author=user, parent=comment)  # mistake, unseen by ty, pyrefly
    Review(title="x", author=user, star=3)  # mistake
    post.level = "medium"  # mistake
    post.parent = comment  # mistake
    post.author = comment  # mistake
    review.stars = "x"  # mistake
    review.created = None  # mistake
    post.editor.get()  # mistake
    post.parent.id  # mistake
    post.author.name  # mistake
    post.author.record.name  # mistake
    comment.post.record.author.record  # mistake
    user.posts.first().title  # mistake
    user.posts.where(Post.level == "medium")  # mistake
    with pb.batch() as batch:
        batch.save("x")  # mistake
        batch.save(post, only=Post.title)  # mistake
    for found in Review.where():
        found.nope  # mistake


async def awaited(user: User, post: Post) -> None:
    """The same, async."""
    (await Review.aio.where().first()).stars  # mistake
    (await post.author.aio.get()).nope  # mistake
    (await Post.aio.create(title="x", author=user)).nope  # mistake
    async for comment in post.comments.aio:
        comment.nope  # mistake
    values: Any = await user.posts.aio.values_list(Post.title, flat=True).first()
    print(values + 1)
