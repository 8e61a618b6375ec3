"""One run of a bulk verb: batches within the server's limits, which refusals teach, and who was written. No I/O.

PocketBase's limits (settings.batch) are known to superusers only, so they are met rather than asked for: a batch of too
many requests is refused before anything of it runs, and the refusal says how many are allowed. A batch that is too
large, or takes the server too long, takes no effect either, and is sent again as two.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakSet

from pydantic_core import from_json, to_json

from pbmodels._errors import FilterError, PocketBaseError
from pbmodels.client import BadRequest, ClientResponseError, Forbidden, NotFound
from pbmodels.client._auth_store import AuthStore
from pbmodels.client._batch import PATH, BatchRequest, batch_call, batch_failed, batch_request
from pbmodels.client._body import Encoded
from pbmodels.client._record import Record
from pbmodels.client._record_calls import after_delete, after_update, records_path
from pbmodels.client._request import Call
from pbmodels.models._bulk_writes import Write
from pbmodels.models._context import AnyClient
from pbmodels.models._errors import BulkFailed
from pbmodels.models._loading import loader_of
from pbmodels.models._state import state_of
from pbmodels.models._writing import doubt, missing, take_over

if TYPE_CHECKING:
    from pbmodels.models._collection import Collection

Progress = Callable[[int, int], object]
"""Told how many records are written, and of how many."""

LARGEST = 1000
"""Requests in a batch at first."""
SIDE_BY_SIDE = 8
"""Single requests under way at once, where the server allows no batches."""

log = logging.getLogger("pbmodels")
_learned: WeakKeyDictionary[AnyClient, int] = WeakKeyDictionary()
_told: WeakSet[AnyClient] = WeakSet()


class Bulk:
    """What is still to be written, and what became of the rest.

    Args:
        verb: The verb, for messages.
        model: The model.
        client: The client that sends.
        writes: What to write, in this order.
        batch_size: Requests in a batch at most, None for as many as the server takes.
        progress: Told after each answer.
        ordered: Whether a record may need those before it.
        skip_gone: Whether records that someone else deleted meanwhile are passed over.
    """

    def __init__(
        self,
        verb: str,
        model: type[Collection],
        client: AnyClient,
        writes: list[Write],
        *,
        batch_size: int | None = None,
        progress: Progress | None = None,
        ordered: bool = False,
        skip_gone: bool = False,
    ) -> None:
        if batch_size is not None and (not isinstance(batch_size, int) or batch_size < 1):
            raise FilterError(f"batch_size={batch_size!r}: it takes a number of records, 1 or more")
        self.model = model
        self.done: list[str] = []
        self.skip_gone = skip_gone
        self._verb = verb
        self._path = records_path(model.__collection__)
        self.client: Any = client
        self._writes = writes
        self._next = 0
        self._size = min(batch_size or LARGEST, _learned.get(client, LARGEST))
        self._until: int | None = None
        self._progress = progress
        self._in_batches = True
        self._ordered = ordered
        self._uncertain: list[str] = []
        self._not_found: NotFound | None = None

    @property
    def window(self) -> int:
        """Requests under way at once at most."""
        return 1 if self._in_batches or self._ordered else SIDE_BY_SIDE

    def take(self) -> list[Write]:
        """What the next request writes, [] at the end."""
        end = self._next + (self._size if self._in_batches else 1)
        if self._until is not None:
            end, self._until = min(end, self._until), None
        part = self._writes[self._next : end]
        self._next += len(part)
        return part

    def call(self, part: Sequence[Write]) -> Call:
        """The request that writes these."""
        if not self._in_batches:
            return part[0].call
        if any((write.ready and write.ready.files) or not write.record_id.isalnum() for write in part):
            return batch_call([self._request(write) for write in part])
        # The bodies have been made plain, and the ids stand in paths as they are.
        return Call("POST", PATH, json=Encoded(to_json({"requests": [self._entry(write) for write in part]})))

    def _entry(self, write: Write) -> dict[str, Any]:
        """A request in a batch, without what makes one of it that could go alone."""
        if (call := write.ready) is not None:
            return {"method": call.method, "url": call.path, "body": call.json}
        assert write.saving is not None
        if write.saving.created:
            return {"method": "POST", "url": self._path, "body": write.saving.body}
        return {"method": "PATCH", "url": f"{self._path}/{write.record_id}", "body": write.saving.body}

    def _request(self, write: Write) -> BatchRequest:
        is_create = write.saving is not None and write.saving.created
        return batch_request(write.call, self.model.__collection__, "" if is_create else write.record_id)

    def confirm(self, part: Sequence[Write]) -> None:
        """Count what was written."""
        self.done += [write.record_id for write in part]
        if self._progress is not None:
            self._progress(len(self.done), len(self._writes))

    def land(self, part: Sequence[Write], body: bytes) -> None:
        """Let the objects know what the server answered.

        Raises:
            UnreadableRecord: An answer does not fit the model.
            SchemaMismatch: The server has no place for a field; all objects have taken over their answers.
        """
        self._keep_auth(part, body)
        if part[0].saving is None:
            for write in part:
                if write.record is not None:
                    state_of(write.record).is_deleted = True
            return
        loader = loader_of(self.model)
        failures: list[PocketBaseError] = []
        for write, fresh in zip(part, loader.batch(body) if self._in_batches else [loader.one(body)], strict=True):
            assert write.saving is not None
            try:
                take_over(write.saving, fresh)
            except PocketBaseError as error:
                failures.append(error)
        if failures:
            raise failures[0]

    def _keep_auth(self, part: Sequence[Write], body: bytes) -> None:
        """Keep who is signed in in step, where it is one of these records."""
        store: AuthStore = self.client.auth_store
        mine = store.record
        index = next((n for n, write in enumerate(part) if mine is not None and write.record_id == mine.id), None)
        if index is None:
            return
        if (call := part[index].ready) is not None and call.method == "DELETE":
            after_delete(store, self.model.__collection__, part[index].record_id)
        else:
            answer: Any = from_json(body)
            after_update(store, Record(answer[index]["body"] if self._in_batches else answer))

    def refused(self, part: Sequence[Write], error: ClientResponseError) -> int | None:
        """What a request that failed means for the rest: other batches of it, or the end.

        Returns:
            The index in `part` of a record that may be gone, when those are passed over: call `without` then. None when
            `part` will be taken anew.

        Raises:
            BulkFailed: It is the end.
        """
        if not self._in_batches:
            if self.skip_gone and isinstance(error, NotFound):
                self._not_found = error
                return 0
            raise self._failed(part, error, 0)
        if isinstance(error, Forbidden):
            self._go_single(part)
            return None
        index = None
        reason: ClientResponseError = error
        if isinstance(error, BadRequest):
            failure = batch_failed(error, [self._request(write) for write in part], self.client.url)
            most = _most(error)
            if most is not None and 0 < most < len(part):
                self._size = _learned[self.client] = most
                self._next -= len(part)
                return None
            index, reason = failure.index, failure.reason or failure
            if index is not None and self.skip_gone and isinstance(reason, NotFound):
                self._not_found = reason
                return index
        too_large = error.status == 413 or (error.status == 400 and index is None)
        if too_large and len(part) > 1:
            self._size = len(part) // 2
            self._next -= len(part)
            return None
        raise self._failed(part, reason, index)

    def without(self, part: Sequence[Write], index: int, present: set[str]) -> None:
        """Pass over what is gone of a part that was refused because of one record.

        A record that is there, and yet was not found, was taken along by the delete of one before it, in a transaction
        that then took no effect; or a rule forbids to write it. So those before it are sent first.

        Raises:
            BulkFailed: There were none before it.
        """
        start = self._next - len(part) if self._in_batches else self._writes.index(part[0])
        kept = [write for write in part if write.record_id in present]
        refused = part[index]
        if refused.record_id in present:
            before = kept.index(refused)
            if before == 0:
                assert self._not_found is not None
                raise self._failed(part, self._not_found, index)
            self._until = start + before
        self._writes[start : start + len(part)] = kept
        self._next = start if self._in_batches else self._next - 1

    def _go_single(self, part: Sequence[Write]) -> None:
        self._in_batches = False
        self._next -= len(part)
        if self.client not in _told:
            _told.add(self.client)
            log.warning(
                "the server at %s allows no batches, so bulk verbs send single requests, %d side by side: slower by "
                "several times, and each takes effect by itself; a superuser can turn on settings.batch",
                self.client.url,
                SIDE_BY_SIDE,
            )

    def _failed(self, part: Sequence[Write], error: ClientResponseError, index: int | None) -> BulkFailed:
        if not 0 < error.status < 500:  # no answer, or one that does not say
            self._uncertain += [write.record_id for write in part]
            for write in part:
                if write.record is not None:
                    doubt(write.record, error)
        record_id = part[index].record_id if index is not None else ""
        reason: Exception = error
        if record_id and isinstance(error, NotFound):
            reason = missing(self.model, record_id, error)
        at = self._writes.index(part[index]) + 1 if index is not None else 0
        where = f"record {record_id!r} ({at:,} of {len(self._writes):,}): " if record_id else ""
        failed = BulkFailed(
            f"{self._verb} of {self.model.__collection__!r} ended: {where}{str(reason).rstrip('.')}",
            done=(),
            not_done=(),
            uncertain=(),
            record_id=record_id,
            reason=reason,
        )
        failed.__cause__ = reason
        return failed

    def summed_up(self, error: BulkFailed) -> BulkFailed:
        """The error with what was and was not written, now that no request is under way."""
        error.done = list(self.done)
        error.uncertain = list(self._uncertain)
        known = {*error.done, *error.uncertain}
        error.not_done = [write.record_id for write in self._writes if write.record_id not in known]
        counts = f"{len(error.done):,} of {len(self._writes):,} records were written"
        doubt = f", and of {len(error.uncertain):,} it is not known" if error.uncertain else ""
        error.args = (f"{error.args[0]}; {counts}{doubt}",)
        return error


def _most(error: BadRequest) -> int | None:
    """How many requests the server allows in a batch, where that is why it refused one."""
    if error.field_codes.get("requests") != "validation_length_too_long":
        return None
    said = re.search(r"\d+", error.field_errors["requests"])
    return int(said.group()) if said is not None else None
