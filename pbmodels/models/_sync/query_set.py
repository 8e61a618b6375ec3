# Generated from pbmodels/models/_async/query_set.py by .ci/unasync.py: edit that file and run `make generate`.
"""Query sets: a `Query` that can be run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic_core import from_json

from pbmodels.client._realtime.catchup import Recover
from pbmodels.client._realtime.inbox import Overflow
from pbmodels.models._context import sync_client
from pbmodels.models._cursor import MAX_BATCH
from pbmodels.models._events import WatchOptions, watch_topic
from pbmodels.models._loading import Page, loader_of
from pbmodels.models._query import Query
from pbmodels.models._sync.walk import walk
from pbmodels.models._sync.watch import Watch

if TYPE_CHECKING:
    from pbmodels.models._collection import Collection

M = TypeVar("M", bound="Collection")

_id: Callable[[Any], str] = attrgetter("id")


class QuerySet(Query[M]):
    """A query that asks the server when it is iterated over, or when a verb such as `all` or `count` is called.

    Iteration pages by key, so that records which others create or delete meanwhile are neither skipped nor
    repeated; in orders that cannot be a key, such as through a relation, it pages by number. The next page is
    fetched while the current one is used.

    Example:
        >>> for post in Post.where(Post.views > 10):
        ...     print(post.title)
    """

    def __iter__(self) -> Iterator[M]:
        for batch in self.in_batches():
            for record in batch:
                yield record

    def in_batches(self, size: int = MAX_BATCH) -> Iterator[list[M]]:
        """The records in lists of up to `size`, one request each.

        Args:
            size: Records per request, 1 to 1000.
        """
        if self._known is not None:
            for start in range(0, len(self._known), size):
                yield list(self._known[start : start + size])
            return
        loader = loader_of(self._model, self._expand)
        for batch in walk(self, size, lambda body: loader.page(body).items, _id):
            yield batch

    def all(self) -> list[M]:
        """All records, as a list.

        Raises:
            ClientResponseError: The server refused, or was not reached.
            UnreadableRecord: A record does not fit its declared types.

        Example:
            >>> posts = Post.where(Post.status == True).all()
        """
        found: list[M] = []
        for batch in self.in_batches():
            found += batch
        return found

    def first(self) -> M | None:
        """The first record, None when there is none."""
        found = self.limit(1).all()
        return found[0] if found else None

    def last(self) -> M | None:
        """The last record, None when there is none.

        Raises:
            FilterError: The query is a slice or limited.
        """
        return self._reversed().first()

    def one(self) -> M:
        """The only record.

        Raises:
            RecordNotFound: There is none; as the model's own `NotFound`.
            MultipleRecordsFound: There is more than one.
        """
        found = self.one_or_none()
        if found is None:
            raise self._none_found()
        return found

    def one_or_none(self) -> M | None:
        """The only record, None when there is none.

        Raises:
            MultipleRecordsFound: There is more than one.
        """
        return self._only_one(self.limit(2).all())

    def page(self, number: int = 1, size: int = 30) -> Page[M]:
        """One page, with the totals.

        Args:
            number: Which page, from 1; one past the end is empty.
            size: Records on a page, 1 to 1000.

        Example:
            >>> page = Post.where(Post.views > 3).order_by(-Post.created).page(1, 20)
            >>> page.total_items
            0
        """
        part = self._one_part("page()")
        call = self._page_call(part, number, size, totals=True)
        body = sync_client(self._model).execute(call)
        return loader_of(self._model, self._expand).page(body)

    def count(self) -> int:
        """How many records match; limits and slices count too."""
        if self._known is not None:
            return len(self._known)
        total = 0
        for part in self._unordered()._parts():
            call = self._page_call(part, 1, 1, totals=True, fields="id")
            total += self._total(call)
        total = max(0, total - self._offset)
        return total if self._limit is None else min(total, self._limit)

    def exists(self) -> bool:
        """Whether any record matches."""
        if self._offset or self._limit == 0 or self._known is not None:
            return self.count() > 0
        client = sync_client(self._model)
        for part in self._unordered()._parts():
            body = client.execute(self._page_call(part, 1, 1, totals=False, fields="id"))
            if from_json(body)["items"]:
                return True
        return False

    def watch(
        self,
        *,
        id: str | None = None,
        expand: Sequence[Any] = (),
        fields: Sequence[Any] = (),
        timeout: float | None = None,
        recover: Recover = "changes",
        buffer: int = 1000,
        overflow: Overflow = "wait",
    ) -> Watch[M]:
        """Changes of the records that match, as they happen; see the model's `watch`."""
        options = WatchOptions(timeout, recover, buffer, overflow)
        return Watch(self._model, watch_topic(self, id, expand, fields), options)

    def _unordered(self) -> Query[Any]:
        return self._with(_order=(), _offset=0)

    def _total(self, call: Any) -> int:
        return int(from_json(sync_client(self._model).execute(call))["totalItems"])
