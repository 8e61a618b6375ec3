"""The jobs, each done by raw httpx or by hand, by every layer of pbmodels and by the other clients."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable, Sized
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import httpx
from pocketbase import PocketBase as PyPIPocketBase

from pbmodels import AsyncPocketBase, BoundFilter, Filter, PocketBase
from pbmodels.cli._data.exporting import Export
from pbmodels.cli._data.format import Format
from pbmodels.client import _transport
from tests.benchmarks.dataset import PAGE, Article, Draft, python_values, values
from tests.benchmarks.javascript import JavaScript
from tests.benchmarks.rounds import Contestant, clocked

RAW = "httpx, bodies thrown away"
PYPI = "PyPI pocketbase"
GETS = 25
"""Single requests in one turn: few, so that the turns alternate quickly."""
CREATES = 10
SIDE_BY_SIDE = 100
"""Single requests that are under way at once."""
BULK = 10_000
"""Records that `bulk_create` makes in one turn."""
FILTERS = 500


@dataclass(frozen=True)
class Table:
    """Everything that takes part, ready to run.

    Attributes:
        url: The server's address.
        http: Raw httpx, signed in.
        pb: pbmodels, signed in; the models are connected to it.
        peer: The package `pocketbase` from PyPI, signed in.
        node: The JavaScript SDK, None when it is left out.
        loop: Runs the async contestants, always the same, so that its connections are kept.
        records: How many records there are to read.
        ids: Some ids of theirs.
        ending: Closes what a contest opens.
    """

    url: str
    http: httpx.Client
    pb: PocketBase
    peer: PyPIPocketBase
    node: JavaScript | None
    loop: asyncio.Runner
    records: int
    ids: list[str]
    ending: ExitStack

    @property
    def pages(self) -> int:
        """The pages that a client fetches that does not ask for the total: up to the first that is not full."""
        return self.records // PAGE + 1


def read(table: Table) -> list[Contestant]:
    """All records, 1000 a page."""
    records_url = f"{table.url}/api/collections/{Article.__collection__}/records"
    collection = table.pb.collection(Article.__collection__)
    peer = table.peer.collection(Article.__collection__)

    def fetch(use: Callable[[bytes], object]) -> None:
        for page in range(1, table.pages + 1):
            use(table.http.get(records_url, params={"page": page, "perPage": PAGE, "skipTotal": 1}).content)

    def complete(job: Callable[[], Sized]) -> Callable[[], float]:
        def checked() -> Sized:
            found = job()
            if len(found) != table.records:
                raise RuntimeError(f"{len(found)} of {table.records} records were read")
            return found

        return clocked(checked)

    async def typed_async() -> list[Article]:
        return await Article.aio.where().all()

    contestants = [
        Contestant(RAW, clocked(lambda: fetch(len))),
        Contestant("httpx + json.loads", clocked(lambda: fetch(json.loads))),
        Contestant("pbmodels list(Model.where())", complete(lambda: list(Article.where()))),
        Contestant("pbmodels Model.where().all()", complete(lambda: Article.where().all())),
        Contestant("pbmodels Model.aio.where().all()", complete(lambda: table.loop.run(typed_async()))),
        Contestant("pbmodels get_full_list, untyped", complete(lambda: collection.get_full_list(batch=PAGE))),
        Contestant(f"{PYPI} get_full_list", complete(lambda: peer.get_full_list(batch=PAGE))),
    ]
    if node := table.node:
        contestants.append(Contestant("npm pocketbase getFullList", lambda: node.run("read", records=table.records)))
    return contestants


def get(table: Table) -> list[Contestant]:
    """One record by its id, on a kept connection."""
    records_url = f"{table.url}/api/collections/{Article.__collection__}/records"
    collection = table.pb.collection(Article.__collection__)
    peer = table.peer.collection(Article.__collection__)
    ids = list(itertools.islice(itertools.cycle(table.ids), GETS))

    def each(job: Callable[[str], object]) -> Callable[[], float]:
        def all_ids() -> None:
            for id in ids:
                job(id)

        return _per_request(clocked(all_ids), GETS)

    contestants = [
        Contestant("httpx.Client.get", each(lambda id: table.http.get(f"{records_url}/{id}"))),
        Contestant("pbmodels pb.collection().get_one", each(lambda id: collection.get_one(id))),
        Contestant("pbmodels Model.get", each(lambda id: Article.get(id))),
        Contestant(f"{PYPI} get_one", each(lambda id: peer.get_one(id))),
    ]
    if node := table.node:
        contestants.append(Contestant("npm pocketbase getOne", _per_request(lambda: node.run("get", ids=ids), GETS)))
    return contestants


def side(table: Table) -> list[Contestant]:
    """Many records by their ids, all asked for at once."""
    path = f"/api/collections/{Article.__collection__}/records"
    token = table.pb.auth_store.token
    ids = list(itertools.islice(itertools.cycle(table.ids), SIDE_BY_SIDE))
    raw = httpx.AsyncClient(headers={"Authorization": token}, timeout=30)
    quick, plain = (AsyncPocketBase(table.url) for _ in range(2))
    for client in (quick, plain):
        client.auth_store.save(token)
    for close in (raw.aclose, quick.aclose, plain.aclose):
        table.ending.callback(table.loop.run, close())

    async def get(ask: Callable[[str], Awaitable[object]]) -> None:
        await asyncio.gather(*map(ask, ids))

    def all_at_once(ask: Callable[[str], Awaitable[object]]) -> Callable[[], float]:
        return clocked(lambda: table.loop.run(get(ask)))

    with patch.object(_transport, "_through_aiohttp", lambda options: None):  # as where the extra is not installed
        table.loop.run(get(plain.collection(Article.__collection__).get_one))
    contestants = [
        Contestant("httpx.AsyncClient.get", all_at_once(lambda id: raw.get(f"{table.url}{path}/{id}"))),
        Contestant("pbmodels get_one, with aiohttp", all_at_once(quick.collection(Article.__collection__).get_one)),
        Contestant("pbmodels get_one, without", all_at_once(plain.collection(Article.__collection__).get_one)),
    ]
    if node := table.node:
        contestants.append(Contestant("npm pocketbase getOne", lambda: node.run("side", ids=ids)))
    return contestants


def create(table: Table) -> list[Contestant]:
    """One new record, on a kept connection."""
    records_url = f"{table.url}/api/collections/{Draft.__collection__}/records"
    collection = table.pb.collection(Draft.__collection__)
    peer = table.peer.collection(Draft.__collection__)
    bodies = [values(number) for number in range(CREATES)]
    fields = [python_values(number) for number in range(CREATES)]

    def each(job: Callable[[dict[str, Any]], object], given: list[dict[str, Any]]) -> Callable[[], float]:
        def all_bodies() -> None:
            for body in given:
                job(body)

        return _per_request(clocked(all_bodies), CREATES)

    contestants = [
        Contestant("httpx.Client.post", each(lambda body: table.http.post(records_url, json=body), bodies)),
        Contestant("pbmodels pb.collection().create", each(lambda body: collection.create(body), bodies)),
        Contestant("pbmodels Model(...).save()", each(lambda body: Draft(**body).save(), fields)),
        Contestant(f"{PYPI} create", each(lambda body: peer.create(body), bodies)),
    ]
    if node := table.node:
        job = _per_request(lambda: node.run("create", bodies=bodies), CREATES)
        contestants.append(Contestant("npm pocketbase create", job))
    return contestants


def filter(table: Table) -> list[Contestant]:
    """A filter of four terms, as text."""
    found = ('A "title"', 10, True)

    def by_hand() -> str:
        title, views, status = found
        return (
            f"title ~ {json.dumps(title)} && views > {json.dumps(views)} && status = {json.dumps(status)} "
            f"&& section = {json.dumps('home')}"
        )

    def expressions() -> Filter:
        title, views, status = found
        return (
            Article.title.contains(title)
            & (Article.views > views)
            & (Article.status == status)
            & (Article.section == "home")
        )

    made = expressions()
    template = "title ~ {:t} && views > {:v} && status = {:s} && section = {:n}"

    def bound() -> BoundFilter:
        title, views, status = found
        return table.pb.filter(template, t=title, v=views, s=status, n="home")

    def often(job: Callable[[], object]) -> Callable[[], float]:
        def all_filters() -> None:
            for _ in range(FILTERS):
                job()

        return _per_request(clocked(all_filters), FILTERS)

    return [
        Contestant("json.dumps in an f-string", often(by_hand)),
        Contestant("pbmodels expressions, built and compiled", often(lambda: expressions().render(None))),
        Contestant("pbmodels expressions, compiled", often(lambda: made.render(None))),
        Contestant("pbmodels pb.filter(...), bound and written", often(lambda: bound().render(None))),
    ]


def bulk(table: Table) -> list[Contestant]:
    """Many new records, by batches of 1000."""
    path = f"/api/collections/{Draft.__collection__}/records"
    bodies = [values(number) for number in range(BULK)]
    fields = [python_values(number) for number in range(BULK)]

    def by_hand() -> None:
        for start in range(0, BULK, PAGE):
            requests = [{"method": "POST", "url": path, "body": body} for body in bodies[start : start + PAGE]]
            table.http.post(f"{table.url}/api/batch", json={"requests": requests}).raise_for_status().json()

    def emptied(play: Callable[[], float]) -> Callable[[], float]:
        def on_an_empty_collection() -> float:
            table.pb.collections.truncate(Draft.__collection__)
            return play()

        return on_an_empty_collection

    def ours() -> float:
        drafts = [Draft(**each) for each in fields]
        return clocked(lambda: Draft.bulk_create(drafts))()

    def ours_async() -> float:
        drafts = [Draft(**each) for each in fields]

        async def create() -> None:
            await Draft.aio.bulk_create(drafts)

        return clocked(lambda: table.loop.run(create()))()

    return [
        Contestant("httpx, batches made by hand", emptied(clocked(by_hand))),
        Contestant("pbmodels Model.bulk_create", emptied(ours)),
        Contestant("pbmodels Model.aio.bulk_create", emptied(ours_async)),
    ]


def export(table: Table) -> list[Contestant]:
    """All records into a file, beside raw paging whose bodies are thrown away."""
    records_url = f"{table.url}/api/collections/{Article.__collection__}/records"

    def by_number() -> None:
        for page in range(1, table.pages + 1):
            table.http.get(records_url, params={"page": page, "perPage": PAGE, "skipTotal": 1}).content

    def by_key() -> None:
        last = ""
        while True:
            query = {"perPage": PAGE, "skipTotal": 1, "sort": "id", "filter": f'id > "{last}"'}
            items = table.http.get(records_url, params=query).json()["items"]
            if not items:
                return
            last = items[-1]["id"]

    def exported(format: Format) -> Callable[[], None]:
        def job() -> None:
            with TemporaryDirectory() as folder:
                run = Export(table.pb, Article.__collection__, format)
                run.to_file(Path(folder) / f"articles.{format}", lambda done: None)
                if run.records != table.records:
                    raise RuntimeError(f"{run.records} of {table.records} records were exported")

        return job

    return [
        Contestant("httpx, pages by number", clocked(by_number)),
        Contestant("httpx, pages by key", clocked(by_key)),
        Contestant("pbmodels export, JSON lines", clocked(exported(Format.JSONL))),
        Contestant("pbmodels export, CSV", clocked(exported(Format.CSV))),
        Contestant("pbmodels export, Parquet", clocked(exported(Format.PARQUET))),
    ]


def _per_request(play: Callable[[], float], count: int) -> Callable[[], float]:
    return lambda: play() / count
