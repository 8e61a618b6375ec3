"""One storm: a writer makes many changes while the line is cut again and again; nothing may be lost.

Everything random comes from the seed: which changes, after how many of them the line is cut, and how.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import cycle, islice
from typing import Any

from pbmodels import PocketBase, PocketBaseServer, RealtimeOptions, using
from pbmodels.schema import push
from tests.blog import Post, User
from tests.faults.proxy import FaultProxy, answer

QUERY = (Post.where(Post.views >= 5)).order_by(-Post.views, Post.title)
PATIENCE = 60.0
KINDS = ("cut", "reset", "amid", "refused", "limited", "gone", "killed")


@dataclass
class Seen:
    """What a watch of all records was given."""

    events: int = 0
    recovered: int = 0
    backwards: int = 0
    latest: dict[str, datetime] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)

    def take(self, event: Any) -> None:
        """Note an event."""
        self.events += 1
        self.recovered += event.recovered
        record_id = event.record.id
        if event.action == "delete":
            self.deleted.add(record_id)
            self.latest.pop(record_id, None)
            return
        before = self.latest.get(record_id)
        self.backwards += before is not None and event.record.updated < before
        self.latest[record_id] = event.record.updated


@dataclass
class Storm:
    """What happened in one storm.

    Attributes:
        seed: What it was made of.
        flavour: Which client followed it.
        changes: Changes that were made; faults wait for a connection, and changes go on meanwhile.
        cuts: Connections that were cut.
        kills: How often the server was killed.
        events: Events that the watch was given.
        recovered: Those of them that catch-ups found.
        suppressed: Events that came again, or too late, and were left out.
        renewals: Connections that were renewed meanwhile.
        brief: Records that came and went while the line was broken: nothing can tell of them any more.
        lost: Records whose last state was never given, or whose deletion was not.
        seconds: How long it took.
    """

    seed: int
    flavour: str
    changes: int = 0
    cuts: int = 0
    kills: int = 0
    events: int = 0
    recovered: int = 0
    suppressed: int = 0
    renewals: int = 0
    brief: int = 0
    lost: int = 0
    seconds: float = 0.0


class Writer:
    """Makes changes, straight on the server."""

    def __init__(self, pb: PocketBase, chance: random.Random) -> None:
        self._posts = pb.collection("posts")
        self._chance = chance
        self._ids: list[str] = []
        self._number = 0
        self.made: set[str] = set()

    def change(self) -> None:
        """Create, update or delete a record."""
        chance = self._chance
        what = chance.random()
        if what < 0.5 or len(self._ids) < 5:
            self._number += 1
            record = self._posts.create({"title": f"{self._number} ä日本", "views": chance.randrange(10)})
            self._ids.append(record.id)
            self.made.add(record.id)
        elif what < 0.85:
            recent = chance.choice(self._ids[-5:] if chance.random() < 0.5 else self._ids)
            self._posts.update(recent, {"views": chance.randrange(10)})
        else:
            self._posts.delete(self._ids.pop(chance.randrange(len(self._ids))))


def weather(
    kind: str,
    server: PocketBaseServer,
    proxy: FaultProxy,
    chance: random.Random,
    storm: Storm,
    write: Callable[[], None],
) -> bool:
    """One fault; whether it found a connection to cut."""
    before = storm.cuts
    if kind == "refused":
        proxy.refusals = [answer(status) for status in chance.sample([502, 503, 504], chance.randint(1, 2))]
    elif kind == "limited":
        proxy.refusals = [answer(429, retry_after="0")]
    if kind == "killed":
        storm.cuts += len(proxy.streams)
        if storm.cuts > before:
            storm.kills += 1
            server.kill()
            server.start()
        return storm.cuts > before
    proxy.refuse_connections = kind == "gone"
    storm.cuts += proxy.cut(after=chance.randint(1, 900) if kind == "amid" else 0, reset=kind == "reset")
    if kind == "gone":
        for _ in range(chance.randint(3, 12)):
            write()
        proxy.refuse_connections = False
    return storm.cuts > before


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for something."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come within {PATIENCE:g} seconds")
        time.sleep(0.01)


class Follower:
    """A watch and a live query of one client, in a thread of their own."""

    def __init__(self, flavour: str, url: str, token: str) -> None:
        self.seen = Seen()
        self.titles: list[str] = []
        self.suppressed = 0
        self.stats: Any = None
        self._pb = PocketBase(url)
        self._pb.auth_store.save(token)
        self._stop = threading.Event()
        self.ready = threading.Event()
        self.failure: BaseException | None = None
        run = self._sync if flavour == "sync" else lambda: asyncio.run(self._async())
        self._thread = threading.Thread(target=self._run, args=(run,), daemon=True)

    def _run(self, follow: Callable[[], object]) -> None:
        try:
            with using(self._pb):
                follow()
        except BaseException as error:
            self.failure = error

    def _sync(self) -> None:
        self._pb.realtime.options = options()
        self.stats = self._pb.realtime.stats
        with Post.watch(recover="full") as watch, QUERY.live(buffer=100) as live:
            self.ready.set()
            while not self._stop.is_set():
                while (event := watch.wait(0.01)) is not None:
                    self.seen.take(event)
                self.titles = [post.title for post in live.snapshot()]
                self._count(watch, live)

    async def _async(self) -> None:
        async with self._pb.aio:
            self._pb.aio.realtime.options = options()
            self.stats = self._pb.aio.realtime.stats
            async with Post.aio.watch(recover="full") as watch, QUERY.aio.live(buffer=100) as live:
                self.ready.set()
                while not self._stop.is_set():
                    while (event := await watch.wait(0.01)) is not None:
                        self.seen.take(event)
                    self.titles = [post.title for post in await live.snapshot()]
                    self._count(watch, live)

    @property
    def is_connected(self) -> bool:
        """Whether it has a connection that is subscribed."""
        return bool(self.stats.connections > self.stats.renewals + self.stats.breaks)

    def _count(self, *watches: Any) -> None:
        self.suppressed = self.stats.repeats + sum(each._feed.plan.superseded for each in watches)

    def __enter__(self) -> Follower:
        self._thread.start()
        until(lambda: self.ready.is_set() or self.failure is not None, "the subscription")
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(PATIENCE)
        self._pb.close()
        if self.failure is not None:
            raise self.failure


def options() -> RealtimeOptions:
    """Connections that are renewed every second."""
    return RealtimeOptions(lifetime=1.0, overlap=0.1)


def rage(seed: int, *, changes: int = 2000, faults: int = 30) -> Storm:
    """One storm.

    Raises:
        AssertionError: Something was lost, or given in the wrong order.
    """
    chance = random.Random(seed)
    moments = sorted(chance.sample(range(changes), faults))
    kinds = list(islice(cycle(KINDS), faults))
    chance.shuffle(kinds)
    storm = Storm(seed, "async" if seed % 2 else "sync")
    begun = time.monotonic()
    with PocketBaseServer() as server, server.client() as pb, FaultProxy(server.url) as proxy:
        push(pb, User, Post)
        with using(pb), Follower(storm.flavour, proxy.url, pb.auth_store.token) as follower:
            writer = Writer(pb, random.Random(seed))

            def write() -> None:
                writer.change()
                storm.changes += 1

            since, pause = 0, chance.randint(1, 20)  # changes since it is connected, and how many it is given
            deadline = time.monotonic() + 4 * PATIENCE
            while follower.failure is None and (storm.changes < changes or moments):
                assert time.monotonic() < deadline, f"seed {seed}: {len(moments)} faults found no connection: {storm}"
                since = since + 1 if follower.is_connected else 0
                if moments and storm.changes >= moments[0] and since > pause:
                    if weather(kinds[len(moments) - 1], server, proxy, chance, storm, write):
                        del moments[0]
                    since, pause = 0, chance.randint(1, 20)
                elif storm.changes >= changes:
                    time.sleep(0.01)
                write()
            expected = [post.title for post in QUERY.all()]
            there = {post.id: post.updated for post in Post.all()}
            seen = follower.seen
            try:
                until(lambda: follower.failure is not None or follower.titles == expected, "the server's list")
                until(lambda: follower.failure is not None or seen.latest == there, "every change")
            except AssertionError as error:
                differing = {key for key in there.keys() | seen.latest.keys() if there.get(key) != seen.latest.get(key)}
                storm.lost = len(differing) + len(set(expected) ^ set(follower.titles))
                raise AssertionError(f"seed {seed}: {error}; lost: {storm}") from None
            storm.events, storm.recovered = seen.events, seen.recovered
            storm.suppressed, storm.renewals = follower.suppressed, follower.stats.renewals
            storm.brief = len(writer.made - seen.latest.keys() - seen.deleted)
        assert seen.backwards == 0, f"seed {seed}: {seen.backwards} events came after a newer one of their record"
    storm.seconds = time.monotonic() - begun
    return storm
