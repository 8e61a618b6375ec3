"""Who is signed in, shared by processes through a file, or kept by functions that are awaited."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pbmodels import (
    AsyncAuthStore,
    AsyncPocketBase,
    AuthStore,
    FileAuthStore,
    InvalidRequest,
    PocketBase,
    PocketBaseServer,
    Record,
)
from tests.client.conftest import PASSWORD
from tests.client.flavours import done, new_client

PROCESS = """
import sys
from pbmodels import FileAuthStore
store = FileAuthStore(sys.argv[1])
"""


def process(path: Path, code: str) -> subprocess.Popen[str]:
    """Another program, with a `store` on this path."""
    return subprocess.Popen([sys.executable, "-c", PROCESS + code, str(path)], text=True)


def run(path: Path, code: str) -> None:
    assert process(path, code).wait(30) == 0


def test_another_process_s_sign_in_and_sign_out_are_seen(tmp_path: Path) -> None:
    store = FileAuthStore(tmp_path / "auth.json")
    seen: list[tuple[str, Any]] = []
    store.on_change(lambda token, record: seen.append((token, record)))

    run(store.path, 'store.save("theirs", {"id": "u1"})')
    assert (store.token, store.record) == ("theirs", {"id": "u1"})
    run(store.path, "store.clear()")
    assert (store.token, store.record) == ("", None)
    assert seen == [("theirs", {"id": "u1"}), ("", None)]


def test_two_stores_in_one_process_agree_at_once(tmp_path: Path) -> None:
    one, other = FileAuthStore(tmp_path / "auth.json"), FileAuthStore(tmp_path / "auth.json")

    for number in range(200):  # too quick for a file's time to tell
        (one if number % 2 else other).save(f"{number % 10}", {"id": f"{number % 10}"})
        assert one.token == other.token == f"{number % 10}"
        assert one.record == other.record


def test_what_several_processes_write_is_neither_torn_nor_lost(tmp_path: Path) -> None:
    store = FileAuthStore(tmp_path / "auth.json")
    store.save("token", {"id": "u1", "text": ""})
    add = """
for _ in range(50):
    assert store.change(lambda token, record: (token, {**record, "text": record["text"] + sys.argv[1][0]}))
    assert store.record["id"] == "u1"
"""
    processes = [process(store.path, add) for _ in range(4)]
    while any(each.poll() is None for each in processes):
        assert (store.token, FileAuthStore(store.path).token) == ("token", "token")

    assert [each.returncode for each in processes] == [0] * 4
    assert store.record is not None
    assert len(store.record.text) == 200


def test_a_change_is_not_made_over_another_sign_in(tmp_path: Path) -> None:
    store = FileAuthStore(tmp_path / "auth.json")
    store.save("mine", {"id": "u1"})
    FileAuthStore(store.path).save("theirs", {"id": "u2"})

    assert not store.change(lambda token, record: ("newer", {}) if token == "mine" else None)
    assert store.change(lambda token, record: ("", None))

    assert not store.path.exists()


@pytest.mark.parametrize("kind", [AuthStore, FileAuthStore])
def test_a_change_tells_the_callbacks(tmp_path: Path, kind: Any) -> None:
    store = kind(tmp_path / "auth.json") if kind is FileAuthStore else kind()
    seen: list[str] = []
    store.on_change(lambda token, record: seen.append(token))

    assert store.change(lambda token, record: ("t", {"id": "u"}))
    assert not store.change(lambda token, record: None)
    assert store.change(lambda token, record: ("", None))

    assert seen == ["t", ""]


def test_a_file_that_turns_into_something_else(tmp_path: Path) -> None:
    store = FileAuthStore(tmp_path / "auth.json")
    store.save("hush", {"id": "u1"})
    store.path.write_text("hush")

    with pytest.raises(InvalidRequest, match=r"auth\.json is not an auth store; delete it") as error:
        assert store.token
    assert "hush" not in str(error.value)
    store.save("new")
    assert store.token == "new"


async def test_a_sign_in_elsewhere_serves_this_process(
    flavour: str, server: PocketBaseServer, members: str, member: str, tmp_path: Path
) -> None:
    async with new_client(flavour, server.url, auth_store=FileAuthStore(tmp_path / "auth.json")) as program:
        assert (await done(program.collection(members).get_list())).items == []
        with PocketBase(server.url, auth_store=FileAuthStore(tmp_path / "auth.json")) as other:
            mine = other.collection(members).auth_with_password(member, PASSWORD).record
            assert [each.id for each in await done(program.collection(members).get_list())] == [mine.id]
            await done(program.collection(members).update(mine.id, {"nick": "new"}))
            assert other.auth_store.record is not None
            assert other.auth_store.record.nick == "new"
            other.auth_store.clear()
        assert (await done(program.collection(members).get_list())).items == []


class Database:
    """Where an `AsyncAuthStore` writes to, slowly."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.is_broken = False

    async def save(self, text: str) -> None:
        await asyncio.sleep(0)
        if self.is_broken:
            raise OSError(f"cannot write {text}")
        self.texts.append(text)

    async def forget(self) -> None:
        await asyncio.sleep(0)
        self.texts.append("forgotten")


async def test_a_store_that_is_written_with_await(server: PocketBaseServer, members: str, member: str) -> None:
    database = Database()
    async with AsyncPocketBase(server.url, auth_store=AsyncAuthStore(database.save)) as pb:
        record = (await pb.collection(members).auth_with_password(member, PASSWORD)).record
        await pb.collection(members).update(record.id, {"nick": "new"})

    assert [json.loads(text)["record"]["nick"] for text in database.texts] == ["first", "new"]
    kept = AsyncAuthStore(database.save, initial=database.texts[-1])
    async with AsyncPocketBase(server.url, auth_store=kept) as later:
        assert kept.record is not None
        assert (kept.record.nick, isinstance(kept.record, Record)) == ("new", True)
        assert (await later.collection(members).auth_refresh()).record.id == record.id
        kept.clear()
    assert database.texts[-1] == ""


async def test_signing_out_may_have_a_function_of_its_own() -> None:
    database = Database()
    store = AsyncAuthStore(database.save, database.forget)

    for token in ("one", "two"):
        store.save(token)
    store.clear()
    store.save("three")
    await store.written()

    assert [json.loads(text)["token"] if "{" in text else text for text in database.texts] == [
        "one",
        "two",
        "forgotten",
        "three",
    ]


async def test_a_write_that_fails_is_told(caplog: pytest.LogCaptureFixture) -> None:
    database = Database()
    store = AsyncAuthStore(database.save)
    database.is_broken = True
    store.save("hush")

    with pytest.raises(OSError, match="cannot write"):
        await store.written()

    assert store.token == "hush"
    assert [record.getMessage() for record in caplog.records] == ["the auth store could not be written: OSError"]
    database.is_broken = False
    store.save("next")
    await store.written()
    assert json.loads(database.texts[0])["token"] == "next"


async def test_a_thread_of_the_program_may_change_it() -> None:
    database = Database()
    store = AsyncAuthStore(database.save)

    await asyncio.to_thread(store.save, "from a thread")
    await asyncio.sleep(0)
    await store.written()

    assert json.loads(database.texts[0])["token"] == "from a thread"


def test_without_an_event_loop_nothing_is_changed() -> None:
    store = AsyncAuthStore(Database().save)

    with pytest.raises(InvalidRequest, match="while its event loop is running"):
        store.save("token")

    assert store.token == ""


@pytest.mark.parametrize("initial", ["[]", "hush", '{"token": "hush"}'])
def test_what_no_store_has_saved(initial: str) -> None:
    with pytest.raises(InvalidRequest, match="initial= is not what AsyncAuthStore had saved") as error:
        AsyncAuthStore(Database().save, initial=initial)
    assert "hush" not in str(error.value)
