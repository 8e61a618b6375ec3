"""A client that stays signed in by itself; sync and async."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from pbmodels import AsyncPocketBase, BadRequest, InvalidRequest, PocketBase, PocketBaseServer, Record, Unauthorized
from tests.client.conftest import PASSWORD
from tests.client.flavours import done, new_client
from tests.client.odd_server import OddServer, answer


class Paths(list[str]):
    """The last part of every path that was sent; `note` is a `before_send` hook."""

    def note(self, request: httpx.Request) -> None:
        self.append(request.url.path.rpartition("/")[2])


def mine(account: Record, paths: Paths) -> dict[str, Any]:
    return {
        "identity": account.email,
        "password": PASSWORD,
        "auth_collection": "accounts",
        "before_send": paths.note,
    }


def token_of(**claims: object) -> str:
    return f"h.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.s"


async def test_it_signs_in_when_a_request_needs_it(
    flavour: str, server: PocketBaseServer, accounts: str, account: Record
) -> None:
    paths = Paths()
    async with new_client(flavour, server.url, **mine(account, paths)) as pb:
        await done(pb.health.check())
        await done(pb.collection(accounts).list_auth_methods())
        assert paths == ["health", "auth-methods"]
        for _ in range(3):
            assert [r.id for r in await done(pb.collection(accounts).get_list())] == [account.id]

    assert paths[2:] == ["auth-with-password", "records", "records", "records"]


async def test_many_requests_wait_for_one_sign_in(
    flavour: str, server: PocketBaseServer, accounts: str, account: Record
) -> None:
    paths = Paths()
    async with new_client(flavour, server.url, **mine(account, paths)) as pb:
        if isinstance(pb, AsyncPocketBase):
            pages = await asyncio.gather(*[pb.collection(accounts).get_list() for _ in range(12)])
        else:
            start = threading.Barrier(12)
            with ThreadPoolExecutor(12) as threads:
                pages = list(
                    threads.map(lambda _: start.wait(10) >= 0 and pb.collection(accounts).get_list(), range(12))
                )

    assert [page.items[0].id for page in pages] == [account.id] * 12
    assert paths.count("auth-with-password") == 1


async def test_a_401_is_met_with_one_new_sign_in(
    flavour: str, server: PocketBaseServer, accounts: str, account: Record, pb: PocketBase
) -> None:
    paths = Paths()
    async with new_client(flavour, server.url, **mine(account, paths)) as client:
        await done(client.files.get_token())
        pb.collection(accounts).update(account.id, {"password": PASSWORD, "passwordConfirm": PASSWORD})  # ends tokens
        assert await done(client.files.get_token())

    assert paths == ["auth-with-password", "token", "token", "auth-with-password", "token"]


async def test_it_never_loops(flavour: str) -> None:
    first, second = (answer(200, json.dumps({"token": t, "record": {"id": "u"}}).encode()) for t in ("t1", "t2"))
    with OddServer(first, answer(401), second, answer(401)) as odd:
        async with new_client(flavour, odd.url, identity="a", password="b") as pb:
            with pytest.raises(Unauthorized):
                await done(pb.send("/x"))
    assert len(odd.requests) == 4


async def test_a_token_close_to_its_end_is_refreshed(
    flavour: str, server: PocketBaseServer, accounts: str, account: Record, pb: PocketBase
) -> None:
    pb.collections.update(accounts, {"authToken": {"duration": 200}})
    with PocketBase(server.url) as other:
        short = other.collection(accounts).auth_with_password(account.email, PASSWORD)
    pb.collections.update(accounts, {"authToken": {"duration": 432000}})

    for options, expected in (({"auto_refresh": True}, ["auth-refresh", "records", "records"]), ({}, ["records"] * 2)):
        paths = Paths()
        async with new_client(flavour, server.url, before_send=paths.note, **options) as client:
            client.auth_store.save(short.token, short.record)
            for _ in range(2):
                assert len(await done(client.collection(accounts).get_list())) == 1
        assert paths == expected


async def test_who_else_is_signed_in_is_never_exchanged(flavour: str) -> None:
    other = token_of(exp=time.time() - 5, id="other", collectionId="c")
    with OddServer(answer(200)) as odd:
        async with new_client(flavour, odd.url, identity="a", password="b") as pb:
            pb.auth_store.save(other, {"id": "other", "email": "other@example.com"})
            await done(pb.send("/x"))
    assert [r.split()[1] for r in odd.requests] == ["/x"]


async def test_a_wrong_password(
    flavour: str, server: PocketBaseServer, account: Record, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    paths = Paths()
    async with new_client(flavour, server.url, **{**mine(account, paths), "password": "hush hush"}) as pb:
        with pytest.raises(BadRequest, match="check the identity and the password") as error:
            await done(pb.collection("accounts").get_list())
        shown = f"{error.value!s} {error.value!r} {error.value.__dict__} {pb!r} {pb._state!r} {caplog.text}"
        assert "hush" not in shown + repr(pb._state.session.credentials)
    assert paths == ["auth-with-password"]


@pytest.mark.parametrize("half", [{"identity": "a"}, {"password": "b"}, {"identity": "", "password": "b"}])
def test_both_halves_are_needed(half: dict[str, str]) -> None:
    with pytest.raises(InvalidRequest, match="needs identity= and password="):
        PocketBase("http://127.0.0.1:1", **half)  # type: ignore[arg-type]
