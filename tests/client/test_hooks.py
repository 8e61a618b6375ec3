"""Hooks, timeouts and clients of one's own; sync and async."""

from __future__ import annotations

import asyncio
import inspect
import socket
from typing import Any

import httpx
import pytest

from pbmodels import (
    AsyncPocketBase,
    ConnectionFailed,
    InvalidRequest,
    NotFound,
    PocketBase,
    PocketBaseServer,
    RequestTimeout,
)
from tests.client.flavours import done, new_client
from tests.client.odd_server import OddServer, answer

HTTP = {"sync": httpx.Client, "async": httpx.AsyncClient}


async def test_before_send_sees_and_changes_requests(visitor: Any, gate: str) -> None:
    def add(request: httpx.Request) -> None:
        request.headers["X-Key"] = "ä ok"
        request.url = request.url.copy_merge_params({"door": "open, sesame"})

    visitor.before_send = add

    assert visitor.before_send is add
    assert [r.v for r in await done(visitor.collection(gate).get_list())] == ["gold"]


async def test_before_send_replaces_requests_and_keeps_the_timeout(flavour: str) -> None:
    def silent(connection: socket.socket) -> None:
        connection.recv(1)

    def replace(request: httpx.Request) -> httpx.Request:
        return httpx.Request("PATCH", request.url.join("/other"), json={"a": 1})

    with OddServer(answer(200, b'{"n": 1}'), silent) as odd:
        async with new_client(flavour, odd.url, before_send=replace) as pb:
            assert await done(pb.send("/x")) == {"n": 1}
            with pytest.raises(RequestTimeout, match="GET /other got no answer"):
                await done(pb.send("/x", timeout=0.3))

    assert odd.requests[0].startswith("PATCH /other HTTP/1.1\r\n")


async def test_before_send_sees_the_body(client: Any) -> None:
    seen: list[httpx.Request] = []
    client.before_send = seen.append

    await done(client.collection("posts").create({"title": "ä"}))
    await done(client.collection("posts").get_list(1, 1))

    assert [request.content for request in seen] == ['{"title":"ä"}'.encode(), b""]
    assert seen[0].headers["content-length"] == "14"
    assert seen[1].headers["host"] == client.url.removeprefix("http://")


async def test_after_send_sees_and_replaces_responses(visitor: Any) -> None:
    seen: list[tuple[str, int, bytes]] = []

    def swap(response: httpx.Response) -> httpx.Response | None:
        seen.append((response.request.method, response.status_code, response.content))
        return httpx.Response(200, json={"swapped": True}) if response.status_code == 404 else None

    visitor.after_send = swap

    assert visitor.after_send is swap
    assert (await done(visitor.health.check())).code == 200
    assert await done(visitor.send("/api/nope")) == {"swapped": True}
    assert [(method, status) for method, status, _ in seen] == [("GET", 200), ("GET", 404)]


async def test_after_send_may_turn_a_success_down(visitor: Any) -> None:
    visitor.after_send = lambda response: httpx.Response(404, json={"message": "Hidden."})

    with pytest.raises(NotFound, match="GET /api/health failed with 404: Hidden"):
        await done(visitor.health.check())


async def test_what_a_hook_raises_comes_through(visitor: Any) -> None:
    def boom(_: object) -> None:
        raise ZeroDivisionError

    visitor.before_send = boom
    with pytest.raises(ZeroDivisionError):
        await done(visitor.health.check())

    visitor.before_send, visitor.after_send = None, boom
    with pytest.raises(ZeroDivisionError):
        await done(visitor.health.check())

    visitor.after_send = None
    assert (await done(visitor.health.check())).code == 200


async def test_hooks_that_are_awaited(server: PocketBaseServer) -> None:
    async def sign(request: httpx.Request) -> None:
        await asyncio.sleep(0)
        request.headers["X-Key"] = "late"

    async def swap(response: httpx.Response) -> httpx.Response:
        await asyncio.sleep(0)
        return httpx.Response(200, json={"key": response.request.headers["X-Key"]})

    async with AsyncPocketBase(server.url, before_send=sign, after_send=swap) as pb:
        assert await pb.send("/api/health") == {"key": "late"}


@pytest.mark.parametrize("place", ["before_send", "after_send"])
def test_the_sync_client_awaits_no_hook(guest: PocketBase, place: str) -> None:
    async def hook(_: object) -> None: ...

    setattr(guest, place, hook)

    with pytest.raises(InvalidRequest, match="the hook hook is an async function"):
        guest.health.check()


@pytest.mark.parametrize(("place", "kind"), [("before_send", "request"), ("after_send", "response")])
async def test_a_hook_that_gives_something_else(visitor: Any, place: str, kind: str) -> None:
    setattr(visitor, place, lambda _: 0)

    with pytest.raises(InvalidRequest, match=f"gave a int; it gives another {kind}, or None"):
        await done(visitor.health.check())


async def test_both_flavours_share_hooks(guest: PocketBase) -> None:
    seen: list[str] = []
    guest.aio.before_send = lambda request: seen.append("before")
    guest.after_send = lambda response: seen.append("after")

    guest.health.check()
    async with guest.aio:
        await guest.aio.health.check()

    assert seen == ["before", "after"] * 2


async def test_a_client_of_one_s_own(flavour: str, server: PocketBaseServer, superuser: PocketBase) -> None:
    http = HTTP[flavour](headers={"X-Mine": "1", "Accept": "x/y"}, cookies={"c": "d"})
    seen: list[httpx.Request] = []
    async with new_client(flavour, server.url, http_client=http, before_send=seen.append) as pb:
        pb.auth_store.save(superuser.auth_store.token)
        made = await done(pb.collection("posts").create({"title": "x", "gallery": [b"a", b"b"], "views": 2}))
        assert (made.views, len(made.gallery)) == (2, 2)
        with pytest.raises(NotFound):
            await done(pb.collection("posts").get_one("nope"))

    assert not http.is_closed
    await done(http.aclose() if flavour == "async" else http.close())
    assert seen[1].headers["x-mine"] == "1"
    assert seen[1].headers.get_list("accept") == ["application/json"]
    assert seen[1].headers["cookie"] == "c=d"


async def test_a_client_of_one_s_own_follows_no_redirect(flavour: str) -> None:
    http = HTTP[flavour](follow_redirects=True)
    with OddServer(answer(302, location="/elsewhere")) as odd:
        async with new_client(flavour, odd.url, http_client=http) as pb:
            with pytest.raises(Exception, match="redirects to /elsewhere"):
                await done(pb.send("/x"))
    await done(http.aclose() if flavour == "async" else http.close())

    assert len(odd.requests) == 1


class StrangeClient:
    """Behaves like httpx's clients, with exceptions of its own."""

    class RequestError(Exception):
        pass

    class ReadTimeout(RequestError, TimeoutError):
        pass

    def __init__(self, error: Exception) -> None:
        self.error = error

    def build_request(self, method: str, url: str, **options: Any) -> httpx.Request:
        return httpx.Request(method, url, headers=options["headers"])

    def send(self, request: httpx.Request, **_: Any) -> httpx.Response:
        raise self.error


class StrangeAsyncClient(StrangeClient):
    async def send(self, request: httpx.Request, **_: Any) -> httpx.Response:  # type: ignore[override]
        raise self.error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (StrangeClient.RequestError("x"), ConnectionFailed),
        (StrangeClient.ReadTimeout("x"), RequestTimeout),
        (ConnectionResetError("x"), ConnectionFailed),
        (ConnectionRefusedError("x"), ConnectionFailed),
        (TimeoutError("x"), RequestTimeout),
        (ZeroDivisionError("x"), ZeroDivisionError),
    ],
)
async def test_exceptions_that_are_not_httpx_s(flavour: str, error: Exception, kind: type[Exception]) -> None:
    strange = {"sync": StrangeClient, "async": StrangeAsyncClient}[flavour](error)
    async with new_client(flavour, "http://host", http_client=strange) as pb:
        with pytest.raises(kind) as raised:
            await done(pb.send("/x"))

    assert getattr(raised.value, "original_error", error) is error


async def test_a_client_of_the_other_flavour_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="give the async one to AsyncPocketBase"):
        PocketBase("http://host", http_client=httpx.AsyncClient())
    with httpx.Client() as http, pytest.raises(InvalidRequest, match="this http_client is not async"):
        AsyncPocketBase("http://host", http_client=http)
    assert inspect.iscoroutinefunction(httpx.AsyncClient.send)


@pytest.mark.parametrize("timeout", [0.2, httpx.Timeout(5, read=0.2)])
async def test_a_timeout_of_the_client(flavour: str, timeout: Any) -> None:
    with OddServer(lambda connection: bool(connection.recv(1))) as odd:  # type: ignore[arg-type, return-value]
        async with new_client(flavour, odd.url, timeout=timeout) as pb:
            with pytest.raises(RequestTimeout):
                await done(pb.health.check())


async def test_no_timeout_at_all(flavour: str, server: PocketBaseServer) -> None:
    async with new_client(flavour, server.url, timeout=None) as pb:
        assert (await done(pb.health.check())).code == 200
