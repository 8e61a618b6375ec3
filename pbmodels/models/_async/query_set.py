"""Query sets: a `Query` that can be run."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar, cast, overload

from pbmodels._errors import FilterError
from pbmodels.client._decode import decode_page, decode_total
from pbmodels.client._realtime.inbox import Overflow
from pbmodels.client._realtime.plan import Recover
from pbmodels.models._async import bulk
from pbmodels.models._async.live import AsyncLive
from pbmodels.models._async.prefetch import prefetch
from pbmodels.models._async.values import AsyncValues
from pbmodels.models._async.walk import evenly, walk
from pbmodels.models._async.watch import AsyncWatch
from pbmodels.models._bulk import Progress
from pbmodels.models._context import Carried, async_client
from pbmodels.models._cursor import MAX_BATCH
from pbmodels.models._events import WatchOptions, watch_topic
from pbmodels.models._frames import FrameMaker, arrow_maker, pandas_maker, polars_maker
from pbmodels.models._loading import Page, loader_of
from pbmodels.models._query import Query, check_batch
from pbmodels.models._values import as_dicts, as_tuples, value_names
from pbmodels.query import Expr

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

    from pbmodels.models._collection import Collection

M = TypeVar("M", bound="Collection")
V = TypeVar("V")
W = TypeVar("W")
X = TypeVar("X")

_id: Callable[[Any], str] = attrgetter("id")


class AsyncQuerySet(Query[M]):
    """A query that asks the server when it is iterated over, or when a verb such as `all` or `count` is called.

    Iteration pages by key, so that records which others create or delete meanwhile are neither skipped nor
    repeated; in orders that cannot be a key, such as through a relation, it pages by number. The next page is
    fetched while the current one is used. Where a long list of values takes several requests, and no order or limit is
    asked for, their records come one request after the other.

    Example:
        >>> async for post in Post.aio.where(Post.views > 10):
        ...     print(post.title)
    """

    async def __aiter__(self) -> AsyncIterator[M]:
        async with aclosing(self._pages()) as pages:
            async for page in pages:
                for record in page:
                    yield record

    async def in_batches(self, size: int = MAX_BATCH) -> AsyncGenerator[list[M]]:
        """The records in lists of `size`, the last of which may be shorter.

        Args:
            size: Records in a list, and about as many in a request: 1 to 1000.
        """
        async with aclosing(evenly(self._pages(size), size)) as batches:
            async for batch in batches:
                yield batch

    async def _pages(self, size: int = MAX_BATCH) -> AsyncGenerator[list[M]]:
        if self._known is not None:
            check_batch(size)
            for start in range(0, len(self._known), size):
                yield list(self._known[start : start + size])
            return
        loader = loader_of(self._model, self._expand)
        async with aclosing(walk(self, size, lambda body: loader.page(body).items, _id)) as pages:
            async for page in pages:
                await prefetch(page, self._prefetch, self._carried)
                yield page

    async def all(self) -> list[M]:
        """All records, as a list.

        Raises:
            ClientResponseError: The server refused, or was not reached.
            UnreadableRecord: A record does not fit its declared types.

        Example:
            >>> posts = await Post.aio.where(Post.status == True).all()
        """
        found: list[M] = []
        async for page in self._pages():
            found += page
        return found

    async def first(self) -> M | None:
        """The first record, None when there is none."""
        found = await self.limit(1).all()
        return found[0] if found else None

    async def last(self) -> M | None:
        """The last record, None when there is none.

        Raises:
            FilterError: The query is a slice or limited.
        """
        return await self._reversed().first()

    async def one(self) -> M:
        """The only record.

        Raises:
            RecordNotFound: There is none; as the model's own `NotFound`.
            MultipleRecordsFound: There is more than one.
        """
        found = await self.one_or_none()
        if found is None:
            raise self._none_found()
        return found

    async def one_or_none(self) -> M | None:
        """The only record, None when there is none.

        Raises:
            MultipleRecordsFound: There is more than one.
        """
        return self._only_one(await self.limit(2).all())

    def values(self, *fields: Any) -> AsyncValues[dict[str, Any]]:
        """The values of fields as dicts by the fields' names, without making records: quicker, and lighter.

        Values are of the declared types. A relation is its id, a file its name, None where there is none. A field
        that the server withholds from who is signed in is not in the dict.

        Args:
            fields: Fields of the model's own, such as `Post.title` or `"title"`; all without any.

        Raises:
            FilterError: One of them is no field.

        Example:
            >>> await Post.aio.where().values(Post.id, Post.views).all()
            []
        """
        names = value_names(self._model, fields)
        return AsyncValues(self._valued(names, all_fields=not fields), names, as_dicts(names))

    @overload
    def values_list(self, field: Expr[V], /, *, flat: Literal[True]) -> AsyncValues[V]: ...
    @overload
    def values_list(self, *fields: Any, flat: Literal[True]) -> AsyncValues[Any]: ...
    @overload
    def values_list(self, field: Expr[V], /) -> AsyncValues[tuple[V]]: ...
    @overload
    def values_list(self, first: Expr[V], second: Expr[W], /) -> AsyncValues[tuple[V, W]]: ...
    @overload
    def values_list(self, first: Expr[V], second: Expr[W], third: Expr[X], /) -> AsyncValues[tuple[V, W, X]]: ...
    @overload
    def values_list(self, *fields: Any, flat: Literal[False] = False) -> AsyncValues[tuple[Any, ...]]: ...
    def values_list(self, *fields: Any, flat: bool = False) -> AsyncValues[Any]:
        """The values of fields as tuples in the order of the fields, otherwise as `values`.

        Args:
            fields: Fields of the model's own, such as `Post.title` or `"title"`; all without any.
            flat: With one field: its bare values, instead of tuples of one.

        Raises:
            FilterError: One of them is no field, or `flat` was asked for with more than one.
            FieldNotLoaded: While iterating: the server withholds a field of some record.

        Example:
            >>> await Post.aio.where(Post.views > 3).values_list(Post.title, flat=True).all()
            []
        """
        names = value_names(self._model, fields)
        if flat and len(names) != 1:
            raise FilterError(f"values_list(flat=True) takes one field, and got {len(fields)}")
        query = self._valued(names, all_fields=not fields)
        return AsyncValues(query, names, as_tuples(self._model, names, flat))

    async def to_arrow(self, *fields: Any) -> pyarrow.Table:
        """All records as an Arrow table; the extra `arrow` brings pyarrow along.

        The types of the columns follow the kinds of the fields: dates are timestamps in UTC, lists are lists of
        strings, points are structs, json is its text.

        Args:
            fields: Fields of the model's own, such as `Post.title`; all without any.

        Raises:
            PocketBaseError: pyarrow is not installed.

        Example:
            >>> (await Post.aio.where().to_arrow(Post.title, Post.views)).schema.names
            ['title', 'views']
        """
        return await self._frame(arrow_maker, fields)

    async def to_polars(self, *fields: Any) -> polars.DataFrame:
        """All records as a polars data frame; the extra `polars` brings polars along.

        The types of the columns are those of `to_arrow`.

        Args:
            fields: Fields of the model's own, such as `Post.title`; all without any.

        Raises:
            PocketBaseError: polars is not installed.

        Example:
            >>> (await Post.aio.where().to_polars(Post.title, Post.views)).columns
            ['title', 'views']
        """
        return cast("polars.DataFrame", await self._frame(polars_maker, fields))

    async def to_pandas(self, *fields: Any) -> pandas.DataFrame:
        """All records as a pandas data frame; the extra `pandas` brings pandas along.

        Texts are strings, dates `datetime64[ms, UTC]`, lists and points Python's lists and dicts, json its text.

        Args:
            fields: Fields of the model's own, such as `Post.title`; all without any.

        Raises:
            PocketBaseError: pandas is not installed.

        Example:
            >>> list((await Post.aio.where().to_pandas(Post.title, Post.views)).columns)
            ['title', 'views']
        """
        return await self._frame(pandas_maker, fields)

    async def _frame(self, make: Callable[[type[Any], tuple[str, ...]], FrameMaker], fields: tuple[Any, ...]) -> Any:
        names = value_names(self._model, fields or self._only_names())
        maker = make(self._model, names)
        query = self._valued(names, all_fields=not fields and self._only is None)
        return maker.frame(
            [maker.piece(rows) async for rows in walk(query, MAX_BATCH, maker.reader.rows, itemgetter("id"))]
        )

    async def update(self, progress: Progress | None = None, /, **values: Any) -> int:
        """Give all records the same values, in batches; hooks and validators of the whole model are not run.

        The records are found first, then written; those that someone deletes meanwhile are passed over.

        Args:
            progress: Called as `progress(done, total)` whenever the server has taken more of them.
            values: The fields to set.

        Returns:
            How many records were updated.

        Raises:
            InvalidRecord: A value does not fit its field; nothing was sent.
            BulkFailed: The server refused one, or was not reached; the error knows which were updated.

        Example:
            >>> await Post.aio.where(Post.views > 100).update(status=True)
            0
        """
        return await bulk.update_all(self, values, progress)

    async def delete(self, *, batch_size: int | None = None, progress: Progress | None = None) -> int:
        """Delete all records that match, in batches; hooks are not run.

        The records are found first, then deleted; those that someone else deletes meanwhile are passed over.

        Args:
            batch_size: Records in a batch at most.
            progress: Called as `progress(done, total)`.

        Returns:
            How many records were deleted.

        Raises:
            BulkFailed: The server refused one, or was not reached; the error knows which were deleted.

        Example:
            >>> await Post.aio.where(Post.views > 100).delete()
            0
        """
        return await bulk.delete_all(self, batch_size, progress)

    async def partitions(self, n: int, *, carry_token: bool = False) -> list[Self]:
        """At most `n` query sets that together find the same records, each a range of ids of about the same size.

        They can be pickled, for multiprocessing, Dask or Ray, and have no record in common, whatever is written
        meanwhile. Where they are run, the models need a client: `connect(...)` there, or the variable PBMODELS_URL.

        Args:
            n: How many.
            carry_token: Whether they take the address and the token of this client along. Who can read the pickled
                query set can then act as who is signed in, so keep it from others.

        Raises:
            FilterError: `n` is less than 1, or the query is a slice or limited.

        Example:
            >>> parts = await Post.aio.where(Post.views > 3).partitions(4)
            >>> sum([await part.count() for part in parts])
            0
        """
        if not isinstance(n, int) or n < 1:
            raise FilterError(f"partitions({n!r}): it takes a number of partitions, 1 or more")
        if self._limit is not None or self._offset:
            raise FilterError("partitions() cannot be asked of a slice or a limited query: leave the limit out")
        client = async_client(self._model, self._carried)
        parts = self._parts()
        plain = self._with(_order=(), _expand=(), _prefetch=(), _only=None)
        total = await self.count()
        places = sorted({total * number // n for number in range(1, n)} - {0})
        starts: list[str] = []
        if len(parts) > 1:
            ids = sorted([row["id"] async for row in plain.values("id")])
            starts = [ids[number] for number in places if number < len(ids)]
        else:
            for number in places:
                call = plain._nth_call(parts[0], number)
                starts += [item["id"] for item in decode_page(call, await client.execute(call))["items"]]
        carried = Carried(client.url, client.auth_store.token) if carry_token else self._carried
        return [query._with(_carried=carried) for query in self._between(sorted(set(starts)))]

    async def page(self, number: int = 1, size: int = 30) -> Page[M]:
        """One page, with the totals.

        Args:
            number: Which page, from 1; one past the end is empty.
            size: Records on a page, 1 to 1000.

        Raises:
            FilterError: The query is a slice or limited.

        Example:
            >>> page = await Post.aio.where(Post.views > 3).order_by(-Post.created).page(1, 20)
            >>> page.total_items
            0
        """
        if self._limit is not None or self._offset:
            raise FilterError("page() cannot be asked of a slice or a limited query: leave the limit out")
        self._refuse_random(MAX_BATCH)
        parts = self._parts()
        call = self._page_call(parts[0], number, size, totals=True)
        if self._known is not None:
            total = len(self._known)
            items = list(self._known[(number - 1) * size : number * size])
            return Page(items, number, size, total, -(-total // size))
        if len(parts) > 1:
            items = await self[(number - 1) * size : number * size].all()
            total = await self.count()
            return Page(items, number, size, total, -(-total // size))
        self._note()
        body = await async_client(self._model, self._carried).execute(call)
        page = loader_of(self._model, self._expand).page(body)
        await prefetch(page.items, self._prefetch, self._carried)
        return page

    async def count(self) -> int:
        """How many records match; limits and slices count too."""
        if self._known is not None:
            return len(self._known)
        self._note()
        total = 0
        for part in self._unordered()._parts():
            call = self._page_call(part, 1, 1, totals=True, fields="id")
            total += await self._total(call)
        total = max(0, total - self._offset)
        return total if self._limit is None else min(total, self._limit)

    async def exists(self) -> bool:
        """Whether any record matches."""
        if self._offset or self._limit == 0 or self._known is not None:
            return await self.count() > 0
        self._note()
        client = async_client(self._model, self._carried)
        for part in self._unordered()._parts():
            call = self._page_call(part, 1, 1, totals=False, fields="id")
            if decode_page(call, await client.execute(call))["items"]:
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
    ) -> AsyncWatch[M]:
        """Changes of the records that match, as they happen; see the model's `watch`."""
        options = WatchOptions(timeout, recover, buffer, overflow)
        return AsyncWatch(self._model, watch_topic(self, id, expand, fields), options)

    def live(
        self,
        *,
        timeout: float | None = None,
        buffer: int = 1000,
        overflow: Overflow = "wait",
        check: float | None = None,
    ) -> AsyncLive[M]:
        """The records as a list that keeps in step with the server; a context manager and an iterator of changes.

        A limit keeps the first so many. Orders that only the server knows, such as through a relation, are asked for
        anew with each change.

        Args:
            timeout: Seconds without a change after which iteration ends, never by default.
            buffer: How many events to hold when they come faster than they are used.
            overflow: What happens to more: `"wait"` slows this query's own stream; `"event"` gives a change `overflow`,
                then reads the list anew.
            check: Seconds after which the list is read anew, for what sends no event: a condition through a
                relation whose record changed, a macro such as `now()`, a list rule that begins to hide a record,
                all changes of a view.

        Raises:
            FilterError: The query is a slice that does not begin at its first record, or is too large for one request.
            ModelError: It is of a view, and `check` is not given.

        Example:
            >>> async with Post.aio.where(Post.views > 10).order_by(-Post.views)[:3].live() as top:
            ...     titles = [post.title for post in await top.snapshot()]
        """
        return AsyncLive(self, WatchOptions(timeout, "full", buffer, overflow), check)

    def _unordered(self) -> Query[Any]:
        return self._with(_order=(), _offset=0)

    async def _total(self, call: Any) -> int:
        return decode_total(call, await async_client(self._model, self._carried).execute(call))
