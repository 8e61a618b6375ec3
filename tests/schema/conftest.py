"""A server of these tests' own, whose collections are those of a new PocketBase when a test begins."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pbmodels import PocketBase, PocketBaseServer, Record, using


@pytest.fixture(scope="session")
def spare_client() -> Iterator[PocketBase]:
    with PocketBaseServer() as server, server.client() as pb:
        yield pb


@pytest.fixture(scope="session")
def first_collections(spare_client: PocketBase) -> list[Record]:
    return [body for body in spare_client.collections.get_full_list() if not body.system]


@pytest.fixture
def spare(spare_client: PocketBase, first_collections: list[Record]) -> Iterator[PocketBase]:
    """A superuser of a server that has PocketBase's own `users`, without records, and nothing else."""
    spare_client.collections.import_collections(first_collections, delete_missing=True)
    spare_client.collections.truncate("users")
    with using(spare_client):
        yield spare_client
