"""Commands run in this process, in an empty folder, with an environment of their own."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from pbmodels import PocketBaseServer
from pbmodels.cli import app

Cli = Callable[..., Result]


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Runs `pbmodels ...`; `input` is what its user types, the other keywords are its environment."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("PBMODELS_")]:
        monkeypatch.delenv(name)

    def run(*arguments: str, input: str | None = None, **env: str) -> Result:
        return CliRunner().invoke(app, arguments, input=input, env={"COLUMNS": "200", "TERM": "dumb", **env})

    return run


@pytest.fixture
def signed_in(server: PocketBaseServer) -> dict[str, str]:
    """An environment that signs in as superuser."""
    return {
        "PBMODELS_URL": server.url,
        "PBMODELS_IDENTITY": server.superuser_email,
        "PBMODELS_PASSWORD": server.superuser_password,
    }


def answer(result: Result) -> Any:
    """What a command with --json answered."""
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)
