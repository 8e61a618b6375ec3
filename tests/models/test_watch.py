"""Changes arrive live from the real server; sync and async."""

from __future__ import annotations

import asyncio
import threading
from contextlib import ExitStack

import pytest

from pbmodels import (
    AsyncPocketBase,
    ConnectionFailed,
    Event,
    FieldNotLoaded,
    FilterError,
    PocketBase,
    PocketBaseServer,
    using,
)
from pbmodels.schema import push
from tests.blog import Comment, Post, User


def test_every_change_arrives_in_order(blog: PocketBase) -> None:
    with Post.watch() as events:
        post = Post(title="x", tags=["news"]).save()
        post.title = "y"
        post.save()
        post.delete()
        found = [next(events) for _ in range(3)]

    assert [(event.action, event.record.title) for event in found] == [
        ("create", "x"),
        ("update", "y"),
        ("delete", "y"),
    ]
    assert all(isinstance(event, Event) and isinstance(event.record, Post) for event in found)
    assert found[0].record == post
    assert found[0].record.changed_fields == set()
    assert found[0].record.tags == ["news"]


def test_only_what_matches_arrives(blog: PocketBase) -> None:
    with Post.watch(Post.views > 5, Post.title.contains('"quoted" \\ 50%')) as events:
        Post(title="no", views=9).save()
        Post(title='"quoted" \\ 50%', views=1).save()
        wanted = Post(title='a "quoted" \\ 50% b', views=9).save()

        assert next(events).record == wanted


def test_raw_conditions_and_queries_can_be_watched(blog: PocketBase) -> None:
    with Post.watch("views = {:n}", n=3) as by_text, Post.where(Post.views == 4).watch() as by_query:
        Post(title="three", views=3).save()
        Post(title="four", views=4).save()

        assert next(by_text).record.title == "three"
        assert next(by_query).record.title == "four"


def test_a_hundred_watchers_share_one_connection(blog: PocketBase) -> None:
    with ExitStack() as stack:
        watches = [stack.enter_context(Post.watch(Post.views == number)) for number in range(100)]
        for number in range(100):
            blog.collection("posts").create({"title": str(number), "views": number})

        assert [next(events).record.title for events in watches] == [str(number) for number in range(100)]
        assert [events.wait(0) for events in watches] == [None] * 100
        assert blog.realtime.stats.connections == 1


def test_one_record(blog: PocketBase) -> None:
    post, other = Post(title="mine").save(), Post(title="other").save()

    with Post.watch(id=post.id) as events:
        other.views = 1
        other.save()
        post.views = 2
        post.save()

        assert next(events).record.views == 2


def test_expand_and_fields(blog: PocketBase) -> None:
    user = User(email="ann@example.com", password="12345678", name="Ann").save()

    with Post.watch(expand=[Post.author], fields=[Post.title, "author"]) as events:
        Post(title="x", author=user, views=7).save()
        record = next(events).record

    assert record.author is not None
    assert record.author.record is not None
    assert (record.title, record.author.record.name) == ("x", "Ann")
    with pytest.raises(FieldNotLoaded, match="posts.views"):
        _ = record.views


def test_nested_relations_come_along_whole(blog: PocketBase) -> None:
    user = User(email="ann@example.com", password="12345678", name="Ann").save()
    post = Post(title="x", author=user, views=7).save()

    with Comment.watch(expand=[Comment.post.author], fields=[Comment.text, Comment.post], recover=None) as events:
        Comment(text="c", post=post).save()
        record = next(events).record

    assert record.post.record is not None
    assert record.post.record.views == 7
    assert record.post.record.author is not None
    assert record.post.record.author.record is not None
    assert record.post.record.author.record.name == "Ann"


def test_plain_iteration(blog: PocketBase) -> None:
    watch = Post.watch()
    seen: list[str] = []
    subscribed = threading.Event()

    def listen() -> None:
        with watch:
            subscribed.set()
            for event in watch:
                seen.append(event.record.title)

    thread = threading.Thread(target=listen)
    thread.start()
    assert subscribed.wait(60)
    with PocketBase(blog.url) as other:
        other.auth_store.save(blog.auth_store.token)
        other.collection("posts").create({"title": "a"})
        with Post.watch(Post.title == "b") as mine:
            other.collection("posts").create({"title": "b"})
            assert next(mine).record.title == "b"

    watch.close()
    thread.join(60)
    assert not thread.is_alive()
    assert seen[:1] == ["a"]


def test_a_watch_that_was_closed_stays_closed(blog: PocketBase) -> None:
    with Post.watch() as events:
        pass

    assert list(events) == []


def test_it_goes_on_after_the_server_came_back() -> None:
    with PocketBaseServer() as server, server.client() as pb, using(pb):
        push(pb, *[User, Post])
        with Post.watch() as events:
            Post(title="before").save()
            assert next(events).record.title == "before"

            server.restart()
            done = threading.Event()

            def write_until_seen() -> None:
                with server.client() as writer:
                    while not done.wait(0.05):
                        writer.collection("posts").create({"title": "after"})

            thread = threading.Thread(target=write_until_seen)
            thread.start()
            try:
                assert next(events).record.title == "after"
            finally:
                done.set()
                thread.join()


def test_a_server_that_is_down_says_so_at_once() -> None:
    with PocketBase("http://127.0.0.1:9") as pb, using(pb), pytest.raises(ConnectionFailed, match="cannot reach"):
        Post.watch().__enter__()


def test_what_watch_does_not_take(blog: PocketBase) -> None:
    with pytest.raises(FilterError, match="as lists"):
        Post.watch(expand="author")
    with pytest.raises(ValueError, match="no record id to watch"):
        Post.watch(id="a/b").__enter__()
    with pytest.raises(ValueError, match=r"takes a topic of \d+ characters, and PocketBase accepts 2500"):
        Post.watch(Post.title.in_([f"title {n}" * 5 for n in range(60)])).__enter__()


async def test_changes_awaited(aio: AsyncPocketBase) -> None:
    async with Post.aio.watch(Post.views > 1) as events:
        await Post(title="no").aio.save()
        post = await Post(title="yes", views=2).aio.save()
        event = await asyncio.wait_for(anext(events), 60)

    assert (event.action, event.record) == ("create", post)


async def test_a_cancelled_watch_leaves_the_client_well(aio: AsyncPocketBase) -> None:
    async def listen() -> None:
        async for _ in Post.aio.watch():
            pass

    task = asyncio.create_task(listen())
    await asyncio.sleep(0)
    await Post(title="x").aio.save()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert await Post.aio.count() == 1
