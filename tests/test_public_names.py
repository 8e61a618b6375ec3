"""`import pbmodels` is quick, and each of its names is what the type checkers take it for."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import pbmodels

HEAVY = ("httpx", "pydantic", "sseclient", "dateutil", "asyncio")


def imported_names() -> dict[str, str]:
    """Each public name and the module that it is imported from, as the type checkers read it."""
    tree = ast.parse(Path(str(pbmodels.__file__)).read_text("utf-8"))
    return {
        alias.name: str(statement.module)
        for statement in ast.walk(tree)
        if isinstance(statement, ast.ImportFrom) and str(statement.module).startswith("pbmodels.")
        for alias in statement.names
    }


def test_every_name_is_the_one_that_type_checkers_see() -> None:
    names = imported_names()

    assert set(names) == set(pbmodels.__all__)
    for name, home in names.items():
        assert getattr(pbmodels, name) is getattr(importlib.import_module(home), name), name


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="Colection"):
        pbmodels.Colection  # type: ignore[attr-defined]


def test_importing_the_package_loads_nothing_heavy() -> None:
    script = f"import sys, pbmodels; print([name for name in {HEAVY} if name in sys.modules])"

    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_server_that_nothing_else_was_imported_with_gives_clients() -> None:
    script = (
        "from pbmodels.server import PocketBaseServer\n"
        "with PocketBaseServer() as server, server.client() as pb: print(pb.auth_store.is_superuser)"
    )

    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "True\n"
