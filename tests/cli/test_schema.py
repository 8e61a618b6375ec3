"""`pbmodels pull`, `diff`, `push` and `migrate` on the real server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pbmodels import PocketBase, PocketBaseServer, Record
from tests.cli.conftest import Cli, answer

NOTES = """
from pbmodels import Collection, Field, field

class Note(Collection, collection="notes"):
    text: Field[str] = field(max_length={most})
"""


@pytest.fixture(scope="module")
def own() -> Iterator[PocketBaseServer]:
    with PocketBaseServer() as server:
        yield server


@pytest.fixture(scope="module")
def own_client(own: PocketBaseServer) -> Iterator[PocketBase]:
    with own.client() as pb:
        yield pb


@pytest.fixture(scope="module")
def first(own_client: PocketBase) -> list[Record]:
    return [body for body in own_client.collections.get_full_list() if not body.system]


@pytest.fixture
def pb(own_client: PocketBase, first: list[Record]) -> PocketBase:
    own_client.collections.import_collections(first, delete_missing=True)
    return own_client


@pytest.fixture
def env(own: PocketBaseServer, pb: PocketBase, tmp_path: Path) -> dict[str, str]:
    """An environment with a models file, `notes.py`."""
    (tmp_path / "notes.py").write_text(NOTES.format(most=50))
    return {
        "PBMODELS_URL": own.url,
        "PBMODELS_IDENTITY": own.superuser_email,
        "PBMODELS_PASSWORD": own.superuser_password,
        "PBMODELS_MODELS": "notes.py",
    }


def names(pb: PocketBase) -> list[str]:
    return [body.name for body in pb.collections.get_full_list() if not body.system]


def test_pull_writes_a_file_once(cli: Cli, env: dict[str, str], tmp_path: Path) -> None:
    assert answer(cli("pull", "-o", "models.py", "--json", **env))["written"] is True
    text = (tmp_path / "models.py").read_text()

    result = cli("pull", "-o", "models.py", **env)

    assert (result.exit_code, result.stdout) == (0, "models.py is up to date\n")
    assert "class User(" in text
    assert cli("pull", **env).stdout == text


def test_pull_check_finds_what_the_file_lacks(cli: Cli, env: dict[str, str], pb: PocketBase, tmp_path: Path) -> None:
    cli("pull", "-o", "models.py", **env)
    before = (tmp_path / "models.py").read_text()
    assert cli("pull", "-o", "models.py", "--check", **env).exit_code == 0
    pb.collections.create({"name": "notes", "fields": [{"name": "text", "type": "text"}]})

    result = cli("pull", "-o", "models.py", "--check", **env)

    assert result.exit_code == 3
    assert '+class Note(Collection, collection="notes", rules=Rules()):' in result.stdout.splitlines()
    assert (tmp_path / "models.py").read_text() == before
    assert cli("pull", "--check", **env).exit_code == 2


def test_pull_from_an_export_needs_no_server(cli: Cli, pb: PocketBase, tmp_path: Path) -> None:
    (tmp_path / "export.json").write_text(json.dumps(pb.collections.get_full_list()))

    result = cli("pull", "--from", "export.json", "--enums", PBMODELS_URL="http://127.0.0.1:9")

    assert result.exit_code == 0, result.stderr
    assert "class User(" in result.stdout


def test_push_makes_what_diff_shows(cli: Cli, env: dict[str, str], pb: PocketBase) -> None:
    shown = cli("diff", "--partial", **env)
    assert shown.exit_code == 3
    assert shown.stdout.splitlines() == ["+ notes  base collection", "    + text  text max=50"]
    assert cli("push", "--partial", "--dry-run", **env).stdout.endswith("this was a dry run\n")
    assert names(pb) == ["users"]

    pushed = answer(cli("push", "--partial", "--json", **env))

    assert (pushed["pushed"], pushed["changes"][0]["action"]) == (True, "create")
    assert names(pb) == ["users", "notes"]
    again = cli("diff", "--partial", **env)
    assert (again.exit_code, again.stdout) == (0, "models and server agree\n")
    assert answer(cli("push", "--partial", "--json", **env)) == {"changes": [], "pushed": False}


def test_lines_are_whole_however_narrow_the_terminal(cli: Cli, env: dict[str, str]) -> None:
    narrow = cli("diff", "--partial", **env, COLUMNS="20").stdout

    assert narrow == cli("diff", "--partial", **env).stdout
    assert "    + text  text max=" in narrow


def test_colours(cli: Cli, env: dict[str, str]) -> None:
    result = cli("diff", "--partial", FORCE_COLOR="1", **{**env, "TERM": "xterm"})

    assert "\x1b[32m+ notes  base collection" in result.stdout


def test_what_would_lose_values_is_refused_with_their_number(
    cli: Cli, env: dict[str, str], pb: PocketBase, tmp_path: Path
) -> None:
    cli("push", "--partial", **env)
    for text in ("short", "a longer text", "another long text"):
        pb.collection("notes").create({"text": text})
    (tmp_path / "short.py").write_text(NOTES.format(most=5))
    env["PBMODELS_MODELS"] = "short.py"

    refused = cli("push", "--partial", **env)

    assert refused.exit_code == 1
    assert "values that do not fit: 2 records" in refused.stderr
    assert "--allow-data-loss" in refused.stderr
    assert pb.collections.get_one("notes").fields[1]["max"] == 50
    told = json.loads(cli("push", "--partial", "--json", **env).stderr)["error"]
    assert (told["type"], told["changes"][0]["option"], told["changes"][0]["at_stake"]) == ("DataLoss", "max", 2)
    assert cli("push", "--partial", "--allow-data-loss", **env).exit_code == 0
    assert pb.collections.get_one("notes").fields[1]["max"] == 5


def test_models_are_the_whole_truth_unless_partial(cli: Cli, env: dict[str, str], pb: PocketBase) -> None:
    refused = cli("push", **env)
    assert refused.exit_code == 1
    assert "users: - users  auth collection  (deleted: 0 records)" in refused.stderr

    result = cli("push", "--allow-data-loss", **env)

    assert result.exit_code == 0, result.stderr
    assert "- users  auth collection" in result.stdout
    assert names(pb) == ["notes"]


def test_a_rename_keeps_values(cli: Cli, env: dict[str, str], pb: PocketBase) -> None:
    pb.collections.create({"name": "memos", "fields": [{"name": "words", "type": "text"}]})
    pb.collection("memos").create({"words": "kept"})

    renames = ("--rename", "memos=notes", "--rename", "notes.words=text")
    result = cli("push", "--partial", *renames, **env)

    assert result.exit_code == 0, result.stderr
    assert [record.text for record in pb.collection("notes").get_full_list()] == ["kept"]
    wrong = cli("push", "--rename", "memos", **env)
    assert wrong.exit_code == 2
    assert "write OLD=NEW" in wrong.stderr


def test_migrate_writes_a_file_that_a_server_applies(cli: Cli, env: dict[str, str], tmp_path: Path) -> None:
    told = answer(cli("migrate", "--partial", "--name", "add notes", "-o", "app/pb_migrations", "--json", **env))

    assert Path(told["file"]).name.endswith("_add_notes.js")
    assert told["written"]
    again = cli("migrate", "--partial", "-o", "app/pb_migrations", **env)
    assert again.stdout == f"{told['file']} is the last that the server has not applied; nothing is to add\n"
    with PocketBaseServer(tmp_path / "app") as server, server.client() as pb:
        assert names(pb) == ["users", "notes"]
        env["PBMODELS_URL"], env["PBMODELS_TOKEN"] = server.url, pb.auth_store.token
        assert cli("migrate", "--partial", **env).stdout == "models and server agree\n"
    again = cli("migrate", "--partial", "--from", "app/pb_data", **env)
    assert again.stdout == "models and server agree\n", again.stderr
