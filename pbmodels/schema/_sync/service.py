# Generated from pbmodels/schema/_async/service.py by .ci/unasync.py: edit that file and run `make generate`.
"""`pb.schema`: models and a server's collections in step, with the client that it belongs to."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pbmodels.client import PocketBase
from pbmodels.schema._defaults import Json
from pbmodels.schema._describe import describe
from pbmodels.schema._diff import Diff
from pbmodels.schema._models_file import write_models
from pbmodels.schema._sync import steps

if TYPE_CHECKING:
    from pbmodels.models import Collection

StrPath = str | os.PathLike[str]


class SchemaService:
    """Models and the server's collections in step; superusers only.

    What the functions of `pbmodels.schema` do with a client, `pb.schema` does with its own: `push(pb, Post)` and
    `pb.schema.push(Post)` are the same. The functions' documentation has all that these take and raise.

    Example:
        >>> class Tag(Collection, collection="tags"):
        ...     name: Field[str] = field(max_length=50)
        >>> pb.schema.push(Tag)
        ['tags']
    """

    def __init__(self, client: PocketBase) -> None:
        self._client = client

    def describe(self, model: type[Collection]) -> Json:
        """A model's collection as PocketBase's API describes it; nothing is asked.

        Args:
            model: The model.

        Raises:
            ModelError: The model cannot be a collection; the message says what to change.

        Example:
            >>> pb.schema.describe(Post)["name"]
            'posts'
        """
        return describe(model)

    def diff(self, *models: type[Collection], exact: bool = False, renames: Mapping[str, str] | None = None) -> Diff:
        """What `push` would change, field by field, with how many records are at stake.

        Args:
            models: The models.
            exact: As in `push`.
            renames: As in `push`.

        Raises:
            Forbidden: The client is not signed in as a superuser.
            ModelError: The models do not fit together, or not the server.

        Example:
            >>> class Tag(Collection, collection="tags"):
            ...     name: Field[str] = field(max_length=50)
            >>> print(pb.schema.diff(Tag))
            + tags  base collection
                + name  text max=50
        """
        return (steps.difference(self._client, models, exact=exact, renames=renames))[0]

    def push(
        self,
        *models: type[Collection],
        exact: bool = False,
        allow_data_loss: bool = False,
        dry_run: bool = False,
        renames: Mapping[str, str] | None = None,
    ) -> list[str]:
        """Bring the server's collections in line with the models, in one transaction.

        Args:
            models: The models.
            exact: Take the models as the whole truth: what they do not name goes.
            allow_data_loss: Go on where values would be lost, or records no longer fit.
            dry_run: Change nothing.
            renames: Names before and after: `{"articles": "posts", "posts.title": "headline"}`.

        Returns:
            The names of the collections that were created or changed, or with `dry_run` would be.

        Raises:
            DataLoss: Values or a collection would be lost, or records no longer fit. Nothing was changed.
            Forbidden: The client is not signed in as a superuser.
            ModelError: The models do not fit together, or not the server. Nothing was changed.
            NotUnique: Records are alike that a new unique index would tell apart. Nothing was changed.
            SchemaConflict: Someone changed the collections at the same moment. Nothing was changed.
            ValidationFailed: The server refused a collection. Nothing was changed.

        Example:
            >>> class Tag(Collection, collection="tags"):
            ...     name: Field[str] = field(max_length=50)
            >>> pb.schema.push(Tag), pb.schema.push(Tag)
            (['tags'], [])
        """
        return steps.push(
            self._client, models, exact=exact, allow_data_loss=allow_data_loss, dry_run=dry_run, renames=renames
        )

    def pull(self, path: StrPath | None = None, *, enums: bool = False, write: bool = True) -> str:
        """Write a models file from the server's collections.

        Args:
            path: The file; without, only the text is made.
            enums: Whether select fields become enums instead of `Literal`.
            write: Whether to write the file; without, it is only read, for what it keeps.

        Returns:
            The file's text.

        Raises:
            Forbidden: The client is not signed in as a superuser.
            ModelError: The file was not written by `pull`, or a region in it does not end.

        Example:
            >>> models = pb.schema.pull()
            >>> "class Post(Collection, collection=" in models
            True
        """
        file = None if path is None else Path(path)
        return write_models(steps.collections_of(self._client), file, enums=enums, write=write)

    def migrate(
        self,
        *models: type[Collection],
        folder: StrPath,
        name: str | None = None,
        exact: bool = False,
        renames: Mapping[str, str] | None = None,
    ) -> Path | None:
        """Write what `push` would change as one of PocketBase's own migrations, and change nothing else.

        Args:
            models: The models.
            folder: Where migrations are, usually `pb_migrations`; it is made if missing.
            name: What the migration does, for the file's name, which begins with the time.
            exact: As in `push`.
            renames: As in `push`.

        Returns:
            The file; the last one there when those that are not applied say it all; None when nothing differs.

        Raises:
            Forbidden: The client is not signed in as a superuser.
            ModelError: The models do not fit together, or not the server.

        Example:
            >>> from tempfile import TemporaryDirectory
            >>> class Tag(Collection, collection="tags"):
            ...     name: Field[str] = field(max_length=50)
            >>> with TemporaryDirectory() as folder:
            ...     file = pb.schema.migrate(Tag, folder=folder)
            >>> file.name
            '..._created_tags.js'
        """
        return steps.migrate(self._client, models, folder=Path(folder), name=name, exact=exact, renames=renames)
