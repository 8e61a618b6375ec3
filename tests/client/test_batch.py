"""`pb.batch()`: several writes as one transaction; sync and async."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from pbmodels import (
    BadRequest,
    BatchFailed,
    BatchResult,
    ClientResponseError,
    ConnectionFailed,
    Forbidden,
    InvalidRequest,
    NotFound,
    PocketBase,
    Record,
    ValidationFailed,
)
from tests.client.flavours import done, new_client
from tests.client.odd_server import OddServer, answer, nothing_listens

A, B = "a" * 15, "b" * 15


@pytest.fixture
def batches_on(superuser: PocketBase) -> Iterator[None]:
    before = superuser.settings.get_all()["batch"]
    superuser.settings.update({"batch": {"enabled": True, "maxRequests": 50, "timeout": 30}})
    yield
    superuser.settings.update({"batch": before})


@pytest.fixture
def on(client: Any, batches_on: None) -> Any:
    """A superuser's client of either flavour, on a server that takes batches."""
    return client


async def leave(batch: Any, *error: Any) -> None:
    """What the end of a `with` block calls."""
    await done(batch.__aexit__(*error) if hasattr(batch, "__aexit__") else batch.__exit__(*error))


async def test_create_update_upsert_delete(on: Any) -> None:
    batch = on.batch()
    posts = batch.collection("posts")

    posts.create({"id": A, "title": "one"})
    posts.update(A, {"title": "two"}, fields="title")
    posts.upsert({"id": A, "views": 3})
    posts.upsert({"id": B, "title": "new", "author": None})
    batch.collection("comments").create({"text": "c", "post": A}, expand="post")
    posts.delete(B)
    assert len(batch) == 6
    assert await done(on.collection("posts").get_full_list()) == []
    results = await done(batch.send())

    assert [result.status for result in results] == [200, 200, 200, 200, 200, 204]
    assert isinstance(results[0].body, Record)
    assert results[1].body == {"title": "two"}
    assert (results[2].body.title, results[2].body.views, results[3].body.id) == ("two", 3, B)
    assert results[4].body.get_str("post.title") == "two"
    assert results[5] == BatchResult(204, None)
    assert (batch.results, len(batch)) == (results, 0)
    assert [post.id for post in await done(on.collection("posts").get_full_list())] == [A]


async def test_a_block_sends_at_its_end(blog: PocketBase, batches_on: None) -> None:
    with blog.batch() as batch:
        batch.collection("posts").create({"title": "one"})
        assert blog.collection("posts").get_full_list() == []
    async with blog.aio as twin, twin.batch() as second:
        second.collection("posts").create({"title": "two"})

    assert batch.results[0].body is not None
    assert batch.results[0].body.title == "one"
    assert sorted(post.title for post in blog.collection("posts").get_full_list()) == ["one", "two"]


async def test_a_block_that_fails_sends_nothing(on: Any) -> None:
    batch = on.batch()
    batch.collection("posts").create({"title": "one"})

    await leave(batch, KeyError, KeyError(), None)

    assert await done(batch.send()) == []
    assert await done(on.collection("posts").get_full_list()) == []


async def test_an_empty_batch_is_not_sent(visitor: Any) -> None:
    seen: list[Any] = []
    visitor.before_send = seen.append

    batch = visitor.batch()
    await leave(batch, None, None, None)

    assert (await done(batch.send()), batch.results, seen) == ([], [], [])


async def test_a_sent_batch_can_be_filled_again(on: Any) -> None:
    batch = on.batch()
    batch.collection("posts").create({"title": "one"})
    await done(batch.send())
    batch.collection("posts").create({"title": "two"})

    assert [result.body.title for result in await done(batch.send())] == ["two"]


async def test_a_refused_request_undoes_all(on: Any) -> None:
    batch = on.batch()
    batch.collection("posts").create({"id": A, "title": "one"})
    batch.collection("posts").create({"id": A, "title": "two"})

    with pytest.raises(BatchFailed) as caught:
        await done(batch.send())

    error = caught.value
    assert isinstance(error, BadRequest)
    assert (error.index, error.method, error.path) == (1, "POST", "/api/collections/posts/records")
    assert (list(error.field_errors), error.field_codes) == (["id"], {"id": "validation_not_unique"})
    assert isinstance(error.reason, ValidationFailed)
    assert (error.status, error.response["message"]) == (400, "Batch transaction failed.")
    assert str(error) == (
        "POST /api/batch failed with 400: requests[1]: POST /api/collections/posts/records failed with 400: "
        f"id: {error.field_errors['id'].rstrip('.')}; none of the 2 requests took effect"
    )
    assert (await done(on.collection("posts").get_full_list()), len(batch)) == ([], 2)


async def test_a_batch_can_be_sent_again_after_a_failure(on: Any) -> None:
    batch = on.batch()
    batch.collection("posts").update(A, {"title": "two"})
    with pytest.raises(BatchFailed):
        await done(batch.send())

    await done(on.collection("posts").create({"id": A, "title": "one"}))

    assert [result.body.title for result in await done(batch.send())] == ["two"]


async def test_why_a_request_was_refused(on: Any) -> None:
    batch = on.batch()
    batch.collection("posts").delete(A)
    with pytest.raises(BatchFailed, match="DELETE .*/posts/records/a+ .*there is no such record in 'posts'") as gone:
        await done(batch.send())

    other = on.batch()
    other.collection("nowhere").create({}, query={"token": "s3cret"})
    with pytest.raises(BatchFailed, match="there is no collection 'nowhere': check its name") as nowhere:
        await done(other.send())

    assert (type(gone.value.reason), gone.value.index, gone.value.field_errors) == (NotFound, 0, {})
    assert "s3cret" not in str(nowhere.value) + nowhere.value.path


async def test_rules_hold_in_a_batch(visitor: Any, batches_on: None) -> None:
    batch = visitor.batch()
    batch.collection("_superusers").create({"email": "a@example.com", "password": "x" * 10})

    with pytest.raises(BatchFailed, match="sign in") as caught:
        await done(batch.send())

    assert isinstance(caught.value.reason, Forbidden)


async def test_too_many_requests(on: Any) -> None:
    batch = on.batch()
    for _ in range(51):
        batch.collection("posts").create({"title": "x"})

    with pytest.raises(BatchFailed, match=r"51 requests are too many .*50.*raise settings.batch.maxRequests") as caught:
        await done(batch.send())

    assert (caught.value.index, caught.value.reason, caught.value.method) == (None, None, "")
    assert list(caught.value.field_errors) == ["requests"]
    assert list(caught.value.field_codes) == ["requests"]


async def test_too_large_a_batch(on: Any) -> None:
    await done(on.settings.update({"batch": {"maxBodySize": 1000}}))
    batch = on.batch()
    batch.collection("posts").create({"title": "x" * 2000})
    try:
        with pytest.raises(ClientResponseError, match=r"raise settings.batch.maxBodySize") as caught:
            await done(batch.send())
    finally:
        await done(on.settings.update({"batch": {"maxBodySize": 0}}))

    assert caught.value.status == 413


async def test_batches_are_off_at_first(client: Any) -> None:
    batch = client.batch()
    batch.collection("posts").create({"title": "x"})

    with pytest.raises(Forbidden, match=r'not allowed: a superuser turns them on with pb\.settings\.update\(\{"batch"'):
        await done(batch.send())


async def test_a_batch_that_took_too_long(flavour: str) -> None:
    body = b'{"status": 400, "message": "Batch transaction failed.", "data": {}}'
    with OddServer(answer(400, body)) as odd:
        async with new_client(flavour, odd.url) as pb:
            batch = pb.batch()
            batch.collection("posts").delete(A)
            with pytest.raises(BatchFailed, match=r"longer than settings\.batch\.timeout.*none of the 1 requests"):
                await done(batch.send())


@pytest.mark.parametrize("body", [b"{}", b"[1]", b"null"])
async def test_an_answer_that_is_no_batch(flavour: str, body: bytes) -> None:
    with OddServer(answer(200, body)) as odd:
        async with new_client(flavour, odd.url) as pb:
            batch = pb.batch()
            batch.collection("posts").delete(A)
            with pytest.raises(ClientResponseError, match="gave no JSON list; check that the url"):
                await done(batch.send())


async def test_no_server(flavour: str) -> None:
    with nothing_listens() as url:
        async with new_client(flavour, url) as pb:
            batch = pb.batch()
            batch.collection("posts").delete(A)
            with pytest.raises(ConnectionFailed):
                await done(batch.send())
            assert len(batch) == 1


async def test_values_are_refused_when_they_are_queued(visitor: Any) -> None:
    batch = visitor.batch()

    with pytest.raises(InvalidRequest, match=r"views: .* beyond 2\*\*53"):
        batch.collection("posts").create({"views": 2**53 + 1})
    with pytest.raises(InvalidRequest, match="mapping"):
        batch.collection("posts").upsert([("title", "x")])
    with pytest.raises(InvalidRequest, match="collection name"):
        batch.collection("..")
    for bad in ("", ".", "a/b", "a?b=c", "a#", "50%", "a b", "a\nb", "a\\b"):
        with pytest.raises(InvalidRequest):
            batch.collection("posts").update(bad, {})
        with pytest.raises(InvalidRequest):
            batch.collection("posts").delete(bad)
    assert len(batch) == 0


async def test_a_body_is_taken_as_it_is_when_queued(on: Any) -> None:
    body: dict[str, Any] = {"title": "before", "tags": ["news"]}
    batch = on.batch()
    batch.collection("posts").create(body)
    body["title"] = "after"
    body["tags"].append("tech")

    (result,) = await done(batch.send())

    assert (result.body.title, result.body.tags) == ("before", ["news"])


async def test_ids_beyond_ascii(on: Any, superuser: PocketBase) -> None:
    made = superuser.collections.create(
        {
            "name": "anyid",
            "fields": [
                {"name": "id", "type": "text", "pattern": "", "min": 1, "primaryKey": True, "required": True},
                {"name": "v", "type": "text"},
            ],
        }
    )
    try:
        fields = [{**field, "pattern": "^.+$"} if field["name"] == "id" else field for field in made.fields]
        superuser.collections.update("anyid", {"fields": fields})
        await done(on.collection("anyid").create({"id": "ünï"}))
        batch = on.batch()
        batch.collection("anyid").update("ünï", {"v": "changed"})
        (result,) = await done(batch.send())
    finally:
        superuser.collections.delete("anyid")

    assert (result.body.id, result.body.v) == ("ünï", "changed")


async def test_files(on: Any, vault: str, tmp_path: Path) -> None:
    def fetch(record: Any, name: str) -> bytes:
        with urlopen(on.files.get_url(record, name)) as response:
            return bytes(response.read())

    path = tmp_path / "p.txt"
    path.write_bytes(b"from a path")
    batch = on.batch()
    batch.collection(vault).create({"title": "none"})
    batch.collection(vault).create({"title": "7", "n": 1.5, "data": {"x": [1]}, "big": path})
    batch.collection(vault).create({"id": A, "many": [("a.txt", b"A"), ("b.txt", b"B")]})
    none, one, two = [result.body for result in await done(batch.send())]

    assert (none.title, none.big) == ("none", "")
    assert (one.title, one.n, one.data) == ("7", 1.5, {"x": [1]})
    assert fetch(one, one.big) == b"from a path"
    assert [fetch(two, name) for name in two.many] == [b"A", b"B"]

    again = on.batch()
    again.collection(vault).update(A, {"many": [two.many[1], ("c.txt", b"C")]})
    again.collection(vault).update(A, {"many+": ("d.txt", b"D")})
    again.collection(vault).update(A, {"many-": [two.many[1]]})
    kept, more, less = [result.body for result in await done(again.send())]

    assert (kept.many[0], len(kept.many), len(more.many), len(less.many)) == (two.many[1], 2, 3, 2)
    assert [fetch(less, name) for name in less.many] == [b"C", b"D"]
    await done(on.collection(vault).delete(A))


async def test_headers_and_queries(on: Any) -> None:
    seen: list[Any] = []
    on.before_send = seen.append
    batch = on.batch()
    batch.collection("posts").create({"title": "x"}, query={"fields": "title"}, headers={"X-One": "1"})
    batch.collection("posts").create({"title": "y"})

    first, second = await done(batch.send(query={"q": "1"}, headers={"X-All": "1"}, timeout=20))

    assert first.body == {"title": "x"}
    assert second.body.title == "y"
    assert (seen[0].url.params["q"], seen[0].headers["X-All"]) == ("1", "1")
    assert seen[0].extensions["timeout"]["read"] == 20
    assert seen[0].content.count(b"X-One") == 1


async def test_who_is_signed_in_stays_in_step(flavour: str, pb: PocketBase, member: str, batches_on: None) -> None:
    async with new_client(flavour, pb.url) as own:
        me = (await done(own.collection("members").auth_with_password(member, "correct horse battery"))).record
        batch = own.batch()
        batch.collection("members").update(me.id, {"nick": "second"}, fields="nick")
        await done(batch.send())
        assert own.auth_store.record.nick == "second"

        batch.collection("members").delete(me.id)
        await done(batch.send())
        assert not own.auth_store.is_valid
