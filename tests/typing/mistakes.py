"""Mistakes that editors underline: exactly the lines marked `# mistake`, in every checker.

ty and pyrefly know pydantic and give `__init__` the wider types that it would convert: where that hides a
mistake, the mark says so (it is refused at run time all the same).
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pbmodels import (
    BackRelation,
    Collection,
    Field,
    FileList,
    PocketBase,
    Relation,
    Relations,
    autodate,
    back_relation,
    field,
    using,
)


class User(Collection, collection="users"):
    name: Field[str] = field(default="")


class Post(Collection, collection="posts"):
    title: Field[str]
    views: Field[int] = field(default=0)
    status: Field[bool] = field(default=False)
    section: Field[Literal["home", "world"] | None] = field(default=None)
    published: Field[datetime | None] = field(default=None)
    author: Relation[User]
    editor: Relation[User | None] = field(default=None)
    reviewers: Relations[User] = field(default_factory=list)
    gallery: FileList = field(default_factory=list)
    created: Field[datetime] = autodate()
    replies: BackRelation[Reply] = back_relation("post")


class Reply(Collection):
    post: Relation[Post]


def mistakes(user: User, post: Post) -> None:
    """Each of these fails at run time too."""
    Post(title=3, author=user)  # mistake, unseen by pyrefly
    Post(titl="x", author=user)  # mistake
    Post(author=user)  # mistake
    Post(title="x", author=post)  # mistake, unseen by ty, pyrefly
    Post(title="x", author=user, created=datetime.now())  # mistake, unseen by pyrefly
    Post(title="x", author=user, replies=[])  # mistake, unseen by pyrefly
    post.title = 3  # mistake
    post.replies = []  # mistake
    Post.replies.nope  # mistake
    post.author = post  # mistake
    post.nope  # mistake
    Post.nope  # mistake
    Post.author.nope  # mistake
    Post.where(True)  # mistake
    Post.where(Post.views.startswith(3))  # mistake
    Post.views > "x"  # mistake
    Post.order_by("title")  # mistake
    Post.where().order_by(3)  # mistake
    Post.get(3)  # mistake


def conditions() -> None:
    """A comparison that can never be true is no condition: Python makes a bool of it."""
    Post.where(Post.views == "x")  # mistake
    Post.where(Post.views != "x")  # mistake
    Post.where(Post.title == 3)  # mistake
    Post.where(Post.title == None, Post.status == "yes")  # mistake  # noqa: E711
    Post.where(Post.section == "nope")  # mistake
    Post.where(Post.author.name == 3)  # mistake
    Reply.where(Reply.post.author.name == 3)  # mistake
    Post.where(Post.replies.post.views == "x")  # mistake
    Post.where(Post.published == 3)  # mistake
    Post.where(Post.published > 3)  # mistake
    Post.where(Post.published > Post.title)  # mistake
    Post.where(Post.title == Post.views)  # mistake
    Post.where(Post.views)  # mistake
    Post.where(Post.title, Post.status)  # mistake
    Post.where(~Post.views)  # mistake
    Post.where(Post.views & Post.status)  # mistake
    Post.where((Post.views == "x") & Post.status)  # mistake
    Post.where((Post.views > 3) & (Post.views == "x"))  # mistake
    Post.where(Post.views > 3, 3)  # mistake
    Post.where(Post.views in [1, 2])  # mistake
    Post.where(not Post.status)  # mistake
    Post.where(Post.title.lower() == 3)  # mistake
    Post.where(Post.title.lon > 3)  # mistake, unseen by mypy
    Post.where(Post.section.in_(["nope"]))  # mistake
    Post.where(Post.views.in_(["x"]))  # mistake
    Post.where(Post.replies.any.nope == 3)  # mistake
    Post.aio.where(Post.views == "x")  # mistake
    Post.watch(Post.views == "x")  # mistake


async def records(post: Post, reply: Reply) -> None:
    """What may be missing, and what is awaited."""
    post.editor.id  # mistake
    post.published.year  # mistake
    reply.post.record.title  # mistake
    Post.where().first().title  # mistake
    Post.get_or_none("id").title  # mistake
    Post.get("id").nope  # mistake
    post.section = "nope"  # mistake
    post.author = None  # mistake
    (await Post.aio.get("id")).nope  # mistake
    (await Post.aio.where().first()).title  # mistake
    Post.aio.where().all()[0]  # mistake
    for reply in Post.where():  # mistake
        print(reply)


def verbs(user: User, post: Post, reply: Reply, pb: PocketBase) -> None:
    """Query sets, values, many records at once, lists and batches."""
    Post.where()[0]  # mistake
    Post.where().limit("3")  # mistake
    Post.where().page("1")  # mistake
    Post.where().in_batches("3")  # mistake
    Post.where().only(3)  # mistake
    Post.where().defer(Post)[3]  # mistake
    Post.where().last().title  # mistake
    Post.where().one_or_none().title  # mistake
    Post.where().all().first()  # mistake
    Post.where().prefetch(3)  # mistake
    Post.where().prefetch(Post.replies, [reply])  # mistake
    Post.where().values_list(Post.title, flat=True).all()[0] + 1  # mistake
    Post.where().values_list(Post.title, Post.views).all()[0][2]  # mistake
    Post.bulk_create([reply])  # mistake, unseen by ty
    Post.bulk_create([Post(title="x", author=user)], "3")  # mistake
    Post.bulk_update(post)  # mistake
    Post.bulk_delete([3])  # mistake
    Post.get_or_create(defaults=3)  # mistake
    Post.get_or_create(title="x").title  # mistake
    post.increment(views="x")  # mistake
    post.save(only=3)  # mistake
    post.save(only=Post.title)  # mistake
    Post.get("id", expand=Post.title)  # mistake
    post.save([Post.title])  # mistake
    post.reviewers.add(3)  # mistake
    post.reviewers.add(reply)  # mistake
    post.reviewers[0] = reply  # mistake
    post.reviewers.append(reply)  # mistake
    post.gallery[0] = 3  # mistake
    pb.batch().save("x")  # mistake
    pb.batch().delete({"id": "x"})  # mistake
    using("http://127.0.0.1:8090")  # mistake
    Post.where().live().snapshot()[0].nope  # mistake
    Post.where().live().wait().record  # mistake
    for batch in Post.where().in_batches():
        batch.title  # mistake


async def verbs_awaited(post: Post, reply: Reply) -> None:
    """The same, async."""
    Post.aio.where()[0]  # mistake
    (await Post.aio.where().last()).title  # mistake
    Post.aio.bulk_create([post])[0]  # mistake
    await Post.aio.bulk_create([reply])  # mistake
    await post.reviewers.aio.add(reply)  # mistake
    (await Post.aio.where().values_list(Post.views, flat=True).all())[0].nope  # mistake
    for _ in Post.aio.where():  # mistake
        pass
    async for _ in Post.where():  # mistake
        pass
