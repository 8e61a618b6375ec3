"""Saving some fields, counting on the server, several records at once, hooks, abstract bases."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from typing import Any, ClassVar, Self

import httpx
import pytest
from pydantic import computed_field, field_validator, model_validator

from pbmodels import (
    AsyncPocketBase,
    BatchFailed,
    Collection,
    Field,
    FieldNotLoaded,
    FilterError,
    Forbidden,
    InvalidRecord,
    ModelError,
    PocketBase,
    PocketBaseServer,
    Relation,
    ValidationFailed,
    connect,
    field,
    using,
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
def batches(superuser: PocketBase) -> Iterator[None]:
    """A server that allows batches, as those of most applications do."""
    superuser.settings.update({"batch": {"enabled": True, "maxRequests": 50, "timeout": 60}})
    yield
    superuser.settings.update({"batch": {"enabled": False}})


def calls(sent: list[httpx.Request]) -> list[tuple[str, str]]:
    return [(request.method, request.url.path) for request in sent]


def make_user(name: str = "Ann") -> User:
    return User(email=f"{name.lower()}@example.com", password="correct horse", name=name)


class TestSomeFields:
    def test_only_these_are_sent_and_the_others_wait(self, blog: PocketBase, sent: list[httpx.Request]) -> None:
        post = Post(title="x", tags=["news"]).save()
        sent.clear()
        post.title, post.views = "y", 3
        post.tags.append("art")

        post.save(only=[Post.title, "tags"])

        assert [request.content for request in sent] == [b'{"title":"y","tags":["news","art"]}']
        assert post.changed_fields == {"views"}
        assert post.views == 3
        post.save()
        assert Post.get(post.id).views == 3

    def test_new_records_of_other_fields_wait_too(self, blog: PocketBase, sent: list[httpx.Request]) -> None:
        post = Post(title="x").save()
        post.title, post.author = "y", make_user()
        sent.clear()

        post.save(only=(field for field in [Post.title]))

        assert calls(sent) == [("PATCH", f"/api/collections/posts/records/{post.id}")]
        assert post.changed_fields == {"author"}
        assert post.author is not None
        assert post.author.record is not None
        assert post.author.record.is_new

    def test_without_a_change_among_them_nothing_is_sent(self, blog: PocketBase, sent: list[httpx.Request]) -> None:
        post = Post(title="x").save()
        sent.clear()
        post.title = "y"

        post.save(only=[Post.views])
        post.save(only=[])

        assert (sent, post.changed_fields) == ([], {"title"})

    def test_a_new_record_is_saved_as_a_whole(self, blog: PocketBase) -> None:
        with pytest.raises(InvalidRecord, match="a new record of 'posts' is saved as a whole: leave only= out"):
            Post(title="x").save(only=[Post.title])

    @pytest.mark.parametrize("fields", [["nope"], [Comment.text], "title", Post.title])
    def test_what_is_no_field(self, blog: PocketBase, fields: Any) -> None:
        post = Post(title="x").save()
        with pytest.raises(FilterError):
            post.save(only=fields)


class TestIncrement:
    def test_two_programs_both_count(self, blog: PocketBase, sent: list[httpx.Request]) -> None:
        post = Post(title="x", views=1, score=0.5).save()
        twin = Post.get(post.id)
        sent.clear()

        post.increment(views=2, score=0.25)
        assert twin.increment(views=-1) is twin

        assert [request.content for request in sent if request.method == "PATCH"] == [
            b'{"views+":2,"score+":0.25}',
            b'{"views+":-1}',
        ]
        assert (twin.views, twin.score, twin.changed_fields) == (2, 0.75, set())
        assert Post.get(post.id).views == 2

    def test_other_changes_wait(self, blog: PocketBase) -> None:
        post = Post(title="x").save()
        post.title = "y"
        post.tags.append("news")

        post.increment(views=1)

        assert (post.title, post.tags, post.views, post.changed_fields) == ("y", ["news"], 1, {"title", "tags"})
        assert Post.get(post.id).title == "x"

    @pytest.mark.parametrize(
        ("amounts", "message"),
        [
            ({"title": 1}, "posts.title is a text and cannot be incremented"),
            ({"view": 1}, "has no field 'view' in Post: did you mean 'views'"),
            ({"views": 0.5}, "posts.views is incremented by a whole number, not by 0.5"),
            ({"views": True}, "posts.views is incremented by a whole number, not by True"),
            ({"score": "1"}, "posts.score is incremented by a number, not by '1'"),
            ({"score": float("nan")}, "posts.score"),
        ],
    )
    def test_what_cannot_be_counted(
        self, blog: PocketBase, sent: list[httpx.Request], amounts: dict[str, Any], message: str
    ) -> None:
        post = Post(title="x").save()
        sent.clear()
        with pytest.raises(InvalidRecord, match=message):
            post.increment(**amounts)
        assert sent == []

    def test_an_unsaved_change_of_the_same_field_would_be_lost(self, blog: PocketBase) -> None:
        post = Post(title="x").save()
        post.views = 7
        with pytest.raises(InvalidRecord, match=r"posts.views has a change that is not saved; save\(\) it first"):
            post.increment(views=1)
        with pytest.raises(InvalidRecord, match="never saved"):
            Post(title="y").increment(views=1)

    def test_a_record_that_is_gone(self, blog: PocketBase) -> None:
        post = Post(title="x").save()
        Post.get(post.id).delete()
        with pytest.raises(Post.NotFound):
            post.increment(views=1)


class TestAtTheVerySameMoment:
    """What is added to a record goes as a batch of its own, of which the server runs one after the other."""

    @pytest.fixture
    def alone(self, blog: PocketBase) -> Iterator[PocketBase]:
        """A server that nobody has asked for a batch yet."""
        with PocketBaseServer() as server, server.client() as pb, using(pb):
            push(pb, User, Post)
            yield pb

    @pytest.fixture
    def transactions(self, alone: PocketBase) -> PocketBase:
        """One that allows batches."""
        alone.settings.update({"batch": {"enabled": True, "timeout": 60}})
        return alone

    def test_all_count(self, transactions: PocketBase) -> None:
        post = Post(title="x").save()
        people = [make_user(f"u{n}").save() for n in range(4)]

        def change(n: int) -> None:
            mine = Post.get(post.id)
            for _ in range(5):
                mine.increment(views=1)
            mine.reviewers.add(people[n])
            mine.increment(score=0.5)
            mine.gallery.append((f"{n}.txt", b"x"))
            mine.save()

        with ThreadPoolExecutor(4) as pool:
            for done in [pool.submit(copy_context().run, change, n) for n in range(4)]:
                done.result()

        post.refresh()
        assert (post.views, post.score, len(post.reviewers), len(post.gallery)) == (20, 2, 4, 4)

    def test_large_files_and_streams_go_by_themselves(self, transactions: PocketBase) -> None:
        post = Post(title="x").save()
        sent: list[httpx.Request] = []
        transactions.before_send = sent.append

        for content in (b"x" * 4_000_001, io.BytesIO(b"x"), b"x"):
            post.gallery.append(("a.txt", content))
            post.save()

        assert [request.method for request in sent] == ["PATCH", "PATCH", "POST"]
        assert len(post.gallery) == 3

    async def test_awaited(self, transactions: PocketBase) -> None:
        async with transactions.aio:
            post = await Post.aio.create(title="x")
            twins = [await Post.aio.get(post.id) for _ in range(8)]
            await asyncio.gather(*(twin.aio.increment(views=1) for twin in twins))
            assert (await post.aio.refresh()).views == 8

    def test_what_the_server_refuses(self, transactions: PocketBase) -> None:
        post = Post(title="x").save()
        with pytest.raises(ValidationFailed, match="PATCH .* failed with 400: reviewers: Failed to find"):
            post.reviewers.add("nobody000000000")
        assert (post.reviewers, post.changed_fields) == ([], set())
        Post.get(post.id).delete()
        with pytest.raises(Post.NotFound, match="there is no record"):
            post.increment(views=1)

    def test_a_rule_that_lets_no_batches_through(self, transactions: PocketBase) -> None:
        rules = {"viewRule": "", "updateRule": '@request.context = "default"'}
        transactions.collections.update("posts", rules)
        post = Post(title="x").save()
        with PocketBase(transactions.url) as guest, using(guest):
            assert post.increment(views=1).views == 1

    def test_where_batches_are_off_it_is_a_request_as_others(
        self, alone: PocketBase, caplog: pytest.LogCaptureFixture
    ) -> None:
        post = Post(title="x").save()
        sent: list[httpx.Request] = []
        alone.before_send = sent.append

        for _ in range(3):
            post.increment(views=1)
        with alone.with_token(alone.auth_store.token) as other, using(other):
            other.before_send = sent.append
            post.increment(views=1)

        assert [request.method for request in sent] == ["POST", "PATCH", "PATCH", "PATCH", "PATCH"]
        assert (post.views, Post.get(post.id).views) == (4, 4)
        assert caplog.text.count("allows no batches") == 1


@pytest.mark.usefixtures("batches")
class TestBatches:
    def test_all_is_one_transaction_and_lands_in_the_objects(self, blog: PocketBase, sent: list[httpx.Request]) -> None:
        old, gone = Post(title="old").save(), Post(title="gone").save()
        sent.clear()
        new = Post(title="new", cover=("a.txt", b"a"), gallery=[b"b"])
        old.views = 5

        with blog.batch() as batch:
            batch.save(new)
            batch.save(old)
            batch.delete(gone)
            assert (len(batch), new.is_new, old.changed_fields) == (3, True, {"views"})

        assert calls(sent) == [("POST", "/api/batch")]
        assert (new.is_new, new.changed_fields, old.changed_fields) == (False, set(), set())
        assert new.created.tzinfo is not None
        assert new.cover is not None
        assert (new.cover.read(), new.gallery[0].read()) == (b"a", b"b")
        assert {(post.title, post.views) for post in Post.all()} == {("new", 0), ("old", 5)}
        with pytest.raises(InvalidRecord, match="was deleted"):
            gone.save()

    def test_a_failure_changes_nothing(self, blog: PocketBase) -> None:
        old, gone = Post(title="old").save(), Post(title="gone").save()
        new, wrong = Post(title="new"), Post(title="wrong", link="no address")
        old.title = "changed"

        batch = blog.batch()
        batch.save(new)
        batch.save(old)
        batch.delete(gone)
        batch.save(wrong)
        with pytest.raises(BatchFailed) as caught:
            batch.send()

        assert caught.value.index == 3
        assert caught.value.field_errors.keys() == {"link"}
        assert (new.is_new, wrong.is_new, old.changed_fields) == (True, True, {"title"})
        assert {post.title for post in Post.all()} == {"old", "gone"}
        wrong.link = "https://example.com"
        batch.send()  # it still holds them
        assert {post.title for post in Post.all()} == {"changed", "new", "wrong"}

    def test_an_exception_in_the_block_sends_nothing(self, blog: PocketBase, sent: list[httpx.Request]) -> None:
        post = Post(title="x")
        with suppress(ZeroDivisionError), blog.batch() as batch:
            batch.save(post)
            _ = 1 / 0
        assert (sent, post.is_new) == ([], True)

    def test_records_may_relate_to_those_saved_before_them(self, blog: PocketBase) -> None:
        user, post = make_user(), Post(title="x")
        comment = Comment(text="First!", post=post, author=user)

        with blog.batch() as batch:
            batch.save(user)
            batch.save(comment)  # saves the post with it
            batch.save(post)  # once

        assert not any(record.is_new for record in (user, post, comment))
        assert len(batch.results) == 3
        assert Comment.get(comment.id, expand=[Comment.post]).post.record == post

    def test_a_record_changed_within_the_block_is_saved_as_it_is_at_its_end(self, blog: PocketBase) -> None:
        post = Post(title="x").save()
        with blog.batch() as batch:
            batch.save(post)
            post.title = "y"
        assert Post.get(post.id).title == "y"

    def test_together_with_plain_requests(self, blog: PocketBase) -> None:
        post = Post(title="x")
        with blog.batch() as batch:
            batch.save(post)
            batch.collection("comments").create({"text": "First!", "post": post.id})
        assert [result.status for result in batch.results] == [200, 200]
        assert Comment.where(Comment.post == post).count() == 1

    def test_bad_values_are_refused_before_anything_is_sent(self, blog: PocketBase, sent: list[httpx.Request]) -> None:
        post = Post(title="x", tags=["news"]).save()
        sent.clear()
        post.tags.append("news")
        other = Post(title="y")
        batch = blog.batch()
        batch.save(other)
        batch.save(post)
        with pytest.raises(InvalidRecord, match="'news' more than once"):
            batch.send()
        with pytest.raises(InvalidRecord, match="never saved, so there is nothing to delete"), blog.batch() as batch:
            batch.delete(other)
        assert (sent, other.is_new) == ([], True)

    async def test_awaited(self, aio: AsyncPocketBase) -> None:
        gone, post = await Post(title="gone").aio.save(), Post(title="x")
        async with aio.batch() as batch:
            batch.save(post)
            batch.save(Comment(text="First!", post=post))
            batch.delete(gone)
        assert not post.is_new
        assert [found.title for found in await Post.aio.all()] == ["x"]


class TestNewRelatedRecords:
    @pytest.mark.usefixtures("batches")
    def test_they_are_saved_in_one_transaction(self, blog: PocketBase, sent: list[httpx.Request]) -> None:
        ann, bob = make_user("Ann"), make_user("Bob")
        comment = Comment(text="First!", post=Post(title="x", author=ann, reviewers=[ann, bob]), author=bob)

        comment.save()

        assert calls(sent) == [("POST", "/api/batch")]
        post = Post.get(comment.post.id, expand=[Post.author, Post.reviewers])
        assert post.author is not None
        assert post.author.record is not None
        assert (post.author.record.name, [ref.id for ref in post.reviewers]) == ("Ann", [ann.id, bob.id])
        assert not any(record.is_new for record in (ann, bob, comment))
        assert comment.post.record is not None
        assert not comment.post.record.is_new

    @pytest.mark.usefixtures("batches")
    def test_all_or_none(self, blog: PocketBase) -> None:
        user = make_user()
        post = Post(title="x", author=user, link="no address")

        with pytest.raises(ValidationFailed) as caught:
            post.save()

        assert caught.value.field_errors.keys() == {"link"}
        assert "none of the 2 records was saved" in caught.value.__notes__[0]
        assert (User.count(), user.is_new, post.is_new) == (0, True, True)

    @pytest.mark.usefixtures("batches")
    def test_an_update_brings_them_too(self, blog: PocketBase) -> None:
        post = Post(title="x").save()
        post.author = make_user()
        post.reviewers.append(make_user("Bob"))
        post.save()
        assert User.count() == 2
        assert Post.where(Post.author.name == "Ann", Post.reviewers.name == "Bob").count() == 1

    def test_one_after_the_other_where_batches_are_off(self, blog: PocketBase, sent: list[httpx.Request]) -> None:
        comment = Comment(text="First!", post=Post(title="x", author=make_user()))

        comment.save()

        assert calls(sent) == [
            ("POST", "/api/batch"),
            ("POST", "/api/collections/users/records"),
            ("POST", "/api/collections/posts/records"),
            ("POST", "/api/collections/comments/records"),
        ]
        assert comment.post.get().author is not None

    def test_where_batches_are_off_a_failure_says_what_was_saved(self, blog: PocketBase) -> None:
        user = make_user()
        post = Post(title="x", author=user, link="no address")
        with pytest.raises(ValidationFailed) as caught:
            post.save()
        assert f"saved before that, as the server allows no batches: User '{user.id}'" in caught.value.__notes__[0]
        assert (user.is_new, post.is_new) == (False, True)
        post.link = ""
        post.save()
        assert post.author == user

    async def test_awaited(self, aio: AsyncPocketBase) -> None:
        post = await Post(title="x", author=make_user()).aio.save()
        assert await User.aio.count() == 1
        assert not post.is_new

    def test_in_a_circle_nobody_comes_first(self, blog: PocketBase) -> None:
        class Node(Collection):
            next: Relation[Node | None] = field(default=None)

        first, second = Node(), Node()
        first.next, second.next = second, first
        with pytest.raises(InvalidRecord, match="relates to a new Node that relates back to this Node: save one"):
            first.save()


class Noted(Collection, abstract=True):
    """A base that notes what happens to its records."""

    log: ClassVar[list[str]] = []
    title: Field[str]
    views: Field[int] = field(default=0)

    def before_save(self) -> None:
        if self.title == "forbidden":
            raise PermissionError(self.title)
        if self.title != self.title.strip():
            self.title = self.title.strip()
        self.log.append(f"before_save {self.title}")

    def after_save(self, *, created: bool) -> None:
        self.log.append(f"after_save {created} {self.is_new} {self.changed_fields}")

    def before_delete(self) -> None:
        if self.views:
            raise PermissionError("it was read")
        self.log.append("before_delete")

    def after_delete(self) -> None:
        self.log.append(f"after_delete {self.title}")


class NotedPost(Noted, collection="posts"):
    pass


class AwaitedPost(Collection, collection="posts"):
    log: ClassVar[list[str]] = []
    title: Field[str]

    async def before_save(self) -> None:
        self.log.append(f"{await Post.aio.count()} before")

    async def after_save(self, *, created: bool) -> None:
        self.log.append(f"{await Post.aio.count()} after")

    async def before_delete(self) -> None:
        self.log.append("before_delete")

    async def after_delete(self) -> None:
        self.log.append("after_delete")


class TestHooks:
    @pytest.fixture(autouse=True)
    def _clean(self) -> None:
        Noted.log.clear()
        AwaitedPost.log.clear()

    def test_they_run_around_saves_and_deletes(self, blog: PocketBase) -> None:
        post = NotedPost(title=" x ").save()
        post.views = 2
        post.save()
        post.views = 0
        post.delete()

        assert Noted.log == [
            "before_save x",
            "after_save True False set()",
            "before_save x",
            "after_save False False set()",
            "before_delete",
            "after_delete x",
        ]

    def test_an_exception_before_stops_it(self, blog: PocketBase) -> None:
        with pytest.raises(PermissionError):
            NotedPost(title="forbidden").save()
        post = NotedPost(title="x", views=1).save()
        with pytest.raises(PermissionError, match="it was read"):
            post.delete()
        assert [post.title for post in Post.all()] == ["x"]

    def test_after_save_runs_only_when_something_was_sent(self, blog: PocketBase) -> None:
        post = NotedPost(title="x").save()
        Noted.log.clear()
        post.save()
        assert Noted.log == ["before_save x"]

    @pytest.mark.usefixtures("batches")
    def test_in_a_batch_the_after_hooks_see_all_records_saved(self, blog: PocketBase) -> None:
        first, second = NotedPost(title="1"), NotedPost(title="2")
        gone = NotedPost(title="gone").save()
        Noted.log.clear()
        with blog.batch() as batch:
            batch.save(first)
            batch.save(second)
            batch.delete(gone)
        assert Noted.log == [
            "before_save 1",
            "before_save 2",
            "before_delete",
            "after_save True False set()",
            "after_save True False set()",
            "after_delete gone",
        ]

    async def test_awaited_hooks(self, aio: AsyncPocketBase) -> None:
        post = await AwaitedPost(title="x").aio.save()
        await post.aio.delete()
        assert AwaitedPost.log == ["0 before", "1 after", "before_delete", "after_delete"]

    async def test_plain_hooks_run_in_async_code_too(self, aio: AsyncPocketBase) -> None:
        await NotedPost(title=" x ").aio.save()
        assert Noted.log == ["before_save x", "after_save True False set()"]

    def test_async_hooks_need_async_code(self, blog: PocketBase) -> None:
        with pytest.raises(ModelError, match=r"before_save is async: save and delete such records with .aio"):
            AwaitedPost(title="x").save()
        assert Post.count() == 0


class Dated(Collection, abstract=True):
    """Fields, methods and validators for several collections."""

    title: Field[str] = field(max_length=10)

    @field_validator("title")
    @classmethod
    def _no_shouting(cls, value: str) -> str:
        if value.isupper():
            raise ValueError("do not shout")
        return value.removesuffix(".")

    def shout(self) -> str:
        return self.title.upper()


class Counted:
    """A mixin that is no model at all."""

    def twice(self) -> int:
        return 2 * int(self.views)  # type: ignore[attr-defined]


class Article(Counted, Dated, collection="posts"):
    views: Field[int] = field(default=0)

    @model_validator(mode="after")
    def _views_need_a_title(self) -> Article:
        if self.views and not self.title:
            raise ValueError("nobody reads what has no title")
        return self

    @computed_field  # type: ignore[prop-decorator]
    @property
    def loud(self) -> str:
        return self.shout() + "!"


class TestBases:
    def test_fields_methods_and_validators_are_inherited(self, blog: PocketBase) -> None:
        article = Article(title="hello.", views=3).save()

        assert (article.title, article.shout(), article.twice()) == ("hello", "HELLO", 6)
        assert str(Article.where(Article.title == "x", Article.views > 2)) == '(title = "x" && views > 2)'
        with pytest.raises(InvalidRecord, match=r"posts.title: do not shout"):
            Article(title="HELLO")
        with pytest.raises(InvalidRecord, match=r"posts.title: do not shout"):
            article.title = "HELLO"
        with pytest.raises(InvalidRecord, match=r"posts.title: .*at most 10"):
            Article(title="much too long")

    def test_validators_of_the_whole_record(self, blog: PocketBase) -> None:
        with pytest.raises(InvalidRecord, match="a record of 'posts': nobody reads what has no title"):
            Article(title="", views=1)
        article = Article(title="", views=0)
        with pytest.raises(InvalidRecord, match="nobody reads what has no title"):
            article.views = 1
        assert (article.views, article.model_fields_set) == (0, {"title", "views"})

    def test_whatever_a_validator_raises_the_record_is_as_it_was(self, blog: PocketBase) -> None:
        class Ranged(Collection, collection="posts"):
            title: Field[str] = field(max_length=200)
            views: Field[int] = field(default=0)
            score: Field[float] = field(default=9)

            @model_validator(mode="after")
            def check(self) -> Self:
                if self.views > self.score:
                    raise LookupError("views are beyond score")
                return self

        record = Ranged(title="x").save()
        with pytest.raises(LookupError):
            record.views = 10
        assert (record.views, record.changed_fields) == (0, set())
        partly = Ranged.where().only(Ranged.views).one()
        with pytest.raises(FieldNotLoaded, match=r"posts.score .* refresh\(\) asks for all"):
            partly.views = 3
        assert (partly.views, partly.changed_fields) == (0, set())
        partly.refresh().views = 3
        assert partly.save().views == 3

    def test_computed_fields_are_shown_and_not_sent(self, blog: PocketBase, sent: list[httpx.Request]) -> None:
        article = Article(title="hello").save()
        article.title = "bye"
        article.save()

        assert article.loud == "BYE!"
        assert article.model_dump()["loud"] == "BYE!"
        assert all(b"loud" not in request.content for request in sent)
        assert article.changed_fields == set()

    def test_an_abstract_class_has_no_records(self, blog: PocketBase) -> None:
        for use in (
            lambda: Dated(title="x"),
            lambda: Dated.where(),
            lambda: Dated.all(),
            lambda: Dated.get("x"),
            lambda: Dated.count(),
        ):
            with pytest.raises(ModelError, match="Dated is abstract, so it has no records"):
                use()

    def test_a_forbidden_save_is_as_without_models(self, guest: PocketBase, blog: PocketBase) -> None:
        connect(guest)
        with pytest.raises(Forbidden):
            Article(title="x").save()
