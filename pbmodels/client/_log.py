"""The logger `pbmodels`: a line for each request, repeat and sign-in. No query, header or body is in any of them."""

from __future__ import annotations

import logging
import time

log = logging.getLogger("pbmodels")


def clock() -> float:
    """When a request began, 0.0 when nobody reads of it."""
    return time.perf_counter() if log.isEnabledFor(logging.INFO) else 0.0


def note(method: str, path: str, status: int, began: float, failure: BaseException | None = None) -> None:
    """Write down one request that is over.

    Args:
        method: Its method.
        path: Its path; a query behind it is left out.
        status: The answer's status, 0 without one.
        began: What `clock` gave.
        failure: Why there was no answer.
    """
    milliseconds = (time.perf_counter() - began) * 1000
    path = path.partition("?")[0]
    facts = {"method": method, "path": path, "status": status, "milliseconds": milliseconds}
    outcome = status or type(failure).__name__
    log.info("%s %s %s %.1f ms", method, path, outcome, milliseconds, extra=facts)
