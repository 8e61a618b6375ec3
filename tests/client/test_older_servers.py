"""What an older server lacks is said so, with the version that has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pbmodels import ClientResponseError, Collection, Field, GeoPoint, NotFound, PocketBase, PocketBaseServer, field
from pbmodels.client._service_hints import service_hint
from pbmodels.schema import push
from tests.client.flavours import done, new_client
from tests.client.odd_server import OddServer, answer
from tests.query.versions import VERSIONS, binary_of

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


PLACE = {"name": "place", "type": "geoPoint"}
FEATURES: list[tuple[tuple[int, int], Callable[[PocketBase], Any]]] = [
    ((0, 24), lambda pb: pb.crons.get_full_list()),
    ((0, 24), lambda pb: pb.crons.run("__pbLogsCleanup__")),
    ((0, 24), lambda pb: pb.users.get_list(filter="created < @yesterday || created > @tomorrow")),
    ((0, 24), lambda pb: pb.users.get_list(filter="name:lower = 'ann'")),
    ((0, 27), lambda pb: pb.collections.create({"name": "a", "fields": [PLACE]})),
    ((0, 27), lambda pb: pb.collections.import_collections([{"name": "b", "fields": [PLACE]}])),
    ((0, 27), lambda pb: pb.users.get_list(filter="geoDistance(1, 2, 3, 4) > 1")),
    ((0, 36), lambda pb: pb.users.get_list(filter="strftime('%Y', created) > '2000'")),
    ((0, 37), lambda pb: pb.collections.get_all_oauth2_providers()),
    ((0, 37), lambda pb: pb.collections.dry_run_view_query("SELECT id FROM users")),
    ((0, 39), lambda pb: pb.sql.run("SELECT 1")),
    ((0, 40), lambda pb: pb.logs.truncate()),
]


@pytest.fixture(scope="module", params=VERSIONS)
def some_server(request: pytest.FixtureRequest) -> Iterator[PocketBaseServer]:
    with PocketBaseServer(binary=binary_of(request.param)) as server:
        yield server


def test_each_feature_works_or_says_its_version(some_server: PocketBaseServer) -> None:
    version = tuple(int(part) for part in some_server.version.split(".")[:2])
    with some_server.client() as pb:
        for since, use in FEATURES:
            if version >= since:
                use(pb)
                continue
            with pytest.raises(
                ClientResponseError, match=rf"(from|needs) PocketBase {since[0]}\.{since[1]} (on|or later)"
            ):
                use(pb)


def test_a_model_with_a_place_says_its_version() -> None:
    class Stop(Collection, collection="stops"):
        place: Field[GeoPoint] = field(default_factory=GeoPoint)

    with (
        PocketBaseServer(binary=binary_of("0.23.12")) as server,
        server.client() as pb,
        pytest.raises(ClientResponseError, match=r"geoPoint fields exist from PocketBase 0\.27 on"),
    ):
        push(pb, Stop)
