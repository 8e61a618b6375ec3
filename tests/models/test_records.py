"""Records on the real server: made, changed, saved, deleted, loaded anew; sync and async."""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import httpx
import pytest
from pydantic import BaseModel

from pbmodels import (
    AsyncPocketBase,
    ConnectionFailed,
    Field,
    FieldNotLoaded,
    Forbidden,
    GeoPoint,
    InvalidRecord,
    NotConnected,
    PocketBase,
    RecordNotFound,
    Relation,
    SchemaMismatch,
    UnreadableRecord,
    ValidationFailed,
    connect,
    field,
    using,
)
from pbmodels import Collection as CollectionBase
from tests.blog import Comment, Post, User
from tests.server_version import since


@pytest.fixture
def sent(blog: PocketBase) -> list[httpx.Request]:
    """The requests that go out from here on."""
    requests: list[httpx.Request] = []
    blog.before_send = requests.append
    return requests


def make_user(name: str = "Ann") -> User:
    return User(email=f"{name.lower()}@example.com", password="correct horse", name=name).save()


def test_a_new_record_has_an_id_of_its_own_and_is_new(blog: PocketBase) -> None:
    post = Post(title="Hello")

    assert re.fullmatch("[a-z0-9]{15}", post.id)
    assert post.is_new
    assert post.save().is_new is False
    assert Post.get(post.id) == post


@since(0, 27)
def test_every_kind_of_value_comes_back_as_it_was(blog: PocketBase) -> None:
    user = make_user()
    values: dict[str, Any] = {
        "title": ' "quotes" \\ and \U0001f600 ',
        "body": "<p>x</p>",
        "status": True,
        "views": -(2**53),
        "score": 0.1,
        "section": "world",
        "tags": ["tech", "news"],
        "published": datetime(2024, 5, 1, 10, 0, 0, 123000, tzinfo=timezone(timedelta(hours=2))),
        "link": "https://example.com/a?b=c",
        "contact": "ann@example.com",
        "place": GeoPoint(13.4, 52.5),
        "meta": {"a": [1, None, {"b": "2"}], "c": 1.5},
    }
    post = Post(**values, author=user, reviewers=[user]).save()

    for loaded in (post, Post.get(post.id)):
        assert {name: getattr(loaded, name) for name in values} == values
        assert loaded.author == user
        assert loaded.reviewers == [user]
        assert loaded.created.tzinfo is not None
        assert loaded.published is not None
        assert loaded.published.tzinfo == UTC or loaded.published.utcoffset() == timedelta(0)


@pytest.mark.parametrize("text", ["true", "123", "[1]", '"x"', "", "null", '{"a":1}', "plain", "\\"])
def test_texts_in_json_stay_texts(blog: PocketBase, text: str) -> None:
    class Loose(CollectionBase, collection="loose"):
        value: Field[Any] = field(default=None)

    blog.collections.create({"name": "loose", "fields": [{"name": "value", "type": "json"}]})
    try:
        record = Loose(value=text).save()
        assert record.value == text
        assert Loose.get(record.id).value == text
    finally:
        blog.collections.delete("loose")


@since(0, 27)
def test_empty_values_are_none_where_the_model_says_so(blog: PocketBase) -> None:
    post = Post.get(Post(title="x").save().id)

    assert (post.published, post.section, post.author, post.cover) == (None, None, None, None)
    assert (post.views, post.status, post.tags, post.reviewers, post.gallery) == (0, False, [], [], [])
    assert post.place == GeoPoint(0, 0)


def test_json_that_was_never_set_is_the_default(blog: PocketBase) -> None:
    record = blog.collection("posts").create({"title": "made elsewhere"})
    assert record.meta is None

    post = Post.get(record.id)

    assert post.meta == {}
    assert post.changed_fields == set()
    post.meta["a"] = 1
    post.save()
    assert Post.get(record.id).meta == {"a": 1}


def test_values_can_be_taken_away_again(blog: PocketBase) -> None:
    post = Post(title="x", published=datetime.now(UTC), section="home", author=make_user(), tags=["news"]).save()

    post.published = None
    post.section = None
    post.author = None
    post.tags = []
    post.save()

    loaded = Post.get(post.id)
    assert (loaded.published, loaded.section, loaded.author, loaded.tags) == (None, None, None, [])


def test_save_sends_only_what_changed(blog: PocketBase, sent: list[httpx.Request]) -> None:
    post = Post(title="x", views=1).save()
    sent.clear()

    post.title = "y"
    assert post.changed_fields == {"title"}
    post.save()

    assert [(request.method, request.content) for request in sent] == [("PATCH", b'{"title":"y"}')]
    assert post.changed_fields == set()


def test_save_without_changes_sends_nothing(blog: PocketBase, sent: list[httpx.Request]) -> None:
    post = Post.get(Post(title="x", tags=["news"], meta={"a": 1}).save().id)
    sent.clear()

    assert (post.tags, post.meta, post.cover, post.reviewers) == (["news"], {"a": 1}, None, [])
    assert post.save() is post

    assert sent == []


def test_lists_and_dicts_changed_in_place_are_noticed(blog: PocketBase, sent: list[httpx.Request]) -> None:
    user = make_user()
    post = Post.get(Post(title="x", tags=["news"], meta={"a": {"b": 1}}).save().id)
    sent.clear()

    post.tags.append("tech")
    post.meta["a"]["b"] = 2
    post.reviewers.append(user)  # type: ignore[arg-type]  # a record where a Ref is typed works too
    assert post.changed_fields == {"tags", "meta", "reviewers"}
    post.save()

    assert len(sent) == 1
    loaded = Post.get(post.id)
    assert (loaded.tags, loaded.meta, loaded.reviewers) == (["news", "tech"], {"a": {"b": 2}}, [user])
    assert post.changed_fields == set()


def test_a_list_that_someone_holds_stays_the_record_s(blog: PocketBase) -> None:
    class Place(BaseModel):
        name: str = ""

    class Note(CollectionBase, collection="posts"):
        title: Field[str]
        meta: Field[Place] = field(default_factory=Place)

    ann, ben = (User(email=f"{name}@example.com", password="12345678").save() for name in ("ann", "ben"))
    post = Post(title="x", tags=["news"], meta={"inner": [1]}, gallery=[("a.txt", b"a")])
    tags, inner, reviewers, gallery = post.tags, post.meta["inner"], post.reviewers, post.gallery
    note = Note(title="x")
    place = note.meta

    for number, user in enumerate((ann, ben)):
        tags.append(["tech", "art"][number])
        inner.append(2 + number)
        reviewers.append(user)
        gallery.append(("b.txt", b"b"))
        place.name += "a"
        post.title += "x"
        note.save()
        post.save()

    there = Post.get(post.id)
    assert (there.tags, there.meta, there.reviewers) == (["news", "tech", "art"], {"inner": [1, 2, 3]}, [ann, ben])
    assert (there.gallery, len(gallery)) == (gallery, 3)
    assert Note.get(note.id).meta.name == "aa"
    tags.append("news")
    assert post.refresh().tags is tags
    assert (tags, post.changed_fields) == (["news", "tech", "art"], set())


def test_what_was_put_into_a_list_in_place_is_checked_too(blog: PocketBase) -> None:
    post = Post(title="x", tags=["news"]).save()

    post.tags.append("news")
    with pytest.raises(InvalidRecord, match="'news' more than once"):
        post.save()
    post.tags[1] = "nonsense"  # type: ignore[call-overload]
    with pytest.raises(InvalidRecord, match=r"posts.tags\[1\]: "):
        post.save()
    post.meta["big"] = 2**53 + 1
    post.tags.pop()
    with pytest.raises(InvalidRecord, match="posts.meta.big: 9007199254740993 is beyond"):
        post.save()

    assert Post.get(post.id).tags == ["news"]


def test_a_refused_save_keeps_the_changes(blog: PocketBase) -> None:
    post = Post(title="x").save()
    post.link = "no address"

    with pytest.raises(ValidationFailed) as caught:
        post.save()

    assert caught.value.field_errors.keys() == {"link"}
    assert post.changed_fields == {"link"}
    post.link = "https://example.com"
    post.save()
    assert Post.get(post.id).link == "https://example.com"


def test_delete(blog: PocketBase) -> None:
    post = Post(title="x").save()
    twin = Post.get(post.id)

    post.delete()

    assert Post.count() == 0
    with pytest.raises(Post.NotFound, match=f"no record '{post.id}' in collection 'posts'"):
        twin.delete()
    twin.title = "y"
    with pytest.raises(RecordNotFound):
        twin.save()
    with pytest.raises(RecordNotFound):
        twin.refresh()
    with pytest.raises(InvalidRecord, match="was deleted"):
        post.save()


def test_what_was_never_saved_has_nothing_to_delete_or_load(blog: PocketBase) -> None:
    with pytest.raises(InvalidRecord, match="never saved, so there is nothing to delete"):
        Post(title="x").delete()
    with pytest.raises(InvalidRecord, match="never saved, so there is nothing to load"):
        Post(title="x").refresh()


def test_refresh_drops_changes_and_brings_those_of_others(blog: PocketBase) -> None:
    post = Post(title="x").save()
    other = Post.get(post.id)
    other.views = 5
    other.save()
    post.title = "unsaved"
    post.tags.append("news")

    assert post.refresh() is post

    assert (post.title, post.views, post.tags, post.changed_fields) == ("x", 5, [], set())


def test_get_or_none_and_create(blog: PocketBase) -> None:
    post = Post.create(title="x", views=2)

    assert not post.is_new
    assert Post.get_or_none(post.id) == post
    assert Post.get_or_none("nothing00000000") is None


def test_a_repeated_id_is_refused(blog: PocketBase) -> None:
    post = Post(title="x").save()

    with pytest.raises(ValidationFailed, match="id: "):
        Post(title="y", id=post.id).save()


def test_the_id_of_a_saved_record_is_fixed(blog: PocketBase) -> None:
    post = Post(title="x").save()

    with pytest.raises(InvalidRecord, match="cannot change"):
        post.id = "other"


def test_records_are_equal_when_collection_and_id_are(blog: PocketBase) -> None:
    post = Post(title="x").save()
    comment = Comment(text="x", post=post, id=post.id)

    assert post == Post.get(post.id)
    assert post != comment
    assert len({post, Post.get(post.id)}) == 1


def test_copies_have_a_state_of_their_own(blog: PocketBase) -> None:
    post = Post(title="x", tags=["news"])
    for twin in (copy.copy(post), copy.deepcopy(post), post.model_copy(), pickle.loads(pickle.dumps(post))):
        assert twin.is_new
    twin = copy.copy(post)
    post.save()
    assert twin.is_new

    loaded = pickle.loads(pickle.dumps(Post.get(post.id)))
    loaded.tags.append("art")
    assert loaded.changed_fields == {"tags"}


def test_dump_and_repr(blog: PocketBase) -> None:
    user = make_user()
    post = Post(title="x", author=user, cover=("a.txt", b"x")).save()

    dumped = post.model_dump()
    assert (dumped["author"], dumped["title"]) == (user.id, "x")
    assert Post.get(post.id).model_dump(mode="json")["author"] == user.id
    assert Post(title="y").model_dump(mode="json")["author"] is None
    assert Post.get(post.id).model_dump_json() == post.model_dump_json()
    loaded = Post.get(post.id)
    before = repr(loaded)
    assert f"author='{user.id}'" in before
    assert loaded.author == user
    assert loaded.cover is not None
    assert repr(loaded) == before == repr(post)


def test_a_password_is_sent_and_never_seen_again(blog: PocketBase) -> None:
    user = User(email="ann@example.com", password="correct horse")

    assert "correct horse" not in repr(user)
    assert "correct horse" not in str(user)
    user.save()
    with pytest.raises(FieldNotLoaded, match="users.password was not sent by the server"):
        _ = user.password
    with PocketBase(blog.url) as pb:
        assert pb.users.auth_with_password("ann@example.com", "correct horse").record.id == user.id


def test_what_the_server_withholds_is_unset_and_not_sent(blog: PocketBase, sent: list[httpx.Request]) -> None:
    user = make_user()
    blog.collections.update("users", {"listRule": "", "viewRule": "", "updateRule": ""})
    try:
        with PocketBase(blog.url) as guest, using(guest):
            seen = User.get(user.id)
            with pytest.raises(FieldNotLoaded, match="users.email was not sent by the server"):
                _ = seen.email
            assert not hasattr(seen, "email")
            assert "example.com" not in repr(seen)
            seen.name = "Bob"
            requests: list[httpx.Request] = []
            guest.before_send = requests.append
            seen.save()
            assert requests[-1].content == b'{"name":"Bob"}'
    finally:
        blog.collections.update("users", {"listRule": None, "viewRule": None, "updateRule": None})
    assert User.get(user.id).email == "ann@example.com"


def test_fields_that_only_the_server_has_are_left_alone(blog: PocketBase) -> None:
    class Slim(CollectionBase, collection="posts"):
        title: Field[str]

    post = Post(title="x", views=7, meta={"a": 1}).save()
    slim = Slim.get(post.id)
    slim.title = "y"
    slim.save()

    assert (Post.get(post.id).title, Post.get(post.id).views, Post.get(post.id).meta) == ("y", 7, {"a": 1})


def test_a_field_that_the_server_lacks_is_not_lost_silently(blog: PocketBase) -> None:
    class Wide(CollectionBase, collection="posts"):
        title: Field[str]
        subtitle: Field[str] = field(default="")

    with pytest.raises(SchemaMismatch, match=r"collection 'posts' kept record '\w+' without 'subtitle'"):
        Wide(title="x", subtitle="y").save()


def test_a_stored_value_that_the_type_cannot_hold_names_collection_id_and_field(blog: PocketBase) -> None:
    class Strict(CollectionBase, collection="posts"):
        title: Field[str]
        section: Field[str] = field(default="")
        views: Field[int]

    post = Post(title="x").save()
    record = blog.collection("posts").create({"title": "y", "score": 1.5})

    class Wrong(CollectionBase, collection="posts"):
        score: Field[int]

    assert Strict.get(post.id).views == 0
    with pytest.raises(UnreadableRecord, match=f"posts.score of record '{record.id}' does not fit its declared type"):
        Wrong.all()
    with pytest.raises(UnreadableRecord, match=f"posts.score of record '{record.id}'"):
        Wrong.get(record.id)


def test_a_relation_that_must_be_set_and_is_not(blog: PocketBase) -> None:
    record = blog.collection("posts").create({"title": "y"})

    class Strict(CollectionBase, collection="posts"):
        author: Relation[User]

    with pytest.raises(UnreadableRecord, match=f"posts.author of record '{record.id}'.*the relation is not set"):
        Strict.all()


def test_old_records_may_break_newer_constraints(blog: PocketBase) -> None:
    class Short(CollectionBase, collection="posts"):
        title: Field[str] = field(max_length=3)

    post = Post(title="much longer").save()

    short = Short.get(post.id)
    assert short.title == "much longer"
    with pytest.raises(InvalidRecord, match="posts.title"):
        short.title = "still longer"


def test_no_client_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    import pbmodels.models._context as context

    monkeypatch.setattr(context, "_default", None)
    monkeypatch.delenv("PBMODELS_URL", raising=False)
    with pytest.raises(NotConnected, match=r"Post has no client: call connect\("):
        Post.count()
    with pytest.raises(NotConnected, match="needs the server's address"):
        connect()


def test_the_environment_names_the_server(blog: PocketBase, monkeypatch: pytest.MonkeyPatch) -> None:
    import pbmodels.models._context as context

    monkeypatch.setattr(context, "_default", None)
    monkeypatch.setenv("PBMODELS_URL", "http://127.0.0.1:9")
    with pytest.raises(ConnectionFailed, match=r"cannot reach PocketBase at http://127.0.0.1:9 .* check that it runs"):
        Post.count()


def test_using_and_a_class_of_its_own(blog: PocketBase) -> None:
    with PocketBase(blog.url) as guest:

        class Mine(CollectionBase, collection="posts", client=guest):
            title: Field[str]

        with pytest.raises(Exception, match="403"):
            Mine.all()
        with using(blog):
            assert Mine.all() == []
        with using(guest), pytest.raises(Exception, match="403"):
            Post.all()
    assert Post.all() == []


def test_using_takes_clients_only() -> None:
    with pytest.raises(NotConnected, match="takes a PocketBase or an AsyncPocketBase, not str"):
        using("http://127.0.0.1:8090").__enter__()  # type: ignore[type-var]


async def test_an_async_client_serves_async_verbs_only(aio: AsyncPocketBase) -> None:
    with using(aio):
        assert await Post.aio.all() == []
        with pytest.raises(NotConnected, match=r"use the model's .aio"):
            Post.all()


async def test_the_verbs_of_a_record_awaited(aio: AsyncPocketBase) -> None:
    post = await Post(title="x").aio.save()
    assert not post.is_new
    post.tags.append("news")
    assert await post.aio.save() is post
    assert (await Post.aio.get(post.id)).tags == ["news"]
    assert await Post.aio.get_or_none("nothing00000000") is None
    assert (await Post.aio.create(title="y")).title == "y"
    assert await Post.aio.count() == 2
    post.title = "unsaved"
    assert (await post.aio.refresh()).title == "x"
    await post.aio.delete()
    with pytest.raises(Post.NotFound):
        await Post.aio.get(post.id)
    with pytest.raises(Post.NotFound):
        await post.aio.refresh()


async def test_what_changes_while_a_save_is_under_way_is_kept(aio: AsyncPocketBase) -> None:
    post = Post(title="x", cover=b"one", gallery=[b"two"])
    save = asyncio.create_task(post.aio.save())
    await asyncio.sleep(0)  # the request has been made, the answer is not here
    post.title = "y"
    post.tags.append("news")

    await save

    assert (post.title, post.tags, post.changed_fields) == ("y", ["news"], {"title", "tags"})
    await post.aio.save()
    loaded = await Post.aio.get(post.id)
    assert (loaded.title, loaded.tags, post.changed_fields) == ("y", ["news"], set())


def test_a_guest_who_registers_keeps_the_email_that_the_server_withholds(blog: PocketBase) -> None:
    blog.collections.update("users", {"createRule": ""})
    try:
        with PocketBase(blog.url) as guest, using(guest):
            user = User(email="ann@example.com", password="12345678", name="Ann").save()
    finally:
        blog.collections.update("users", {"createRule": None})
    assert (user.email, user.changed_fields, user.is_new) == ("ann@example.com", set(), False)


def test_the_signed_in_record_stays_in_step(blog: PocketBase) -> None:
    user = make_user()
    blog.collections.update("users", {"viewRule": "", "updateRule": "", "deleteRule": ""})
    try:
        with PocketBase(blog.url) as pb, using(pb):
            pb.users.auth_with_password("ann@example.com", "correct horse")
            me = User.get(user.id)
            me.name = "Anna"
            me.save()
            assert pb.auth_store.record is not None
            assert pb.auth_store.record.name == "Anna"
            me.delete()
            assert pb.auth_store.token == ""
    finally:
        blog.collections.update("users", {"viewRule": None, "updateRule": None, "deleteRule": None})


def test_an_expired_or_wrong_token(blog: PocketBase) -> None:
    with PocketBase(blog.url) as pb, using(pb):
        pb.auth_store.save("nonsense")
        with pytest.raises(Forbidden, match="sign in as another"):
            Post.all()


def test_whoever_looks_at_all_values_sees_each_in_its_place(blog: PocketBase) -> None:
    id = Post(title="x", tags=["news"], meta={"a": 1}).save().id
    names = [name for name in Post.model_fields if name in Post.get(id).model_dump()]

    for look in (
        lambda post: list(post.model_dump()),
        lambda post: list(json.loads(post.model_dump_json())),
        lambda post: [name for name, _ in post],
        lambda post: list(vars(post)),
        lambda post: list(copy.copy(post).model_dump()),
        lambda post: list(copy.deepcopy(post).__dict__),
        lambda post: list(pickle.loads(pickle.dumps(post)).__dict__),
        lambda post: (post.meta, list(post.__dict__))[1],
        lambda post: re.findall(r"(?<=[ (])(\w+)=", repr(post)),
    ):
        post = Post.get(id)
        assert [name for name in look(post) if name in names] == names
        assert post.changed_fields == set()
        post.tags.append("art")
        assert post.changed_fields == {"tags"}


def test_a_list_that_was_looked_at_costs_what_any_attribute_does(blog: PocketBase) -> None:
    post = Post.get(Post(title="x", tags=["news"]).save().id)
    assert post.tags is post.tags
    assert "tags" in object.__getattribute__(post, "__dict__")
    post.tags = ["art"]
    assert post.tags == ["art"]
    post.tags.append("tech")
    post.save()
    assert (post.tags, post.changed_fields) == (["art", "tech"], set())
    post.tags.clear()
    assert post.changed_fields == {"tags"}
