"""Related records in requests of their own: what expand cannot bring, in as many requests however many there are."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from pbmodels import (
    BackRelation,
    Collection,
    Field,
    FieldNotLoaded,
    FilterError,
    InvalidRequest,
    PocketBase,
    Relation,
    Relations,
    back_relation,
    field,
    using,
)
from pbmodels.schema import push


class Shelf(Collection, collection="shelves"):
    name: Field[str]
    volumes: BackRelation[Volume] = back_relation("shelf")
    shown: BackRelation[Volume] = back_relation("shows")


class Volume(Collection, collection="volumes"):
    title: Field[str]
    pages: Field[int] = field(default=0)
    shelf: Relation[Shelf | None] = field(default=None)
    shows: Relations[Shelf] = field(default_factory=list, max_select=9)


@pytest.fixture(scope="module")
def library(superuser: PocketBase) -> Iterator[None]:
    """Three shelves: 1100 volumes, 2, and none; every volume of the second one is shown on the third."""
    push(superuser, Shelf, Volume)
    superuser.settings.update({"batch": {"enabled": True, "maxRequests": 2000, "timeout": 60}})
    with superuser.batch() as batch:
        shelves = [Shelf(id=f"shelf{number:010}", name=str(number)) for number in range(3)]
        for shelf in shelves:
            batch.save(shelf)
        for number in range(1100):
            batch.save(Volume(title=f"{number:04}", pages=number % 7, shelf=shelves[0]))
        for number in range(2):
            batch.save(Volume(title=f"b{number}", shelf=shelves[1], shows=shelves[1:]))
    yield
    superuser.settings.update({"batch": {"enabled": False}})
    for name in ("volumes", "shelves"):
        superuser.collections.delete(name)


@pytest.fixture
def sent(library: None, superuser: PocketBase) -> Iterator[list[httpx.Request]]:
    """The requests that go out from here on."""
    requests: list[httpx.Request] = []
    client = superuser.with_token(superuser.auth_store.token)
    client.before_send = requests.append
    with using(client):
        yield requests


def titles(records: Any) -> list[str]:
    return [record.title for record in records]


def test_more_than_expand_brings(sent: list[httpx.Request]) -> None:
    query = pickle.loads(pickle.dumps(Shelf.where().prefetch(Shelf.volumes)))
    shelves = query.all()
    assert len(sent) == 3  # the shelves; a thousand volumes, the rest
    assert [len(shelf.volumes.all()) for shelf in shelves] == [1100, 2, 0]
    assert [shelf.volumes.count() for shelf in shelves] == [1100, 2, 0]
    assert titles(shelves[1].volumes) == titles(shelves[1].volumes.all())
    assert len(sent) == 3
    assert all(volume.changed_fields == set() for volume in shelves[0].volumes.all()[:3])


def test_some_of_them_in_an_order(sent: list[httpx.Request]) -> None:
    query = Volume.where(Volume.pages == 3, Volume.title < "0100").order_by(-Volume.title).only(Volume.title)
    shelves = Shelf.where().order_by(-Shelf.name).prefetch(Shelf.volumes, query).all()
    assert len(sent) == 2
    found = titles(shelves[2].volumes.all())
    assert found == sorted(found, reverse=True)
    assert (len(found), found[-1]) == (14, "0003")
    assert shelves[1].volumes.all() == []
    assert len(sent) == 2
    with pytest.raises(FieldNotLoaded):
        _ = shelves[2].volumes.first().pages  # type: ignore[union-attr]


def test_queries_made_from_what_came_along_ask_for_the_same_records(sent: list[httpx.Request]) -> None:
    query = Volume.where(Volume.pages == 3, Volume.title < "0100").order_by(-Volume.title)
    shelf = Shelf.where(Shelf.volumes.pages == 3).prefetch(Shelf.volumes, query).one()
    found = titles(shelf.volumes.all())
    assert (shelf.volumes.last().title, shelf.volumes.count()) == (found[-1], len(found))  # type: ignore[union-attr]
    page = shelf.volumes.page(2, 5)
    assert (titles(page.items), page.total_items, page.total_pages) == (found[5:10], len(found), -(-len(found) // 5))
    assert len(sent) == 2
    assert list(shelf.volumes.values_list(Volume.title, flat=True)) == found
    assert titles(shelf.volumes.where(Volume.title != found[0]).all()) == found[1:]
    assert titles(shelf.volumes.order_by(Volume.title).all()) == found[::-1]
    assert shelf.volumes.where(Volume.pages == 4).count() == 0
    copy = pickle.loads(pickle.dumps(shelf))
    assert titles(copy.volumes.where(Volume.title != found[0]).all()) == found[1:]


def test_pages_of_what_came_along_are_those_that_the_server_gives(sent: list[httpx.Request]) -> None:
    shelf = Shelf.where(Shelf.name == "1").expand(Shelf.volumes).one()
    asked = Volume.where(Volume.shelf == shelf)
    sent.clear()
    here = [shelf.volumes.page(1, 2).items, shelf.volumes.first(), shelf.volumes.last(), shelf.volumes[1:3].all()]
    assert sent == []
    assert here == [asked.page(1, 2).items, asked.first(), asked.last(), asked[1:3].all()]
    with pytest.raises(InvalidRequest, match="counted from 1"):
        shelf.volumes.page(0)
    with pytest.raises(FilterError, match="a batch of 0 records"):
        list(shelf.volumes.in_batches(0))


def test_relations_that_lead_on(sent: list[httpx.Request]) -> None:
    volumes = (
        Volume.where(Volume.title.startswith("b"))
        .order_by(Volume.title)
        .prefetch(Volume.shelf)
        .prefetch(Volume.shows, Shelf.where(Shelf.name == "2").prefetch(Shelf.volumes))
        .all()
    )
    assert len(sent) == 4
    assert [volume.shelf.record.name for volume in volumes if volume.shelf and volume.shelf.record] == ["1", "1"]
    assert [[ref.record and ref.record.name for ref in volume.shows] for volume in volumes] == [[None, "2"]] * 2
    shown = volumes[0].shows[1].record
    assert shown is not None
    assert shown.volumes.all() == []
    assert len(sent) == 4


def test_the_other_side_of_several(sent: list[httpx.Request]) -> None:
    shelves = Shelf.where().prefetch(Shelf.shown, Volume.where().order_by(Volume.title)).all()
    assert len(sent) == 2
    assert [titles(shelf.shown) for shelf in shelves] == [[], ["b0", "b1"], ["b0", "b1"]]


def test_many_records_take_a_request_for_each_hundred_or_so(sent: list[httpx.Request], superuser: PocketBase) -> None:
    with superuser.batch() as batch:
        for _ in range(250):
            batch.save(Shelf(name="many"))
    query = Shelf.where(Shelf.name == "many")
    shelves = query.prefetch(Shelf.volumes, Volume.where(Volume.title != 'a "quoted" title')).all()
    assert (len(shelves), len(sent)) == (250, 1 + 3)
    assert all(shelf.volumes.all() == [] for shelf in shelves)
    with superuser.batch() as batch:
        for shelf in shelves:
            batch.delete(shelf)


def test_what_is_named_several_times_is_asked_for_once(sent: list[httpx.Request]) -> None:
    volumes = Volume.where(Volume.shelf == "shelf0000000000").limit(300).prefetch(Volume.shelf).all()
    assert len(sent) == 2  # they all name the same shelf
    assert all(volume.shelf and volume.shelf.record for volume in volumes)
    sent.clear()
    assert (
        len(list(Volume.where(Volume.shelf == "shelf0000000000").only(Volume.title).limit(300).prefetch(Volume.shows)))
        == 300
    )
    assert len(sent) == 1  # none of them names any


def test_pages_and_single_records(sent: list[httpx.Request]) -> None:
    page = Shelf.where().prefetch(Shelf.volumes).page(1, 2)
    first = Shelf.where(Shelf.name == "1").prefetch(Shelf.volumes).one()
    assert len(sent) == 3 + 2
    assert [shelf.volumes.count() for shelf in page] == [1100, 2]
    assert titles(first.volumes.all()) == ["b0", "b1"] or titles(first.volumes.all()) == ["b1", "b0"]
    assert len(sent) == 5


async def test_awaited(sent: list[httpx.Request], superuser: PocketBase) -> None:
    shelves = [shelf async for shelf in Shelf.aio.where().prefetch(Shelf.volumes, Volume.where(Volume.pages == 0))]
    sent.clear()
    assert [len(await shelf.volumes.aio.all()) for shelf in shelves] == [158, 2, 0]
    assert sent == []
    await superuser.aio.aclose()


def test_what_it_does_not_take() -> None:
    for term, query, message in (
        (Shelf.name, None, "takes a relation of Shelf"),
        ("nope", None, "has no field 'nope'"),
        (Volume.shelf, None, "volumes.shelf is a field of 'volumes', and the query asks 'shelves'"),
        (Shelf.volumes.shows, None, r"one step at a time, as in .prefetch\(Shelf.volumes, Volume.where\(\).prefetch"),
        (Shelf.volumes, Shelf.where(), "leads to 'volumes', and the query is one of 'shelves'"),
        (Shelf.volumes, Volume.where().limit(3), "has a limit"),
    ):
        with pytest.raises(FilterError, match=message):
            Shelf.where().prefetch(term, query)
