"""Many records at once: by batches in the server's limits, everything checked first, and who was written is known."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from pbmodels import (
    AsyncPocketBase,
    BulkFailed,
    Collection,
    ConnectionFailed,
    Field,
    FilterError,
    InvalidRecord,
    PocketBase,
    Ref,
    Relation,
    ValidationFailed,
    field,
    using,
)
from pbmodels.models import _bulk
from pbmodels.schema import push
from tests.blog import Post, User


@pytest.fixture(autouse=True)
def forgetful() -> Iterator[None]:
    """Limits that earlier tests taught are not known here."""
    _bulk._learned.clear()
    _bulk._told.clear()
    yield
    _bulk._learned.clear()


@pytest.fixture
def batches(blog: PocketBase) -> Iterator[PocketBase]:
    """A server that takes 20 requests in a batch."""
    with limits(blog, enabled=True, maxRequests=20, timeout=60):
        yield blog


@pytest.fixture
def single(blog: PocketBase) -> Iterator[PocketBase]:
    """A server that allows no batches, as PocketBase comes."""
    with limits(blog, enabled=False):
        yield blog


class limits:
    """The server's limits for batches inside a block."""

    def __init__(self, pb: PocketBase, **batch: Any) -> None:
        self._pb, self._batch = pb, batch

    def __enter__(self) -> None:
        self._before = self._pb.settings.get_all()["batch"]
        self._pb.settings.update({"batch": {**self._before, "maxBodySize": 0, **self._batch}})

    def __exit__(self, *_: object) -> None:
        self._pb.settings.update({"batch": self._before})


def sent_to(pb: PocketBase) -> list[str]:
    """Notes the method and path of every request from now on."""
    sent: list[str] = []

    def note(request: httpx.Request) -> None:
        sent.append(f"{request.method} {request.url.path}")

    pb.before_send = note
    return sent


def posts(count: int) -> list[Post]:
    return [Post(title=f"Post {n}", views=n) for n in range(count)]


# Creating


def test_many_records_are_created_in_as_few_batches_as_the_server_allows(batches: PocketBase) -> None:
    sent = sent_to(batches)
    new = posts(50)

    assert Post.bulk_create(new) == new

    assert sent == ["POST /api/batch"] * 4  # one too large, which teaches the limit, then 20 + 20 + 10
    assert all(not post.is_new and post.changed_fields == set() and post.created for post in new)
    assert {(post.id, post.views) for post in Post.where()} == {(post.id, post.views) for post in new}
    sent.clear()
    Post.bulk_create(posts(40))
    assert sent == ["POST /api/batch"] * 2


def test_smaller_batches_when_asked(batches: PocketBase) -> None:
    sent = sent_to(batches)
    told: list[tuple[int, int]] = []

    Post.bulk_create(posts(7), batch_size=3, progress=lambda done, total: told.append((done, total)))

    assert sent == ["POST /api/batch"] * 3
    assert told == [(3, 7), (6, 7), (7, 7)]
    with pytest.raises(FilterError, match="batch_size=0: it takes a number"):
        Post.bulk_create(posts(1), batch_size=0)


def test_nothing_to_do_sends_nothing(batches: PocketBase) -> None:
    post = Post(title="x").save()
    sent = sent_to(batches)

    assert Post.bulk_create([]) == []
    assert Post.bulk_update([post]) == 0
    assert Post.bulk_delete([]) == 0
    assert sent == []


@pytest.mark.parametrize("allowed", [True, False])
def test_all_is_checked_before_anything_is_sent(blog: PocketBase, allowed: bool) -> None:
    saved = Post(title="x").save()
    sent = sent_to(blog)
    twice = Post(title="twice")
    ann = User(email="ann@example.com", password="12345678")
    tags = Post(title="x")
    tags.tags.append("nonsense")  # type: ignore[arg-type]

    for wrong, why in [
        ([*posts(3), saved], "index 3: .* is saved already: use bulk_update"),
        ([twice, *posts(2), twice], "index 3: .* is in the list twice"),
        ([*posts(1), Post(title="x", author=ann)], "index 1: posts.author relates to a User that is not saved yet"),
        ([*posts(2), tags], "index 2: posts.tags"),
        ([ann], "index 0: it is no record of Post but User"),
        ([{"title": "x"}], "index 0: it is no record of Post but dict"),
    ]:
        with pytest.raises(InvalidRecord, match=rf"bulk_create\(\) sent nothing, because of the record at {why}"):
            Post.bulk_create(wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidRecord, match="was never saved: use bulk_create"):
        Post.bulk_update(posts(1))
    with pytest.raises(InvalidRecord, match="never saved"):
        Post.bulk_delete(posts(1))
    assert sent == []


def test_records_may_have_files_and_relate_to_saved_ones(batches: PocketBase) -> None:
    ann, bob = User.bulk_create(
        [User(email=f"{name}@example.com", password="12345678", name=name) for name in ("ann", "bob")]
    )
    new = Post.bulk_create(
        [Post(title="a", author=ann, cover=("a.txt", b"aaa")), Post(title="b", reviewers=[ann, bob])]
    )

    assert new[0].cover is not None
    assert new[0].cover.read() == b"aaa"
    assert [ref.record for ref in Post.get(new[1].id, expand=[Post.reviewers]).reviewers] == [ann, bob]


# Updating and deleting


def test_changes_of_many_records_are_saved(batches: PocketBase) -> None:
    found = Post.bulk_create(posts(30))
    for post in found[:25]:
        post.views += 100
        post.title = "changed"
    found[25].tags.append("news")

    assert Post.bulk_update([*found, found[0]], only=[Post.views, "tags"]) == 26

    assert sorted(Post.where().values_list(Post.views, flat=True)) == sorted([*range(25, 30), *range(100, 125)])
    assert Post.get(found[25].id).tags == ["news"]
    assert found[0].changed_fields == {"title"}
    assert Post.where(Post.title == "changed").count() == 0


def test_many_records_are_deleted(batches: PocketBase) -> None:
    found = Post.bulk_create(posts(30))

    assert Post.bulk_delete([*found[:20], found[0], found[20].id, Ref[Post](found[21].id)]) == 22

    assert Post.count() == 8
    with pytest.raises(InvalidRecord, match="was deleted"):
        found[0].save()


async def test_the_same_awaited(batches: PocketBase, aio: AsyncPocketBase) -> None:
    new = await Post.aio.bulk_create(posts(45))
    for post in new:
        post.views = -1
    told: list[int] = []

    assert await Post.aio.bulk_update(new, progress=lambda done, total: told.append(done)) == 45
    assert told[-1] == 45
    assert await Post.aio.where(Post.views == -1).update(status=True) == 45
    assert await Post.aio.where(Post.status == True).count() == 45
    assert await Post.aio.where(Post.status == True).limit(5).delete() == 5
    assert await Post.aio.bulk_delete(await Post.aio.all()) == 40


# All records of a query set


def test_update_gives_all_records_the_same_values(batches: PocketBase) -> None:
    Post.bulk_create(posts(45))
    told: list[tuple[int, int]] = []

    changed = Post.where(Post.views < 30).update(lambda *counts: told.append(counts), views=100, tags=["news"])

    assert changed == 30
    assert told[-1] == (30, 30)
    assert Post.where(Post.views == 100, Post.tags.contains("news")).count() == 30
    assert Post.where().order_by(-Post.views, Post.title)[2:4].update(title="sliced") == 2
    assert Post.where(Post.title == "sliced").count() == 2
    assert Post.where(Post.views == -1).update(views=1) == 0


def test_delete_takes_all_that_match(batches: PocketBase) -> None:
    Post.bulk_create(posts(45))

    assert Post.where(Post.views >= 30).delete() == 15
    assert Post.where().order_by(-Post.views)[:10].delete(batch_size=3) == 10
    assert sorted(Post.where().values_list(Post.views, flat=True)) == list(range(20))


def test_update_checks_its_values_before_it_sends_anything(batches: PocketBase) -> None:
    Post(title="x").save()
    sent = sent_to(batches)
    query = Post.where()

    for values, why in [
        ({"views": "many"}, r"posts.views: "),
        ({"title": "x" * 300}, r"posts.title: "),
        ({"titel": "x"}, "did you mean 'title'"),
        ({"created": None}, "posts.created cannot be set for many records at once"),
        ({"id": "abcdefghijklmno"}, "posts.id cannot be set"),
        ({"author": User(email="a@example.com", password="12345678")}, "not saved yet"),
        ({"cover": ("a.txt", b"a")}, "takes no new files for many records"),
    ]:
        with pytest.raises(InvalidRecord, match=why):
            query.update(**values)
    with pytest.raises(FilterError, match="needs the values"):
        query.update()
    assert sent == []
    assert query.update(cover=None, author=None, published=None, meta={"a": [1]}) == 1


def test_a_field_may_be_called_progress(batches: PocketBase) -> None:
    with pytest.raises(InvalidRecord, match="'progress'"):
        Post.where().update(progress=1)


def test_records_that_are_gone_meanwhile_are_passed_over(batches: PocketBase) -> None:
    new = Post.bulk_create(posts(45))
    doomed = [new[3], new[4], new[30], new[44]]

    def delete_some(request: httpx.Request) -> None:
        if request.url.path == "/api/batch":
            batches.before_send = None
            for post in doomed:
                batches.collection("posts").delete(post.id)

    batches.before_send = delete_some
    assert Post.where().update(status=True) == 41
    assert Post.where(Post.status == True).count() == 41


def test_what_a_rule_forbids_is_not_passed_over(batches: PocketBase, guest: PocketBase) -> None:
    Post.bulk_create(posts(5))
    collection = batches.collections.get_one("posts")
    batches.collections.update("posts", {"listRule": "", "viewRule": "", "updateRule": "views != 3"})
    try:
        with using(guest), pytest.raises(BulkFailed) as failed:
            Post.where().order_by(Post.views).update(title="theirs")
    finally:
        rules = {rule: collection[rule] for rule in ("listRule", "viewRule", "updateRule")}
        batches.collections.update("posts", rules)

    assert isinstance(failed.value.reason, Post.NotFound)
    assert Post.get(failed.value.record_id).views == 3
    assert {Post.get(record_id).views for record_id in failed.value.done} == {0, 1, 2}
    assert len(failed.value.not_done) == 2


# Failures


def test_a_refusal_says_which_record_and_what_was_saved_before(batches: PocketBase) -> None:
    taken = Post(title="taken").save()
    new = posts(50)
    new[30] = Post(title="x", id=taken.id)

    with pytest.raises(BulkFailed) as failed:
        Post.bulk_create(new)

    error = failed.value
    assert isinstance(error.reason, ValidationFailed)
    assert "id" in error.reason.field_errors
    assert error.__cause__ is error.reason
    assert error.record_id == taken.id
    assert error.done == [post.id for post in new[:20]]
    assert error.not_done == [post.id for post in new[20:]]
    assert error.uncertain == []
    assert [post.is_new for post in new] == [False] * 20 + [True] * 30
    assert str(error).startswith(f"bulk_create of 'posts' ended: record '{taken.id}' (31 of 50): ")
    assert str(error).endswith("; 20 of 50 records were written")
    assert Post.count() == 21
    rest = [post for post in new if post.is_new and post is not new[30]]
    assert len(Post.bulk_create(rest)) == 29


def test_a_record_that_is_gone_ends_a_bulk_delete(batches: PocketBase) -> None:
    new = Post.bulk_create(posts(3))
    Post.get(new[1].id).delete()

    with pytest.raises(BulkFailed, match="there is no record") as failed:
        Post.bulk_delete(new)

    assert isinstance(failed.value.reason, Post.NotFound)
    assert Post.count() == 2


def test_no_answer_leaves_the_batch_uncertain(batches: PocketBase, monkeypatch: pytest.MonkeyPatch) -> None:
    new = posts(6)
    answers = iter([True, False])
    execute = batches.execute

    def lose_the_second(call: Any, sent: Any = None) -> bytes:
        body = execute(call, sent)
        if not next(answers):
            raise ConnectionFailed("the connection broke", url=batches.url, status=0)
        return body

    monkeypatch.setattr(batches, "execute", lose_the_second)
    with pytest.raises(BulkFailed, match="2 of 6 records were written, and of 2 it is not known") as failed:
        Post.bulk_create(new, batch_size=2)

    assert failed.value.done == [post.id for post in new[:2]]
    assert failed.value.uncertain == [post.id for post in new[2:4]]
    assert failed.value.not_done == [post.id for post in new[4:]]


@pytest.mark.parametrize("allowed", [True, False])
def test_what_the_callback_raises_ends_the_work_and_loses_no_answer(blog: PocketBase, allowed: bool) -> None:
    new = posts(40)

    def stop(done: int, total: int) -> None:
        if done >= 10:
            raise KeyError("enough")

    with limits(blog, enabled=allowed, maxRequests=100), pytest.raises(KeyError, match="enough"):
        Post.bulk_create(new, batch_size=10, progress=stop)

    saved = {post.id for post in Post.where()}
    assert 10 <= len(saved) < 40
    assert {post.id for post in new if not post.is_new} == saved


def test_too_large_a_batch_is_sent_as_two(blog: PocketBase) -> None:
    sent = sent_to(blog)
    with limits(blog, enabled=True, maxRequests=100, maxBodySize=6000):
        sent.clear()
        Post.bulk_create([Post(title="x", body="y" * 1000) for _ in range(16)])
        assert sent == ["POST /api/batch"] * 6  # 16 and 8 are too many, 4 + 4 + 4 + 4 are not

        with pytest.raises(BulkFailed, match="413"):
            Post.bulk_create([Post(title="x", body="y" * 10_000)])


# Without batches


def test_without_batches_single_requests_go_side_by_side(single: PocketBase, caplog: pytest.LogCaptureFixture) -> None:
    new = posts(30)
    told: list[int] = []

    with caplog.at_level(logging.WARNING, "pbmodels"):
        Post.bulk_create(new, progress=lambda done, total: told.append(done))
        for post in new:
            post.views += 1
        assert Post.bulk_update(new) == 30

    assert told == list(range(1, 31))
    assert all(not post.is_new for post in new)
    said = [record.getMessage() for record in caplog.records if record.name == "pbmodels"]
    assert len([text for text in said if "allows no batches" in text]) == 1
    assert Post.where(Post.views > 15).update(title="x") == 15
    assert Post.where().delete() == 30


async def test_without_batches_awaited(single: PocketBase, aio: AsyncPocketBase) -> None:
    new = await Post.aio.bulk_create(posts(30))

    assert all(not post.is_new for post in new)
    assert await Post.aio.where().delete() == 30


def test_without_batches_a_refusal_loses_no_answer(single: PocketBase) -> None:
    taken = Post(title="taken").save()
    new = posts(50)
    new[20] = Post(title="x", id=taken.id)

    with pytest.raises(BulkFailed) as failed:
        Post.bulk_create(new)

    saved = {post.id for post in Post.where()} - {taken.id}
    assert failed.value.record_id == taken.id
    assert set(failed.value.done) == saved == {post.id for post in new if not post.is_new}
    assert len(failed.value.done) + len(failed.value.not_done) == 50
    assert 20 <= len(saved) < 40


def test_without_batches_what_is_gone_is_passed_over(single: PocketBase) -> None:
    new = Post.bulk_create(posts(20))
    doomed = [new[3], new[19]]

    def delete_some(request: httpx.Request) -> None:
        if request.url.path == "/api/batch":
            single.before_send = None
            for post in doomed:
                single.collection("posts").delete(post.id)

    single.before_send = delete_some
    assert Post.where().delete() == 18
    assert Post.count() == 0


# Trees


class Node(Collection, collection="nodes"):
    name: Field[str]
    parent: Relation[Node | None] = field(default=None, cascade_delete=True)


@pytest.fixture
def nodes(blog: PocketBase) -> Iterator[PocketBase]:
    push(blog, Node)
    yield blog
    blog.collections.delete("nodes")


def a_tree() -> list[Node]:
    """A root with ten children, each of which has two."""
    found = [Node(name="root")]
    for number in range(10):
        child = Node(name=f"{number}", parent=found[0])
        found += [child, *(Node(name=f"{number}.{n}", parent=child) for n in range(2))]
    return found


@pytest.mark.parametrize("allowed", [True, False])
def test_records_may_relate_to_others_of_the_same_bulk(nodes: PocketBase, allowed: bool) -> None:
    tree = a_tree()
    with limits(nodes, enabled=allowed, maxRequests=7):
        with pytest.raises(InvalidRecord, match="index 0: nodes.parent relates to a Node that is not saved yet"):
            Node.bulk_create(reversed(tree))
        Node.bulk_create(tree)

    assert Node.where(Node.parent == tree[0]).count() == 10
    assert Node.where(Node.parent == tree[4]).count() == 2


@pytest.mark.parametrize("allowed", [True, False])
def test_what_a_delete_takes_along_does_not_stop_the_delete_of_the_rest(nodes: PocketBase, allowed: bool) -> None:
    with limits(nodes, enabled=allowed, maxRequests=7):
        Node.bulk_create(a_tree())

        deleted = Node.where().order_by(Node.name).delete()

    assert Node.count() == 0
    assert 1 <= deleted <= 31
