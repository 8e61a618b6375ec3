"""`bulk_create`, `bulk_update`, `bulk_delete`, and `update` and `delete` of query sets."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

from pbmodels.client import ClientResponseError
from pbmodels.models._ahead import AsyncAhead
from pbmodels.models._async.values import AsyncValues
from pbmodels.models._async.walk import walk
from pbmodels.models._bulk import Bulk, Progress
from pbmodels.models._bulk_writes import Write, changing, creating, deleting, removing, updating, values_body
from pbmodels.models._context import async_client
from pbmodels.models._cursor import MAX_BATCH
from pbmodels.models._errors import BulkFailed
from pbmodels.models._loading import loader_of
from pbmodels.models._paths import expression
from pbmodels.models._query import Query
from pbmodels.models._refs import Ref
from pbmodels.models._values import ID, as_tuples
from pbmodels.models._writing import is_in_doubt, settle_doubt

if TYPE_CHECKING:
    from pbmodels.models._collection import Collection

M = TypeVar("M", bound="Collection")


async def create(model: type[M], records: Iterable[M], batch_size: int | None, progress: Progress | None) -> list[M]:
    """Create new records, by batches."""
    found = list(records)
    writes, ordered = creating(model, found, await _resolved(model, found))
    bulk = Bulk(
        "bulk_create", model, async_client(model), writes, batch_size=batch_size, progress=progress, ordered=ordered
    )
    await run(bulk)
    return found


async def _resolved(model: type[M], records: Iterable[M]) -> set[object]:
    """Those of the records that an earlier create made, whose answer was lost."""
    in_doubt = [record for record in records if isinstance(record, model) and is_in_doubt(record)]
    if not in_doubt:
        return set()
    loader = loader_of(model)
    query: Query[M] = Query(model).where(expression(model, ID).in_([record.id for record in in_doubt]))
    made: dict[str, M] = {}
    async for page in walk(query, MAX_BATCH, lambda body: loader.page(body).items, attrgetter("id")):
        made.update({record.id: record for record in page})
    for record in in_doubt:
        settle_doubt(record, made.get(record.id))
    return set(made.values())


async def update(
    model: type[M],
    records: Iterable[M],
    only: Iterable[object] | None,
    batch_size: int | None,
    progress: Progress | None,
) -> int:
    """Save the changes of records, by batches."""
    writes = updating(model, list(records), only)
    return await run(Bulk("bulk_update", model, async_client(model), writes, batch_size=batch_size, progress=progress))


async def delete(
    model: type[M], records: Iterable[M | Ref[M] | str], batch_size: int | None, progress: Progress | None
) -> int:
    """Delete records, by batches."""
    writes = deleting(model, list(records))
    return await run(Bulk("bulk_delete", model, async_client(model), writes, batch_size=batch_size, progress=progress))


async def update_all(query: Query[Any], values: dict[str, Any], progress: Progress | None) -> int:
    """Give the same values to all records of a query set."""
    body = values_body(query._model, values)
    return await _write_all(query, "update()", changing(query._model, await _ids(query), body), None, progress)


async def delete_all(query: Query[Any], batch_size: int | None, progress: Progress | None) -> int:
    """Delete all records of a query set."""
    return await _write_all(query, "delete()", removing(query._model, await _ids(query)), batch_size, progress)


async def _write_all(
    query: Query[Any], verb: str, writes: list[Write], batch_size: int | None, progress: Progress | None
) -> int:
    client = async_client(query._model, query._carried)
    return await run(Bulk(verb, query._model, client, writes, batch_size=batch_size, progress=progress, skip_gone=True))


async def _ids(query: Query[Any]) -> list[str]:
    """All are read before any is written, as a write may take a record out of the query set."""
    if query._known is not None:
        return [record.id for record in query._known]
    plain = query._valued((ID,), all_fields=False)
    return await AsyncValues[str](plain, (ID,), as_tuples(query._model, (ID,), True)).all()


async def run(bulk: Bulk) -> int:
    """Send it all; the answer to one request is taken over while the server is at the next.

    Returns:
        How many records were written.

    Raises:
        BulkFailed: A request failed; those that were under way have been waited for.
    """
    client = bulk.client
    failure: Exception | None = None
    under_way: deque[Sequence[Write]] = deque()
    answered: tuple[Sequence[Write], bytes] | None = None
    async with AsyncAhead() as ahead:
        while True:
            while failure is None and len(under_way) < bulk.window and (part := bulk.take()):
                await ahead.start(client, bulk.call(part))
                under_way.append(part)
            try:
                if answered is not None:
                    bulk.land(*answered)
            except Exception as error:
                failure = failure or error
            answered = None
            if not under_way:
                break
            sent = under_way.popleft()
            try:
                body = await ahead.result()
            except ClientResponseError as error:
                try:
                    await _refused(bulk, sent, error)
                except BulkFailed as end:
                    failure = failure or end
                continue
            answered = sent, body
            try:
                bulk.confirm(sent)
            except Exception as error:
                failure = failure or error
    if failure is not None:
        raise bulk.summed_up(failure) if isinstance(failure, BulkFailed) else failure
    return len(bulk.done)


async def _refused(bulk: Bulk, part: Sequence[Write], error: ClientResponseError) -> None:
    index = bulk.refused(part, error)
    if index is not None:
        ids = [write.record_id for write in part]
        query: Query[Any] = Query(bulk.model).where(expression(bulk.model, ID).in_(ids))
        bulk.without(part, index, set(await _ids(query)))
