"""The logger `pbmodels`: method, path, status and milliseconds of each request, and no secret."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest

from pbmodels import ConnectionFailed, NotFound
from tests.client.conftest import PASSWORD
from tests.client.flavours import done, new_client
from tests.client.odd_server import OddServer, answer, nothing_listens


async def test_each_request_has_a_line(client: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="pbmodels")

    await done(client.collection("posts").get_list(1, 1, filter="title = 'hush'"))
    with pytest.raises(NotFound):
        await done(client.collection("posts").get_one("missing00000000"))

    first, second = caplog.records
    assert re.fullmatch(r"GET /api/collections/posts/records 200 \d+\.\d ms", first.getMessage())
    assert re.fullmatch(r"GET /api/collections/posts/records/missing00000000 404 \d+\.\d ms", second.getMessage())
    assert (first.name, first.method, first.path, first.status) == (  # type: ignore[attr-defined]
        "pbmodels",
        "GET",
        "/api/collections/posts/records",
        200,
    )
    assert 0 < first.milliseconds < 60_000  # type: ignore[attr-defined]


async def test_no_secret_is_in_a_line(client: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    await done(client.send("/api/health?token=hush", query={"password": "hush"}, headers={"Authorization": "hush"}))
    await done(client.send("/api/health", body=None, headers={"X-Secret": "hush"}))

    lines = [record for record in caplog.records if record.name == "pbmodels"]
    assert len(lines) == 2
    assert all("hush" not in f"{record.getMessage()} {vars(record)}" for record in lines)


async def test_failures_and_repeats_have_lines(flavour: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="pbmodels")
    with OddServer(answer(503), answer(200)) as odd:
        async with new_client(flavour, odd.url, retries=1) as pb:
            await done(pb.send("/x"))
    with nothing_listens() as url:
        async with new_client(flavour, url) as pb:
            with pytest.raises(ConnectionFailed):
                await done(pb.send("/x"))

    lines = [re.sub(r"\d+\.\d+", "N", record.getMessage()) for record in caplog.records if record.name == "pbmodels"]
    assert lines == [
        "GET /x 503 N ms",
        "GET /x: status 503, sent again in N s",
        "GET /x 200 N ms",
        "GET /x ConnectionFailed N ms",
    ]


async def test_without_a_reader_nothing_is_written(client: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, logger="pbmodels")

    await done(client.health.check())

    assert [record for record in caplog.records if record.name == "pbmodels"] == []


async def test_signing_in_by_itself_has_a_line(
    flavour: str, server: Any, member: str, members: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="pbmodels")
    options = {"identity": member, "password": PASSWORD, "auth_collection": members}

    async with new_client(flavour, server.url, **options) as pb:
        await done(pb.collection(members).get_list())

    text = caplog.text
    assert "signed in to 'members' by itself" in text
    assert member not in text
    assert PASSWORD not in text
