"""Which of PocketBase's versions a test's server is."""

from __future__ import annotations


def is_before(version: str, other: str) -> bool:
    """Whether a version such as "0.23.12" is older than another."""
    return _parts(version) < _parts(other)


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("-")[0].split("."))
