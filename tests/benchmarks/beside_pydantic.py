"""What a record costs beside a plain pydantic model of the same fields: reading attributes, and memory."""

from __future__ import annotations

import gc
import json
import tracemalloc
from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, TypeAdapter

from pbmodels.models._loading import loader_of
from tests.benchmarks.dataset import PAGE, Article, values
from tests.benchmarks.rounds import Contestant, clocked

READS = 20_000
"""Reads in one turn."""


class Plain(BaseModel):
    """The fields of `Article`."""

    id: str
    title: str
    body: str
    status: bool
    views: int
    score: float
    section: Literal["home", "world", "sport"]
    tags: list[Literal["news", "tech", "art"]]
    published: datetime | None
    meta: dict[str, Any]
    link: str
    created: datetime
    updated: datetime


class PlainPage(BaseModel):
    """A page of them."""

    items: list[Plain]


def page() -> bytes:
    """A page of articles as the server sends it."""
    moment = "2024-05-01 08:00:00.123Z"
    system = {"collectionId": "pbc_1", "collectionName": "articles", "created": moment, "updated": moment}
    items = [{"id": f"{number:015}", **system, **values(number)} for number in range(PAGE)]
    return json.dumps({"page": 1, "perPage": PAGE, "items": items}).encode()


def pydantic_records(body: bytes) -> list[Any]:
    """The records of a page as pydantic's."""
    return list(_PLAIN.validate_json(body).items)


def pbmodels_records(body: bytes) -> list[Any]:
    """The records of a page as pbmodels'."""
    return list(loader_of(Article).page(body).items)


_PLAIN = TypeAdapter(PlainPage)


def attribute() -> list[Contestant]:
    """Reading one attribute of a loaded record, a thousand times."""
    body = page()
    made = {"pydantic": pydantic_records(body)[7], "pbmodels": pbmodels_records(body)[7]}

    def often(record: Any, name: str) -> Callable[[], float]:
        code = compile(f"for _ in range({READS}): record.{name}", "<reads>", "exec")
        play = clocked(lambda: exec(code, {"record": record, "range": range}))
        return lambda: play() / (READS / 1000)

    return [
        Contestant(f"{who}: {name}", often(record, name))
        for name in ("title", "published", "tags", "meta")
        for who, record in made.items()
    ]


def memory() -> list[tuple[str, float]]:
    """Bytes that a loaded record takes, by who made it."""
    body = page()
    return [
        (name, _bytes_each(load, body))
        for name, load in (("pydantic model", pydantic_records), ("pbmodels Collection", pbmodels_records))
    ]


def _bytes_each(load: Callable[[bytes], list[Any]], body: bytes) -> float:
    load(body)  # what is made once is not counted
    gc.collect()
    tracemalloc.start()
    records = load(body)
    gc.collect()
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return taken / len(records)
