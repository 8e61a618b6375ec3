"""`migrate`: what models change, as a migration that PocketBase applies by itself."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, overload

from pbmodels.client import AsyncPocketBase, PocketBase
from pbmodels.schema._describe import distinct, intent_of
from pbmodels.schema._migration import write_migration
from pbmodels.schema._pending import pending_in
from pbmodels.schema._plan import planned
from pbmodels.schema._sources import applied_at, collections_at

if TYPE_CHECKING:
    from pbmodels.models import Collection

StrPath = str | os.PathLike[str]


@overload
def migrate(
    source: PocketBase | StrPath,
    *models: type[Collection],
    folder: StrPath,
    name: str | None = ...,
    exact: bool = ...,
    renames: Mapping[str, str] | None = ...,
) -> Path | None: ...
@overload
def migrate(
    source: AsyncPocketBase,
    *models: type[Collection],
    folder: StrPath,
    name: str | None = ...,
    exact: bool = ...,
    renames: Mapping[str, str] | None = ...,
) -> Awaitable[Path | None]: ...
def migrate(
    source: PocketBase | AsyncPocketBase | StrPath,
    *models: type[Collection],
    folder: StrPath,
    name: str | None = None,
    exact: bool = False,
    renames: Mapping[str, str] | None = None,
) -> Path | Awaitable[Path | None] | None:
    """Write what `push` would change as a migration in JavaScript, with up and down, and change nothing else.

    PocketBase applies it when it starts next with the folder as its `pb_migrations`, and takes it back with
    `pocketbase migrate down 1`; values that a change dropped do not come back. Its first lines tell what it changes,
    with the number of records whose values are at stake.

    Migrations that this function wrote into the folder, and that the source has not applied yet, count as if it had:
    the new one goes on from there, without such numbers.

    Args:
        source: What the models are compared with: a client that is signed in as a superuser (an `AsyncPocketBase`
            gives something to await), or the path of an export or a data folder, as in `pull`.
        models: The models.
        folder: Where migrations are, usually `pb_migrations`; it is made if missing.
        name: What the migration does, for the file's name, which begins with the time.
        exact: As in `push`.
        renames: As in `push`.

    Returns:
        The file; the last one there when those that wait say it all; None when nothing differs.

    Raises:
        Forbidden: The client is not signed in as a superuser.
        ModelError: The models do not fit together, or not the server; or the folder has migrations of others that the
            source has not applied, so that nobody can say what the new one begins with.

    Example:
        >>> class Tag(Collection, collection="tags"):
        ...     name: Field[str] = field(max_length=50)
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     file = migrate(pb, Tag, folder=folder)
        ...     again = migrate(pb, Tag, folder=folder)
        >>> file.name, again == file
        ('..._created_tags.js', True)
    """
    if isinstance(source, (PocketBase, AsyncPocketBase)):
        return source.schema.migrate(*models, folder=folder, name=name, exact=exact, renames=renames)
    intents = [intent_of(model) for model in distinct(models)]
    pending = pending_in(Path(folder), collections_at(Path(source)), applied_at(Path(source)))
    after = planned(pending.after, intents, exact=exact, renames=renames)
    return write_migration(pending, after, name)
