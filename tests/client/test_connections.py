"""What takes the next request: a connection that is there, and a new one only where all are busy."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpcore
import pytest

from pbmodels import PocketBaseServer
from pbmodels.client._connections import AsyncConnections, Connections

MANY = 20


class Maker(httpcore.ConnectionPool):
    """Counts the connections that it makes."""

    made = 0

    def create_connection(self, origin: httpcore.Origin) -> httpcore.ConnectionInterface:
        self.made += 1
        return super().create_connection(origin)


class AsyncMaker(httpcore.AsyncConnectionPool):
    """Counts the connections that it makes."""

    made = 0

    def create_connection(self, origin: httpcore.Origin) -> httpcore.AsyncConnectionInterface:
        self.made += 1
        return super().create_connection(origin)


@pytest.fixture
def health(server: PocketBaseServer) -> httpcore.Request:
    """A request; it does not wait for a connection for longer than a moment."""
    return httpcore.Request(
        "GET", f"{server.url}/api/health", headers={"Host": "localhost"}, extensions={"timeout": {"pool": 0.05}}
    )


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(MANY) as pool:
        yield pool


def get(connections: Connections, request: httpcore.Request) -> int:
    response = connections.handle_request(request)
    response.read()
    response.close()
    return response.status


async def aget(connections: AsyncConnections, request: httpcore.Request) -> int:
    response = await connections.handle_async_request(request)
    await response.aread()
    await response.aclose()
    return response.status


def test_threads_side_by_side_keep_their_connections(health: httpcore.Request, threads: ThreadPoolExecutor) -> None:
    maker, all_have_one = Maker(), threading.Barrier(MANY)
    connections = Connections(maker, MANY)

    def hold(_: int) -> int:
        response = connections.handle_request(health)
        all_have_one.wait(30)
        response.close()  # unread: such a connection cannot be used again
        return get(connections, health)

    assert list(threads.map(hold, range(MANY))) == [200] * MANY
    made = maker.made
    for _ in range(3 * MANY):
        assert get(connections, health) == 200
    connections.close()

    assert MANY < made <= 2 * MANY
    assert maker.made == made


async def test_tasks_side_by_side_keep_their_connections(health: httpcore.Request) -> None:
    maker = AsyncMaker()
    connections = AsyncConnections(maker, MANY)

    for _ in range(3):
        assert await asyncio.gather(*[aget(connections, health) for _ in range(MANY)]) == [200] * MANY
    await connections.aclose()

    assert maker.made == MANY


def test_the_most_connections_for_threads(health: httpcore.Request) -> None:
    maker = Maker()
    connections = Connections(maker, 1)
    first = connections.handle_request(health)

    with pytest.raises(httpcore.PoolTimeout):
        connections.handle_request(health)
    first.read()
    first.close()

    assert get(connections, health) == 200
    connections.close()
    assert maker.made == 1


async def test_the_most_connections_for_tasks(health: httpcore.Request) -> None:
    maker = AsyncMaker()
    connections = AsyncConnections(maker, 1)
    first = await connections.handle_async_request(health)

    with pytest.raises(httpcore.PoolTimeout):
        await connections.handle_async_request(health)
    await first.aread()
    await first.aclose()

    assert await aget(connections, health) == 200
    await connections.aclose()
    assert maker.made == 1


@pytest.mark.parametrize("expiry", [0.0, 60.0])
async def test_connections_out_of_use_are_closed(health: httpcore.Request, expiry: float) -> None:
    maker, async_maker = Maker(keepalive_expiry=expiry), AsyncMaker(keepalive_expiry=expiry)
    connections, async_connections = Connections(maker, 2), AsyncConnections(async_maker, 2)
    for _ in range(3):
        assert get(connections, health) == 200
        assert await aget(async_connections, health) == 200
    connections.close()
    await async_connections.aclose()

    assert maker.made == async_maker.made == (1 if expiry else 3)


async def test_what_fails_gives_its_turn_back(server: PocketBaseServer, health: httpcore.Request) -> None:
    nowhere = httpcore.Request("GET", "http://127.0.0.1:1/", headers={"Host": "localhost"})
    connections: Any = Connections(Maker(), 1)
    async_connections = AsyncConnections(AsyncMaker(), 1)
    for _ in range(2):
        with pytest.raises(httpcore.ConnectError):
            connections.handle_request(nowhere)
        with pytest.raises(httpcore.ConnectError):
            await async_connections.handle_async_request(nowhere)
        task = asyncio.ensure_future(async_connections.handle_async_request(health))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert get(connections, health) == 200
    assert await aget(async_connections, health) == 200
    connections.close()
    await async_connections.aclose()
