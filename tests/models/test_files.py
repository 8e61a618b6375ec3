"""Files of records on the real server: attached, kept, replaced, removed, served, read."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from pbmodels import (
    AsyncPocketBase,
    Collection,
    File,
    FileField,
    FileList,
    InvalidRecord,
    NotFound,
    PocketBase,
    Relation,
    Rules,
    Upload,
    field,
    using,
)
from pbmodels.schema import push
from tests.blog import Post, User


def content(file: File | None) -> bytes:
    assert file is not None
    return httpx.get(file.url()).content


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path,
        lambda path: b"hello",
        lambda path: ("note.txt", b"hello"),
        lambda path: ("note.txt", io.BytesIO(b"hello")),
        lambda path: path.open("rb"),
        lambda path: io.BytesIO(b"hello"),
        lambda path: Upload("note.txt", b"hello", "text/plain"),
    ],
    ids=["path", "bytes", "tuple", "tuple of a file", "open file", "file in memory", "upload"],
)
def test_whatever_is_a_file_can_be_attached(blog: PocketBase, tmp_path: Path, make) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "note.txt"
    path.write_bytes(b"hello")
    value = make(path)

    post = Post(title="x", views=2, tags=["news"], meta={"a": [1]}, cover=value).save()
    if hasattr(value, "close"):
        value.close()

    assert content(post.cover) == b"hello"
    loaded = Post.get(post.id)
    assert content(loaded.cover) == b"hello"
    assert (loaded.views, loaded.tags, loaded.meta) == (2, ["news"], {"a": [1]})


def test_a_file_waits_for_save(blog: PocketBase) -> None:
    post = Post(title="x", cover=("aaa.txt", b"a"))

    assert post.cover is not None
    assert post.cover.is_pending
    assert repr(post.cover) == "File('aaa.txt', not saved)"
    with pytest.raises(InvalidRecord, match=r"'aaa.txt' has no address yet: save the record first"):
        post.cover.url()
    post.save()
    assert not post.cover.is_pending
    assert post.cover.name.startswith("aaa_")
    assert post.cover.name.endswith(".txt")


def test_addresses(blog: PocketBase) -> None:
    post = Post(title="x", cover=("aaa.txt", b"a")).save()

    assert post.cover is not None
    base = f"{blog.url}/api/files/posts/{post.id}/{post.cover.name}"
    assert post.cover.url() == base
    assert post.cover.url(thumb="100x100", download=True, token="t") == f"{base}?thumb=100x100&token=t&download=true"


def test_a_file_is_replaced_and_removed(blog: PocketBase) -> None:
    post = Post(title="x", cover=("aaa.txt", b"a")).save()

    post.cover = ("b.txt", b"b")
    assert post.changed_fields == {"cover"}
    post.save()
    assert content(post.cover) == b"b"
    assert post.changed_fields == set()

    post.cover = None
    post.save()
    assert Post.get(post.id).cover is None


def test_a_list_of_files_grows_and_shrinks(blog: PocketBase) -> None:
    post = Post(title="x", gallery=[("a.txt", b"a"), ("b.txt", b"b")]).save()
    assert [content(file) for file in post.gallery] == [b"a", b"b"]

    loaded = Post.get(post.id)
    loaded.gallery.append(("c.txt", b"c"))  # type: ignore[arg-type]
    assert loaded.changed_fields == {"gallery"}
    loaded.save()
    assert [content(file) for file in loaded.gallery] == [b"a", b"b", b"c"]

    del loaded.gallery[1]
    loaded.save()
    assert [content(file) for file in Post.get(post.id).gallery] == [b"a", b"c"]

    loaded.gallery = [loaded.gallery[1], Upload("d.txt", b"d")]
    loaded.save()
    assert [content(file) for file in Post.get(post.id).gallery] == [b"c", b"d"]

    loaded.gallery = []
    loaded.save()
    assert Post.get(post.id).gallery == []


def test_an_order_that_the_server_would_change_is_refused(blog: PocketBase) -> None:
    post = Post(title="x", gallery=[("a.txt", b"a")]).save()

    post.gallery.insert(0, ("new.txt", b"n"))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="the server puts new files after the kept ones"):
        post.save()


def test_unchanged_files_are_not_sent_again(blog: PocketBase) -> None:
    post = Post.get(Post(title="x", cover=("aaa.txt", b"a"), gallery=[("b.txt", b"b")]).save().id)

    assert content(post.cover) == b"a"
    assert len(post.gallery) == 1
    assert post.changed_fields == set()


async def test_files_awaited(aio: AsyncPocketBase, tmp_path: Path) -> None:
    path = tmp_path / "big.bin"
    path.write_bytes(b"x" * 3_000_000)

    post = await Post(title="x", cover=path).aio.save()

    assert len(content(post.cover)) == 3_000_000


class Secret(Collection, collection="secrets", rules=Rules(list="", view="owner = @request.auth.id")):
    owner: Relation[User]
    letter: FileField = field(protected=True)
    picture: FileField = field(default=None, thumbs=["2x2"])
    papers: FileList = field(default_factory=list, protected=True)


@pytest.fixture
def secrets(blog: PocketBase) -> Iterator[None]:
    push(blog, Secret)
    yield
    blog.collections.delete("secrets")


def png(width: int, height: int) -> bytes:
    """A picture."""

    def part(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = zlib.compress(b"".join(b"\0" + b"\x10\x20\x30" * width for _ in range(height)))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", header) + part(b"IDAT", rows) + part(b"IEND", b"")


class TestReading:
    def test_read_open_and_download(self, blog: PocketBase, tmp_path: Path) -> None:
        content = bytes(range(256)) * 4000
        post = Post.get(Post(title="x", cover=("a.bin", content)).save().id)
        assert post.cover is not None
        seen: list[tuple[int, int | None]] = []
        path, memory = tmp_path / "copy.bin", io.BytesIO()

        assert post.cover.read() == content
        with post.cover.open() as stream:
            assert (stream.size, b"".join(stream)) == (len(content), content)
        assert post.cover.download(path, progress=lambda done, whole: seen.append((done, whole))) == len(content)
        assert post.cover.download(memory) == len(content)

        assert path.read_bytes() == memory.getvalue() == content
        assert seen[-1] == (len(content), len(content))

    async def test_awaited(self, aio: AsyncPocketBase, tmp_path: Path) -> None:
        content = b"x" * 1_000_000
        post = await Post(title="x", gallery=[("a.bin", content)]).aio.save()
        file, seen = post.gallery[0], list[int]()

        assert await file.aio.read() == content
        async with file.aio.open() as stream:
            assert await stream.read() == content
        path = tmp_path / "copy.bin"
        assert await file.aio.download(path, progress=lambda done, whole: seen.append(done)) == len(content)
        assert (path.read_bytes(), seen[-1]) == (content, len(content))

    def test_thumbnails(self, secrets: None, blog: PocketBase) -> None:
        owner = User(email="ann@example.com", password="12345678").save()
        secret = Secret(owner=owner, letter=b"x", picture=("p.png", png(40, 40))).save()
        assert secret.picture is not None
        assert secret.picture.url(thumb="2x2").endswith("?thumb=2x2")
        small = secret.picture.read(thumb="2x2")
        assert struct.unpack(">II", small[16:24]) == (2, 2)
        assert secret.picture.read() == png(40, 40)

    def test_protected_files_ask_for_their_token(self, secrets: None, blog: PocketBase) -> None:
        owner = User(email="ann@example.com", password="correct horse").save()
        other = User(email="bob@example.com", password="correct horse").save()
        secret = Secret(owner=owner, letter=b"dear Ann", papers=[("1.txt", b"one")]).save()

        with owner.impersonate() as theirs, using(theirs):
            mine = Secret.get(secret.id)
            assert mine.letter is not None
            assert mine.letter.read() == b"dear Ann"
            assert mine.papers[0].read() == b"one"
            address = mine.letter.url(token=theirs.files.get_token())
            assert httpx.get(address).content == b"dear Ann"
            assert httpx.get(mine.letter.url()).status_code == 404
        with other.impersonate() as theirs, using(theirs), pytest.raises(NotFound):
            mine.letter.read()

    async def test_protected_files_awaited(self, secrets: None, aio: AsyncPocketBase) -> None:
        owner = await User(email="ann@example.com", password="correct horse").aio.save()
        secret = await Secret(owner=owner, letter=b"dear Ann").aio.save()
        async with await owner.aio.impersonate() as theirs:
            with using(theirs):
                letter = (await Secret.aio.get(secret.id)).letter
                assert letter is not None
                assert await letter.aio.read() == b"dear Ann"

    def test_what_is_not_saved_has_nothing_to_read(self, blog: PocketBase, tmp_path: Path) -> None:
        post = Post(title="x", cover=b"x")
        assert post.cover is not None
        for use in (post.cover.read, post.cover.open, lambda: post.cover.download(tmp_path / "x")):
            with pytest.raises(InvalidRecord, match="is not on the server yet: save the record first"):
                use()

    def test_a_file_that_is_gone(self, blog: PocketBase) -> None:
        post = Post(title="x", cover=b"x").save()
        twin = Post.get(post.id)
        post.cover = None
        post.save()
        assert twin.cover is not None
        with pytest.raises(NotFound):
            twin.cover.read()


class TestLists:
    @pytest.fixture
    def sent(self, blog: PocketBase) -> list[httpx.Request]:
        requests: list[httpx.Request] = []
        blog.before_send = requests.append
        return requests

    def test_what_others_add_and_remove_meanwhile_is_kept(self, blog: PocketBase) -> None:
        post = Post(title="x", gallery=[("a.txt", b"a"), ("b.txt", b"b")]).save()
        other = Post.get(post.id)
        other.gallery.append(("theirs.txt", b"theirs"))
        other.gallery.remove(other.gallery[1])
        other.save()

        post.gallery.append(("mine.txt", b"mine"))
        post.save()

        assert [file.read() for file in post.gallery] == [b"a", b"theirs", b"mine"]

    def test_removing_by_name(self, blog: PocketBase) -> None:
        post = Post(title="x", gallery=[("a.txt", b"a"), ("b.txt", b"b")]).save()
        post.gallery.remove(post.gallery[0].name)
        with pytest.raises(ValueError, match="posts.gallery has no file 'nope'"):
            post.gallery.remove("nope")
        post.save()
        assert [file.read() for file in post.gallery] == [b"b"]

    def test_what_no_file_can_be_made_of(self, blog: PocketBase) -> None:
        post = Post(title="x").save()
        for wrong in ("path/as/text.png", 3, ("a.txt", "text"), Path("/nowhere/at/all.txt")):
            with pytest.raises(InvalidRecord, match=r"posts.gallery: (takes a Path|the content|there is no file)"):
                post.gallery.append(wrong)  # type: ignore[arg-type]
        assert post.changed_fields == set()

    def test_another_record_s_file_is_attached_by_its_content(
        self, blog: PocketBase, sent: list[httpx.Request]
    ) -> None:
        owner = Post(title="x", cover=b"cover", gallery=[b"a"]).save()
        post = Post(title="y").save()
        sent.clear()
        for name, value in (("cover", owner.cover), ("gallery", [owner.gallery[0]])):
            setattr(post, name, value)
            with pytest.raises(InvalidRecord, match=rf"posts.{name}: .* is a file of record {owner.id!r}; give its"):
                post.save()
            post.refresh()
        assert {request.method for request in sent} == {"GET"}

        post.cover = (owner.cover.name, owner.cover.read())  # type: ignore[union-attr]
        post.gallery.append(owner.gallery[0].read())
        assert [post.save().cover.read(), post.gallery[0].read()] == [b"cover", b"a"]  # type: ignore[union-attr]
        post.cover = post.cover
        assert post.save().cover.read() == b"cover"  # type: ignore[union-attr]

    def test_a_file_that_is_open_as_text(self, blog: PocketBase, tmp_path: Path) -> None:
        (tmp_path / "a.txt").write_text("a")
        with (tmp_path / "a.txt").open() as file, pytest.raises(InvalidRecord, match="open as text; open it with mode"):
            Post(title="x", cover=file)  # type: ignore[arg-type]

    def test_an_unchanged_list_is_not_sent(self, blog: PocketBase, sent: list[httpx.Request]) -> None:
        post = Post.get(Post(title="x", gallery=[b"a"]).save().id)
        sent.clear()
        post.gallery.append(b"b")
        post.gallery.pop()
        post.save()
        assert sent == []
