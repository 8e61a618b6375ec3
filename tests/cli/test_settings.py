"""Where a command connects, as whom, with which models; and how its failures read."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from pbmodels import PocketBaseServer
from pbmodels.cli import app
from pbmodels.cli._failures import Exit, UsageError
from pbmodels.cli._settings import KEYS, read_settings
from tests.cli.conftest import Cli

NOTHING = dict.fromkeys(("url", "identity", "auth_collection", "models"))


def pyproject(folder: Path, table: str) -> None:
    (folder / "pyproject.toml").write_text(f"[tool.pbmodels]\n{table}\n", "utf-8")


class TestOrder:
    def test_an_option_counts_before_the_environment_and_that_before_pyproject(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pyproject(tmp_path, 'url = "http://table"\nidentity = "table@x.org"\nmodels = "table.models"')
        monkeypatch.setenv("PBMODELS_URL", "http://environment")
        monkeypatch.setenv("PBMODELS_IDENTITY", "environment@x.org")

        settings = read_settings({**NOTHING, "url": "http://option"}, tmp_path)

        assert (settings.url, settings.identity, settings.models) == (
            "http://option",
            "environment@x.org",
            "table.models",
        )

    def test_without_any_it_is_pocketbase_s_own_address_and_a_guest(self, tmp_path: Path) -> None:
        settings = read_settings(NOTHING, tmp_path)

        assert (settings.url, settings.identity, settings.auth_collection) == (
            "http://127.0.0.1:8090",
            None,
            "_superusers",
        )

    def test_pyproject_is_found_from_a_folder_below(self, tmp_path: Path) -> None:
        pyproject(tmp_path, 'models = "app.models"')
        below = tmp_path / "src" / "app"
        below.mkdir(parents=True)

        settings = read_settings(NOTHING, below)

        assert (settings.models, settings.folder) == ("app.models", tmp_path)

    @pytest.mark.parametrize(
        ("table", "message"),
        [
            ('password = "x"', "must not hold a password.*PBMODELS_PASSWORD"),
            ('token = "x"', "must not hold a token.*PBMODELS_TOKEN"),
            ('adress = "x"', "'adress', which is no setting: it may hold url"),
            ('model = "x"', "did you mean 'models'"),
            ("url = 8090", "url must be text, not 8090"),
            ("[broken", "is no TOML"),
        ],
    )
    def test_a_wrong_table_is_refused(self, tmp_path: Path, table: str, message: str) -> None:
        pyproject(tmp_path, table)

        with pytest.raises(UsageError, match=message):
            read_settings(NOTHING, tmp_path)


class TestSecrets:
    def test_no_command_takes_a_password_as_an_argument(self, cli: Cli) -> None:
        for command in (str(each.name) for each in app.registered_commands):
            shown = cli(command, "--help").stdout.replace("--password-file", "").replace("--random-passwords", "")
            assert "-password" not in shown

    def test_no_repr_shows_them(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PBMODELS_PASSWORD", "correct horse")
        monkeypatch.setenv("PBMODELS_TOKEN", "battery staple")

        shown = repr(read_settings(NOTHING, tmp_path))

        assert "correct horse" not in shown
        assert "battery staple" not in shown

    def test_without_a_terminal_a_missing_password_is_named(self, cli: Cli, server: PocketBaseServer) -> None:
        result = cli("doctor", "--url", server.url, "--identity", "a@example.com")

        assert result.exit_code == 2
        assert "set PBMODELS_PASSWORD" in result.stderr

    def test_at_a_terminal_it_is_asked_for_and_not_shown(
        self, cli: Cli, server: PocketBaseServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[tuple[str, bool]] = []

        def prompt(text: str, *, hide_input: bool, err: bool) -> str:
            asked.append((text, hide_input))
            return server.superuser_password

        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        monkeypatch.setattr("typer.prompt", prompt)
        settings = read_settings({**NOTHING, "url": server.url, "identity": server.superuser_email})

        with settings.client() as pb:
            pb.settings.get_all()

        assert asked == [(f"Password of {server.superuser_email} at {server.url}", True)]

    def test_ctrl_c_where_it_is_asked_for_ends_the_command(
        self, cli: Cli, server: PocketBaseServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def ask(*_: object) -> str:
            raise typer.Abort  # as typer's prompt does

        monkeypatch.setattr("pbmodels.cli._settings._ask_password", ask)

        assert cli("doctor", "--url", server.url, "--identity", "a@example.com").exit_code == 130

    def test_a_token_signs_in_too(self, cli: Cli, server: PocketBaseServer) -> None:
        with server.client() as pb:
            result = cli("doctor", PBMODELS_URL=server.url, PBMODELS_TOKEN=pb.auth_store.token)

        assert "signed in as superuser" in result.stdout


class TestFailures:
    def test_a_failure_is_one_message(self, cli: Cli) -> None:
        result = cli("doctor", "--url", "no address")

        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.count("\n") == 1
        assert "no address" in result.stderr

    def test_with_json_it_is_one_object(self, cli: Cli) -> None:
        result = cli("doctor", "--url", "no address", "--json")

        assert result.exit_code == 2
        assert json.loads(result.stderr)["error"]["type"] == "UsageError"

    @pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://nothing.invalid"])
    def test_a_server_that_is_not_reached(self, cli: Cli, url: str) -> None:
        result = cli("pull", "--url", url)

        assert (result.exit_code, result.stdout) == (1, "")
        assert f"cannot reach PocketBase at {url}" in result.stderr
        assert "Traceback" not in result.stderr

    def test_a_wrong_password_is_not_repeated(self, cli: Cli, signed_in: dict[str, str]) -> None:
        result = cli("pull", **{**signed_in, "PBMODELS_PASSWORD": "a wrong guess"})

        assert result.exit_code == 1
        assert "check the identity and the password" in result.stderr
        assert "a wrong guess" not in result.output

    @pytest.mark.parametrize("token", ["", "an old token"], ids=["a guest", "a bad token"])
    def test_who_is_no_superuser_is_told_how_to_be(self, cli: Cli, server: PocketBaseServer, token: str) -> None:
        result = cli("pull", PBMODELS_URL=server.url, PBMODELS_TOKEN=token)

        assert result.exit_code == 1
        assert "--identity or PBMODELS_IDENTITY says who signs in" in result.stderr

    def test_an_unknown_option_is_exit_code_2(self, cli: Cli) -> None:
        assert cli("doctor", "--colour").exit_code == 2


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("pu", ["pull", "push"]), ("push --allow", ["--allow-data-loss"]), ("import --ex", ["--existing"])],
)
def test_the_shell_completes_commands_and_options(typed: str, offered: list[str]) -> None:
    words = f"pbmodels {typed}"
    env = {"_PBMODELS_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}

    done = subprocess.run(
        [Path(sys.executable).with_name("pbmodels")],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.split() == offered


def test_the_page_lists_all_commands_settings_and_exit_codes() -> None:
    page = (Path(__file__).parents[2] / "docs" / "cli.md").read_text("utf-8")
    commands, settings = page.split("## Where it connects")

    assert set(re.findall(r"^\| `(\w+)", commands, re.M)) == {str(each.name) for each in app.registered_commands}
    assert re.findall(r"^\| `--[\w-]+` \| `PBMODELS_\w+` \| `(\w+)`", settings, re.M) == list(KEYS)
    assert re.findall(r"^\| (\d+) \|", settings, re.M) == [str(code.value) for code in Exit]


def test_help_waits_for_nothing_heavy() -> None:
    script = (
        "import sys; sys.argv = ['pbmodels', '--help']\n"
        "from pbmodels.__main__ import main\n"
        "try: main()\n"
        "finally: print([n for n in ('httpx', 'pydantic', 'pbmodels.client') if n in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.endswith("[]\n")


def test_the_shell_can_complete_commands() -> None:
    env = {"_PBMODELS_COMPLETE": "complete_bash", "COMP_WORDS": "pbmodels doc", "COMP_CWORD": "1"}
    script = "import sys; sys.argv = ['pbmodels']; from pbmodels.__main__ import main; main()"

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=env, check=False)

    assert done.stdout.split() == ["doctor"]
