"""`pbmodels erd`: the server's collections, or the models, as a diagram."""

from __future__ import annotations

from pathlib import Path

import pytest

from pbmodels import PocketBase
from pbmodels.cli._diagram import diagram
from tests.cli.conftest import Cli, answer

Env = dict[str, str]


def test_the_servers_collections(cli: Cli, blog: PocketBase, signed_in: Env) -> None:
    lines = cli("erd", **signed_in).stdout.splitlines()

    assert lines[0] == "erDiagram"
    assert '    "users"["users (auth)"] {' in lines
    assert "        text title" in lines
    assert '        relation post FK "required"' in lines
    assert '        select[] tags "news | tech | art"' in lines
    assert '    "posts" }o--o| "users" : "author"' in lines
    assert '    "posts" }o--o{ "users" : "reviewers"' in lines
    assert '    "comments" }o--|| "posts" : "post"' in lines
    assert not any("_superusers" in line or "tokenKey" in line for line in lines)


def test_the_models_are_drawn_alike(cli: Cli, blog: PocketBase, signed_in: Env) -> None:
    drawn = cli("erd", "--from-models", "--models", "tests.blog").stdout.splitlines()
    there = cli("erd", "--only", "users,posts,comments", **signed_in).stdout.splitlines()

    assert sorted(line for line in drawn if "--" in line) == sorted(line for line in there if "--" in line)
    assert {line for line in drawn if line.startswith("        ") and "updated" not in line} <= set(there)


def test_only_some_and_only_their_relations(cli: Cli, blog: PocketBase, signed_in: Env) -> None:
    told = answer(cli("erd", "--only", "posts,comments", "--json", **signed_in))

    assert sorted(told["collections"]) == ["comments", "posts"]
    assert '"comments" }o--|| "posts" : "post"' in told["mermaid"]
    assert "users" not in told["mermaid"]


def test_names_that_are_words_of_mermaids_own() -> None:
    fields = [{"name": name, "type": "text"} for name in ("PK", "2nd", "style")]
    fields.append({"name": "to", "type": "relation", "collectionId": "c1"})
    odd = {"id": "c1", "name": "class", "type": "base", "fields": fields}

    assert diagram([odd], [odd]).splitlines() == [
        "erDiagram",
        '    "class" {',
        "        text _PK",
        "        text _2nd",
        "        text style",
        "        relation to FK",
        "    }",
        '    "class" }o--o| "class" : "to"',
    ]


def test_files_by_their_names(cli: Cli, blog: PocketBase, signed_in: Env, tmp_path: Path) -> None:
    assert cli("erd", "-o", "erd.mmd", **signed_in).exit_code == 0
    assert cli("erd", "-o", "erd.md", **signed_in).exit_code == 0

    odd = "[bold]of :smile:.mmd"
    assert cli("erd", "--only", "posts", "-o", odd, **signed_in).stdout == f"1 collections in {odd}\n"
    assert (tmp_path / "erd.mmd").read_text("utf-8").startswith("erDiagram\n")
    assert (tmp_path / "erd.md").read_text("utf-8").startswith("```mermaid\nerDiagram\n")


class TestPictures:
    @pytest.fixture
    def renderer(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A program that stands for mermaid-cli, which needs a browser; it copies the text it should draw."""
        path = tmp_path / "bin" / "mmdc"
        path.parent.mkdir()
        path.write_text('#!/bin/sh\n[ "$FAIL" ] && { echo "no browser" >&2; exit 1; }\ncp "$2" "$4"\n', "utf-8")
        path.chmod(0o755)
        monkeypatch.setenv("PATH", str(path.parent), prepend=":")
        return path

    def test_are_drawn_by_mermaid_cli(
        self, cli: Cli, blog: PocketBase, signed_in: Env, tmp_path: Path, renderer: Path
    ) -> None:
        assert cli("erd", "-o", "erd.svg", **signed_in).exit_code == 0
        assert (tmp_path / "erd.svg").read_text("utf-8").startswith("erDiagram\n")

    def test_its_failure_is_told(self, cli: Cli, blog: PocketBase, signed_in: Env, renderer: Path) -> None:
        result = cli("erd", "-o", "erd.png", FAIL="1", **signed_in)

        assert result.exit_code == 1
        assert "mmdc could not draw erd.png: no browser" in result.stderr

    def test_without_it_there_is_advice(
        self, cli: Cli, blog: PocketBase, signed_in: Env, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", "")

        result = cli("erd", "-o", "erd.svg", **signed_in)

        assert result.exit_code == 2
        assert "npm install -g @mermaid-js/mermaid-cli" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["-o", "erd.txt"], "its name must end in"), (["--only", "poosts"], "there is no collection 'poosts'")],
)
def test_mistakes(cli: Cli, blog: PocketBase, signed_in: Env, arguments: list[str], message: str) -> None:
    result = cli("erd", *arguments, **signed_in)

    assert result.exit_code == 2
    assert message in result.stderr
