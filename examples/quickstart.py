"""pbmodels in one page: `make demo`, or `python examples/quickstart.py`.

It starts a real PocketBase in a temporary folder, and leaves nothing behind.
"""

import struct
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Thread
from time import perf_counter
from typing import Literal

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pbmodels import (
    AuthCollection,
    Collection,
    Field,
    FileField,
    Html,
    PocketBase,
    PocketBaseError,
    PocketBaseServer,
    QuerySet,
    Relation,
    Relations,
    autodate,
    connect,
    field,
)
from pbmodels.schema import push

console = Console(highlight=False)


# A collection is a class. Its annotations say what PocketBase keeps, and what your editor may assume.


class User(AuthCollection, collection="users"):
    name: Field[str] = field(default="")


class Post(Collection, collection="posts"):
    title: Field[str] = field(max_length=200)
    body: Field[Html] = field(default="")
    status: Field[bool] = field(default=False)
    views: Field[int] = field(default=0)
    tags: Field[list[Literal["news", "tech", "art"]]] = field(default_factory=list)
    published: Field[datetime | None] = field(default=None)
    author: Relation[User]
    reviewers: Relations[User] = field(default_factory=list)
    cover: FileField = field(default=None, thumbs=["100x100"])
    created: Field[datetime] = autodate()
    updated: Field[datetime] = autodate(on_update=True)


class Comment(Collection, collection="comments"):
    text: Field[str]
    post: Relation[Post] = field(cascade_delete=True)
    author: Relation[User | None] = field(default=None)


def main() -> None:
    begin = perf_counter()
    with PocketBaseServer() as server, server.client() as pb:
        say("Start", f"PocketBase {server.version} on {server.url}, after {(perf_counter() - begin) * 1000:.0f} ms")
        connect(pb)  # the client that all models use
        say("Push", f"created the collections {', '.join(push(pb, User, Post, Comment))}")
        ann, post = save_records()
        ask(ann)
        change(pb, post)
        make_mistakes(ann)
        watch(post)
        measure(ann)


def save_records() -> tuple[User, Post]:
    """Records are instances; `save()` and `create()` send them."""
    ann = User(name="Ann", email="ann@example.com", password="correct horse").save()
    bob = User.create(name="Bob", email="bob@example.com", password="battery staple")
    lunch = Post.create(title="50% off", author=bob, tags=["news"], views=12)
    post = Post(title="Hello", author=ann, reviewers=[bob], tags=["news", "tech"], views=3)
    post.cover = ("cover.png", picture(240, 160))
    post.published = datetime.now(UTC) - timedelta(days=1)
    cover = post.save().cover
    Comment.create(text="First!", post=post, author=bob)
    Comment.create(text="Tasty.", post=lunch)
    say("Save", f"{User.count()} users, {Post.count()} posts, {Comment.count()} comments")
    if cover:
        say("", f"the picture's thumbnail: {cover.url(thumb='100x100')}")
    return ann, post


def ask(ann: User) -> None:
    """Conditions are Python expressions; `str(query)` is the filter that is sent."""
    queries: dict[str, QuerySet[Post] | QuerySet[Comment]] = {
        "Post.views > 5": Post.where(Post.views > 5),
        'Post.title.contains("50%")': Post.where(Post.title.contains("50%")),
        'Post.tags.contains("tech")': Post.where(Post.tags.contains("tech")),
        "Post.published.is_empty()": Post.where(Post.published.is_empty()),
        "Post.author == ann": Post.where(Post.author == ann),
        'Comment.post.author.name == "Ann"': Comment.where(Comment.post.author.name == "Ann"),
        "(Post.views > 5) | (Post.views < 3)": Post.where((Post.views > 5) | (Post.views < 3)),
        "~Post.views.in_([3, 4])": Post.where(~Post.views.in_([3, 4])),
    }
    table = Table("You write", "It sends", "It finds", box=SIMPLE_HEAD, pad_edge=False)
    for text, query in queries.items():
        found = [record.title if isinstance(record, Post) else record.text for record in query]
        table.add_row(escape(text), f"[cyan]{escape(str(query))}[/]", escape(", ".join(found)))
    say("Query")
    console.print(table)
    for post in Post.where().order_by(-Post.views).expand(Post.author).page(1, 20):
        assert post.author.record is not None  # expand brought it along
        say("", f"{post.title!r} by {post.author.record.name}")


def change(pb: PocketBase, post: Post) -> None:
    """`save()` sends what changed and nothing else, also where a list was changed in place."""
    post.status = True
    post.views += 1
    post.tags.append("art")
    say("Change", f"changed_fields: {sorted(post.changed_fields)}")
    pb.before_send = lambda request: say("", f"sends {request.method} [cyan]{escape(request.read().decode())}[/]")
    post.save()
    pb.before_send = None
    say("", f"saved; changed_fields: {sorted(post.changed_fields)}")


def make_mistakes(ann: User) -> None:
    """What PocketBase would change without a word is refused before it is sent, in a sentence."""
    mistakes: dict[str, Callable[[], object]] = {
        'Post(views="many")': lambda: Post.create(title="A", author=ann, views="many"),
        'Post(titel="A")': lambda: Post.create(title="A", author=ann, titel="A"),
        "Post(published=datetime(2026, 5, 1))": lambda: Post.create(
            title="A", author=ann, published=datetime(2026, 5, 1)
        ),
        'Post.get("nope")': lambda: Post.get("nope"),
    }
    say("Mistakes")
    for text, mistake in mistakes.items():
        try:
            mistake()
        except PocketBaseError as error:
            say("", f"[yellow]{escape(text)}[/]")
            say("", f"  [red]{type(error).__name__}[/]: {escape(str(error))}")


def watch(post: Post) -> None:
    """Changes arrive as they happen, whoever makes them: here another thread."""

    def rename() -> None:
        same = Post.get(post.id)
        same.title = "Hello, world"
        same.save()

    with Post.watch(Post.status == True) as events:
        other = Thread(target=rename)
        other.start()
        event = next(events)
        other.join()
    say("Watch", f"{event.action} arrived live: {event.record.title!r}")


def measure(ann: User) -> None:
    """How long things take on this machine, one request after another."""
    count = 200
    begin = perf_counter()
    posts = [Post.create(title=f"Post {number}", author=ann) for number in range(count)]
    created = perf_counter()
    for post in posts:
        Post.get(post.id)
    got = perf_counter()
    found = Post.all()
    done = perf_counter()
    say("Timings", f"{(created - begin) / count * 1000:6.2f} ms to create a record (mean of {count})")
    say("", f"{(got - created) / count * 1000:6.2f} ms to get a record by its id (mean of {count})")
    say("", f"{(done - got) * 1000:6.2f} ms to read and check {len(found)} records")


def picture(width: int, height: int) -> bytes:
    """A PNG with a colour gradient."""
    row = b"\0" + b"".join(bytes((x * 255 // width, 120, 160)) for x in range(width))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    file = b"\x89PNG\r\n\x1a\n"
    for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(row * height)), (b"IEND", b"")):
        file += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return file


def say(step: str, text: str = "") -> None:
    console.print(f"[bold green]{step:<9}[/] {text}", soft_wrap=True)


if __name__ == "__main__":
    main()
