"""Rules that are Python expressions decide on the real server who may do what."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar

import pytest

from pbmodels import (
    AuthCollection,
    ClientResponseError,
    Collection,
    Field,
    ModelError,
    PocketBase,
    PocketBaseServer,
    Relation,
    Rules,
    ago,
    autodate,
    field,
    now,
    request,
)
from pbmodels import collection as other
from pbmodels.schema import describe, diff, push
from tests.schema.versions import is_before


class Writer(AuthCollection, collection="writers"):
    staff: Field[bool] = field(default=False)


class Story(Collection, collection="stories"):
    title: Field[str] = field(default="")
    open: Field[bool] = field(default=False)
    due: Field[str] = field(default="")
    writer: Relation[Writer | None] = field(default=None)

    @classmethod
    def rules(cls) -> Rules:
        return Rules(
            list=cls.open | ((request.auth.id != "") & (cls.writer == request.auth.id)),
            view=Rules.anyone,
            create=(request.auth.id != "") & (cls.writer.id == request.auth.id) & ~request.body.open.isset,
            update=((cls.writer == request.auth.id) & ~cls.writer.changed) | (request.auth.staff == True),
            delete=None,
        )


class Closed(Collection, collection="closed"):
    """Everything that `request` and `collection()` can say in a rule."""

    title: Field[str] = field(default="")

    @classmethod
    def rules(cls) -> Rules:
        return Rules(
            list=(request.context == "default") & (request.method == "GET") & (request.query.key == "open sesame"),
            view=(other("writers").id == request.auth.id) & (now() > "2020-01-01 00:00:00.000Z"),
            create=(request.headers.x_token == 'a\\b"c') & request.body.title.isset,
        )


@pytest.fixture
def ruled(spare: PocketBase) -> PocketBase:
    push(spare, Writer, Story)
    return spare


@pytest.fixture
def ann(ruled: PocketBase) -> Iterator[PocketBase]:
    yield from signed_in(ruled, "ann", staff=False)


@pytest.fixture
def boss(ruled: PocketBase) -> Iterator[PocketBase]:
    yield from signed_in(ruled, "boss", staff=True)


def signed_in(pb: PocketBase, name: str, *, staff: bool) -> Iterator[PocketBase]:
    who = {"email": f"{name}@example.com", "password": "correct horse"}
    pb.collection("writers").create({**who, "passwordConfirm": who["password"], "staff": staff})
    with PocketBase(pb.url) as client:
        client.collection("writers").auth_with_password(*who.values())
        yield client


def test_who_may_do_what(server: PocketBaseServer, ruled: PocketBase, ann: PocketBase, boss: PocketBase) -> None:
    if is_before(server.version, "0.34"):
        pytest.skip(".changed is of PocketBase 0.34")
    me = ann.auth_store.record
    assert me is not None
    mine = ann.collection("stories").create({"title": "mine", "writer": me.id})
    shown = ruled.collection("stories").create({"title": "shown", "open": True})
    hidden = ruled.collection("stories").create({"title": "hidden"})

    with PocketBase(ruled.url) as guest:
        assert [record.title for record in guest.collection("stories").get_full_list()] == ["shown"]
        assert guest.collection("stories").get_one(hidden.id).title == "hidden"
        refused(guest, "create", {"title": "x"})
    assert {record.title for record in ann.collection("stories").get_full_list()} == {"mine", "shown"}
    refused(ann, "create", {"title": "x", "writer": me.id, "open": True})
    refused(ann, "create", {"title": "x"})
    refused(ann, "update", shown.id, {"title": "x"})
    refused(ann, "update", mine.id, {"writer": ""})
    refused(ann, "delete", mine.id)
    assert ann.collection("stories").update(mine.id, {"title": "still mine"}).title == "still mine"
    assert boss.collection("stories").update(hidden.id, {"open": True}).open is True


def refused(pb: PocketBase, verb: str, *arguments: object) -> None:
    with pytest.raises(ClientResponseError) as caught:
        getattr(pb.collection("stories"), verb)(*arguments)
    assert caught.value.status in (400, 403, 404)


def test_rules_that_the_server_keeps_are_no_difference(ruled: PocketBase) -> None:
    assert not diff(ruled, Writer, Story)
    kept = ruled.collections.get_one("stories")
    assert (kept.viewRule, kept.deleteRule) == ("", None)
    assert kept.createRule == describe(Story)["createRule"]


def test_requests_in_rules(ruled: PocketBase, ann: PocketBase) -> None:
    push(ruled, Closed)
    assert not diff(ruled, Closed)
    with PocketBase(ruled.url) as guest:
        closed = guest.collection("closed")
        made = closed.create({"title": "t"}, headers={"X-Token": 'a\\b"c'})
        with pytest.raises(ClientResponseError):
            closed.create({"title": "t"}, headers={"X-Token": 'a\\\\b"c'})
        assert closed.get_list(query={"key": "open sesame"}).total_items == 1
        assert closed.get_list().total_items == 0
        with pytest.raises(ClientResponseError):
            closed.get_one(made.id)
    assert ann.collection("closed").get_one(made.id).title == "t"


def test_rules_that_need_a_record_are_refused() -> None:
    class Note(Collection):
        title: Field[str] = field(default="")

        def rules(self) -> Rules:
            return Rules(list=Rules.anyone)

    with pytest.raises(ModelError, match=r"Note\.rules is asked of the class: write @classmethod above it"):
        describe(Note)


def test_rules_that_count_from_the_moment_of_the_push_are_refused() -> None:
    class Note(Collection):
        title: Field[str] = field(default="")
        created: Field[datetime] = autodate()

        @classmethod
        def rules(cls) -> Rules:
            return Rules(list=Rules.anyone, view=(cls.title != "") & ~(cls.created < ago(days=3)))

    with pytest.raises(ModelError, match=r"Rules\(view=\.\.\.\) counts with ago\(\).*macros such as now\(\)"):
        describe(Note)


def test_rules_may_stand_in_the_class_and_other_arguments_may_not() -> None:
    class Note(Collection):
        rules = Rules(list=Rules.anyone)

    class Annotated(Collection):
        rules: ClassVar[Rules] = Rules(view=Rules.anyone)

    assert (describe(Note)["listRule"], describe(Note)["viewRule"]) == ("", None)
    assert (describe(Annotated)["listRule"], describe(Annotated)["viewRule"]) == (None, "")
    with pytest.raises(ModelError, match=r"query is said of the class: class Wrong\(Collection, query=\.\.\.\)"):

        class Wrong(Collection):
            query = "SELECT id FROM users"
