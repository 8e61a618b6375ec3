"""Signing in and out, and where the token is kept; sync and async."""

from __future__ import annotations

import base64
import json
import os
import stat
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from pbmodels import (
    AuthStore,
    BadRequest,
    ClientResponseError,
    FileAuthStore,
    InvalidRequest,
    PocketBase,
    PocketBaseServer,
    Record,
    Unauthorized,
)
from tests.client.conftest import PASSWORD
from tests.client.flavours import done, new_client
from tests.client.odd_server import OddServer, answer


def token_of(**claims: object) -> str:
    return f"h.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.s"


async def test_signing_in_with_a_password(visitor: Any, members: str, member: str) -> None:
    result = await done(visitor.collection(members).auth_with_password(member, PASSWORD))

    store = visitor.auth_store
    assert (result.record.nick, result.record.collection_name, result.meta) == ("first", members, {})
    assert (store.token, store.record, store.is_valid, store.is_superuser) == (result.token, result.record, True, False)
    assert [r.id for r in await done(visitor.collection(members).get_list())] == [result.record.id]


async def test_the_options_of_signing_in(
    visitor: Any, members: str, member: str, pb: PocketBase, blog: PocketBase
) -> None:
    user = pb.users.create({"email": "fr@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD})
    pb.collection(members).update(pb.collection(members).get_first_list_item("nick='first'").id, {"friend": user.id})
    sent: list[Any] = []
    visitor.before_send = sent.append
    extras = {"fields": "token,record.nick", "expand": "friend", "query": {"a": "b"}, "headers": {"X-A": "1"}}

    result = await done(
        visitor.collection(members).auth_with_password(member, PASSWORD, identity_field="email", **extras)
    )
    again = await done(visitor.collection(members).auth_refresh(**extras))

    assert result.record == again.record == {"nick": "first"}
    assert [dict(r.url.params) for r in sent] == [{"expand": "friend", "fields": "token,record.nick", "a": "b"}] * 2
    assert [r.headers["X-A"] for r in sent] == ["1", "1"]
    assert json.loads(sent[0].content)["identityField"] == "email"


async def test_a_sign_in_without_the_record(visitor: Any, members: str, member: str) -> None:
    result = await done(visitor.collection(members).auth_with_password(member, PASSWORD, fields="token"))

    assert (result.record, visitor.auth_store.is_valid) == ({}, True)
    with pytest.raises(ClientResponseError, match="gave no token; leave 'token' and 'record' in fields="):
        await done(visitor.collection(members).auth_refresh(fields="record"))


async def test_a_superuser(visitor: Any, server: PocketBaseServer) -> None:
    await done(visitor.superusers.auth_with_password(server.superuser_email, server.superuser_password))

    assert visitor.auth_store.is_superuser
    visitor.auth_store.save(visitor.auth_store.token)
    assert visitor.auth_store.is_superuser
    assert "_superusers" not in repr(visitor.auth_store) or visitor.auth_store.record is not None


async def test_a_wrong_password(visitor: Any, members: str, member: str) -> None:
    with pytest.raises(BadRequest, match="check the identity and the password, and that collection 'members'") as error:
        await done(visitor.collection(members).auth_with_password(member, "wrong password"))

    assert "wrong password" not in f"{error.value!s} {error.value!r} {error.value.__dict__}"
    assert not visitor.auth_store.token


@pytest.mark.parametrize(("identity", "password"), [("", "x"), ("x", ""), (None, "x"), ("x", 5)])
async def test_a_sign_in_needs_both(visitor: Any, identity: Any, password: Any) -> None:
    with pytest.raises(InvalidRequest, match="to sign in to 'users' with must be text that is not empty"):
        await done(visitor.users.auth_with_password(identity, password))


async def test_a_second_factor_that_is_asked_for(flavour: str) -> None:
    with OddServer(answer(401, b'{"mfaId": "m1"}')) as odd:
        async with new_client(flavour, odd.url) as pb:
            with pytest.raises(Unauthorized, match="a second way to sign in is needed") as error:
                await done(pb.users.auth_with_password("a", "b"))

    assert error.value.response["mfaId"] == "m1"


async def test_a_sign_in_travels_in_a_cookie(visitor: Any, flavour: str, members: str, member: str) -> None:
    signed_in = await done(visitor.collection(members).auth_with_password(member, PASSWORD))

    header = visitor.auth_store.export_to_cookie()

    assert "HttpOnly; Secure; SameSite=Strict" in header
    async with new_client(flavour, visitor.url) as back_end:
        back_end.auth_store.load_from_cookie(f"theme=dark; {header.split(';')[0]}")
        assert back_end.auth_store.record == signed_in.record
        assert (await done(back_end.collection(members).auth_refresh())).record.id == signed_in.record.id


@pytest.mark.parametrize(("key", "options"), [("a b", {}), ("a", {"path": "/;x"}), ("a", {"domain": "a\nb"})])
def test_what_cannot_stand_in_a_cookie(key: str, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match="cannot be a cookie's"):
        AuthStore().export_to_cookie(key, **options)


async def test_refreshing(visitor: Any, members: str, member: str, pb: PocketBase) -> None:
    first = await done(visitor.collection(members).auth_with_password(member, PASSWORD))
    pb.collection(members).update(first.record.id, {"nick": "second"})

    result = await done(visitor.collection(members).auth_refresh())

    assert visitor.auth_store.record.nick == result.record.nick == "second"
    visitor.auth_store.clear()
    with pytest.raises(Unauthorized, match="sign in first"):
        await done(visitor.collection(members).auth_refresh())


@pytest.mark.parametrize("options", [{}, {"fields": "nick"}])
async def test_the_store_follows_changes_of_the_own_record(
    visitor: Any, members: str, member: str, options: dict[str, str]
) -> None:
    mine = (await done(visitor.collection(members).auth_with_password(member, PASSWORD))).record
    token = visitor.auth_store.token

    await done(visitor.collection(members).update(mine.id, {"nick": "new"}, **options))
    assert (visitor.auth_store.record.nick, visitor.auth_store.record.email) == ("new", member)
    assert visitor.auth_store.token == token

    await done(visitor.collection(members).delete(mine.id))
    assert (visitor.auth_store.token, visitor.auth_store.record) == ("", None)


async def test_the_store_keeps_out_of_other_records(client: Any) -> None:
    me = client.auth_store.record
    post = await done(client.collection("posts").create({"id": me.id, "title": "same id, other collection"}))

    await done(client.collection("posts").update(post.id, {"title": "x"}))
    assert client.auth_store.record == me
    await done(client.collection("posts").delete(post.id))
    assert client.auth_store.record == me


def test_both_flavours_share_the_store(pb: PocketBase) -> None:
    assert pb.aio.auth_store is pb.auth_store
    assert pb.aio is pb.aio


def test_callbacks() -> None:
    store, seen = AuthStore(), []
    first = store.on_change(lambda token, record: seen.append(("first", token, record)))
    second = store.on_change(lambda token, record: seen.append(("second", token, record)), fire_immediately=True)

    store.save("t", {"id": "u"})
    first()
    first()
    store.clear()
    second()
    store.save("unseen")

    assert seen == [
        ("second", "", None),
        ("first", "t", {"id": "u"}),
        ("second", "t", {"id": "u"}),
        ("second", "", None),
    ]


def test_a_callback_may_use_the_store_from_another_thread(tmp_path: Path) -> None:
    store = FileAuthStore(tmp_path / "auth.json")

    def elsewhere(token: str, record: Record | None) -> None:
        if token == "one":
            thread = threading.Thread(target=store.save, args=("two",))
            thread.start()
            thread.join(10)
            assert not thread.is_alive()

    store.on_change(elsewhere)
    store.save("one")

    assert store.token == FileAuthStore(store.path).token == "two"


@pytest.mark.parametrize(
    ("token", "valid"),
    [
        ("", False),
        ("garbage", False),
        ("a.b.c", False),
        ("a.ä.c", False),
        (token_of(exp="never"), False),
        (token_of(), False),
        pytest.param(token_of(exp=time.time() - 1), False, id="over"),  # workers of xdist compare the tests' names
        pytest.param(token_of(exp=time.time() + 1000), True, id="good"),
        ("h." + base64.b64encode(b"[1]").decode() + ".s", False),
    ],
)
def test_is_valid(token: str, valid: bool) -> None:
    store = AuthStore()
    store.save(token)

    assert (store.is_valid, store.is_superuser) == (valid, False)
    assert not token or token not in repr(store)


def test_a_token_and_its_record_always_belong_together() -> None:
    store, wrong, over = AuthStore(), [], threading.Event()

    def read() -> None:
        while not over.is_set():
            token, record = store._kept
            if record is not None and record.id != token:
                wrong.append((token, record))

    readers = [threading.Thread(target=read) for _ in range(2)]
    writers = [
        threading.Thread(target=lambda n=n: [store.save(f"{n}", {"id": f"{n}"}) for _ in range(2000)]) for n in range(4)
    ]
    for thread in [*readers, *writers]:
        thread.start()
    for thread in writers:
        thread.join()
    over.set()
    for thread in readers:
        thread.join()

    assert wrong == []
    assert store.record is not None
    assert store.record.id == store.token


def test_a_store_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "auth.json"
    store = FileAuthStore(path)
    assert (store.token, path.exists()) == ("", False)

    store.save("tökén", {"id": "u1", "collectionName": "users"})
    again = FileAuthStore(str(path))
    assert (again.token, again.record) == ("tökén", {"id": "u1", "collectionName": "users"})
    assert isinstance(again.record, Record)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(os.listdir(path.parent)) == [".auth.json.lock", "auth.json"]

    again.clear()
    again.clear()
    assert (path.exists(), again.token, FileAuthStore(path).record) == (False, "", None)


def test_the_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "auth.json"
    store = FileAuthStore(path)
    store.save("one", {"id": "u"})
    with path.open("rb") as reader:
        store.save("two" * 1000, {"id": "u"})
        assert json.loads(reader.read())["token"] == "one"
    path.chmod(0o644)

    store.save("three")

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_many_threads_save_to_one_file(tmp_path: Path) -> None:
    store = FileAuthStore(tmp_path / "auth.json")
    threads = [threading.Thread(target=lambda n=n: [store.save(f"t{n}") for _ in range(10)]) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert FileAuthStore(store.path).token == store.token
    assert sorted(os.listdir(tmp_path)) == [".auth.json.lock", "auth.json"]


@pytest.mark.parametrize(
    "content", [b"", b"{}", b'{"token": 1, "record": null}', b'{"token": "hush', b"[]", b'{"token":"hush","record":[]}']
)
def test_a_file_that_is_no_store(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "auth.json"
    path.write_bytes(content)

    with pytest.raises(InvalidRequest, match=r"auth\.json is not an auth store; delete it") as error:
        FileAuthStore(path)
    assert "hush" not in str(error.value)


def test_a_folder_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="cannot read the auth store .*: Is a directory"):
        FileAuthStore(tmp_path)


def test_a_save_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    store = FileAuthStore(tmp_path / "auth.json")
    store.save("kept", {"id": "u"})

    with pytest.raises(TypeError):
        store.save("new", {"id": object()})

    assert store.token == FileAuthStore(store.path).token == "kept"


def test_it_signs_in_for_the_next_program(tmp_path: Path, server: PocketBaseServer, superuser: PocketBase) -> None:
    FileAuthStore(tmp_path / "a").save(superuser.auth_store.token, superuser.auth_store.record)

    with PocketBase(server.url, auth_store=FileAuthStore(tmp_path / "a")) as pb:
        assert pb.superusers.get_list().total_items == 1


def test_a_store_of_one_s_own() -> None:
    class Session(AuthStore):
        kept: str = ""

        def save(self, token: str, record: Any = None) -> None:
            self.kept = token
            super().save(token, record)

    with OddServer(answer(200, b'{"token": "t1", "record": {"id": "u"}}')) as odd:
        store = Session()
        with PocketBase(odd.url, auth_store=store) as pb:
            pb.users.auth_with_password("a", "b")

    assert (store.kept, store.token) == ("t1", "t1")
