"""`pbmodels export` and `pbmodels import`, there and back on the real server."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pbmodels import Collection, Field, GeoPoint, PocketBase, Relation, Relations, field
from pbmodels.cli._data import importing
from pbmodels.cli._data.checkpoint import Checkpoint
from pbmodels.cli._data.existing import Existing
from pbmodels.cli._data.exporting import Export
from pbmodels.cli._data.format import Format
from pbmodels.cli._data.importing import Import
from tests.blog import Comment, Post, User
from tests.cli.conftest import Cli, answer

Env = dict[str, str]


@pytest.fixture
def batches(blog: PocketBase) -> Iterator[PocketBase]:
    blog.settings.update({"batch": {"enabled": True, "maxRequests": 4}})
    yield blog
    blog.settings.update({"batch": {"enabled": False, "maxRequests": 50}})


def fill(count: int) -> list[str]:
    posts = [
        Post.create(
            title=f'Post "{number}", with\nlines; and ünïcode',
            views=number,
            score=number / 8,
            status=number % 2 == 0,
            section="home" if number % 3 else None,
            tags=["news", "tech"][: number % 3],
            published=datetime(2024, 5, 1, 8, number, 0, 123000, UTC) if number else None,
            place=GeoPoint(lon=number, lat=-number),
            meta={"n": number, "list": [1, {"a": None}]} if number else {},
        )
        for number in range(count)
    ]
    return sorted(post.id for post in posts)


def snapshot() -> list[dict[str, Any]]:
    """All there is of the posts, but for what the server fills."""
    return [post.model_dump(exclude={"created", "updated"}) for post in Post.where().order_by(Post.id)]


@pytest.mark.parametrize("format", ["jsonl", "csv", "parquet"])
@pytest.mark.parametrize("batch", [True, False], ids=["batches", "without"])
def test_there_and_back(
    cli: Cli, blog: PocketBase, signed_in: Env, tmp_path: Path, format: str, batch: bool, request: pytest.FixtureRequest
) -> None:
    if batch:
        request.getfixturevalue("batches")
    fill(6)
    before = snapshot()

    told = answer(cli("export", "posts", "-o", f"posts.{format}", "--json", **signed_in))
    blog.collections.truncate("posts")
    back = answer(cli("import", f"posts.{format}", "posts", "--json", **signed_in))

    assert told == {"collection": "posts", "file": f"posts.{format}", "records": 6, "resumed_after": 0, "files": 0}
    assert back == {"collection": "posts", "records": 6, "written": 6, "skipped": 0, "resumed_after": 0}
    assert snapshot() == before
    assert [path.name for path in tmp_path.iterdir()] == [f"posts.{format}"]


def test_json_lines_hold_what_the_server_keeps(cli: Cli, blog: PocketBase, signed_in: Env, tmp_path: Path) -> None:
    (id,) = fill(1)

    cli("export", "posts", "-o", "posts.jsonl", **signed_in)

    kept = {key: value for key, value in blog.collection("posts").get_one(id).items() if "collection" not in key}
    assert json.loads((tmp_path / "posts.jsonl").read_text("utf-8")) == kept


def test_csv_has_a_column_for_each_field(cli: Cli, blog: PocketBase, signed_in: Env, tmp_path: Path) -> None:
    fill(2)

    cli("export", "posts", "-o", "posts.csv", "--fields", "title,tags,views,status", **signed_in)

    with (tmp_path / "posts.csv").open(newline="", encoding="utf-8") as file:
        rows = {row["views"]: row for row in csv.DictReader(file)}
    assert list(rows["0"]) == ["id", "title", "status", "views", "tags"]
    assert rows["1"]["tags"] == '["news"]'
    assert (rows["0"]["status"], rows["1"]["status"]) == ("true", "false")


def test_parquet_has_types(cli: Cli, blog: PocketBase, signed_in: Env, tmp_path: Path) -> None:
    fill(2)

    cli("export", "posts", "-o", "posts.parquet", "--filter", "views = 1", **signed_in)

    table = pq.read_table(tmp_path / "posts.parquet")
    assert str(table.schema.field("published").type) == "timestamp[ms, tz=UTC]"
    assert str(table.schema.field("status").type) == "bool"
    (row,) = table.to_pylist()
    assert row["published"] == datetime(2024, 5, 1, 8, 1, 0, 123000, UTC)
    assert (row["tags"], row["place"], row["views"]) == (["news"], {"lon": 1.0, "lat": -1.0}, 1)


def test_to_stdout(cli: Cli, blog: PocketBase, signed_in: Env) -> None:
    ids = fill(3)

    result = cli("export", "posts", "--filter", "views >= 1", **signed_in)

    assert sorted(json.loads(line)["views"] for line in result.stdout.splitlines()) == [1, 2]
    assert {json.loads(line)["id"] for line in result.stdout.splitlines()} < set(ids)


def test_an_empty_collection_gives_an_empty_file(cli: Cli, blog: PocketBase, signed_in: Env, tmp_path: Path) -> None:
    for name in ("posts.jsonl", "posts.csv", "posts.parquet"):
        assert answer(cli("export", "posts", "-o", name, "--json", **signed_in))["records"] == 0

    assert (tmp_path / "posts.jsonl").read_bytes() == b""
    assert (tmp_path / "posts.csv").read_text("utf-8").startswith("id,title,body,")
    assert pq.read_table(tmp_path / "posts.parquet").num_rows == 0


@pytest.mark.parametrize("format", list(Format))
def test_an_interrupted_export_goes_on(
    blog: PocketBase, tmp_path: Path, format: Format, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = fill(9)
    monkeypatch.setattr("pbmodels.cli._data.pages.PAGE", 2)
    target = tmp_path / f"posts.{format}"

    def stop(done: int) -> None:
        if done >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Export(blog, "posts", format).to_file(target, stop)
    with next(tmp_path.glob("*.part")).open("ab") as part:
        part.write(b'{"id":"half a li')
    job = Export(blog, "posts", format)
    job.to_file(target, lambda done: None)

    assert (job.resumed, job.records) == (4, 9)
    whole = tmp_path / f"whole.{format}"
    Export(blog, "posts", format).to_file(whole, lambda done: None)
    assert target.read_bytes() == whole.read_bytes()
    assert len(ids) == 9
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"posts.{format}", f"whole.{format}"]


@pytest.mark.parametrize("command", [["export", "posts", "-o", "posts.jsonl"], ["import", "posts.jsonl", "posts"]])
def test_ctrl_c_tells_that_the_same_command_goes_on(
    cli: Cli, blog: PocketBase, signed_in: Env, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    (tmp_path / "posts.jsonl").write_text('{"title": "Hello"}\n', "utf-8")
    wanted = [*command, "--force"] if command[0] == "export" else command

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Checkpoint, "save", stop)
    Post.create(title="There")
    interrupted = cli(*wanted, **signed_in)

    assert (interrupted.exit_code, interrupted.stdout) == (130, "")
    assert interrupted.stderr == "Interrupted; the same command goes on from here.\n"


def test_another_export_does_not_go_on_there(blog: PocketBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(5)
    monkeypatch.setattr("pbmodels.cli._data.pages.PAGE", 2)

    def stop(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Export(blog, "posts", Format.JSONL).to_file(tmp_path / "posts.jsonl", stop)
    job = Export(blog, "posts", Format.JSONL, filter="views > 0")
    job.to_file(tmp_path / "posts.jsonl", lambda done: None)

    assert (job.resumed, job.records) == (0, 4)


@pytest.mark.parametrize("batch", [True, False], ids=["batches", "without"])
@pytest.mark.parametrize("with_ids", [True, False], ids=["ids", "no ids"])
def test_an_interrupted_import_goes_on(
    cli: Cli,
    blog: PocketBase,
    signed_in: Env,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    batch: bool,
    with_ids: bool,
    request: pytest.FixtureRequest,
) -> None:
    if batch:
        request.getfixturevalue("batches")
    monkeypatch.setattr(importing, "_CHUNK", 4)
    lines = [{"title": f"Post {n}"} | ({"id": f"post{n:011}"} if with_ids else {}) for n in range(11)]
    source = tmp_path / "posts.jsonl"
    source.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")

    def stop(done: int) -> None:
        if done == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Import(blog, "posts", source, Format.JSONL).run(stop)
    # As if the second batch had been written and the program killed before it could note that.
    place = tmp_path / "posts.jsonl.import.json"
    kept = json.loads(place.read_text("utf-8"))
    place.write_text(json.dumps(kept | {"records": 4, "values": kept["values"] | {"seen": seen(source, 4)}}), "utf-8")

    told = answer(cli("import", "posts.jsonl", "posts", "--json", **signed_in))

    assert told == {"collection": "posts", "records": 11, "written": 3, "skipped": 4, "resumed_after": 4}
    assert sorted(post.title for post in Post.all()) == sorted(line["title"] for line in lines)
    assert not place.exists()


def seen(source: Path, count: int) -> str:
    """What an import keeps of its first rows."""
    from hashlib import sha256

    from pydantic_core import to_json

    lines = source.read_text("utf-8").splitlines()[:count]
    return sha256(b"".join(to_json((number, json.loads(line))) for number, line in enumerate(lines, 1))).hexdigest()


class Branch(Collection, collection="branches"):
    text: Field[str]
    parent: Relation[Branch | None] = field(default=None)
    likes: Relations[Branch] = field(default_factory=list)


class TestRelationsToTheCollectionItself:
    """Children stand before their parents in the file, as an export by id has them in any order."""

    @pytest.fixture
    def tree(self, blog: PocketBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        blog.schema.push(Branch)
        monkeypatch.setattr(importing, "_CHUNK", 4)
        ids = [f"branch{n:09}" for n in range(11)]
        lines = [
            {
                "id": id,
                "text": f"{n}",
                "parent": ids[n + 1] if n < 10 else "",
                "likes": [ids[10 - n], ids[n]] if n != 5 else [],
            }
            for n, id in enumerate(ids)
        ]
        (tmp_path / "tree.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
        return tmp_path / "tree.jsonl"

    def kept(self, blog: PocketBase) -> list[dict[str, Any]]:
        names = ("id", "text", "parent", "likes")
        records = blog.collection("branches").get_full_list(sort="id")
        return [{name: record[name] for name in names} for record in records]

    def wanted(self, tree: Path) -> list[dict[str, Any]]:
        return [json.loads(line) for line in tree.read_text("utf-8").splitlines()]

    @pytest.mark.parametrize("batch", [True, False], ids=["batches", "without"])
    @pytest.mark.parametrize("stdin", [True, False], ids=["stdin", "file"])
    def test_are_set_once_all_records_are_there(
        self, cli: Cli, blog: PocketBase, signed_in: Env, tree: Path, batch: bool, stdin: bool, request: Any
    ) -> None:
        if batch:
            request.getfixturevalue("batches")
        before = sorted(tree.parent.iterdir())

        told = answer(
            cli("import", "-" if stdin else tree.name, "branches", "--json", input=tree.read_text("utf-8"), **signed_in)
        )

        assert (told["written"], told["skipped"]) == (11, 0)
        assert self.kept(blog) == self.wanted(tree)
        assert sorted(tree.parent.iterdir()) == before

    @pytest.mark.parametrize("written", [0, 4, 8, 11], ids="after {} records".format)
    def test_are_set_after_an_interruption_too(
        self, cli: Cli, batches: PocketBase, signed_in: Env, tree: Path, written: int
    ) -> None:
        def stop(request: Any) -> None:
            if (
                request.url.path == "/api/batch"
                and batches.collection("branches").get_list(1, 1).total_items == written
            ):
                raise KeyboardInterrupt

        with PocketBase(batches.url, before_send=stop) as pb:
            pb.auth_store.save(batches.auth_store.token, batches.auth_store.record)
            with pytest.raises(KeyboardInterrupt):
                Import(pb, "branches", tree, Format.JSONL).run(lambda done: None)

        told = answer(cli("import", tree.name, "branches", "--json", **signed_in))

        assert (told["resumed_after"], told["written"]) == (written, 11 - written)
        assert self.kept(batches) == self.wanted(tree)

    def test_are_set_where_an_answer_was_lost(self, cli: Cli, batches: PocketBase, signed_in: Env, tree: Path) -> None:
        def lose(response: Any) -> None:
            if response.request.url.path == "/api/batch":
                raise KeyboardInterrupt

        with PocketBase(batches.url, after_send=lose) as pb:
            pb.auth_store.save(batches.auth_store.token, batches.auth_store.record)
            with pytest.raises(KeyboardInterrupt):
                Import(pb, "branches", tree, Format.JSONL).run(lambda done: None)

        told = answer(cli("import", tree.name, "branches", "--json", **signed_in))

        assert (told["resumed_after"], told["written"], told["skipped"]) == (0, 7, 4)
        assert self.kept(batches) == self.wanted(tree)

    def test_that_lead_nowhere_are_named(self, cli: Cli, batches: PocketBase, signed_in: Env, tree: Path) -> None:
        tree.write_text('{"text": "a"}\n{"text": "b", "parent": "nowhere00000000"}\n', "utf-8")

        result = cli("import", tree.name, "branches", **signed_in)

        assert result.exit_code == 1
        assert "tree.jsonl:2: the server refused the record: parent: " in result.stderr


def test_rows_that_changed_since_are_not_passed_over(
    cli: Cli, batches: PocketBase, signed_in: Env, tmp_path: Path
) -> None:
    source = tmp_path / "posts.jsonl"
    source.write_text("".join(json.dumps({"title": f"Post {n}"}) + "\n" for n in range(8)), "utf-8")

    def stop(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Import(batches, "posts", source, Format.JSONL).run(stop)
    source.write_text("".join(json.dumps({"title": f"Other {n}"}) + "\n" for n in range(8)), "utf-8")
    result = cli("import", "posts.jsonl", "posts", **signed_in)

    assert result.exit_code == 2
    assert "the first 4 records were imported, and have changed since; --restart" in result.stderr
    assert Post.count() == 4


class TestWhatIsThere:
    @pytest.fixture
    def file(self, blog: PocketBase, tmp_path: Path) -> str:
        Post(id="a" * 15, title="Old", views=1).save()
        (tmp_path / "posts.jsonl").write_text(
            json.dumps({"id": "b" * 15, "title": "New"}) + "\n" + json.dumps({"id": "a" * 15, "title": "Newer"}) + "\n",
            "utf-8",
        )
        return "posts.jsonl"

    @pytest.mark.parametrize("batch", [True, False], ids=["batches", "without"])
    def test_fails_by_default_and_names_the_line(
        self, cli: Cli, file: str, signed_in: Env, batch: bool, request: pytest.FixtureRequest
    ) -> None:
        if batch:
            request.getfixturevalue("batches")

        result = cli("import", file, "posts", **signed_in)

        assert result.exit_code == 1
        assert "posts.jsonl:2: the server refused the record: id: " in result.stderr
        assert "--existing update" in result.stderr
        assert Post.get("a" * 15).title == "Old"

    @pytest.mark.parametrize("batch", [True, False], ids=["batches", "without"])
    def test_can_be_updated(
        self, cli: Cli, file: str, signed_in: Env, batch: bool, request: pytest.FixtureRequest
    ) -> None:
        if batch:
            request.getfixturevalue("batches")

        assert answer(cli("import", file, "posts", "--existing", "update", "--json", **signed_in))["written"] == 2
        assert Post.get("a" * 15).model_dump(include={"title", "views"}) == {"title": "Newer", "views": 1}

    @pytest.mark.parametrize("batch", [True, False], ids=["batches", "without"])
    def test_is_updated_where_an_interrupted_import_had_not_come_to_it(
        self, cli: Cli, blog: PocketBase, file: str, signed_in: Env, tmp_path: Path, batch: bool, request: Any
    ) -> None:
        if batch:
            request.getfixturevalue("batches")

        def stop(request: Any) -> None:
            if request.method != "GET":
                raise KeyboardInterrupt

        with PocketBase(blog.url, before_send=stop) as pb:
            pb.auth_store.save(blog.auth_store.token, blog.auth_store.record)
            with pytest.raises(KeyboardInterrupt):
                Import(pb, "posts", tmp_path / file, Format.JSONL, Existing.UPDATE).run(lambda done: None)

        assert answer(cli("import", file, "posts", "--existing", "update", "--json", **signed_in))["written"] == 2
        assert Post.get("a" * 15).title == "Newer"

    @pytest.mark.parametrize("batch", [True, False], ids=["batches", "without"])
    def test_is_updated_by_some_fields_alone(
        self, cli: Cli, file: str, signed_in: Env, tmp_path: Path, batch: bool, request: Any
    ) -> None:
        if batch:
            request.getfixturevalue("batches")
        (tmp_path / "views.csv").write_text(f"id,views\n{'a' * 15},7\n", "utf-8")

        cli("import", "views.csv", "posts", "--existing", "update", **signed_in)

        assert Post.get("a" * 15).model_dump(include={"title", "views"}) == {"title": "Old", "views": 7}

    def test_can_be_skipped(self, cli: Cli, file: str, signed_in: Env) -> None:
        told = answer(cli("import", file, "posts", "--existing", "skip", "--json", **signed_in))

        assert (told["written"], told["skipped"]) == (1, 1)
        assert Post.get("a" * 15).title == "Old"


def test_files_come_along(cli: Cli, blog: PocketBase, signed_in: Env, tmp_path: Path) -> None:
    post = Post.create(title="With files", cover=("a.txt", b"one"), gallery=[("b.txt", b"two"), ("c.txt", b"three")])
    assert post.cover is not None

    told = answer(cli("export", "posts", "-o", "posts.jsonl", "--files", "files", "--json", **signed_in))
    again = answer(cli("export", "posts", "-o", "again.jsonl", "--files", "files", "--json", **signed_in))
    blog.collections.truncate("posts")
    cli("import", "posts.jsonl", "posts", "--files", "files", **signed_in)

    assert (told["files"], again["files"]) == (3, 0)
    assert (tmp_path / "files" / post.id / post.cover.name).read_bytes() == b"one"
    back = Post.get(post.id)
    assert back.cover is not None
    assert blog.files.read(blog.collection("posts").get_one(post.id), back.cover.name) == b"one"
    assert len(back.gallery) == 2


def test_people_need_a_password(cli: Cli, blog: PocketBase, signed_in: Env, tmp_path: Path) -> None:
    User.create(email="ann@example.com", password="12345678", name="Ann")
    cli("export", "users", "-o", "users.jsonl", **signed_in)
    blog.collections.truncate("users")
    exported = json.loads((tmp_path / "users.jsonl").read_text("utf-8"))

    refused = cli("import", "users.jsonl", "users", **signed_in)
    told = answer(cli("import", "users.jsonl", "users", "--random-passwords", "--json", **signed_in))

    assert not {"password", "tokenKey"} & set(exported)
    assert "users.jsonl:1: users holds people who sign in" in refused.stderr
    assert told["written"] == 1
    assert User.where().one().email == "ann@example.com"


@pytest.mark.parametrize("batch", [True, False], ids=["batches", "without"])
def test_people_who_are_there_keep_their_passwords(
    cli: Cli, blog: PocketBase, signed_in: Env, tmp_path: Path, batch: bool, request: pytest.FixtureRequest
) -> None:
    if batch:
        request.getfixturevalue("batches")
    ann = User.create(email="ann@example.com", password="12345678", name="Ann")
    lines = [
        {"id": ann.id, "email": "ann@example.com", "name": "Ann B."},
        {"id": "b" * 15, "email": "ben@example.com", "name": "Ben"},
    ]
    (tmp_path / "users.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")

    told = answer(
        cli("import", "users.jsonl", "users", "--existing", "update", "--random-passwords", "--json", **signed_in)
    )

    assert told["written"] == 2
    assert User.get(ann.id).name == "Ann B."
    with PocketBase(blog.url) as guest:
        assert guest.users.auth_with_password("ann@example.com", "12345678").record.id == ann.id


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"title": "a", "views": "many"}', "posts.views must be a number, not 'many'"),
        ('{"title": "a", "status": "yes"}', "posts.status must be true or false, not 'yes'"),
        ('{"title": "a", "published": "tomorrow"}', "posts.published must be a date"),
        ('{"title": "a", "section": "moon"}', "posts.section must be of home, world, not 'moon'"),
        ('{"title": "a", "tags": ["news", "old"]}', "posts.tags must be of news, tech, art, not 'old'"),
        ('{"title": "a", "views": 9007199254740993}', "posts.views must be at most 2**53"),
        ('{"title": "a", "place": {"x": 1}}', "posts.place must be"),
        ('{"title": 5}', "posts.title must be a text, not 5"),
        ('{"titel": "a"}', "no field 'titel'; did you mean 'title'?"),
        ('{"title": ', "is no JSON"),
        ("[1, 2]", "is no JSON object"),
    ],
)
def test_a_wrong_value_is_named_and_nothing_is_sent(
    cli: Cli, batches: PocketBase, signed_in: Env, tmp_path: Path, line: str, message: str
) -> None:
    (tmp_path / "posts.jsonl").write_text('{"title": "fine"}\n' + line + "\n", "utf-8")

    result = cli("import", "posts.jsonl", "posts", **signed_in)

    assert result.exit_code == 1
    assert "posts.jsonl:2" in result.stderr
    assert message in result.stderr
    assert Post.count() == 0


def test_dry_run_only_checks(cli: Cli, blog: PocketBase, signed_in: Env, tmp_path: Path) -> None:
    (tmp_path / "posts.csv").write_text("title,views\nHello,3\n", "utf-8")

    assert "no fault in 1 records" in cli("import", "posts.csv", "posts", "--dry-run", **signed_in).stdout
    assert Post.count() == 0


def test_from_stdin(cli: Cli, batches: PocketBase, signed_in: Env) -> None:
    told = answer(cli("import", "-", "posts", "--json", input='{"title": "Hello"}\n', **signed_in))

    assert told["written"] == 1
    assert Post.where().one().title == "Hello"


def test_what_the_server_refuses_names_the_line(cli: Cli, batches: PocketBase, signed_in: Env, tmp_path: Path) -> None:
    (tmp_path / "comments.csv").write_text("text,post\nHello,nothere00000000\n", "utf-8")

    result = cli("import", "comments.csv", "comments", **signed_in)

    assert result.exit_code == 1
    assert "comments.csv:2: the server refused the record: post: " in result.stderr
    assert Comment.count() == 0


class TestMistakes:
    def test_a_file_that_is_there_is_not_replaced(self, cli: Cli, blog: PocketBase, signed_in: Env) -> None:
        Path("posts.jsonl").write_text("mine", "utf-8")

        assert "--force replaces it" in cli("export", "posts", "-o", "posts.jsonl", **signed_in).stderr
        assert Path("posts.jsonl").read_text("utf-8") == "mine"
        assert cli("export", "posts", "-o", "posts.jsonl", "--force", **signed_in).exit_code == 0

    def test_a_collection_that_is_not_there(self, cli: Cli, blog: PocketBase, signed_in: Env) -> None:
        result = cli("export", "poosts", "-o", "posts.jsonl", **signed_in)

        assert result.exit_code == 1
        assert "there is no collection 'poosts'" in result.stderr

    def test_a_field_that_is_not_there(self, cli: Cli, blog: PocketBase, signed_in: Env) -> None:
        assert "posts has no field 'titel'" in cli("export", "posts", "--fields", "titel", **signed_in).stderr

    def test_a_format_that_is_not_said(self, cli: Cli, signed_in: Env) -> None:
        assert "Give --format" in cli("export", "posts", "-o", "posts.xml", **signed_in).stderr

    def test_a_guest_exports_what_rules_allow_but_cannot_import(self, cli: Cli, blog: PocketBase) -> None:
        Path("posts.jsonl").write_text('{"title": "a"}\n', "utf-8")

        assert "only a superuser sees" in cli("import", "posts.jsonl", "posts", PBMODELS_URL=blog.url).stderr
        assert cli("export", "posts", PBMODELS_URL=blog.url).exit_code == 1
        blog.collections.update("posts", {"listRule": ""})
        fill(1)
        shown = cli("export", "posts", "--format", "csv", PBMODELS_URL=blog.url).stdout
        assert shown.startswith("id,")
        assert '"Post ""0"", with' in shown


def test_without_pyarrow_it_says_what_to_install(
    cli: Cli, blog: PocketBase, signed_in: Env, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)

    result = cli("export", "posts", "-o", "posts.parquet", **signed_in)

    assert result.exit_code == 2
    assert "pip install 'pbmodels[arrow]'" in result.stderr


def test_memory_does_not_grow_with_the_number_of_records(blog: PocketBase, tmp_path: Path) -> None:
    import tracemalloc

    class Row(Collection, collection="rows"):
        text: Field[str]

    blog.collections.create({"name": "rows", "fields": [{"name": "text", "type": "text"}]})
    blog.settings.update({"batch": {"enabled": True, "maxRequests": 1000}})
    peaks = []
    for count in (4000, 8000):  # of 4000 and of 12,000, three pages may be held at a time: written, read, under way
        for _ in range(count // 1000):
            batch = blog.batch()
            for _ in range(1000):
                batch.collection("rows").create({"text": "x" * 200}, fields="id")
            batch.send()
        tracemalloc.start()
        Export(blog, "rows", Format.JSONL).to_file(tmp_path / f"{count}.jsonl", lambda done: None)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    blog.settings.update({"batch": {"enabled": False, "maxRequests": 50}})

    assert peaks[1] < 2 * peaks[0], "and not three times as much, as all records are"
