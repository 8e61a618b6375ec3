"""`pbmodels shell`: what its user finds loaded."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from pbmodels import PocketBase
from tests.blog import Post
from tests.cli.conftest import Cli

Env = dict[str, str]


def test_models_and_client_are_loaded(cli: Cli, blog: PocketBase, signed_in: Env) -> None:
    Post.create(title="Hello")

    result = cli(
        "shell", "--models", "tests.blog", "-c", "print(Post.where().one().title, Comment.count(), pb.url)", **signed_in
    )

    assert result.stdout == f"Hello 0 {blog.url}\n"


def test_without_models_the_names_of_pbmodels_are_there(cli: Cli, blog: PocketBase, signed_in: Env) -> None:
    assert cli("shell", "-c", "print(Collection.__name__, now())", **signed_in).stdout.startswith("Collection")


def test_the_plain_prompt(cli: Cli, blog: PocketBase, signed_in: Env) -> None:
    result = cli("shell", "--plain", "--models", "tests.blog", input="print(1 + Post.count())\n", **signed_in)

    assert result.exit_code == 0
    assert "Models: User, Post, Comment" in result.stderr
    assert "1" in result.stdout


def test_ipython_is_taken_where_it_is(cli: Cli, blog: PocketBase, signed_in: Env, monkeypatch: Any) -> None:
    seen: dict[str, Any] = {}

    class Shell:
        def __init__(self, **options: Any) -> None:
            seen.update(options)

        def __call__(self, *, local_ns: dict[str, Any], module: object) -> None:
            seen.update(local_ns)

    embed = type(sys)("IPython.terminal.embed")
    embed.InteractiveShellEmbed = Shell  # type: ignore[attr-defined]
    for name in ("IPython", "IPython.terminal"):
        monkeypatch.setitem(sys.modules, name, type(sys)(name))
    monkeypatch.setitem(sys.modules, "IPython.terminal.embed", embed)

    cli("shell", "--models", "tests.blog:Post", **signed_in)

    assert seen["Post"] is Post
    assert "Models: Post" in seen["banner1"]


def test_without_ipython_it_is_pythons_prompt(
    cli: Cli, blog: PocketBase, signed_in: Env, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "IPython.terminal.embed", None)

    assert "2" in cli("shell", input="print(1 + 1)\n", **signed_in).stdout
