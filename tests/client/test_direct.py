"""The short way of a sync request: what goes over the line is what httpx would send, in fewer pieces."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from typing import Any

import httpcore
import httpx
import pytest
from httpcore._backends.sync import SyncStream

from pbmodels import AbortController, PocketBase, PocketBaseServer
from pbmodels.client._direct import _FAILURES
from tests.client.flavours import done, new_client
from tests.client.odd_server import OddServer, answer


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What is written to sockets, piece by piece."""
    pieces: list[bytes] = []
    write = SyncStream.write

    def noting(stream: SyncStream, buffer: bytes, timeout: float | None = None) -> None:
        if buffer:
            pieces.append(bytes(buffer))
        write(stream, buffer, timeout)

    monkeypatch.setattr(SyncStream, "write", noting)
    return pieces


@pytest.fixture
def own(blog: PocketBase, server: PocketBaseServer) -> Iterator[PocketBase]:
    """A superuser's client with connections of its own."""
    with PocketBase(server.url) as pb:
        pb.auth_store.save(blog.auth_store.token)
        yield pb


def test_head_and_body_are_one_piece(own: PocketBase, written: list[bytes]) -> None:
    made = own.collection("posts").create({"title": "one piece"})
    own.collection("posts").update(made.id, {"title": "POST one more"})
    own.collection("posts").get_one(made.id)
    own.collection("posts").delete(made.id)
    own.send("/api/health", method="GET")

    assert [piece.split(b" ")[0] for piece in written] == [b"POST", b"PATCH", b"GET", b"DELETE", b"GET"]
    assert written[0].endswith(b'\r\n\r\n{"title":"one piece"}')


def test_a_request_without_a_body_is_not_held_back(own: PocketBase, written: list[bytes]) -> None:
    own.superusers.auth_refresh()

    (piece,) = written
    assert piece.startswith(b"POST /api/collections/_superusers/auth-refresh HTTP/1.1\r\n")
    assert piece.endswith(b"\r\n\r\n")


def test_a_long_body_is_not_copied(own: PocketBase, written: list[bytes]) -> None:
    title = "long " * 20_000

    made = own.collection("posts").create({"body": title})

    assert own.collection("posts").get_one(made.id).body == title
    assert [piece[:5] for piece in written] == [b"POST ", b'{"bod', b"GET /"]


def test_requests_that_can_be_aborted_are_one_piece_too(own: PocketBase, written: list[bytes]) -> None:
    with AbortController():
        own.collection("posts").create({"title": "apart"})

    assert len(written) == 1


@pytest.mark.parametrize("packing", ["gzip", "deflate"])
async def test_a_packed_answer_is_unpacked(flavour: str, packing: str) -> None:
    body = b'{"id": "abc", "title": "packed"}'
    packed = gzip.compress(body) if packing == "gzip" else zlib.compress(body)

    with OddServer(answer(200, packed, Content_Encoding=packing)) as odd:
        async with new_client(flavour, odd.url) as pb:
            record = await done(pb.collection("posts").get_one("abc"))

    assert record.title == "packed"


async def test_after_send_sees_a_whole_response(flavour: str, own: PocketBase) -> None:
    seen: list[Any] = []
    async with new_client(flavour, own.url, after_send=seen.append) as pb:
        await done(pb.health.check())

    (response,) = seen
    assert response.json()["code"] == 200
    assert response.headers["Content-Type"] == "application/json"
    assert response.request.url.path == "/api/health"


def test_every_failure_of_httpcore_is_one_of_httpx() -> None:
    def below(kind: type[Exception]) -> list[type[Exception]]:
        return [kind, *(found for each in kind.__subclasses__() for found in below(each))]

    for kind in [found for each in _FAILURES for found in below(each)]:
        assert issubclass(getattr(httpx, kind.__name__), httpx.TransportError)
    assert issubclass(httpcore.ReadTimeout, _FAILURES)
