# Generated from pbmodels/models/_async/values.py by .ci/unasync.py: edit that file and run `make generate`.
"""`values()` and `values_list()`: what a query finds, as plain values."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from operator import itemgetter
from typing import Any, Generic, TypeVar

from pbmodels.models._cursor import MAX_BATCH
from pbmodels.models._query import Query
from pbmodels.models._sync.walk import evenly, walk
from pbmodels.models._values import ID, Row, reader_of

R = TypeVar("R")

_id: Callable[[Row], str] = itemgetter(ID)


class Values(Generic[R]):
    """The values of some fields, row by row; the server is asked when it is iterated over.

    It walks through the records as the query set does: by key, in constant memory, the next page under way.

    Example:
        >>> for title, views in Post.where().values_list(Post.title, Post.views):
        ...     print(title, views)
    """

    def __init__(self, query: Query[Any], names: tuple[str, ...], shape: Callable[[list[Row]], list[R]]) -> None:
        self._query = query
        self._names = names
        self._shape = shape

    def __iter__(self) -> Iterator[R]:
        with closing(self._pages()) as pages:
            for page in pages:
                for row in page:
                    yield row

    def in_batches(self, size: int = MAX_BATCH) -> Generator[list[R]]:
        """The rows in lists of `size`, the last of which may be shorter.

        Args:
            size: Rows in a list, and about as many in a request: 1 to 1000.
        """
        with closing(evenly(self._pages(size), size)) as batches:
            for batch in batches:
                yield batch

    def _pages(self, size: int = MAX_BATCH) -> Generator[list[R]]:
        reader = reader_of(self._query._model, self._names)
        with closing(walk(self._query, size, reader.rows, _id)) as pages:
            for page in pages:
                yield self._shape(page)

    def all(self) -> list[R]:
        """All rows, as a list.

        Raises:
            ClientResponseError: The server refused, or was not reached.
            UnreadableRecord: A value does not fit its declared type.
        """
        found: list[R] = []
        for page in self._pages():
            found += page
        return found

    def first(self) -> R | None:
        """The first row, None when there is none."""
        found = Values(self._query.limit(1), self._names, self._shape).all()
        return found[0] if found else None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {', '.join(self._names)} of {self._query!r}>"
