"""One real PocketBase per test session, from the project's own plugin; the models are those of `tests.blog`."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator, Sequence

import pytest
from hypothesis import HealthCheck, settings

from pbmodels import AsyncPocketBase, Collection, PocketBase, PocketBaseServer
from tests.blog import MODELS

# The plugin is named for an environment that was made before it was; where it is installed, this is the same one.
pytest_plugins = ["pbmodels.testing.plugin", "pytester"]

# How long an example takes says more about the machine than about the code.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@pytest.fixture(autouse=True)
def import_path() -> Iterator[None]:
    """What a test lets Python import from its own folder is not for the processes that later tests start."""
    before = list(sys.path)
    yield
    sys.path[:] = before


@pytest.fixture(scope="session")
def pocketbase_models() -> Sequence[type[Collection]]:
    """The models whose collections the server gets."""
    return MODELS


@pytest.fixture(scope="session")
def server(pocketbase_server: PocketBaseServer) -> PocketBaseServer:
    """The server of this session."""
    return pocketbase_server


@pytest.fixture(scope="session")
def superuser(pocketbase_superuser: PocketBase) -> PocketBase:
    """One superuser's client for the whole session."""
    return pocketbase_superuser


@pytest.fixture
def blog(pb: PocketBase) -> PocketBase:
    """The models of `tests.blog` connected to empty collections, as superuser."""
    return pb


@pytest.fixture
def guest(server: PocketBaseServer) -> Iterator[PocketBase]:
    """A client that nobody is signed in with."""
    with PocketBase(server.url) as client:
        yield client


@pytest.fixture
async def aio(blog: PocketBase) -> AsyncIterator[AsyncPocketBase]:
    """The async twin of `blog`, whose connections end with the test's event loop."""
    async with blog.aio as client:
        yield client
