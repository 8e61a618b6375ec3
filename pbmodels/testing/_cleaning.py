"""Making a server as it was: records away, collections back; what the fixture `pb` does around each test."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import Any

from pbmodels.client import BadRequest, PocketBase, Record
from pbmodels.client._token import owner


def clean(pb: PocketBase, collections: Iterable[str] | None = None) -> None:
    """Delete all records, files included, of the collections that have any; superusers only.

    Views and the server's own collections stay; of the superusers, only the one that is signed in does.

    Args:
        pb: A client that is signed in as superuser.
        collections: Which collections, by their names; all by default.

    Raises:
        BadRequest: Records require each other in a circle, so that none can be deleted first.

    Example:
        >>> post = Post.create(title="Hello")
        >>> clean(pb)
        >>> Post.count()
        0
    """
    if collections is None:
        names = [
            found.name
            for found in pb.collections.get_full_list(fields="name,type,system")
            if found["type"] != "view" and not found["system"]
        ]
        _other_superusers(pb)
    else:
        names = list(collections)
    waiting = [name for name in names if pb.collection(name).get_list(1, 1, fields="id", skip_total=True).items]
    while waiting:
        left, failure = _truncate(pb, waiting)
        if failure is not None and len(left) == len(waiting):
            raise failure
        waiting = left


def _truncate(pb: PocketBase, names: list[str]) -> tuple[list[str], BadRequest | None]:
    """Empty these collections; those that others still need are given back, with the server's word for the last."""
    left: list[str] = []
    failure = None
    for name in names:
        try:
            pb.collections.truncate(name)
        except BadRequest as error:  # a record of another collection requires one of these
            left.append(name)
            failure = error
    return left, failure


def _other_superusers(pb: PocketBase) -> None:
    _, mine = owner(pb.auth_store.token)
    for other in pb.superusers.get_full_list(fields="id", filter=pb.filter("id != {:mine}", mine=mine)):
        pb.superusers.delete(other.id)


@contextmanager
def same_collections(pb: PocketBase) -> Generator[None]:
    """Undo what happens to the server's collections inside the block: their records are not its business.

    Args:
        pb: A client that is signed in as superuser.
    """
    before = {found["id"]: found for found in pb.collections.get_full_list()}
    yield
    now = {found.id: found["updated"] for found in pb.collections.get_full_list(fields="id,updated")}
    _delete(pb, [id for id in now if id not in before])
    gone = [found for id, found in before.items() if id not in now]
    if gone:
        pb.collections.import_collections(gone)
    for id, found in before.items():
        if id in now and now[id] != found["updated"]:
            pb.collections.update(id, _settable(found))


def _delete(pb: PocketBase, ids: list[str]) -> None:
    """Delete collections, those that others relate to last."""
    while ids:
        left: list[str] = []
        failure: BadRequest | None = None
        for id in ids:
            try:
                pb.collections.delete(id)
            except BadRequest as error:
                left.append(id)
                failure = error
        if failure is not None and len(left) == len(ids):
            raise failure
        ids = left


def _settable(found: Record) -> dict[str, Any]:
    """A collection as the server takes it back."""
    return {key: value for key, value in found.items() if key not in ("created", "updated")}
