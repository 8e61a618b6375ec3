"""`pbmodels demo` as a user runs it."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pbmodels import PocketBase
from tests.cli.conftest import Cli
from tests.cli.test_serve import environment, introduction

SUGGESTED = {
    "watch": ('"update"', "--count=1", "--json"),
    "shell": ("2 published", "--code", "print(Post.where(Post.status == 'published').count(), 'published')"),
    "erd": ('"posts" }o--|| "users" : "author"',),
    "export": ("On kites",),
    "doctor": ("signed in as superuser",),
}
"""The commands that the demo tells its user to try: what each shows, and what ends those that would go on."""


def suggested(process: subprocess.Popen[str]) -> list[list[str]]:
    """The commands, as the demo prints them."""
    assert process.stdout is not None
    found: list[list[str]] = []
    for line in process.stdout:
        if line.startswith("  pbmodels "):
            found.append(shlex.split(line)[1:])
        if len(found) == len(SUGGESTED):
            break
    assert [arguments[0] for arguments in found] == list(SUGGESTED)
    return found


def run(arguments: list[str], password: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """One of them, as its user runs it."""
    command = [sys.executable, "-m", "pbmodels", *arguments, *SUGGESTED[arguments[0]][1:]]
    env = environment() | {"PBMODELS_PASSWORD": password}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, encoding="utf-8", timeout=60, check=False)


def test_the_tour_shows_what_the_code_gives_on_a_real_server(cli: Cli, tmp_path: Path) -> None:
    result = cli("demo", "--once", "--port", "0")

    assert result.exit_code == 0, result.stderr
    shown = result.stdout.splitlines()
    told = {line.removeprefix(">>> "): shown[n + 1] for n, line in enumerate(shown) if line.startswith(">>> ")}
    assert list(told.values()) == [
        "'(status = \"published\" && views > 5)'",
        "'Hello'",
        "1",
        "1",
        "InvalidRecord: posts.views is incremented by a whole number, not by 'many'",
    ]
    assert 'class Post(Collection, collection="posts"):' in shown
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_a_blog_to_try_other_commands_on(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pbmodels", "demo", "--port=0", "--password-file", "password"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    ) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if line.startswith("InvalidRecord"):
                    break
            told = introduction(process)
            assert told["Password"] == "in password"
            password = (tmp_path / "password").read_text().strip()

            answers = [run(line, password, tmp_path) for line in suggested(process)]
            for answer, (shown, *_) in zip(answers, SUGGESTED.values(), strict=True):
                assert answer.returncode == 0, answer.stderr
                assert shown in answer.stdout
            with PocketBase(told["Server"]) as pb:
                assert pb.superusers.auth_with_password(told["Superuser"], password).token
        finally:
            process.send_signal(signal.SIGINT)
        # communicate() would pass by what the loops above have read ahead
        output, errors = process.stdout.read(), process.stderr.read() if process.stderr else ""
        process.wait(20)

    assert process.returncode == 0
    assert output.endswith("Stopped.\n")
    assert errors == ""
    assert password not in output
    assert not (tmp_path / "password").exists()
    assert not Path(told["Folder"]).exists()
