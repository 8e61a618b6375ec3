"""`pull` writes models that say all of a server's collections, and writes the same file again."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pbmodels import Collection, GeoPoint, ModelError, PocketBase, PocketBaseServer
from pbmodels.models._import_path import load_models
from pbmodels.schema import diff, pull, push
from tests.schema.rich import RICH
from tests.schema.versions import is_before

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001"
    "a5f645400000000049454e44ae426082"
)
SCRIPTS = Path(sys.executable).parent


@pytest.fixture(scope="module")
def rich() -> Iterator[PocketBaseServer]:
    """A server with the rich schema; these tests only read it."""
    with PocketBaseServer() as server, server.client() as pb:
        if is_before(server.version, "0.27"):
            pytest.skip("the rich schema has points, which PocketBase has from 0.27 on")
        pb.collections.import_collections(RICH)
        yield server


@pytest.fixture(scope="module")
def source(rich: PocketBaseServer) -> Iterator[PocketBase]:
    with rich.client() as pb:
        yield pb


def exported(pb: PocketBase) -> dict[str, Any]:
    """What the dashboard exports, save the times, and the ids of views' fields, which each server makes anew.

    Older servers tell an empty list that nobody gave as null.
    """
    found = {}
    for body in pb.collections.get_full_list():
        for field in body.fields:
            field.update({key: [] for key in ("mimeTypes", "thumbs") if key in field and field[key] is None})
        found[body.name] = {key: value for key, value in body.items() if key not in ("created", "updated")}
        if body.type == "view":
            found[body.name]["fields"] = [{**field, "id": ""} for field in body.fields]
    return found


def loaded(file: Path) -> list[type[Collection]]:
    return load_models(file.name, file.parent)


@pytest.mark.parametrize("enums", [False, True], ids=["literals", "enums"])
def test_round_trip(source: PocketBase, spare: PocketBase, tmp_path: Path, enums: bool) -> None:
    first, second = tmp_path / f"first_{enums}.py", tmp_path / f"second_{enums}.py"
    pull(source, first, enums=enums)

    push(spare, *loaded(first), exact=True)

    theirs, ours = exported(source), exported(spare)
    assert theirs.keys() == ours.keys()
    assert [ours[name] for name in theirs] == [theirs[name] for name in theirs]
    assert pull(spare, second, enums=enums) == first.read_text("utf-8")
    assert not diff(source, *loaded(second), exact=True)
    assert push(source, *loaded(second), exact=True) == []


@pytest.mark.parametrize("where", ["export", "pb_data", "its parent", "data.db"])
def test_from_an_export_or_a_data_folder(
    source: PocketBase, rich: PocketBaseServer, tmp_path: Path, where: str
) -> None:
    export = tmp_path / "export.json"
    export.write_text(json.dumps(source.collections.get_full_list()), "utf-8")
    data = rich.dir / "pb_data"
    places = {"export": export, "pb_data": data, "its parent": rich.dir, "data.db": data / "data.db"}

    assert pull(places[where]) == pull(source)


def test_from_a_data_folder_that_no_server_uses(tmp_path: Path) -> None:
    with PocketBaseServer(tmp_path / "app") as server, server.client() as pb:
        pb.collections.create({"name": "notes", "fields": [{"name": "text", "type": "text"}]})
        told = pull(pb)
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "app" / "pb_data").iterdir()}

    assert pull(tmp_path / "app") == told
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / "app" / "pb_data").iterdir()} == before


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "no JSON"),
        ('{"a": 1}', "must be a list of collections"),
        ('[{"name": "x", "schema": []}]', "of a PocketBase before 0.23"),
    ],
    ids=["no json", "something else", "an old export"],
)
def test_a_file_that_is_no_export(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "export.json").write_text(content)

    with pytest.raises(ModelError, match=message):
        pull(tmp_path / "export.json")


def test_a_folder_that_is_no_data_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"has no data\.db"):
        pull(tmp_path)
    (tmp_path / "data.db").write_text("nothing")
    with pytest.raises(ModelError, match="no database of PocketBase"):
        pull(tmp_path)


async def test_async_pull_gives_the_same(source: PocketBase) -> None:
    async with source.aio as aio:
        assert await pull(aio) == pull(source)


@pytest.mark.parametrize("width", [88, 120])
@pytest.mark.parametrize("enums", [False, True], ids=["literals", "enums"])
def test_a_formatter_changes_nothing(source: PocketBase, tmp_path: Path, width: int, enums: bool) -> None:
    text = pull(source, tmp_path / "models.py", enums=enums)

    ruff = [str(SCRIPTS / "ruff"), "format", "--isolated", "--line-length", str(width), "models.py"]
    subprocess.run(ruff, cwd=tmp_path, check=True, capture_output=True)

    assert (tmp_path / "models.py").read_text("utf-8") == text


USES = """
from __future__ import annotations

from datetime import datetime
from typing import Literal, assert_type

from pbmodels import Expr, File, GeoPoint, QuerySet, Ref
from pulled import Article, AuthorTotal, Category, Member


def use(article: Article, member: Member, total: AuthorTotal) -> None:
    assert_type(article.title, str)
    assert_type(article.code, str | None)
    assert_type(article.views, int)
    assert_type(article.published, datetime | None)
    assert_type(article.level, Literal["low", "high"])
    assert_type(article.tags, list[Literal["news", "tech", "fun"]])
    assert_type(article.author, Ref[Member])
    assert_type(article.category, Ref[Category] | None)
    assert_type(article.cover, File | None)
    assert_type(article.place, GeoPoint)
    assert_type(article.class_, str)
    assert_type(Article.title, Expr[str])
    assert_type(member.articles_via_author, QuerySet[Article])
    assert_type(total.total, int)
    Article.where(Article.author.friend.handle == "ann", Member.articles_via_author.title == "x")
"""


@pytest.mark.parametrize("command", [["mypy", "--strict"], ["pyright"]], ids=["mypy", "pyright"])
def test_type_checkers_find_no_fault(source: PocketBase, tmp_path: Path, command: list[str]) -> None:
    pull(source, tmp_path / "pulled.py")
    (tmp_path / "uses.py").write_text(USES)
    here = ["--python-executable", sys.executable] if command[0] == "mypy" else ["--pythonpath", sys.executable]

    done = subprocess.run(
        [str(SCRIPTS / command[0]), *command[1:], *here, "pulled.py", "uses.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_records_of_every_kind(source: PocketBase, spare: PocketBase, tmp_path: Path) -> None:
    pull(source, tmp_path / "everything.py")
    models = loaded(tmp_path / "everything.py")
    push(spare, *models)
    Category, Member, Article, AuthorTotal = (
        next(model for model in models if model.__name__ == name)
        for name in ("Category", "Member", "Article", "AuthorTotal")
    )
    member: Any = Member(handle="ann", email="ann@example.com", password="correct horse", verified=True)
    member.home = GeoPoint(lon=1.5, lat=2.5)
    member.save()
    category = Category(id="first-one", name="First").save()
    moment = datetime(2024, 5, 1, 8, tzinfo=UTC)
    values: dict[str, Any] = {
        "title": "Hello", "code": "A12", "secret": "s", "body": "<p>b</p>", "views": 3, "rating": 4.5, "weight": 0.5,
        "big": 9, "featured": True, "agreed": True, "contact": "a@example.com", "source": "https://example.com/x",
        "published": moment, "due": moment, "status": "in review", "level": "high", "from_api": "b",
        "tags": ["news", "fun"], "topics": ['say "no"', "it's"], "meta": {"a": [1, None]}, "needed": [1],
        "place": GeoPoint(lon=3, lat=4), "class_": "c", "save_": True, "delete_": 2, "list_": "l", "datetime_": moment,
        "field_": "f", "camelCase": "cC", "Relation_": "r", "field_2nd": "2", "hidden_": "h",
    }  # fmt: skip
    article: Any = Article(
        **values, author=member, category=category, pin="1234", reviewers=[member], cover=("c.png", PNG),
        gallery=[("a.txt", b"a"), ("b.txt", b"b")],
    )  # fmt: skip
    article.save()

    found: Any = Article.get(article.id, expand=[Article.author])

    assert {name: getattr(found, name) for name in values} == values
    assert (found.author.record.handle, found.category.id, [each.id for each in found.reviewers]) == (
        "ann",
        "first-one",
        [member.id],
    )
    assert len(found.slug) == 8
    assert found.cover.read() == PNG
    assert [each.read() for each in found.gallery] == [b"a", b"b"]
    assert found.created is not None
    found.class_, found.views, found.status = "d", 4, None
    found.save()
    again: Any = Article.get(article.id)
    assert (again.class_, again.views, again.status) == ("d", 4, None)
    assert [each.id for each in member.articles_via_author] == [article.id]
    assert Article.where(Article.class_ == "d", Article.author.handle == "ann").count() == 1  # type: ignore[attr-defined]
    (total,) = AuthorTotal.all()
    assert (total.total, total.handle, total.tags) == (1, "ann", ["news", "fun"])  # type: ignore[attr-defined]
    assert Article(**{**values, "code": None, "status": None}, author=member).save().code is None  # type: ignore[attr-defined]


OWN = """
    # region own
    def shout(self) -> str:
        return self.title.upper()

    # endregion
"""


def test_own_regions_stay_and_the_rest_is_written_anew(source: PocketBase, tmp_path: Path) -> None:
    file = tmp_path / "models.py"
    text = pull(source, file)
    top, bottom = "# region own\nimport re\n# endregion", "# region own\nALL = [Article]\n# endregion"
    text = text.replace("\n\n\nclass ", f"\n\n{top}\n\n\nclass ", 1)
    text = text.replace('back_relation("top")\n', f'back_relation("top")\n{OWN}', 1) + f"\n\n{bottom}\n"
    file.write_text(text.replace("    title: Field[str]", "    title: Field[int]"), "utf-8")

    pulled = pull(source, file)

    assert pulled == text
    assert pull(source, file) == text
    article: Any = next(model for model in loaded(file) if model.__name__ == "Article")
    assert article.shout is not None


def test_a_region_whose_collection_is_gone_stays_as_a_comment(spare: PocketBase, tmp_path: Path) -> None:
    file = tmp_path / "models.py"
    spare.collections.create({"name": "notes", "fields": [{"name": "title", "type": "text"}]})
    file.write_text(pull(spare).replace('field(default="")\n', f'field(default="")\n{OWN}'), "utf-8")
    spare.collections.delete("notes")

    text = pull(spare, file)

    assert "# region own: was in the model of 'notes'\n# def shout(self) -> str:\n" in text
    assert pull(spare, file) == text
    assert "class Note" not in text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("import os\n", "was not written by pull"),
        ("HEADER\n# region own\n", "the region that begins in line 4 does not end"),
        ("HEADER\nclass :\n", "is no Python"),
    ],
    ids=["someone's file", "an open region", "no Python"],
)
def test_a_file_that_is_left_alone(source: PocketBase, tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "models.py"
    file.write_text(
        content.replace(
            "HEADER", '"""The collections of a PocketBase server as models, written by `pbmodels pull`.\n"""\n'
        )
    )
    before = file.read_text()

    with pytest.raises(ModelError, match=message):
        pull(source, file)
    assert file.read_text() == before


def test_system_fields_among_others_stay_where_they_are(spare: PocketBase, tmp_path: Path) -> None:
    made = spare.collections.create({"name": "people", "type": "auth", "fields": [{"name": "nick", "type": "text"}]})
    assert [found["name"] for found in made.fields][-1] != "nick", "the server has its own fields behind"
    pull(spare, tmp_path / "people.py")

    assert not diff(spare, *loaded(tmp_path / "people.py"), exact=True)
