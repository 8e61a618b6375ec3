"""A client that stays signed in by itself, when that does not go smoothly; sync and async."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from pathlib import Path
from typing import Any

import httpx
import pytest

from pbmodels import (
    AsyncPocketBase,
    BadRequest,
    Collection,
    Field,
    NotFound,
    PocketBase,
    PocketBaseServer,
    Record,
    Unauthorized,
    ValidationFailed,
    connect,
    using,
)
from tests.client.flavours import done, new_client
from tests.client.odd_server import OddServer, answer
from tests.client.test_auth_session import Paths, mine, token_of


def signs_in(token: str) -> bytes:
    """A server's answer to a sign-in."""
    return answer(200, json.dumps({"token": token, "record": {"id": "u"}}).encode())


def actions(odd: OddServer) -> list[str]:
    return [request.split()[1].rpartition("/")[2] for request in odd.requests]


async def lists_at_once(pb: Any, count: int) -> list[Any]:
    """What that many lists side by side give or raise."""
    if isinstance(pb, AsyncPocketBase):
        return await asyncio.gather(
            *[pb.collection("accounts").get_list() for _ in range(count)], return_exceptions=True
        )
    start = threading.Barrier(count)

    def result(_: int) -> Any:
        start.wait(10)
        try:
            return pb.collection("accounts").get_list()
        except BadRequest as error:
            return error

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(result, range(count)))


async def test_requests_that_wait_share_a_failure_and_later_ones_try_again(
    flavour: str, server: PocketBaseServer, account: Record
) -> None:
    paths = Paths()
    async with new_client(flavour, server.url, **{**mine(account, paths), "password": "wrong"}) as pb:
        failures = await lists_at_once(pb, 8)
        assert [type(failure) for failure in failures] == [BadRequest] * 8
        assert len({id(failure) for failure in failures}) == 8  # each has a traceback of its own
        assert paths == ["auth-with-password"]
        with pytest.raises(BadRequest):
            await done(pb.collection("accounts").get_list())

    assert paths == ["auth-with-password"] * 2


@pytest.fixture
def papers(pb: PocketBase) -> Iterator[str]:
    """A collection where everybody may leave a file."""
    file = {"name": "doc", "type": "file", "maxSelect": 1, "maxSize": 1_000_000}
    pb.collections.create({"name": "papers", "createRule": "", "fields": [file]})
    yield "papers"
    pb.collections.delete("papers")


class TurnsDownTheFirst:
    """An `after_send` hook like a gateway that looks at a token only when all of a request has come."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._has_done_so = False

    def __call__(self, response: httpx.Response) -> httpx.Response | None:
        if self._has_done_so or not response.request.url.path.endswith(self._path):
            return None
        self._has_done_so = True
        return httpx.Response(401, json={"status": 401, "message": "Late.", "data": {}})


async def test_an_open_file_is_sent_whole_again(
    flavour: str, server: PocketBaseServer, account: Record, papers: str, pb: PocketBase, tmp_path: Path
) -> None:
    content = b"0123456789" * 20_000
    (tmp_path / "doc.txt").write_bytes(content)
    paths, hook = Paths(), TurnsDownTheFirst("/papers/records")

    async with new_client(flavour, server.url, after_send=hook, **mine(account, paths)) as client:
        with (tmp_path / "doc.txt").open("rb") as file:
            file.read(4)  # a file is sent from its start
            made = await done(client.collection(papers).create({"doc": file}))

    assert pb.files.read(made, made.doc) == content
    assert paths == ["auth-with-password", "records", "auth-with-password", "records"]


async def test_what_cannot_be_rewound_is_not_sent_again(
    flavour: str, server: PocketBaseServer, account: Record, papers: str
) -> None:
    paths, hook = Paths(), TurnsDownTheFirst("/papers/records")

    async with new_client(flavour, server.url, after_send=hook, **mine(account, paths)) as client:
        with pytest.raises(Unauthorized, match="Late"):
            await done(client.collection(papers).create({"doc": ("a.txt", iter([b"once"]))}))

    assert paths == ["auth-with-password", "records"]


async def test_a_refused_refresh_signs_in_anew(flavour: str) -> None:
    old = token_of(exp=time.time() + 60, id="u", collectionId="c", refreshable=True)
    new = token_of(exp=time.time() + 9000, id="u", collectionId="c")
    with OddServer(answer(401), signs_in(new), answer(200)) as odd:
        async with new_client(flavour, odd.url, identity="a@example.com", password="b") as pb:
            pb.auth_store.save(old, {"id": "u", "email": "a@example.com", "collectionName": "users"})
            await done(pb.send("/x"))
            assert pb.auth_store.token == new

    assert actions(odd) == ["auth-refresh", "auth-with-password", "x"]


async def test_a_refused_refresh_without_credentials_goes_on_with_the_token(flavour: str) -> None:
    old = token_of(exp=time.time() + 60, id="u", collectionId="c")
    with OddServer(answer(401), answer(200)) as odd:
        async with new_client(flavour, odd.url, auto_refresh=True) as pb:
            pb.auth_store.save(old, {"id": "u"})
            await done(pb.send("/x"))
            await done(pb.send("/y"))

    assert actions(odd) == ["auth-refresh", "x", "y"]


@pytest.mark.parametrize("ahead", [3600, -3600])
async def test_the_server_s_clock_counts(flavour: str, monkeypatch: pytest.MonkeyPatch, ahead: int) -> None:
    now = time.time()
    there = int(now) + ahead

    def signs_in_there(token: str) -> bytes:
        return answer(
            200, json.dumps({"token": token, "record": {"id": "u"}}).encode(), date=formatdate(there, usegmt=True)
        )

    first, second = (token_of(exp=there + life, id="u", collectionId="c") for life in (100, 9000))
    with OddServer(signs_in_there(first), answer(200), answer(200), signs_in_there(second), answer(200)) as odd:
        async with new_client(flavour, odd.url, identity="a", password="b") as pb:
            await done(pb.send("/x"))
            await done(pb.send("/y"))
            monkeypatch.setattr(time, "time", lambda: now + 200)
            await done(pb.send("/z"))

    assert actions(odd) == ["auth-with-password", "x", "y", "auth-with-password", "z"]


async def test_a_refresh_does_not_overwrite_who_has_signed_in_meanwhile(flavour: str) -> None:
    old = token_of(exp=time.time() + 60, id="u", collectionId="c")
    with OddServer(signs_in(token_of(exp=time.time() + 9000, id="u", collectionId="c")), answer(200)) as odd:
        async with new_client(flavour, odd.url, auto_refresh=True) as pb:
            pb.auth_store.save(old, {"id": "u"})
            pb.after_send = lambda response: pb.auth_store.save("another", {"id": "v"})
            await done(pb.send("/x"))
            assert (pb.auth_store.token, pb.auth_store.record) == ("another", {"id": "v"})


def many_at_once(pb: PocketBase, count: int) -> list[Any]:
    """What that many requests give or raise of threads, of tasks in one event loop, and of tasks in another."""
    start = threading.Barrier(count + 2)

    def ask(_: int) -> Any:
        start.wait(10)
        try:
            return pb.collection("accounts").get_list().items[0].id
        except BadRequest as error:
            return type(error)

    async def ask_in_loop() -> list[Any]:
        await asyncio.to_thread(start.wait, 10)
        async with pb.aio as twin:
            pages = [twin.collection("accounts").get_list() for _ in range(count)]
            answers = await asyncio.gather(*pages, return_exceptions=True)
        return [type(each) if isinstance(each, BaseException) else each.items[0].id for each in answers]

    with ThreadPoolExecutor(count + 2) as threads:
        loops = [threads.submit(asyncio.run, ask_in_loop()) for _ in range(2)]
        return [*threads.map(ask, range(count)), *(each for loop in loops for each in loop.result())]


def test_threads_and_event_loops_wait_for_one_sign_in(server: PocketBaseServer, accounts: str, account: Record) -> None:
    paths = Paths()
    with PocketBase(server.url, **mine(account, paths)) as pb:
        assert many_at_once(pb, 6) == [account.id] * 18

    assert paths.count("auth-with-password") == 1


def test_threads_and_event_loops_share_a_failure(server: PocketBaseServer, accounts: str, account: Record) -> None:
    paths = Paths()
    with PocketBase(server.url, **{**mine(account, paths), "password": "wrong"}) as pb:
        assert many_at_once(pb, 6) == [BadRequest] * 18

    assert paths == ["auth-with-password"]


async def test_a_sign_in_of_a_cancelled_task_is_made_by_one_that_waits() -> None:
    asked = threading.Event()

    def silent(connection: socket.socket) -> None:
        asked.set()
        connection.recv(1)

    with OddServer(silent, signs_in("t"), answer(200)) as odd:
        async with AsyncPocketBase(odd.url, identity="a", password="b") as pb:
            first = asyncio.create_task(pb.send("/x"))
            await asyncio.to_thread(asked.wait, 10)
            others = [asyncio.create_task(pb.send(path)) for path in ("/y", "/y")]
            await asyncio.sleep(0)
            first.cancel()
            await asyncio.gather(*others)

    assert actions(odd) == ["auth-with-password", "auth-with-password", "y", "y"]


async def test_sync_code_in_an_event_loop_does_not_wait_for_the_loop() -> None:
    asked = threading.Event()

    def silent(connection: socket.socket) -> None:
        asked.set()
        connection.recv(1)

    with OddServer(silent, signs_in("t"), answer(200)) as odd, PocketBase(odd.url, identity="a", password="b") as pb:
        async with pb.aio as twin:
            first = asyncio.create_task(twin.send("/x"))
            await asyncio.to_thread(asked.wait, 10)
            pb.send("/y")  # holds up the loop, and so the sign-in that the task waits for
            first.cancel()
            await asyncio.wait([first])

    assert actions(odd) == ["auth-with-password", "auth-with-password", "y"]


@pytest.mark.parametrize(("verb", "failure"), [("delete", NotFound), ("create", ValidationFailed)])
async def test_a_sign_in_that_broke_does_not_make_a_request_look_sent(
    flavour: str, verb: str, failure: type[Exception]
) -> None:
    refused = {
        "delete": answer(404),
        "create": answer(400, b'{"data": {"id": {"code": "validation_not_unique", "message": "Not unique."}}}'),
    }
    with OddServer(lambda connection: None, signs_in("t"), refused[verb]) as odd:
        async with new_client(flavour, odd.url, identity="a", password="b", retries=1) as pb:
            posts = pb.collection("posts")
            with pytest.raises(failure):
                await done(posts.delete("r1") if verb == "delete" else posts.create({"id": "r1"}))

    assert actions(odd)[:2] == ["auth-with-password"] * 2
    assert len(odd.requests) == 3


async def test_connect_takes_credentials(
    server: PocketBaseServer, accounts: str, account: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pbmodels.models._context._default", None)

    class Account(Collection, collection="accounts"):
        nick: Field[str]

    with connect(server.url, **mine(account, Paths())) as client, using(client):
        assert [each.nick for each in Account.all()] == ["first"]
    async with client.aio:
        assert [each.nick for each in await Account.aio.all()] == ["first"]
