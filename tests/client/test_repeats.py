"""What is sent again after a failure that may pass, what is not, and how long is waited."""

from __future__ import annotations

import io
import json
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from pbmodels import Collection as Model
from pbmodels import ConnectionFailed, Field, InvalidRequest, RateLimited, ServerError, ValidationFailed, connect, using
from pbmodels.client._repeats import is_repeatable
from pbmodels.client._request import Call
from tests.client.flavours import done, new_client
from tests.client.odd_server import OddServer, answer

RECORD = b'{"id": "abcdefghijklmno", "collectionName": "posts", "title": "x"}'
TAKEN = answer(400, json.dumps({"data": {"id": {"code": "validation_not_unique", "message": "Taken."}}}).encode())


def lost(connection: socket.socket) -> None:
    """The request arrived; its answer did not."""


def lines(odd: OddServer) -> list[str]:
    """Method and path of each request that came."""
    return [request.split(" HTTP/")[0] for request in odd.requests]


@pytest.mark.parametrize("passing", [lost, answer(429), answer(502, b"<html>"), answer(503), answer(504)])
async def test_a_read_is_sent_again(flavour: str, passing: Any) -> None:
    with OddServer(passing, passing, answer(200, RECORD)) as odd:
        async with new_client(flavour, odd.url, retries=2) as pb:
            record = await done(pb.collection("posts").get_one("abcdefghijklmno"))

    assert (record.title, len(odd.requests)) == ("x", 3)


@pytest.mark.parametrize(("passing", "kind"), [(lost, ConnectionFailed), (answer(503), ServerError)])
async def test_the_last_failure_is_raised(flavour: str, passing: Any, kind: type) -> None:
    with OddServer(passing) as odd:
        async with new_client(flavour, odd.url, retries=1) as pb:
            with pytest.raises(kind):
                await done(pb.collection("posts").get_one("abcdefghijklmno"))

    assert len(odd.requests) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 500])
async def test_failures_that_do_not_pass_are_met_once(flavour: str, status: int) -> None:
    with OddServer(answer(status)) as odd:
        async with new_client(flavour, odd.url, retries=5) as pb:
            with pytest.raises(Exception, match=str(status)):
                await done(pb.collection("posts").get_one("abcdefghijklmno"))

    assert len(odd.requests) == 1


async def test_a_request_without_time_left_is_not_repeated(flavour: str) -> None:
    with OddServer(lambda connection: connection.recv(1)) as odd:
        async with new_client(flavour, odd.url, retries=5, timeout=1) as pb:
            with pytest.raises(Exception, match="in time") as error:
                await done(pb.collection("posts").get_list())

    assert (len(odd.requests), error.value.is_abort) == (1, True)


async def test_retry_after_is_honoured(flavour: str) -> None:
    with OddServer(answer(429, retry_after="1"), answer(200, RECORD)) as odd:
        async with new_client(flavour, odd.url, retries=1) as pb:
            began = time.monotonic()
            await done(pb.collection("posts").get_one("abcdefghijklmno"))

    assert time.monotonic() - began >= 1


async def test_a_long_retry_after_is_the_callers_to_wait(flavour: str) -> None:
    with OddServer(answer(429, retry_after="3600")) as odd:
        async with new_client(flavour, odd.url, retries=5) as pb:
            with pytest.raises(RateLimited) as error:
                await done(pb.collection("posts").get_list())

    assert (error.value.retry_after, len(odd.requests)) == (3600, 1)


async def test_a_delete_whose_answer_was_lost_has_succeeded(flavour: str) -> None:
    with OddServer(lost, answer(404)) as odd:
        async with new_client(flavour, odd.url, retries=2) as pb:
            await done(pb.collection("posts").delete("abcdefghijklmno"))

    assert lines(odd) == ["DELETE /api/collections/posts/records/abcdefghijklmno"] * 2


async def test_a_delete_that_was_refused_first_may_still_find_nothing(flavour: str) -> None:
    with OddServer(answer(429), answer(404)) as odd:
        async with new_client(flavour, odd.url, retries=2) as pb:
            with pytest.raises(Exception, match="404"):
                await done(pb.collection("posts").delete("abcdefghijklmno"))


async def test_a_create_whose_answer_was_lost_gives_its_record(flavour: str) -> None:
    with OddServer(lost, TAKEN, answer(200, RECORD)) as odd:
        async with new_client(flavour, odd.url, retries=2) as pb:
            made = await done(
                pb.collection("posts").create({"id": "abcdefghijklmno", "title": "x"}, expand="author", fields="*")
            )

    assert made.title == "x"
    assert lines(odd) == [
        "POST /api/collections/posts/records?expand=author&fields=*",
        "POST /api/collections/posts/records?expand=author&fields=*",
        "GET /api/collections/posts/records/abcdefghijklmno?expand=author&fields=*",
    ]


async def test_an_id_that_was_taken_before_stays_an_error(flavour: str) -> None:
    with OddServer(TAKEN) as odd:
        async with new_client(flavour, odd.url, retries=2) as pb:
            with pytest.raises(ValidationFailed):
                await done(pb.collection("posts").create({"id": "abcdefghijklmno"}))

    assert len(odd.requests) == 1


class Repeated(Model, collection="posts"):
    title: Field[str]


async def test_models_save_once_though_the_answer_was_lost(flavour: str) -> None:
    with OddServer(lost, TAKEN, answer(200, RECORD)) as odd:
        async with new_client(flavour, odd.url, retries=2) as pb:
            with using(pb):
                record = Repeated(id="abcdefghijklmno", title="x")
                await done(record.save() if flavour == "sync" else record.aio.save())

    assert (record.is_new, record.title, len(odd.requests)) == (False, "x", 3)


@pytest.mark.parametrize(
    "send",
    [
        lambda pb: pb.collection("posts").create({"title": "x"}),
        lambda pb: pb.collection("posts").update("abcdefghijklmno", {"views+": 1}),
        lambda pb: pb.collection("posts").update("abcdefghijklmno", {"gallery+": b"file"}),
        lambda pb: pb.collection("users").auth_with_password("ann@example.com", "hush"),
        lambda pb: pb.collection("users").request_password_reset("ann@example.com"),
        lambda pb: pb.send("/api/custom", method="POST", body={"id": "abcdefghijklmno"}),
        lambda pb: pb.backups.create("a.zip"),
        lambda pb: pb.collections.import_collections([]),
    ],
    ids=["create", "increment", "append", "auth", "mail", "custom", "backup", "import"],
)
@pytest.mark.parametrize("passing", [lost, answer(503), answer(429)])
async def test_what_must_not_arrive_twice_is_sent_once(flavour: str, send: Any, passing: Any) -> None:
    with OddServer(passing) as odd:
        async with new_client(flavour, odd.url, retries=5) as pb:
            with pytest.raises((ConnectionFailed, ServerError, RateLimited)):
                await done(send(pb))

    assert len(odd.requests) == 1


async def test_a_batch_is_sent_once(flavour: str) -> None:
    with OddServer(lost) as odd:
        async with new_client(flavour, odd.url, retries=5) as pb:
            batch = pb.batch()
            batch.collection("posts").create({"id": "abcdefghijklmno"})
            with pytest.raises(ConnectionFailed):
                await done(batch.send())

    assert len(odd.requests) == 1


async def test_an_open_file_is_sent_again_from_where_it_was(flavour: str, tmp_path: Path) -> None:
    path = tmp_path / "cover.txt"
    path.write_bytes(b"skipped, sent")

    with OddServer(answer(503), answer(200, RECORD)) as odd, path.open("rb") as file:
        file.seek(9)
        async with new_client(flavour, odd.url, retries=2) as pb:
            await done(pb.collection("posts").update("abcdefghijklmno", {"cover": file}))

    sizes = [line for request in odd.requests for line in request.lower().splitlines() if "content-length" in line]
    assert len(sizes) == 2
    assert sizes[0] == sizes[1]


async def test_a_stream_that_was_sent_is_not_sent_again(flavour: str) -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    with OddServer(answer(503)) as odd:
        async with new_client(flavour, odd.url, retries=5) as pb:
            with pytest.raises(ServerError):
                await done(pb.collection("posts").update("abcdefghijklmno", {"cover": ("a.txt", Pipe(b"x"))}))

    assert len(odd.requests) == 1


async def test_hooks_see_every_try(flavour: str) -> None:
    seen: list[str] = []
    with OddServer(answer(503), answer(200, RECORD)) as odd:
        options = {
            "before_send": lambda request: seen.append(request.method),
            "after_send": lambda response: seen.append(response.status_code),
        }
        async with new_client(flavour, odd.url, retries=1, **options) as pb:
            await done(pb.collection("posts").get_one("abcdefghijklmno"))

    assert seen == ["GET", 503, "GET", 200]


def test_clients_repeat_twice_by_default() -> None:
    with OddServer(answer(503)) as odd, connect(odd.url) as pb, pytest.raises(ServerError):
        pb.health.check()

    assert len(odd.requests) == 3


@pytest.mark.parametrize("retries", [-1, 1.5, True, None])
async def test_retries_must_be_a_number_of_times(flavour: str, retries: Any) -> None:
    with pytest.raises(InvalidRequest, match="retries="):
        async with new_client(flavour, "http://127.0.0.1", retries=retries):
            pass


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (Call("POST", "/api/collections/a/records", json={"id": ""}), False),
        (Call("POST", "/api/collections/a/records", json={"id": 3}), False),
        (Call("POST", "/api/collections/a/records/", json={"id": "x"}), True),
        (Call("PATCH", "/api/settings", json={"meta": {}}), True),
        (Call("PATCH", "/api/collections/a/records/x", json={"+tags": ["a"]}), False),
        (Call("PATCH", "/api/collections/a/records/x", json={"docs-": "a.txt"}), False),
        (Call("PUT", "/api/collections/import", json={}), False),
    ],
)
def test_what_may_arrive_twice(call: Call, expected: bool) -> None:
    assert is_repeatable(call) is expected
