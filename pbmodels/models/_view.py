"""`ViewCollection`: models of what the server computes by SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pbmodels.client import AsyncPocketBase, PocketBase
from pbmodels.models._collection import Collection
from pbmodels.models._rules import Rules


class ViewCollection(Collection):
    """A collection that the server computes from others by an SQL query: its records are read, never written.

    `create`, `save` and `delete` raise `ModelError`, and so do the verbs that come down to them.

    Class arguments: those of `Collection`, and

        query: The SELECT that it shows; one of its columns must be called `id`.

    Example:
        >>> class Total(ViewCollection, collection="totals"):
        ...     posts: Field[int]
        >>> Total(posts=3).save()
        Traceback (most recent call last):
        ...
        ModelError: 'totals' is a view, which the server computes from other collections: write to those instead
    """

    __is_view__ = True

    if TYPE_CHECKING:

        def __init_subclass__(
            cls,
            *,
            collection: str | None = None,
            client: PocketBase | AsyncPocketBase | None = None,
            rules: Rules | None = None,
            collection_id: str | None = None,
            was: str | None = None,
            abstract: bool = False,
            query: str | None = None,
            **kwargs: Any,
        ) -> None: ...
