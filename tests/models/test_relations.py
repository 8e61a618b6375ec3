"""Relations on a record: what they are assigned, what they lead to, and the verbs of a list of them."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from pbmodels import (
    AsyncPocketBase,
    Collection,
    Field,
    InvalidRecord,
    PocketBase,
    Ref,
    Refs,
    Relation,
    Relations,
    ValidationFailed,
    field,
)
from pbmodels.schema import push
from tests.blog import Comment, Post, User


@pytest.fixture
def sent(blog: PocketBase) -> list[httpx.Request]:
    """The requests that go out from here on."""
    requests: list[httpx.Request] = []
    blog.before_send = requests.append
    return requests


@pytest.fixture
def users(blog: PocketBase) -> list[User]:
    """Ann, Bob and Cem."""
    return [
        User(email=f"{name}@example.com", password="correct horse", name=name).save() for name in ("Ann", "Bob", "Cem")
    ]


class TestOne:
    @pytest.mark.parametrize("how", ["record", "ref", "id", "ref without a model"])
    def test_it_takes_a_record_a_ref_or_an_id(self, users: list[User], how: str) -> None:
        ann = users[0]
        given: dict[str, Any] = {
            "record": ann,
            "ref": Post(title="other", author=ann).author,
            "id": ann.id,
            "ref without a model": Ref(ann.id),
        }

        post = Post(title="x", author=given[how]).save()
        post.author = None
        post.author = given[how]
        post.save()

        assert post.author == ann == Post.get(post.id).author
        assert post.author is not None
        assert post.author.get().name == "Ann"

    def test_the_record_is_there_when_it_was_given_or_expanded(self, users: list[User]) -> None:
        post = Post(title="x", author=users[0]).save()
        assert post.author is not None
        assert post.author.record is users[0]

        plain, expanded = Post.get(post.id), Post.get(post.id, expand=[Post.author])

        assert plain.author is not None
        assert expanded.author is not None
        assert plain.author.record is None
        assert isinstance(expanded.author.record, User)
        assert expanded.author.record.name == "Ann"

    def test_get_asks_once(self, users: list[User], sent: list[httpx.Request]) -> None:
        post = Post.get(Post(title="x", author=users[0]).save().id)
        sent.clear()

        assert post.author is not None
        assert post.author.get() is post.author.get() is post.author.record

        assert len(sent) == 1

    async def test_get_awaited(self, users: list[User], aio: AsyncPocketBase) -> None:
        post = await Post.aio.get((await Post(title="x", author=users[0]).aio.save()).id)
        assert post.author is not None
        assert await post.author.aio.get() is await post.author.aio.get() is post.author.record

    @pytest.mark.parametrize("value", [3, "", Comment(text="x", post="a" * 15), [], object()])
    def test_what_it_does_not_take(self, blog: PocketBase, value: Any) -> None:
        class Strict(Collection, collection="posts"):
            author: Relation[User]

        with pytest.raises(InvalidRecord, match=r"posts.author: (takes a record, a Ref or an id|relates to 'users')"):
            Strict(author=value)


class TestSeveral:
    def test_add_remove_and_set_go_to_the_server_at_once(self, users: list[User], sent: list[httpx.Request]) -> None:
        ann, bob, cem = users
        post = Post(title="x", reviewers=[ann]).save()
        sent.clear()

        post.reviewers.add(bob, cem.id)
        assert [ref.id for ref in post.reviewers] == [ann.id, bob.id, cem.id]
        post.reviewers.add(bob)
        assert [ref.id for ref in post.reviewers] == [ann.id, bob.id, cem.id]
        post.reviewers.remove(ann, Ref(bob.id))
        assert [ref.id for ref in post.reviewers] == [cem.id]
        post.reviewers.remove(ann)
        post.reviewers.set([bob, ann])
        assert [ref.id for ref in post.reviewers] == [bob.id, ann.id]
        post.reviewers.add()
        post.reviewers.set([])

        assert [request.content for request in sent if request.method == "PATCH"] == [
            f'{{"reviewers+":["{bob.id}","{cem.id}"]}}'.encode(),
            f'{{"reviewers+":["{bob.id}"]}}'.encode(),
            f'{{"reviewers-":["{ann.id}","{bob.id}"]}}'.encode(),
            f'{{"reviewers-":["{ann.id}"]}}'.encode(),
            f'{{"reviewers":["{bob.id}","{ann.id}"]}}'.encode(),
            b'{"reviewers":[]}',
        ]
        assert post.changed_fields == set()
        assert Post.get(post.id).reviewers == []

    def test_what_others_add_meanwhile_is_kept(self, users: list[User]) -> None:
        ann, bob, cem = users
        post = Post(title="x", reviewers=[ann]).save()
        Post.get(post.id).reviewers.add(bob)

        post.reviewers.add(cem)

        assert [ref.id for ref in post.reviewers] == [ann.id, bob.id, cem.id]
        assert post.reviewers[2].record is cem

    def test_the_list_that_is_held_is_the_one_that_changes(self, users: list[User]) -> None:
        post = Post(title="x").save()
        held = post.reviewers
        held.add(users[0])
        assert held == [users[0]]
        assert post.reviewers is held

    def test_other_changes_wait(self, users: list[User]) -> None:
        post = Post(title="x").save()
        post.title = "y"
        post.tags.append("news")
        post.reviewers.add(users[0])
        assert post.changed_fields == {"title", "tags"}
        assert (post.title, post.tags) == ("y", ["news"])

    def test_a_record_that_is_named_twice_is_in_it_once(self, users: list[User]) -> None:
        ann, ben = users[:2]
        for post in (Post(title="new"), Post(title="saved").save()):
            post.reviewers.set([ann, ben, ann])
            assert post.reviewers == [ann, ben]
            post.reviewers.remove(ann, ann)
            post.reviewers.add(ann, ann.id)
            assert post.reviewers == [ben, ann]
            assert Post.get(post.save().id).reviewers == [ben, ann]

    def test_set_takes_a_list(self, users: list[User]) -> None:
        post = Post(title="x").save()
        for value in (users[0], users[0].id, Ref(users[0].id)):
            with pytest.raises(InvalidRecord, match=r"posts.reviewers: set\(\) takes a list of records, Refs or ids"):
                post.reviewers.set(value)  # type: ignore[arg-type]

    def test_of_a_new_record_they_change_the_list(self, users: list[User], sent: list[httpx.Request]) -> None:
        ann, bob, _ = users
        post = Post(title="x", reviewers=[ann])
        post.reviewers.add(ann, bob)
        post.reviewers.remove(ann)
        post.reviewers.set([bob, ann])
        assert sent == []
        assert [ref.id for ref in post.save().reviewers] == [bob.id, ann.id]

    def test_unsaved_changes_of_the_list_come_first(self, users: list[User]) -> None:
        post = Post(title="x").save()
        post.reviewers.append(users[0])
        with pytest.raises(InvalidRecord, match=r"posts.reviewers has a change that is not saved; save\(\) it first"):
            post.reviewers.add(users[1])
        post.save()
        post.reviewers.add(users[1])
        assert [ref.id for ref in Post.get(post.id).reviewers] == [users[0].id, users[1].id]

    def test_a_refusal_leaves_the_list_as_it_was(self, users: list[User], sent: list[httpx.Request]) -> None:
        post = Post(title="x", reviewers=[users[0]]).save()
        with pytest.raises(ValidationFailed):
            post.reviewers.add("nobody000000000")
        with pytest.raises(ValidationFailed):
            post.reviewers.set(["nobody000000000"])
        other = Post(title="y").save()
        sent.clear()
        with pytest.raises(InvalidRecord, match=r"posts.reviewers: takes a record, a Ref or an id"):
            post.reviewers.add(3)  # type: ignore[arg-type]
        with pytest.raises(InvalidRecord, match=r"posts.reviewers: relates to 'users', not to 'posts'"):
            post.reviewers.add(other)  # type: ignore[arg-type]
        new = User(email="new@example.com", password="correct horse")
        with pytest.raises(InvalidRecord, match="relates to a User that is not saved yet; save it first"):
            post.reviewers.set([new])
        assert sent == []
        assert (post.reviewers, post.changed_fields) == ([users[0]], set())

    def test_it_is_a_list_that_takes_records(self, users: list[User]) -> None:
        ann, bob, cem = users
        post = Post(title="x").save()
        post.reviewers.append(ann)
        post.reviewers.extend([bob])
        post.reviewers.insert(0, cem)
        assert post.reviewers.pop(1) == ann
        post.reviewers += [ann.id]  # type: ignore[list-item]
        post.save()

        loaded = Post.get(post.id)
        assert isinstance(loaded.reviewers, Refs)
        assert isinstance(loaded.reviewers, list)
        assert [ref.get().name for ref in loaded.reviewers] == ["Cem", "Bob", "Ann"]
        assert ann in loaded.reviewers

    def test_a_copy_has_a_list_of_its_own(self, users: list[User]) -> None:
        ann, bob, _ = users
        post = Post(title="x", reviewers=[ann]).save()
        assert post.reviewers == [ann]
        for twin in (copy.deepcopy(post), pickle.loads(pickle.dumps(post))):
            twin.reviewers.append(bob)
            assert twin.changed_fields == {"reviewers"}
            assert post.reviewers == [ann]

    async def test_awaited(self, users: list[User], aio: AsyncPocketBase) -> None:
        ann, bob, _ = users
        post = await Post(title="x").aio.save()
        await post.reviewers.aio.add(ann, bob)
        await post.reviewers.aio.remove(ann)
        assert post.reviewers == [bob]
        await post.reviewers.aio.set([ann])
        assert (await Post.aio.get(post.id)).reviewers == [ann]


class Deep(Collection, collection="deep"):
    """A chain of records."""

    name: Field[str]
    next: Relation[Deep | None] = field(default=None)
    others: Relations[Deep] = field(default_factory=list, max_select=9)


@pytest.fixture
def chain(blog: PocketBase) -> Iterator[Deep]:
    """`0`, which leads to `1`, which leads to `2`, ... to `7`."""
    push(blog, Deep)
    try:
        record = None
        for number in reversed(range(8)):
            record = Deep(name=str(number), next=record, others=[record] if record else []).save()
        assert record is not None
        yield record
    finally:
        blog.collections.delete("deep")


class TestDepth:
    def test_expand_goes_six_deep_into_records(self, chain: Deep, sent: list[httpx.Request]) -> None:
        record = Deep.get(chain.id, expand=[Deep.next.next.next.next.next.next, Deep.others.others.next])
        assert len(sent) == 1

        found: Deep | None = record
        for number in range(1, 7):
            assert found is not None
            assert found.next is not None
            found = found.next.record
            assert isinstance(found, Deep)
            assert (found.name, found.is_new, found.changed_fields) == (str(number), False, set())
        assert found is not None
        assert found.next is not None
        assert found.next.record is None
        second = record.others[0].record
        assert second is not None
        third = second.others[0].record
        assert third is not None
        assert third.next is not None
        assert third.next.record is not None
        assert third.next.record.name == "3"
        assert len(sent) == 1

    def test_deeper_is_refused(self, chain: Deep) -> None:
        with pytest.raises(ValueError, match="at most 6 relations deep"):
            Deep.get(chain.id, expand=["next" + ".next" * 6])
