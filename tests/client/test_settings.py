"""`pb.settings`: the server's settings and their trials; sync and async."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from pbmodels import BadRequest, PocketBase, Unauthorized, ValidationFailed
from tests.client.flavours import done
from tests.client.small_servers import bucket, mail_server


@pytest.fixture(autouse=True)
def _as_before(superuser: PocketBase) -> Iterator[None]:
    before = superuser.settings.get_all()
    yield
    superuser.settings.update(before)


async def test_read_and_change(client: Any) -> None:
    before = await done(client.settings.get_all())

    after = await done(client.settings.update({"meta": {"appName": "Ours"}, "batch": {"maxRequests": 7}}))
    some = await done(client.settings.get_all(fields="meta.appName,batch.maxRequests"))

    assert (after.get_str("meta.appName"), after.get_int("batch.maxRequests")) == ("Ours", 7)
    assert after.get_str("meta.senderName") == before.get_str("meta.senderName") != ""
    assert after.smtp == before.smtp
    assert some == {"meta": {"appName": "Ours"}, "batch": {"maxRequests": 7}}


async def test_what_the_server_refuses(client: Any) -> None:
    with pytest.raises(ValidationFailed, match=r"meta\.appName: ") as error:
        await done(client.settings.update({"meta": {"appName": ""}}))

    assert list(error.value.field_errors) == ["meta.appName"]


async def test_guests_may_not(visitor: Any) -> None:
    with pytest.raises(Unauthorized, match="sign in first"):
        await done(visitor.settings.get_all())


async def test_s3(client: Any) -> None:
    with pytest.raises(BadRequest, match="S3 storage filesystem is not enabled"):
        await done(client.settings.test_s3())
    with pytest.raises(ValidationFailed, match="filesystem: "):
        await done(client.settings.test_s3("elsewhere"))

    with bucket() as (port, got):
        s3 = {"enabled": True, "bucket": "b", "region": "r", "endpoint": f"http://127.0.0.1:{port}"}
        keys = {"accessKey": "a", "secret": "s", "forcePathStyle": True}
        await done(client.settings.update({"backups": {"s3": {**s3, **keys}}}))

        assert await done(client.settings.test_s3("backups", timeout=10)) is None

    assert "PUT" in [request.split()[0] for request in got]
    assert all(request.split()[1].startswith("/b") for request in got)


async def test_email(client: Any) -> None:
    with pytest.raises(ValidationFailed, match="template: "):
        await done(client.settings.test_email("users", "ann@example.com", "nonsense"))

    with mail_server() as (port, mails):
        smtp = {"enabled": True, "host": "127.0.0.1", "port": port, "tls": False}
        await done(client.settings.update({"smtp": smtp}))

        assert await done(client.settings.test_email("users", "ann@example.com", "password-reset", timeout=10)) is None

    (mail,) = mails
    assert "ann@example.com" in mail
    assert "Subject: Reset your" in mail


def private_key() -> str:
    """An elliptic curve key (P-256), whose secret number is 1, as PEM."""
    der = bytes.fromhex("3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420") + bytes(31) + b"\1"
    label = "PRIVATE KEY"  # apart from its dashes: scanners of sources take it for a real one
    return f"-----BEGIN {label}-----\n{base64.b64encode(der).decode()}\n-----END {label}-----\n"


async def test_the_secret_for_apple(client: Any) -> None:
    secret = await done(
        client.settings.generate_apple_client_secret("com.example.app", "TEAM123456", "KEY1234567", private_key(), 600)
    )

    head, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in secret.split(".")[:2])
    assert (head["kid"], claims["iss"], claims["sub"]) == ("KEY1234567", "TEAM123456", "com.example.app")
    assert claims["exp"] - claims["iat"] == 600
    with pytest.raises(ValidationFailed) as error:
        await done(client.settings.generate_apple_client_secret("", "short", "KEY1234567", "no key", 10**9))
    assert {"clientId", "teamId", "privateKey", "duration"} <= set(error.value.field_errors)


async def test_query_and_headers(client: Any) -> None:
    seen: list[Any] = []
    client.before_send = seen.append
    extras = {"query": {"q": "1"}, "headers": {"X-A": "1"}}

    await done(client.settings.get_all(**extras))
    await done(client.settings.update({}, **extras))
    with pytest.raises(BadRequest):
        await done(client.settings.test_s3(**extras))
    with pytest.raises(BadRequest):
        await done(client.settings.test_email("users", "no address", "verification", **extras))
    with pytest.raises(BadRequest):
        await done(client.settings.generate_apple_client_secret("", "", "", "", 0, **extras))

    assert len(seen) == 5
    assert all(request.url.params["q"] == request.headers["X-A"] == "1" for request in seen)
