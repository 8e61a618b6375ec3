"""How fields are declared: `Field[T]`, `Relation[M]`, `FileField`, and what is assigned to them: `field()` and its kin.

The classes here are descriptors for type checkers only: class access gives an expression, instance
access a value. At run time they are annotations that pydantic asks for their schema.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, get_args, overload

from pydantic import Field as pydantic_field
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from pbmodels.models._errors import ModelError
from pbmodels.models._files import File, FileInput, Files, to_file, wire_name
from pbmodels.models._refs import Ref, Refs, ref_of
from pbmodels.models._specs import BackDeclaration, Options
from pbmodels.query import Expr

if TYPE_CHECKING:
    from pbmodels.models._collection import Collection
    from pbmodels.models._sync.query_set import QuerySet

T = TypeVar("T")
M = TypeVar("M", bound="Collection")
R = TypeVar("R", bound="Collection | None")


class Field(Generic[T]):
    """A field of type `T`: `title: Field[str]`.

    On the class it is an `Expr[T]` to build conditions with, on an instance a `T`.
    """

    if TYPE_CHECKING:

        @overload
        def __get__(self, instance: None, owner: Any) -> Expr[T]: ...
        @overload
        def __get__(self, instance: object, owner: Any) -> T: ...
        def __get__(self, instance: object | None, owner: Any) -> Any: ...
        def __set__(self, instance: object, value: T) -> None: ...

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return handler.generate_schema(get_args(source)[0])


class Relation(Generic[R]):
    """One related record: `author: Relation[User]`, or `Relation[User | None]` when it may be missing.

    On the class it stands for the related model (`Post.author.name == "x"`), on an instance it is a
    `Ref`. It is assigned a record, a `Ref` or an id.
    """

    if TYPE_CHECKING:

        @overload
        def __get__(self: Relation[M | None], instance: None, owner: Any) -> type[M]: ...
        @overload
        def __get__(self: Relation[M], instance: None, owner: Any) -> type[M]: ...
        @overload
        def __get__(self: Relation[M | None], instance: object, owner: Any) -> Ref[M] | None: ...
        @overload
        def __get__(self: Relation[M], instance: object, owner: Any) -> Ref[M]: ...
        def __get__(self, instance: object | None, owner: Any) -> Any: ...
        def __set__(self, instance: object, value: R | Ref[Any] | str) -> None: ...

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return _by_name(ref_of)


class Relations(Generic[M]):
    """Several related records: `reviewers: Relations[User] = field(default_factory=list)`.

    On an instance it is a `Refs`, a list of `Ref`; its items may be assigned as records, Refs or ids.
    """

    if TYPE_CHECKING:

        @overload
        def __get__(self, instance: None, owner: Any) -> type[M]: ...
        @overload
        def __get__(self, instance: object, owner: Any) -> Refs[M]: ...
        def __get__(self, instance: object | None, owner: Any) -> Any: ...
        def __set__(self, instance: object, value: Sequence[M | Ref[M] | str]) -> None: ...

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.list_schema(_by_name(ref_of))


class BackRelation(Generic[M]):
    """The records whose relation names this one: `comments: BackRelation["Comment"] = back_relation("post")`.

    On the class it stands for the other model (`Post.comments.text == "x"`), on an instance it is a query set. It is no
    field of the collection: the server keeps the relation on the other side.
    """

    if TYPE_CHECKING:

        @overload
        def __get__(self, instance: None, owner: Any) -> type[M]: ...
        @overload
        def __get__(self, instance: object, owner: Any) -> QuerySet[M]: ...
        def __get__(self, instance: object | None, owner: Any) -> Any: ...
        def __set__(self, instance: object, value: type[M] | QuerySet[M]) -> None: ...

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        raise ModelError(
            "a BackRelation needs the relation that it is the other side of: "
            'comments: BackRelation["Comment"] = back_relation("post")'
        )


class FileField:
    """One file: `cover: FileField = field(default=None)`.

    On an instance it is a `File` or None. It is assigned a path, bytes, an open file, `(name, content)` or an
    `Upload`; None removes the file.
    """

    if TYPE_CHECKING:

        @overload
        def __get__(self, instance: None, owner: Any) -> Expr[str]: ...
        @overload
        def __get__(self, instance: object, owner: Any) -> File | None: ...
        def __get__(self, instance: object | None, owner: Any) -> Any: ...
        def __set__(self, instance: object, value: FileInput | None) -> None: ...

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return _by_name(to_file)


class FileList:
    """Several files: `gallery: FileList = field(default_factory=list)`; on an instance it is a `Files`."""

    if TYPE_CHECKING:

        @overload
        def __get__(self, instance: None, owner: Any) -> Expr[list[str]]: ...
        @overload
        def __get__(self, instance: object, owner: Any) -> Files: ...
        def __get__(self, instance: object | None, owner: Any) -> Any: ...
        def __set__(self, instance: object, value: Sequence[FileInput]) -> None: ...

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.list_schema(_by_name(to_file))


def _by_name(check: Callable[[Any], Any]) -> CoreSchema:
    """Values that a check takes, and that are dumped as the id or file name they stand for."""
    text = core_schema.nullable_schema(core_schema.str_schema())
    return core_schema.no_info_plain_validator_function(
        check,
        json_schema_input_schema=text,
        serialization=core_schema.plain_serializer_function_ser_schema(wire_name, return_schema=text),
    )


def field(
    *,
    default: Any = ...,
    default_factory: Callable[[], Any] | None = None,
    name: str | None = None,
    unique: bool = False,
    index: bool = False,
    required: bool | None = None,
    hidden: bool = False,
    presentable: bool = False,
    max_size: int | None = None,
    max_select: int | None = None,
    min_select: int | None = None,
    mime_types: Sequence[str] | None = None,
    thumbs: Sequence[str] | None = None,
    protected: bool = False,
    cascade_delete: bool = False,
    only_domains: Sequence[str] | None = None,
    except_domains: Sequence[str] | None = None,
    autogenerate_pattern: str | None = None,
    convert_urls: bool = False,
    help: str | None = None,
    id: str | None = None,
    was: str | None = None,
    server: Mapping[str, Any] | None = None,
    **constraints: Any,
) -> Any:
    """Say more about a field than its type does.

    Args:
        default: The value of a new record that is given none; without one the field must be given.
        default_factory: A function that makes that value, for lists and dicts.
        name: The field's name on the server, where Python's differs.
        unique: Whether the server refuses a second record with the same value (a unique index).
        index: Whether the server keeps an index, for quick queries.
        required: Whether the server refuses the zero value; by default only for relations without None.
        hidden: Whether only superusers may see it.
        presentable: Whether the dashboard shows it where the record is mentioned.
        max_size: The largest value in bytes, for files, editors and json.
        max_select: How many values a list may hold.
        min_select: How many values a relation list must hold.
        mime_types: The media types that a file may have.
        thumbs: The sizes of thumbnails that the server makes, such as `100x100`.
        protected: Whether a file needs a token to be read.
        cascade_delete: Whether deleting the related record deletes this one.
        only_domains: The domains that an email or address may have.
        except_domains: The domains that it may not have.
        autogenerate_pattern: A pattern of which the server makes a text that is not given.
        convert_urls: Whether the dashboard's editor makes file addresses relative.
        help: A hint that the dashboard shows beside the field; PocketBase 0.37 and later.
        id: The field's id on the server, where that is not the one that PocketBase makes of its kind and name.
        was: The name on the server that the field had, for `pbmodels.schema` to rename it with its values.
        server: More options of the server's field, by the API's own names.
        constraints: pydantic's: `min_length`, `max_length`, `pattern`, `ge`, `le`, `gt`, `lt`, ...

    Returns:
        What the class body assigns.

    Example:
        >>> class Note(Collection):
        ...     text: Field[str] = field(max_length=200)
        ...     delete_: Field[bool] = field(default=False, name="delete")
    """
    given: dict[str, Any] = {
        "required": required,
        "hidden": hidden or None,
        "presentable": presentable or None,
        "maxSize": max_size,
        "maxSelect": max_select,
        "minSelect": min_select,
        "mimeTypes": None if mime_types is None else list(mime_types),
        "thumbs": None if thumbs is None else list(thumbs),
        "protected": protected or None,
        "cascadeDelete": cascade_delete or None,
        "onlyDomains": None if only_domains is None else list(only_domains),
        "exceptDomains": None if except_domains is None else list(except_domains),
        "autogeneratePattern": autogenerate_pattern,
        "convertURLs": convert_urls or None,
        "help": help,
        **(server or {}),
    }
    options = Options(
        name=name,
        unique=unique,
        index=index,
        id=id,
        was=was,
        server={key: value for key, value in given.items() if value is not None},
    )
    info = (
        pydantic_field(default_factory=default_factory, **constraints)
        if default_factory is not None
        else pydantic_field(default, **constraints)
    )
    info.metadata.append(options)
    return info


def autodate(
    *,
    on_update: bool = False,
    on_create: bool = True,
    name: str | None = None,
    hidden: bool = False,
    presentable: bool = False,
    index: bool = False,
    id: str | None = None,
    was: str | None = None,
    server: Mapping[str, Any] | None = None,
    init: Literal[False] = False,
) -> Any:
    """A date that the server fills: at creation, or with `on_update` at every change.

    Args:
        on_update: Whether every change renews it.
        on_create: Whether the creation sets it.
        name: The field's name on the server, where Python's differs.
        hidden: Whether only superusers may see it.
        presentable: Whether the dashboard shows it where the record is mentioned.
        index: Whether the server keeps an index, for quick queries.
        id: The field's id on the server, as for `field()`.
        was: The name that the field had, as for `field()`.
        server: More options of the server's field, by the API's own names.
        init: Tells type checkers that it is no argument of the class.

    Example:
        >>> class Note(Collection):
        ...     created: Field[datetime] = autodate()
        ...     updated: Field[datetime] = autodate(on_update=True)
    """
    info: Any = pydantic_field(default=None)
    given = {"onCreate": None if on_create else False, "hidden": hidden or None, "presentable": presentable or None}
    options = Options(
        name=name,
        autodate="update" if on_update else "create",
        index=index,
        id=id,
        was=was,
        server={**{key: value for key, value in given.items() if value is not None}, **(server or {})},
    )
    info.metadata.append(options)
    return info


def back_relation(relation: str, *, init: Literal[False] = False) -> Any:
    """Say which relation a `BackRelation` is the other side of.

    Args:
        relation: The name of the relation field in the other model.
        init: Tells type checkers that it is no argument of the class.

    Example:
        >>> class Author(Collection):
        ...     books: BackRelation["Book"] = back_relation("author")
        >>> class Book(Collection):
        ...     title: Field[str]
        ...     author: Relation[Author]
        >>> str(Author.where(Author.books.title == "Emma"))
        'books_via_author.title ?= "Emma"'
    """
    return BackDeclaration(relation)
