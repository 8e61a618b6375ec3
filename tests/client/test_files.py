"""Files to the server and back; sync and async."""

from __future__ import annotations

import io
import os
import threading
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import IO, Any
from urllib.request import urlopen

import httpx
import pytest

from pbmodels import AsyncPocketBase, InvalidRequest, NotFound, PocketBase, Upload
from tests.client.flavours import done


def fetch(url: str) -> bytes:
    with urlopen(url) as response:
        return bytes(response.read())


@pytest.fixture
def note(tmp_path: Path) -> Path:
    path = tmp_path / "note.txt"
    path.write_bytes(b"content")
    return path


def forms(path: Path, file: IO[bytes]) -> dict[str, Any]:
    """The same content in every form that a file can be given in."""
    return {
        "bytes": b"content",
        "bytearray": bytearray(b"content"),
        "path": path,
        "open file": file,
        "in memory": io.BytesIO(b"content"),
        "tuple": ("note.txt", b"content"),
        "tuple with path": ("note.txt", path),
        "tuple with type": ("note", b"content", "text/plain"),
        "upload": Upload("note.txt", b"content"),
        "upload of a path": Upload("note.txt", path, "text/plain"),
        "iterator": iter([b"con", b"", b"tent"]),
        "tuple with iterator": ("note.txt", (piece for piece in (b"con", bytearray(b"tent")))),
    }


async def pieces(*contents: bytes) -> AsyncIterator[bytes]:
    for content in contents:
        yield content


class Awaited:
    """A file as web frameworks hand it over."""

    def __init__(self, content: bytes) -> None:
        self._file = io.BytesIO(content)

    async def read(self, size: int = -1) -> bytes:
        return self._file.read(size)


@pytest.mark.parametrize(
    "form",
    [
        "bytes",
        "bytearray",
        "path",
        "open file",
        "in memory",
        "tuple",
        "tuple with path",
        "tuple with type",
        "upload",
        "upload of a path",
        "iterator",
        "tuple with iterator",
    ],
)
async def test_every_form_of_a_file(client: Any, vault: str, note: Path, form: str) -> None:
    with note.open("rb") as file:
        made = await done(client.collection(vault).create({"big": forms(note, file)[form]}))
        assert not file.closed

    assert fetch(client.files.get_url(made, made.big)) == b"content"
    assert made.big.startswith("big" if form in ("bytes", "bytearray", "in memory", "iterator") else "note")


async def test_an_open_file_is_sent_from_its_start(client: Any, vault: str, note: Path) -> None:
    with note.open("rb") as file:
        file.read(3)
        made = await done(client.collection(vault).create({"big": file}))

    assert fetch(client.files.get_url(made, made.big)) == b"content"


async def test_a_pipe_is_sent_to_its_end(client: Any, vault: str) -> None:
    reading, writing = os.pipe()

    def write() -> None:
        with os.fdopen(writing, "wb") as end:
            end.write(b"from a pipe" * 10_000)

    writer = threading.Thread(target=write)
    writer.start()
    with os.fdopen(reading, "rb") as pipe:
        made = await done(client.collection(vault).create({"big": ("p.txt", pipe)}))
    writer.join()

    assert fetch(client.files.get_url(made, made.big)) == b"from a pipe" * 10_000


async def test_other_fields_keep_their_types_beside_files(client: Any, vault: str) -> None:
    body = {"title": "7", "n": 1.5, "yes": True, "tags": ["a", "b"], "data": {"x": [1, "2", None, True]}, "big": b"x"}

    made = await done(client.collection(vault).create(body))
    assert {key: made[key] for key in body if key != "big"} == {k: v for k, v in body.items() if k != "big"}

    changed = await done(
        client.collection(vault).update(made.id, {"data": None, "tags": [], "n": 0, "title": "null", "big": b"y"})
    )
    assert (changed.data, changed.tags, changed.n, changed.title) == (None, [], 0, "null")


async def test_several_files_kept_ones_and_new_ones(client: Any, vault: str) -> None:
    records = client.collection(vault)
    made = await done(records.create({"many": [("a.txt", b"A"), ("b.txt", b"B")]}))
    a, b = made.many

    changed = await done(records.update(made.id, {"many": [b, ("c.txt", b"C")]}))
    assert (changed.many[0], len(changed.many)) == (b, 2)
    assert fetch(client.files.get_url(changed, changed.many[1])) == b"C"
    with pytest.raises(httpx.HTTPStatusError):
        httpx.get(client.files.get_url(made, a)).raise_for_status()

    more = await done(records.update(made.id, {"many+": ("d.txt", b"D")}))
    less = await done(records.update(made.id, {"many-": [b]}))
    none = await done(records.update(made.id, {"many": []}))
    assert (len(more.many), len(less.many), none.many) == (3, 2, [])


async def test_kept_names_come_before_new_files(client: Any, vault: str) -> None:
    with pytest.raises(InvalidRequest, match="many: the server puts new files after the kept ones"):
        await done(client.collection(vault).update("x" * 15, {"many": [b"new", "kept.txt"]}))


@pytest.mark.parametrize(
    "name", ['q"uo\\te.txt', "ünï 日本.txt", "a\r\nb.txt", "../../up.txt", "x" * 300 + ".txt", "a;b=c.txt"]
)
async def test_names_of_files(client: Any, vault: str, name: str) -> None:
    made = await done(client.collection(vault).create({"big": (name, b"content"), "title": "beside"}))

    assert fetch(client.files.get_url(made, made.big)) == b"content"
    assert (made.title, "/" in made.big) == ("beside", False)


@pytest.mark.parametrize("form", ["path", "open file", "iterator", "unsized file"])
async def test_a_big_content_is_never_in_memory(client: Any, vault: str, tmp_path: Path, form: str) -> None:
    size = 100_000_000
    path = tmp_path / "big.bin"
    with path.open("wb") as file:
        file.truncate(size)

    class Unsized:
        def __init__(self, file: Any) -> None:
            self.read = file.read

    with path.open("rb") as file:
        content: dict[str, Any] = {
            "path": path,
            "open file": file,
            "iterator": iter(lambda: file.read(100_000), b""),
            "unsized file": Unsized(file),
        }
        tracemalloc.start()
        try:
            made = await done(client.collection(vault).create({"big": content[form]}))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert peak < 5_000_000
    assert int(httpx.head(client.files.get_url(made, made.big)).headers["content-length"]) == size
    await done(client.collection(vault).delete(made.id))


async def test_what_is_read_with_await(aio: AsyncPocketBase, vault: str) -> None:
    body = {
        "big": pieces(b"con", b"", b"tent"),
        "many": [("a.txt", b"A"), Upload("b.txt", Awaited(b"B" * 100_000)), ("c.txt", pieces(b"C", bytearray(b"C")))],
        "title": "beside",
        "n": 1.5,
    }

    made = await aio.collection(vault).create(body)

    assert (made.title, made.n, made.big[:3]) == ("beside", 1.5, "big")
    assert await aio.files.read(made, made.big) == b"content"
    assert [await aio.files.read(made, name) for name in made.many] == [b"A", b"B" * 100_000, b"CC"]
    async with httpx.AsyncClient() as http, AsyncPocketBase(aio.url, http_client=http) as own:
        own.auth_store.save(aio.auth_store.token)
        again = await own.collection(vault).update(made.id, {"big": pieces(b"again")})
        assert await own.files.read(again, again.big) == b"again"


async def test_what_is_read_with_await_in_a_batch(aio: AsyncPocketBase, vault: str) -> None:
    await aio.settings.update({"batch": {"enabled": True}})
    batch = aio.batch()
    batch.collection(vault).create({"big": pieces(b"one")})
    batch.collection(vault).create({"big": iter([b"two"])})

    first, second = [result.body for result in await batch.send()]

    assert first is not None
    assert second is not None
    assert [await aio.files.read(made, made.big) for made in (first, second)] == [b"one", b"two"]


async def test_an_iterator_is_sent_once(client: Any, vault: str) -> None:
    upload = Upload("a.txt", iter([b"content"]))

    made = await done(client.collection(vault).create({"big": upload}))
    with pytest.raises(InvalidRequest, match=r"the content of 'a.txt' was sent already and is used up; give it anew"):
        await done(client.collection(vault).update(made.id, {"big": upload}))

    assert await done(client.files.read(made, made.big)) == b"content"


async def test_an_iterator_that_fails(client: Any, vault: str) -> None:
    def failing() -> Iterator[bytes]:
        yield b"x" * 100_000
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await done(client.collection(vault).create({"big": failing(), "title": "fails"}))
    with pytest.raises(InvalidRequest, match="the content of 'big' has a str in it; it must be bytes alone"):
        await done(client.collection(vault).create({"big": iter(["text"]), "title": "fails"}))

    assert await done(client.collection(vault).get_full_list(filter="title = 'fails'")) == []


async def test_an_awaited_file_that_fails(aio: AsyncPocketBase, vault: str) -> None:
    async def failing() -> AsyncIterator[bytes]:
        yield b"x" * 100_000
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await aio.collection(vault).create({"big": failing(), "title": "fails"})

    assert await aio.collection(vault).get_full_list(filter="title = 'fails'") == []


async def test_files_that_cannot_be_read(client: Any, vault: str, tmp_path: Path) -> None:
    records = client.collection(vault)
    with pytest.raises(InvalidRequest, match=r"cannot read the file '.*missing\.txt': No such file"):
        await done(records.create({"big": tmp_path / "missing.txt"}))
    with pytest.raises(InvalidRequest, match="is open as text; open it with mode 'rb'"):
        await done(records.create({"big": io.StringIO("x")}))
    with pytest.raises(InvalidRequest, match="the media type"):
        await done(records.create({"big": Upload("x", b"", "text/plain\r\nX: y")}))


def test_the_sync_client_awaits_nothing(pb: PocketBase, vault: str) -> None:
    for content in (pieces(b"x"), Awaited(b"x")):
        with pytest.raises(InvalidRequest, match="the file 'x' is read with await, which takes the async client"):
            pb.collection(vault).create({"big": ("x", content)})


@pytest.mark.parametrize("content", [b"longer than that", b"x"])
async def test_a_file_that_changes_its_size_meanwhile(client: Any, vault: str, content: bytes) -> None:
    class Changing(io.BytesIO):
        def seek(self, offset: int, whence: int = 0) -> int:
            return super().seek(offset, whence) if whence == 0 else 5

    with pytest.raises(InvalidRequest, match="was broken off: a file in it changed its size"):
        await done(client.collection(vault).create({"big": Changing(content)}))

    assert (await done(client.health.check())).code == 200


async def test_files_opened_for_a_request_are_closed_when_it_fails(
    client: Any, note: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[IO[bytes]] = []

    def remember(self: Upload) -> IO[bytes]:
        opened.append(note.open("rb"))
        return opened[-1]

    monkeypatch.setattr(Upload, "open", remember)

    with pytest.raises(NotFound):
        await done(client.collection("nowhere").create({"f": [note, note]}))

    assert [file.closed for file in opened] == [True, True]


async def test_a_protected_file_needs_a_token(client: Any, vault: str) -> None:
    made = await done(client.collection(vault).create({"secret": b"mine"}))
    url = client.files.get_url(made, made.secret)

    assert httpx.get(url).status_code == 404
    token = await done(client.files.get_token(query={"a": 1}, headers={"X-A": "1"}))
    assert fetch(client.files.get_url(made, made.secret, token=token)) == b"mine"
    assert (
        httpx.get(client.files.get_url(made, made.secret, token=token, download=True))
        .headers["content-disposition"]
        .startswith("attachment")
    )


def test_addresses(pb: PocketBase) -> None:
    record = {"id": "r1", "collectionId": "c1", "collectionName": "posts"}
    address = pb.files.get_url

    assert address(record, "a b/ä.png") == f"{pb.url}/api/files/c1/r1/a%20b%2F%C3%A4.png"
    assert address({"id": "r1", "collectionName": "posts"}, "f") == f"{pb.url}/api/files/posts/r1/f"
    assert address(record, "f", thumb="100x0t", token="t", download=True, query={"v": 2, "w": None}) == (
        f"{pb.url}/api/files/c1/r1/f?thumb=100x0t&token=t&download=true&v=2"
    )


@pytest.mark.parametrize(
    ("record", "name"),
    [
        ({}, "f"),
        ({"id": "r"}, "f"),
        ({"collectionId": "c"}, "f"),
        ({"id": "..", "collectionId": "c"}, "f"),
        ({"id": "r", "collectionId": "c"}, ""),
        ({"id": "r", "collectionId": "c"}, ".."),
    ],
)
def test_what_has_no_address(pb: PocketBase, record: dict[str, str], name: str) -> None:
    with pytest.raises(InvalidRequest):
        pb.files.get_url(record, name)
