"""The embedded PocketBase: the real server as a child process of this program.

Standard library only. This is the lowest layer: it starts, watches and ends a process, and knows nothing of
the client or the models above it.
"""

from ._binary import find_binary
from ._clients import register_client_factory
from ._errors import (
    EmbeddedServerError,
    PortInUse,
    ServerBinaryNotFound,
    ServerNotRunning,
    ServerStartError,
)
from ._server import PocketBaseServer

__all__ = [
    "EmbeddedServerError",
    "PocketBaseServer",
    "PortInUse",
    "ServerBinaryNotFound",
    "ServerNotRunning",
    "ServerStartError",
    "find_binary",
    "register_client_factory",
]
