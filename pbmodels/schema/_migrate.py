"""`migrate`: what models change, as a migration that PocketBase applies by itself."""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, overload

from pbmodels.client import AsyncPocketBase, PocketBase
from pbmodels.schema._async import steps as async_steps
from pbmodels.schema._defaults import Json
from pbmodels.schema._describe import distinct, intent_of
from pbmodels.schema._diff import Diff, compared
from pbmodels.schema._migration import migration, migration_name, migration_path, written_before
from pbmodels.schema._plan import planned
from pbmodels.schema._sources import collections_at
from pbmodels.schema._sync import steps

if TYPE_CHECKING:
    from pbmodels.models import Collection

StrPath = str | os.PathLike[str]
States = tuple[Diff, Sequence[Json], Sequence[Json]]


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

    Args:
        source: What the models are compared with: a client that is signed in as a superuser (an `AsyncPocketBase`
            gives something to await), or the path of an export or a data folder, as in `pull`.
        models: The models.
        folder: Where migrations are, usually `pb_migrations`; it is made if missing.
        name: What the migration does, for the file's name, which begins with the time.
        exact: As in `push`.
        renames: As in `push`.

    Returns:
        The file, also when one with the same migration was there already; None when nothing differs.

    Raises:
        Forbidden: The client is not signed in as a superuser.
        ModelError: The models do not fit together, or not the server.

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
    place = Path(folder)
    if isinstance(source, AsyncPocketBase):
        return _compared(source, models, exact, renames, place, name)
    if isinstance(source, PocketBase):
        states: States = steps.difference(source, models, exact=exact, renames=renames)
    else:
        before = collections_at(Path(source))
        intents = [intent_of(model) for model in distinct(models)]
        after = planned(before, intents, exact=exact, renames=renames)
        states = compared(before, after), before, after
    return _written(states, place, name)


async def _compared(
    pb: AsyncPocketBase,
    models: Sequence[type[Collection]],
    exact: bool,
    renames: Mapping[str, str] | None,
    folder: Path,
    name: str | None,
) -> Path | None:
    return _written(await async_steps.difference(pb, models, exact=exact, renames=renames), folder, name)


def _written(states: States, folder: Path, name: str | None) -> Path | None:
    found, before, after = states
    if not found:
        return None
    text = migration(found, before, after)
    folder.mkdir(parents=True, exist_ok=True)
    there = written_before(folder, text)
    if there is not None:
        return there
    file = migration_path(folder, name or migration_name(found), int(time.time()))
    file.write_text(text, "utf-8")
    return file
