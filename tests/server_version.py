"""The version of the server that the tests run on; PBMODELS_BINARY may choose an older one."""

from __future__ import annotations

import pytest

from pbmodels.server._binary import binary_version, find_binary

SERVER = tuple(int(part) for part in binary_version(find_binary()).split(".")[:2])


def since(*version: int) -> pytest.MarkDecorator:
    """Leaves a test out on servers that are older than what it is about: `@since(0, 36)`."""
    text = ".".join(map(str, version))
    return pytest.mark.skipif(SERVER < version, reason=f"PocketBase {text} and later")


def all_since(*version: int) -> None:
    """Leaves the module that calls it out on such servers."""
    if SERVER < version:
        pytest.skip(f"PocketBase {'.'.join(map(str, version))} and later", allow_module_level=True)
