"""Files of records on the real server: attached, kept, replaced, removed, served."""

from __future__ import annotations

import io
from pathlib import Path

import httpx
import pytest

from pbmodels import AsyncPocketBase, File, InvalidRecord, PocketBase, Upload
from tests.blog import Post


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
