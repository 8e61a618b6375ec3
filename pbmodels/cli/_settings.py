"""Where a command connects, as whom, and with which models: options, then the environment, then pyproject.toml.

    [tool.pbmodels]
    url = "http://127.0.0.1:8090"
    identity = "boss@example.com"
    auth_collection = "_superusers"
    models = "app.models"

A password comes from the environment variable PBMODELS_PASSWORD or from a prompt: arguments stay in the shell's
history, and pyproject.toml in version control.
"""

from __future__ import annotations

import difflib
import os
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._failures import UsageError

if TYPE_CHECKING:
    from pbmodels.client import PocketBase

KEYS = ("url", "identity", "auth_collection", "models")
"""What the table of pyproject.toml may hold; the environment variable of each is PBMODELS_ and its name."""

_SECRETS = ("password", "token")
_DEFAULTS = {"url": "http://127.0.0.1:8090", "auth_collection": "_superusers"}


@dataclass(frozen=True)
class Settings:
    """Where a command connects.

    Attributes:
        url: The server's address.
        identity: Who signs in: an email, or another identity field's value; None for a guest.
        auth_collection: The collection of `identity`.
        models: The import path of the models, None when there is none.
        password: The password of `identity`, None when it is to be asked for.
        token: A token to use instead of signing in.
        folder: Where pyproject.toml is, else the working folder; import and file paths of the table count from it.
    """

    url: str
    identity: str | None
    auth_collection: str
    models: str | None
    password: str | None = field(repr=False)
    token: str | None = field(repr=False)
    folder: Path

    def client(self) -> PocketBase:
        """A new client, which signs in before its first request when there is an identity.

        Raises:
            UsageError: The url is no address, or there is an identity without a password, and nobody to ask.
        """
        from pbmodels.client import InvalidRequest, PocketBase

        try:
            guest = PocketBase(self.url)
        except InvalidRequest as error:
            raise UsageError(f"--url, PBMODELS_URL or pyproject.toml: {error}") from error
        if self.token:
            guest.auth_store.save(self.token)
            return guest
        if self.identity is None:
            return guest
        password = self.password or _ask_password(self.identity, self.url)
        return PocketBase(self.url, identity=self.identity, password=password, auth_collection=self.auth_collection)


def read_settings(options: Mapping[str, str | None], start: Path | None = None) -> Settings:
    """The settings of a command: its options, then the environment, then pyproject.toml.

    Args:
        options: What the command line says, by the names of `KEYS`; None where it says nothing.
        start: The folder to look for pyproject.toml in, then in those above it; the working folder by default.

    Raises:
        UsageError: The table of pyproject.toml holds something that it must not.
    """
    folder, table = _table(start or Path.cwd())
    given = {
        key: options.get(key) or os.environ.get(f"PBMODELS_{key.upper()}") or table.get(key) or _DEFAULTS.get(key)
        for key in KEYS
    }
    return Settings(
        url=given["url"] or "",
        identity=given["identity"],
        auth_collection=given["auth_collection"] or "",
        models=given["models"],
        password=os.environ.get("PBMODELS_PASSWORD") or None,
        token=os.environ.get("PBMODELS_TOKEN") or None,
        folder=folder,
    )


def _table(start: Path) -> tuple[Path, dict[str, str]]:
    """The folder of the nearest pyproject.toml, and its table `tool.pbmodels`."""
    for folder in (start, *start.parents):
        path = folder / "pyproject.toml"
        if path.is_file():
            try:
                content = tomllib.loads(path.read_text("utf-8"))
            except ValueError as error:
                raise UsageError(f"{path} is no TOML: {error}") from None
            return folder, _checked(path, content.get("tool", {}).get("pbmodels", {}))
    return start, {}


def _checked(path: Path, table: Any) -> dict[str, str]:
    where = f"{path}: [tool.pbmodels]"
    if not isinstance(table, dict):
        raise UsageError(f"{where} is no table")
    for key, value in table.items():
        if key in _SECRETS:
            raise UsageError(
                f"{where} must not hold a {key}: the file is shared; set PBMODELS_{key.upper()} in the environment"
            )
        if key not in KEYS:
            near = difflib.get_close_matches(key, KEYS, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"it may hold {', '.join(KEYS)}"
            raise UsageError(f"{where} holds {key!r}, which is no setting: {hint}")
        if not isinstance(value, str):
            raise UsageError(f"{where}: {key} must be text, not {value!r}")
    return table


def _ask_password(identity: str, url: str) -> str:
    import typer

    if not sys.stdin.isatty():
        raise UsageError(f"the password of {identity} is missing: set PBMODELS_PASSWORD in the environment")
    return str(typer.prompt(f"Password of {identity} at {url}", hide_input=True, err=True))
