"""What editors infer: every line is asserted by mypy, pyright, ty and pyrefly."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, assert_type

from pbmodels import (
    AsyncPocketBase,
    AsyncQuerySet,
    AuthCollection,
    AuthResult,
    BackRelation,
    Collection,
    Event,
    Expr,
    Field,
    File,
    FileField,
    FileList,
    Files,
    Filter,
    ListResult,
    Page,
    PocketBase,
    QuerySet,
    Record,
    Ref,
    Refs,
    Relation,
    Relations,
    Sort,
    autodate,
    back_relation,
    current_user,
    field,
)
from pbmodels.schema import Diff, diff


class Badge(Collection, collection="badges"):
    """Its relations lead to models that are declared later."""

    holder: Relation[User]
    post: Relation[Post | None] = field(default=None)
    others: Relations[User] = field(default_factory=list)


class User(Collection, collection="users"):
    name: Field[str] = field(default="")


class Post(Collection, collection="posts"):
    title: Field[str] = field(max_length=200)
    status: Field[bool] = field(default=False)
    views: Field[int] = field(default=0)
    published: Field[datetime | None] = field(default=None)
    author: Relation[User]
    editor: Relation[User | None] = field(default=None)
    reviewers: Relations[User] = field(default_factory=list)
    cover: FileField = field(default=None)
    gallery: FileList = field(default_factory=list)
    created: Field[datetime] = autodate()
    comments: BackRelation[Comment] = back_relation("post")


class Comment(Collection):
    text: Field[str]
    post: Relation[Post]


def class_access() -> None:
    """Fields of the class are expressions."""
    assert_type(Post.title, Expr[str])
    assert_type(Post.views, Expr[int])
    assert_type(Post.published, Expr[datetime | None])
    assert_type(Post.cover, Expr[str])
    assert_type(Post.status == True, Filter)
    assert_type(Post.title != "x", Filter)
    assert_type(Post.views > 3, Filter)
    assert_type((Post.views > 3) & (Post.status == True) | ~Post.title.contains("x"), Filter)
    assert_type(Post.views.in_([1, 2]), Filter)
    assert_type(-Post.created, Sort)


def relations_on_the_class(user: User) -> None:
    """Relations lead on to the related model, and compare with a record, a Ref or an id."""
    assert_type(Post.author, type[User])
    assert_type(Post.author.name, Expr[str])
    assert_type(Post.editor.name, Expr[str])
    assert_type(Post.reviewers.name, Expr[str])
    assert_type(Comment.post.author.name == "Ann", Filter)
    assert_type(Post.author == user, Filter)
    assert_type(Post.author != "id", Filter)
    assert_type(Post.reviewers.contains(user), Filter)
    assert_type(Post.author.in_([user, "id"]), Filter)
    assert_type(Post.editor.is_empty(), Filter)
    assert_type(Post.comments, type[Comment])
    assert_type(Post.comments.text == "x", Filter)
    assert_type(Post.comments.post.comments.text, Expr[str])
    assert_type(Post.where(Post.comments.is_empty()).expand(Post.comments), QuerySet[Post])
    assert_type(Post.where().order_by(Post.author, Post.author.desc()), QuerySet[Post])


def forward(badge: Badge, user: User) -> None:
    """Models that are declared later are known as well."""
    assert_type(Badge.holder, type[User])
    assert_type(Badge.post.author.name == "Ann", Filter)
    assert_type(Badge.others.any.name, Expr[str])
    assert_type(badge.holder, Ref[User])
    assert_type(badge.post, Ref[Post] | None)
    assert_type(badge.others, Refs[User])
    assert_type(Badge(holder=user, others=[user]).holder.get(), User)
    assert_type(Badge.where().expand(Badge.post.author, Badge.holder), QuerySet[Badge])


def instance_access(post: Post) -> None:
    """Fields of a record are values."""
    assert_type(post.title, str)
    assert_type(post.published, datetime | None)
    assert_type(post.created, datetime)
    assert_type(post.author, Ref[User])
    assert_type(post.author.id, str)
    assert_type(post.author.record, User | None)
    assert_type(post.author.get(), User)
    assert_type(post.editor, Ref[User] | None)
    assert_type(post.reviewers, Refs[User])
    refs: list[Ref[User]] = post.reviewers
    assert_type(refs[0].get(), User)
    assert_type(post.cover, File | None)
    assert_type(post.gallery, Files)
    assert_type(post.gallery[0], File)
    assert_type(post.gallery[0].read(), bytes)
    assert_type(post.comments, QuerySet[Comment])
    assert_type(post.comments.where(Comment.text == "x").all(), list[Comment])
    assert_type(post.is_new, bool)
    assert_type(post.changed_fields, set[str])


def writing(user: User) -> None:
    """What a record may be made of and assigned."""
    post = Post(title="Hello", author=user)
    Post(title="Hello", author=user.id, views=3, editor=None, cover=Path("cover.png"))
    Post(title="Hello", author=Ref[User]("id"), reviewers=[user, "id"], gallery=[b"x", ("a.txt", b"y")])
    post.author = user
    post.editor = None
    post.cover = Path("cover.png")
    post.cover = b"content"
    post.gallery.append(Path("cover.png"))
    post.reviewers.append(user)
    post.reviewers.add(user, "id", Ref[User]("id"))
    post.reviewers.set([user])
    assert_type(post.save(), Post)
    assert_type(post.save(only=[Post.title, Post.author]), Post)
    assert_type(post.increment(views=1), Post)
    assert_type(post.refresh(), Post)
    assert_type(Post.create(title="x", author=user), Post)


def queries() -> None:
    """Queries know their model."""
    query = Post.where(Post.status == True, "views > {:n}", n=1).order_by(-Post.created, Post.title)
    assert_type(query, QuerySet[Post])
    assert_type(query.expand(Post.author, Comment.post.author), QuerySet[Post])
    assert_type(query.page(1, 20), Page[Post])
    assert_type(query.page().items, list[Post])
    assert_type(query.first(), Post | None)
    assert_type(query.one(), Post)
    assert_type(query.all(), list[Post])
    assert_type(query.count(), int)
    assert_type(query.exists(), bool)
    assert_type(Post.get("id"), Post)
    assert_type(Post.get_or_none("id"), Post | None)
    for post in query:
        assert_type(post, Post)
    for event in Post.watch(Post.status == True):
        assert_type(event, Event[Post])
        assert_type(event.record.title, str)


async def queries_async(post: Post, user: User) -> None:
    """The same, awaited."""
    query = Post.aio.where(Post.views > 10)
    assert_type(query, AsyncQuerySet[Post])
    assert_type(await query.all(), list[Post])
    assert_type(await query.first(), Post | None)
    assert_type(await Post.aio.get("id"), Post)
    assert_type(await post.aio.save(), Post)
    assert_type(await post.author.aio.get(), User)
    await post.reviewers.aio.add(user)
    assert_type(await post.gallery[0].aio.read(), bytes)
    assert_type(await post.aio.increment(views=-1), Post)
    assert_type(await post.comments.aio.all(), list[Comment])
    async for found in query:
        assert_type(found, Post)
    async for event in Post.aio.watch():
        assert_type(event, Event[Post])


class Member(AuthCollection, collection="members"):
    name: Field[str] = field(default="")


class Guest(Member, collection="guests"):
    pass


def accounts(pb: PocketBase) -> None:
    """Signing in gives the model's records."""
    assert_type(Member.login("a@example.com", "secret"), Member)
    assert_type(Guest.register("a@example.com", "secret", name="Ann"), Guest)
    assert_type(Member.current(), Member | None)
    assert_type(current_user(), AuthCollection | None)
    assert_type(current_user(Guest), Guest | None)
    assert_type(Member.login_with_oauth2("google", print), tuple[Member, dict[str, Any]])
    assert_type(Member(email="a@example.com", password="secret", name="x").save().email, str)
    assert_type(Member(email="a@example.com").impersonate(), PocketBase)
    assert_type(pb.with_token("t"), PocketBase)


async def accounts_async() -> None:
    """The same, awaited."""
    assert_type(await Member.aio.login("a@example.com", "secret"), Member)
    assert_type(await Guest.aio.register("a@example.com", "secret"), Guest)
    member = await Member.aio.get("id")
    assert_type(await member.aio.save(), Member)
    assert_type(await member.aio.impersonate(), AsyncPocketBase)
    await member.aio.change_password("old", "new")


async def client(pb: PocketBase) -> None:
    """The client without models."""
    assert_type(pb.collection("posts").get_list(1, 30), ListResult[Record])
    assert_type(pb.collection("posts").get_one("id"), Record)
    assert_type(pb.users.auth_with_password("a", "b"), AuthResult)
    assert_type(await pb.aio.collection("posts").get_full_list(), list[Record])
    assert_type(pb.collection("posts").get_one("id").get_str("title"), str)
    assert_type(pb.collection("posts").get_one("id").title, Any)


async def schema(pb: PocketBase) -> None:
    """Models and collections in step, by functions and by a client's own."""
    assert_type(pb.schema.diff(Post, Member), Diff)
    assert_type(await pb.aio.schema.diff(Post), Diff)
    assert_type(diff(pb, Post), Diff)
    assert_type(await diff(pb.aio, Post), Diff)
    assert_type(pb.schema.push(Post), list[str])
    assert_type(await pb.aio.schema.push(Post), list[str])
    assert_type(pb.schema.pull(), str)
    assert_type(await pb.aio.schema.migrate(Post, folder="pb_migrations"), Path | None)
