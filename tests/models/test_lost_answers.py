"""Creates whose answer is lost after the server wrote: saving again makes no second record and loses no change."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable, Iterator

import httpx
import pytest

from pbmodels import (
    AsyncPocketBase,
    BulkFailed,
    Collection,
    ConnectionFailed,
    Field,
    InvalidRecord,
    PocketBase,
    PocketBaseServer,
    ValidationFailed,
    connect,
    field,
    using,
)
from tests.blog import Comment, Post, User


class Cut(httpx.HTTPTransport):
    """Breaks the connection when the server has answered a write, as often as it is told to."""

    times = 0
    client: PocketBase

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        if request.method != "GET" and self.times > 0:
            self.times -= 1
            response.read()
            response.close()
            raise httpx.ReadError("cut", request=request)
        return response


@pytest.fixture
def cut(blog: PocketBase) -> Iterator[Cut]:
    """The models' connection to the server, batches allowed."""
    before = blog.settings.get_all()["batch"]
    blog.settings.update({"batch": {"enabled": True, "maxRequests": 100, "timeout": 30}})
    transport = Cut()
    with httpx.Client(transport=transport) as http, PocketBase(blog.url, http_client=http, retries=0) as client:
        client.auth_store.save(blog.auth_store.token, blog.auth_store.record)
        transport.client = connect(client)
        yield transport
    blog.settings.update({"batch": before})


def lose(cut: Cut, write: Callable[[], object]) -> None:
    cut.times = 1
    with pytest.raises(ConnectionFailed, match="broke before the answer was complete"):
        write()


def test_a_record_is_saved_again(cut: Cut) -> None:
    post = Post(title="One", tags=["news"])
    lose(cut, post.save)
    assert post.is_new

    post.save()

    assert (post.is_new, post.changed_fields, post.created is not None) == (False, set(), True)
    assert Post.count() == 1


def test_what_is_changed_meanwhile_is_saved(cut: Cut) -> None:
    post = Post(title="One", tags=["news"], meta={"a": 1})
    lose(cut, post.save)

    post.title = "Two"
    post.tags.append("tech")
    post.meta["b"] = 2
    post.save()

    there = Post.where().one()
    assert (there.id, there.title, there.tags, there.meta) == (post.id, "Two", ["news", "tech"], {"a": 1, "b": 2})


def test_a_create_that_did_not_arrive_is_sent(cut: Cut, blog: PocketBase) -> None:
    post = Post(title="One")
    lose(cut, post.save)
    blog.collection("posts").delete(post.id)

    assert post.save().is_new is False
    assert Post.where().one().title == "One"


def test_it_may_be_deleted_or_loaded_instead(cut: Cut) -> None:
    one, two = Post(title="One"), Post(title="Two")
    lose(cut, one.save)
    lose(cut, two.save)
    two.title = "Changed"

    one.delete()

    assert Post.where().one() == two
    assert (two.refresh().title, two.is_new) == ("Two", False)


def test_new_records_that_it_relates_to(cut: Cut) -> None:
    author = User(email="ann@example.com", password="12345678")
    comment = Comment(text="First", post=Post(title="One", author=author, cover=("a.txt", b"a")))
    lose(cut, comment.save)

    comment.save()

    assert not comment.is_new
    assert not author.is_new
    assert (Comment.count(), Post.count(), User.count()) == (1, 1, 1)
    assert Comment.where().expand(Comment.post.author).one().post.record.author == author  # type: ignore[union-attr]


def test_a_batch_is_sent_again(cut: Cut) -> None:
    new, saved = Post(title="New"), Post(title="Saved").save()
    saved.title = "Changed"
    batch = cut.client.batch()
    batch.save(new)
    batch.save(saved)
    lose(cut, batch.send)
    assert new.is_new
    assert saved.changed_fields == {"title"}

    batch.send()

    assert not new.is_new
    assert sorted(post.title for post in Post.where()) == ["Changed", "New"]


def test_a_bulk_create_is_called_again(cut: Cut) -> None:
    posts = [Post(title=f"{number}") for number in range(30)]
    cut.times = 1
    with pytest.raises(BulkFailed, match="0 of 30 records were written, and of 30 it is not known"):
        Post.bulk_create(posts)
    posts[3].title = "changed"

    assert Post.bulk_create([*posts, Post(title="more")])[:30] == posts

    assert not any(post.is_new for post in posts)
    assert sorted(post.title for post in Post.where()) == sorted([post.title for post in posts] + ["more"])
    with pytest.raises(InvalidRecord, match="is saved already: use bulk_update"):
        Post.bulk_create(posts)


def test_a_refusal_leaves_no_doubt(cut: Cut) -> None:
    author = User(email="ann@example.com", password="12345678").save()
    twin = User(email="ann@example.com", password="12345678")
    with pytest.raises(ValidationFailed, match="email: Value must be unique"):
        twin.save()
    sent: list[str] = []
    cut.client.before_send = lambda request: sent.append(request.method)
    twin.email = "ben@example.com"

    assert twin.save() != author
    assert sent == ["POST"]


def test_hooks_see_one_creation(cut: Cut) -> None:
    seen: list[str] = []

    class Hooked(Collection, collection="posts"):
        title: Field[str] = field(max_length=200)

        def after_save(self, *, created: bool) -> None:
            seen.append(f"{self.title} {created}")

    post = Hooked(title="One")
    lose(cut, post.save)
    post.title = "Two"
    post.save()

    assert seen == ["Two True", "Two False"]


def test_a_copy_knows_it_too(cut: Cut) -> None:
    post = Post(title="One")
    lose(cut, post.save)

    assert pickle.loads(pickle.dumps(post)).save() == Post.where().one()


async def test_a_task_that_is_cancelled(blog: PocketBase, aio: AsyncPocketBase, server: PocketBaseServer) -> None:
    arrived = asyncio.Event()

    class Slow(httpx.AsyncHTTPTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            response = await super().handle_async_request(request)
            if request.method == "POST":
                arrived.set()
                await asyncio.sleep(60)
            return response

    post = Post(title="One")
    async with (
        httpx.AsyncClient(transport=Slow()) as http,
        AsyncPocketBase(server.url, http_client=http) as slow,
    ):
        slow.auth_store.save(blog.auth_store.token, blog.auth_store.record)
        with using(slow):
            task = asyncio.ensure_future(post.aio.save())
            await arrived.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    await post.aio.save()

    assert not post.is_new
    assert await Post.aio.count() == 1
