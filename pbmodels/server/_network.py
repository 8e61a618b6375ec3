"""Ports on the loopback interface, and the health question. Standard library only, proxies ignored."""

from __future__ import annotations

import http.client
import socket
import sys

HOST = "127.0.0.1"


def free_port() -> int:
    """A port of the loopback interface that nobody listens on at this moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def bind_problem(port: int) -> OSError | None:
    """Try to listen on a loopback port as the server will: None if that works, else why it does not."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        if sys.platform == "win32":
            # There, SO_REUSEADDR would let two programs share a port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            # As Go does: connections of a server that has just ended do not block its port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as problem:
            return problem
    return None


def is_healthy(port: int, timeout: float) -> bool:
    """Whether `GET /api/health` on a loopback port answers 200 within `timeout` seconds."""
    connection = http.client.HTTPConnection(HOST, port, timeout=timeout)
    try:
        connection.request("GET", "/api/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
