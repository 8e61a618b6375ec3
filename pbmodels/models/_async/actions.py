"""The verbs of a model and of a record that read from the server."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from pbmodels.client import NotFound, ValidationFailed
from pbmodels.client._record_calls import view_call
from pbmodels.models._async.query_set import AsyncQuerySet
from pbmodels.models._async.saves import save
from pbmodels.models._context import async_client
from pbmodels.models._errors import InvalidRecord
from pbmodels.models._loading import loader_of
from pbmodels.models._paths import equal_to, to_expands, unknown_field
from pbmodels.models._specs import specs_of
from pbmodels.models._state import state_of
from pbmodels.models._writing import adopt, go_on_with, held_values, missing

if TYPE_CHECKING:
    from pbmodels.models._collection import Collection

M = TypeVar("M", bound="Collection")


async def get(model: type[M], record_id: str, expand: Iterable[object] = ()) -> M:
    """One record by its id."""
    paths = to_expands(model, expand)
    call = view_call(model.__collection__, record_id, expand=paths)
    try:
        body = await async_client(model).execute(call)
    except NotFound as error:
        raise missing(model, record_id, error) from None
    return loader_of(model, paths).one(body)


async def get_or_none(model: type[M], record_id: str, expand: Iterable[object] = ()) -> M | None:
    """One record by its id, None when there is none."""
    try:
        return await get(model, record_id, expand)
    except model.NotFound:
        return None


async def get_or_create(model: type[M], lookup: dict[str, Any], defaults: dict[str, Any]) -> tuple[M, bool]:
    """The one record with these values, made when there is none."""
    query = AsyncQuerySet(model).where(*equal_to(model, lookup))._with(_via="")
    for name in defaults:
        if name not in specs_of(model):
            raise InvalidRecord(unknown_field(model, name), {name: "unknown"})
    found = await query.one_or_none()
    if found is not None:
        return found, False
    record = model(**{**lookup, **defaults})
    try:
        await save(record)
    except ValidationFailed as error:
        found = await query.one_or_none() if "validation_not_unique" in error.field_codes.values() else None
        if found is None:
            raise
        return found, False  # someone else made it meanwhile
    return record, True


async def update_or_create(model: type[M], lookup: dict[str, Any], defaults: dict[str, Any]) -> tuple[M, bool]:
    """The one record with these values, changed to hold the defaults, or made with them."""
    record, created = await get_or_create(model, lookup, defaults)
    if not created:
        for name, value in defaults.items():
            setattr(record, name, value)
        await save(record)
    return record, created


async def refresh(record: Collection, expand: Iterable[object] = ()) -> None:
    """Load the record anew."""
    state = state_of(record)
    if state.is_new and not state.in_doubt:
        raise InvalidRecord(f"this {type(record).__name__} was never saved, so there is nothing to load")
    fresh = await get(type(record), record.id, expand)
    state.is_new = state.in_doubt = False
    held = held_values(record)
    adopt(record, fresh)
    go_on_with(record, held)
