"""The checks of `pbmodels doctor`: each asks the server one thing and says what it found and what to do."""

from __future__ import annotations

import enum
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from pbmodels._errors import PocketBaseError
from pbmodels.client import PocketBase
from pbmodels.client._request import Call

OLDEST = (0, 23)
"""The oldest version of PocketBase that pbmodels works with."""

TOLERANCE = 5.0
"""Seconds that the clocks of server and client may differ by."""

_WRITES = {"createRule": "create", "updateRule": "change", "deleteRule": "delete", "manageRule": "manage"}
_VERSION = re.compile(rb"PocketBase v(\d+)\.(\d+)\.(\d+)")


class State(enum.StrEnum):
    """How a check ended."""

    GOOD = "ok"
    NOTE = "note"
    PROBLEM = "problem"
    FAILED = "failed"


@dataclass(frozen=True)
class Finding:
    """The end of one check."""

    check: str
    state: State
    message: str


def check_up(pb: PocketBase) -> Iterator[Finding]:
    """All checks, one after another; only the first when the server is not reached."""
    clock = _Clock()
    pb.after_send = clock
    start = time.perf_counter()
    try:
        pb.send("/api/health")
    except PocketBaseError as error:
        yield Finding("server", State.FAILED, str(error))
        return
    yield Finding("server", State.GOOD, f"{pb.url} answers in {(time.perf_counter() - start) * 1000:.0f} ms")
    yield _version(pb)
    yield clock.finding()
    try:
        collections = pb.collections.get_full_list()
        settings = pb.settings.get_all()
    except PocketBaseError as error:
        yield _not_superuser(pb, error)
        return
    yield Finding("sign-in", State.GOOD, f"signed in as superuser {_who(pb)}".rstrip())
    yield _batches(settings["batch"])
    yield from _rules(collections)


class _Clock:
    """Compares the dates of the server's answers with this machine's clock, as an `after_send` hook."""

    def __init__(self) -> None:
        self.skew: float | None = None

    def __call__(self, response: httpx.Response) -> None:
        if "date" in response.headers and self.skew is None:
            # The header has whole seconds, cut off: on average half a second has passed since.
            self.skew = parsedate_to_datetime(response.headers["date"]).timestamp() + 0.5 - time.time()

    def finding(self) -> Finding:
        if self.skew is None:
            return Finding("clock", State.NOTE, "the server's answers carry no date")
        if abs(self.skew) <= TOLERANCE:
            return Finding("clock", State.GOOD, "the server's clock and this machine's agree")
        way = "ahead of" if self.skew > 0 else "behind"
        return Finding(
            "clock",
            State.PROBLEM,
            f"the server's clock is {abs(self.skew):.0f} seconds {way} this machine's; set them by NTP: "
            "dates in filters and the life of tokens are off by that much",
        )


def _version(pb: PocketBase) -> Finding:
    version = server_version(pb)
    if version is None:
        return Finding("version", State.NOTE, "unknown: the dashboard, which tells it, is not served")
    text = f"PocketBase {'.'.join(map(str, version))}"
    if version < OLDEST:
        return Finding("version", State.PROBLEM, f"{text} is too old: pbmodels needs 0.23 or later; update the server")
    return Finding("version", State.GOOD, text)


def server_version(pb: PocketBase) -> tuple[int, int, int] | None:
    """The server's version, which only its dashboard tells; None where that is not served."""
    try:
        with PocketBase(pb.url) as guest:
            page = guest.execute(Call("GET", "/_/"))
            for script in re.findall(rb'src="\./(assets/[\w.-]+\.js)"', page):
                if found := _VERSION.search(guest.execute(Call("GET", f"/_/{script.decode()}"))):
                    major, minor, patch = (int(part) for part in found.groups())
                    return major, minor, patch
    except PocketBaseError:
        pass
    return None


def _not_superuser(pb: PocketBase, error: PocketBaseError) -> Finding:
    status = getattr(error, "status", 0)
    if status in (401, 403):
        who = f"signed in as {_who(pb)}, no superuser" if pb.auth_store.token else "nobody is signed in"
        return Finding(
            "sign-in", State.NOTE, f"{who}: give --identity of a superuser to check the settings and API rules too"
        )
    return Finding("sign-in", State.FAILED, str(error))


def _who(pb: PocketBase) -> str:
    record = pb.auth_store.record
    return "" if record is None else record.get_str("email") or record.id


def _batches(batch: Mapping[str, Any]) -> Finding:
    if not batch["enabled"]:
        return Finding(
            "batches", State.NOTE, "off: bulk writes take a request each; turn them on in the dashboard's settings"
        )
    return Finding("batches", State.GOOD, f"on, {batch['maxRequests']} requests at most")


def _rules(collections: list[Any]) -> Iterator[Finding]:
    open_ones = False
    for collection in collections:
        verbs = [verb for rule, verb in _WRITES.items() if collection.get(rule) == "" and collection["type"] != "view"]
        if collection["type"] == "auth" and "create" in verbs:
            verbs.remove("create")
            yield Finding("rules", State.NOTE, f"{collection['name']}: anyone may sign up")
        if verbs:
            open_ones = True
            yield Finding(
                "rules",
                State.PROBLEM,
                f"{collection['name']}: anyone may {' and '.join(verbs)} records; set an API rule, "
                'such as @request.auth.id != ""',
            )
    if not open_ones:
        yield Finding("rules", State.GOOD, "no collection lets anyone write")
