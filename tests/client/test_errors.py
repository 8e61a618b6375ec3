"""What goes wrong between here and a server, by class, message and attributes; sync and async."""

from __future__ import annotations

import pickle
import socket
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from pbmodels import (
    BadRequest,
    ClientResponseError,
    ConnectionFailed,
    Forbidden,
    InvalidRequest,
    NotFound,
    PocketBase,
    PocketBaseError,
    RateLimited,
    RequestTimeout,
    ServerError,
    Unauthorized,
    ValidationFailed,
)
from tests.client.conftest import PASSWORD
from tests.client.flavours import done, new_client
from tests.client.odd_server import OddServer, answer, nothing_listens


def everything(error: BaseException) -> str:
    """All that a log could show of an error, its causes included."""
    text = "".join(traceback.format_exception(error))
    shown: BaseException | None = error
    while shown is not None:
        text += f"{shown!s} {shown!r} {shown.__dict__ if isinstance(shown, PocketBaseError) else ''!r}"
        shown = shown.__cause__ or shown.__context__
    return text


async def test_validation_failed(client: Any) -> None:
    with pytest.raises(ValidationFailed) as error:
        await done(client.collection("posts").create({"contact": "no address", "link": "no url"}))

    assert set(error.value.field_errors) == {"contact", "link"}
    assert error.value.field_codes["link"] == "validation_invalid_url"
    assert str(error.value).startswith("POST /api/collections/posts/records failed with 400: ")
    assert f"link: {error.value.field_errors['link']}" in str(error.value)
    assert (error.value.status, error.value.is_abort, error.value.original_error) == (400, False, None)
    assert error.value.response["message"] == "Failed to create record."
    assert error.value.url == f"{client.url}/api/collections/posts/records"
    assert isinstance(error.value, BadRequest)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda pb: pb.collection("posts").get_list(filter="nope = 1"),
            BadRequest,
            "every field in the filter 'nope = 1'",
        ),
        (lambda pb: pb.collection("posts").get_list(sort="nope"), BadRequest, "every field in the sort 'nope' exists"),
        (lambda pb: pb.collection("posts").get_one("x"), NotFound, "no such record in 'posts', or its view rule"),
        (lambda pb: pb.collection("nope").get_list(), NotFound, "there is no collection 'nope': check its name"),
        (lambda pb: pb.collection("no pe/x").get_list(), NotFound, "there is no collection 'no pe/x'"),
        (lambda pb: pb.send("/api/nope"), NotFound, "check the path, and that the url is a PocketBase server"),
        (lambda pb: pb.send("/api/files/posts/x/y.png"), NotFound, "no such file, or it is protected"),
    ],
)
async def test_what_a_superuser_meets(client: Any, call: Callable[[Any], Any], kind: type, message: str) -> None:
    with pytest.raises(kind) as error:
        await done(call(client))

    assert type(error.value) is kind
    assert message in str(error.value)


async def test_what_a_guest_meets(visitor: Any, blog: PocketBase) -> None:
    with pytest.raises(Forbidden, match="403: Only superusers can perform this action: .* sign in as another"):
        await done(visitor.collection("posts").get_list())
    with pytest.raises(Unauthorized, match="401: .*: sign in first, e.g. pb.collection"):
        await done(visitor.files.get_token())


@pytest.mark.parametrize(
    ("status", "body", "kind", "message"),
    [
        (400, b'{"message": "Bad."}', BadRequest, "GET /x failed with 400: Bad."),
        (403, b'{"data": {"a": {"code": "c", "message": "m"}}}', Forbidden, "GET /x failed with 403: the signed-in"),
        (413, b"", ClientResponseError, "larger than the server accepts"),
        (418, b"no json", ClientResponseError, "GET /x failed with 418"),
        (429, b"{}", RateLimited, "wait and try again"),
        (500, b'{"message": "Oops."}', ServerError, "failed with 500: Oops: the server's log says why"),
        (502, b"<html>", ServerError, "PocketBase behind this proxy is down"),
        (503, b"[]", ServerError, "the server is down or busy; try again"),
        (504, b"", ServerError, "gave no answer in time"),
    ],
)
async def test_every_other_status(flavour: str, status: int, body: bytes, kind: type, message: str) -> None:
    with OddServer(answer(status, body)) as odd:
        async with new_client(flavour, odd.url) as pb:
            with pytest.raises(ClientResponseError) as error:
                await done(pb.send("/x"))

    assert (type(error.value), error.value.status) == (kind, status)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("3", 3.0),
        ("0", 0.0),
        (timedelta(hours=-1), 0.0),
        (timedelta(hours=1), 3600.0),
        ("Wed, 21 Oct 2099 07:28:00", None),
        ("soon", None),
        ("nan", None),
        ("-5", None),
        (None, None),
    ],
)
async def test_how_long_to_wait(flavour: str, value: str | timedelta | None, seconds: float | None) -> None:
    if isinstance(value, timedelta):
        value = format_datetime(datetime.now(UTC) + value, usegmt=True)
    headers = {} if value is None else {"retry_after": value}
    with OddServer(answer(429, **headers)) as odd:
        async with new_client(flavour, odd.url) as pb:
            with pytest.raises(RateLimited) as error:
                await done(pb.send("/x"))

    if value is not None and "2099" in value:
        assert error.value.retry_after is not None
        assert error.value.retry_after > 2e9 / 1000
    else:
        assert error.value.retry_after == (None if seconds is None else pytest.approx(seconds, abs=30))


async def test_redirects_are_not_followed(flavour: str) -> None:
    with OddServer(answer(302, location="https://ann:hush@elsewhere.example/pb?token=hush")) as odd:
        async with new_client(flavour, odd.url) as pb:
            pb.auth_store.save("hush")
            with pytest.raises(
                ClientResponseError, match="redirects to .*elsewhere.example/pb; give pbmodels"
            ) as error:
                await done(pb.send("/x"))

    assert (len(odd.requests), error.value.status) == (1, 302)
    assert "hush" not in everything(error.value)


async def test_nobody_listens(flavour: str) -> None:
    with nothing_listens() as url:
        async with new_client(flavour, url) as pb:
            with pytest.raises(ConnectionFailed, match="cannot reach PocketBase at .*; check that it runs") as error:
                await done(pb.collection("posts").get_list())

    assert (error.value.status, error.value.response) == (0, {})
    assert isinstance(error.value.original_error, httpx.TransportError)
    assert error.value.__cause__ is error.value.original_error


WHAT_TO_DO: dict[str, tuple[Callable[[Any], Any], str]] = {
    "no auth collection": (
        lambda pb: pb.collection("posts").auth_with_password("a", "b"),
        "no auth collection 'posts'",
    ),
    "a way that is off": (lambda pb: pb.users.request_otp("a@example.com"), "turn this way to sign in on .* 'users'"),
    "nobody to be": (lambda pb: pb.users.impersonate("nobody"), "there is no such record in 'users'"),
    "nothing to empty": (lambda pb: pb.collections.truncate("poosts"), "there is no collection 'poosts'"),
    "no backup to delete": (lambda pb: pb.backups.delete("no.zip"), "there may be no such backup: see pb.backups"),
    "no backup to restore": (lambda pb: pb.backups.restore("no.zip"), "there may be no such backup: see pb.backups"),
}


@pytest.mark.parametrize("name", WHAT_TO_DO)
async def test_what_to_do_is_said(client: Any, name: str) -> None:
    use, says = WHAT_TO_DO[name]

    with pytest.raises(ClientResponseError, match=says):
        await done(use(client))


def cut(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{half")


def silent(connection: socket.socket) -> None:
    connection.recv(1)


def slow(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
    connection.recv(1)


def no_http(connection: socket.socket) -> None:
    connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")


@pytest.mark.parametrize(
    ("broken", "kind", "message"),
    [
        (cut, ConnectionFailed, "broke before the answer was complete"),
        (no_http, ConnectionFailed, "broke before the answer was complete"),
        (lambda connection: None, ConnectionFailed, "broke before the answer was complete"),
        (answer(200, b"not gzip", content_encoding="gzip"), ConnectionFailed, "broke before the answer was complete"),
        (silent, RequestTimeout, "no answer from .* in time; .* longer timeout="),
        (slow, RequestTimeout, "no answer from .* in time; .* longer timeout="),
    ],
)
async def test_broken_connections(flavour: str, broken: Any, kind: type, message: str) -> None:
    with OddServer(broken, answer(200, b'{"fine": true}')) as odd:
        async with new_client(flavour, odd.url) as pb:
            with pytest.raises(kind, match=f"GET /x .*{message}") as error:
                await done(pb.send("/x", timeout=1 if kind is RequestTimeout else 10))
            assert (error.value.status, error.value.is_abort) == (0, kind is RequestTimeout)
            assert error.value.original_error is not None
            assert await done(pb.send("/x")) == {"fine": True}


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        ({"title": {"code": "c", "message": "m"}}, {"title": "m"}),
        ({"smtp": {"host": {"code": "c", "message": "m"}}}, {"smtp.host": "m"}),
        ({"fields": {"1": {"name": {"code": "c", "message": "m"}}}}, {"fields.1.name": "m"}),
        (
            {"code": {"code": "c", "message": "m"}, "message": {"code": "d", "message": "n"}},
            {"code": "m", "message": "n"},
        ),
        (
            {
                "requests": {
                    "1": {
                        "code": "batch_request_failed",
                        "message": "Batch request failed.",
                        "response": {"status": 400, "message": "M.", "data": {"title": {"code": "c", "message": "m"}}},
                    }
                }
            },
            {"requests.1.title": "m"},
        ),
        (
            {
                "requests": {
                    "0": {
                        "code": "batch_request_failed",
                        "message": "Batch request failed.",
                        "response": {"status": 404, "message": "Not there.", "data": {}},
                    }
                }
            },
            {"requests.0": "Not there."},
        ),
    ],
)
async def test_every_shape_of_field_errors(flavour: str, data: dict[str, Any], fields: dict[str, str]) -> None:
    body = httpx.Response(400, json={"status": 400, "message": "Bad.", "data": data}).content
    with OddServer(answer(400, body)) as odd:
        async with new_client(flavour, odd.url) as pb:
            with pytest.raises(ValidationFailed) as error:
                await done(pb.send("/x"))

    assert error.value.field_errors == fields
    assert error.value.field_codes.keys() == fields.keys()
    assert all(f"{name}: {message}" in str(error.value) for name, message in fields.items())


@pytest.mark.parametrize("data", [None, [], "x", {}, {"a": 1, "b": None, "c": []}])
async def test_shapes_without_field_errors(flavour: str, data: Any) -> None:
    with OddServer(answer(400, httpx.Response(400, json={"data": data}).content)) as odd:
        async with new_client(flavour, odd.url) as pb:
            with pytest.raises(BadRequest) as error:
                await done(pb.send("/x"))

    assert (type(error.value), error.value.field_errors) == (BadRequest, {})


async def test_tokens_and_passwords_stay_out_of_errors(flavour: str, members: str, pb: PocketBase) -> None:
    secret, token = "p4ssw0rd hush", "t0ken.hush.hush"
    answers = [answer(status, b'{"message": "No."}') for status in (400, 401, 403, 404, 429, 500, 302)]
    with OddServer(*answers, cut) as odd:
        async with new_client(flavour, odd.url) as client:
            for _ in range(8):
                client.auth_store.save(token, {"id": "u"})
                with pytest.raises(ClientResponseError) as error:
                    await done(client.users.auth_with_password("ann", secret, query={"token": token}))
                assert "hush" not in everything(error.value)
            with pytest.raises(ClientResponseError) as error:
                await done(client.send("/x", query={"token": token}, headers={"X-Token": token}, timeout=5))
            assert "hush" not in everything(error.value)
    pb.auth_store.save(token)
    with pytest.raises(ValidationFailed) as error:
        pb.collection(members).create({"email": "x", "password": secret, "passwordConfirm": "other"})
    assert "hush" not in everything(error.value)


@pytest.mark.parametrize("token", ["hush\n", "hush\r\nX: y", "hush\x00"])
async def test_a_token_that_no_header_can_hold(client: Any, token: str) -> None:
    with pytest.raises(InvalidRequest, match="has a character that no header can hold") as error:
        await done(client.send("/api/health", headers={"Authorization": token}))

    assert "hush" not in everything(error.value)


async def test_prepared_requests_show_no_body(client: Any) -> None:
    from pbmodels.client._record_calls import auth_call

    call = auth_call("users", "auth-with-password", {"password": PASSWORD}, headers={"Authorization": "hush"})

    assert PASSWORD not in repr(call)
    assert "hush" not in repr(call)


async def test_errors_can_be_pickled(flavour: str) -> None:
    with OddServer(answer(429, b'{"message": "Slow."}', retry_after="4")) as odd:
        async with new_client(flavour, odd.url) as pb:
            with pytest.raises(RateLimited) as error:
                await done(pb.send("/x"))

    twin = pickle.loads(pickle.dumps(error.value))
    assert (str(twin), twin.retry_after, twin.status, twin.response) == (
        str(error.value),
        4.0,
        429,
        {"message": "Slow."},
    )
