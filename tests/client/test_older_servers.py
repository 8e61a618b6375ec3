"""What an older server lacks is said so; answers as PocketBase 0.23.12 and 0.36.9 gave them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pbmodels import NotFound
from pbmodels.client._service_hints import service_hint
from tests.client.flavours import done, new_client
from tests.client.odd_server import OddServer, answer

NO_ROUTE = b'{"data":{},"message":"The requested resource wasn\'t found.","status":404}'
NO_FILE = b'{"data":{},"message":"File not found.","status":404}'


@pytest.mark.parametrize(
    ("version", "body", "use"),
    [
        ("0.24", NO_FILE, lambda pb: pb.crons.get_full_list()),
        ("0.24", NO_ROUTE, lambda pb: pb.crons.run("x")),
        ("0.37", NO_FILE, lambda pb: pb.collections.get_all_oauth2_providers()),
        ("0.37", NO_ROUTE, lambda pb: pb.collections.dry_run_view_query("SELECT 1")),
        ("0.39", NO_ROUTE, lambda pb: pb.sql.run("SELECT 1")),
        ("0.40", NO_ROUTE, lambda pb: pb.logs.truncate()),
    ],
)
@pytest.mark.parametrize("prefix", ["", "/pb"])
async def test_from_which_version(
    flavour: str, version: str, body: bytes, use: Callable[[Any], Any], prefix: str
) -> None:
    with OddServer(answer(404, body)) as odd:
        async with new_client(flavour, odd.url + prefix) as pb:
            with pytest.raises(NotFound, match=f"exists from PocketBase {version} on; this server seems older"):
                await done(use(pb))


def test_what_every_version_has_is_not_blamed_on_the_version() -> None:
    said = "The requested resource wasn't found."

    assert service_hint("GET", "/api/logs/abc", 404, said).startswith("there is no such log entry")
    assert service_hint("GET", "/api/collections/meta", 404, said) == ""
    assert service_hint("POST", "/api/crons/x", 404, "Missing or invalid cron job.").startswith("pb.crons.get_full")
