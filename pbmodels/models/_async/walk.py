"""Walking through all records of a query, the next pages under way while the current one is used."""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, aclosing
from typing import Any, TypeVar

from pydantic_core import from_json

from pbmodels.client import AsyncPocketBase
from pbmodels.models._ahead import AsyncAhead
from pbmodels.models._context import async_client
from pbmodels.models._cursor import Cursor, Fetch
from pbmodels.models._query import Query

T = TypeVar("T")


async def walk(
    query: Query[Any], size: int, read: Callable[[bytes], list[T]], id_of: Callable[[T], str]
) -> AsyncGenerator[list[T]]:
    """What a query finds, page by page.

    Args:
        query: The query.
        size: Records on a page.
        read: Makes the records of an answer.
        id_of: The id of a record that `read` made.
    """
    query._note()
    client = async_client(query._model, query._carried)
    most: float = math.inf if query._limit is None else query._limit
    cursors = query._cursors(size)
    if most <= 0:
        return
    if len(cursors) > 1 and query._sorted:
        walks = [_placed(client, cursor, query._offset + most, read, id_of) for cursor in cursors]
        async with aclosing(_merged(walks, size)) as pages:
            left_out = query._offset
            async for page in pages:
                items = page[left_out:]
                left_out = max(0, left_out - len(page))
                if items := items[: int(min(most, len(items)))]:
                    most -= len(items)
                    yield items
                if most <= 0:
                    return
        return
    for cursor in cursors:
        async with aclosing(_through(client, cursor, most, read, id_of)) as pages:
            async for page in pages:
                yield page


async def _through(
    client: AsyncPocketBase,
    cursor: Cursor,
    most: float,
    read: Callable[[bytes], list[T]],
    id_of: Callable[[T], str],
) -> AsyncGenerator[list[T]]:
    """What one walk finds, page by page: `most` records of it."""
    under_way: deque[Fetch] = deque()
    fetch = cursor.next()
    body = await client.execute(fetch.call)
    async with AsyncAhead() as ahead:
        while True:
            for following in cursor.ahead(fetch, body, most, under_way[0] if under_way else None):
                await ahead.start(client, following.call)
                under_way.append(following)
            items = cursor.take(fetch, body, read(body), id_of)
            if items := items[: int(min(most, cursor.size))]:
                most -= len(items)
                yield items
            if cursor.finished or most <= 0:
                break
            if cursor.astray or not under_way:
                await ahead.clear()
                under_way.clear()
                fetch = cursor.next()
                body = await client.execute(fetch.call)
            else:
                fetch = under_way.popleft()
                body = await ahead.result()


async def _placed(
    client: AsyncPocketBase,
    cursor: Cursor,
    most: float,
    read: Callable[[bytes], list[T]],
    id_of: Callable[[T], str],
) -> AsyncGenerator[list[tuple[Any, T]]]:
    """What one walk finds, each record with its place in the order."""
    keyset = cursor.keyset
    assert keyset is not None

    def both(body: bytes) -> list[tuple[Any, T]]:
        return list(zip(map(keyset.place, from_json(body)["items"]), read(body), strict=True))

    async with aclosing(_through(client, cursor, most, both, lambda pair: id_of(pair[1]))) as pages:
        async for page in pages:
            yield page


async def _merged(walks: Sequence[AsyncGenerator[list[tuple[Any, T]]]], size: int) -> AsyncGenerator[list[T]]:
    """What several walks find, in one order; a page of each is held."""
    async with AsyncExitStack() as stack:
        heads: list[tuple[Any, int, int, list[tuple[Any, T]]]] = []
        for number, pages in enumerate(walks):
            await stack.enter_async_context(aclosing(pages))
            if page := await anext(pages, None):
                heads.append((page[0][0], number, 0, page))
        heapq.heapify(heads)
        merged: list[T] = []
        while heads:
            _, number, at, page = heads[0]
            merged.append(page[at][1])
            at += 1
            if at == len(page):
                page, at = await anext(walks[number], None) or [], 0
            if page:
                heapq.heapreplace(heads, (page[at][0], number, at, page))
            else:
                heapq.heappop(heads)
            if len(merged) == size or not heads:
                yield merged
                merged = []


async def evenly(pages: AsyncGenerator[list[T]], size: int) -> AsyncGenerator[list[T]]:
    """Lists of this length and a shorter one at the end, whatever the pages' own lengths."""
    rest: list[T] = []
    async with aclosing(pages):
        async for page in pages:
            rest = rest + page if rest else page
            while len(rest) >= size:
                yield rest[:size]
                rest = rest[size:]
    if rest:
        yield rest
