"""A relation on an instance: the related record's id, and the record once it is here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pbmodels.models._errors import ModelError

if TYPE_CHECKING:
    from pbmodels.models._collection import Collection

M = TypeVar("M", bound="Collection")


class Ref(Generic[M]):
    """A related record: its `id` always, its `record` when `expand` brought it or it was assigned.

    Equal to another `Ref`, a record or an id text when the ids are.

    Example:
        >>> Ref("abc") == "abc"
        True
    """

    __slots__ = ("_model", "_record", "id")

    def __init__(self, id: str, model: type[M] | None = None, record: M | None = None) -> None:
        self.id = id
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
            self._record = self._target().get(self.id)
        return self._record

    @property
    def aio(self) -> AsyncRef[M]:
        """The same for async code: `await post.author.aio.get()`."""
        return AsyncRef(self)

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
            ref._record = await ref._target().aio.get(ref.id)
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
