"""Several writes as one transaction: `pb.batch()`."""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from pbmodels.client._batch import (
    AsyncBatchWrite,
    BatchCollection,
    BatchRecord,
    BatchRequest,
    BatchResult,
    batch_call,
    batch_failed,
    batch_results,
    keep_auth,
    refuse_others,
)
from pbmodels.client._errors import BadRequest
from pbmodels.client._request import Headers, Query

if TYPE_CHECKING:
    from pbmodels.client._async.base import AsyncBaseClient


class AsyncBatch:
    """Creates, updates, upserts and deletes that take effect together, or not at all.

    `send()` sends what is queued; as a context manager it does so at the end of the block, and sends nothing
    when the block ends with an exception. The server must allow batches (settings.batch).

    Attributes:
        results: What the last `send` gave.

    Example:
        >>> async with pb.batch() as batch:
        ...     batch.collection("posts").create({"title": "One"})
        ...     batch.collection("posts").create({"title": "Two"})
        >>> [result.body.title for result in batch.results]
        ['One', 'Two']

    Source: PocketBase documentation, "Web APIs reference: API Records, Batch create/update/upsert/delete records".
    """

    def __init__(self, client: AsyncBaseClient) -> None:
        self._client = client
        self._entries: list[BatchRequest | AsyncBatchWrite] = []
        self.results: list[BatchResult] = []

    def __len__(self) -> int:
        """How many writes are queued."""
        return len(self._entries)

    def __bool__(self) -> bool:
        return True

    def collection(self, name: str) -> BatchCollection:
        """The collection to write to, by its name or id; its methods queue requests.

        Raises:
            InvalidRequest: The name cannot be a collection's.
        """
        return BatchCollection(self._entries, name)

    def save(self, record: BatchRecord, *, only: Iterable[object] | None = None) -> None:
        """Save a model's record with the batch: it holds what the server keeps once the batch took effect.

        When the batch is sent, the record's changes are checked and its hooks run; new records that it relates to
        are created before it. If the batch fails, no record has changed.

        Args:
            record: The record; one without changes sends nothing.
            only: Fields to save, such as `[Post.title]`; all by default.

        Example:
            >>> ann = User(email="ann@example.com", password="12345678")
            >>> post = Post(title="Hello", author=ann)
            >>> async with pb.batch() as batch:
            ...     batch.save(post)
            >>> ann.is_new, post.is_new
            (False, False)
        """
        refuse_others("save", record)
        self._entries.append(record.__batch_save__(self, only))

    def delete(self, record: BatchRecord) -> None:
        """Delete a model's record with the batch.

        Example:
            >>> post = Post(title="Hello").save()
            >>> async with pb.batch() as batch:
            ...     batch.delete(post)
        """
        refuse_others("delete", record)
        self._entries.append(record.__batch_delete__(self))

    async def send(
        self, *, query: Query | None = None, headers: Headers | None = None, timeout: float | None = None
    ) -> list[BatchResult]:
        """Send all that is queued, as one request and one transaction.

        After it succeeded the batch is empty, and can be filled anew. After a failure it still holds
        them: `send` again repeats them. An empty batch is not sent.

        Args:
            query: More query parameters.
            headers: More headers.
            timeout: Seconds to wait, instead of the client's own.

        Returns:
            What each request gave, in their order.

        Raises:
            BatchFailed: A request was refused, so none took effect; `index`, `method`, `path`, `field_errors` and
                `reason` say which and why. Or the batch has too many requests, or took too long.
            Forbidden: The server does not allow batches; the message says how to turn them on.

        Example:
            >>> batch = pb.batch()
            >>> batch.collection("posts").create({"id": "abcdefghijklmno", "title": "Hello"})
            >>> batch.collection("posts").update("abcdefghijklmno", {"title": "Hello again"})
            >>> batch.collection("posts").delete("abcdefghijklmno")
            >>> [result.status for result in await batch.send()]
            [200, 200, 204]
        """
        entries = tuple(self._entries)
        self.results = []
        requests: list[BatchRequest] = []
        writes: list[tuple[AsyncBatchWrite, slice]] = []
        planned: set[Any] = set()
        for entry in entries:
            if isinstance(entry, BatchRequest):
                requests.append(entry)
            else:
                start = len(requests)
                requests += await entry.requests(planned)
                writes.append((entry, slice(start, len(requests))))
        if not requests:
            del self._entries[: len(entries)]
            return self.results
        call = batch_call(requests, query=query, headers=headers, timeout=timeout)
        try:
            content = await self._client.execute(call)
            results = batch_results(call, content)
        except BadRequest as refused:
            failure = batch_failed(refused, requests, self._client.url)
        except BaseException as error:
            for write, _ in writes:
                write.ended(error)
            raise
        else:
            del self._entries[: len(entries)]
            self.results = results
            keep_auth(self._client.auth_store, requests, self.results)
            failures: list[Exception] = []
            for write, part in writes:
                try:
                    await write.settle(self.results[part])
                except Exception as error:  # all took effect, so all shall know
                    failures.append(error)
            if failures:
                raise failures[0]
            return self.results
        raise failure from None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            await self.send()
        else:
            self._entries.clear()
