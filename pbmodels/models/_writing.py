"""What a save sends, and what a record looks like after it; no I/O."""

from __future__ import annotations

import secrets
import string
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from pbmodels.client import NotFound
from pbmodels.client._auth_store import AuthStore
from pbmodels.client._record import Record
from pbmodels.client._record_calls import after_update, write_call
from pbmodels.client._request import Call
from pbmodels.models._errors import InvalidRecord, RecordNotFound, SchemaMismatch
from pbmodels.models._files import to_file
from pbmodels.models._loading import loader_of
from pbmodels.models._refs import Ref, ref_of
from pbmodels.models._specs import Spec, specs_of
from pbmodels.models._state import peek, state_of, values_of
from pbmodels.models._wire import to_wire
from pbmodels.query import Kind

if TYPE_CHECKING:
    from pbmodels.models._collection import Collection

_ALPHABET = string.ascii_lowercase + string.digits


def new_id() -> str:
    """An id as PocketBase makes them: 15 random characters of a-z0-9."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(15))


def changed(record: Collection) -> set[str]:
    """The names of the fields that differ from what the server is known to hold."""
    specs = specs_of(type(record))
    values = record.__dict__
    names = {name for name in record.__pydantic_fields_set__ if name in values and not specs[name].read_only}
    state = peek(record)
    if state is not None:
        if state.is_new:
            return {name for name in values if name in specs and not specs[name].read_only}
        for name, before in state.snapshots.items():
            if (
                name not in names
                and name in values
                and to_wire(specs[name], _value(specs[name], values[name])) != before
            ):
                names.add(name)
    names.discard("id")
    return names


def _value(spec: Spec, value: Any) -> Any:
    """A list that was changed in place may hold what only an assignment would have converted."""
    if not spec.multiple:
        return value
    try:
        if spec.kind is Kind.RELATION:
            return [ref_of(item) for item in value]
        if spec.kind is Kind.FILE:
            return [item if isinstance(item, str) else to_file(item) for item in value]
    except ValueError as error:
        raise InvalidRecord(f"{spec.label}: {error}", {spec.name: str(error)}) from None
    return value


def save_call(record: Collection) -> Call | None:
    """The request that saves a record: a create, or an update of the changed fields; None without changes.

    Raises:
        InvalidRecord: The record was deleted, or a list changed in place holds what the server would change.
    """
    state = peek(record)
    collection = type(record).__collection__
    if state is not None and state.is_deleted:
        raise InvalidRecord(f"{collection} record {record.id!r} was deleted; make a new one to save it again")
    specs = specs_of(type(record))
    is_new = state is not None and state.is_new
    values = record.__dict__
    body: dict[str, Any] = {}
    for name in sorted(changed(record), key=list(specs).index):
        spec = specs[name]
        value = _value(spec, values[name])
        if is_new and value is None:
            continue  # the server's own zero value
        value = _revalidated(record, spec, value)
        body[spec.server_name] = to_wire(spec, value)
        if spec.kind is Kind.PASSWORD:
            body[f"{spec.server_name}Confirm"] = body[spec.server_name]
    if is_new:
        return write_call(collection, None, body)
    return write_call(collection, record.id, body) if body else None


def _revalidated(record: Collection, spec: Spec, value: Any) -> Any:
    """A list or dict that may have changed in place has not met its declared type since."""
    if spec.mutable and spec.kind is not Kind.FILE:
        return record._checked(spec.name, value)
    return value


def saved(record: Collection, call: Call, body: bytes, store: AuthStore) -> None:
    """Take over what the server answered to a save.

    Raises:
        SchemaMismatch: The server kept the record but has no field for some of what was sent.
    """
    model = type(record)
    fresh = loader_of(model).one(body)
    state = state_of(record)
    state.is_new = False
    known = {name: value for name, value in record.__dict__.items() if isinstance(value, Ref) and value.record}
    expand = state.expand
    adopt(record, fresh)
    state.expand = expand  # related records that are here already stay, where the relation still names them
    for name, value in known.items():
        if record.__dict__.get(name) == value.id:
            values_of(record)[name] = value
    answer = from_json(body)
    if (mine := store.record) is not None and mine.id == record.id:
        after_update(store, Record(answer))
    missing = _not_kept(model, call, answer)
    if missing:
        raise SchemaMismatch(
            f"collection {model.__collection__!r} kept record {record.id!r} without {', '.join(map(repr, missing))}: "
            "the server has no such field, or hides it; create it there, remove it from "
            f"{model.__name__}, or declare it with field(hidden=True)"
        )


def _not_kept(model: type[Collection], call: Call, answer: dict[str, Any]) -> list[str]:
    sent = {*(call.json or {}), *(name for name, _ in call.files)}
    return [
        spec.server_name
        for spec in specs_of(model).values()
        if spec.server_name in sent - answer.keys()
        and spec.kind is not Kind.PASSWORD
        and not spec.options.server.get("hidden")
        and not spec.info.exclude
    ]


def adopt(record: Collection, fresh: Collection) -> None:
    """Let `record` hold what `fresh` holds, unchanged as of now."""
    state = state_of(record)
    state.snapshots.clear()
    other = peek(fresh)
    state.expand = other.expand if other is not None else {}
    values = dict(fresh.__dict__)
    object.__setattr__(record, "__dict__", values)
    object.__setattr__(record, "__pydantic_fields_set__", set())


def missing(model: type[Collection], record_id: str, error: NotFound) -> Exception:
    """The model's own NotFound for a 404 on one record; the original where the collection is what is missing."""
    if "collection context" in str(error).lower():
        return error
    kind: type[RecordNotFound] = model.NotFound
    return kind(
        f"there is no record {record_id!r} in collection {model.__collection__!r}, "
        "or a rule hides it from who is signed in"
    )
