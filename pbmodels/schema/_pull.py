"""`pull`: a server's collections as a file of models."""

from __future__ import annotations

import os
from collections.abc import Awaitable
from pathlib import Path
from typing import overload

from pbmodels.client import AsyncPocketBase, PocketBase
from pbmodels.schema._models_file import write_models
from pbmodels.schema._sources import collections_at

StrPath = str | os.PathLike[str]


@overload
def pull(source: PocketBase | StrPath, path: StrPath | None = ..., *, enums: bool = ..., write: bool = ...) -> str: ...
@overload
def pull(
    source: AsyncPocketBase, path: StrPath | None = ..., *, enums: bool = ..., write: bool = ...
) -> Awaitable[str]: ...
def pull(
    source: PocketBase | AsyncPocketBase | StrPath,
    path: StrPath | None = None,
    *,
    enums: bool = False,
    write: bool = True,
) -> str | Awaitable[str]:
    """Write a models file from a server's collections: fields, relations in both directions, rules, indexes, views.

    Another pull of the same collections changes nothing in it, and neither does `ruff format`. What stands there
    between the lines `# region own` and `# endregion` is kept, above the models, in them, and below them.

    Args:
        source: A client that is signed in as a superuser (an `AsyncPocketBase` gives something to await); or the path
            of a file that the dashboard exported, or of PocketBase's data folder, which is only read.
        path: The file; without, only the text is made.
        enums: Whether select fields become enums instead of `Literal`.
        write: Whether to write the file; without, it is only read, for what it keeps.

    Returns:
        The file's text.

    Raises:
        Forbidden: The client is not signed in as a superuser.
        ModelError: The file was not written by `pull`, a region in it does not end, or there are no collections where
            the source says.

    Example:
        >>> push(pb, Post, User, Comment)
        []
        >>> models = pull(pb)
        >>> print(models[models.index("class Comment") :])
        class Comment(Collection, collection="comments", rules=Rules()):
            text: Field[str] = field(default="")
            post: Relation[Post] = field(cascade_delete=True)
            author: Relation[User | None] = field(default=None)
        ...
    """
    if isinstance(source, (PocketBase, AsyncPocketBase)):
        return source.schema.pull(path, enums=enums, write=write)
    return write_models(collections_at(Path(source)), None if path is None else Path(path), enums=enums, write=write)
