"""People for tests: records of an auth collection, each with a client that is signed in as them."""

from __future__ import annotations

import secrets
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pbmodels.client import PocketBase, Record
from pbmodels.models import AuthCollection, Collection, using
from pbmodels.testing._factory import Factory


@dataclass(frozen=True)
class SignedIn:
    """Someone who is signed in.

    Attributes:
        record: Their record: an instance of the model of their collection, or a `Record` without one.
        client: A client that is signed in as them.
        email: Their email address.
        password: Their password.
    """

    record: Any
    client: PocketBase
    email: str
    password: str = field(repr=False)

    @property
    def id(self) -> str:
        """The record's id."""
        return str(self.record.id)

    @contextmanager
    def acting(self) -> Generator[PocketBase]:
        """Let all models act as them inside the block: API rules apply."""
        with using(self.client):
            yield self.client


class Users:
    """Makes people on demand; asked for the same name again, it gives the same one.

    Args:
        pb: A client that is signed in as superuser.
        models: The program's models: where one is of the collection, records are its instances.

    Example:
        >>> users = Users(pb, [User])
        >>> ann = users("ann", name="Ann")
        >>> ann.record.name, ann.client.auth_store.record.email == ann.email
        ('Ann', True)
        >>> users("ann") is ann
        True
        >>> users.close()
    """

    def __init__(self, pb: PocketBase, models: Sequence[type[Collection]] = ()) -> None:
        self._pb = pb
        self._models = {model.__collection__: model for model in models if issubclass(model, AuthCollection)}
        self._known: dict[tuple[str, str], SignedIn] = {}

    def __call__(self, name: str = "someone", /, *, collection: str = "users", **values: Any) -> SignedIn:
        """The one with this name, made at the first call.

        Args:
            name: What the test calls them; their email address begins with it.
            collection: Their auth collection.
            values: More values of their record.

        Raises:
            InvalidRecord: A value does not fit the model.
            ValidationFailed: The server refused a value.
        """
        key = (collection, name)
        if key not in self._known:
            self._known[key] = self._make(name, collection, values)
        return self._known[key]

    def close(self) -> None:
        """Close the clients."""
        for each in self._known.values():
            each.client.close()

    def _make(self, name: str, collection: str, values: dict[str, Any]) -> SignedIn:
        given = {"email": f"{name}@example.com", "password": secrets.token_hex(8), "verified": True, **values}
        model = self._models.get(collection)
        record: Collection | Record
        if model is None:
            record = self._pb.collection(collection).create({**given, "passwordConfirm": given["password"]})
        else:
            with using(self._pb):
                record = Factory(model).create(**given)
        # Signing in by password is slow on purpose; this is not.
        client = self._pb.collection(collection).impersonate(record.id)
        return SignedIn(record, client, str(given["email"]), str(given["password"]))
