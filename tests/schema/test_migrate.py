"""`migrate` writes migrations that the real server applies by itself, and takes back."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

import pytest

from pbmodels import (
    AuthCollection,
    AuthOptions,
    Collection,
    Field,
    FileField,
    ModelError,
    Otp,
    PocketBase,
    PocketBaseServer,
    Relation,
    Relations,
    Rules,
    ViewCollection,
    field,
    using,
)
from pbmodels.schema import migrate, push
from pbmodels.schema._sources import collections_at
from pbmodels.server._binary import find_binary
from tests.schema.test_changes import Shelves
from tests.server_version import since


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

    assert migrate(spare, *MODELS, folder=tmp_path / "others") is None
    assert list(folder.iterdir()) == [file]
    assert not (tmp_path / "others").exists()


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


class Draft:
    """A model that grows, step by step."""

    class One(Collection, collection="drafts"):
        title: Field[str] = field(max_length=80)

    class Two(Collection, collection="drafts"):
        title: Field[str] = field(max_length=80)
        pages: Field[int] = field(default=0)

    class Three(Collection, collection="drafts"):
        headline: Field[str] = field(max_length=80, was="title", index=True)
        pages: Field[int] = field(default=0)
        people: Relations[Person] = field(default_factory=list)

    class Person(AuthCollection, collection="people", auth=AuthOptions(otp=Otp(enabled=True, duration=90))):
        nick: Field[str] = field(unique=True)


@pytest.mark.parametrize("source", ["server", "data folder", "export"])
def test_what_waits_in_the_folder_is_not_written_again(spare: PocketBase, tmp_path: Path, source: str) -> None:
    app, folder = tmp_path / "app", tmp_path / "app" / "pb_migrations"
    started(app)
    export = tmp_path / "export.json"
    export.write_text(json.dumps(spare.collections.get_full_list()), "utf-8")
    compared: dict[str, PocketBase | Path] = {"server": spare, "data folder": app, "export": export}
    before = states(spare)

    first = migrate(compared[source], Draft.One, Person, Paper, PaperTotal, folder=folder)
    second = migrate(compared[source], Draft.Two, Person, Paper, PaperTotal, folder=folder)
    third = migrate(compared[source], Draft.Three, Draft.Person, Paper, PaperTotal, folder=folder)

    assert first is not None
    assert second is not None
    assert third is not None
    assert first.name < second.name < third.name
    assert "+ pages  number onlyInt=true" in second.read_text("utf-8")
    assert "+ title" not in second.read_text("utf-8")
    assert "~ otp.enabled  false -> true" in third.read_text("utf-8")
    assert migrate(compared[source], Draft.Three, Draft.Person, Paper, PaperTotal, folder=folder) == third
    states_after = [before]
    for models in ((Draft.One, Person), (Draft.Two, Person), (Draft.Three, Draft.Person)):
        push(spare, *models, Paper, PaperTotal)
        states_after.append(states(spare))
    with PocketBaseServer(app) as server, server.client() as pb:
        made = pb.collection("drafts").create({"headline": "kept", "pages": 3}).id
    assert states(app) == states_after.pop()
    while states_after:
        down(app)
        assert states(app) == states_after.pop()
        if len(states_after) == 2:
            with closing(sqlite3.connect(app / "pb_data" / "data.db")) as database:
                assert database.execute("SELECT id, title, pages FROM drafts").fetchall() == [(made, "kept", 3)]


def test_a_column_goes_together_with_the_views_that_show_it(tmp_path: Path) -> None:
    folder = tmp_path / "pb_migrations"
    started(tmp_path)
    migrate(tmp_path, Shelves.Book, Shelves.Short, Shelves.Shorter, folder=folder)
    started(tmp_path)
    before = states(tmp_path)
    second = migrate(tmp_path, Shelves.LaterBook, Shelves.LaterShort, Shelves.Shorter, folder=folder, exact=True)
    assert second is not None

    with PocketBaseServer(tmp_path) as server, server.client() as pb, using(pb):
        Shelves.LaterBook.create(title="Emma", pages=9)
        assert [(book.title, book.pages) for book in Shelves.LaterShort.all()] == [("Emma", 9)]
        assert [book.title for book in Shelves.Shorter.all()] == ["Emma"]
    down(tmp_path)
    assert states(tmp_path) == before


def test_what_the_server_applied_does_not_wait(tmp_path: Path) -> None:
    folder = tmp_path / "pb_migrations"
    started(tmp_path)
    first = migrate(tmp_path, Draft.One, folder=folder)
    assert first is not None
    with PocketBaseServer(tmp_path) as server, server.client() as pb:
        assert migrate(pb, Draft.One, folder=folder) is None
        pb.collection("drafts").create({"title": "long"})

        class Short(Collection, collection="drafts"):
            title: Field[str] = field(max_length=3)

        second = migrate(pb, Short, folder=folder)

    assert second is not None
    assert "max  80 -> 3  (values that do not fit: 1 record)" in second.read_text("utf-8")


@since(0, 39)
def test_what_others_wrote_and_the_server_has_not_applied_is_refused(spare: PocketBase, tmp_path: Path) -> None:
    (tmp_path / "1700000000_by_hand.js").write_text("migrate((app) => {}, (app) => {});")
    (tmp_path / "no_migration.js").write_text("module.exports = { one: 1 };")

    with pytest.raises(ModelError, match=r"not applied, and that `migrate` did not write: 1700000000_by_hand\.js"):
        migrate(spare, Draft.One, folder=tmp_path)

    assert sorted(file.name for file in tmp_path.iterdir()) == ["1700000000_by_hand.js", "no_migration.js"]


async def test_async_migrate_goes_on_from_what_waits(spare: PocketBase, tmp_path: Path) -> None:
    async with spare.aio as aio:
        await migrate(aio, Draft.One, folder=tmp_path)
        second = await migrate(aio, Draft.Two, folder=tmp_path)

    assert second is not None
    assert "//   ~ drafts\n//       + pages" in second.read_text("utf-8")
