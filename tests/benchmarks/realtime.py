"""`python -m tests.benchmarks.realtime`: what an event costs one subscriber, beside raw sseclient-py plus json.loads.

A writer creates records in batches of 1000; the wall time is mostly the server's. The processor time is that of the
threads that read: one for the raw reader, two for a watch, which gives typed records.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from statistics import median
from threading import Thread

import httpx
from sseclient import SSEClient

from pbmodels import PocketBase, PocketBaseServer, using
from pbmodels.schema import push
from tests.blog import Post, User

EVENTS, ROUNDS = 2000, 3

Cost = tuple[float, float]
"""Seconds by the wall clock and by the processor's, from the first event to the last."""


def write(pb: PocketBase) -> None:
    """Make the records."""
    for _ in range(EVENTS // 1000):
        with pb.batch() as batch:
            for number in range(1000):
                batch.collection("posts").create({"title": f"Post {number}", "views": number})


def raw(pb: PocketBase) -> Cost:
    """Read with httpx, sseclient-py and json.loads."""
    address, headers = f"{pb.url}/api/realtime", {"Authorization": pb.auth_store.token}
    with httpx.Client(timeout=60) as client, client.stream("GET", address) as response:
        events = SSEClient(response.iter_raw()).events()
        topics = {"clientId": next(events).id, "subscriptions": ["posts/*"]}
        httpx.post(address, json=topics, headers=headers).raise_for_status()
        return timed(pb, lambda: json.loads(next(events).data), time.thread_time)


def watch(pb: PocketBase) -> Cost:
    """Read with a watch."""
    with using(pb), Post.watch() as events:
        thread = pb.realtime._portal._thread
        assert thread is not None
        clock = time.pthread_getcpuclockid(thread._thread.ident or 0)
        return timed(pb, lambda: next(events), lambda: time.thread_time() + time.clock_gettime(clock))


def timed(pb: PocketBase, take: Callable[[], object], processor: Callable[[], float]) -> Cost:
    """The cost of all events after the first."""
    writer = Thread(target=write, args=(pb,))
    writer.start()
    take()
    wall, used = time.perf_counter(), processor()
    for _ in range(EVENTS - 1):
        take()
    cost = time.perf_counter() - wall, processor() - used
    writer.join()
    return cost


def main() -> None:
    """Run both in turns and print medians."""
    with PocketBaseServer() as server, server.client() as pb:
        push(pb, User, Post)
        pb.settings.update({"batch": {"enabled": True, "maxRequests": 1000, "timeout": 60}})
        costs = [(raw(pb), watch(pb)) for _ in range(ROUNDS)]
    medians = [[median(cost[who][kind] for cost in costs) / EVENTS * 1e6 for kind in (0, 1)] for who in (0, 1)]
    for name, (wall, used) in zip(("sseclient-py + json.loads", "Post.watch()"), medians, strict=True):
        print(f"{name:<26} {wall:8.1f} us an event by the wall clock, {used:6.1f} us of the processor")
    print(f"rate of a watch: {medians[0][0] / medians[1][0]:.2f} x raw; wanted: at least 0.9 x")


if __name__ == "__main__":
    main()
