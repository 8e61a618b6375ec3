"""Query sets on the real server: what they send and what comes back; sync and async."""

from __future__ import annotations

import asyncio
import copy
import pickle
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from pbmodels import (
    AsyncPocketBase,
    Collection,
    Field,
    FieldNotLoaded,
    FilterError,
    InvalidRecord,
    MultipleRecordsFound,
    Page,
    PocketBase,
    autodate,
    field,
)
from pbmodels.models._cursor import last_record
from tests.blog import Comment, Post, User


@pytest.fixture
def posts(blog: PocketBase) -> list[Post]:
    """Seven posts, views 0 to 6."""
    return [Post(title=f"post {n}", views=n, status=n % 2 == 0).save() for n in range(7)]


@pytest.fixture
def sent(blog: PocketBase) -> list[dict[str, str]]:
    """The queries of the requests that go out from here on."""
    queries: list[dict[str, str]] = []

    def keep(request: httpx.Request) -> None:
        queries.append({key: values[0] for key, values in parse_qs(urlsplit(str(request.url)).query).items()})

    blog.before_send = keep
    return queries


def views(records: list[Post]) -> list[int]:
    return [post.views for post in records]


def test_where_order_and_all(posts: list[Post], sent: list[dict[str, str]]) -> None:
    query = Post.where(Post.views > 2, Post.status == True).order_by(-Post.views)

    assert views(query.all()) == [6, 4]
    assert sent[-1]["filter"] == "(views > 2 && status = true)"
    assert sent[-1]["sort"] == "-views,id"


def test_queries_are_lazy_and_reusable(posts: list[Post], sent: list[dict[str, str]]) -> None:
    base = Post.where(Post.views > 2)
    narrowed = base.where(Post.views < 5)

    assert sent == []
    assert (base.count(), narrowed.count()) == (4, 2)
    assert str(base) == "views > 2"
    assert str(narrowed) == "(views > 2 && views < 5)"
    assert repr(narrowed.order_by(Post.title).limit(3)) == (
        "<QuerySet of Post: '(views > 2 && views < 5)', order_by='title', limit=3>"
    )


def test_all_records_without_a_condition(posts: list[Post]) -> None:
    assert sorted(views(Post.all())) == list(range(7))
    assert [post.id for post in Post.where()] == sorted(post.id for post in posts)
    assert str(Post.where()) == ""


def test_iteration_pages_by_key(posts: list[Post], sent: list[dict[str, str]]) -> None:
    ids = sorted(post.id for post in posts)

    found = [[post.id for post in batch] for batch in Post.where().in_batches(3)]

    assert found == [ids[:3], ids[3:6], ids[6:]]
    keys = [(query.get("filter"), query["page"], query["perPage"]) for query in sent]
    assert keys == [
        (None, "1", "3"),
        (f'id > "{ids[2]}"', "1", "3"),
        (f'id > "{ids[5]}"', "1", "3"),
        (f'id > "{ids[5]}"', "2", "2"),  # the one that runs beside it, with one record of overlap
    ]
    assert {query["sort"] for query in sent} == {"id"}
    assert {query["skipTotal"] for query in sent} == {"1"}


def test_the_next_two_pages_are_always_under_way(blog: PocketBase, sent: list[dict[str, str]]) -> None:
    ids = sorted(Post(title="x").save().id for _ in range(34))
    sent.clear()

    batches = Post.where().in_batches(6)
    counts = [(len(batch), len(sent)) for batch in batches]

    assert counts == [(6, 2), (6, 4), (6, 5), (6, 7), (6, 8), (4, 8)]
    keys = [(query.get("filter"), query["page"], query["perPage"]) for query in sent]
    assert keys == [
        (None, "1", "6"),
        (f'id > "{ids[5]}"', "1", "6"),
        (f'id > "{ids[11]}"', "1", "6"),
        (f'id > "{ids[11]}"', "2", "5"),  # with one record of overlap
        (f'id > "{ids[17]}"', "2", "3"),  # asked for while the one before is under way
        (f'id > "{ids[23]}"', "1", "6"),  # pages got too short: a new chain
        (f'id > "{ids[23]}"', "2", "5"),
        (f'id > "{ids[29]}"', "2", "3"),
    ]


def test_iteration_neither_skips_nor_repeats_while_others_write(blog: PocketBase) -> None:
    kept = {Post(title="x").save().id for _ in range(20)}
    doomed = [Post(title="y").save() for _ in range(20)]
    seen: list[str] = []

    for batch in Post.where().in_batches(5):
        seen += [post.id for post in batch]
        if doomed:
            doomed.pop().delete()
        Post(title="z").save()

    assert len(seen) == len(set(seen))
    assert kept <= set(seen)


@pytest.mark.parametrize("change", ["delete the last of a page", "insert before it", "delete far behind", "nothing"])
def test_two_requests_at_once_fit_together_whatever_others_write(blog: PocketBase, change: str) -> None:
    """Writes land between the two requests of a pair: the second answer no longer follows on the first."""
    ids = [f"rec{n:012}" for n in range(100, 160, 2)]
    for record_id in ids:
        Post(title="x", id=record_id).save()
    with PocketBase(blog.url) as other:
        other.auth_store.save(blog.auth_store.token)
        touched: set[str] = set()

        def interfere(request: httpx.Request) -> None:
            query = {key: values[0] for key, values in parse_qs(urlsplit(str(request.url)).query).items()}
            if query.get("page") != "2" or change == "nothing":
                return
            last_of_page = ids[ids.index(query["filter"].split('"')[1]) + 4]
            records = other.collection("posts")
            if change == "delete the last of a page":
                records.delete(last_of_page)
                touched.add(last_of_page)
            elif change == "insert before it":
                new = f"rec{int(last_of_page[3:]) - 1:012}"
                records.create({"title": "new", "id": new})
                touched.add(new)
            elif ids[-1] not in touched:
                records.delete(ids[-1])
                touched.add(ids[-1])

        blog.before_send = interfere
        found = [post.id for batch in Post.where().in_batches(4) for post in batch]

    assert found == sorted(set(found))
    assert set(ids) - touched <= set(found)


def test_iteration_in_an_order_pages_by_key_too(posts: list[Post], sent: list[dict[str, str]]) -> None:
    found = [views(batch) for batch in Post.where(Post.views < 6).order_by(-Post.views).in_batches(3)]

    assert found == [[5, 4, 3], [2, 1, 0]]
    three = next(post.id for post in posts if post.views == 3)
    key = f'views < 6 && views <= 3.0 && (views < 3.0 || (views = 3.0 && id > "{three}"))'
    assert [(query["filter"], query["page"], query["sort"]) for query in sent[:2]] == [
        ("views < 6", "1", "-views,id"),
        (f"({key})", "1", "-views,id"),
    ]


def test_iteration_in_an_order_that_is_no_key_pages_by_number(posts: list[Post], sent: list[dict[str, str]]) -> None:
    found = [views(batch) for batch in Post.where().order_by(Post.author.name, -Post.views).in_batches(3)]

    assert found == [[6, 5, 4], [3, 2, 1], [0]]
    assert [query["page"] for query in sent] == ["1", "2", "3", "4"]


def test_a_full_last_page_ends_the_walk(posts: list[Post]) -> None:
    assert len(list(Post.where().limit(6).in_batches(3))) == 2
    assert [len(batch) for batch in Post.where(Post.views < 6).in_batches(3)] == [3, 3]


def test_breaking_off_leaves_the_client_usable(posts: list[Post]) -> None:
    for _ in Post.where().in_batches(2):
        break
    assert Post.count() == 7


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (slice(None, 3), [0, 1, 2]),
        (slice(2, 5), [2, 3, 4]),
        (slice(5, None), [5, 6]),
        (slice(4, 100), [4, 5, 6]),
        (slice(0, 0), []),
        (slice(7, 9), []),
    ],
)
def test_slices(posts: list[Post], part: slice, expected: list[int]) -> None:
    query = Post.where().order_by(Post.views)[part]

    assert views(query.all()) == expected
    assert query.count() == len(expected)
    assert query.exists() is bool(expected)
    assert [number for batch in query.in_batches(2) for number in views(batch)] == expected


def test_slices_of_slices_and_limits(posts: list[Post]) -> None:
    query = Post.where().order_by(Post.views)

    assert views(query[1:6][1:3].all()) == [2, 3]
    assert views(query.limit(4)[2:].all()) == [2, 3]
    assert views(query[2:].limit(2).all()) == [2, 3]
    assert [post.id for post in Post.where()[2:4]] == sorted(post.id for post in posts)[2:4]


@pytest.mark.parametrize("index", [slice(-3, None), slice(0, 4, 2), 3, slice(0.5, 2), slice("a"), slice(True)])
def test_other_indexes_are_refused(index: Any) -> None:
    with pytest.raises(FilterError, match="use first"):
        Post.where()[index]


@pytest.mark.parametrize("size", [0, -1, 1001, 2.5, "3", None])
def test_batches_that_the_server_does_not_give_are_refused(blog: PocketBase, size: Any) -> None:
    with pytest.raises(FilterError, match=f"a batch of {size!r} records: PocketBase gives 1 to 1000"):
        next(Post.where().in_batches(size))


def test_a_slice_has_no_pages_and_no_last(posts: list[Post]) -> None:
    for query in (Post.where()[2:5], Post.where().limit(3)):
        with pytest.raises(FilterError, match=r"page\(\) cannot be asked of a slice or a limited query"):
            query.page(1, 2)
        with pytest.raises(FilterError, match=r"last\(\) cannot be asked of a slice or a limited query"):
            query.last()


def test_a_random_order_is_for_a_few(posts: list[Post], sent: list[dict[str, str]]) -> None:
    query = Post.where(Post.views < 6).order_by("@random")

    found = {tuple(views(query.limit(5).all())) for _ in range(20)}
    assert len(found) > 1
    assert all(len(set(few)) == 5 for few in found)
    assert sent[-1]["sort"] == "@random,id"
    assert {query.first() in posts, query.last() in posts, query.exists(), query.count() == 6} == {True}
    for ask in (query.all, lambda: query.page(1, 3), lambda: list(query.limit(5).in_batches(3)), query.limit(1001).all):
        with pytest.raises(FilterError, match=r"a random order has no second page.*with limit\(\)"):
            ask()


def test_first_one_and_one_or_none(posts: list[Post]) -> None:
    first = Post.where().order_by(-Post.views).first()

    assert first is not None
    assert first.views == 6
    assert Post.where(Post.views == 99).first() is None
    assert Post.where(Post.views == 3).one().views == 3
    assert Post.where(Post.views == 99).one_or_none() is None
    with pytest.raises(Post.NotFound, match="no record of 'posts' matches 'views = 99'"):
        Post.where(Post.views == 99).one()
    with pytest.raises(MultipleRecordsFound, match="more than one record of 'posts' matches 'views > 2'"):
        Post.where(Post.views > 2).one()


def test_pages_have_totals(posts: list[Post]) -> None:
    page = Post.where(Post.views > 0).order_by(Post.views).page(2, 4)

    assert isinstance(page, Page)
    assert (views(page.items), page.page, page.per_page, page.total_items, page.total_pages) == ([5, 6], 2, 4, 6, 2)
    assert views(list(page)) == [5, 6]
    assert len(page) == 2
    assert Post.where().page(9, 4).items == []


@pytest.mark.parametrize(("number", "size"), [(0, 10), (1, 0), (1, 1001)])
def test_pages_that_the_server_would_change_are_refused(blog: PocketBase, number: int, size: int) -> None:
    with pytest.raises(ValueError, match="page"):
        Post.where().page(number, size)


def test_count_and_exists(posts: list[Post]) -> None:
    assert Post.count() == 7
    assert Post.where(Post.views > 2).count() == 4
    assert Post.where(Post.views > 2).limit(3).count() == 3
    assert Post.where(Post.views > 2).exists()
    assert not Post.where(Post.views > 99).exists()


def test_raw_text_with_bound_values(posts: list[Post]) -> None:
    assert views(Post.where("views > {:n} && title ~ {:t}", n=4, t="post").order_by("views").all()) == [5, 6]
    assert views(Post.where(Post.status == True).where("views >= 4").order_by("-views").all()) == [6, 4]
    assert Post.where(PocketBase().filter("views = {:n}", n=3)).one().views == 3


def test_more_values_than_one_request_can_carry(posts: list[Post], sent: list[dict[str, str]]) -> None:
    wanted = [posts[1].id, *(f"missing{n:08}" for n in range(700)), posts[5].id]
    query = Post.where(Post.id.in_(wanted), Post.views > 0)

    found = query.all()

    assert sorted(views(found)) == [1, 5]
    assert len(sent) > 3
    assert all(len(request["filter"]) <= 3500 for request in sent)
    assert query.count() == 2
    assert query.exists()
    assert query.limit(1).count() == 1
    assert len(query.limit(1).all()) == 1
    assert views(query.order_by(-Post.views).all()) == [5, 1]
    assert query.page(1, 1).total_items == 2


def test_too_many_values_to_exclude_are_refused(blog: PocketBase) -> None:
    with pytest.raises(FilterError, match="comparisons, and PocketBase accepts 200|characters, and PocketBase accepts"):
        Post.where(Post.id.not_in(f"missing{n:08}" for n in range(700))).all()


def test_at_most_eight_terms_of_an_order() -> None:
    with pytest.raises(FilterError, match="order_by.. got 9 terms, and PocketBase sorts by at most 8"):
        Post.where().order_by(*[Post.title] * 9)


def test_conditions_that_are_none() -> None:
    with pytest.raises(FilterError, match="got False instead of a condition"):
        Post.where(Post.title is None)  # type: ignore[arg-type]
    with pytest.raises(FilterError, match="takes conditions such as"):
        Post.where(3)  # type: ignore[arg-type]
    with pytest.raises(FilterError, match="the filter text is empty"):
        Post.where(" ")
    with pytest.raises(FilterError, match="need exactly one filter text"):
        Post.where(Post.views > 1, n=1)
    with pytest.raises(FilterError, match=r"write Post.title == ... instead of title=..."):
        Post.where(title="x")
    with pytest.raises(AttributeError, match=r"Post.order_by belongs to queries: write Post.where\(\).order_by"):
        Post.order_by("title")  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match=r"queries begin with Post.where"):
        Post.objects  # type: ignore[attr-defined]
    with pytest.raises(FilterError, match=r"limit\('1'\): it takes a number"):
        Post.where().limit("1")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"page='1': pages are counted"):
        Post.where().page("1")  # type: ignore[arg-type]
    with pytest.raises(FilterError, match="has no truth value before it is run"):
        bool(Post.where())
    with pytest.raises(TypeError, match="use count"):
        len(Post.where())


def test_expand_brings_related_records_along(blog: PocketBase, sent: list[dict[str, str]]) -> None:
    ann = User(email="ann@example.com", password="12345678", name="Ann").save()
    bob = User(email="bob@example.com", password="12345678", name="Bob").save()
    post = Post(title="x", author=ann, reviewers=[bob, ann]).save()
    Comment(text="c", post=post, author=bob).save()
    sent.clear()

    comment = Comment.where().expand(Comment.post.author, Comment.post.reviewers, "author").one()

    record = comment.post.record
    assert record is not None
    assert record.author is not None
    assert record.author.record is not None
    assert record.author.record.name == "Ann"
    assert [ref.record.name for ref in record.reviewers if ref.record] == ["Bob", "Ann"]
    assert comment.author is not None
    assert comment.author.get().name == "Bob"
    assert len(sent) == 1
    assert sent[0]["expand"] == "post.author,post.reviewers,author"
    assert record.changed_fields == set()


def test_a_ref_says_how_to_reach_the_record() -> None:
    post = Post(title="x", author="abc")

    with pytest.raises(AttributeError, match=r"no 'name': write .get\(\).name, .* or .record.name after expand"):
        _ = post.author.name  # type: ignore[union-attr]


def test_a_relation_fetches_its_record_once(blog: PocketBase, sent: list[dict[str, str]]) -> None:
    user = User(email="ann@example.com", password="12345678", name="Ann").save()
    post = Post.get(Post(title="x", author=user).save().id)
    sent.clear()

    assert post.author is not None
    assert post.author.record is None
    assert post.author.get().name == "Ann"
    assert post.author.get() is post.author.record
    assert len(sent) == 1


def test_an_expanded_record_stays_after_a_save_while_the_relation_does(blog: PocketBase) -> None:
    ann = User(email="ann@example.com", password="12345678", name="Ann").save()
    bob = User(email="bob@example.com", password="12345678", name="Bob").save()
    post = Post.get(Post(title="x", author=ann).save().id, expand=[Post.author])

    post.views = 3
    post.save()
    assert post.author is not None
    assert post.author.record == ann

    post.author = bob.id
    post.save()
    assert post.author is not None
    assert post.author.record is None


def test_relations_in_conditions(blog: PocketBase) -> None:
    ann = User(email="ann@example.com", password="12345678", name="Ann").save()
    mine = Post(title="mine", author=ann, reviewers=[ann]).save()
    other = Post(title="other").save()

    assert Post.where(Post.author == ann).all() == [mine]
    assert mine.author is not None
    assert Post.where(Post.author == mine.author).all() == [mine]
    assert Post.where(Post.author == ann.id).all() == [mine]
    assert Post.where(Post.author != ann).all() == [other]
    assert Post.where(Post.author == None).all() == [other]  # noqa: E711
    assert Post.where(Post.author.name == "Ann").all() == [mine]
    assert Post.where(~Post.author.name.contains("nn")).all() == [other]
    assert Post.where(Post.reviewers.name == "Ann").all() == [mine]


def test_a_record_of_another_collection_is_no_relation() -> None:
    comment = Comment(text="c", post="p")

    with pytest.raises(FilterError, match="posts.author relates to 'users' and can never equal a record of 'comments'"):
        Post.where(Post.author == comment)
    with pytest.raises(FilterError, match="posts.reviewers relates to 'users'"):
        Post.where(Post.reviewers.contains(comment))


def test_last(posts: list[Post]) -> None:
    last = Post.where().order_by(Post.status, Post.views).last()

    assert last is not None
    assert (last.status, last.views) == (True, 6)
    assert Post.where().last() == max(posts, key=lambda post: post.id)
    for query in (
        Post.where().order_by(Post.status),
        Post.where().order_by(-Post.status),
        Post.where().order_by(-Post.id),
    ):
        assert query.last() == query.all()[-1]  # of equals, too
    assert Post.where(Post.views == 99).last() is None
    with pytest.raises(FilterError, match="reverse its order and use first"):
        Post.where()[:3].last()


def test_only_and_defer(blog: PocketBase, sent: list[dict[str, str]]) -> None:
    user = User(email="ann@example.com", password="12345678", name="Ann").save()
    Post(title="x", body="long", views=3, tags=["news"], author=user).save()
    Comment(text="c", post=Post.where().one(), author=user).save()

    post = Post.where().only(Post.title, "tags").one()
    assert sent[-1]["fields"] == "id,collectionId,title,tags"
    assert (post.title, post.tags) == ("x", ["news"])
    with pytest.raises(FieldNotLoaded, match=r"posts.views was not sent.*the query did not ask for it"):
        _ = post.views
    post.title = "y"
    post.save()
    assert (post.views, post.body) == (3, "long")

    post = Post.where().defer(Post.body, Post.meta).expand(Post.author).page().items[0]
    assert not hasattr(post, "body")
    assert post.author is not None
    assert post.author.record is not None
    assert post.author.record.name == "Ann"

    comment = Comment.where().only(Comment.text).expand(Comment.post.author).one()
    assert sent[-1]["fields"] == "id,collectionId,text,post,expand.post"
    assert comment.post.record is not None
    assert comment.post.record.author == user
    assert not hasattr(comment, "created")
    with pytest.raises(FilterError, match="no field of Comment itself"):
        Comment.where().only(Comment.post.title)


def fetching() -> list[threading.Thread]:
    """The threads that fetch pages ahead."""
    return [thread for thread in threading.enumerate() if thread.name.startswith("pbmodels-ahead")]


async def test_an_iteration_that_ends_early_leaves_nothing_running(blog: PocketBase, aio: AsyncPocketBase) -> None:
    Post.bulk_create([Post(title=f"{number}") for number in range(40)])

    batches = Post.where().in_batches(5)
    next(batches)
    next(batches)
    running = fetching()
    batches.close()
    for _ in Post.where().order_by(-Post.created).in_batches(5):
        break
    for thread in (*running, *fetching()):
        thread.join(60)
    assert running
    assert fetching() == []

    records = Post.aio.where().__aiter__()
    await records.__anext__()
    await records.aclose()  # type: ignore[attr-defined]
    many = Post.aio.where().in_batches(5)
    await many.__anext__()
    await many.__anext__()
    await many.aclose()
    assert asyncio.all_tasks() == {asyncio.current_task()}


def test_a_record_with_some_of_its_fields(blog: PocketBase, sent: list[dict[str, str]]) -> None:
    Post.create(title="x", views=3, tags=["news"], body="long", reviewers=[])
    post = Post.where().only(Post.title).one()

    for name in ("views", "status", "tags", "meta", "author", "reviewers", "cover", "gallery", "published", "created"):
        with pytest.raises(FieldNotLoaded, match=rf"posts\.{name} was not sent.*refresh\(\) asks for all fields"):
            getattr(post, name)
    for twin in (pickle.loads(pickle.dumps(post)), copy.copy(post), copy.deepcopy(post), post.model_copy()):
        assert (twin, twin.title, hasattr(twin, "views"), hasattr(twin, "tags")) == (post, "x", False, False)
    assert post.model_dump() == {"id": post.id, "title": "x"}
    assert repr(post) == f"Post(id={post.id!r}, title='x')"

    before = len(sent)
    assert post.changed_fields == set()
    post.save()
    assert len(sent) == before
    post.status = True
    assert post.changed_fields == {"status"}
    other = Post.where().only(Post.title).one()
    assert other.increment(views=2).views == 5
    assert post.save().body == "long"
    assert Post.where().only(Post.title).one().refresh().tags == ["news"]


def test_what_another_collection_s_field_asks_is_refused(blog: PocketBase) -> None:
    asked: list[Callable[[], object]] = [
        lambda: Post.where(Comment.text == "x"),
        lambda: Post.where(~((Post.views > 3) | (Post.title == Comment.text))),
        lambda: Post.where(Comment.text.contains("x") & (Post.views > 1)),
        lambda: Post.where().order_by(Comment.text),
        lambda: Post.where().order_by(-Comment.text),
        lambda: Post.where().only(Comment.text),
        lambda: Post.where().defer(Comment.text),
        lambda: Post.where().expand(Comment.post),
        lambda: Post.where().values(Comment.text),
        lambda: Post.watch(Comment.text == "x"),
        lambda: Post.get("x", expand=[Comment.post]),
        lambda: Post.create(title="x").save(only=[Comment.text]),
    ]
    for ask in asked:
        with pytest.raises(
            FilterError, match=r"comments\.(text|post) is a field of 'comments', and the query asks 'posts'"
        ):
            ask()
    assert str(Comment.where(Comment.post.title == "x")) == 'post.title = "x"'


def test_a_derived_model_is_asked_by_the_fields_of_its_bases() -> None:
    class Stamped(Collection, abstract=True):
        created: Field[datetime] = autodate()

    class Animal(Stamped, collection="animals"):
        name: Field[str]

    class Dog(Animal, collection="dogs"):
        barks: Field[bool] = field(default=False)

    class Pet(Collection, collection="animals"):
        name: Field[str]

    assert str(Dog.where(Animal.name == "x", Dog.barks)) == '(name = "x" && barks = true)'
    assert str(Animal.where(Pet.name == "x")) == 'name = "x"'
    assert [str(term) for term in Dog.where().order_by(-Stamped.created)._order] == ["-created"]
    with pytest.raises(FilterError, match=r"dogs\.barks is a field of 'dogs', and the query asks 'animals'"):
        Animal.where(Dog.barks)


def test_get_or_create(blog: PocketBase) -> None:
    post, created = Post.get_or_create(title="x", defaults={"views": 3})
    again, created_again = Post.get_or_create(title="x", defaults={"views": 4})

    assert (created, created_again) == (True, False)
    assert post == again
    assert again.views == 3
    Post(title="x").save()
    with pytest.raises(MultipleRecordsFound):
        Post.get_or_create(title="x")
    with pytest.raises(FilterError, match="say which Post is meant"):
        Post.get_or_create()


@pytest.mark.parametrize("verb", [Post.get_or_create, Post.update_or_create])
def test_what_get_or_create_does_not_take(blog: PocketBase, verb: Callable[..., Any]) -> None:
    Post(title="x", tags=["news"]).save()
    sent: list[httpx.Request] = []
    blog.before_send = sent.append

    with pytest.raises(FilterError, match="has no field 'titel' in Post: did you mean 'title'"):
        verb(titel="x")
    with pytest.raises(FilterError, match=r"has no field 'author\.name' in Post"):
        verb(**{"author.name": "Ann"})
    with pytest.raises(InvalidRecord, match="has no field 'vews' in Post: did you mean 'views'"):
        verb(title="x", defaults={"vews": 3})
    with pytest.raises(FilterError, match=r"posts.tags holds a list: .* belongs into defaults="):
        verb(title="x", tags=["news"])
    assert sent == []


def test_update_or_create(blog: PocketBase) -> None:
    post, created = Post.update_or_create(title="x", defaults={"views": 3})
    again, created_again = Post.update_or_create(title="x", defaults={"views": 4})

    assert (created, created_again) == (True, False)
    assert post == again
    assert Post.get(post.id).views == 4


def test_who_comes_second_gets_what_the_first_one_made(blog: PocketBase) -> None:
    blog.collections.update("posts", {"indexes": ["CREATE UNIQUE INDEX `idx_once` ON `posts` (`title`)"]})
    try:

        def someone_was_faster(request: httpx.Request) -> None:
            if request.method == "POST":
                blog.before_send = None
                Post(title="x", views=7).save()

        blog.before_send = someone_was_faster
        post, created = Post.get_or_create(title="x")
    finally:
        blog.collections.update("posts", {"indexes": []})
    assert (post.views, created) == (7, False)


async def test_the_newer_verbs_awaited(aio: AsyncPocketBase) -> None:
    post, created = await Post.aio.get_or_create(title="x")
    assert created
    assert (await Post.aio.update_or_create(title="x", defaults={"views": 2}))[0] == post
    last = await Post.aio.where().only(Post.views).last()
    assert last is not None
    assert last.views == 2


def test_what_expand_does_not_take() -> None:
    with pytest.raises(FilterError, match=r"expand\(\) takes relations of Post"):
        Post.where().expand(Post.title)
    with pytest.raises(FilterError, match="has no field 'nope'"):
        Post.where().expand("nope")
    for wrong in (Post.author, "author"):
        with pytest.raises(FilterError, match=r"takes a list of relations, as in expand=\[Post.author\]"):
            Post.get("x", expand=wrong)  # type: ignore[arg-type]


async def test_the_same_awaited(posts: list[Post], aio: AsyncPocketBase) -> None:
    query = Post.aio.where(Post.views > 2).order_by(-Post.views)

    assert views(await query.all()) == [6, 5, 4, 3]
    assert views([post async for post in query]) == [6, 5, 4, 3]
    assert [views(batch) async for batch in query.in_batches(3)] == [[6, 5, 4], [3]]
    assert len([post async for post in Post.aio.where().limit(5)]) == 5
    assert (await query.count(), await query.exists()) == (4, True)
    first = await query.first()
    assert first is not None
    assert first.views == 6
    assert (await query[1:2].one()).views == 5
    assert (await query.page(1, 3)).total_pages == 2
    assert len(await Post.aio.all()) == 7
    with pytest.raises(Post.NotFound):
        await Post.aio.where(Post.views == 99).one()


async def test_an_async_relation(aio: AsyncPocketBase) -> None:
    user = await User(email="ann@example.com", password="12345678", name="Ann").aio.save()
    post = await Post.aio.get((await Post(title="x", author=user).aio.save()).id)

    assert post.author is not None
    assert (await post.author.aio.get()).name == "Ann"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"items":[],"page":1,"perPage":30}', ""),
        (b'{"page":1,"items":[{"collectionId":"c","id":"a"},{"collectionId":"c","id":"b"}]}', "b"),
        (
            b'{"items":[{"collectionId":"c","expand":{"x":{"collectionId":"c","id":"no"}},"id":"yes",'
            b'"json":[{"collectionId":"c","id":"no"}]}],"page":1,"perPage":1,"totalItems":-1,"totalPages":-1}',
            "yes",
        ),
        (b'{"items":[{"collectionId":"c","id":"yes","t":"],\\"page\\":1}{\\"collectionId\\":"}],"page":1}', "yes"),
        (b'{"items":[{"id":"bare"}]}', "bare"),
    ],
)
def test_the_last_id_of_a_page_is_found_from_its_end(body: bytes, expected: str) -> None:
    assert last_record(body).get("id", "") == expected
