"""What a watch brings back after a break, what not, and what a slow one does; both flavours."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import time
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from pbmodels import (
    Collection,
    Event,
    Field,
    FilterError,
    PocketBase,
    PocketBaseServer,
    RealtimeOptions,
    UnrecoverableWarning,
    field,
    using,
)
from pbmodels.schema import push
from tests.blog import Post
from tests.faults.proxy import FaultProxy


class Undated(Collection, collection="undated"):
    title: Field[str]
    views: Field[int] = field(default=0)


@pytest.fixture(params=["sync", "async"])
def flavour(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def undated(blog: PocketBase) -> Iterator[None]:
    push(blog, Undated)
    yield
    blog.collections.delete("undated")


class Line:
    """A watch of either flavour through a proxy, whose line can be down for a while."""

    def __init__(self, proxy: FaultProxy, client: PocketBase, flavour: str) -> None:
        self.proxy = proxy
        self.client = client
        self.flavour = flavour
        self.connections = 0

    @property
    def stats(self) -> Any:
        return (self.client.aio if self.flavour == "async" else self.client).realtime.stats

    @contextlib.asynccontextmanager
    async def watching(self, model: type[Collection], *conditions: Any, **options: Any) -> AsyncIterator[Any]:
        if self.flavour == "async":
            async with model.aio.watch(*conditions, **options) as events:
                yield events
        else:
            with model.watch(*conditions, **options) as events:
                yield events

    @contextlib.contextmanager
    def down(self, blog: PocketBase) -> Iterator[None]:
        """The line is cut, and writes go straight to the server."""
        self.connections = self.stats.connections
        self.proxy.refuse_connections = True
        self.proxy.cut(reset=True)
        with using(blog):
            yield
        self.proxy.refuse_connections = False

    async def up(self) -> None:
        """Wait until it is connected again."""
        await until(lambda: self.stats.connections > self.connections)


@pytest.fixture
async def line(flavour: str, server: PocketBaseServer, blog: PocketBase) -> AsyncIterator[Line]:
    with (
        FaultProxy(server.url) as proxy,
        PocketBase(proxy.url, auth_store=blog.auth_store, retries=0, timeout=600) as pb,
        using(pb),
    ):
        async with pb.aio:
            yield Line(proxy, pb, flavour)


async def take(events: Any, timeout: float = 60) -> Event[Any] | None:
    wait = events.wait
    return await wait(timeout) if asyncio.iscoroutinefunction(wait) else await asyncio.to_thread(wait, timeout)


async def told(events: Any, count: int) -> set[tuple[str, str, bool]]:
    """So many events by action, id and whether they are recovered; and no other comes."""
    found = [await take(events) for _ in range(count)]
    assert await take(events, 0.1) is None
    return {(event.action, event.record.id, event.recovered) for event in found if event is not None}


async def ids(events: Any, count: int) -> set[str]:
    """The records of so many events."""
    found = [await take(events) for _ in range(count)]
    return {event.record.id for event in found if event is not None}


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


async def test_deletions_are_found_in_full(line: Line, blog: PocketBase) -> None:
    kept, changed, ceased, deleted = (Post(title=title, views=5).save() for title in "abcd")

    async with line.watching(Post, Post.views > 3, recover="full") as events:
        with line.down(blog):
            changed.title = "B"
            changed.save()
            ceased.views = 0
            ceased.save()
            deleted.delete()
            new = Post(title="new", views=9).save()

        found = await told(events, 3)
        assert found == {("update", changed.id, True), ("delete", deleted.id, True), ("create", new.id, True)}

        with line.down(blog):
            new.delete()
        assert await told(events, 1) == {("delete", new.id, True)}
        kept.delete()
        assert await told(events, 1) == {("delete", kept.id, False)}


async def test_without_it_deletions_are_not_told(line: Line, blog: PocketBase) -> None:
    changed, deleted = Post(title="a").save(), Post(title="b").save()

    async with line.watching(Post) as events:
        with line.down(blog):
            changed.views = 1
            changed.save()
            deleted.delete()

        assert await told(events, 1) == {("update", changed.id, True)}
        assert events.recovered == 1


async def test_nothing_is_brought_back_where_that_was_chosen(line: Line, blog: PocketBase) -> None:
    async with line.watching(Post, recover=None) as events:
        with line.down(blog):
            Post(title="missed").save()
        await line.up()
        seen = Post(title="seen").save()

        assert await told(events, 1) == {("create", seen.id, False)}


async def test_one_record(line: Line, blog: PocketBase) -> None:
    post, other = Post(title="mine").save(), Post(title="other").save()

    async with line.watching(Post, id=post.id) as events:
        with line.down(blog):
            other.views = post.views = 2
            other.save()
            post.save()
        assert await told(events, 1) == {("update", post.id, True)}

        with line.down(blog):
            post.delete()
        assert await told(events, 1) == {("delete", post.id, True)}
        with line.down(blog):
            pass
        await line.up()
        assert await told(events, 0) == set()

        Post(id=post.id, title="again").save()
        assert await told(events, 1) == {("create", post.id, False)}
        with line.down(blog):
            Post.where(Post.id == post.id).delete()
        assert await told(events, 1) == {("delete", post.id, True)}


@pytest.mark.usefixtures("undated")
async def test_one_record_without_a_date(line: Line, blog: PocketBase) -> None:
    """It may have changed or not, so it is given as it is."""
    record = Undated(title="mine").save()

    async with line.watching(Undated, id=record.id) as events:
        with line.down(blog):
            record.views = 2
            record.save()
        event = await take(events)
        assert event is not None
        assert (event.action, event.record.views, event.recovered) == ("update", 2, True)

        for _ in range(2):
            with line.down(blog):
                Undated.where(Undated.id == record.id).delete()
            assert await told(events, 1) == {("delete", record.id, True)}
            record = Undated(id=record.id, title="again").save()
            assert await told(events, 1) == {("create", record.id, False)}


@pytest.mark.usefixtures("undated")
async def test_what_a_collection_without_a_date_loses_is_said(line: Line, blog: PocketBase) -> None:
    kept, deleted = Undated(title="kept").save(), Undated(title="deleted").save()
    with pytest.warns(UnrecoverableWarning, match="cannot find what is created or changed while its connection is"):
        async with line.watching(Undated):
            pass

    context = line.watching(Undated, recover="full")
    with pytest.warns(UnrecoverableWarning, match="cannot find changes made while its connection is broken"):
        events = await context.__aenter__()
    with line.down(blog):
        kept.views = 1
        kept.save()
        deleted.delete()
        new = Undated(title="new").save()
    assert await told(events, 2) == {("delete", deleted.id, True), ("create", new.id, True)}
    await context.__aexit__(None, None, None)

    with warnings.catch_warnings(record=True, action="always") as warned, Undated.watch():
        pass
    assert warned[0].filename == __file__  # it points at who watches

    async with line.watching(Undated, recover=None):
        pass  # and no warning, for nothing was promised


async def test_a_warning_that_is_an_error_leaves_nothing_open(line: Line, undated: None) -> None:
    with pytest.raises(UnrecoverableWarning):
        async with line.watching(Undated):
            pass
    await until(lambda: not line.proxy.streams)


async def test_more_than_a_page_of_changes(line: Line, blog: PocketBase, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("plan", "catchup"):
        monkeypatch.setattr(f"pbmodels.client._realtime.{module}.PAGE", 5)
    monkeypatch.setattr("pbmodels.client._realtime.plan.Plan._list.__kwdefaults__", {"per_page": 5, "page": 1})
    blog.settings.update({"batch": {"enabled": True, "maxRequests": 50}})
    there = [Post(title=str(number)).save() for number in range(12)]
    async with line.watching(Post, recover="full") as events:
        with line.down(blog):
            gone = {post.id for post in there[:7]}
            Post.where(Post.id.in_(sorted(gone))).delete()
            with blog.batch() as batch:  # all of one moment, more than a page
                for number in range(13):
                    batch.collection("posts").create({"title": f"new {number}"})
            new = {post.id for post in Post.where(Post.title.startswith("new"))}
        found = await told(events, 20)
    blog.settings.update({"batch": {"enabled": False}})

    assert found == {("delete", each, True) for each in gone} | {("create", each, True) for each in new}


# A consumer that is slower than the events


async def test_a_slow_one_is_told_and_catches_up(line: Line, blog: PocketBase) -> None:
    async with line.watching(Post, buffer=5, overflow="event") as events:
        before = line.stats.events
        made = {blog.collection("posts").create({"title": str(number)}).id for number in range(40)}
        await until(lambda: line.stats.events == before + 40)
        assert len(events._feed._inbox) <= 6

        seen, actions = set(), []
        while seen != made:
            event = await take(events)
            assert event is not None, f"{len(made - seen)} never came"
            actions.append(event.action)
            seen |= {event.record.id} if event.record is not None else set()
        assert actions.count("overflow") == 1
        after = Post(title="after").save()
        assert await told(events, 1) == {("create", after.id, False)}


async def test_a_slow_one_holds_up_its_own_stream_alone(line: Line, blog: PocketBase) -> None:
    async with line.watching(Post, buffer=2) as slow, line.watching(Post, Post.views >= 0) as quick:
        made = {blog.collection("posts").create({"title": str(number)}).id for number in range(100)}
        assert await ids(quick, 100) == made
        await until(lambda: not slow._feed._listeners[0][0].channel.is_shared)
        held = len(slow._feed._inbox)

        large = {"title": "large", "body": "x" * 20_000}  # few of them come in one piece
        more = {blog.collection("posts").create(large).id for _ in range(50)}
        assert await ids(quick, 50) == more
        assert len(slow._feed._inbox) <= held + 10
        made |= more

        seen = set()
        while seen != made:
            event = await take(slow)
            assert event is not None, f"{len(made - seen)} never came"
            seen.add(event.record.id)
        assert line.stats.breaks == 0


async def test_one_that_nobody_has_any_more_holds_up_nothing(line: Line, blog: PocketBase) -> None:
    async with line.watching(Post, Post.views >= 0) as events:
        forgotten = Post.watch(buffer=1) if line.flavour == "sync" else Post.aio.watch(buffer=1)
        assert await take(forgotten, 0) is None
        inbox = forgotten._feed._inbox  # type: ignore[union-attr]
        line.proxy.refusals = [b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"] * 3  # it gets no connection of its own
        made = {blog.collection("posts").create({"title": str(number)}).id for number in range(30)}
        await until(lambda: len(inbox) >= 10)
        del forgotten
        gc.collect()

        seen = set()
        while seen != made:
            event = await take(events)
            assert event is not None, f"{len(made - seen)} never came"
            seen.add(event.record.id)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"recover": "all"}, "recover='all': give 'changes', 'full' or None"),
        ({"overflow": "drop"}, "overflow='drop': give 'wait' or 'event'"),
        ({"buffer": 0}, "buffer=0: give the number of events to hold, 1 or more"),
    ],
)
def test_options_that_are_none(blog: PocketBase, options: Any, message: str) -> None:
    with pytest.raises(FilterError, match=message):
        Post.watch(**options)


async def test_waiting_ends_in_time_while_nothing_can_be_caught_up_with(line: Line, blog: PocketBase) -> None:
    async with line.watching(Post) as events:
        line.client.realtime.options = line.client.aio.realtime.options = RealtimeOptions()
        with line.down(blog):
            missed = Post(title="missed").save()
            line.proxy.refuse_lists = True
        await line.up()

        def lists() -> int:
            return sum("/posts/records" in request for request in line.proxy.requests)

        before, began, waits = lists(), time.monotonic(), 0
        while lists() < before + 5:
            assert await take(events, 0.05) is None
            waits += 1
        assert time.monotonic() - began >= 0.15 + 0.3 + 0.6  # the shortest pauses between, however often it is asked
        assert waits > 5  # and no wait lasted until the next try

        line.proxy.refuse_lists = False
        assert await told(events, 1) == {("create", missed.id, True)}


@pytest.mark.parametrize("kind", ["watch", "live"])
async def test_closing_gives_up_what_is_asked_for(line: Line, blog: PocketBase, kind: str) -> None:
    """The server does not answer; whoever waits is woken all the same."""
    query = Post.where(Post.views >= 0)
    if line.flavour == "async":
        events: Any = Post.aio.watch() if kind == "watch" else query.aio.live()
    else:
        events = Post.watch() if kind == "watch" else query.live()
    assert await take(events, 0) is None
    line.proxy.hold_lists = True
    with line.down(blog):
        pass
    await line.up()
    before = len(line.proxy.requests)
    waiting = asyncio.create_task(take(events))
    await until(lambda: any("/posts/records" in request for request in line.proxy.requests[before:]))

    await (events.aclose() if line.flavour == "async" else asyncio.to_thread(events.close))
    assert await waiting is None
