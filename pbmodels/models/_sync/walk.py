# Generated from pbmodels/models/_async/walk.py by .ci/unasync.py: edit that file and run `make generate`.
"""Walking through all records of a query, the next pages under way while the current one is used."""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, closing
from typing import Any, TypeVar

from pydantic_core import from_json

from pbmodels.client import PocketBase
from pbmodels.models._ahead import Ahead
from pbmodels.models._context import sync_client
from pbmodels.models._cursor import Cursor, Fetch
from pbmodels.models._query import Query

T = TypeVar("T")


def walk(
    query: Query[Any], size: int, read: Callable[[bytes], list[T]], id_of: Callable[[T], str]
) -> Generator[list[T]]:
    """What a query finds, page by page.

    Args:
        query: The query.
        size: Records on a page.
        read: Makes the records of an answer.
        id_of: The id of a record that `read` made.
    """
    query._note()
    client = sync_client(query._model, query._carried)
    most: float = math.inf if query._limit is None else query._limit
    cursors = query._cursors(size)
    if most <= 0:
        return
    if len(cursors) > 1 and query._sorted:
        walks = [_placed(client, cursor, query._offset + most, read, id_of) for cursor in cursors]
        with closing(_merged(walks, size)) as pages:
            left_out = query._offset
            for page in pages:
                items = page[left_out:]
                left_out = max(0, left_out - len(page))
                if items := items[: int(min(most, len(items)))]:
                    most -= len(items)
                    yield items
                if most <= 0:
                    return
        return
    for cursor in cursors:
        with closing(_through(client, cursor, most, read, id_of)) as pages:
            for page in pages:
                yield page


def _through(
    client: PocketBase,
    cursor: Cursor,
    most: float,
    read: Callable[[bytes], list[T]],
    id_of: Callable[[T], str],
) -> Generator[list[T]]:
    """What one walk finds, page by page: `most` records of it."""
    under_way: deque[Fetch] = deque()
    fetch = cursor.next()
    body = client.execute(fetch.call)
    with Ahead() as ahead:
        while True:
            for following in cursor.ahead(fetch, body, most, under_way[0] if under_way else None):
                ahead.start(client, following.call)
                under_way.append(following)
            items = cursor.take(fetch, body, read(body), id_of)
            if items := items[: int(min(most, cursor.size))]:
                most -= len(items)
                yield items
            if cursor.finished or most <= 0:
                break
            if cursor.astray or not under_way:
                ahead.clear()
                under_way.clear()
                fetch = cursor.next()
                body = client.execute(fetch.call)
            else:
                fetch = under_way.popleft()
                body = ahead.result()


def _placed(
    client: PocketBase,
    cursor: Cursor,
    most: float,
    read: Callable[[bytes], list[T]],
    id_of: Callable[[T], str],
) -> Generator[list[tuple[Any, T]]]:
    """What one walk finds, each record with its place in the order."""
    keyset = cursor.keyset
    assert keyset is not None

    def both(body: bytes) -> list[tuple[Any, T]]:
        return list(zip(map(keyset.place, from_json(body)["items"]), read(body), strict=True))

    with closing(_through(client, cursor, most, both, lambda pair: id_of(pair[1]))) as pages:
        for page in pages:
            yield page


def _merged(walks: Sequence[Generator[list[tuple[Any, T]]]], size: int) -> Generator[list[T]]:
    """What several walks find, in one order; a page of each is held."""
    with ExitStack() as stack:
        heads: list[tuple[Any, int, int, list[tuple[Any, T]]]] = []
        for number, pages in enumerate(walks):
            stack.enter_context(closing(pages))
            if page := next(pages, None):
                heads.append((page[0][0], number, 0, page))
        heapq.heapify(heads)
        merged: list[T] = []
        while heads:
            _, number, at, page = heads[0]
            merged.append(page[at][1])
            at += 1
            if at == len(page):
                page, at = next(walks[number], None) or [], 0
            if page:
                heapq.heapreplace(heads, (page[at][0], number, at, page))
            else:
                heapq.heappop(heads)
            if len(merged) == size or not heads:
                yield merged
                merged = []


def evenly(pages: Generator[list[T]], size: int) -> Generator[list[T]]:
    """Lists of this length and a shorter one at the end, whatever the pages' own lengths."""
    rest: list[T] = []
    with closing(pages):
        for page in pages:
            rest = rest + page if rest else page
            while len(rest) >= size:
                yield rest[:size]
                rest = rest[size:]
    if rest:
        yield rest
