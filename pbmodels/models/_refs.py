"""Relations on an instance: the related records' ids, and the records once they are here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Generic, Self, SupportsIndex, TypeVar, overload

from pbmodels.models._errors import InvalidRecord, ModelError
from pbmodels.models._trace import note

if TYPE_CHECKING:
    from pbmodels.models._collection import Collection
    from pbmodels.models._specs import Spec

M = TypeVar("M", bound="Collection")


class Ref(Generic[M]):
    """A related record: its `id` always, its `record` when `expand` brought it or it was assigned.

    Equal to another `Ref`, a record or an id text when the ids are.

    Example:
        >>> Ref("abc") == "abc"
        True
    """

    __slots__ = ("_model", "_record", "_via", "id")

    def __init__(
        self, id: str, model: type[M] | None = None, record: M | None = None, *, _via: str | None = None
    ) -> None:
        self.id = id
        self._via = _via
        self._model = model
        self._record = record

    @property
    def record(self) -> M | None:
        """The related record, or None when it has not been loaded."""
        return self._record

    def get(self) -> M:
        """The related record, fetched on first use.

        Raises:
            RecordNotFound: It is gone, or a rule hides it.
        """
        if self._record is None:
            from pbmodels.models._sync import actions

            self._note()
            self._record = actions.get(self._target(), self.id)
        return self._record

    @property
    def aio(self) -> AsyncRef[M]:
        """The same for async code: `await post.author.aio.get()`."""
        return AsyncRef(self)

    def _note(self) -> None:
        if self._via is not None:
            note(f"{self._via}.get()", f"write .expand({self._via}) in the query, and .record instead of .get()")

    def _target(self) -> type[M]:
        if self._model is None:
            raise ModelError(f"this Ref({self.id!r}) belongs to no model's field, so there is no collection to ask")
        return self._model

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            raise AttributeError(
                f"a Ref has the related record's id and no {name!r}: write .get().{name}, which fetches the record, "
                f"or .record.{name} after expand"
            )

    def __eq__(self, other: object) -> bool:
        if isinstance(other, str):
            return self.id == other
        return self.id == getattr(other, "id", None)

    def __hash__(self) -> int:
        return hash(self.id)

    def __str__(self) -> str:
        return self.id

    def __repr__(self) -> str:
        return f"Ref({self.id!r})"


class AsyncRef(Generic[M]):
    """The async side of a `Ref`."""

    __slots__ = ("_ref",)

    def __init__(self, ref: Ref[M]) -> None:
        self._ref = ref

    async def get(self) -> M:
        """The related record, fetched on first use.

        Raises:
            RecordNotFound: It is gone, or a rule hides it.
        """
        ref = self._ref
        if ref._record is None:
            from pbmodels.models._async import actions

            ref._note()
            ref._record = await actions.get(ref._target(), ref.id)
        return ref._record


def ref_of(value: Any) -> Ref[Any]:
    """A `Ref` from whatever a relation may be assigned: a Ref, an id, or a record."""
    from pbmodels.models._collection import Collection

    if isinstance(value, Ref):
        return value
    if isinstance(value, Collection):
        return Ref(value.id, type(value), value)
    if isinstance(value, str) and value:
        return Ref(value)
    raise ValueError("takes a record, a Ref or an id that is not empty")


def refuse_other(spec: Spec, ref: Ref[Any]) -> None:
    """Raise `ValueError` where a relation is given a record of another collection than its own."""
    record = ref.record
    if record is not None and type(record).__collection__ != spec.related().__collection__:
        raise ValueError(
            f"relates to {spec.related().__collection__!r}, not to {type(record).__collection__!r}: "
            f"give a {spec.related().__name__}, its Ref or its id"
        )


class Refs(list[Ref[M]]):
    """The related records of a `Relations` field: a list of `Ref`, and three verbs that go to the server at once.

    `add`, `remove` and `set` are one request each. The server adds and removes by itself, in a transaction where it
    allows batches, so that what other programs add or remove at the same time is not lost. What changes the list
    otherwise (`append`, `del`, ...) waits for the record's `save()`, which sends the whole list. `aio` has the three
    verbs for async code.

    Example:
        >>> ann = User(email="ann@example.com", password="12345678").save()
        >>> post = Post(title="Hello").save()
        >>> post.reviewers.add(ann)
        >>> post.reviewers == [ann], post.changed_fields
        (True, set())
        >>> post.reviewers.remove(ann)
    """

    __slots__ = ("_owner", "_spec")

    def __init__(self, items: Iterable[Ref[M]], owner: Collection, spec: Spec) -> None:
        super().__init__(items)
        self._owner = owner
        self._spec = spec

    def add(self, *records: M | Ref[M] | str) -> None:
        """Add records to the relation, on the server and here; those that are in it already stay.

        Args:
            records: Records, Refs or ids.

        Raises:
            InvalidRecord: One of them is none, or is not saved yet; or the list has changes that are not saved.
            ValidationFailed: The server refused; the list is as before.
        """
        from pbmodels.models._sync import relations

        relations.add(self, records)

    def remove(self, *records: M | Ref[M] | str) -> None:
        """Take records out of the relation, on the server and here; those that are not in it do no harm.

        Args:
            records: Records, Refs or ids.

        Raises:
            InvalidRecord: One of them is none; or the list has changes that are not saved.
        """
        from pbmodels.models._sync import relations

        relations.remove(self, records)

    def set(self, records: Iterable[M | Ref[M] | str]) -> None:
        """Let the relation hold exactly these, on the server and here.

        Args:
            records: Records, Refs or ids.

        Raises:
            InvalidRecord: One of them is none, or is not saved yet.
            ValidationFailed: The server refused; the list is as before.
        """
        from pbmodels.models._sync import relations

        relations.set_to(self, records)

    @property
    def aio(self) -> AsyncRefs[M]:
        """The verbs for async code: `await post.reviewers.aio.add(user)`."""
        return AsyncRefs(self)

    # What a list can do takes records and ids, as an assignment does.

    def append(self, item: M | Ref[M] | str, /) -> None:
        """Put a record at the end; `save()` sends it."""
        super().append(self._ref(item))

    def extend(self, items: Iterable[M | Ref[M] | str], /) -> None:
        """Put records at the end; `save()` sends them."""
        super().extend([self._ref(item) for item in items])

    def insert(self, index: SupportsIndex, item: M | Ref[M] | str, /) -> None:
        """Put a record at this place; `save()` sends it."""
        super().insert(index, self._ref(item))

    @overload
    def __setitem__(self, index: SupportsIndex, item: M | Ref[M] | str, /) -> None: ...
    @overload
    def __setitem__(self, index: slice, item: Iterable[M | Ref[M] | str], /) -> None: ...
    def __setitem__(self, index: Any, item: Any, /) -> None:
        super().__setitem__(index, [*map(self._ref, item)] if isinstance(index, slice) else self._ref(item))

    def __iadd__(self, items: Iterable[M | Ref[M] | str], /) -> Self:  # type: ignore[override, misc]
        self.extend(items)
        return self

    def _ref(self, item: Any) -> Ref[M]:
        try:
            ref: Ref[M] = ref_of(item)
            refuse_other(self._spec, ref)
        except ValueError as error:
            raise InvalidRecord(f"{self._spec.label}: {error}", {self._spec.name: str(error)}) from None
        if ref._model is None:
            related: Any = self._spec.related()
            ref = Ref(ref.id, related, ref._record)
        return ref

    def __reduce__(self) -> Any:
        return list, (list(self),)  # a copy is bound to its own record when it is looked at there


class AsyncRefs(Generic[M]):
    """The async side of `Refs`."""

    __slots__ = ("_refs",)

    def __init__(self, refs: Refs[M]) -> None:
        self._refs = refs

    async def add(self, *records: M | Ref[M] | str) -> None:
        """Add records to the relation, on the server and here."""
        from pbmodels.models._async import relations

        await relations.add(self._refs, records)

    async def remove(self, *records: M | Ref[M] | str) -> None:
        """Take records out of the relation, on the server and here."""
        from pbmodels.models._async import relations

        await relations.remove(self._refs, records)

    async def set(self, records: Iterable[M | Ref[M] | str]) -> None:
        """Let the relation hold exactly these, on the server and here."""
        from pbmodels.models._async import relations

        await relations.set_to(self._refs, records)
