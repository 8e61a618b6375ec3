# Generated from pbmodels/models/_async/saves.py by .ci/unasync.py: edit that file and run `make generate`.
"""Saving and deleting records: their hooks, new related records first, alone or as part of a batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from pbmodels._errors import PocketBaseError
from pbmodels.client import BatchFailed, BatchResult, Forbidden, NotFound
from pbmodels.client._batch import BatchRequest, batch_request
from pbmodels.client._record_calls import after_delete, view_call
from pbmodels.models._context import sync_client
from pbmodels.models._errors import InvalidRecord
from pbmodels.models._hooks import Hooks
from pbmodels.models._loading import loader_of
from pbmodels.models._state import state_of
from pbmodels.models._transactions import allows_no_batches, may_allow_batches
from pbmodels.models._writing import (
    Saving,
    doubt,
    is_in_doubt,
    keep_in_step,
    missing,
    new_related,
    refuse_view,
    saved,
    saving,
    settle_doubt,
)

if TYPE_CHECKING:
    from pbmodels.models._collection import Collection


def save(record: Collection, only: Iterable[object] | None = None) -> None:
    """Create the record, or update what changed; new records that it relates to are created with it."""
    savings = _plan(record, set(), only)
    if len(savings) > 1:
        _save_together(record, savings)
    elif savings:
        modify(savings[0])
        Hooks.run(record.after_save, created=savings[0].created)


def modify(under_way: Saving) -> None:
    """Send what changes a record, and take over the answer; no hooks."""
    record = under_way.record
    client = sync_client(type(record))
    if under_way.adds and _modified_in_transaction(under_way):
        return
    try:
        body = client.execute(under_way.call)
        keep_in_step(record, body, client.auth_store)
        saved(under_way, body)
    except NotFound as error:
        raise missing(type(record), record.id, error) from None
    except BaseException as error:
        doubt(record, error)
        raise


def _modified_in_transaction(under_way: Saving) -> bool:
    """Send what adds to a record, or takes from it, as a batch of its own; False where the server allows none."""
    client = sync_client(type(under_way.record))
    if not may_allow_batches(client.url):
        return False
    batch = client.batch()
    batch._entries.append(_Planned([under_way], hooks=False))
    try:
        batch.send()
    except BatchFailed as error:
        if isinstance(error.reason, (NotFound, Forbidden)):
            return False  # by a rule on `@request.context`, which is "batch" here, it may be another answer alone
        raise (error.reason or error) from None
    except Forbidden:
        allows_no_batches(client.url)
        return False
    return True


def resolve(record: Collection) -> None:
    """Find out whether the create of a record, whose answer was lost, has made it."""
    if not is_in_doubt(record):
        return
    model = type(record)
    try:
        body = sync_client(model).execute(view_call(model.__collection__, record.id))
    except NotFound:
        settle_doubt(record, None)
        return
    settle_doubt(record, loader_of(model).one(body))
    Hooks.run(record.after_save, created=True)


def delete(record: Collection) -> None:
    """Delete the record."""
    model = type(record)
    Hooks.run(record.before_delete)
    client = sync_client(model)
    try:
        client.execute(_deleting(record, set()).call)
    except NotFound as error:
        raise missing(model, record.id, error) from None
    state_of(record).is_deleted = True
    after_delete(client.auth_store, model.__collection__, record.id)
    Hooks.run(record.after_delete)


class BatchSave:
    """A record's save in a batch; new records that it relates to are created before it."""

    def __init__(self, record: Collection, only: Iterable[object] | None) -> None:
        self._record = record
        self._only = only
        self._savings: list[Saving] = []

    def requests(self, planned: set[Any]) -> list[BatchRequest]:
        """What to send; `planned` are the new records that the batch creates before this."""
        self._savings = _plan(self._record, planned, self._only)
        return [_in_batch(under_way) for under_way in self._savings]

    def settle(self, results: Sequence[BatchResult]) -> None:
        """Take over what the server answered."""
        _settle(self._savings, results)

    def ended(self, error: BaseException) -> None:
        """Know that no answer came, and why."""
        _ended(self._savings, error)


class BatchDelete:
    """A record's delete in a batch."""

    def __init__(self, record: Collection) -> None:
        self._record = record

    def requests(self, planned: set[Any]) -> list[BatchRequest]:
        """What to send; `planned` are the new records that the batch creates before this."""
        Hooks.run(self._record.before_delete)
        return [_in_batch(_deleting(self._record, planned))]

    def settle(self, results: Sequence[BatchResult]) -> None:
        """Remember that it is gone."""
        state_of(self._record).is_deleted = True
        Hooks.run(self._record.after_delete)

    def ended(self, error: BaseException) -> None:
        """Nothing is known of a delete without an answer."""


class _Planned:
    """Saves that were planned already, as one part of a batch."""

    def __init__(self, savings: list[Saving], *, hooks: bool = True) -> None:
        self._savings = savings
        self._hooks = hooks

    def requests(self, planned: set[Any]) -> list[BatchRequest]:
        return [_in_batch(under_way) for under_way in self._savings]

    def settle(self, results: Sequence[BatchResult]) -> None:
        _settle(self._savings, results, hooks=self._hooks)

    def ended(self, error: BaseException) -> None:
        _ended(self._savings, error)


def _plan(
    record: Collection, planned: set[Any], only: Iterable[object] | None = None, above: tuple[Collection, ...] = ()
) -> list[Saving]:
    """The saves that save a record: those of new records that it relates to, then its own."""
    if record in planned:
        return []
    resolve(record)
    Hooks.run(record.before_save)
    savings: list[Saving] = []
    only = list(only) if isinstance(only, Iterator) else only
    for spec, related in new_related(record, only):
        if related in above or related is record:
            raise InvalidRecord(
                f"{spec.label} relates to a new {type(related).__name__} that relates back to this "
                f"{type(record).__name__}: save one of them without the relation first, then set it"
            )
        savings += _plan(related, planned, None, (*above, record))
    own = saving(record, only, planned)
    if own is not None:
        savings.append(own)
        if own.created:
            planned.add(record)
    return savings


def _save_together(record: Collection, savings: list[Saving]) -> None:
    """Save several records as one transaction, where the server allows it; else one after the other."""
    client = sync_client(type(record))
    if all(sync_client(type(under_way.record)) is client for under_way in savings):
        batch = client.batch()
        batch._entries.append(_Planned(savings))
        try:
            batch.send()
            return
        except BatchFailed as error:
            reason = error.reason or error
            reason.add_note(f"none of the {len(savings)} records was saved: they are saved together")
            raise reason from None
        except Forbidden:
            pass  # batches are turned off
    done: list[str] = []
    for under_way in savings:
        try:
            modify(under_way)
        except PocketBaseError as error:
            error.add_note(
                f"saved before that, as the server allows no batches: {', '.join(done) or 'nothing'}; "
                "turn on settings.batch to save related records all at once or not at all"
            )
            raise
        Hooks.run(under_way.record.after_save, created=under_way.created)
        done.append(f"{type(under_way.record).__name__} {under_way.record.id!r}")


def _settle(savings: list[Saving], results: Sequence[BatchResult], *, hooks: bool = True) -> None:
    for under_way, result in zip(savings, results, strict=True):
        saved(under_way, to_json(result.body))
    for under_way in savings if hooks else ():
        Hooks.run(under_way.record.after_save, created=under_way.created)


def _ended(savings: list[Saving], error: BaseException) -> None:
    for under_way in savings:
        doubt(under_way.record, error)


def _deleting(record: Collection, planned: set[Any]) -> Saving:
    model = type(record)
    refuse_view(model)
    if record.is_new and record not in planned and not is_in_doubt(record):
        raise InvalidRecord(f"this {model.__name__} was never saved, so there is nothing to delete")
    return Saving(record, None, {}, False)


def _in_batch(under_way: Saving) -> BatchRequest:
    record = under_way.record
    return batch_request(under_way.call, type(record).__collection__, "" if under_way.created else record.id)
