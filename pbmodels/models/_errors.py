"""What a record cannot hold, cannot be found or cannot be read.

PocketBaseError
InvalidRecord           values that are refused before anything is sent      (ValueError)
UnreadableRecord        the server holds what the declared type cannot       (ValueError)
SchemaMismatch          the server has no place for a declared field
ModelError              a class that is not declared right                   (TypeError)
NotConnected            no client to use
RecordNotFound          no such record                                       (LookupError)
MultipleRecordsFound    more than one where one was asked for                (LookupError)
FieldNotLoaded          the server did not send this field                   (AttributeError)
"""

from __future__ import annotations

from collections.abc import Mapping

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
