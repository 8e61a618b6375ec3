"""One fault at a time, between a client and the real server: nothing is lost, and nothing is given twice."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from pbmodels import AsyncPocketBase, PocketBase, PocketBaseServer, RealtimeOptions, RequestTimeout, using
from tests.blog import Post
from tests.faults.proxy import (
    FaultProxy,
    Rewrite,
    answer,
    byte_by_byte,
    held_back,
    slowly,
    with_a_byte_order_mark,
    with_comments,
    with_line_ends,
)

TITLE = "日本 ü \U0001f600"


class Ear(list[Any]):
    """A callback that keeps the events, and the client that it listens with."""

    client: AsyncPocketBase

    def __call__(self, event: Any) -> None:
        self.append(event)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something."""
        async with asyncio.timeout(60):
            while not condition():
                await asyncio.sleep(0.01)

    async def hear(self, *titles: str) -> None:
        """Wait for these titles, in any order, each once."""
        await self.until(lambda: len(self) >= len(titles))
        await asyncio.sleep(0.05)
        assert sorted(event.record.title for event in self) == sorted(titles)


@contextlib.asynccontextmanager
async def listening(blog: PocketBase, proxy: FaultProxy, **options: float) -> AsyncIterator[Ear]:
    """A subscription to all posts through the proxy."""
    ear = Ear()
    async with AsyncPocketBase(proxy.url) as pb:
        pb.auth_store.save(blog.auth_store.token)
        pb.realtime.options = RealtimeOptions(**options)
        ear.client = pb
        await pb.collection("posts").subscribe("*", ear)
        yield ear


@pytest.fixture
def write(blog: PocketBase) -> Callable[[str], Any]:
    """Makes a post, straight on the server."""

    async def create(title: str) -> None:
        await asyncio.to_thread(blog.collection("posts").create, {"title": title})

    return create


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
async def test_the_line_is_cut(server: PocketBaseServer, blog: PocketBase, write: Any, reset: bool) -> None:
    with FaultProxy(server.url) as proxy:
        async with listening(blog, proxy) as ear:
            await write("before")
            await ear.hear("before")
            proxy.cut(reset=reset)
            await write("after")
            await ear.hear("before", "after")


@pytest.mark.parametrize("after", [1, 20, 60, 150, 250])
async def test_the_line_is_cut_amid_an_event(
    server: PocketBaseServer, blog: PocketBase, write: Any, after: int
) -> None:
    with FaultProxy(server.url) as proxy:
        async with listening(blog, proxy) as ear:
            proxy.cut(after=after)
            await write(TITLE)
            await write("next")
            await ear.hear(TITLE, "next")
            assert ear.client.realtime.stats.breaks == 1


async def test_the_line_is_cut_amid_a_character(server: PocketBaseServer, blog: PocketBase, write: Any) -> None:
    def up_to_half_a_character(body: bytes) -> Any:
        at = body.find("日".encode())
        yield body if at < 0 else body[: at + 2]
        if at >= 0:
            proxy.rewrite = None
            raise OSError("cut")

    with FaultProxy(server.url) as proxy:
        proxy.rewrite = up_to_half_a_character
        async with listening(blog, proxy) as ear:
            await write(TITLE)
            await ear.hear(TITLE)
            assert [event.recovered for event in ear] == [True]


async def test_a_half_open_connection(server: PocketBaseServer, blog: PocketBase, write: Any) -> None:
    """No bytes come any more, and no FIN that says so: it is renewed when it has been idle for too long."""
    with FaultProxy(server.url) as proxy:
        async with listening(blog, proxy, idle_limit=0.5, overlap=0.05) as ear:
            with proxy.frozen():
                await write("unheard")
            await ear.hear("unheard")
            assert ear[0].recovered
            assert ear.client.realtime.stats.renewals >= 1


def test_a_deletion_behind_a_half_open_connection(server: PocketBaseServer, blog: PocketBase) -> None:
    post = Post(title="x").save()
    with FaultProxy(server.url) as proxy, PocketBase(proxy.url) as pb, using(pb):
        pb.auth_store.save(blog.auth_store.token)
        pb.realtime.options = RealtimeOptions(idle_limit=0.5, overlap=0.05)
        with Post.watch(recover="full") as events:
            with proxy.frozen():
                blog.collection("posts").delete(post.id)
            event = events.wait(60)

    assert event is not None
    assert (event.action, event.record.id, event.recovered) == ("delete", post.id, True)


@contextlib.asynccontextmanager
async def heard_through(server: PocketBaseServer, blog: PocketBase, write: Any, rewrite: Rewrite) -> AsyncIterator[Ear]:
    """Two events through a proxy that changes how the bytes come; nothing else may be different."""
    with FaultProxy(server.url) as proxy:
        proxy.rewrite = rewrite
        async with listening(blog, proxy) as ear:
            await write(TITLE)
            await write("next")
            await ear.hear(TITLE, "next")
            assert ear.client.realtime.stats.breaks == 0
            assert not any(event.recovered for event in ear)
            yield ear


async def test_chunk_borders_at_every_byte_of_an_event(server: PocketBaseServer, blog: PocketBase, write: Any) -> None:
    async with heard_through(server, blog, write, byte_by_byte):
        pass


async def test_slow_bytes(server: PocketBaseServer, blog: PocketBase, write: Any) -> None:
    async with heard_through(server, blog, write, slowly(0.001)):
        pass


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["LF", "CR LF", "CR"])
async def test_line_ends(server: PocketBaseServer, blog: PocketBase, write: Any, end: bytes) -> None:
    async with heard_through(server, blog, write, with_line_ends(end)):
        pass


async def test_a_byte_order_mark(server: PocketBaseServer, blog: PocketBase, write: Any) -> None:
    async with heard_through(server, blog, write, with_a_byte_order_mark()):
        pass


async def test_comments(server: PocketBaseServer, blog: PocketBase, write: Any) -> None:
    async with heard_through(server, blog, write, with_comments):
        pass


async def test_a_proxy_that_buffers_the_beginning(server: PocketBaseServer, blog: PocketBase) -> None:
    with FaultProxy(server.url) as proxy:
        proxy.rewrite = held_back(1 << 20)
        with pytest.raises(RequestTimeout, match="a proxy between holds its answer back: turn its buffering off"):
            async with listening(blog, proxy, connect_timeout=0.3):
                pass


async def test_a_proxy_that_buffers_events(server: PocketBaseServer, blog: PocketBase, write: Any) -> None:
    """What it holds back is found when the connection is renewed, and left out when it comes after all."""
    with FaultProxy(server.url) as proxy:
        proxy.rewrite = held_back(4000, greeting=False)
        async with listening(blog, proxy, lifetime=1.0, overlap=0.05) as ear:
            titles = [str(number) for number in range(24)]
            for title in titles[:12]:
                await write(title)
            await ear.hear(*titles[:12])
            assert any(event.recovered for event in ear)
            for title in titles[12:]:
                await write(title)
            await ear.hear(*titles)


async def test_an_event_of_five_megabytes(server: PocketBaseServer, blog: PocketBase) -> None:
    blog.collections.create(
        {
            "name": "large",
            "fields": [
                {"name": "title", "type": "text", "max": 6_000_000},
                {"name": "updated", "type": "autodate", "onCreate": True, "onUpdate": True},
            ],
        }
    )
    text = "ä" * 2_500_000
    try:
        with FaultProxy(server.url) as proxy:
            async with listening(blog, proxy) as ear:
                await ear.client.collection("large").subscribe("*", ear)
                await asyncio.to_thread(blog.collection("large").create, {"title": text})
                await ear.until(lambda: bool(ear))
                assert ear[0].record.title == text
                assert not ear[0].recovered

                proxy.cut(after=3_000_000)
                await asyncio.to_thread(blog.collection("large").create, {"title": text + "!"})
                await ear.until(lambda: any(event.record.title == text + "!" for event in ear))
                assert ear[-1].recovered
    finally:
        blog.collections.delete("large")


async def test_a_server_that_is_killed_and_comes_back() -> None:
    fields = [
        {"name": "title", "type": "text"},
        {"name": "updated", "type": "autodate", "onCreate": True, "onUpdate": True},
    ]
    with PocketBaseServer() as server, server.client() as pb, FaultProxy(server.url) as proxy:
        pb.collections.create({"name": "posts", "fields": fields})
        async with listening(pb, proxy) as ear:
            await asyncio.to_thread(server.kill)
            await ear.until(lambda: not ear.client.realtime.is_connected)
            await asyncio.to_thread(server.start)
            pb.collection("posts").create({"title": "first"})
            await ear.hear("first")
            await ear.until(lambda: ear.client.realtime.is_connected)
            pb.collection("posts").create({"title": "second"})
            await ear.hear("first", "second")


async def test_502_from_a_proxy_when_it_connects_again(server: PocketBaseServer, blog: PocketBase, write: Any) -> None:
    with FaultProxy(server.url) as proxy:
        async with listening(blog, proxy) as ear:
            html = answer(502, b"<html>Bad Gateway</html>", content_type="text/html")
            proxy.refusals = [html, answer(503), answer(504)]
            proxy.cut()
            await write("meanwhile")
            await ear.hear("meanwhile")
            assert proxy.refusals == []


async def test_429_when_it_connects_again(server: PocketBaseServer, blog: PocketBase, write: Any) -> None:
    with FaultProxy(server.url) as proxy:
        async with listening(blog, proxy) as ear:
            proxy.refusals = [answer(429, retry_after="1")]
            began = time.monotonic()
            proxy.cut()
            await write("meanwhile")
            await ear.hear("meanwhile")
            assert time.monotonic() - began >= 1.0  # what Retry-After asks for
            assert proxy.refusals == []
