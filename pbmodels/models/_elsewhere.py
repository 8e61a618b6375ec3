"""Records that no relation of a model leads to: of another collection, or behind a relation that leads here."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, overload

from pbmodels._errors import FilterError
from pbmodels.models._paths import RecordsExpr, RelationExpr
from pbmodels.query import Kind, OpenRecords, Path, back_path, records_path

if TYPE_CHECKING:
    from pbmodels.models._collection import Collection

M = TypeVar("M", bound="Collection")


@overload
def collection(of: type[M], *, alias: str | None = None) -> type[M]: ...
@overload
def collection(of: str, *, alias: str | None = None) -> OpenRecords: ...
def collection(of: Any, *, alias: str | None = None) -> Any:
    """The records of any collection, whatever they have to do with the one that is asked.

    It is for API rules; in queries, it is for superusers.
    A comparison is true if it is for any of the records; comparisons joined by `&` speak of the same one.

    | you write | it sends |
    |---|---|
    | `collection("teams").owner == request.auth.id` | `@collection.teams.owner ?= @request.auth.id` |
    | `collection(Comment).post == Post.id` | `@collection.comments.post ?= id` |

    Args:
        of: The collection's name, or its model, whose fields are known then.
        alias: A name of your own, to ask two records of the same collection in one filter.

    Raises:
        FilterError: The name or the alias cannot be one.
    """
    if isinstance(of, str):
        return OpenRecords(records_path(of, alias))
    return RecordsExpr(records_path(of.__collection__, alias, Kind.RELATION), partial(_itself, of))


@overload
def back(of: type[M], field: str, *, behind: Any = None) -> type[M]: ...
@overload
def back(of: str, field: str, *, behind: Any = None) -> OpenRecords: ...
def back(of: Any, field: str, *, behind: Any = None) -> Any:
    """The records of another collection whose relation leads here, where the model declares no `BackRelation`.

    | you write | it sends |
    |---|---|
    | `back("comments", "post").text == "x"` | `comments_via_post.text ?= "x"` |
    | `back(Comment, "post").author.name == "Ann"` | `comments_via_post.author.name ?= "Ann"` |
    | `back("posts", "author", behind=Post.author).title == "x"` | `author.posts_via_author.title ?= "x"` |

    Args:
        of: The other collection's name, or its model, whose fields are known then.
        field: The relation's name.
        behind: The relation that the path goes through first, such as `Post.author`.

    Raises:
        FilterError: The name or the field cannot be one, or `behind` is no relation.
    """
    before: Path | None = None
    if behind is not None:
        if not isinstance(behind, RelationExpr):
            raise FilterError(f"back(behind=...) takes a relation such as Post.author, not {behind!r}")
        before = behind._path
    if isinstance(of, str):
        return OpenRecords(back_path(of, field, before))
    return RecordsExpr(back_path(of.__collection__, _relation(of, field), before, Kind.RELATION), partial(_itself, of))


def _itself(model: type[M]) -> type[M]:
    """What leads to the records' model; a lambda could not be pickled."""
    return model


def _relation(model: type[Collection], field: str) -> str:
    from pbmodels.models._specs import specs_of

    spec = specs_of(model).get(field)
    if spec is None or spec.kind is not Kind.RELATION:
        raise FilterError(f"back({model.__name__}, {field!r}): {model.__name__} has no relation of that name")
    return spec.server_name
