"""`Post.aio` and `post.aio`: the same verbs for async code, from one model class."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from pbmodels.client._realtime.inbox import Overflow
from pbmodels.client._realtime.plan import Recover
from pbmodels.models._async import actions, bulk, saves
from pbmodels.models._async.query_set import AsyncQuerySet
from pbmodels.models._async.watch import AsyncWatch
from pbmodels.models._bulk import Progress
from pbmodels.models._refs import Ref
from pbmodels.models._trace import note_get
from pbmodels.models._writing import increments
from pbmodels.query import Condition

if TYPE_CHECKING:
    from pbmodels.models._collection import Collection

M = TypeVar("M", bound="Collection")


class AsyncModel(Generic[M]):
    """The verbs of a model that ask the server, to be awaited; each does what the model's own does."""

    __slots__ = ("_model",)

    def __init__(self, model: type[M]) -> None:
        self._model = model

    def where(self, *conditions: Condition, **params: object) -> AsyncQuerySet[M]:
        """The records that meet these conditions, all without any."""
        return AsyncQuerySet(self._model).where(*conditions, **params)

    async def all(self) -> list[M]:
        """All records of the collection."""
        return await AsyncQuerySet(self._model).all()

    async def get(self, id: str, *, expand: Sequence[Any] = ()) -> M:
        """One record by its id; `RecordNotFound` when there is none."""
        note_get(self._model)
        return await actions.get(self._model, id, expand)

    async def get_or_none(self, id: str, *, expand: Sequence[Any] = ()) -> M | None:
        """One record by its id, None when there is none."""
        note_get(self._model, "get_or_none")
        return await actions.get_or_none(self._model, id, expand)

    async def create(self, **values: Any) -> M:
        """Make a record and save it."""
        record = self._model(**values)
        await saves.save(record)
        return record

    async def get_or_create(self, *, defaults: Mapping[str, Any] | None = None, **values: Any) -> tuple[M, bool]:
        """The one record with these values, made when there is none, and whether it was made."""
        return await actions.get_or_create(self._model, values, dict(defaults or {}))

    async def update_or_create(self, *, defaults: Mapping[str, Any] | None = None, **values: Any) -> tuple[M, bool]:
        """The one record with these values, changed to hold `defaults`, or made with them."""
        return await actions.update_or_create(self._model, values, dict(defaults or {}))

    async def bulk_create(
        self, records: Iterable[M], batch_size: int | None = None, progress: Progress | None = None
    ) -> list[M]:
        """Create many new records, in batches."""
        return await bulk.create(self._model, records, batch_size, progress)

    async def bulk_update(
        self,
        records: Iterable[M],
        *,
        only: Iterable[Any] | None = None,
        batch_size: int | None = None,
        progress: Progress | None = None,
    ) -> int:
        """Save the changes of many records, in batches; gives how many had some."""
        return await bulk.update(self._model, records, only, batch_size, progress)

    async def bulk_delete(
        self,
        records: Iterable[M | Ref[M] | str],
        *,
        batch_size: int | None = None,
        progress: Progress | None = None,
    ) -> int:
        """Delete many records, in batches; gives how many."""
        return await bulk.delete(self._model, records, batch_size, progress)

    async def count(self) -> int:
        """How many records the collection has."""
        return await AsyncQuerySet(self._model).count()

    def watch(
        self,
        *conditions: Condition,
        id: str | None = None,
        expand: Sequence[Any] = (),
        fields: Sequence[Any] = (),
        timeout: float | None = None,
        recover: Recover = "changes",
        buffer: int = 1000,
        overflow: Overflow = "wait",
        **params: object,
    ) -> AsyncWatch[M]:
        """Changes of records, as they happen."""
        return self.where(*conditions, **params).watch(
            id=id,
            expand=expand,
            fields=fields,
            timeout=timeout,
            recover=recover,
            buffer=buffer,
            overflow=overflow,
        )


class AsyncActions(Generic[M]):
    """The verbs of a record that ask the server, to be awaited."""

    __slots__ = ("_record",)

    def __init__(self, record: M) -> None:
        self._record = record

    async def save(self, *, only: Iterable[Any] | None = None) -> M:
        """Create the record, or update what changed; new records that it relates to are created with it."""
        await saves.save(self._record, only)
        return self._record

    async def increment(self, **amounts: float | Decimal) -> M:
        """Add to number fields, on the server and here."""
        if amounts:
            await saves.modify(increments(self._record, amounts))
        return self._record

    async def delete(self) -> None:
        """Delete the record."""
        await saves.delete(self._record)

    async def refresh(self, *, expand: Sequence[Any] = ()) -> M:
        """Load the record anew; unsaved changes are dropped."""
        await actions.refresh(self._record, expand)
        return self._record


class Aio:
    """The descriptor behind `aio`."""

    @overload
    def __get__(self, record: None, owner: type[M]) -> AsyncModel[M]: ...
    @overload
    def __get__(self, record: M, owner: type[M]) -> AsyncActions[M]: ...
    def __get__(self, record: Any, owner: Any) -> Any:
        return AsyncModel(owner) if record is None else AsyncActions(record)
