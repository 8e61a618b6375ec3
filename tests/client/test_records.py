"""`pb.collection(name)`: reading and writing records, with every option; sync and async."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from pbmodels import InvalidRequest, ListResult, NotFound, PocketBase, Record, ValidationFailed
from tests.blog import Post, User
from tests.client.flavours import done

UNHEARD = {"x-key": "ä ok"}
DOOR = {"door": "open, sesame"}


@pytest.fixture
def five(blog: PocketBase) -> list[Record]:
    author = blog.collection("users").create(
        {"email": "ann@example.com", "password": "12345678", "passwordConfirm": "12345678", "name": "Ann"}
    )
    return [
        blog.collection("posts").create({"title": f"post {n}", "views": n, "author": author.id}) for n in range(1, 6)
    ]


async def test_a_page(client: Any, five: list[Record]) -> None:
    page = await done(client.collection("posts").get_list(2, 2, sort="-views"))

    assert isinstance(page, ListResult)
    assert [post.views for post in page] == [3, 2]
    assert (page.page, page.per_page, page.total_items, page.total_pages, len(page)) == (2, 2, 5, 3, 2)
    assert all(isinstance(post, Record) and post.collection_name == "posts" for post in page.items)


async def test_a_page_past_the_end_is_empty(client: Any, five: list[Record]) -> None:
    page = await done(client.collection("posts").get_list(9))

    assert (list(page), page.per_page, page.total_items) == ([], 30, 5)


async def test_sparing_the_count(client: Any, five: list[Record]) -> None:
    page = await done(client.collection("posts").get_list(1, 1, skip_total=True))

    assert (page.total_items, page.total_pages, len(page)) == (-1, -1, 1)


@pytest.mark.parametrize(
    "condition",
    [
        lambda pb: "views > 3 && title ~ 'post'",
        lambda pb: pb.filter("views > {:n} && title ~ {:t}", n=3, t="post"),
        lambda pb: (Post.views > 3) & Post.title.contains("post"),
    ],
    ids=["text", "bound", "expression"],
)
async def test_filters(client: Any, five: list[Record], condition: Any) -> None:
    posts = client.collection("posts")

    assert [p.views for p in await done(posts.get_list(filter=condition(client), sort="views"))] == [4, 5]
    assert [p.views for p in await done(posts.get_full_list(filter=condition(client), sort="views"))] == [4, 5]
    assert (await done(posts.get_first_list_item(condition(client), sort="-views"))).views == 5


@pytest.mark.parametrize("text", ["a\\", '\\" || id != "', "a\\nb", "%\\_", "'\"", "ä\n\t"])
async def test_bound_text_is_found_as_it_is(client: Any, five: list[Record], text: str) -> None:
    wanted = await done(client.collection("posts").create({"title": text}))

    found = await done(client.collection("posts").get_list(filter=client.filter("title = {:t}", t=text)))

    assert [post.id for post in found] == [wanted.id]


async def test_bound_dates(client: Any, five: list[Record]) -> None:
    moment = datetime(2024, 5, 1, 8, tzinfo=UTC)
    await done(client.collection("posts").update(five[0].id, {"published": moment}))

    found = await done(client.collection("posts").get_first_list_item(client.filter("published = {:m}", m=moment)))

    assert found.get_datetime("published") == moment


async def test_expand_and_fields(client: Any, five: list[Record]) -> None:
    posts = client.collection("posts")

    page = await done(posts.get_list(1, 1, expand="author", fields="title,expand.author.name"))
    one = await done(posts.get_one(five[0].id, expand=["author"], fields=["title", "expand.author.name"]))
    every = await done(posts.get_full_list(expand="author", fields="expand.author.name"))
    first = await done(posts.get_first_list_item("views = 1", expand="author", fields="title,expand.author.name"))

    assert one == first == {"title": "post 1", "expand": {"author": {"name": "Ann"}}}
    assert page.items[0].get_str("author.name") == one.expand.author.name == "Ann"
    assert [post.get_str("author.name") for post in every] == ["Ann"] * 5


PASSWORDS = {"password": "12345678", "passwordConfirm": "12345678"}


async def test_the_values_of_a_record(client: Any) -> None:
    posts = client.collection("posts")
    ann = await done(client.users.create({"email": "a@example.com", **PASSWORDS, "name": "Ann"}))
    values = {"title": "x", "views": 3, "score": 1.5, "status": True, "tags": ["news", "art"], "author": ann.id}
    made = await done(posts.create(values))

    record = await done(posts.get_one(made.id, expand="author"))

    assert (record.get_str("title"), record.get_int("views"), record.get_float("score")) == ("x", 3, 1.5)
    assert (record.get_bool("status"), record.get_list("tags")) == (True, ["news", "art"])
    assert (record.get_str("missing"), record.get_int("missing"), record.get_value("missing")) == ("", 0, None)
    assert (record.get_value("tags.1"), record.get_value("author.name"), record["title"]) == ("art", "Ann", "x")
    assert (record.id, record.collection_id, record.collection_name) == (made.id, made["collectionId"], "posts")
    assert record.created == record.updated == made["created"]
    record.title = "y"
    assert {**dict(record), "title": "x"} == {**made, "expand": {"author": record.expand.author}}


@pytest.mark.parametrize("batch", [1, 2, 5, 1000])
async def test_a_full_list_over_several_pages(client: Any, five: list[Record], batch: int) -> None:
    every = await done(client.collection("posts").get_full_list(batch=batch, sort=["-views", "title"]))

    assert [post.views for post in every] == [5, 4, 3, 2, 1]


async def test_query_and_headers_of_every_reading_method(visitor: Any, gate: str) -> None:
    records, extras = visitor.collection(gate), {"query": DOOR, "headers": UNHEARD}

    assert [r.v for r in await done(records.get_list(**extras))] == ["gold"]
    assert [r.v for r in await done(records.get_full_list(**extras))] == ["gold"]
    assert (await done(records.get_first_list_item("v != ''", **extras))).v == "gold"
    assert (await done(records.get_one("behindthegate00", **extras))).v == "gold"
    assert list(await done(records.get_list(headers=UNHEARD))) == []
    assert list(await done(records.get_list(query=DOOR))) == []


async def test_the_grammar_is_asked_for_with_the_request_s_own_headers(visitor: Any, pb: PocketBase, blog: Any) -> None:
    pb.collection("posts").create({"title": "back\\slash"})
    condition = visitor.filter("title = {:t}", t="back\\slash")

    found = await done(
        visitor.collection("posts").get_list(filter=condition, headers={"Authorization": pb.auth_store.token})
    )

    assert len(found) == 1


async def test_create_read_update_delete(client: Any) -> None:
    posts = client.collection("posts")

    made = await done(posts.create({"title": "one", "tags": ["news"], "meta": {"a": [1, None]}}))
    changed = await done(posts.update(made.id, {"title": "two", "views+": 3, "tags+": "art"}))
    read = await done(posts.get_one(made.id))
    gone = await done(posts.delete(made.id))

    assert (made.title, made.tags, made.meta) == ("one", ["news"], {"a": [1, None]})
    assert (changed.title, changed.views, changed.tags) == ("two", 3, ["news", "art"])
    assert (read, gone) == (changed, None)
    with pytest.raises(NotFound):
        await done(posts.get_one(made.id))


async def test_what_writing_answers_can_be_chosen(client: Any, five: list[Record]) -> None:
    author = five[0].author
    options = {"expand": "author", "fields": "title,expand.author.name"}

    made = await done(client.collection("posts").create({"title": "x", "author": author}, **options))
    changed = await done(client.collection("posts").update(five[0].id, {"title": "y"}, **options))

    assert made == {"title": "x", "expand": {"author": {"name": "Ann"}}}
    assert changed == {"title": "y", "expand": {"author": {"name": "Ann"}}}


async def test_query_and_headers_of_every_writing_method(client: Any) -> None:
    seen: list[httpx.Request] = []
    client.before_send = seen.append
    posts, extras = client.collection("posts"), {"query": {"q": [1, True, None], "none": None}, "headers": {"X-A": "1"}}

    made = await done(posts.create({"title": "x"}, **extras))
    await done(posts.update(made.id, {"title": "y"}, **extras))
    await done(posts.delete(made.id, **extras))

    assert [request.method for request in seen] == ["POST", "PATCH", "DELETE"]
    assert {tuple(request.url.params.get_list("q")) for request in seen} == {("1", "true")}
    assert all(request.headers["X-A"] == "1" and "none" not in request.url.params for request in seen)


async def test_an_id_of_one_s_own(client: Any) -> None:
    made = await done(client.collection("posts").create({"id": "abcdefghij12345", "title": "x"}))

    assert made.id == "abcdefghij12345"
    with pytest.raises(ValidationFailed) as error:
        await done(client.collection("posts").create({"id": "abcdefghij12345", "title": "x"}))
    assert error.value.field_codes == {"id": "validation_not_unique"}


async def test_the_first_of_none_is_not_found(client: Any) -> None:
    with pytest.raises(NotFound, match="no record of 'posts' matches the filter 'views = 7'") as error:
        await done(client.collection("posts").get_first_list_item("views = 7"))

    assert (error.value.status, error.value.url) == (404, f"{client.url}/api/collections/posts/records")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"page": 0}, "page=0: pages are counted from 1"),
        ({"per_page": 0}, "per_page=0: PocketBase gives 1 to 1000"),
        ({"per_page": 1001}, "per_page=1001: PocketBase gives 1 to 1000"),
    ],
)
async def test_pages_that_the_server_would_change(client: Any, arguments: dict[str, int], message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        await done(client.collection("posts").get_list(**arguments))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (2**53 + 1, r"views: 9007199254740993 is beyond 2\*\*53"),
        (float("nan"), "views: nan is not a finite number"),
        (datetime(2024, 1, 1), "views: .* has no timezone"),
        ("\ud800", "views: half of a surrogate pair"),
        ({1: 2}, "views: the key 1 is not text"),
        (object(), "views: a object cannot be sent"),
        ([[b"x"]], "views.0.0: a bytes cannot be sent"),
    ],
)
async def test_values_that_the_server_would_change(client: Any, value: Any, message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        await done(client.collection("posts").create({"views": value}))


async def test_a_body_is_a_mapping(client: Any) -> None:
    with pytest.raises(InvalidRequest, match="a record's body must be a mapping"):
        await done(client.collection("posts").create([("title", "x")]))


@pytest.mark.parametrize("record_id", ["../../settings", "a/b", "%2e%2e", "ä ö", "a?b#c", "a\\b", "x" * 300, "\n"])
async def test_an_id_is_one_path_segment(client: Any, record_id: str) -> None:
    sent: list[bytes] = []
    client.before_send = lambda request: sent.append(request.url.raw_path)
    records = client.collection("posts")

    for call in (
        lambda: records.get_one(record_id),
        lambda: records.update(record_id, {"title": "x"}),
        lambda: records.delete(record_id),
    ):
        with pytest.raises(NotFound):
            await done(call())

    assert all(path.startswith(b"/api/collections/posts/records/") and path.count(b"/") == 5 for path in sent)
    assert len(sent) == 3


@pytest.mark.parametrize("record_id", ["", ".", "..", None, 5, "\ud800"])
async def test_what_cannot_be_an_id_is_refused(client: Any, record_id: Any) -> None:
    client.before_send = lambda request: pytest.fail("it was sent")

    with pytest.raises(InvalidRequest, match="record id"):
        await done(client.collection("posts").get_one(record_id))
    with pytest.raises(InvalidRequest, match="record id"):
        await done(client.collection("posts").delete(record_id))
    with pytest.raises(InvalidRequest, match="record id"):
        await done(client.collection("posts").update(record_id, {}))


@pytest.mark.parametrize("name", ["", ".", "..", None])
async def test_what_cannot_be_a_collection_s_name_is_refused(client: Any, name: Any) -> None:
    with pytest.raises(InvalidRequest, match="collection name"):
        client.collection(name)


async def test_short_names(client: Any) -> None:
    user = User(email="bo@example.com", password="12345678").save()

    assert (await done(client.users.get_one(user.id))).email == "bo@example.com"
    assert (await done(client.superusers.get_list())).total_items == 1
    assert repr(client.users).endswith("RecordService('users')")
