"""Who wants to see the requests of the code that runs here, in this thread or task."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar

import httpx

tracing: ContextVar[Callable[[httpx.Request], None] | None] = ContextVar("pbmodels_tracing", default=None)
"""Told of each request before it is sent."""
