"""`migrate` writes migrations that the real server applies by itself, and takes back."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any, Literal

import pytest

from pbmodels import (
    AuthCollection,
    Collection,
    Field,
    FileField,
    PocketBase,
    PocketBaseServer,
    Relation,
    Relations,
    Rules,
    ViewCollection,
    field,
)
from pbmodels.schema import migrate, push
from pbmodels.schema._sources import collections_at
from pbmodels.server._binary import find_binary


class Person(AuthCollection, collection="people", rules=Rules(list="id = @request.auth.id")):
    nick: Field[str] = field(unique=True)
    best: Relation[Paper | None] = field(default=None)


class Paper(Collection, collection="papers", rules=Rules(list=Rules.anyone, view='title != "a\\\\ \u2028"')):
    title: Field[str] = field(max_length=80)
    kind: Field[Literal["note", "essay"]] = field(required=True)
    scan: FileField = field(default=None, max_size=1000)
    authors: Relations[Person] = field(default_factory=list)
    created: Field[Any] = field(default=None)


COUNTED = "SELECT kind AS id, COUNT(*) AS total FROM papers GROUP BY kind"


class PaperTotal(ViewCollection, collection="paper_totals", query=COUNTED):
    total: Field[int] = field(default=0)


MODELS = (Person, Paper, PaperTotal)


class Changed:
    """The same collections later."""

    class Paper(Collection, collection="articles", was="papers", rules=Rules(list="headline != ''")):
        pages: Field[int] = field(default=0, ge=0)
        headline: Field[str] = field(max_length=90, was="title", index=True)
        kind: Field[Literal["note", "essay", "letter"]] = field(required=True)
        scan: Field[str] = field(default="")

    class User(AuthCollection, collection="users"):
        name: Field[str] = field(default="")


def states(source: PocketBase | Path) -> list[Any]:
    """All collections, without the ids of views' fields, which each server makes anew."""
    found = collections_at(source) if isinstance(source, Path) else collections_at_server(source)
    for body in found:
        if body["type"] == "view":
            body["fields"] = [{**each, "id": ""} for each in body["fields"]]
    return sorted(found, key=lambda body: str(body["name"]))


def collections_at_server(pb: PocketBase) -> list[Any]:
    from pbmodels.schema._plan import normalized

    return normalized(pb.collections.get_full_list())


def started(folder: Path) -> None:
    """Let a server apply the migrations that it finds."""
    with PocketBaseServer(folder):
        pass


def down(folder: Path, count: int = 1) -> None:
    """Take the last migrations back."""
    folders = [
        f"--{option}={folder / name}" for option, name in (("dir", "pb_data"), ("migrationsDir", "pb_migrations"))
    ]
    command = [str(find_binary(None)), "migrate", "down", str(count), *folders]
    done = subprocess.run(command, input="y\n", capture_output=True, text=True, timeout=30, check=False)
    if "cancelled" in done.stdout:
        pytest.skip("PocketBase 0.23 asks on a terminal whether to take a migration back")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_server_applies_it_and_takes_it_back(spare: PocketBase, tmp_path: Path) -> None:
    before = states(spare)
    first = migrate(spare, *MODELS, folder=tmp_path / "pb_migrations")
    assert first is not None
    assert first.name.endswith("_created_people_and_2_more.js")
    push(spare, *MODELS)
    middle = states(spare)
    second = migrate(spare, Changed.Paper, Changed.User, folder=tmp_path / "pb_migrations", exact=True)
    assert second is not None
    assert second.name > first.name
    assert "//   ~ articles  was papers" in second.read_text("utf-8")
    push(spare, Changed.Paper, Changed.User, exact=True, allow_data_loss=True)
    after = states(spare)

    started(tmp_path)
    assert states(tmp_path) == after
    down(tmp_path)
    assert states(tmp_path) == middle
    down(tmp_path)
    assert states(tmp_path) == before


def test_records_survive_it_and_other_collections_stay(spare: PocketBase, tmp_path: Path) -> None:
    push(spare, Person, Paper)
    folder = tmp_path / "pb_migrations"
    with PocketBaseServer(tmp_path) as server, server.client() as pb:
        push(pb, Person, Paper)
        pb.collections.create({"name": "unknown", "fields": [{"name": "text", "type": "text"}]})
        pb.collection("unknown").create({"text": "stays"})
        made = pb.collection("papers").create({"title": "T", "kind": "note"})
    for file in folder.glob("*.js"):
        file.unlink()  # what the server noted of these changes
    migrate(spare, Changed.Paper, folder=folder)

    with PocketBaseServer(tmp_path) as server, server.client() as pb:
        assert pb.collection("articles").get_one(made.id).headline == "T"
        assert pb.collection("unknown").get_full_list()[0].text == "stays"
    down(tmp_path)
    for file in folder.glob("*.js"):
        file.unlink()
    with PocketBaseServer(tmp_path) as server, server.client() as pb:
        assert pb.collection("papers").get_one(made.id).title == "T"
        assert pb.collection("unknown").get_full_list()[0].text == "stays"


def test_nothing_is_written_where_nothing_differs_or_it_is_written_already(spare: PocketBase, tmp_path: Path) -> None:
    folder = tmp_path / "pb_migrations"
    file = migrate(spare, *MODELS, folder=folder, name="First papers!")
    assert file is not None
    assert file.name.endswith("_first_papers_.js")

    assert migrate(spare, *MODELS, folder=folder) == file
    push(spare, *MODELS)

    assert migrate(spare, *MODELS, folder=folder) is None
    assert list(folder.iterdir()) == [file]


def test_it_tells_what_is_at_stake(spare: PocketBase, tmp_path: Path) -> None:
    push(spare, *MODELS)
    spare.collection("papers").create({"title": "T", "kind": "note"})

    class Bare(Collection, collection="papers"):
        kind: Field[Literal["note", "essay"]] = field(required=True)

    file = migrate(spare, Bare, Person, folder=tmp_path, exact=True)

    assert file is not None
    assert "//       - title  text max=80  (values lost: 1 record)" in file.read_text("utf-8")


def test_against_a_data_folder(spare: PocketBase, tmp_path: Path) -> None:
    started(tmp_path / "app")
    of_folder = migrate(tmp_path / "app", *MODELS, folder=tmp_path / "a")
    of_server = migrate(spare, *MODELS, folder=tmp_path / "b")

    assert of_folder is not None
    assert of_server is not None
    assert of_folder.read_text("utf-8") == of_server.read_text("utf-8")


async def test_async_migrate_writes_the_same(spare: PocketBase, tmp_path: Path) -> None:
    async with spare.aio as aio:
        twin = await migrate(aio, *MODELS, folder=tmp_path / "a")
    file = migrate(spare, *MODELS, folder=tmp_path / "b")

    assert twin is not None
    assert file is not None
    assert twin.read_text("utf-8") == file.read_text("utf-8")
