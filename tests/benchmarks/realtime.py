"""`python -m tests.benchmarks.realtime`: what an event costs one subscriber, beside raw sseclient-py plus json.loads.

Another process creates records in batches of 1000, so the wall time is mostly the server's; the processor time is that
of the process that reads. A watch gives typed records, and remembers what a break would have to bring back.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median

import httpx
from sseclient import SSEClient

from pbmodels import PocketBase, PocketBaseServer, using
from pbmodels.schema import push
from tests.blog import Post, User

EVENTS, ROUNDS, WANTED = 5000, 5, 0.9

Cost = tuple[float, float]
"""Seconds by the wall clock and by the processor's, from the first event to the last."""


def write(url: str, token: str) -> None:
    """Make the records."""
    with PocketBase(url) as pb:
        pb.auth_store.save(token)
        for _ in range(EVENTS // 1000):
            with pb.batch() as batch:
                for number in range(1000):
                    batch.collection("posts").create({"title": f"Post {number}", "views": number})


@contextmanager
def writer(pb: PocketBase) -> Iterator[None]:
    """Another process that makes the records."""
    command = [sys.executable, "-m", "tests.benchmarks.realtime", pb.url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        process.stdin.write(pb.auth_store.token)
        process.stdin.close()
        yield


class Clock:
    """What has passed since it was made."""

    def __init__(self) -> None:
        self._began = time.perf_counter(), time.process_time()

    def cost(self) -> Cost:
        """Wall time and processor time."""
        return time.perf_counter() - self._began[0], time.process_time() - self._began[1]


def raw(pb: PocketBase) -> Cost:
    """Read with httpx, sseclient-py and json.loads."""
    address, headers = f"{pb.url}/api/realtime", {"Authorization": pb.auth_store.token}
    with httpx.Client(timeout=60) as client, client.stream("GET", address) as response:
        events = SSEClient(response.iter_raw()).events()
        topics = {"clientId": next(events).id, "subscriptions": ["posts/*"]}
        httpx.post(address, json=topics, headers=headers).raise_for_status()
        return timed(pb, lambda: json.loads(next(events).data))


def watch(pb: PocketBase) -> Cost:
    """Read with a watch."""
    with using(pb), Post.watch() as events:
        return timed(pb, lambda: next(events))


def timed(pb: PocketBase, take: Callable[[], object]) -> Cost:
    """The cost of all events after the first."""
    with writer(pb):
        take()
        clock = Clock()
        for _ in range(EVENTS - 1):
            take()
        return clock.cost()


def awaited(pb: PocketBase) -> Cost:
    """Read with a watch in an event loop."""

    async def read() -> Cost:
        async with pb.aio:
            with using(pb):
                async with Post.aio.watch() as events:
                    with writer(pb):
                        await anext(events)
                        clock = Clock()
                        for _ in range(EVENTS - 1):
                            await anext(events)
                        return clock.cost()

    return asyncio.run(read())


def main() -> None:
    """Run all in turns and print medians."""
    readers = {"sseclient-py + json.loads": raw, "Post.watch()": watch, "Post.aio.watch()": awaited}
    with PocketBaseServer() as server, server.client() as pb:
        push(pb, User, Post)
        pb.settings.update({"batch": {"enabled": True, "maxRequests": 1000, "timeout": 60}})
        rounds = [[read(pb) for read in readers.values()] for _ in range(ROUNDS)]
    for name, *costs in zip(readers, *rounds, strict=True):
        wall, used = (median(cost[kind] for cost in costs) / EVENTS * 1e6 for kind in (0, 1))
        rate = median(first[0] / cost[0] for (first, *_), cost in zip(rounds, costs, strict=True))
        print(
            f"{name:<26} {1e6 / wall:7,.0f} events/s, {used:5.1f} us of the processor an event, "
            f"rate {rate:.2f} x raw; wanted: at least {WANTED} x"
        )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        write(sys.argv[1], sys.stdin.read())
    else:
        main()
