"""The PocketBase versions that the query layer is proven on, and how thoroughly."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from hypothesis import HealthCheck, settings

OLD_VERSIONS = ("0.23.12", "0.36.9")
VERSIONS = (*OLD_VERSIONS, "newest")

ROUNDS = int(os.environ.get("PBMODELS_ROUNDS", "1"))
"""1: the same examples each time. More: that many times the examples, random ones."""


def binary_of(version: str) -> Path | None:
    """The executable of a version; None for the newest, which the server finds by itself.

    Raises:
        FileNotFoundError: It has not been installed.
    """
    if version == "newest":
        return None
    name = "pocketbase.exe" if sys.platform == "win32" else "pocketbase"
    path = Path(sys.prefix) / "pocketbase" / version / "bin" / name
    if not path.is_file():
        raise FileNotFoundError(f"there is no PocketBase {version} at {path}: run `make test`, which installs it")
    return path


def thorough(examples: int) -> settings:
    """Hypothesis's settings for a test that asks a real server."""
    return settings(
        max_examples=examples * ROUNDS,
        deadline=None,
        derandomize=ROUNDS == 1,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
