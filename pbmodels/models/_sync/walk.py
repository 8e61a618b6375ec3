# Generated from pbmodels/models/_async/walk.py by .ci/unasync.py: edit that file and run `make generate`.
"""Walking through all records of a query, the next pages under way while the current one is used."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Generator
from contextlib import closing
from typing import Any, TypeVar

from pbmodels.models._ahead import Ahead
from pbmodels.models._context import sync_client
from pbmodels.models._cursor import Fetch
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
    remaining: float = math.inf if query._limit is None else query._limit
    for cursor in query._cursors(size):
        if remaining <= 0:
            return
        under_way: deque[Fetch] = deque()
        fetch = cursor.next()
        body = client.execute(fetch.call)
        with Ahead() as ahead:
            while True:
                for following in cursor.ahead(fetch, body, remaining, under_way[0] if under_way else None):
                    ahead.start(client, following.call)
                    under_way.append(following)
                items = cursor.take(fetch, body, read(body), id_of)
                if items := items[: int(min(remaining, cursor.size))]:
                    remaining -= len(items)
                    yield items
                if cursor.finished or remaining <= 0:
                    break
                if cursor.astray or not under_way:
                    ahead.clear()
                    under_way.clear()
                    fetch = cursor.next()
                    body = client.execute(fetch.call)
                else:
                    fetch = under_way.popleft()
                    body = ahead.result()


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
