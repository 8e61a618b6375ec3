"""`pb.backups`: made, fetched, brought back; sync and async, each on a server of its own."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from pbmodels import (
    BadRequest,
    ClientResponseError,
    ConnectionFailed,
    Forbidden,
    InvalidRequest,
    NotFound,
    PocketBase,
    PocketBaseServer,
    RequestTimeout,
    Unauthorized,
    ValidationFailed,
)
from tests.client.eventually import eventually
from tests.client.flavours import done, new_client
from tests.client.odd_server import OddServer, answer
from tests.server_version import SERVER

NEW_USER = {"password": "x" * 10, "passwordConfirm": "x" * 10}


@pytest.fixture(scope="module")
def own_server() -> Iterator[PocketBaseServer]:
    with PocketBaseServer() as server:
        yield server


@pytest.fixture(scope="module")
def owner(own_server: PocketBaseServer) -> Iterator[PocketBase]:
    with own_server.client() as pb:
        yield pb


@pytest.fixture
async def host(flavour: str, owner: PocketBase) -> AsyncIterator[Any]:
    """A superuser's client of either flavour, on a server without backups."""
    for left in owner.backups.get_full_list():
        owner.backups.delete(left.key)
    async with new_client(flavour, owner.url, auth_store=owner.auth_store) as pb:
        yield pb


async def test_make_list_delete(host: Any) -> None:
    await done(host.backups.create("one.zip", timeout=60))
    await done(host.backups.create())
    backups = {backup.key: backup for backup in await done(host.backups.get_full_list())}

    assert len(backups) == 2
    assert backups["one.zip"].size > 1000
    assert backups["one.zip"].modified.endswith("Z")
    assert await done(host.backups.delete("one.zip")) is None
    assert "one.zip" not in [backup.key for backup in await done(host.backups.get_full_list())]
    with pytest.raises(BadRequest, match="Invalid or already deleted backup file"):
        await done(host.backups.delete("one.zip"))


async def test_names(host: Any) -> None:
    await done(host.backups.create("one.zip"))

    for name in ("one.zip", "no zip", "../up.zip"):
        with pytest.raises(ValidationFailed, match="name: "):
            await done(host.backups.create(name))
    for key in ("", ".", ".."):
        with pytest.raises(InvalidRequest, match="backup key"):
            await done(host.backups.delete(key))


async def test_download_and_upload(host: Any, tmp_path: Path) -> None:
    await done(host.backups.create("one.zip"))
    (listed,) = await done(host.backups.get_full_list())
    seen: list[tuple[int, int | None]] = []
    target = tmp_path / "kept.zip"
    target.write_bytes(b"an older one")

    path = await done(host.backups.download("one.zip", target, progress=lambda *args: seen.append(args)))

    assert (path, path.stat().st_size, list(tmp_path.iterdir())) == (target, listed.size, [target])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(seen) > 1
    assert [total for _, total in seen] == [listed.size] * len(seen)
    assert [got for got, _ in seen] == sorted({got for got, _ in seen})
    assert seen[-1][0] == listed.size
    with zipfile.ZipFile(path) as content:
        assert "data.db" in content.namelist()

    await done(host.backups.upload(path))
    await done(host.backups.upload(("two.zip", path.read_bytes()), timeout=30))
    await done(host.backups.upload(path.read_bytes()))
    keys = [backup.key for backup in await done(host.backups.get_full_list())]
    assert sorted(keys) == ["backup.zip", "kept.zip", "one.zip", "two.zip"]
    with pytest.raises(ValidationFailed, match="file: .*already exists"):
        await done(host.backups.upload(path))
    with pytest.raises(ValidationFailed, match="file: "):
        await done(host.backups.upload(("text.zip", b"no zip")))
    with pytest.raises(InvalidRequest, match="a int is no file"):
        await done(host.backups.upload(5))


async def test_the_address(host: Any) -> None:
    await done(host.backups.create("one.zip"))

    url = host.backups.get_download_url(await done(host.files.get_token()), "one.zip")

    assert url.startswith(f"{host.url}/api/backups/one.zip?token=")
    with urlopen(url) as response:
        assert response.read(2) == b"PK"
    assert host.backups.get_download_url("a&b", "c d").endswith("/api/backups/c%20d?token=a%26b")


async def test_a_download_that_fails_leaves_nothing(host: Any, tmp_path: Path) -> None:
    await done(host.backups.create("one.zip"))
    target = tmp_path / "kept.zip"
    target.write_bytes(b"an older one")

    def give_up(*_: Any) -> None:
        raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        await done(host.backups.download("one.zip", target, progress=give_up))
    with pytest.raises((NotFound, BadRequest) if SERVER < (0, 26) else NotFound):
        await done(host.backups.download("two.zip", target))
    with pytest.raises(Forbidden, match=r"superuser's file token: see pb.files.get_token") as refused:
        await done(host.backups.download("one.zip", target, token="s3cret"))
    with pytest.raises(InvalidRequest, match="is a folder"):
        await done(host.backups.download("one.zip", tmp_path))
    with pytest.raises(FileNotFoundError):
        await done(host.backups.download("one.zip", tmp_path / "nowhere" / "a.zip"))

    assert "s3cret" not in str(refused.value) + refused.value.url
    assert (target.read_bytes(), list(tmp_path.iterdir())) == (b"an older one", [target])
    assert (await done(host.health.check())).code == 200


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nPK", ConnectionFailed),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nPK\r\n", ConnectionFailed),
    ],
)
async def test_a_connection_that_breaks(
    flavour: str, tmp_path: Path, reply: bytes, error: type[ClientResponseError]
) -> None:
    with OddServer(lambda connection: connection.sendall(reply)) as odd:
        async with new_client(flavour, odd.url) as pb:
            with pytest.raises(error, match="GET /api/backups/a.zip failed: the connection .* broke"):
                await done(pb.backups.download("a.zip", tmp_path / "a.zip", token="t"))

    assert list(tmp_path.iterdir()) == []


async def test_a_server_that_falls_silent(flavour: str, tmp_path: Path) -> None:
    with OddServer(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nPK") as odd:
        async with new_client(flavour, odd.url) as pb:
            with pytest.raises(RequestTimeout):
                await done(pb.backups.download("a.zip", tmp_path / "a.zip", token="t", timeout=0.2))

    assert list(tmp_path.iterdir()) == []


async def test_a_size_that_is_not_known(flavour: str, tmp_path: Path) -> None:
    seen: list[Any] = []
    with OddServer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nPK\r\n0\r\n\r\n") as odd:
        async with new_client(flavour, odd.url) as pb:
            path = await done(
                pb.backups.download("a.zip", tmp_path / "a", token="t", progress=lambda *args: seen.append(args))
            )

    assert (path.read_bytes(), seen) == (b"PK", [(2, None)])


async def test_guests_may_not(flavour: str, own_server: PocketBaseServer, tmp_path: Path) -> None:
    async with new_client(flavour, own_server.url) as pb:
        with pytest.raises(Unauthorized, match="sign in first"):
            await done(pb.backups.get_full_list())
        with pytest.raises(Unauthorized):
            await done(pb.backups.download("one.zip", tmp_path / "a.zip"))


async def test_an_answer_that_is_no_list(flavour: str) -> None:
    with OddServer(answer(200, b"{}")) as odd:
        async with new_client(flavour, odd.url) as pb:
            with pytest.raises(ClientResponseError, match="gave no JSON list; check that the url"):
                await done(pb.backups.get_full_list())


async def test_restore(flavour: str) -> None:
    with PocketBaseServer() as server:
        async with new_client(flavour, server.url) as pb:
            await done(pb.superusers.auth_with_password(server.superuser_email, server.superuser_password))
            with pytest.raises(BadRequest, match="Missing or invalid backup file"):
                await done(pb.backups.restore("none.zip"))
            users = pb.collection("users")
            await done(users.create({**NEW_USER, "email": "before@example.com"}))
            await done(pb.backups.create("one.zip"))
            await done(users.create({**NEW_USER, "email": "after@example.com"}))

            await done(pb.backups.restore("one.zip"))

            async def is_back() -> bool:
                try:
                    found = await done(users.get_full_list(sort="email"))
                except ClientResponseError:
                    return False  # it restarts
                return [user.email for user in found] == ["before@example.com"]

            assert await eventually(is_back)
