"""HTTP/2, where the client is told to offer it: through a proxy behind TLS to the real server."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pbmodels import AsyncPocketBase, InvalidRequest, NotFound, PocketBase, ValidationFailed
from pbmodels.client import _transport
from tests.client.flavours import done, new_client
from tests.client.http2_proxy import Http2Proxy, http2_proxy


@pytest.fixture
def proxy(blog: PocketBase) -> Iterator[Http2Proxy]:
    with http2_proxy(blog.url) as proxy:
        yield proxy


@pytest.fixture
async def client(flavour: str, proxy: Http2Proxy, blog: PocketBase) -> AsyncIterator[Any]:
    """A superuser's client that offers HTTP/2."""
    async with new_client(flavour, proxy.url, verify=proxy.trust, http2=True) as pb:
        pb.auth_store.save(blog.auth_store.token, blog.auth_store.record)
        yield pb


async def test_records_files_and_errors(client: Any, proxy: Http2Proxy) -> None:
    posts = client.collection("posts")

    made = await done(posts.create({"title": "ä", "views": 1, "cover": ("a.bin", bytes(300_000))}))
    assert (await done(posts.update(made.id, {"views+": 2}))).views == 3
    assert len(await done(client.files.read(made, made.cover))) == 300_000
    with pytest.raises(ValidationFailed, match="title: Must be no more than 200"):
        await done(posts.update(made.id, {"title": "x" * 201}))
    await done(posts.delete(made.id))
    with pytest.raises(NotFound):
        await done(posts.get_one(made.id))

    assert set(proxy.protocols) == {"h2"}
    assert proxy.requests[0] == "POST /api/collections/posts/records"
    assert len(proxy.requests) == 6


async def test_requests_side_by_side_share_a_connection(client: Any, proxy: Http2Proxy) -> None:
    made = await done(client.collection("posts").create({"title": "one"}))

    if isinstance(client, AsyncPocketBase):
        found = await asyncio.gather(*[client.collection("posts").get_one(made.id) for _ in range(20)])
    else:
        with ThreadPoolExecutor(20) as threads:
            found = list(threads.map(client.collection("posts").get_one, [made.id] * 20))

    assert [each.title for each in found] == ["one"] * 20
    assert proxy.protocols == ["h2"]
    assert len(proxy.requests) == 21


async def test_it_is_not_offered_by_default(flavour: str, proxy: Http2Proxy) -> None:
    async with new_client(flavour, proxy.url, verify=proxy.trust) as pb:
        await done(pb.send("/x"))

    assert "h2" not in proxy.protocols


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(_transport, "find_spec", lambda name: None if name == "h2" else find(name))

    with pytest.raises(InvalidRequest, match=r"needs the package h2; install it with: pip install 'pbmodels\[http2\]'"):
        PocketBase("https://127.0.0.1:1", http2=True)
