"""`Collection`: one class per collection, one instance per record."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, ValidationError
from pydantic_core import CoreSchema

from pbmodels.client import AsyncPocketBase, PocketBase
from pbmodels.client._async.batch import AsyncBatch
from pbmodels.client._file_urls import file_url
from pbmodels.client._realtime.inbox import Overflow
from pbmodels.client._realtime.plan import Recover
from pbmodels.models._aio import Aio
from pbmodels.models._async.saves import AsyncBatchDelete, AsyncBatchSave
from pbmodels.models._bulk import Progress
from pbmodels.models._context import client_of, refuse_abstract
from pbmodels.models._descriptors import not_loaded
from pbmodels.models._errors import FieldNotLoaded, InvalidRecord, RecordNotFound
from pbmodels.models._fields import Field, field
from pbmodels.models._indexes import Index
from pbmodels.models._meta import CollectionMeta, describe_fields
from pbmodels.models._paths import unknown_field
from pbmodels.models._refs import Ref
from pbmodels.models._rules import Rules
from pbmodels.models._specs import backs_of, remembered_specs, specs_of
from pbmodels.models._state import Values, hide, kept_values, peek, replace_state, state_of
from pbmodels.models._sync import actions, bulk, saves
from pbmodels.models._sync.query_set import QuerySet
from pbmodels.models._sync.watch import Watch
from pbmodels.models._trace import note_get
from pbmodels.models._validation import guard, refusal
from pbmodels.models._wire import shown
from pbmodels.models._writing import changed, increments, new_id
from pbmodels.query import Condition, Kind


class Collection(BaseModel, metaclass=CollectionMeta):
    """A collection of PocketBase as a class, its records as instances.

    Class arguments:
        collection: The collection's name on the server; the class's in snake case plural by default.
        client: The client of this model, instead of the one from `connect`.
        rules: Its API rules, as `Rules(...)`; a classmethod `rules` may make them of the class's own fields. Without,
            they are the server's own affair.
        indexes: Its indexes, as `Index(...)` or SQL, besides those of `field(unique=True)` and `field(index=True)`.
        collection_id: Its id on the server, where that is not the one that PocketBase makes of the name.
        was: The name that it had, for `pbmodels.schema` to rename it.
        field_order: The order of its fields on the server, by their names there, where the ones that PocketBase itself
            gives it do not come first.
        abstract: Whether the class is no collection itself but a base of some: its fields, methods and validators are
            theirs.

    A class may define `before_save`, `after_save`, `before_delete` and `after_delete`.

    Example:
        >>> class Note(Collection, collection="notes"):
        ...     text: Field[str] = field(max_length=200)
        ...     done: Field[bool] = field(default=False)
        >>> str(Note.where(Note.done == False, Note.text.contains("milk")))
        '(done = false && text ~ "milk")'
    """

    model_config = ConfigDict(
        validate_assignment=True,
        validate_default=True,
        extra="forbid",
        hide_input_in_errors=True,
        protected_namespaces=(),
    )

    __collection__: ClassVar[str]
    __is_view__: ClassVar[bool] = False
    __client__: ClassVar[PocketBase | AsyncPocketBase | None] = None
    __indexes__: ClassVar[Sequence[Index | str] | None] = None
    __auth__: ClassVar[Any] = None
    __query__: ClassVar[str | None] = None
    __collection_id__: ClassVar[str | None] = None
    __was__: ClassVar[str | None] = None
    __field_order__: ClassVar[Sequence[str] | None] = None
    NotFound: ClassVar[type[RecordNotFound]]
    aio: ClassVar[Aio] = Aio()

    id: Field[str] = field(default_factory=new_id, min_length=1)

    if TYPE_CHECKING:

        def __init_subclass__(
            cls,
            *,
            collection: str | None = None,
            client: PocketBase | AsyncPocketBase | None = None,
            rules: Rules | None = None,
            indexes: Sequence[Index | str] = (),
            collection_id: str | None = None,
            was: str | None = None,
            field_order: Sequence[str] | None = None,
            abstract: bool = False,
            **kwargs: Any,
        ) -> None: ...

    def __init__(self, /, **values: Any) -> None:
        refuse_abstract(type(self))
        specs_of(type(self))
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise refusal(type(self), error) from None
        hide(self, remembered_specs(type(self)))
        state_of(self).is_new = True

    # What a model asks the server

    @classmethod
    def where(cls, *conditions: Condition, **params: object) -> QuerySet[Self]:
        """The records that meet these conditions, all without any; nothing is sent yet.

        Args:
            conditions: Conditions such as `Post.views > 3`, or text of PocketBase's filter language.
            params: The values of the `{:name}` placeholders in the text.

        Raises:
            FilterError: A condition is none, or a placeholder and a value do not pair up.

        Example:
            >>> str(Post.where(Post.title.startswith("a"), Post.views >= 3))
            '(title ~ "a%" && views >= 3)'
        """
        refuse_abstract(cls)
        return QuerySet(cls).where(*conditions, **params)

    @classmethod
    def all(cls) -> list[Self]:
        """All records of the collection.

        Raises:
            ClientResponseError: The server refused, or was not reached.
        """
        return QuerySet(cls).all()

    @classmethod
    def get(cls, id: str, *, expand: Sequence[Any] = ()) -> Self:
        """One record by its id.

        Args:
            id: The record's id.
            expand: Relations to bring along, such as `[Post.author]`.

        Raises:
            RecordNotFound: There is none, or a rule hides it; as the model's own `NotFound`.

        Example:
            >>> Post.get("missing00000000")
            Traceback (most recent call last):
            ...
            Post.NotFound: there is no record 'missing00000000' in collection 'posts'...
        """
        note_get(cls)
        return actions.get(cls, id, expand)

    @classmethod
    def get_or_none(cls, id: str, *, expand: Sequence[Any] = ()) -> Self | None:
        """One record by its id, None when there is none."""
        note_get(cls, "get_or_none")
        return actions.get_or_none(cls, id, expand)

    @classmethod
    def create(cls, **values: Any) -> Self:
        """Make a record and save it.

        Args:
            values: The record's fields, as for the class itself.

        Raises:
            InvalidRecord: A value does not fit; nothing was sent.
            ValidationFailed: The server refused a value.

        Example:
            >>> Post.create(title="Hello").is_new
            False
        """
        return cls(**values).save()

    @classmethod
    def get_or_create(cls, *, defaults: Mapping[str, Any] | None = None, **values: Any) -> tuple[Self, bool]:
        """The one record with these values, made when there is none.

        Of two programs that do this at once, a unique index lets one make the record; the other one gets it.

        Args:
            defaults: More values for a record that is made.
            values: What the record is known by, and made with.

        Returns:
            The record, and whether it was made.

        Raises:
            MultipleRecordsFound: Several records have these values.

        Example:
            >>> post, created = Post.get_or_create(title="Imprint", defaults={"views": 1})
            >>> created, Post.get_or_create(title="Imprint")[1]
            (True, False)
        """
        return actions.get_or_create(cls, values, dict(defaults or {}))

    @classmethod
    def update_or_create(cls, *, defaults: Mapping[str, Any] | None = None, **values: Any) -> tuple[Self, bool]:
        """The one record with these values, changed to hold `defaults`, or made with them.

        Args:
            defaults: What the record shall hold besides.
            values: What the record is known by.

        Returns:
            The record, saved, and whether it was made.

        Raises:
            MultipleRecordsFound: Several records have these values.

        Example:
            >>> post, created = Post.update_or_create(title="Imprint", defaults={"views": 2})
            >>> post.views
            2
        """
        return actions.update_or_create(cls, values, dict(defaults or {}))

    @classmethod
    def bulk_create(
        cls, records: Iterable[Self], batch_size: int | None = None, progress: Progress | None = None
    ) -> list[Self]:
        """Create many new records, in batches as large as the server takes; hooks such as `before_save` are not run.

        All are checked before anything is sent. Each batch takes effect as a whole or not at all. Where the server
        allows no batches, single requests go side by side, and the logger `pbmodels` says so once.

        Args:
            records: New records. They may relate to others that come before them.
            batch_size: Records in a batch at most; the server's limit is found out and kept to in any case.
            progress: Called as `progress(done, total)` whenever the server has taken more of them.

        Returns:
            The records, saved.

        Raises:
            InvalidRecord: One of them cannot be created; nothing was sent.
            BulkFailed: The server refused one, or was not reached; the error knows which were saved. Those that got no
                answer may be given to `bulk_create` again: it finds out which were made, and makes the rest.

        Example:
            >>> posts = Post.bulk_create([Post(title=f"Post {number}") for number in range(100)])
            >>> len(posts), posts[0].is_new
            (100, False)
        """
        return bulk.create(cls, records, batch_size, progress)

    @classmethod
    def bulk_update(
        cls,
        records: Iterable[Self],
        *,
        only: Iterable[Any] | None = None,
        batch_size: int | None = None,
        progress: Progress | None = None,
    ) -> int:
        """Save the changes of many records, otherwise as `bulk_create`; records without changes are not sent.

        Args:
            records: Saved records.
            only: Fields to update, such as `[Post.views]`; changes of others wait for a later save.
            batch_size: Records in a batch at most.
            progress: Called as `progress(done, total)`.

        Returns:
            How many records had changes, and were saved.

        Raises:
            InvalidRecord: A change does not fit, or a record was never saved; nothing was sent.
            BulkFailed: The server refused one, or was not reached; the error knows which were saved.

        Example:
            >>> posts = Post.bulk_create([Post(title="One"), Post(title="Two")])
            >>> posts[0].views = 1
            >>> Post.bulk_update(posts)
            1
        """
        return bulk.update(cls, records, only, batch_size, progress)

    @classmethod
    def bulk_delete(
        cls,
        records: Iterable[Self | Ref[Self] | str],
        *,
        batch_size: int | None = None,
        progress: Progress | None = None,
    ) -> int:
        """Delete many records, otherwise as `bulk_create`.

        Args:
            records: Records, references or ids.
            batch_size: Records in a batch at most.
            progress: Called as `progress(done, total)`.

        Returns:
            How many were deleted.

        Raises:
            InvalidRecord: One of them was never saved; nothing was sent.
            BulkFailed: One is gone already, or the server was not reached; the error knows which were deleted.

        Example:
            >>> posts = Post.bulk_create([Post(title="One"), Post(title="Two")])
            >>> Post.bulk_delete(posts)
            2
        """
        return bulk.delete(cls, records, batch_size, progress)

    @classmethod
    def count(cls) -> int:
        """How many records the collection has."""
        return QuerySet(cls).count()

    @classmethod
    def watch(
        cls,
        *conditions: Condition,
        id: str | None = None,
        expand: Sequence[Any] = (),
        fields: Sequence[Any] = (),
        timeout: float | None = None,
        recover: Recover = "changes",
        buffer: int = 1000,
        overflow: Overflow = "wait",
        **params: object,
    ) -> Watch[Self]:
        """Changes of records, as they happen: a context manager and an iterator of `Event`.

        Each has `action`, `record`, and `recovered` where a catch-up found it after the connection had
        broken. A record that stops matching the conditions sends nothing; when it matches again, an `update`.

        Args:
            conditions: Which records, as in `where`.
            id: One record only.
            expand: Relations to bring along.
            fields: Fields to send, all by default.
            timeout: Seconds without an event after which iteration ends, never by default.
            recover: What to bring back when the connection was broken: `"changes"`, `"full"` (deletions too, found
                by comparing all ids), or None.
            buffer: How many events to hold when they come faster than they are used.
            overflow: What happens to more: `"wait"` slows this watch's own stream; `"event"` gives an event with the
                action `overflow`, then fetches what was left out.
            params: The values of placeholders in filter text.

        Raises:
            ClientResponseError: The server refused, or was not reached, when the watch begins: `NotFound` and
                `Forbidden` for what may not be watched.
            ModelError: It is a view, of which the server sends no events.

        Example:
            >>> with Post.watch(Post.status == True) as events:
            ...     post = Post.create(title="News", status=True)
            ...     event = next(events)
            >>> event.action, event.record.title
            ('create', 'News')
        """
        return cls.where(*conditions, **params).watch(
            id=id,
            expand=expand,
            fields=fields,
            timeout=timeout,
            recover=recover,
            buffer=buffer,
            overflow=overflow,
        )

    # What a record asks the server

    def save(self, *, only: Iterable[Any] | None = None) -> Self:
        """Create the record, or update the fields that changed; without changes nothing is sent.

        New records that it relates to are created with it: in one transaction where the server allows batches, else
        one after the other.

        Args:
            only: Fields to update, such as `[Post.title]`; changes of others wait for a later save.

        Returns:
            The record itself, holding what the server keeps.

        Raises:
            InvalidRecord: A value does not fit; nothing was sent.
            ValidationFailed: The server refused a value; the record keeps its changes.
            RecordNotFound: Someone deleted it meanwhile.
            ConnectionFailed: No answer came, nor to the repeats: whether a new record was made is not known. `save()`
                it again: it then finds out first, so that there is never a second one.
            ModelError: The collection is a view.

        Example:
            >>> post = Post(title="Hello").save()
            >>> post.title = "Hello again"
            >>> post.changed_fields
            {'title'}
            >>> post.save().changed_fields
            set()
        """
        saves.save(self, only)
        return self

    def increment(self, **amounts: float | Decimal) -> Self:
        """Add to number fields, on the server and here: of two programs that do it at once, both count.

        It goes as a batch of one, which is a transaction. Where the server allows no batches it is a plain request, and
        of two at the very same moment one can be lost; the logger `pbmodels` says so once.

        Args:
            amounts: What to add to each field, negative to subtract.

        Returns:
            The record itself, holding what the server keeps; other unsaved changes stay unsaved.

        Raises:
            InvalidRecord: A field is no number or has a change that is not saved, or the record is new.
            ValidationFailed: The result is beyond the field's limits.

        Example:
            >>> post = Post(title="Hello", views=1).save()
            >>> post.increment(views=2).views
            3
        """
        if amounts:
            saves.modify(increments(self, amounts))
        return self

    def delete(self) -> None:
        """Delete the record.

        Raises:
            RecordNotFound: It is gone already, or a rule hides it.
            ModelError: The collection is a view.
        """
        saves.delete(self)

    def refresh(self, *, expand: Sequence[Any] = ()) -> Self:
        """Load the record anew; unsaved changes are dropped.

        Args:
            expand: Relations to bring along.

        Raises:
            RecordNotFound: Someone deleted it meanwhile.
        """
        actions.refresh(self, expand)
        return self

    @property
    def is_new(self) -> bool:
        """Whether the record has yet to be saved for the first time."""
        state = peek(self)
        return state is not None and state.is_new

    @property
    def changed_fields(self) -> set[str]:
        """The names of the fields that the next `save()` sends."""
        return changed(self)

    # What a class may define: these do nothing. They may be async where all saves and deletes are.

    def before_save(self) -> Awaitable[None] | None:
        """Run before each `save()`, before it looks for changes: the place to fill fields. An exception stops it.

        `increment`, the verbs of `Refs` and the bulk verbs do not run it.
        """
        return None

    def after_save(self, *, created: bool) -> Awaitable[None] | None:
        """Run after each `save()` that sent something; of several records in a batch, when all have been saved.

        Args:
            created: Whether the record was new.
        """
        return None

    def before_delete(self) -> Awaitable[None] | None:
        """Run before each `delete()`. An exception stops it."""
        return None

    def after_delete(self) -> Awaitable[None] | None:
        """Run after each `delete()`."""
        return None

    # What pydantic, batches and Python ask

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        guard(cls, handler.resolve_ref_schema(schema))
        return schema

    @classmethod
    def __pydantic_on_complete__(cls) -> None:
        describe_fields(cls)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in type(self).__pydantic_fields__:
            spec = specs_of(type(self))[name]
            if spec.read_only:
                raise InvalidRecord(f"{spec.label} is filled by the server and cannot be set", {name: "read-only"})
            if name == "id" and not self.is_new:
                raise InvalidRecord(
                    f"{spec.label}: the id of a saved record cannot change; make a new record",
                    {name: "fixed"},
                )
            values, was_set = kept_values(self), name in self.__pydantic_fields_set__
            try:
                super().__setattr__(name, value)
            except Exception as error:
                # a validator of the whole model runs when pydantic has put the value in already
                object.__setattr__(self, "__dict__", values)
                if not was_set:
                    self.__pydantic_fields_set__.discard(name)
                if isinstance(error, ValidationError):
                    raise refusal(type(self), error) from None
                raise
            if spec.remembered:
                hide(self, (spec,))
        elif name.startswith("_") or (hasattr(type(self), name) and name not in backs_of(type(self))):
            super().__setattr__(name, value)
        else:
            raise InvalidRecord(unknown_field(type(self), name), {name: "unknown"})

    if not TYPE_CHECKING:
        __dict__ = Values()

        def __getstate__(self) -> Any:
            _ = self.__dict__  # looked at before its state is
            return super().__getstate__()

        def __getattr__(self, name: str) -> Any:
            if name in type(self).__pydantic_fields__:
                raise FieldNotLoaded(not_loaded(type(self), name))
            if name.startswith("_"):
                return super().__getattr__(name)
            raise AttributeError(unknown_field(type(self), name))

    def __batch_save__(self, batch: object, only: Iterable[object] | None, /) -> Any:
        is_async = isinstance(batch, AsyncBatch)
        return AsyncBatchSave(self, only) if is_async else saves.BatchSave(self, only)

    def __batch_delete__(self, batch: object, /) -> Any:
        return AsyncBatchDelete(self) if isinstance(batch, AsyncBatch) else saves.BatchDelete(self)

    def _checked(self, name: str, value: Any) -> Any:
        """A value that was changed in place, validated as an assignment would.

        Raises:
            InvalidRecord: It does not fit the field.
        """
        probe = self.model_copy()
        try:
            BaseModel.__setattr__(probe, name, value)
        except ValidationError as error:
            raise refusal(type(self), error) from None
        return probe.__dict__[name]

    def __copy__(self) -> Self:
        twin = super().__copy__()
        state = peek(self)
        if state is not None:
            object.__setattr__(twin, "__pydantic_private__", dict(self.__pydantic_private__ or {}))
            replace_state(twin, state)
        return twin

    def _file_url(self, name: str, *, thumb: str | None, download: bool, token: str | None) -> str:
        record = {"id": self.id, "collectionName": type(self).__collection__}
        return file_url(client_of(type(self)).url, record, name, thumb=thumb, download=download, token=token)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Collection):
            return NotImplemented
        return type(self).__collection__ == type(other).__collection__ and self.id == other.id

    def __hash__(self) -> int:
        return hash((type(self).__collection__, self.id))

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        specs = specs_of(type(self))
        for name, value in self.__dict__.items():
            if name in specs and specs[name].kind is not Kind.PASSWORD:
                yield name, shown(specs[name], value)
