"""What is read and written: a model with one field of each common kind, on a server of its own."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import httpx

from pbmodels import Collection, Field, Html, PocketBase, PocketBaseServer, Url, autodate, connect, field
from pbmodels.schema import push

PAGE = 1000
"""Records on a page, and in a batch: the most that the server gives and is told to take."""


class Article(Collection, collection="articles"):
    title: Field[str] = field(default="")
    body: Field[Html] = field(default="")
    status: Field[bool] = field(default=False)
    views: Field[int] = field(default=0)
    score: Field[float] = field(default=0.0)
    section: Field[Literal["home", "world", "sport"]] = field(default="home")
    tags: Field[list[Literal["news", "tech", "art"]]] = field(default_factory=list)
    published: Field[datetime | None] = field(default=None)
    meta: Field[dict[str, Any]] = field(default_factory=dict)
    link: Field[Url] = field(default="")
    created: Field[datetime] = autodate()
    updated: Field[datetime] = autodate(on_update=True)


class Draft(Article, collection="drafts"):
    """The same fields in a second collection, so that creating does not change what is read."""


def values(number: int) -> dict[str, Any]:
    """The fields of one record, as JSON."""
    published = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
    return {
        "title": f"Article number {number}, with a title of ordinary length",
        "body": f"<p>Paragraph <b>{number}</b>: {'some words of ordinary text, ' * 6}and “quotes”.</p>",
        "status": number % 2 == 0,
        "views": number * 7,
        "score": number / 8,
        "section": ("home", "world", "sport")[number % 3],
        "tags": [["news"], ["news", "tech"], ["tech", "art"], []][number % 4],
        "published": f"{published:%Y-%m-%d %H:%M:%S}.000Z",
        "meta": {"source": "wire", "revision": number % 10, "notes": ["a", "b"]},
        "link": f"https://example.com/articles/{number}",
    }


def python_values(number: int) -> dict[str, Any]:
    """The fields of one record, as a model takes them."""
    plain = values(number)
    return {**plain, "published": datetime.fromisoformat(plain["published"])}


@contextmanager
def stocked_server(records: int) -> Generator[tuple[PocketBaseServer, PocketBase, list[str]]]:
    """A server with this many articles; a superuser's client, to which the models are connected; some ids."""
    with PocketBaseServer() as server, server.client() as pb:
        push(pb, Article, Draft)
        pb.send(
            "/api/settings",
            method="PATCH",
            body={"batch": {"enabled": True, "maxRequests": PAGE, "timeout": 30, "maxBodySize": 0}},
        )
        url = f"/api/collections/{Article.__collection__}/records"
        ids: list[str] = []
        with httpx.Client(headers={"Authorization": pb.auth_store.token}, timeout=60) as http:
            for start in range(0, records, PAGE):
                requests = [
                    {"method": "POST", "url": url, "body": values(number)}
                    for number in range(start, min(start + PAGE, records))
                ]
                answer = http.post(f"{server.url}/api/batch", json={"requests": requests}).raise_for_status()
                ids.append(answer.json()[0]["body"]["id"])
        connect(pb)
        yield server, pb, ids
