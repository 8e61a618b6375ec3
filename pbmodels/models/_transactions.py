"""Which servers allow no batches, as far as this process has met their refusal; no I/O.

PocketBase reads a record, changes it and writes all of it: what another request writes in between is lost, even of
other fields. Batches alone are transactions, of which it runs one after the other. So what is to be added to a
record, or taken from it, goes as a batch of one.
"""

from __future__ import annotations

import logging
import time

AGAIN = 60.0
"""Seconds after which a server that allowed none is asked again."""

log = logging.getLogger("pbmodels")
_refused: dict[str, float] = {}


def may_allow_batches(url: str) -> bool:
    """Whether a batch is worth a try."""
    return time.monotonic() - _refused.get(url, -AGAIN) >= AGAIN


def allows_no_batches(url: str) -> None:
    """Remember that a server refused one, and say once what that means."""
    if url not in _refused:
        log.warning(
            "the server at %s allows no batches, so what is added to a record, or taken from it, is no transaction: of "
            "two such changes at the very same moment one can be lost; a superuser can turn on settings.batch",
            url,
        )
    _refused[url] = time.monotonic()
