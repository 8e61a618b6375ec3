"""A second process that writes while this one reads."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pbmodels import PocketBase

_WRITER = """
import itertools, random, sys
import httpx

url, token, collection = sys.argv[1:]
records = f"{url}/api/collections/{collection}/records"
with httpx.Client(headers={"Authorization": token}, timeout=60) as http:
    mine = []
    for n in itertools.count():
        body = {"title": "theirs", "views": n % 50, "section": "home"}
        mine.append(http.post(records, json=body).raise_for_status().json()["id"])
        if n % 2:
            http.delete(f"{records}/{mine.pop(random.randrange(len(mine)))}").raise_for_status()
        print(n, flush=True)
"""


@contextmanager
def another_program_that_writes(pb: PocketBase, collection: str) -> Iterator[None]:
    """A second process that creates and deletes records until the block ends; it has begun when the block does."""
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, pb.url, pb.auth_store.token, collection],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert writer.stdout is not None
    try:
        assert writer.stdout.readline() == "0\n"
        yield
        assert writer.poll() is None, "it wrote to the end"
    finally:
        writer.kill()
        writer.wait()
        writer.stdout.close()
