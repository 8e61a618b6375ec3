"""Servers of several versions for the proofs of the query layer; each starts once a session, when first asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from pbmodels import PocketBaseServer
from tests.query.versions import VERSIONS, binary_of


@pytest.fixture(scope="session")
def start_version() -> Iterator[Callable[[str], PocketBaseServer]]:
    """Gives the running server of a version."""
    running: dict[str, PocketBaseServer] = {}
    with ExitStack() as stack:

        def start(version: str) -> PocketBaseServer:
            if version not in running:
                running[version] = stack.enter_context(PocketBaseServer(binary=binary_of(version)))
            return running[version]

        yield start


@pytest.fixture(scope="module", params=VERSIONS)
def any_server(request: pytest.FixtureRequest, start_version: Callable[[str], PocketBaseServer]) -> PocketBaseServer:
    """A server of each version in turn."""
    server = start_version(request.param)
    assert request.param in (server.version, "newest")
    return server
