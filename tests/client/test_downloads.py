"""Files from the server: streamed, protected, scaled down, and on through broken connections; sync and async."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import shutil
import stat
import struct
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from pbmodels import (
    AsyncPocketBase,
    ConnectionFailed,
    InvalidRequest,
    NotFound,
    PocketBase,
    PocketBaseServer,
    RateLimited,
    Record,
    ServerError,
)
from tests.client.conftest import PASSWORD
from tests.client.cutting import CuttingProxy
from tests.client.flavours import done, new_client
from tests.client.odd_server import OddServer, answer

CONTENT = os.urandom(1_000_000)


@pytest.fixture
def kept(pb: PocketBase, vault: str) -> Iterator[Record]:
    """A record with a file of a megabyte and a protected one."""
    made = pb.collection(vault).create({"big": ("big.bin", CONTENT), "secret": ("secret.txt", b"mine")})
    yield made
    pb.collection(vault).delete(made.id)


@pytest.fixture
def cutting(server: PocketBaseServer) -> Iterator[CuttingProxy]:
    """A line to the server that breaks twice."""
    with CuttingProxy(server.url, 300_000, 300_000) as proxy:
        yield proxy


@pytest.fixture
async def far(flavour: str, cutting: CuttingProxy, superuser: PocketBase) -> AsyncIterator[Any]:
    """A client at the other end of that line."""
    async with new_client(flavour, cutting.url, auth_store=superuser.auth_store) as pb:
        yield pb


async def test_to_a_path(client: Any, kept: Record, tmp_path: Path) -> None:
    target = tmp_path / "big.bin"
    target.write_bytes(b"an older one")
    seen: list[tuple[int, int | None]] = []

    size = await done(client.files.download(kept, kept.big, target, progress=lambda *args: seen.append(args)))

    assert (size, target.read_bytes() == CONTENT, os.listdir(tmp_path)) == (1_000_000, True, ["big.bin"])
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert seen[-1] == (1_000_000, 1_000_000)
    assert [got for got, _ in seen] == sorted({got for got, _ in seen})
    assert len(seen) > 5


async def test_to_an_open_file_where_it_stands(client: Any, kept: Record) -> None:
    target = io.BytesIO(b"before")
    target.seek(6)

    assert await done(client.files.download(kept, kept.big, target)) == 1_000_000

    assert target.getvalue() == b"before" + CONTENT
    assert not target.closed


async def test_a_stream(flavour: str, client: Any, kept: Record) -> None:
    stream = client.files.open(kept, kept.big)
    if flavour == "sync":
        with stream:
            begin = stream.read(10), stream.read(0)
            rest = b"".join(stream)
            end = stream.read(5)
    else:
        async with stream:
            begin = await stream.read(10), await stream.read(0)
            rest = b"".join([piece async for piece in stream])
            end = await stream.read(5)

    assert (begin, rest == CONTENT[10:], end) == ((CONTENT[:10], b""), True, b"")
    assert (stream.size, stream.content_type) == (1_000_000, "application/octet-stream")
    assert await done(client.files.read(kept, kept.big)) == CONTENT
    with pytest.raises(InvalidRequest, match="this file is not open: use it in a with block"):
        await done(stream.read())


def test_a_stream_is_a_file_for_other_libraries(pb: PocketBase, kept: Record) -> None:
    target = io.BytesIO()

    with pb.files.open(kept, kept.big) as stream:
        shutil.copyfileobj(stream, target)

    assert target.getvalue() == CONTENT


async def test_a_protected_file_is_got_with_one_token(client: Any, kept: Record) -> None:
    sent: list[str] = []
    client.before_send = lambda request: sent.append(request.url.path.split("/")[2] + "?" + request.url.query.decode())

    for _ in range(3):
        assert await done(client.files.read(kept, kept.secret)) == b"mine"

    kinds = [line.split("=")[0] for line in sent]
    assert kinds == ["files?", "files?", "files?token", "files?token", "files?token"]
    token = await done(client.files.get_token(reuse=True))
    assert sent[-1] == f"files?token={token}"
    assert len(sent) == 5
    assert await done(client.files.read(kept, kept.secret, token=token)) == b"mine"


async def test_a_token_that_has_ended_is_renewed(client: Any, kept: Record, vault: str, pb: PocketBase) -> None:
    pb.collections.update("_superusers", {"fileToken": {"duration": 10}})
    try:
        first = await done(client.files.get_token(reuse=True))
        client.files._tokens._asked -= 60  # as if it had been asked for a minute ago
        assert await done(client.files.get_token(reuse=True)) == first
        # The server forgets all file tokens of the collection.
        pb.collections.update("_superusers", {"fileToken": {"duration": 180, "secret": os.urandom(25).hex()}})
        client.files._tokens.protected.add(kept.collection_id)

        assert await done(client.files.read(kept, kept.secret)) == b"mine"

        assert await done(client.files.get_token(reuse=True)) != first
    finally:
        pb.collections.update("_superusers", {"fileToken": {"duration": 180}})


async def test_a_token_near_its_end_is_not_used_again(client: Any) -> None:
    await done(client.files.get_token(reuse=True))
    life = client.files._tokens._life
    assert 100 < life.refresh_at - life.expires_at + 180 < 180

    client.files._tokens._life = type(life)(life.token, 0.0, life.expires_at)
    second = await done(client.files.get_token(reuse=True))

    assert client.files._tokens._life.token == second
    assert client.files._tokens._life.refresh_at > 0


async def test_each_who_is_signed_in_has_a_token_of_their_own(
    flavour: str, server: PocketBaseServer, superuser: PocketBase, members: str, member: str, kept: Record
) -> None:
    async with new_client(flavour, server.url) as pb:
        pb.auth_store.save(superuser.auth_store.token, superuser.auth_store.record)
        assert await done(pb.files.read(kept, kept.secret)) == b"mine"
        await done(pb.collection(members).auth_with_password(member, PASSWORD))
        with pytest.raises(NotFound, match="there is no such file, or it is protected"):
            await done(pb.files.read(kept, kept.secret))
        pb.auth_store.clear()
        with pytest.raises(NotFound):
            await done(pb.files.read(kept, kept.secret))
        header = {"Authorization": superuser.auth_store.token}
        assert await done(pb.files.read(kept, kept.secret, headers=header)) == b"mine"


async def test_a_file_that_is_not_there(client: Any, kept: Record, tmp_path: Path) -> None:
    sent: list[str] = []
    client.before_send = lambda request: sent.append(request.url.path)

    for resume in (False, True):
        with pytest.raises(NotFound):
            await done(client.files.download(kept, "none.txt", tmp_path / "none.txt", resume=resume))
    with pytest.raises(InvalidRequest, match="is a folder"):
        await done(client.files.download(kept, kept.big, tmp_path))
    with pytest.raises(InvalidRequest, match="a int is nothing to write to"):
        await done(client.files.download(kept, kept.big, 5))
    with pytest.raises(FileNotFoundError):
        await done(client.files.download(kept, kept.big, tmp_path / "nowhere" / "a", resume=True))

    assert os.listdir(tmp_path) == []
    assert len([path for path in sent if path.endswith("none.txt")]) == 4  # without a token, and with it


async def test_a_thumbnail(client: Any, pb: PocketBase) -> None:
    width = height = 40
    rows = (b"\0" + b"\x20\x40\x80" * width) * height
    blocks = {
        b"IHDR": struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0),
        b"IDAT": zlib.compress(rows),
        b"IEND": b"",
    }
    picture = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in blocks.items()
    )
    pb.collections.create(
        {"name": "pictures", "fields": [{"name": "p", "type": "file", "maxSelect": 1, "thumbs": ["10x0"]}]}
    )
    try:
        made = await done(client.collection("pictures").create({"p": ("p.png", picture)}))
        small = await done(client.files.read(made, made.p, thumb="10x0"))
        other = await done(client.files.read(made, made.p, thumb="7x0"))  # the field has no such thumbnail
    finally:
        pb.collections.delete("pictures")

    assert struct.unpack(">II", small[16:24]) == (10, 10)
    assert other == picture


async def test_it_goes_on_where_the_line_broke(far: Any, cutting: CuttingProxy, kept: Record, tmp_path: Path) -> None:
    seen: list[int] = []
    target = tmp_path / "big.bin"

    size = await done(far.files.download(kept, kept.big, target, resume=True, progress=lambda got, _: seen.append(got)))

    assert (size, target.read_bytes() == CONTENT, os.listdir(tmp_path)) == (1_000_000, True, ["big.bin"])
    assert cutting.cuts == []
    ranges = [line for request in cutting.requests for line in request.splitlines() if line.startswith("Range: ")]
    assert len(ranges) == 2
    assert all(int(line[13:-1]) > 200_000 for line in ranges)
    assert seen == sorted(seen)


async def test_an_open_file_gets_the_rest_too(far: Any, kept: Record) -> None:
    target = io.BytesIO()

    assert await done(far.files.download(kept, kept.big, target, resume=True)) == 1_000_000

    assert target.getvalue() == CONTENT


async def test_without_resume_nothing_is_left(far: Any, kept: Record, tmp_path: Path) -> None:
    with pytest.raises(ConnectionFailed):
        await done(far.files.download(kept, kept.big, tmp_path / "big.bin"))

    assert os.listdir(tmp_path) == []


async def test_a_later_call_goes_on(far: Any, cutting: CuttingProxy, kept: Record, tmp_path: Path) -> None:
    target = tmp_path / "big.bin"

    def give_up(got: int, _: int | None) -> None:
        if got > 150_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await done(far.files.download(kept, kept.big, target, resume=True, progress=give_up))
    (part,) = tmp_path.iterdir()
    assert (part.name[:9], part.suffix, part.stat().st_size > 150_000) == (".big.bin.", ".part", True)
    assert stat.S_IMODE(part.stat().st_mode) == 0o600

    cutting.cuts.clear()
    seen: list[int] = []
    await done(far.files.download(kept, kept.big, target, resume=True, progress=lambda got, _: seen.append(got)))

    assert target.read_bytes() == CONTENT
    assert seen[0] > 150_000
    assert os.listdir(tmp_path) == ["big.bin"]


async def test_a_part_of_an_older_file_is_not_used(client: Any, kept: Record, tmp_path: Path) -> None:
    target = tmp_path / "big.bin"

    def give_up(*_: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await done(client.files.download(kept, kept.big, target, resume=True, progress=give_up))
    (part,) = tmp_path.iterdir()
    start, _, modified = part.stem.rpartition("-")
    part.write_bytes(b"x" * part.stat().st_size)
    part.rename(tmp_path / f"{start}-{int(modified) - 1000}.part")

    await done(client.files.download(kept, kept.big, target, resume=True))

    assert target.read_bytes() == CONTENT
    assert os.listdir(tmp_path) == ["big.bin"]


async def test_two_downloads_to_one_path_do_not_mix(flavour: str, client: Any, kept: Record, tmp_path: Path) -> None:
    target = tmp_path / "big.bin"
    inner: list[int] = []

    if flavour == "sync":

        def meanwhile(*_: Any) -> None:
            if not inner:
                inner.append(0)
                inner[0] = client.files.download(kept, kept.big, target, resume=True)
                assert target.read_bytes() == CONTENT

        await done(client.files.download(kept, kept.big, target, resume=True, progress=meanwhile))
    else:
        inner = list(await asyncio.gather(*[client.files.download(kept, kept.big, target, resume=True) for _ in "123"]))

    assert set(inner) == {1_000_000}
    assert target.read_bytes() == CONTENT
    assert os.listdir(tmp_path) == ["big.bin"]


HEAD = b"HTTP/1.1 %s\r\nConnection: close\r\n"
DATED = b"Last-Modified: Fri, 02 Jan 1970 00:00:00 GMT\r\n"


@pytest.mark.parametrize(
    ("second", "body"),
    [
        (HEAD % b"200 OK" + DATED + b"Content-Length: 4\r\n\r\nnew!", b"new!"),  # a server without ranges
        (HEAD % b"206 P" + DATED + b"Content-Range: bytes 1-3/4\r\nContent-Length: 3\r\n\r\nBCD", b"ABCD"),
    ],
)
async def test_what_servers_answer(flavour: str, tmp_path: Path, second: bytes, body: bytes) -> None:
    cut = HEAD % b"200 OK" + DATED + b"Content-Length: 4\r\n\r\nAB"
    record = {"id": "r", "collectionName": "c"}
    with OddServer(lambda line: line.sendall(cut), lambda line: line.sendall(second)) as odd:
        async with new_client(flavour, odd.url) as pb:
            await done(pb.files.download(record, "f", tmp_path / "f", resume=True))

    assert (tmp_path / "f").read_bytes() == body
    assert "Range: bytes=1-\r\n" in odd.requests[1]


async def test_a_part_that_was_not_asked_for(flavour: str, tmp_path: Path) -> None:
    cut = HEAD % b"200 OK" + DATED + b"Content-Length: 4\r\n\r\nABC"
    wrong = HEAD % b"206 P" + DATED + b"Content-Range: bytes 1-3/4\r\nContent-Length: 3\r\n\r\nBCD"
    whole = HEAD % b"200 OK" + b"Content-Length: 4\r\n\r\nABCD"
    with OddServer(*[lambda line, text=text: line.sendall(text) for text in (cut, wrong, whole)]) as odd:
        async with new_client(flavour, odd.url) as pb:
            await done(pb.files.download({"id": "r", "collectionName": "c"}, "f", tmp_path / "f", resume=True))

    assert ((tmp_path / "f").read_bytes(), len(odd.requests)) == (b"ABCD", 3)


async def test_a_server_that_never_gets_there(flavour: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pbmodels.client._ranges.PAUSE", 0.001)
    cut = HEAD % b"200 OK" + b"Content-Length: 4\r\n\r\n"
    with OddServer(lambda line: line.sendall(cut)) as odd:
        async with new_client(flavour, odd.url) as pb:
            with pytest.raises(ConnectionFailed):
                await done(pb.files.download({"id": "r", "collectionName": "c"}, "f", tmp_path / "f", resume=True))

    assert len(odd.requests) == 6
    assert os.listdir(tmp_path) == []


WAYS = {
    "read": lambda pb, path: pb.files.read(RECORD, "f"),
    "download": lambda pb, path: pb.files.download(RECORD, "f", path),
    "open": lambda pb, path: opened(pb),
}
RECORD = {"id": "r", "collectionName": "c"}


async def opened(pb: Any) -> bytes:
    if isinstance(pb, AsyncPocketBase):
        async with pb.files.open(RECORD, "f") as stream:
            return await stream.read()
    with pb.files.open(RECORD, "f") as stream:
        return bytes(stream.read())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("passing", [answer(503), answer(429, retry_after="0"), lambda line: None])
async def test_a_file_is_asked_for_again(flavour: str, tmp_path: Path, way: str, passing: Any) -> None:
    with OddServer(passing, answer(200, b"ABCD")) as odd:
        async with new_client(flavour, odd.url, retries=1) as pb:
            got = await done(WAYS[way](pb, tmp_path / "f"))
    assert (got if way != "download" else (tmp_path / "f").read_bytes()) == b"ABCD"
    assert len(odd.requests) == 2

    with OddServer(passing, answer(200, b"ABCD")) as odd:
        async with new_client(flavour, odd.url, retries=0) as pb:
            with pytest.raises((ServerError, RateLimited, ConnectionFailed)):
                await done(WAYS[way](pb, tmp_path / "f"))
    assert len(odd.requests) == 1


@pytest.mark.parametrize("date", [DATED, b""])
async def test_what_is_read_into_memory_goes_on(flavour: str, date: bytes) -> None:
    cut = HEAD % b"200 OK" + date + b"Content-Length: 4\r\n\r\nABC"
    rest = HEAD % b"206 P" + DATED + b"Content-Range: bytes 3-3/4\r\nContent-Length: 1\r\n\r\nD"
    whole = HEAD % b"200 OK" + b"Content-Length: 4\r\n\r\nABCD"
    with OddServer(lambda line: line.sendall(cut), lambda line: line.sendall(rest if date else whole)) as odd:
        async with new_client(flavour, odd.url, retries=1) as pb:
            assert await done(pb.files.read(RECORD, "f")) == b"ABCD"

    assert ("Range: bytes=3-\r\n" in odd.requests[1]) == bool(date)


async def test_a_compressed_answer_is_never_taken_apart(flavour: str, tmp_path: Path) -> None:
    packed = zlib.compress(b"plain text", wbits=31)
    with OddServer(answer(200, packed, content_encoding="gzip", last_modified="Fri, 02 Jan 1970 00:00:00 GMT")) as odd:
        async with new_client(flavour, odd.url) as pb:
            content = await done(pb.files.read({"id": "r", "collectionName": "c"}, "f"))

    assert content == b"plain text"


async def test_a_big_file_is_never_in_memory(client: Any, vault: str, tmp_path: Path) -> None:
    size = 100_000_000
    source = tmp_path / "source"
    with source.open("wb") as file:
        file.truncate(size)

    tracemalloc.start()
    try:
        made = await done(client.collection(vault).create({"big": source}))
        await done(client.files.download(made, made.big, tmp_path / "target"))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 5_000_000
    with (tmp_path / "target").open("rb") as file:
        assert hashlib.file_digest(file, "sha256").digest() == hashlib.sha256(bytes(size)).digest()
