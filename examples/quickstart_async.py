"""pbmodels in async code: `python examples/quickstart_async.py`.

The same models as in sync code; what asks the server is behind `.aio` and is awaited.
"""

import asyncio
from datetime import UTC, datetime
from time import perf_counter
from typing import Literal

from rich.console import Console
from rich.markup import escape

from pbmodels import (
    AuthCollection,
    Collection,
    Field,
    FileField,
    InvalidRecord,
    PocketBaseServer,
    Relation,
    autodate,
    connect,
    field,
)
from pbmodels.schema import push

console = Console(highlight=False)


class User(AuthCollection, collection="users"):
    name: Field[str] = field(default="")


class Post(Collection, collection="posts"):
    title: Field[str] = field(max_length=200)
    status: Field[bool] = field(default=False)
    views: Field[int] = field(default=0)
    tags: Field[list[Literal["news", "tech", "art"]]] = field(default_factory=list)
    published: Field[datetime | None] = field(default=None)
    author: Relation[User]
    cover: FileField = field(default=None)
    created: Field[datetime] = autodate()
    updated: Field[datetime] = autodate(on_update=True)


class Comment(Collection, collection="comments"):
    text: Field[str]
    post: Relation[Post] = field(cascade_delete=True)


async def main() -> None:
    begin = perf_counter()
    async with PocketBaseServer() as server:
        say("Start", f"PocketBase {server.version} after {(perf_counter() - begin) * 1000:.0f} ms")
        with server.client() as superuser:
            push(superuser, User, Post, Comment)
            connect(superuser)  # for both flavours: the models use its async twin, superuser.aio
            async with superuser.aio:
                post = await save_records()
                await ask()
                await change(post)
                await refuse(post)
                await watch(post)
                await side_by_side(post)


async def save_records() -> Post:
    """`await record.aio.save()` or `await Model.aio.create(...)`; many at once in a TaskGroup."""
    ann = await User(name="Ann", email="ann@example.com", password="correct horse").aio.save()
    post = await Post.aio.create(title="Hello", author=ann, tags=["news"], views=3, published=datetime.now(UTC))
    async with asyncio.TaskGroup() as group:
        for number in range(10):
            group.create_task(Comment.aio.create(text=f"Comment {number}", post=post))
        group.create_task(Post.aio.create(title="50% off", author=ann, views=12, cover=("note.txt", b"Eat well.")))
    say("Save", f"{await Post.aio.count()} posts, {await Comment.aio.count()} comments")
    return post


async def ask() -> None:
    """The conditions are those of sync code; `async for` fetches the next page while this one is used."""
    query = Comment.aio.where(Comment.post.title == "Hello", Comment.text.endswith("7"))
    async for comment in query:
        say("Query", f"[cyan]{escape(str(query))}[/] finds {comment.text!r}")
    page = await Post.aio.where(Post.views > 1).order_by(-Post.views).expand(Post.author).page(1, 20)
    for post in page:
        author = await post.author.aio.get()  # sends nothing: expand brought it along
        cover = f", file {post.cover.name}" if post.cover else ""
        say("", f"{post.title!r} by {author.name}{cover}")


async def change(post: Post) -> None:
    """Only what changed is sent."""
    post.status = True
    post.tags.append("tech")
    say("Change", f"changed_fields: {sorted(post.changed_fields)}")
    await post.aio.save()
    say("", f"saved; changed_fields: {sorted(post.changed_fields)}")


async def refuse(post: Post) -> None:
    """Refusals are the same, and come before anything is sent."""
    try:
        await Post.aio.create(title="A", author=post.author, views="many")
    except InvalidRecord as error:
        say("Mistake", f"[red]{type(error).__name__}[/]: {escape(str(error))}")


async def watch(post: Post) -> None:
    """Changes arrive while other tasks make them."""

    async def rename() -> None:
        same = await Post.aio.get(post.id)
        same.title = "Hello, world"
        await same.aio.save()

    async with Post.aio.watch(Post.status == True) as events, asyncio.TaskGroup() as group:
        group.create_task(rename())
        async for event in events:
            say("Watch", f"{event.action} arrived live: {event.record.title!r}")
            break


async def side_by_side(post: Post) -> None:
    """Requests that run at the same time share a pool of connections."""
    count = 200
    begin = perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(count):
            group.create_task(Post.aio.get(post.id))
    say("Timings", f"{(perf_counter() - begin) * 1000:6.2f} ms for {count} gets side by side")


def say(step: str, text: str) -> None:
    console.print(f"[bold green]{step:<9}[/] {text}", soft_wrap=True)


if __name__ == "__main__":
    asyncio.run(main())
