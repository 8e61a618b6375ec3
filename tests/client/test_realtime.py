"""The stream of events on a connection: opened, lost, replaced and closed; sync and async."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import threading
from typing import Any

import pytest

from pbmodels import (
    AsyncPocketBase,
    BadRequest,
    ClientResponseError,
    ConnectionFailed,
    InvalidRequest,
    NotFound,
    PocketBase,
    PocketBaseServer,
    RequestTimeout,
)
from pbmodels.client import _realtime
from pbmodels.client._async.events import AsyncEventStream
from pbmodels.client._realtime import Topic
from pbmodels.client._sync.events import EventStream
from tests.client.flavours import done, new_client
from tests.client.odd_server import OddServer, answer, nothing_listens
from tests.client.test_concurrency import in_a_child

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
GREETING = b'id:c1\nevent:PB_CONNECT\ndata:{"clientId":"c1"}\n\n'
SUBSCRIBED = answer(204, b"")


def stream_of(client: Any, *topics: Topic) -> Any:
    return (AsyncEventStream if isinstance(client, AsyncPocketBase) else EventStream)(client, topics)


async def following(stream: Any) -> Any:
    """The next event: the sync stream waits in a thread, so that a test can write meanwhile."""
    if isinstance(stream, AsyncEventStream):
        return await asyncio.wait_for(anext(stream), 20)
    return await asyncio.wait_for(asyncio.to_thread(next, stream), 20)


async def close(stream: Any) -> None:
    await done(stream.aclose() if isinstance(stream, AsyncEventStream) else stream.close())


def event(title: str) -> bytes:
    return f'id:c1\nevent:posts/*\ndata:{{"action":"create","record":{{"title":"{title}"}}}}\n\n'.encode()


async def test_events_arrive_with_their_topic(client: Any) -> None:
    all_posts, some = Topic("posts"), Topic("posts", filter="views > 3", fields="title")
    stream = stream_of(client, all_posts, some)
    await done(stream.open())
    await done(client.collection("posts").create({"title": "ä\n日本", "views": 5}))
    found = [await following(stream) for _ in range(2)]
    await close(stream)

    texts = {one.topic: json.loads(one.data) for one in found}
    assert texts.keys() == {all_posts.text(None), some.text(None)}
    assert texts[some.text(None)] == {"action": "create", "record": {"title": "ä\n日本"}}
    assert texts["posts/*"]["record"]["views"] == 5
    assert stream.connections == 1


async def test_values_with_backslashes_can_be_watched(client: Any) -> None:
    stream = stream_of(client, Topic("posts", filter=client.filter("title = {:t}", t='a\\"b\\')))
    await done(stream.open())
    await done(client.collection("posts").create({"title": "other"}))
    await done(client.collection("posts").create({"title": 'a\\"b\\'}))

    assert json.loads((await following(stream)).data)["record"]["title"] == 'a\\"b\\'
    await close(stream)


async def test_after_send_does_not_see_the_open_stream(client: Any) -> None:
    seen: list[str] = []
    client.after_send = lambda response: seen.append(f"{response.request.url.path} {response.content!r}")

    stream = stream_of(client, Topic("posts"))
    await done(stream.open())
    await close(stream)

    assert seen == ["/api/realtime b''"]


async def test_a_stream_goes_on_after_a_restart_of_the_server(flavour: str) -> None:
    with PocketBaseServer() as server, server.client() as admin:
        admin.collections.create({"name": "posts", "listRule": "", "fields": [{"name": "title", "type": "text"}]})
        async with new_client(flavour, server.url) as pb:
            stream = stream_of(pb, Topic("posts"))
            await done(stream.open())
            admin.collection("posts").create({"title": "before"})
            assert "before" in (await following(stream)).data

            await asyncio.to_thread(server.restart)
            waiting = asyncio.create_task(following(stream))
            while stream.connections < 2:
                await asyncio.sleep(0.01)
            admin.collection("posts").create({"title": "after"})
            assert "after" in (await waiting).data
            await close(stream)


async def test_the_first_connection_to_a_dead_server(flavour: str) -> None:
    with nothing_listens() as url:
        async with new_client(flavour, url) as pb:
            stream = stream_of(pb, Topic("posts"))
            with pytest.raises(ConnectionFailed, match="GET /api/realtime failed: cannot reach PocketBase"):
                await done(stream.open())
            with pytest.raises(ConnectionFailed):
                await following(stream)


async def test_a_server_that_ends_the_stream(flavour: str) -> None:
    def once(text: bytes) -> Any:
        return lambda connection: connection.sendall(HEAD + GREETING + text)

    with OddServer(once(event("one")), SUBSCRIBED, once(event("two") + b"id:half"), SUBSCRIBED) as odd:
        async with new_client(flavour, odd.url) as pb:
            stream = stream_of(pb, Topic("posts"))
            assert "one" in (await following(stream)).data
            assert "two" in (await following(stream)).data
            assert stream.connections == 2
            await close(stream)


@pytest.mark.parametrize(("status", "kind"), [(400, BadRequest), (404, NotFound)])
async def test_a_subscription_that_is_refused_after_a_reconnect(flavour: str, status: int, kind: type) -> None:
    def begin(connection: socket.socket) -> None:
        connection.sendall(HEAD + GREETING)

    with OddServer(begin, SUBSCRIBED, begin, answer(status, b'{"message": "No."}')) as odd:
        async with new_client(flavour, odd.url) as pb:
            stream = stream_of(pb, Topic("posts"))
            await done(stream.open())
            with pytest.raises(kind, match=f"POST /api/realtime failed with {status}: No"):
                await following(stream)
            await close(stream)


async def test_a_rate_limit_after_a_reconnect_is_waited_out(flavour: str) -> None:
    def begin(connection: socket.socket) -> None:
        connection.sendall(HEAD + GREETING)

    def again(connection: socket.socket) -> None:
        connection.sendall(HEAD + GREETING + event("late"))

    with OddServer(begin, SUBSCRIBED, answer(429, retry_after="0"), again, SUBSCRIBED) as odd:
        async with new_client(flavour, odd.url) as pb:
            stream = stream_of(pb, Topic("posts"))
            await done(stream.open())
            assert "late" in (await following(stream)).data
            await close(stream)


@pytest.mark.parametrize(
    ("first", "kind", "message"),
    [
        (answer(200, b"<html>", content_type="text/html"), ClientResponseError, "gave no event stream but 'text/html'"),
        (lambda connection: connection.sendall(HEAD), ConnectionFailed, "the server ended the stream"),
        (lambda connection: connection.recv(1), RequestTimeout, "no answer from .* in time"),
    ],
)
async def test_what_is_no_realtime_server(flavour: str, first: Any, kind: type, message: str) -> None:
    with OddServer(first) as odd:
        async with new_client(flavour, odd.url, timeout=0.3) as pb:
            with pytest.raises(kind, match=message):
                await done(stream_of(pb, Topic("posts")).open())


async def test_a_silent_connection_counts_as_broken(flavour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = (AsyncEventStream if flavour == "async" else EventStream).__module__
    monkeypatch.setattr(f"{module}.READ_TIMEOUT", 0.3)
    over = threading.Event()

    def silent(connection: socket.socket) -> None:
        connection.sendall(HEAD + GREETING)
        over.wait(20)

    def again(connection: socket.socket) -> None:
        connection.sendall(HEAD + GREETING + event("woken"))

    with OddServer(silent, SUBSCRIBED, again, SUBSCRIBED) as odd:
        async with new_client(flavour, odd.url) as pb:
            stream = stream_of(pb, Topic("posts"))
            assert "woken" in (await following(stream)).data
            await close(stream)
        over.set()
    assert _realtime.READ_TIMEOUT > 300


async def test_a_collection_that_does_not_exist_is_silent(client: Any) -> None:
    async with contextless(stream_of(client, Topic("nowhere"), Topic("posts"))) as stream:
        await done(client.collection("posts").create({"title": "heard"}))
        assert (await following(stream)).topic == "posts/*"


class contextless:
    """Either flavour's `with` block."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    async def __aenter__(self) -> Any:
        return await done(getattr(self.stream, "__aenter__", getattr(self.stream, "__enter__", None))())

    async def __aexit__(self, *info: Any) -> None:
        await done(getattr(self.stream, "__aexit__", getattr(self.stream, "__exit__", None))(*info))


async def test_refused_before_anything_is_sent(client: Any) -> None:
    client.before_send = lambda request: pytest.fail("it was sent")

    with pytest.raises(InvalidRequest):
        await done(stream_of(client, Topic("posts", "a/b")).open())
    with pytest.raises(InvalidRequest):
        await done(stream_of(client, Topic("posts", filter="x" * 3000)).open())


def test_closing_from_another_thread_ends_iteration(blog: PocketBase) -> None:
    for _ in range(20):
        stream = EventStream(blog, [Topic("posts")])
        stream.open()
        ended: list[list[Any]] = []
        thread = threading.Thread(target=lambda s=stream, e=ended: e.append(list(s)))
        thread.start()
        stream.close()
        thread.join(5)
        assert ended == [[]]


def test_closing_the_client_ends_its_streams(server: PocketBaseServer) -> None:
    with PocketBase(server.url) as pb:
        stream = EventStream(pb, [Topic("users")])
        stream.open()
        ended: list[list[Any]] = []
        thread = threading.Thread(target=lambda: ended.append(list(stream)))
        thread.start()
    thread.join(5)

    assert ended == [[]]


async def test_closing_the_async_client_ends_its_streams(server: PocketBaseServer) -> None:
    async with AsyncPocketBase(server.url) as pb:
        stream = AsyncEventStream(pb, [Topic("users")])
        await stream.open()
        waiting = asyncio.create_task(anext(stream, None))
        await asyncio.sleep(0)

    assert await asyncio.wait_for(waiting, 5) is None


def test_closing_while_it_waits_to_reconnect() -> None:
    with OddServer(lambda c: c.sendall(HEAD + GREETING), SUBSCRIBED, answer(503)) as odd, PocketBase(odd.url) as pb:
        stream = EventStream(pb, [Topic("posts")])
        stream.open()
        ended: list[list[Any]] = []
        thread = threading.Thread(target=lambda: ended.append(list(stream)))
        thread.start()
        while len(odd.requests) < 6:
            thread.join(0.01)
        stream.close()
        thread.join(5)

        assert ended == [[]]
        assert len(odd.requests) < 12


async def test_giving_up_a_wait_loses_no_event(aio: AsyncPocketBase) -> None:
    async with AsyncEventStream(aio, [Topic("posts")]) as stream:
        for _ in range(5):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(stream), 0.02)
        for number in range(5):
            await aio.collection("posts").create({"title": f"t{number}"})
        titles = [json.loads((await following(stream)).data)["record"]["title"] for _ in range(5)]

    assert titles == ["t0", "t1", "t2", "t3", "t4"]
    assert stream.connections == 1


async def test_cancelled_streams_leave_the_pool_healthy(aio: AsyncPocketBase) -> None:
    async def listen() -> None:
        async with AsyncEventStream(aio, [Topic("posts")]) as stream:
            opened.set()
            async for _ in stream:
                pass

    for step in range(12):
        opened = asyncio.Event()
        task = asyncio.create_task(listen())
        if step % 3 == 0:
            await opened.wait()
        for _ in range(step % 3):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    pool = aio._state.async_transports.get(simple=False)._pool
    assert [connection for connection in pool.connections if not connection.is_idle()] == []
    assert (await aio.collection("posts").get_list()).total_items == 0


def test_a_child_s_end_leaves_the_parent_s_stream_alone(blog: PocketBase) -> None:
    with EventStream(blog, [Topic("posts")]) as stream:

        def child() -> None:
            stream.close()
            blog.close()

        assert in_a_child(child) == 0
        blog.collection("posts").create({"title": "still here"})
        assert "still here" in next(stream).data
        assert (stream.connections, os.getpid() > 0) == (1, True)
