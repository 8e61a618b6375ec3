"""`diff` and `push`: the models laid over a server's collections, for sync and async code alike."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import TYPE_CHECKING, overload

from pbmodels.client import AsyncPocketBase, PocketBase
from pbmodels.models._errors import ModelError
from pbmodels.schema._diff import Diff

if TYPE_CHECKING:
    from pbmodels.models import Collection


@overload
def diff(
    pb: PocketBase, *models: type[Collection], exact: bool = ..., renames: Mapping[str, str] | None = ...
) -> Diff: ...
@overload
def diff(
    pb: AsyncPocketBase, *models: type[Collection], exact: bool = ..., renames: Mapping[str, str] | None = ...
) -> Awaitable[Diff]: ...
def diff(
    pb: PocketBase | AsyncPocketBase,
    *models: type[Collection],
    exact: bool = False,
    renames: Mapping[str, str] | None = None,
) -> Diff | Awaitable[Diff]:
    """What `push` would change, field by field, with how many records are at stake.

    Args:
        pb: A client that is signed in as a superuser; an `AsyncPocketBase` gives something to await.
        models: The models.
        exact: As in `push`.
        renames: As in `push`.

    Raises:
        Forbidden: The client is not signed in as a superuser.
        ModelError: The models do not fit together, or not the server.

    Example:
        >>> class Tag(Collection, collection="tags"):
        ...     name: Field[str] = field(max_length=50)
        >>> push(pb, Tag)
        ['tags']
        >>> Tag.create(name="a long name").is_new
        False
        >>> class Tag(Collection, collection="tags"):
        ...     name: Field[str] = field(max_length=5)
        >>> print(diff(pb, Tag))
        ~ tags
            ~ name
                ~ max  50 -> 5  (values that do not fit: 1 record)
    """
    return _client(pb).schema.diff(*models, exact=exact, renames=renames)


@overload
def push(
    pb: PocketBase,
    *models: type[Collection],
    exact: bool = ...,
    allow_data_loss: bool = ...,
    dry_run: bool = ...,
    renames: Mapping[str, str] | None = ...,
) -> list[str]: ...
@overload
def push(
    pb: AsyncPocketBase,
    *models: type[Collection],
    exact: bool = ...,
    allow_data_loss: bool = ...,
    dry_run: bool = ...,
    renames: Mapping[str, str] | None = ...,
) -> Awaitable[list[str]]: ...
def push(
    pb: PocketBase | AsyncPocketBase,
    *models: type[Collection],
    exact: bool = False,
    allow_data_loss: bool = False,
    dry_run: bool = False,
    renames: Mapping[str, str] | None = None,
) -> list[str] | Awaitable[list[str]]:
    """Bring the server's collections in line with the models, in one transaction.

    Models may relate to each other in any order, in circles too. What a model does not say stays as the server has
    it: fields that it does not name, options that `field()` does not give, rules without `rules=`, collections without
    a model. A new collection without rules is for superusers only. Several programs may push at once, as the workers of
    a web back end do when they start.

    Args:
        pb: A client that is signed in as a superuser; an `AsyncPocketBase` gives something to await.
        models: The models.
        exact: Take the models as the whole truth: other fields, indexes and collections go, and options that `field()`
            does not give get PocketBase's defaults. Rules and sign-in options still count only where a model has them.
        allow_data_loss: Go on where values would be lost, or records no longer fit.
        dry_run: Change nothing.
        renames: Names before and after: `{"articles": "posts", "posts.title": "headline"}`; `was=` says the same in
            the model.

    Returns:
        The names of the collections that were created or changed, or with `dry_run` would be.

    Raises:
        DataLoss: Values or a collection would be lost, or records no longer fit; the message counts them. Nothing was
            changed.
        Forbidden: The client is not signed in as a superuser.
        ModelError: The models do not fit together, or not the server. Nothing was changed.
        NotUnique: Records are alike that a new unique index would tell apart; the message counts them. Nothing was
            changed.
        SchemaConflict: Someone changed the collections at the same moment, and values are at stake; or again and again.
            Nothing was changed.
        ValidationFailed: The server refused a collection; `field_errors` says why. Nothing was changed.

    Example:
        >>> class Tag(Collection, collection="tags"):
        ...     name: Field[str] = field(max_length=50, unique=True)
        >>> push(pb, Tag)
        ['tags']
        >>> push(pb, Tag)
        []
    """
    return _client(pb).schema.push(
        *models, exact=exact, allow_data_loss=allow_data_loss, dry_run=dry_run, renames=renames
    )


def _client(pb: PocketBase | AsyncPocketBase) -> PocketBase | AsyncPocketBase:
    if not isinstance(pb, (PocketBase, AsyncPocketBase)):
        raise ModelError(f"the first argument must be a client, not {pb!r}: push(pb, Post)")
    return pb
