"""A client that stays signed in by itself, when that does not go smoothly; sync and async."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from pbmodels import (
    AsyncPocketBase,
    BadRequest,
    Collection,
    Field,
    PocketBase,
    PocketBaseServer,
    Record,
    Unauthorized,
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


async def test_a_refresh_does_not_overwrite_who_has_signed_in_meanwhile(flavour: str) -> None:
    old = token_of(exp=time.time() + 60, id="u", collectionId="c")
    with OddServer(signs_in(token_of(exp=time.time() + 9000, id="u", collectionId="c")), answer(200)) as odd:
        async with new_client(flavour, odd.url, auto_refresh=True) as pb:
            pb.auth_store.save(old, {"id": "u"})
            pb.after_send = lambda response: pb.auth_store.save("another", {"id": "v"})
            await done(pb.send("/x"))
            assert (pb.auth_store.token, pb.auth_store.record) == ("another", {"id": "v"})


async def test_both_flavours_sign_in_at_once(server: PocketBaseServer, accounts: str, account: Record) -> None:
    paths = Paths()
    with PocketBase(server.url, **mine(account, paths)) as pb:
        async with pb.aio as twin:
            pages = await asyncio.gather(
                twin.collection(accounts).get_list(), asyncio.to_thread(pb.collection(accounts).get_list)
            )

    assert [page.items[0].id for page in pages] == [account.id] * 2
    assert 1 <= paths.count("auth-with-password") <= 2


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
