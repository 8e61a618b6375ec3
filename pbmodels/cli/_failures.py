"""How a command ends: its exit code, and a failure as one message for people or for scripts.

| Code | Means |
|---|---|
| 0 | done |
| 1 | it failed: the server refused or was not reached, a file could not be read |
| 2 | the arguments or settings are wrong; nothing was done |
| 3 | done, and what it looked for was found: a difference, a problem |
| 130 | ended by Ctrl-C |
"""

from __future__ import annotations

import enum
import json
from typing import Any

import typer

from pbmodels._errors import PocketBaseError


class Exit(enum.IntEnum):
    """The exit codes of all commands."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    FOUND = 3
    INTERRUPTED = 130


class UsageError(PocketBaseError):
    """Arguments or settings that a command cannot run with; exit code 2."""


class MissingPackage(UsageError):
    """A package that a command needs and that is not installed."""

    def __init__(self, purpose: str, extra: str) -> None:
        super().__init__(f"{purpose} needs more packages. Install them with: pip install 'pbmodels[{extra}]'")


def report(error: Exception, *, as_json: bool) -> int:
    """Tell on stderr what went wrong; the exit code that it stands for.

    Args:
        error: A `PocketBaseError`, or an `OSError` of a file.
        as_json: Whether as one line of JSON: `{"error": {"type": ..., "message": ..., ...}}`.
    """
    if as_json:
        typer.echo(json.dumps({"error": _facts(error)}, ensure_ascii=False), err=True)
    else:
        typer.echo(_message(error), err=True)
    return Exit.USAGE if isinstance(error, UsageError) else Exit.FAILED


def _message(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    if getattr(error, "status", None) in (401, 403):
        return (
            f"{error}\nOn the command line, --identity or PBMODELS_IDENTITY says who signs in, usually a superuser; "
            "the password is asked for, or taken from PBMODELS_PASSWORD. PBMODELS_TOKEN must not have ended."
        )
    return str(error)


def _facts(error: Exception) -> dict[str, Any]:
    facts: dict[str, Any] = {"type": type(error).__name__, "message": _message(error)}
    for name in ("status", "field_errors"):
        if value := getattr(error, name, None):
            facts[name] = value
    if (refused := getattr(error, "diff", None)) is not None:
        facts["changes"] = refused.as_dicts()
    return facts
