"""The one point where the layer above plugs in: how to make a signed-in client.

`PocketBaseServer.client()` hands out clients, yet this layer must not import them. So the client layer
registers its factory here when it is imported; the first client that is asked for has it imported, by name.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from ._errors import EmbeddedServerError

if TYPE_CHECKING:
    from pbmodels.client import PocketBase

ClientFactory: TypeAlias = "Callable[[str, str, str], PocketBase]"

_factory: ClientFactory | None = None


def register_client_factory(factory: ClientFactory) -> None:
    """Set what `PocketBaseServer.client()` calls.

    Args:
        factory: called with the server's URL, the superuser's email and password; returns a client that is
            signed in as that superuser. The last one registered counts.

    Example:
        >>> from pbmodels import PocketBase
        >>> def signed_in(url: str, email: str, password: str) -> PocketBase:
        ...     pb = PocketBase(url)
        ...     pb.superusers.auth_with_password(email, password)
        ...     return pb
        >>> register_client_factory(signed_in)
    """
    global _factory
    _factory = factory


def make_client(url: str, email: str, password: str) -> PocketBase:
    """A new client, signed in, from the registered factory.

    Raises:
        EmbeddedServerError: the client layer has not been imported.
    """
    if _factory is None:
        importlib.import_module("pbmodels.client")
    if _factory is None:
        raise EmbeddedServerError("The client layer is not loaded; `import pbmodels` first.")
    return _factory(url, email, password)
