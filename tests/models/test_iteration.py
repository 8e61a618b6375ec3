"""Walking through many records: every order exactly once, whatever others write meanwhile; in constant memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pbmodels import AsyncPocketBase, Field, NotFound, PocketBase, QuerySet, ViewCollection, connect
from pbmodels.models._keyset import keyset_of
from pbmodels.models._paths import to_sort
from tests.another_program import another_program_that_writes
from tests.blog import PLACES, Post, User
from tests.server_version import SERVER

TITLES = [
    "",
    "a",
    "A",
    "b",
    "B",
    "Z",
    "z",
    "ä",
    "Ä",
    "é",
    "e\u0301",
    "ß",
    "ss",
    "日本",
    "10",
    "9",
    " ",
    "_",
    "%",
    '"',
    "\\n",
]
NUMBERS = [0, -1, 1, 2**53, -(2**53), 0.1, 0.2, 0.1 + 0.2, 1e-9, 1e300, -1e300, 123456.789, 1 / 3]
BASE = datetime(2024, 5, 1, 8, tzinfo=UTC)


def stock(pb: PocketBase, bodies: list[dict[str, Any]], collection: str = "posts") -> None:
    """Create many records quickly."""
    for start in range(0, len(bodies), 1000):
        batch = pb.batch()
        for body in bodies[start : start + 1000]:
            batch.collection(collection).create(body)
        batch.send()


@pytest.fixture
def batches(blog: PocketBase) -> Iterator[PocketBase]:
    """A server that takes large batches."""
    before = blog.settings.get_all()["batch"]
    blog.settings.update({"batch": {"enabled": True, "maxRequests": 1000, "timeout": 30}})
    yield blog
    blog.settings.update({"batch": before})


@pytest.fixture
def various(batches: PocketBase) -> PocketBase:
    """200 posts whose fields have few different values, empty ones among them."""
    stock(
        batches,
        [
            {
                "title": TITLES[n * 7 % len(TITLES)] or "-",
                "body": TITLES[n * 11 % len(TITLES)],
                "status": n % 3 == 0,
                "views": n * 5 % 7 - 3,
                "score": NUMBERS[n % len(NUMBERS)],
                "section": ["", "home", "world"][n % 3],
                "published": "" if n % 4 == 0 else (BASE + timedelta(milliseconds=n % 5)).isoformat(),
                "tags": [[], ["news"], ["tech", "art"]][n % 3],
                "meta": {"n": n % 5},
                "place": {"lon": n % 3, "lat": 0},
            }
            for n in range(200)
        ],
    )
    return batches


ORDERS = [
    ["title"],
    ["-title"],
    ["body", "-views"],
    ["-score"],
    ["score", "title"],
    ["status", "-published", "section"],
    ["-status"],
    ["-published"],
    ["published", "-score", "body", "status", "-views", "section"],
    ["-section", "created"],
    ["-created", "-updated"],
    ["-id"],
    ["author", "link", "contact", "cover"],
]
BY_NUMBER = [["author.name"], ["tags"], ["meta"], ["-gallery", "title"], ["title"] * 8]
if SERVER >= PLACES:
    BY_NUMBER.append(["place"])


@pytest.mark.parametrize("orders", [ORDERS, BY_NUMBER], ids=["by key", "by number"])
def test_every_order_is_walked_through_as_the_server_has_it(various: PocketBase, orders: list[list[str]]) -> None:
    for order in orders:
        query = Post.where().order_by(*order)
        expected = [post.id for post in query.page(1, 1000)]

        for size in (17, 50):
            assert [post.id for batch in query.in_batches(size) for post in batch] == expected, order
        assert [post.id for batch in query[13:170].in_batches(40) for post in batch] == expected[13:170], order
        assert [post.id for batch in query.limit(60).in_batches(40) for post in batch] == expected[:60], order


@pytest.mark.parametrize(("orders", "is_key"), [(ORDERS, True), (BY_NUMBER, False)])
def test_orders_that_are_a_key(orders: list[list[str]], is_key: bool) -> None:
    for order in orders:
        terms = [to_sort(Post, term) for term in order]
        if len(terms) < 8 and "-id" not in order:
            terms.append(to_sort(Post, "id"))
        assert (keyset_of(Post, terms) is not None) is is_key, order


def test_a_view_is_walked_through_by_number_where_its_fields_may_be_null(batches: PocketBase) -> None:
    class Signed(ViewCollection, collection="signed"):
        name: Field[str]

    sql = "SELECT posts.id, users.name FROM posts LEFT JOIN users ON users.id = posts.author"
    batches.collections.create({"name": "signed", "type": "view", "viewQuery": sql})
    try:
        for name in ("", "Ann"):
            author = User.create(email=f"ann{name}@x.org", password="1234567890", name=name)
            stock(batches, [{"title": "x", "author": author.id if n % 2 else ""} for n in range(15)])
        for order in ("name", "-name"):
            query = Signed.where().order_by(order)
            expected = [record.id for record in query.page(1, 1000)]
            assert [record.id for batch in query.in_batches(4) for record in batch] == expected
    finally:
        batches.collections.delete("signed")


@given(
    st.lists(st.tuples(st.sampled_from(TITLES), st.sampled_from(NUMBERS), st.booleans()), min_size=1, max_size=12),
    st.lists(st.sampled_from(["body", "-body", "score", "-score", "status", "-status"]), min_size=1, max_size=3),
    st.integers(1, 5),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_data_in_any_order(
    batches: PocketBase, rows: list[tuple[str, float, bool]], order: list[str], size: int
) -> None:
    batches.send("/api/collections/posts/truncate", method="DELETE")
    stock(batches, [{"title": "x", "body": body, "score": score, "status": status} for body, score, status in rows])
    query = Post.where().order_by(*order)

    assert [post.id for batch in query.in_batches(size) for post in batch] == [post.id for post in query.page(1, 1000)]


@pytest.mark.parametrize("text", ["x" * 4000, "ends with \\", "x" * 3300], ids=["long", "backslash", "nearly long"])
def test_texts_that_no_filter_can_hold_are_walked_through_by_number(batches: PocketBase, text: str) -> None:
    stock(batches, [{"title": "t", "body": text if 3 <= n < 37 else f"{n}"} for n in range(40)])
    query = Post.where(Post.title == "t").order_by(Post.body)
    expected = [post.id for post in query.page(1, 1000)]

    for size in (1, 2, 3, 5, 8):
        assert [post.id for batch in query.in_batches(size) for post in batch] == expected


def test_a_date_that_was_stored_in_another_form_does_not_lead_in_a_circle(batches: PocketBase) -> None:
    stock(batches, [{"title": "t", "published": BASE.isoformat()} for n in range(20)])
    try:
        batches.sql.run("UPDATE posts SET published = '2024-05-01 08:00:00Z'")
    except NotFound:
        pytest.skip("servers before 0.39 run no SQL")
    query = Post.where().order_by(Post.published)

    for size in (1, 3, 4, 7):
        assert [post.id for batch in query.in_batches(size) for post in batch] == [
            post.id for post in query.page(1, 1000)
        ]


def test_only_brings_what_the_order_needs_to_go_on(various: PocketBase) -> None:
    query = Post.where().order_by(-Post.score)
    posts = [post for batch in query.only(Post.title).in_batches(20) for post in batch]

    assert [post.id for post in posts] == [post.id for post in query.page(1, 1000)]
    assert not hasattr(posts[0], "views")


def test_emails_that_a_guest_may_not_see_do_not_hide_the_records(batches: PocketBase, guest: PocketBase) -> None:
    password = "1234567890"
    rule = batches.collections.get_one("users")["listRule"]
    stock(
        batches,
        [
            {"email": f"u{n}@x.org", "emailVisibility": n % 2 == 0, "password": password, "passwordConfirm": password}
            for n in range(8)
        ],
        "users",
    )
    batches.collections.update("users", {"listRule": ""})
    try:
        connect(guest)
        found = [user.id for batch in User.where().order_by(User.email).in_batches(3) for user in batch]
    finally:
        batches.collections.update("users", {"listRule": rule})
    assert len(set(found)) == 8


@pytest.mark.parametrize("order", [["-views"], ["status", "-created"], ["title"]], ids=",".join)
def test_an_order_neither_skips_nor_repeats_while_others_write(batches: PocketBase, order: list[str]) -> None:
    stock(batches, [{"title": f"t{n % 5}", "views": n % 9, "status": n % 2 == 0} for n in range(60)])
    everyone = [post.id for post in Post.where().order_by(*order).page(1, 1000)]
    doomed = everyone[::2]
    seen: list[str] = []

    for batch in Post.where().order_by(*order).in_batches(5):
        seen += [post.id for post in batch]
        for record_id in [doomed.pop(0), doomed.pop(-1)] if len(doomed) > 2 else []:
            batches.collection("posts").delete(record_id)
        batches.collection("posts").create({"title": "t2", "views": 4, "status": True})

    assert len(seen) == len(set(seen))
    assert set(everyone[1::2]) <= set(seen)
    assert [record_id for record_id in seen if record_id in set(everyone)] == [
        record_id for record_id in everyone if record_id in set(seen)
    ]


@pytest.mark.parametrize("order", [[], ["-views"], ["title", "-created"]], ids=lambda order: ",".join(order) or "none")
async def test_iteration_is_right_while_a_second_process_writes(
    batches: PocketBase, aio: AsyncPocketBase, order: list[str]
) -> None:
    stock(batches, [{"title": "ours", "views": n % 50} for n in range(1500)])
    ours = {post.id for post in Post.where()}

    with another_program_that_writes(batches, "posts"):
        walks = [[post.id for batch in Post.where().order_by(*order).in_batches(100) for post in batch]]
        walks.append([post.id async for batch in Post.aio.where().order_by(*order).in_batches(100) for post in batch])

    for seen in walks:
        assert len(seen) == len(set(seen))
        assert ours <= set(seen)


def test_memory_stays_constant(batches: PocketBase) -> None:
    stock(batches, [{"title": "x", "body": "text " * 20, "views": n} for n in range(2000)])

    def peak(query: QuerySet[Post], records: int) -> int:
        tracemalloc.start()
        try:
            assert sum(len(batch) for batch in query.limit(records).in_batches(100)) == records
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    for query in (Post.where(), Post.where().order_by(-Post.views)):
        peak(query, 500)  # what is made once
        assert peak(query, 2000) < 1.3 * peak(query, 500)


def test_a_slice_takes_one_request_where_it_lies_on_a_page(blog: PocketBase) -> None:
    for n in range(7):
        Post(title="x", views=n).save()
    sent: list[tuple[str, str]] = []

    def keep(request: httpx.Request) -> None:
        query = parse_qs(urlsplit(str(request.url)).query)
        sent.append((query["page"][0], query["perPage"][0]))

    blog.before_send = keep

    assert [post.views for post in Post.where().order_by("views")[4:6]] == [4, 5]
    assert [post.views for post in Post.where().order_by("views")[3:5]] == [3, 4]
    assert sent == [("3", "2"), ("2", "3")]
