"""One real PocketBase per test session; every test that uses `blog` starts with empty collections."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from pbmodels import AsyncPocketBase, PocketBase, PocketBaseServer, connect
from pbmodels.schema import push
from tests.blog import MODELS


@pytest.fixture(scope="session")
def server() -> Iterator[PocketBaseServer]:
    """The server of this session, with the collections of `tests.blog`."""
    with PocketBaseServer() as running:
        with running.client() as pb:
            push(pb, *MODELS)
        yield running


@pytest.fixture(scope="session")
def superuser(server: PocketBaseServer) -> Iterator[PocketBase]:
    """One superuser's client for the whole session: signing in is slow on purpose."""
    with server.client() as pb:
        yield pb


@pytest.fixture
def pb(server: PocketBaseServer, superuser: PocketBase) -> Iterator[PocketBase]:
    """A client of this test's own, signed in as superuser."""
    with PocketBase(server.url) as client:
        client.auth_store.save(superuser.auth_store.token, superuser.auth_store.record)
        yield client


@pytest.fixture
def guest(server: PocketBaseServer) -> Iterator[PocketBase]:
    """A client that nobody is signed in with."""
    with PocketBase(server.url) as client:
        yield client


@pytest.fixture
def blog(pb: PocketBase) -> PocketBase:
    """The models of `tests.blog` connected to empty collections, as superuser."""
    for model in reversed(MODELS):
        pb.send(f"/api/collections/{model.__collection__}/truncate", method="DELETE")
    return connect(pb)


@pytest.fixture
async def aio(blog: PocketBase) -> AsyncIterator[AsyncPocketBase]:
    """The async twin of `blog`, whose connections end with the test's event loop."""
    async with blog.aio as client:
        yield client
