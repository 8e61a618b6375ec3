"""What walking through records takes of memory, and how right it stays while a second process writes.

The peaks are those of Python's own allocations (tracemalloc), after a first walk that makes what is made once.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Iterable

from rich import box
from rich.table import Table as Grid

from pbmodels import PocketBase
from tests.another_program import another_program_that_writes
from tests.benchmarks.dataset import Article


def memory(pb: PocketBase, records: int) -> Grid:
    """The peaks of walks through a few and through all records, and what one record takes in a list."""
    few = min(records, 5000)
    found = Grid(title="Memory", box=box.SIMPLE_HEAD, show_edge=False, title_justify="left", caption_justify="left")
    found.caption = "Wanted: the same peak however many records there are."
    for heading in ("", "records", "peak MB", "bytes each"):
        found.add_column(heading, justify="right" if heading else "left", no_wrap=True)

    def row(name: str, count: int, walk: Callable[[], object], *, each: bool = False) -> None:
        peak = _peak(walk)
        found.add_row(name, f"{count:,}", f"{peak / 1e6:.1f}", f"{peak / count:,.0f}" if each else "")

    query, ordered = Article.where(), Article.where().order_by(-Article.views)
    _consume(query.limit(few))
    row("for article in Article.where()", few, lambda: _consume(query.limit(few)))
    row("for article in Article.where()", records, lambda: _consume(query))
    row("the same by -views", records, lambda: _consume(ordered))
    row("values_list of two fields", records, lambda: _consume(query.values_list(Article.title, Article.views)))
    row("Article.where().all()", few, lambda: query.limit(few).all(), each=True)

    ours = set(query.values_list(Article.id, flat=True))
    with another_program_that_writes(pb, Article.__collection__):
        seen = [article.id for article in query]
    missed, repeated = len(ours - set(seen)), len(seen) - len(set(seen))
    found.add_row(f"while others write: {missed} missed, {repeated} repeated", f"{len(seen):,}", "", "")
    return found


def _consume(items: Iterable[object]) -> None:
    for _ in items:
        pass


def _peak(walk: Callable[[], object]) -> int:
    gc.collect()
    tracemalloc.start()
    try:
        kept = walk()
        peak = tracemalloc.get_traced_memory()[1]
        del kept
        return peak
    finally:
        tracemalloc.stop()
