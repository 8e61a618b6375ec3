"""`pb.realtime` and the connection behind it: callbacks, sharing, renewal, breaks, refusals; sync and async."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import logging
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from pbmodels import (
    AsyncPocketBase,
    AuthCollection,
    BadRequest,
    ClientResponseError,
    ConnectionFailed,
    Event,
    Field,
    Forbidden,
    InvalidRequest,
    NotFound,
    PocketBase,
    PocketBaseServer,
    RealtimeOptions,
    RequestTimeout,
    using,
)
from tests.blog import Post
from tests.client.eventually import eventually
from tests.client.flavours import done, new_client
from tests.client.odd_server import OddServer, nothing_listens
from tests.client.odd_server import answer as odd_answer
from tests.client.test_concurrency import in_a_child
from tests.faults.proxy import FaultProxy, answer
from tests.server_version import SERVER

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
GREETING = b'id:c1\nevent:PB_CONNECT\ndata:{"clientId":"c1"}\n\n'
SUBSCRIBED = odd_answer(204, b"")


class Heard(list[Any]):
    """A callback that keeps what it is called with."""

    def __call__(self, what: Any) -> None:
        self.append(what)

    async def until(self, count: int) -> list[Any]:
        """The first so many, waited for."""

        async def enough() -> bool:
            return len(self) >= count

        assert await eventually(enough), f"{len(self)} of {count} came: {self}"
        return self[:count]

    @property
    def titles(self) -> list[str]:
        return [each.record.title if isinstance(each, Event) else each["record"]["title"] for each in self]


async def until(condition: Callable[[], bool]) -> None:
    async def holds() -> bool:
        return condition()

    assert await eventually(holds)


@contextlib.asynccontextmanager
async def client_of(flavour: str, url: str, token: str, **options: Any) -> AsyncIterator[Any]:
    """A client of this flavour with a token."""
    async with new_client(flavour, url, **options) as pb:
        pb.auth_store.save(token)
        yield pb


# Subscribing


async def test_a_callback_gets_the_data_of_its_topic(client: Any) -> None:
    heard, some = Heard(), Heard()
    await done(client.realtime.subscribe("posts/*", heard))
    await done(client.realtime.subscribe("posts/*", some, filter="views > 3", fields="title"))

    await done(client.collection("posts").create({"title": "few"}))
    await done(client.collection("posts").create({"title": "ä\n日本", "views": 5}))

    assert {data["record"]["title"] for data in await heard.until(2)} == {"few", "ä\n日本"}
    assert await some.until(1) == [{"action": "create", "record": {"title": "ä\n日本"}}]


async def test_a_collection_s_callback_gets_events(client: Any) -> None:
    every, one = Heard(), Heard()
    posts = client.collection("posts")
    record = await done(posts.create({"title": "a"}))
    await done(posts.subscribe("*", every))
    await done(posts.subscribe(record.id, one, query={"a": 1}, headers={"X-Token": "t"}))

    await done(posts.create({"title": "b"}))
    await done(posts.update(record.id, {"title": "c"}))
    await done(posts.delete(record.id))

    events = [(e.action, e.record.title, e.recovered) for e in await every.until(3)]
    # Of different records the server may send what came later first: seen on a busy 0.30.
    assert ("create", "b", False) in events
    assert [event for event in events if event[1] == "c"] == [("update", "c", False), ("delete", "c", False)]
    assert [e.action for e in await one.until(2)] == ["update", "delete"]


async def test_fields_without_the_id(client: Any) -> None:
    heard = Heard()
    posts = client.collection("posts")
    await done(posts.subscribe("*", heard, fields="title,updated"))

    for title in "abc":
        await done(posts.create({"title": title}))

    assert {event.record.title for event in await heard.until(3)} == {"a", "b", "c"}


async def test_a_collection_without_updated_is_warned_of(
    client: Any, blog: PocketBase, caplog: pytest.LogCaptureFixture
) -> None:
    blog.collections.create({"name": "undated", "fields": [{"name": "title", "type": "text"}]})
    try:
        with caplog.at_level(logging.WARNING, "pbmodels"):
            await done(client.collection("undated").subscribe("*", print))
        await done(client.realtime.unsubscribe())
    finally:
        blog.collections.delete("undated")

    assert "collection undated has no field `updated`" in caplog.text


async def test_the_ways_to_unsubscribe(client: Any) -> None:
    realtime, posts = client.realtime, client.collection("posts")
    by_function, by_topic, by_prefix, by_listener, by_collection = (Heard() for _ in range(5))
    stop = await done(realtime.subscribe("posts/*", by_function))
    await done(realtime.subscribe("posts/*", by_topic, fields="title"))
    await done(stop())
    await done(posts.create({"title": "1"}))
    await by_topic.until(1)
    await done(stop())
    await done(realtime.unsubscribe("posts/*"))
    assert not realtime.is_connected

    await done(realtime.subscribe("posts/*", by_prefix))
    await done(realtime.subscribe("users/*", by_listener))
    await done(realtime.unsubscribe_by_prefix("po"))
    assert realtime.is_connected
    await done(realtime.unsubscribe_by_topic_and_listener("users/*", print))
    assert realtime.is_connected
    await done(realtime.unsubscribe_by_topic_and_listener("users/*", by_listener))
    assert not realtime.is_connected

    await done(posts.subscribe("*", by_collection))
    await done(posts.unsubscribe("*"))
    await done(posts.subscribe("*", by_collection))
    await done(posts.unsubscribe())
    await done(realtime.unsubscribe())
    await done(posts.create({"title": "2"}))
    await asyncio.sleep(0.1)
    assert (by_function, by_topic.titles, by_prefix, by_listener, by_collection) == ([], ["1"], [], [], [])


async def test_connecting_and_disconnecting_are_told(client: Any) -> None:
    greetings, topics = Heard(), Heard()
    client.realtime.on_disconnect = topics
    await done(client.realtime.subscribe("PB_CONNECT", greetings))
    assert [data["clientId"] for data in await greetings.until(1)] == [client.realtime.client_id]

    await done(client.realtime.unsubscribe())

    assert await topics.until(1) == [[]]
    assert (client.realtime.client_id, client.realtime.is_connected) == ("", False)


async def test_async_callbacks_are_awaited_in_order(client: Any) -> None:
    seen: list[str] = []

    async def callback(event: Event[Any]) -> None:
        await asyncio.sleep(0.05 if not seen else 0)
        seen.append(event.record.title)

    await done(client.collection("posts").subscribe("*", callback))
    for title in "abc":
        await done(client.collection("posts").create({"title": title}))
    await until(lambda: len(seen) == 3)

    assert seen == ["a", "b", "c"]


async def test_a_callback_that_raises_is_logged_and_goes_on(client: Any, caplog: pytest.LogCaptureFixture) -> None:
    heard = Heard()

    def fragile(data: Any) -> None:
        heard(data)
        raise RuntimeError("what a pity")

    await done(client.realtime.subscribe("posts/*", fragile))
    with caplog.at_level(logging.ERROR, "pbmodels"):
        for title in "ab":
            await done(client.collection("posts").create({"title": title}))
        await heard.until(2)
        await until(lambda: len(caplog.records) == 2)

    assert "what a pity" in caplog.text
    assert "the callback for posts/* failed; the subscription goes on" in caplog.text


def test_a_callback_may_write_and_unsubscribe_but_not_wait(blog: PocketBase) -> None:
    heard: list[Any] = []
    finished = threading.Event()

    def callback(event: Event[Any]) -> None:
        heard.append(threading.current_thread().name)
        heard.append(blog.collection("posts").get_one(event.record.id).title)
        try:
            blog.collection("posts").subscribe("*", print)
        except InvalidRequest as error:
            heard.append(str(error))
        blog.collection("posts").unsubscribe()
        finished.set()

    blog.collection("posts").subscribe("*", callback)
    blog.collection("posts").create({"title": "a"})

    assert finished.wait(60)
    assert heard[:2] == ["pbmodels-realtime", "a"]
    assert "cannot be waited for inside a callback" in heard[2]


async def test_values_with_backslashes_can_be_watched(client: Any) -> None:
    heard = Heard()
    text = 'a\\"b\\' if SERVER >= (0, 40) else 'a\\"b'  # what ends in a backslash, older servers have no way to write
    condition = client.filter("title = {:t}", t=text)
    await done(client.realtime.subscribe("posts/*", heard, filter=condition))
    await done(client.collection("posts").subscribe("*", heard, filter=condition))
    await done(client.collection("posts").create({"title": "other"}))
    await done(client.collection("posts").create({"title": text}))

    await heard.until(2)
    assert heard.titles == [text, text]


# What is refused


@pytest.mark.parametrize(
    ("topic", "options", "message"),
    [
        ("", {}, "needs a topic"),
        ("posts/*", {"filter": "x" * 3000}, r"takes \d+ characters, and PocketBase accepts 2500"),
    ],
)
async def test_topics_that_are_none(client: Any, topic: str, options: Any, message: str) -> None:
    client.before_send = lambda request: pytest.fail("it was sent")

    with pytest.raises(InvalidRequest, match=message):
        await done(client.realtime.subscribe(topic, print, **options))
    with pytest.raises(InvalidRequest, match="needs"):
        await done(client.collection("posts").subscribe("", print))
    with pytest.raises(InvalidRequest, match="needs a function to call back, not NoneType"):
        await done(client.realtime.subscribe("posts/*", None))


async def test_what_may_not_be_watched_is_an_error_for_that_subscription_alone(
    server: PocketBaseServer, flavour: str, blog: PocketBase
) -> None:
    heard = Heard()
    fields = [{"name": "title", "type": "text"}]
    blog.collections.create({"name": "open", "listRule": "", "viewRule": "", "fields": fields})
    try:
        async with new_client(flavour, server.url) as guest:
            await done(guest.collection("open").subscribe("*", heard))
            with pytest.raises(NotFound, match="there is no collection 'nowhere'"):
                await done(guest.collection("nowhere").subscribe("*", print))
            with pytest.raises(Forbidden):
                await done(guest.collection("posts").subscribe("*", print))
            with pytest.raises(NotFound):
                await done(guest.collection("open").subscribe("missing00000000", print))
            with pytest.raises(BadRequest, match="check that every field in the filter"):
                await done(guest.collection("open").subscribe("*", print, filter="nothing = 1"))

            blog.collection("open").create({"title": "heard"})
            await heard.until(1)
    finally:
        blog.collections.delete("open")


async def test_a_server_that_is_down(flavour: str) -> None:
    with nothing_listens() as url:
        async with new_client(flavour, url) as pb:
            with pytest.raises(ConnectionFailed, match="GET /api/realtime failed: cannot reach PocketBase"):
                await done(pb.realtime.subscribe("posts/*", print))
            assert not pb.realtime.is_connected


@pytest.mark.parametrize(
    ("first", "kind", "message"),
    [
        (
            odd_answer(200, b"<html>", content_type="text/html"),
            ClientResponseError,
            "gave no event stream but 'text/html'",
        ),
        (lambda connection: connection.sendall(HEAD), ConnectionFailed, "the server ended the stream"),
        (
            lambda connection: (connection.sendall(HEAD), connection.recv(1)),
            RequestTimeout,
            r"silent for 0.3 seconds; .* a proxy between holds its answer back",
        ),
    ],
)
async def test_what_is_no_realtime_server(flavour: str, first: Any, kind: type, message: str) -> None:
    with OddServer(first) as odd:
        async with new_client(flavour, odd.url) as pb:
            pb.realtime.options = RealtimeOptions(connect_timeout=0.3)
            with pytest.raises(kind, match=message):
                await done(pb.realtime.subscribe("posts/*", print))


async def test_options_that_are_none() -> None:
    with pytest.raises(InvalidRequest, match=r"RealtimeOptions\(lifetime=0\): give a number of seconds"):
        RealtimeOptions(lifetime=0)


# One connection


async def test_all_topics_share_one_connection(server: PocketBaseServer, flavour: str, blog: PocketBase) -> None:
    every, heard = [Heard() for _ in range(100)], Heard()
    with FaultProxy(server.url) as proxy:
        async with client_of(flavour, proxy.url, blog.auth_store.token) as pb:
            for number, callback in enumerate(every):
                await done(pb.realtime.subscribe("posts/*", callback, filter=f"views = {number}"))
            await done(pb.collection("posts").subscribe("*", heard))
            await done(pb.collection("posts").subscribe("*", heard))
            for number in range(100):
                blog.collection("posts").create({"title": str(number), "views": number})
            await heard.until(200)
            await until(lambda: all(every))

            assert [callback.titles for callback in every] == [[str(number)] for number in range(100)]
            assert len(proxy.streams) == 1
            assert pb.realtime.stats.connections == 1
        await until(lambda: not proxy.streams)


async def test_more_topics_than_a_connection_takes(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pbmodels.client._realtime.hub.MAX_TOPICS", 3)
    heard = Heard()
    for number in range(8):
        await done(client.realtime.subscribe("posts/*", heard, filter=f"views >= {number}"))

    await done(client.collection("posts").create({"title": "x", "views": 10}))
    await heard.until(8)

    assert client.realtime.stats.connections == 3


async def test_a_thousand_topics_and_more(aio: AsyncPocketBase) -> None:
    heard = Heard()
    for start in range(0, 1010, 101):
        some = range(start, start + 101)
        await asyncio.gather(*(aio.realtime.subscribe("posts/*", heard, filter=f"views = {number}") for number in some))
    for number in (0, 999, 1009):
        await aio.collection("posts").create({"title": str(number), "views": number})
    await heard.until(3)

    assert sorted(heard.titles) == ["0", "1009", "999"]
    assert aio.realtime.stats.connections == 2


async def test_a_renewed_connection_loses_and_repeats_nothing(
    server: PocketBaseServer, flavour: str, blog: PocketBase
) -> None:
    heard, raw, greetings = Heard(), Heard(), Heard()
    async with client_of(flavour, server.url, blog.auth_store.token) as pb:
        pb.realtime.options = RealtimeOptions(lifetime=0.3, overlap=0.1)
        pb.realtime.on_disconnect = lambda topics: pytest.fail("it was disconnected") if topics else None
        await done(pb.collection("posts").subscribe("*", heard))
        await done(pb.realtime.subscribe("posts/*", raw))
        await done(pb.realtime.subscribe("PB_CONNECT", greetings))
        count = 0
        while pb.realtime.stats.renewals < 3:
            await asyncio.to_thread(blog.collection("posts").create, {"title": str(count)})
            count += 1
        await raw.until(count)
        await heard.until(count)

        expected = sorted(str(each) for each in range(count))  # the server keeps no order among records
        assert sorted(heard.titles) == sorted(raw.titles) == expected
        assert pb.realtime.stats.breaks == 0
        await greetings.until(3)
        names = [each["clientId"] for each in list(greetings)]
        assert len(set(names)) == len(names)


async def test_an_idle_connection_is_renewed(server: PocketBaseServer, flavour: str, blog: PocketBase) -> None:
    async with client_of(flavour, server.url, blog.auth_store.token) as pb:
        pb.realtime.options = RealtimeOptions(idle_limit=0.2, overlap=0.05)
        await done(pb.collection("posts").subscribe("*", print))
        await until(lambda: pb.realtime.stats.renewals >= 2)

        assert pb.realtime.stats.breaks == 0


# Breaks


async def test_what_changed_during_a_break_is_brought_back(
    server: PocketBaseServer, flavour: str, blog: PocketBase
) -> None:
    heard, raw, lost = Heard(), Heard(), Heard()
    posts = blog.collection("posts")
    with FaultProxy(server.url) as proxy:
        async with client_of(flavour, proxy.url, blog.auth_store.token) as pb:
            pb.realtime.on_disconnect = lost
            await done(pb.collection("posts").subscribe("*", heard))
            await done(pb.realtime.subscribe("posts/*", raw))
            first = posts.create({"title": "seen"})
            await heard.until(1)
            proxy.refusals = [answer(502), answer(503)]
            proxy.cut(reset=True)
            await until(lambda: not pb.realtime.is_connected)
            posts.create({"title": "missed"})
            posts.update(first.id, {"title": "changed"})
            await until(lambda: pb.realtime.is_connected)
            await heard.until(3)
            posts.create({"title": "live"})
            await heard.until(4)

    found = {(e.action, e.record.title, e.recovered) for e in heard}
    assert found == {
        ("create", "seen", False),
        ("create", "missed", True),
        ("update", "changed", True),
        ("create", "live", False),
    }
    assert len(heard) == 4
    assert {"missed", "changed"} & set(raw.titles) == set()
    assert set(lost[0]) == {"posts/*"}


async def test_it_goes_on_after_a_restart_of_the_server(flavour: str) -> None:
    heard = Heard()
    with PocketBaseServer() as server, server.client() as admin:
        admin.collections.create({"name": "posts", "listRule": "", "fields": [{"name": "title", "type": "text"}]})
        async with new_client(flavour, server.url) as pb:
            await done(pb.collection("posts").subscribe("*", heard))
            admin.collection("posts").create({"title": "before"})
            await heard.until(1)

            await asyncio.to_thread(server.restart)
            await until(lambda: pb.realtime.stats.connections >= 2)
            admin.collection("posts").create({"title": "after"})
            await heard.until(2)
    assert heard.titles == ["before", "after"]


async def test_a_subscription_that_is_refused_after_a_reconnect(flavour: str, caplog: pytest.LogCaptureFixture) -> None:
    def begin(connection: socket.socket) -> None:
        connection.sendall(HEAD + GREETING)

    refused = odd_answer(400, b'{"message": "No."}')
    with OddServer(begin, SUBSCRIBED, begin, refused) as odd, caplog.at_level(logging.ERROR, "pbmodels"):
        async with new_client(flavour, odd.url) as pb:
            await done(pb.realtime.subscribe("posts/*", print))
            await until(lambda: bool(caplog.records))
            assert not pb.realtime.is_connected
    assert "the subscription to posts/* has ended: POST /api/realtime failed with 400: No" in caplog.text


async def test_a_connection_that_is_cut_before_it_is_subscribed(flavour: str) -> None:
    """The server answers 404 then, for it has forgotten the connection's id."""

    def begin(connection: socket.socket) -> None:
        connection.sendall(HEAD + GREETING)
        connection.recv(1)

    forgotten = odd_answer(404, b'{"message": "Missing or invalid client id."}')
    with OddServer(begin, forgotten, begin, SUBSCRIBED) as odd:
        async with new_client(flavour, odd.url) as pb:
            await done(pb.realtime.subscribe("posts/*", print))
            assert pb.realtime.is_connected
    with OddServer(*[begin, forgotten] * 3) as odd:
        async with new_client(flavour, odd.url) as pb:
            with pytest.raises(NotFound, match="Missing or invalid client id"):
                await done(pb.realtime.subscribe("posts/*", print))


async def test_a_rate_limit_is_waited_out(server: PocketBaseServer, flavour: str, blog: PocketBase) -> None:
    heard = Heard()
    with FaultProxy(server.url) as proxy:
        async with client_of(flavour, proxy.url, blog.auth_store.token) as pb:
            await done(pb.collection("posts").subscribe("*", heard))
            proxy.refusals = [answer(429, retry_after="1")]
            began = time.monotonic()
            proxy.cut()
            await until(lambda: pb.realtime.stats.connections >= 2)
            assert time.monotonic() - began >= 1.0


async def test_a_server_that_only_takes_connections_to_end_them_is_not_rushed_at(flavour: str) -> None:
    with OddServer(lambda c: c.sendall(HEAD + GREETING), SUBSCRIBED, lambda c: c.sendall(HEAD)) as odd:
        async with new_client(flavour, odd.url) as pb:
            began = time.monotonic()
            await done(pb.realtime.subscribe("posts/*", print))
            await until(lambda: len(odd.requests) >= 6)
            assert time.monotonic() - began >= 0.15 + 0.3 + 0.6  # the shortest pauses before the last three


# Who is signed in


async def test_a_sign_in_after_the_connection_began(
    server: PocketBaseServer, flavour: str, blog: PocketBase, members: str
) -> None:
    heard = Heard()
    made = blog.collection(members).create(
        {"email": "live@example.com", "password": "12345678", "passwordConfirm": "12345678"}
    )
    other = blog.collection(members).create(
        {"email": "else@example.com", "password": "12345678", "passwordConfirm": "12345678"}
    )
    try:
        async with new_client(flavour, server.url) as pb:
            pb.realtime.options = RealtimeOptions(overlap=0.05)
            await done(pb.collection(members).subscribe("*", heard))
            first = pb.realtime.client_id
            await done(pb.collection(members).auth_with_password("live@example.com", "12345678"))
            await seen_after_change(blog, members, made.id, heard)
            assert pb.realtime.client_id == first

            await done(pb.collection(members).auth_refresh())
            await done(pb.collection(members).auth_with_password("else@example.com", "12345678"))
            await seen_after_change(blog, members, other.id, heard)
            assert pb.realtime.client_id != first
            await asyncio.to_thread(blog.collection(members).update, made.id, {"nick": "hidden now"})
            await seen_after_change(blog, members, other.id, heard)
            assert "hidden now" not in [event.record.nick for event in heard]
    finally:
        for record in (made, other):
            blog.collection(members).delete(record.id)


async def seen_after_change(pb: PocketBase, collection: str, record_id: str, heard: Heard) -> None:
    """Change a record until the subscriber, whose rights change at some moment, hears of a change."""
    before = len(heard)

    async def seen() -> bool:
        await asyncio.to_thread(pb.collection(collection).update, record_id, {"nick": str(time.monotonic())})
        return any(event.record.id == record_id for event in heard[before:])

    assert await eventually(seen)


async def test_a_live_list_shows_what_a_guest_sees_who_signs_in(
    server: PocketBaseServer, flavour: str, blog: PocketBase, members: str
) -> None:
    class Member(AuthCollection, collection=members):
        nick: Field[str]

    made = blog.collection(members).create(
        {"email": "live@example.com", "password": "12345678", "passwordConfirm": "12345678", "nick": "Ann"}
    )
    try:
        with PocketBase(server.url) as guest, using(guest):
            async with guest.aio as aio:
                live: Any = Member.where().live() if flavour == "sync" else Member.where().aio.live()
                pb: Any = guest if flavour == "sync" else aio

                async def shows(nicks: list[str]) -> bool:
                    return [member.nick for member in await done(live.snapshot())] == nicks

                assert await shows([])
                await done(pb.collection(members).auth_with_password("live@example.com", "12345678"))
                assert await eventually(lambda: shows(["Ann"]))
                pb.auth_store.clear()
                assert await eventually(lambda: shows([]))
                await done(live.close() if flavour == "sync" else live.aclose())
    finally:
        blog.collection(members).delete(made.id)


async def test_a_sign_in_that_the_server_ended_is_noticed(
    server: PocketBaseServer, flavour: str, blog: PocketBase, members: str, caplog: pytest.LogCaptureFixture
) -> None:
    made = blog.collection(members).create(
        {"email": "gone@example.com", "password": "12345678", "passwordConfirm": "12345678"}
    )
    try:
        async with new_client(flavour, server.url) as pb:
            pb.realtime.options = RealtimeOptions(auth_check=0.2)
            await done(pb.collection(members).auth_with_password("gone@example.com", "12345678"))
            await done(pb.collection(members).subscribe("*", print))
            await asyncio.sleep(0.5)
            assert pb.realtime.is_connected

            with caplog.at_level(logging.ERROR, "pbmodels"):
                new = {"password": "abcdefgh", "passwordConfirm": "abcdefgh"}
                await asyncio.to_thread(blog.collection(members).update, made.id, new)
                await until(lambda: "the server has ended the sign-in of this connection" in caplog.text)
    finally:
        blog.collection(members).delete(made.id)


async def test_a_token_that_cannot_be_refreshed_is_not_taken_for_ended(
    client: Any, blog: PocketBase, members: str
) -> None:
    """Older servers refuse to refresh the token of an impersonated user."""
    heard: Heard = Heard()
    checks: list[str] = []
    made = blog.collection(members).create(
        {"email": "imp@example.com", "password": "12345678", "passwordConfirm": "12345678"}
    )
    theirs: Any = await done(client.collection(members).impersonate(made.id, 3600))
    try:
        theirs.before_send = lambda request: checks.append(request.url.path)
        theirs.realtime.options = RealtimeOptions(auth_check=0.1)
        await done(theirs.collection(members).subscribe("*", heard))
        await until(lambda: sum(path.endswith("/auth-refresh") for path in checks) >= 3)
        await asyncio.to_thread(blog.collection(members).update, made.id, {"nick": "Imp"})
        assert (await heard.until(1))[0].record.nick == "Imp"
    finally:
        await done(theirs.close() if isinstance(theirs, PocketBase) else theirs.aclose())
        blog.collection(members).delete(made.id)


# Where it runs and how it ends


async def test_any_http_client_can_carry_it(server: PocketBaseServer, flavour: str, blog: PocketBase) -> None:
    heard = Heard()
    http: Any = httpx.Client() if flavour == "sync" else httpx.AsyncClient()
    seen: list[str] = []
    async with client_of(flavour, server.url, blog.auth_store.token, http_client=http) as pb:
        pb.before_send = lambda request: seen.append(request.url.path)
        await done(pb.collection("posts").subscribe("*", heard))
        await asyncio.to_thread(blog.collection("posts").create, {"title": "x"})
        await heard.until(1)
    await done(http.close() if flavour == "sync" else http.aclose())
    assert "/api/realtime" in seen


async def test_closing_the_client_ends_it(server: PocketBaseServer, flavour: str) -> None:
    async with new_client(flavour, server.url) as pb:
        await done(pb.realtime.subscribe("users/*", print))
        assert pb.realtime.is_connected
    assert not pb.realtime.is_connected
    assert not [thread for thread in threading.enumerate() if "realtime" in thread.name]


async def test_the_same_client_in_one_loop_after_another(server: PocketBaseServer, blog: PocketBase) -> None:
    async def once() -> list[str]:
        heard = Heard()
        await blog.aio.collection("posts").subscribe("*", heard)
        await blog.aio.collection("posts").create({"title": "x"})
        await heard.until(1)
        return heard.titles

    for _ in range(3):
        assert await asyncio.to_thread(asyncio.run, once()) == ["x"]
    gc.collect()


async def test_cancelled_subscribers_leave_the_pool_healthy(aio: AsyncPocketBase) -> None:
    for step in range(12):
        task = asyncio.create_task(aio.collection("posts").subscribe("*", print))
        for _ in range(step * 3):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait((task,))
    await aio.realtime.aclose()
    await until(lambda: not aio.realtime.is_connected)
    assert (await aio.collection("posts").get_list()).total_items == 0


def test_a_child_has_a_connection_of_its_own(blog: PocketBase) -> None:
    heard: list[Any] = []
    blog.realtime.subscribe("posts/*", heard.append)

    def child() -> None:
        assert not blog.realtime.is_connected
        theirs: list[Any] = []
        blog.realtime.subscribe("posts/*", theirs.append)
        blog.collection("posts").create({"title": "child"})
        deadline = time.monotonic() + 60
        while not theirs and time.monotonic() < deadline:
            time.sleep(0.01)
        assert theirs
        blog.close()

    assert in_a_child(child) == 0
    blog.collection("posts").create({"title": "parent"})
    deadline = time.monotonic() + 60
    while len(heard) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [json.loads(json.dumps(data))["record"]["title"] for data in heard] == ["child", "parent"]
    assert blog.realtime.stats.connections == 1


def test_a_watch_of_the_parent_is_refused_in_a_child(blog: PocketBase) -> None:
    """Nothing would ever come there."""
    found: list[str] = []
    with Post.watch() as events, Post.where().live() as live:

        def child() -> None:
            for wait in (events.wait, events.__next__, live.wait, live.snapshot):
                with pytest.raises(InvalidRequest, match="belongs to the process that began it"):
                    wait()
            with Post.watch() as own:
                blog.collection("posts").create({"title": "child"})
                assert own.wait(30).record.title == "child"
            events.close()
            assert events.wait() is None
            live.close()
            blog.close()

        assert in_a_child(child) == 0
        found.append(next(events).record.title)
        blog.collection("posts").create({"title": "parent"})
        found.append(next(events).record.title)
        assert [next(live).record.title for _ in range(2)] == found == ["child", "parent"]


async def test_an_async_watch_of_the_parent_is_refused_in_a_child(aio: AsyncPocketBase) -> None:
    async with Post.aio.watch() as events, Post.where().aio.live() as live:

        def child() -> None:
            for waiting in (events.wait(), anext(events), live.wait(), live.snapshot()):
                with pytest.raises(InvalidRequest, match="belongs to the process that began it"):
                    waiting.send(None)

        assert in_a_child(child) == 0
        await aio.collection("posts").create({"title": "parent"})
        assert (await anext(events)).record.title == (await anext(live)).record.title == "parent"
