"""A client of another library that behaves alike: httpx2, passed in as `http_client`, sync and async."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from pbmodels import ClientResponseError, ConnectionFailed, NotFound, PocketBase, PocketBaseServer, RequestTimeout
from tests.client.flavours import done, new_client
from tests.client.odd_server import OddServer, answer, nothing_listens

CLIENTS = {"sync": httpx2.Client, "async": httpx2.AsyncClient}


@pytest.fixture
async def http(flavour: str) -> AsyncIterator[Any]:
    """A client of httpx2, of either flavour."""
    client: Any = CLIENTS[flavour]()
    yield client
    await done(client.aclose() if flavour == "async" else client.close())


async def test_records_files_and_errors(flavour: str, http: Any, server: PocketBaseServer, blog: PocketBase) -> None:
    async with new_client(flavour, server.url, http_client=http) as pb:
        pb.auth_store.save(blog.auth_store.token)
        posts = pb.collection("posts")
        made = await done(posts.create({"title": "ä", "gallery": [b"a", b"b"]}))
        assert (await done(posts.update(made.id, {"views+": 2}))).views == 2
        assert [found.title for found in await done(posts.get_full_list(filter="views = 2"))] == ["ä"]
        assert await done(pb.files.read(made, made.gallery[1])) == b"b"
        await done(posts.delete(made.id))
        with pytest.raises(NotFound):
            await done(posts.get_one(made.id))

    assert not http.is_closed


async def test_failures(flavour: str, http: Any) -> None:
    with nothing_listens() as url:
        async with new_client(flavour, url, http_client=http) as pb:
            with pytest.raises(ConnectionFailed, match="GET /api/health"):
                await done(pb.health.check())
    with OddServer(lambda connection: connection.recv(1)) as odd:
        async with new_client(flavour, odd.url, http_client=http, timeout=0.2) as pb:
            with pytest.raises(RequestTimeout, match="GET /api/health"):
                await done(pb.health.check())


async def test_reads_are_repeated_and_redirects_are_not_followed(flavour: str, http: Any) -> None:
    fine = answer(200, b'{"code": 200, "message": "fine"}')
    with OddServer(answer(502), fine) as odd:
        async with new_client(flavour, odd.url, http_client=http, retries=1) as pb:
            assert (await done(pb.health.check())).message == "fine"
    assert len(odd.requests) == 2

    with OddServer(fine) as other, OddServer(answer(302, location=other.url)) as odd:
        async with new_client(flavour, odd.url, http_client=http) as pb:
            with pytest.raises(ClientResponseError, match="redirects to"):
                await done(pb.health.check())
    assert other.requests == []
