"""Which client a model uses: `using(pb)`, else the class's own, else the one from `connect`."""

from __future__ import annotations

import os
import threading
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from pbmodels.client import AsyncPocketBase, PocketBase
from pbmodels.models._errors import ModelError, NotConnected

if TYPE_CHECKING:
    from pbmodels.models._collection import Collection

AnyClient = PocketBase | AsyncPocketBase
C = TypeVar("C", PocketBase, AsyncPocketBase)

_current: ContextVar[AnyClient | None] = ContextVar("pbmodels_client", default=None)
_default: AnyClient | None = None
_lock = threading.Lock()


def connect(server: str | PocketBase | None = None, **options: Any) -> PocketBase:
    """Set the client that all models use by default.

    Args:
        server: The server's address, or a client; without one the environment variable PBMODELS_URL.
        options: Arguments for `PocketBase`, when `server` is an address.

    Returns:
        The client.

    Raises:
        NotConnected: Neither an address nor PBMODELS_URL is there.
        InvalidRequest: The address is none.

    Example:
        >>> pb = connect("http://127.0.0.1:8090")
        >>> pb.url
        'http://127.0.0.1:8090'
    """
    global _default
    if isinstance(server, PocketBase):
        client = server
    else:
        address = server or os.environ.get("PBMODELS_URL")
        if not address:
            raise NotConnected(
                "connect() needs the server's address: connect('http://127.0.0.1:8090'), or set PBMODELS_URL"
            )
        client = PocketBase(address, **options)
    with _lock:
        _default = client
    return client


@contextmanager
def connected(client: PocketBase) -> Generator[PocketBase]:
    """Let `connect` have set this client inside the block, in all threads and tasks; for tests."""
    global _default
    before = _default
    _default = client
    try:
        yield client
    finally:
        _default = before


@contextmanager
def using(client: C) -> Generator[C]:
    """Use a client for all models inside a `with` block, in this thread or task only.

    For web back ends: a client per request, signed in as the user who asks.

    Args:
        client: A `PocketBase`, or an `AsyncPocketBase` for code that only uses `.aio`.

    Raises:
        NotConnected: It is no client.

    Example:
        >>> with using(pb):
        ...     Post.where(Post.status == True).count()
        0
    """
    if not isinstance(client, (PocketBase, AsyncPocketBase)):
        raise NotConnected(f"using() takes a PocketBase or an AsyncPocketBase, not {type(client).__name__}")
    token = _current.set(client)
    try:
        yield client
    finally:
        _current.reset(token)


def refuse_abstract(model: type[Collection]) -> None:
    """Raise `ModelError` where a class is no collection but a base of some."""
    if model.__dict__.get("__is_abstract__"):
        raise ModelError(f"{model.__name__} is abstract, so it has no records: use a class that is derived from it")


def client_of(model: type[Collection]) -> AnyClient:
    """The client of a call on this model.

    Raises:
        NotConnected: There is none.
        ModelError: The model is abstract.
    """
    global _default
    refuse_abstract(model)
    client = _current.get() or model.__client__ or _default
    if client is None:
        if os.environ.get("PBMODELS_URL"):
            return connect()
        raise NotConnected(
            f"{model.__name__} has no client: call connect('http://127.0.0.1:8090') or set PBMODELS_URL, "
            "work inside `with using(pb):`, or declare the class with client=pb"
        )
    return client


@dataclass(frozen=True)
class Carried:
    """An address and a token that a query takes along to another process.

    Attributes:
        url: The server's address.
        token: The token of who was signed in.
    """

    url: str
    token: str = field(repr=False)


@lru_cache(maxsize=8)
def _client_for(carried: Carried) -> PocketBase:
    """One client for all queries of a process that carry the same."""
    client = PocketBase(carried.url)
    client.auth_store.save(carried.token)
    return client


def sync_client(model: type[Collection], carried: Carried | None = None) -> PocketBase:
    """The client of a sync call; what a query carries comes first."""
    client = client_of(model) if carried is None else _client_for(carried)
    if isinstance(client, AsyncPocketBase):
        raise NotConnected(
            f"{model.__name__} has an AsyncPocketBase, which cannot be used without await: "
            "use the model's .aio, or give it a PocketBase"
        )
    return client


def async_client(model: type[Collection], carried: Carried | None = None) -> AsyncPocketBase:
    """The client of an async call; what a query carries comes first."""
    client = client_of(model) if carried is None else _client_for(carried)
    return client if isinstance(client, AsyncPocketBase) else client.aio
