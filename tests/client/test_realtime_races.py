"""Realtime where things happen at once: who comes while another goes, threads, loops, cancelling, interrupting."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import logging
import signal
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from pbmodels import (
    AsyncPocketBase,
    InvalidRequest,
    PocketBase,
    PocketBaseServer,
    RealtimeOptions,
    ServerError,
    using,
)
from tests.blog import Post
from tests.client.flavours import done, new_client
from tests.client.odd_server import OddServer
from tests.client.odd_server import answer as odd_answer
from tests.client.test_realtime import GREETING, HEAD, SUBSCRIBED, Heard, client_of, until
from tests.faults.proxy import FaultProxy, answer


def realtime_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if "realtime" in thread.name]


@contextlib.contextmanager
def through(server: PocketBaseServer, blog: PocketBase) -> Iterator[tuple[FaultProxy, PocketBase]]:
    """A client that reaches the server through a proxy."""
    with FaultProxy(server.url) as proxy, PocketBase(proxy.url, auth_store=blog.auth_store) as pb, using(pb):
        yield proxy, pb


# Who comes while another goes


async def test_one_comes_while_the_last_one_goes(server: PocketBaseServer, flavour: str, blog: PocketBase) -> None:
    with FaultProxy(server.url) as proxy:
        async with client_of(flavour, proxy.url, blog.auth_store.token) as pb:
            stop = await done(pb.realtime.subscribe("posts/*", print))
            for number in range(10):
                heard = Heard()

                async def leave(stop: Any = stop, number: int = number) -> None:
                    await asyncio.sleep(number % 3 * 0.001)
                    await (asyncio.to_thread(stop) if flavour == "sync" else stop())

                async def come(heard: Heard = heard, number: int = number) -> Any:
                    await asyncio.sleep(number // 3 * 0.001)
                    coming = pb.realtime.subscribe
                    if flavour == "sync":
                        return await asyncio.to_thread(coming, "posts/*", heard)
                    return await coming("posts/*", heard)

                _, stop = await asyncio.gather(leave(), come())
                await asyncio.to_thread(blog.collection("posts").create, {"title": str(number)})
                assert (await heard.until(1))[0]["record"]["title"] == str(number)
                assert heard.titles == [str(number)]
            await until(lambda: len(proxy.streams) == 1)


async def test_a_topic_that_comes_again_while_its_end_is_told(aio: AsyncPocketBase) -> None:
    """Who is told to be subscribed is so, with nothing that ends it on its way."""
    told: list[str] = []
    again: list[asyncio.Task[Any]] = []

    async def come() -> None:
        await aio.realtime.subscribe("posts/*", print)
        told.append("subscribed")

    def note(request: Any) -> None:
        if request.method == "POST" and request.url.path == "/api/realtime":
            topics = json.loads(request.content)["subscriptions"]
            told.append("with" if "posts/*" in topics else "without")
            if topics == ["users/*"] and not again:
                again.append(asyncio.create_task(come()))

    await aio.realtime.subscribe("users/*", print)
    stop = await aio.realtime.subscribe("posts/*", print)
    aio.before_send = note
    try:
        await stop()
        await until(lambda: bool(again))
        await again[0]
    finally:
        aio.before_send = None

    assert told == ["without", "with", "subscribed"]


async def test_events_that_say_the_same_are_all_given_while_connections_change(
    server: PocketBaseServer, flavour: str, blog: PocketBase
) -> None:
    """Without a date, one change may look exactly like another."""
    blog.collections.create({"name": "switches", "listRule": "", "fields": [{"name": "on", "type": "bool"}]})
    heard = Heard()
    try:
        switch = blog.collection("switches").create({})
        async with client_of(flavour, server.url, blog.auth_store.token) as pb:
            pb.realtime.options = RealtimeOptions(lifetime=0.15, overlap=0.15)
            await done(pb.realtime.subscribe("switches/*", heard))
            count = 0
            while pb.realtime.stats.renewals < 12:
                count += 1
                await asyncio.to_thread(blog.collection("switches").update, switch.id, {"on": count % 2 == 1})
                await asyncio.sleep(0.07)
            with contextlib.suppress(AssertionError):
                await heard.until(count)
            assert pb.realtime.stats.breaks == 0
    finally:
        blog.collections.delete("switches")
    assert count <= len(heard) <= count + 6  # which of them is a repetition is not certain on a busy machine


async def test_a_change_amid_a_renewal_and_the_same_again(
    server: PocketBaseServer, flavour: str, blog: PocketBase
) -> None:
    """The first comes on the old connection alone: the second, which says the same, is no repetition of it."""
    blog.collections.create({"name": "switches", "listRule": "", "fields": [{"name": "on", "type": "bool"}]})
    heard, subscriptions = Heard(), 0
    try:
        switch = blog.collection("switches").create({})
        async with client_of(flavour, server.url, blog.auth_store.token) as pb:

            def change_before_the_second_subscription(request: Any) -> None:
                nonlocal subscriptions
                if request.method == "POST" and request.url.path == "/api/realtime":
                    subscriptions += 1
                    if subscriptions == 2:
                        blog.collection("switches").update(switch.id, {"on": True})

            pb.before_send = change_before_the_second_subscription
            pb.realtime.options = RealtimeOptions(lifetime=0.2, overlap=0.1)
            await done(pb.realtime.subscribe("switches/*", heard))
            await until(lambda: pb.realtime.stats.renewals >= 1)
            await asyncio.to_thread(blog.collection("switches").update, switch.id, {"on": True})

            assert len({data["record"]["on"] for data in await heard.until(2)}) == 1
            assert subscriptions > 2
    finally:
        blog.collections.delete("switches")


async def test_who_comes_during_a_pause_does_not_wait_for_its_end(
    server: PocketBaseServer, flavour: str, blog: PocketBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[int] = []

    def long(attempt: int) -> float:
        pauses.append(attempt)
        return 600.0

    monkeypatch.setattr("pbmodels.client._realtime.pacing.backoff", long)
    with FaultProxy(server.url) as proxy:
        async with client_of(flavour, proxy.url, blog.auth_store.token) as pb:
            await done(pb.realtime.subscribe("posts/*", print))
            proxy.refusals = [answer(503)] * 2
            proxy.cut()
            await until(lambda: pauses)
            with pytest.raises(ServerError, match="503"):
                await done(pb.realtime.subscribe("users/*", print))
            if proxy.refusals:  # the error was that of the try before the pause, which was still under way
                with pytest.raises(ServerError, match="503"):
                    await done(pb.realtime.subscribe("users/*", print))
            await done(pb.realtime.subscribe("users/*", print))
            assert pb.realtime.is_connected


async def test_a_connection_that_the_server_has_forgotten(flavour: str) -> None:
    """Its id is unknown when another topic is to be added: both topics go on with a new one."""

    def begin(connection: Any) -> None:
        connection.sendall(HEAD + GREETING)
        connection.recv(1)

    forgotten = odd_answer(404, b'{"message": "Missing or invalid client id."}')
    with OddServer(begin, SUBSCRIBED, forgotten, begin, SUBSCRIBED) as odd:
        async with new_client(flavour, odd.url) as pb:
            await done(pb.realtime.subscribe("posts/*", print))
            await done(pb.realtime.subscribe("users/*", print))
            assert pb.realtime.is_connected
            assert (pb.realtime.stats.connections, pb.realtime.stats.breaks) == (2, 1)


async def test_two_that_both_open_a_watch(flavour: str, blog: PocketBase, client: Any) -> None:
    live = Post.where().live() if flavour == "sync" else Post.where().aio.live()
    if flavour == "sync":
        lists = await asyncio.gather(*(asyncio.to_thread(live.snapshot) for _ in range(4)))
    else:
        lists = await asyncio.gather(*(live.snapshot() for _ in range(4)))
    assert lists == [[]] * 4
    hub = client.realtime._portal.hub
    assert sum(len(listeners) for channel in hub._channels for listeners in channel.topics.values()) == 1
    await done(live.close() if flavour == "sync" else live.aclose())


# Callbacks


def test_a_callback_cannot_wait_for_events(blog: PocketBase) -> None:
    found: list[str] = []
    finished = threading.Event()
    with Post.watch(Post.title == "never") as events:

        def callback(_: Any) -> None:
            try:
                events.wait()
            except InvalidRequest as error:
                found.append(str(error))
            finished.set()

        blog.realtime.subscribe("posts/*", callback)
        blog.collection("posts").create({"title": "x"})
        assert finished.wait(60)
        blog.realtime.unsubscribe()
    assert "cannot be waited for inside a callback" in found[0]


async def test_a_callback_may_close_watches_and_the_client(server: PocketBaseServer, flavour: str, blog: Any) -> None:
    ended = threading.Event()
    async with client_of(flavour, server.url, blog.auth_store.token) as pb:
        if flavour == "sync":

            def callback(_: Any) -> None:
                pb.close()
                ended.set()
        else:

            async def callback(_: Any) -> None:  # type: ignore[misc]
                ended.set()
                await pb.aclose()

        await done(pb.realtime.subscribe("posts/*", callback))
        await asyncio.to_thread(blog.collection("posts").create, {"title": "x"})
        await until(ended.is_set)
        await until(lambda: not pb.realtime.is_connected)
    await until(lambda: not realtime_threads())


def test_closing_waits_for_a_callback_that_runs(server: PocketBaseServer, blog: PocketBase) -> None:
    begun, ended = threading.Event(), threading.Event()

    def callback(_: Any) -> None:
        begun.set()
        time.sleep(0.3)
        ended.set()

    with PocketBase(server.url, auth_store=blog.auth_store) as pb:
        pb.realtime.subscribe("posts/*", callback)
        blog.collection("posts").create({"title": "x"})
        assert begun.wait(60)
    assert ended.is_set()
    assert realtime_threads() == []


def test_a_callback_that_exits_ends_nothing(blog: PocketBase, caplog: pytest.LogCaptureFixture) -> None:
    """In the background thread, `sys.exit()` would end no program, but the events of all who watch."""

    def callback(_: Any) -> None:
        sys.exit(3)

    with Post.watch() as events, caplog.at_level(logging.ERROR, "pbmodels"):
        blog.realtime.subscribe("posts/*", callback)
        for title in ("a", "b"):
            blog.collection("posts").create({"title": title})
            assert next(events).record.title == title
        blog.realtime.unsubscribe()
    assert "the callback for posts/* failed; the subscription goes on" in caplog.text


# Threads, loops and garbage


def test_a_watch_that_is_forgotten_ends(server: PocketBaseServer, blog: PocketBase) -> None:
    with through(server, blog) as (proxy, _):
        events: Any = Post.watch()
        live: Any = Post.where(Post.views > 1).live()
        assert events.wait(0) is None
        assert live.snapshot() == []
        assert len(proxy.streams) == 1
        del events, live
        gc.collect()

        deadline = time.monotonic() + 60
        while (proxy.streams or realtime_threads()) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert (proxy.streams, realtime_threads()) == ([], [])


async def test_an_async_watch_that_is_forgotten_ends(server: PocketBaseServer, blog: PocketBase) -> None:
    with through(server, blog) as (proxy, pb):
        async with pb.aio:
            events: Any = Post.aio.watch()
            assert await events.wait(0) is None
            assert len(proxy.streams) == 1
            del events
            gc.collect()
            await until(lambda: not proxy.streams)


def test_closing_from_another_thread_wakes_who_waits(blog: PocketBase) -> None:
    for events in (Post.watch(), Post.where(Post.views > 1).live()):
        with events:
            threading.Timer(0.1, events.close).start()
            began = time.monotonic()
            assert list(events) == []
            assert time.monotonic() - began < 60  # and not for ever


async def test_closing_from_another_task_wakes_who_waits(aio: AsyncPocketBase) -> None:
    for events in (Post.aio.watch(), Post.where(Post.views > 1).aio.live()):
        async with events:
            waiting = asyncio.create_task(anext(events, None))
            await asyncio.sleep(0.05)
            await events.aclose()
            assert await asyncio.wait_for(waiting, 60) is None


def test_two_loops_with_one_client(server: PocketBaseServer, blog: PocketBase) -> None:
    with through(server, blog) as (proxy, pb):
        heard: list[str] = []
        ready = threading.Barrier(3)

        async def listen() -> None:
            with using(pb):
                async with pb.aio, Post.aio.watch() as events:
                    await asyncio.to_thread(ready.wait, 60)
                    heard.extend([(await anext(events)).record.title for _ in range(5)])

        threads = [threading.Thread(target=lambda: asyncio.run(listen())) for _ in range(2)]
        for thread in threads:
            thread.start()
        ready.wait(60)
        assert len(proxy.streams) == 2
        for number in range(5):
            blog.collection("posts").create({"title": str(number)})
        for thread in threads:
            thread.join(60)
        assert sorted(heard) == sorted("0123401234")


def test_loops_that_end_without_closing_are_forgotten(server: PocketBaseServer, blog: PocketBase) -> None:
    loops: list[weakref.ref[Any]] = []

    async def listen() -> None:
        loops.append(weakref.ref(asyncio.get_running_loop()))
        events = Post.aio.watch()
        assert await events.wait(0) is None

    with through(server, blog) as (proxy, _):
        for _ in range(4):
            asyncio.run(listen())
        gc.collect()
        assert sum(loop() is not None for loop in loops) <= 1
        deadline = time.monotonic() + 60
        while proxy.streams and time.monotonic() < deadline:
            time.sleep(0.01)
        assert proxy.streams == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it may come in a finalizer too
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs POSIX signals")
def test_ctrl_c_while_waiting(server: PocketBaseServer, blog: PocketBase) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with through(server, blog) as (proxy, _):
            with Post.watch() as events:
                signal.setitimer(signal.ITIMER_REAL, 0.1)
                with pytest.raises(KeyboardInterrupt):
                    next(events)
            assert realtime_threads() == []

            for delay in range(1, 12):  # and while it begins
                with contextlib.suppress(KeyboardInterrupt):
                    signal.setitimer(signal.ITIMER_REAL, delay * 0.002)
                    Post.watch().wait(0.2)
            gc.collect()
            with Post.watch() as events:
                blog.collection("posts").create({"title": "well"})
                assert next(events).record.title == "well"
            deadline = time.monotonic() + 60
            while (proxy.streams or realtime_threads()) and time.monotonic() < deadline:
                time.sleep(0.01)
            assert (proxy.streams, realtime_threads()) == ([], [])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


# Cancelling


async def opened_and_closed() -> None:
    async with Post.aio.watch() as events, Post.where(Post.views > 1).aio.live() as live:
        await events.wait(0)
        await live.snapshot()
        await events.wait(0.001)


@pytest.mark.parametrize("shared", [False, True], ids=["alone", "beside another"])
async def test_cancelling_at_any_moment_leaves_nothing_behind(
    server: PocketBaseServer, blog: PocketBase, shared: bool
) -> None:
    with through(server, blog) as (proxy, pb):
        async with pb.aio:
            async with contextlib.AsyncExitStack() as stack:
                other = await stack.enter_async_context(Post.aio.watch()) if shared else None
                tasks = len(asyncio.all_tasks())
                for step in range(60):
                    task = asyncio.create_task(opened_and_closed())
                    for _ in range(step * 2):
                        await asyncio.sleep(0)
                    await asyncio.sleep(step * 0.0003)
                    task.cancel()
                    await asyncio.wait((task,))
                    assert task.cancelled() or task.exception() is None
                gc.collect()
                await until(lambda: len(proxy.streams) == shared)
                await until(lambda: len(asyncio.all_tasks()) <= tasks)
                if other is not None:
                    await asyncio.to_thread(blog.collection("posts").create, {"title": "well"})
                    event = await other.wait(60)
                    assert event is not None
                    assert event.record.title == "well"
            async with Post.aio.watch() as events:
                await asyncio.to_thread(blog.collection("posts").create, {"title": "again"})
                assert (await anext(events)).record.title == "again"


async def test_an_event_is_not_lost_by_a_wait_that_is_cancelled(aio: AsyncPocketBase, blog: PocketBase) -> None:
    titles = [str(number) for number in range(40)]
    seen: list[str] = []
    async with Post.aio.watch() as events:
        writing = asyncio.create_task(
            asyncio.to_thread(lambda: [blog.collection("posts").create({"title": title}) for title in titles])
        )
        deadline = time.monotonic() + 60
        while len(seen) < len(titles) and time.monotonic() < deadline:
            task = asyncio.create_task(anext(events))
            await asyncio.sleep(0.001)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                seen.append((await task).record.title)
        await writing
    assert sorted(seen) == sorted(titles)
