"""Live queries: lists that keep in step with the real server; sync and async."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pbmodels import (
    Collection,
    Event,
    Field,
    FilterError,
    Forbidden,
    NotFound,
    PocketBase,
    PocketBaseServer,
    field,
    using,
)
from pbmodels.schema import push
from tests.blog import Post, User
from tests.client.flavours import done
from tests.faults.proxy import FaultProxy


@pytest.fixture(params=["sync", "async"])
def flavour(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class Followed:
    """A live query of either flavour."""

    def __init__(self, live: Any) -> None:
        self.live = live

    async def changes(self, count: int) -> list[tuple[str, str]]:
        """So many changes, by title."""
        found = []
        for _ in range(count):
            change = await self.wait(60)
            assert change is not None, f"{len(found)} of {count} came: {found}"
            found.append((change.action, change.record.title))
        return found

    async def wait(self, timeout: float) -> Event[Any] | None:
        call = self.live.wait
        return await call(timeout) if asyncio.iscoroutinefunction(call) else await asyncio.to_thread(call, timeout)

    async def titles(self) -> list[str]:
        return [post.title for post in await done(self.live.snapshot())]

    async def until(self, condition: Callable[[list[Any]], bool]) -> list[Any]:
        """The list, once it meets a condition."""
        deadline = time.monotonic() + 60
        while not condition(found := await done(self.live.snapshot())):
            assert time.monotonic() < deadline, [post.title for post in found]
            await asyncio.sleep(0.01)
        return list(found)


@contextlib.asynccontextmanager
async def following(flavour: str, query: Any, **options: Any) -> AsyncIterator[Followed]:
    """A live query, from its beginning to its end."""
    if flavour == "async":
        async with query.aio.live(**options) as live:
            yield Followed(live)
    else:
        with query.live(**options) as live:
            yield Followed(live)


@pytest.fixture
async def posts(flavour: str, blog: PocketBase) -> AsyncIterator[PocketBase]:
    """The client of the blog, whose async connections end with the test."""
    yield blog
    await blog.aio.aclose()


async def test_what_is_there_and_what_changes(flavour: str, posts: PocketBase) -> None:
    first = Post(title="first").save()

    async with following(flavour, Post.where()) as live:
        assert await live.titles() == ["first"]
        second = Post(title="second").save()
        first.title = "changed"
        first.save()
        second.delete()

        assert await live.changes(3) == [("create", "second"), ("update", "changed"), ("delete", "second")]
        assert await live.titles() == ["changed"]
        assert await live.wait(0.05) is None


async def test_records_that_begin_and_cease_to_match(flavour: str, posts: PocketBase) -> None:
    inside, outside = Post(title="inside", views=5).save(), Post(title="outside", views=1).save()

    async with following(flavour, Post.where(Post.views > 3)) as live:
        outside.views = 9
        outside.save()
        assert await live.changes(1) == [("enter", "outside")]

        inside.views = 0
        inside.save()
        assert await live.changes(1) == [("leave", "inside")]
        assert await live.titles() == ["outside"]

        outside.delete()
        assert await live.changes(1) == [("delete", "outside")]
        assert await live.titles() == []


async def test_the_order_is_the_server_s(flavour: str, posts: PocketBase) -> None:
    random.seed(7)
    texts = ["", "a", "A", "ä", "Z", "z", "日本", "\U0001f600", "\uffee", "a b", "ab", "1", "10", "9"]
    orders = [
        (Post.title,),
        (-Post.title,),
        (-Post.status, Post.views, -Post.title),
        (-Post.score, Post.section),
        (Post.published, -Post.id),
        (-Post.published, Post.author),
        (-Post.tags, Post.title),
    ]
    user = User(email="ann@example.com", password="12345678").save()
    now = datetime.now(UTC)

    async with contextlib.AsyncExitStack() as stack:
        lists = [
            (query, await stack.enter_async_context(following(flavour, query)))
            for query in (Post.where().order_by(*order) for order in orders)
        ]
        made: list[Post] = []
        for number in range(40):
            post = Post(title=random.choice(texts) or "-", views=random.randrange(3), status=random.random() < 0.5)
            post.score = random.choice([-1.5, 0, 0.1, 1e9])
            post.section = random.choice([None, "home", "world"])
            post.published = random.choice([None, now, now - timedelta(days=number)])
            post.tags = random.choice([[], ["news"], ["art", "tech"]])
            post.author = random.choice([None, user])
            made.append(post.save())
            if number % 3 == 0:
                changed = random.choice(made)
                changed.title, changed.views = random.choice(texts) or "-", random.randrange(3)
                changed.save()

        for query, live in lists:
            expected = [post.id for post in query.all()]
            await live.until(lambda found, ids=expected: [post.id for post in found] == ids)


async def test_the_first_of_an_order(flavour: str, posts: PocketBase) -> None:
    made = [Post(title=str(views), views=views).save() for views in range(5)]

    async with following(flavour, Post.where().order_by(-Post.views)[:3]) as live:
        assert await live.titles() == ["4", "3", "2"]

        made[0].views = 10
        made[0].save()
        assert await live.changes(2) == [("enter", "0"), ("leave", "2")]
        assert await live.titles() == ["0", "4", "3"]

        made[4].delete()
        await live.until(lambda found: [post.title for post in found] == ["0", "3", "2"])

        made[3].views = -1
        made[3].save()
        await live.until(lambda found: [post.title for post in found] == ["0", "2", "1"])


async def test_nothing_is_missed_while_it_begins(flavour: str, posts: PocketBase) -> None:
    done_writing = threading.Event()

    def write() -> None:
        with PocketBase(posts.url) as pb:
            pb.auth_store.save(posts.auth_store.token)
            for number in range(150):
                pb.collection("posts").create({"title": str(number), "views": number})
        done_writing.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        async with following(flavour, Post.where(Post.views >= 0).order_by(Post.views)) as live:
            await live.until(lambda found: len(found) == 150)
            assert await live.titles() == [str(number) for number in range(150)]
    finally:
        writer.join()


async def test_what_a_break_has_lost(flavour: str, server: PocketBaseServer, posts: PocketBase) -> None:
    kept, changed, ceased, deleted = (Post(title=title, views=5).save() for title in ("kept", "changed", "ceased", "x"))
    with FaultProxy(server.url) as proxy, PocketBase(proxy.url) as pb:
        pb.auth_store.save(posts.auth_store.token)
        with using(pb):
            query = Post.where(Post.views > 3).order_by(Post.title)
            async with following(flavour, query) as live, pb.aio:
                proxy.refuse_connections = True
                proxy.cut(reset=True)
                with using(posts):
                    changed.title = "Changed"
                    changed.save()
                    ceased.views = 0
                    ceased.save()
                    deleted.delete()
                    Post(title="new", views=7).save()
                proxy.refuse_connections = False
                found = [await live.wait(60) for _ in range(4)]

                assert all(change is not None and change.recovered for change in found)
                assert {(change.action, change.record.title) for change in found if change} == {
                    ("update", "Changed"),
                    ("leave", "ceased"),
                    ("delete", "x"),
                    ("create", "new"),
                }
                assert await live.titles() == ["Changed", "kept", "new"]
                assert live.live.recovered == 4
    assert kept.title == "kept"


async def test_a_snapshot_does_not_need_the_server(flavour: str) -> None:
    with PocketBaseServer() as server, server.client() as pb, using(pb):
        push(pb, User, Post)
        Post(title="here").save()
        async with following(flavour, Post.where()) as live, pb.aio:
            await asyncio.to_thread(server.kill)
            await asyncio.sleep(0.1)
            assert await live.titles() == ["here"]


async def test_expanded_and_chosen_fields(flavour: str, posts: PocketBase) -> None:
    user = User(email="ann@example.com", password="12345678", name="Ann").save()

    query = Post.where(Post.views > 1).only(Post.title, Post.author).expand(Post.author).order_by(-Post.views)
    async with following(flavour, query) as live:
        Post(title="low", views=2, author=user).save()
        Post(title="high", views=3, author=user).save()
        found = await live.until(lambda found: len(found) == 2)

        assert [post.title for post in found] == ["high", "low"]
        assert found[0].author.record.name == "Ann"


async def test_changes_that_nobody_takes_are_not_kept(flavour: str, posts: PocketBase) -> None:
    async with following(flavour, Post.where().order_by(Post.views), buffer=5) as live:
        for number in range(20):
            Post(title=str(number), views=number).save()
        await live.until(lambda found: len(found) == 20)

        change = await live.wait(60)
        assert change is not None
        assert (change.action, change.record) == ("overflow", None)
        assert len(await live.titles()) == 20


async def test_a_slow_consumer_is_told_and_loses_nothing(flavour: str, posts: PocketBase) -> None:
    stats = (posts.aio if flavour == "async" else posts).realtime.stats
    async with following(flavour, Post.where(Post.views >= 0).order_by(Post.views), buffer=3, overflow="event") as live:
        before = stats.events
        for number in range(30):
            Post(title=str(number), views=number).save()
        async with asyncio.timeout(60):
            while stats.events < before + 60:  # each comes on the list's topic and on its companion
                await asyncio.sleep(0.01)

            actions, titles = [], [str(number) for number in range(30)]
            while await live.titles() != titles or actions.count("overflow") == 0:
                change = await live.wait(0.01)
                actions += [change.action] if change is not None else []
        assert actions.count("overflow") == 1


async def test_what_sends_no_event_is_found_by_a_check(flavour: str, posts: PocketBase) -> None:
    user = User(email="ann@example.com", password="12345678", name="Ann").save()
    Post(title="hers", author=user).save()

    async with following(flavour, Post.where(Post.author.name == "Ann"), check=0.2) as live:
        assert await live.titles() == ["hers"]
        user.name = "Bea"
        user.save()

        assert await live.changes(1) == [("leave", "hers")]


class Undated(Collection, collection="undated"):
    title: Field[str]
    views: Field[int] = field(default=0)


async def test_records_without_a_date(flavour: str, posts: PocketBase) -> None:
    push(posts, Undated)
    try:
        first, second = Undated(title="first", views=5).save(), Undated(title="second").save()
        async with following(flavour, Undated.where(Undated.views > 3).order_by(Undated.views)) as live:
            second.views = 9
            second.save()
            assert await live.changes(1) == [("enter", "second")]
            second.views = 4
            second.save()
            assert await live.changes(1) == [("update", "second")]
            assert await live.titles() == ["second", "first"]
            first.views = 0
            first.save()
            assert await live.changes(1) == [("leave", "first")]
            second.delete()
            assert await live.changes(1) == [("delete", "second")]
    finally:
        posts.collections.delete("undated")


@pytest.fixture
def batches(superuser: PocketBase) -> Iterator[None]:
    superuser.settings.update({"batch": {"enabled": True, "maxRequests": 50}})
    yield
    superuser.settings.update({"batch": {"enabled": False}})


@pytest.mark.usefixtures("batches")
async def test_two_changes_in_one_transaction(flavour: str, posts: PocketBase) -> None:
    """They have the same `updated`: which is the later one is asked of the server."""
    post = Post(title="x", views=5).save()
    async with following(flavour, Post.where(Post.views > 3)) as live:
        for last in (0, 6, 1, 7, 2):
            with posts.batch() as batch:
                for views in (9, 0, 8, last):
                    batch.collection("posts").update(post.id, {"views": views})
            await live.until(lambda found, last=last: [post.views for post in found] == ([last] if last > 3 else []))


async def test_its_end(flavour: str, posts: PocketBase) -> None:
    async with following(flavour, Post.where(), timeout=0.05) as live:
        if flavour == "sync":
            assert list(live.live) == []
        else:
            assert [change async for change in live.live] == []

    waiting = Post.where().live() if flavour == "sync" else Post.where().aio.live()
    follower = Followed(waiting)
    await done(waiting.snapshot())
    task = asyncio.create_task(follower.wait(30))
    await asyncio.sleep(0.05)
    await done(waiting.close() if flavour == "sync" else waiting.aclose())
    assert await asyncio.wait_for(task, 60) is None


async def test_what_cannot_be_live(flavour: str, posts: PocketBase, guest: PocketBase) -> None:
    for query in (Post.where()[5:10], Post.where().limit(0)):
        with pytest.raises(FilterError, match=r"live\(\) of Post keeps the first records"):
            query.live()
    with pytest.raises(FilterError, match="cannot prefetch"):
        Post.where().prefetch(Post.author).live()
    with pytest.raises(FilterError, match="give seconds, or None"):
        Post.where().live(check=0)
    with using(guest), pytest.raises(Forbidden):
        async with following(flavour, Post.where()):
            pass

    class Missing(Collection, collection="nowhere"):
        title: Field[str]

    with pytest.raises(NotFound):
        async with following(flavour, Missing.where()):
            pass
    await guest.aio.aclose()
