"""What a save sends, and what a record looks like after it; no I/O."""

from __future__ import annotations

import os
import string
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from pbmodels._errors import FilterError
from pbmodels.client import NotFound, Upload
from pbmodels.client._auth_store import AuthStore
from pbmodels.client._body import is_plain
from pbmodels.client._errors import is_uncertain
from pbmodels.client._record import Record
from pbmodels.client._record_calls import after_update, delete_call, write_call
from pbmodels.client._request import Call
from pbmodels.models._errors import InvalidRecord, ModelError, RecordNotFound, SchemaMismatch
from pbmodels.models._files import File, to_file
from pbmodels.models._limits import refuse_beyond, upload_size
from pbmodels.models._loading import loader_of
from pbmodels.models._paths import to_fields, unknown_field
from pbmodels.models._refs import Ref, ref_of
from pbmodels.models._specs import Spec, specs_of
from pbmodels.models._state import kept_value, kept_values, peek, see, state_of, unseen
from pbmodels.models._wire import named, to_wire
from pbmodels.query import Expr, Kind

if TYPE_CHECKING:
    from pbmodels.models._collection import Collection

_ALPHABET = (string.ascii_lowercase + string.digits).encode()
_LETTERS = bytes(_ALPHABET[byte % 36] for byte in range(256))
_NOTHING = object()
_ROOM = 4_000_000
"""Bytes of files that go into a batch without need: the server takes bodies of 128 MB by default."""
_UNEVEN = bytes(range(252, 256))  # these would make the first letters likelier


def new_id() -> str:
    """An id as PocketBase makes them: 15 random characters of a-z0-9.

    Example:
        >>> len(new_id())
        15
    """
    while True:
        letters = os.urandom(20).translate(_LETTERS, _UNEVEN)
        if len(letters) >= 15:
            return letters[:15].decode()


def changed(record: Collection) -> set[str]:
    """The names of the fields that differ from what the server is known to hold."""
    model = type(record)
    names, values, state = _writable(model), kept_values(record), peek(record)
    held = {names[key] for key in values.keys() & names.keys()}
    if state is not None and state.is_new:
        return held
    found = held & record.__pydantic_fields_set__
    if state is not None:
        for name, before in state.snapshots.items():
            if name not in found and name in values and _differs(specs_of(model)[name], values[name], before):
                found.add(name)
    found.discard("id")
    return found


def _writable(model: type[Collection]) -> dict[str, str]:
    """The names of the fields that can be written, by the keys that their values are kept under."""
    found: dict[str, str] | None = model.__dict__.get("__pb_writable__")
    if found is None:
        specs = [spec for spec in specs_of(model).values() if not spec.read_only]
        found = {key: spec.name for spec in specs for key in (spec.name, unseen(spec.name))}
        type.__setattr__(model, "__pb_writable__", found)
    return found


def _differs(spec: Spec, value: Any, before: Any) -> bool:
    """Whether a value goes out as something else than before; one that cannot go out does."""
    try:
        return bool(to_wire(spec, _settled(spec, value)) != before)
    except InvalidRecord:
        return True


def _settled(spec: Spec, value: Any) -> Any:
    """A list that was changed in place takes what an assignment would have converted."""
    if spec.multiple and spec.kind in (Kind.RELATION, Kind.FILE):
        try:
            value[:] = [_item(spec, item) for item in value]
        except ValueError as error:
            raise InvalidRecord(f"{spec.label}: {error}", {spec.name: str(error)}) from None
    return value


def _item(spec: Spec, item: Any) -> Any:
    if spec.kind is Kind.RELATION:
        return ref_of(item)
    return item if isinstance(item, str) else named(spec, to_file(item))


def refuse_view(model: type[Collection]) -> None:
    """Raise `ModelError` where a model's records cannot be written."""
    if model.__is_view__:
        raise ModelError(
            f"{model.__collection__!r} is a view, which the server computes from other collections: "
            "write to those instead"
        )


@dataclass(frozen=True, slots=True)
class Saving:
    """A save on its way, or the delete that ends it.

    Attributes:
        record: The record.
        body: The fields to send, None for a delete.
        sent: What each field went out as.
        created: Whether the request makes the record.
        held: What the record held when the request was made.
    """

    record: Collection
    body: Mapping[str, Any] | None
    sent: Mapping[str, Any]
    created: bool
    held: Mapping[str, Any] = field(default_factory=dict)

    @property
    def call(self) -> Call:
        """The request."""
        collection = type(self.record).__collection__
        if self.body is None:
            return delete_call(collection, self.record.id)
        return write_call(collection, None if self.created else self.record.id, self.body)

    @property
    def adds(self) -> bool:
        """Whether the server shall add to what it holds, or take from it; files only if a batch has room for them."""
        body = {} if self.created else self.body or {}
        if not any(name.endswith(("+", "-")) for name in body):
            return False
        files = [item for value in body.values() for item in _listed(value) if isinstance(item, Upload)]
        sizes = [upload_size(file) for file in files]
        return all(size is not None for size in sizes) and sum(size or 0 for size in sizes) <= _ROOM


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def saving(record: Collection, only: Iterable[object] | None = None, planned: Container[object] = ()) -> Saving | None:
    """What saves a record: a create, or an update of the changed fields; None without changes.

    Args:
        record: The record.
        only: The fields to update, all by default.
        planned: New records that are saved just before this one, so that it may relate to them.

    Raises:
        ModelError: The model is a view.
        InvalidRecord: The record was deleted, relates to one that is not saved yet, or has a list that was
            changed in place to hold what the server would change.
    """
    model, state = type(record), peek(record)
    collection = model.__collection__
    refuse_view(model)
    _refuse_deleted(record)
    specs = specs_of(model)
    is_new = state is not None and state.is_new
    names = changed(record)
    if only is not None:
        if is_new:
            raise InvalidRecord(f"a new record of {collection!r} is saved as a whole: leave only= out")
        names &= field_names(model, only)
    sent: dict[str, Any] = {}
    body: dict[str, Any] = {}
    for name, spec in specs.items():
        if name not in names:
            continue
        value = kept_value(record, name)
        if spec.kind is Kind.FILE:
            _refuse_other_files(record, spec, value if spec.multiple else [value])
        if spec.simple and value is not None and is_plain(value):
            sent[name] = body[spec.server_name] = value
            continue
        if spec.mutable or spec.kind is Kind.RELATION:
            value = _checked(record, spec, _settled(spec, value), planned)
        sent[name] = to_wire(spec, value)
        if is_new and value is None:
            continue  # the server's own zero value
        if spec.kind is Kind.FILE and (changes := _in_place(record, spec, sent[name])):
            body.update(changes)
        else:
            body[spec.server_name] = sent[name]
        if spec.kind is Kind.PASSWORD:
            body[f"{spec.server_name}Confirm"] = sent[name]
    if not body and not is_new:
        return None
    return Saving(record, body, sent, is_new, dict(kept_values(record)))


def _refuse_other_files(record: Collection, spec: Spec, files: Iterable[object]) -> None:
    """Raise `InvalidRecord` where a record is given what the server keeps for another one."""
    for file in files:
        owner = file._record if isinstance(file, File) and not file.is_pending else None
        if owner is not None and owner != record:
            message = f"{spec.label}: {file} is a file of record {owner.id!r}; give its content, such as file.read()"
            raise InvalidRecord(message, {spec.name: message})


def _in_place(record: Collection, spec: Spec, value: Any) -> dict[str, Any]:
    """What adds and removes the files that a list gained and lost, {} where only the whole list says it.

    Files that someone else adds meanwhile stay; a list that was assigned, or put into another order, is what it is.
    """
    state = peek(record)
    if not spec.multiple or state is None or state.is_new:
        return {}
    if spec.name in record.__pydantic_fields_set__ or spec.name not in state.snapshots:
        return {}
    before = state.snapshots[spec.name]
    kept = [item for item in value if isinstance(item, str)]
    new = [item for item in value if not isinstance(item, str)]
    if value != kept + new or kept != [name for name in before if name in kept]:
        return {}
    gone = [name for name in before if name not in kept]
    return {
        **({f"{spec.server_name}-": gone} if gone else {}),
        **({f"{spec.server_name}+": new} if new else {}),
    }


def _checked(record: Collection, spec: Spec, value: Any, planned: Container[object] = ()) -> Any:
    """A list or dict that may have changed in place has not met its declared type since."""
    if spec.kind is Kind.RELATION:
        refuse_new(spec, value if spec.multiple else [value], planned)
    state = peek(record)
    if spec.mutable and state is not None and spec.name in state.snapshots:
        if spec.kind is not Kind.FILE:
            return record._checked(spec.name, value)
        try:
            refuse_beyond(spec, value)
        except ValueError as error:
            raise InvalidRecord(f"{spec.label}: {error}", {spec.name: str(error)}) from None
    return value


def refuse_new(spec: Spec, refs: Iterable[object], planned: Container[object] = ()) -> None:
    """Raise `InvalidRecord` where a relation names a record that the server does not have."""
    for ref in refs:
        if isinstance(ref, Ref) and ref.record is not None and ref.record.is_new and ref.record not in planned:
            message = f"{spec.label} relates to a {type(ref.record).__name__} that is not saved yet; save it first"
            raise InvalidRecord(message, {spec.name: message})


def new_related(record: Collection, only: Iterable[object] | None = None) -> list[tuple[Spec, Collection]]:
    """The records that this one relates to, by some of its fields, and that the server does not have yet."""
    names = None if only is None else field_names(type(record), only)
    found: dict[Collection, Spec] = {}
    for name, spec in specs_of(type(record)).items():
        value = kept_values(record).get(name)
        if spec.kind is Kind.RELATION and value and (names is None or name in names):
            for item in _settled(spec, value) if spec.multiple else [value]:
                if isinstance(item, Ref) and item.record is not None and item.record.is_new:
                    found.setdefault(item.record, spec)
    return [(spec, related) for related, spec in found.items()]


def doubt(record: Collection, error: BaseException) -> None:
    """Remember that a new record may be on the server, when what ended its create does not say."""
    state = state_of(record)
    if state.is_new and is_uncertain(error):
        state.in_doubt = True


def is_in_doubt(record: Collection) -> bool:
    """Whether it was sent to be created, and no answer says whether it was."""
    state = peek(record)
    return state is not None and state.in_doubt


def settle_doubt(record: Collection, fresh: Collection | None) -> None:
    """Let a record that was in doubt know what the server holds, None for nothing.

    What differs, because it was changed after the create, stays, and stays to be saved.
    """
    state_of(record).in_doubt = False
    if fresh is None:
        return
    there = kept_values(fresh)
    holder = {
        name: fresh if spec.kind is not Kind.PASSWORD and {name, unseen(name)} & there.keys() else record
        for name, spec in specs_of(type(record)).items()
        if not spec.read_only and {name, unseen(name)} & kept_values(record).keys()
    }
    sent = {name: to_wire(specs_of(type(record))[name], kept_value(who, name)) for name, who in holder.items()}
    take_over(Saving(record, {}, sent, True), fresh)


def _refuse_deleted(record: Collection) -> None:
    state = peek(record)
    if state is not None and state.is_deleted:
        raise InvalidRecord(
            f"{type(record).__collection__} record {record.id!r} was deleted; make a new one to save it again"
        )


def field_names(model: type[Collection], fields: Iterable[object]) -> set[str]:
    """The names in Python of fields given as `Post.title` or as text.

    Raises:
        FilterError: One of them is no field of the model's own.
    """
    if isinstance(fields, (str, Expr)):
        raise FilterError(f"give the fields as a list, such as [{model.__name__}.id]")
    names = {spec.server_name: name for name, spec in specs_of(model).items()}
    server_names = [name for name in to_fields(model, fields, ()) if name != "collectionId"]
    for name in server_names:
        if name not in names:
            raise FilterError(unknown_field(model, name))
    return {names[name] for name in server_names}


def modifying(record: Collection, changes: Mapping[str, Any], modifier: str) -> Saving:
    """An update in which the server itself adds to (`+`) or takes from (`-`) what it holds, or just takes the values.

    Raises:
        InvalidRecord: The record is not saved yet or deleted, or one of the fields has a change that is not saved.
    """
    model, specs = type(record), specs_of(type(record))
    refuse_view(model)
    _refuse_deleted(record)
    if record.is_new:
        raise InvalidRecord(f"this {model.__name__} was never saved, so there is nothing to change on the server")
    unsaved = changed(record)
    for name in changes:
        if modifier and name in unsaved:
            message = f"{specs[name].label} has a change that is not saved; save() it first"
            raise InvalidRecord(message, {name: message})
    body = {f"{specs[name].server_name}{modifier}": value for name, value in changes.items()}
    sent = {} if modifier else dict(changes)
    return Saving(record, body, sent, False)


def increments(record: Collection, amounts: Mapping[str, Any]) -> Saving:
    """The update that adds these amounts to number fields.

    Raises:
        InvalidRecord: A name is no number field, or an amount no number that it takes.
    """
    specs = specs_of(type(record))
    for name, amount in amounts.items():
        spec = specs.get(name)
        if spec is None:
            raise InvalidRecord(unknown_field(type(record), name), {name: "unknown"})
        if spec.kind is not Kind.NUMBER:
            raise InvalidRecord(f"{spec.label} is a {spec.kind} and cannot be incremented", {name: "no number"})
        whole = isinstance(spec.type, type) and issubclass(spec.type, int)
        if isinstance(amount, bool) or not isinstance(amount, int if whole else (int, float, Decimal)):
            wanted = "a whole number" if whole else "a number"
            raise InvalidRecord(f"{spec.label} is incremented by {wanted}, not by {amount!r}", {name: wanted})
    return modifying(record, {name: to_wire(specs[name], amount) for name, amount in amounts.items()}, "+")


def saved(saving: Saving, body: bytes) -> None:
    """Take over what the server answered to a save; see `take_over`."""
    take_over(saving, loader_of(type(saving.record)).one(body))


def take_over(saving: Saving, fresh: Collection) -> None:
    """Let a record hold what the server keeps after a save, which is `fresh`.

    What was changed while the request was under way stays, and stays to be saved.

    Raises:
        SchemaMismatch: The server kept the record but has no field for some of what was sent.
    """
    record = saving.record
    model, specs = type(record), specs_of(type(record))
    values, there = kept_values(record), kept_values(fresh)
    later = {name: kept_value(record, name) for name in changed(record) if _changed_since(saving, values, name)}
    known = {name: value for name, value in values.items() if isinstance(value, Ref) and value.record is not None}
    lists = {
        name: {ref.id: ref for ref in value if isinstance(ref, Ref)}
        for name, value in values.items()
        if name in specs and isinstance(value, list) and specs[name].kind is Kind.RELATION
    }
    withheld = {
        name: kept_value(record, name)
        for name in saving.sent
        if name not in there and unseen(name) not in there and specs[name].kind is not Kind.PASSWORD
    }
    state = state_of(record)
    state.is_new = state.in_doubt = False
    expand = state.expand
    held = held_values(record)
    adopt(record, fresh)
    state.expand = expand  # related records that are here already stay, where the relation still names them
    if later:
        see(record, [specs[name] for name in later])
    values = kept_values(record)
    values.update({name: ref for name, ref in known.items() if values.get(name) == ref.id})
    values.update({name: [refs.get(item, item) for item in values[name]] for name, refs in lists.items() if refs})
    values.update({unseen(name) if specs[name].remembered else name: value for name, value in withheld.items()})
    values.update(later)
    record.__pydantic_fields_set__.update(later)
    go_on_with(record, {name: value for name, value in held.items() if name not in later})
    _refuse_loss(model, record.id, [name for name in withheld if name not in _may_be_withheld(model)])


def _changed_since(saving: Saving, values: Mapping[str, Any], name: str) -> bool:
    """Whether a field that has a change has another one than the one that was sent."""
    if name not in saving.sent:
        return True
    spec = specs_of(type(saving.record))[name]
    key = name if name in values else unseen(name)
    if values[key] is saving.held.get(key, _NOTHING) and (key != name or not spec.mutable):
        return False  # the same value, and where it could change in place nobody has looked at it
    return _differs(spec, values[key], saving.sent[name])


def keep_in_step(record: Collection, body: bytes, store: AuthStore) -> None:
    """Let the auth store know what the server answered to a save, when it is who is signed in."""
    if (mine := store.record) is not None and mine.id == record.id:
        after_update(store, Record(from_json(body)))


def _refuse_loss(model: type[Collection], record_id: str, missing: list[str]) -> None:
    if missing:
        names = ", ".join(repr(specs_of(model)[name].server_name) for name in missing)
        raise SchemaMismatch(
            f"collection {model.__collection__!r} kept record {record_id!r} without {names}: "
            "the server has no such field, or hides it; create it there, remove it from "
            f"{model.__name__}, or declare it with field(hidden=True)"
        )


def _may_be_withheld(model: type[Collection]) -> set[str]:
    """Fields that a good server may leave out of its answer: hidden ones, and the email of an auth record."""
    return {
        name
        for name, spec in specs_of(model).items()
        if spec.options.server.get("hidden") or (spec.kind is Kind.EMAIL and "password" in specs_of(model))
    }


def held_values(record: Collection) -> dict[str, Any]:
    """The values of a record that were looked at and can change in place, so that someone may hold them."""
    state, values = peek(record), kept_values(record)
    return {name: values[name] for name in state.snapshots if name in values} if state is not None else {}


def go_on_with(record: Collection, held: Mapping[str, Any]) -> None:
    """Let values that someone holds be the record's again, with what it holds now: what changes them is saved."""
    specs = specs_of(type(record))
    for name, value in held.items():
        if not {name, unseen(name)} & kept_values(record).keys():
            continue
        spec, now = specs[name], getattr(record, name)
        if not spec.remembered or _differs(spec, value, to_wire(spec, now)):
            if isinstance(value, list) and isinstance(now, list):
                list.__setitem__(value, slice(None), now)
            elif isinstance(value, dict) and isinstance(now, dict):
                value.clear()
                value.update(now)
            else:
                continue
        kept_values(record)[name] = value


def adopt(record: Collection, fresh: Collection) -> None:
    """Let `record` hold what `fresh` holds, unchanged as of now."""
    state = state_of(record)
    state.snapshots.clear()
    other = peek(fresh)
    state.expand = other.expand if other is not None else {}
    values = dict(kept_values(fresh))
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
