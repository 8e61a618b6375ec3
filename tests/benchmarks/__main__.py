"""`python -m tests.benchmarks`: prints ratios, asserts nothing."""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
from contextlib import ExitStack
from importlib.metadata import version

import httpx
from pocketbase import PocketBase as PyPIPocketBase
from rich import box
from rich.console import Console
from rich.table import Table as Grid

from tests.benchmarks import beside_pydantic, contests
from tests.benchmarks.dataset import stocked_server
from tests.benchmarks.javascript import javascript
from tests.benchmarks.memory import memory
from tests.benchmarks.rounds import Contestant, compete
from tests.javascript_sdk import Missing

TITLES = {
    "read": "Reading {records:,} records, 1000 a page",
    "get": "One GET by id, kept connection",
    "side": f"{contests.SIDE_BY_SIDE} GETs by id, side by side",
    "create": "One create, kept connection",
    "filter": "Building and compiling a filter of four terms",
    "bulk": f"Creating {contests.BULK:,} records by batches",
    "export": "Exporting {records:,} records to a file",
    "attribute": "Reading an attribute of a loaded record, a thousand times",
    "record": "Memory of a loaded record",
}
WANTED = {
    "read": "Wanted: typed records at most 1.0 x httpx and 0.33 x PyPI.",
    "get": "Wanted: at most 0.85 x httpx, and less than npm pocketbase.",
    "side": "Wanted: at most 0.25 x httpx with aiohttp, 1.0 x without.",
    "create": "Wanted: at most 0.85 x httpx by the client, and less than npm pocketbase.",
    "filter": "Wanted: built and compiled in at most 0.015 ms.",
    "bulk": "Wanted: at most 1.25 x by hand, which is 0.8 x its rate.",
    "export": "Wanted: at most 1.25 x httpx, which is 0.8 x its rate; JSON lines.",
    "attribute": "Wanted: what it costs on the pydantic model.",
    "record": "Wanted: at most 1.15 x the pydantic model.",
}
TURNS = {"read": 1, "get": 8, "side": 4, "create": 8, "filter": 8, "bulk": 1, "export": 1, "attribute": 4}
"""Rounds of the short jobs for each round of the long one."""


def main() -> None:
    """Read the options, run the contests, print their tables."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument(
        "--rounds", type=int, default=9, help="rounds of the read; single requests have 8 times as many"
    )
    parser.add_argument("--records", type=int, default=20_000, help="records to read")
    parser.add_argument("--only", choices=[*TITLES, "memory"], help="one of them instead of all")
    options = parser.parse_args()
    if options.rounds < 1 or options.records < 1:
        parser.error("--rounds and --records are at least 1")
    console = Console(highlight=False)
    with ExitStack() as stack:
        server, pb, ids = stack.enter_context(stocked_server(options.records))
        token = pb.auth_store.token
        peer = PyPIPocketBase(server.url)
        peer.auth_store.save(token, None)
        skipped, node = "", None
        try:
            node = stack.enter_context(javascript(server.url, token))
        except Missing as reason:
            skipped = f"npm pocketbase: {reason}"
        table = contests.Table(
            url=server.url,
            http=stack.enter_context(httpx.Client(headers={"Authorization": token}, timeout=30)),
            pb=pb,
            peer=peer,
            node=node,
            loop=stack.enter_context(asyncio.Runner()),
            records=options.records,
            ids=ids,
            ending=stack,
        )
        libraries = ", ".join(f"{name} {version(name)}" for name in ("pbmodels", "httpx", "pydantic", "pocketbase"))
        console.print(f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, ", end="")
        console.print(f"{os.cpu_count()} cores; PocketBase server {server.version}", soft_wrap=True)
        console.print(f"{libraries}, npm pocketbase {node.version if node else 'none'}", soft_wrap=True)
        if skipped:
            console.print(skipped)
        for job in [options.only] if options.only else [*TITLES, "memory"]:
            if job in ("memory", "record"):
                console.print()
                console.print(memory(pb, options.records) if job == "memory" else record_grid())
                continue
            contestants = beside_pydantic.attribute() if job == "attribute" else getattr(contests, job)(table)
            rounds = options.rounds * TURNS[job]
            compete(contestants, rounds, warm_up=min(TURNS[job], 2))
            console.print()
            title = f"{TITLES[job].format(records=options.records)}; {rounds} rounds"
            items = {"bulk": contests.BULK, "side": contests.SIDE_BY_SIDE}.get(
                job, options.records if TURNS[job] == 1 else 1
            )
            console.print(grid(title, contestants, items, WANTED.get(job)))


def grid(title: str, contestants: list[Contestant], items: int, wanted: str | None) -> Grid:
    """The table of one contest: times, and how many times as long as httpx and as the peer each takes."""
    raw = contestants[0]
    peer = next((each for each in contestants if each.name.startswith(contests.PYPI)), None)
    found = Grid(
        title=title,
        box=box.SIMPLE_HEAD,
        show_edge=False,
        padding=(0, 1, 0, 0),
        title_justify="left",
        caption=wanted,
        caption_justify="left",
    )
    found.add_column("", no_wrap=True)
    for heading in ("median ms", "best ms", "per s", *(("x httpx", "x PyPI") if peer else ("x by hand",))):
        found.add_column(heading, justify="right", no_wrap=True)
    for each in contestants:
        found.add_row(
            each.name,
            milliseconds(each.median),
            milliseconds(min(each.seconds)),
            f"{items / each.median:,.0f}",
            f"{each.ratio(raw):.2f}",
            *([f"{each.ratio(peer):.2f}"] if peer else []),
        )
    return found


def record_grid() -> Grid:
    """The table of what records take."""
    found = Grid(
        "",
        "bytes",
        "x pydantic",
        title=TITLES["record"],
        box=box.SIMPLE_HEAD,
        show_edge=False,
        padding=(0, 1, 0, 0),
        title_justify="left",
        caption=WANTED["record"],
        caption_justify="left",
    )
    rows = beside_pydantic.memory()
    for name, taken in rows:
        found.add_row(name, f"{taken:,.0f}", f"{taken / rows[0][1]:.2f}")
    return found


def milliseconds(seconds: float) -> str:
    """Three digits that count."""
    return f"{seconds * 1000:.3g}" if seconds < 0.1 else f"{seconds * 1000:,.0f}"


if __name__ == "__main__":
    main()
