"""What a record cannot hold, cannot be found or cannot be read.

PocketBaseError
InvalidRecord           values that are refused before anything is sent      (ValueError)
UnreadableRecord        the server holds what the declared type cannot       (ValueError)
BulkFailed              a bulk verb that ended before all records were written
SchemaMismatch          the server has no place for a declared field
ModelError              a class that is not declared right                   (TypeError)
NotConnected            no client to use
RecordNotFound          no such record                                       (LookupError)
MultipleRecordsFound    more than one where one was asked for                (LookupError)
FieldNotLoaded          the server did not send this field                   (AttributeError)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pbmodels._errors import PocketBaseError


class InvalidRecord(PocketBaseError, ValueError):
    """Values that the collection's fields cannot hold; nothing was sent.

    Attributes:
        errors: What is wrong, by field name.
    """

    def __init__(self, message: str, errors: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.errors = dict(errors or {})


class UnreadableRecord(PocketBaseError, ValueError):
    """A record whose values the declared types cannot hold; the message names collection, id and field."""


class BulkFailed(PocketBaseError):
    """A bulk verb ended before all records were written; the message says why, and what was written until then.

    Each batch takes effect as a whole or not at all. Records that were written know it: of those given to
    `bulk_create`, the others are still `is_new`.

    Attributes:
        done: The ids of the records that were written.
        not_done: The ids of those that were not.
        uncertain: The ids of those whose request got no answer, so that it may have taken effect.
        record_id: The id of the record that the server refused, "" where it was no single one.
        reason: The server's error for that record, or for the whole request.
    """

    def __init__(
        self,
        message: str,
        *,
        done: Sequence[str],
        not_done: Sequence[str],
        uncertain: Sequence[str],
        record_id: str,
        reason: Exception,
    ) -> None:
        super().__init__(message)
        self.done = list(done)
        self.not_done = list(not_done)
        self.uncertain = list(uncertain)
        self.record_id = record_id
        self.reason = reason


class SchemaMismatch(PocketBaseError):
    """The server has no field for something that a model declares, and kept the rest."""


class ModelError(PocketBaseError, TypeError):
    """A `Collection` class, or a use of one, that cannot work; the message says what to change."""


class NotConnected(PocketBaseError):
    """A model was used without a client."""


class RecordNotFound(PocketBaseError, LookupError):
    """No record has this id or matches these conditions; each model has its own: `Post.NotFound`."""


class MultipleRecordsFound(PocketBaseError, LookupError):
    """More than one record matches where exactly one was asked for."""


class FieldNotLoaded(PocketBaseError, AttributeError):
    """The server withheld this field: it is hidden from who is signed in, or was not asked for."""
