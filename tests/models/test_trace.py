"""The debug mode: requests are counted, and a warning says what to write where records are fetched one by one."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pbmodels import (
    AsyncPocketBase,
    BackRelation,
    Collection,
    Field,
    OneByOneWarning,
    PocketBase,
    Relation,
    Relations,
    back_relation,
    field,
    trace_requests,
)
from pbmodels.schema import push


class Band(Collection, collection="bands"):
    name: Field[str]
    songs: BackRelation[Song] = back_relation("band")


class Song(Collection, collection="songs"):
    title: Field[str]
    band: Relation[Band]
    covers: Relations[Band] = field(default_factory=list, max_select=9)


@pytest.fixture
def songs(blog: PocketBase) -> Iterator[None]:
    """Four songs of four bands."""
    push(blog, Band, Song)
    bands = [Band(name=str(number)).save() for number in range(4)]
    for band in bands:
        Song(title=f"song of {band.name}", band=band, covers=[bands[0], bands[1]]).save()
    yield
    for name in ("songs", "bands"):
        blog.collections.delete(name)


def fetch_bands(songs: Iterable[Song]) -> None:
    for song in songs:
        song.band.get()


def fetch_covers(songs: Iterable[Song]) -> None:
    for song in songs:
        for ref in song.covers:
            ref.get()


def each(things: Iterable[Any], use: Callable[[Any], object]) -> None:
    for thing in things:
        use(thing)


async def fetch_all() -> None:
    songs = await Song.aio.all()
    await asyncio.gather(*(song.band.aio.get() for song in songs))
    for band in await Band.aio.all():
        await band.songs.aio.count()


def test_requests_are_counted(songs: None) -> None:
    with trace_requests() as trace:
        Song.where().all()
        Song.where().expand(Song.band).count()
    Song.count()
    assert trace.count == 2
    assert trace.requests == [("GET", "/api/collections/songs/records")] * 2
    assert repr(trace) == "<RequestTrace: 2 requests>"


def test_pages_that_are_fetched_ahead_count_too(songs: None) -> None:
    with trace_requests() as trace:
        assert len(list(Song.where().in_batches(1))) == 4
    assert trace.count >= 4


def test_a_relation_fetched_in_a_loop(songs: None) -> None:
    found = Song.all()
    with trace_requests() as trace:
        with pytest.warns(OneByOneWarning) as caught:
            fetch_bands(found)
        for song in found:
            song.band.get()  # they are here by now
    assert [str(warning.message) for warning in caught] == [
        "Song.band.get() was fetched for one record at a time, 3 times by now, and each is a request: "
        "write .expand(Song.band) in the query, and .record instead of .get()"
    ]
    assert Path(caught[0].filename) == Path(__file__)
    assert dict(trace.fetched) == {"Song.band.get()": 4}
    assert (trace.count, repr(trace)) == (4, "<RequestTrace: 4 requests, Song.band.get() 4 times>")


def test_what_the_warning_says_helps(songs: None) -> None:
    with trace_requests() as trace, warnings.catch_warnings():
        warnings.simplefilter("error")
        for song in Song.where().expand(Song.band, Song.covers):
            assert song.band.record is not None
            assert [ref.get().name for ref in song.covers]
        for band in Band.where().prefetch(Band.songs):
            assert band.songs.count() == 1
            assert len(band.songs.all()) == 1
    assert trace.count == 3


def test_relations_to_several(songs: None) -> None:
    with trace_requests(), pytest.warns(OneByOneWarning, match=r"Song.covers.get\(\) .* write .expand\(Song.covers\)"):
        fetch_covers(Song.where())


def test_back_relations_in_a_loop(songs: None) -> None:
    for use in (
        lambda band: band.songs.all(),
        lambda band: band.songs.count(),
        lambda band: band.songs.where(Song.title != "x").first(),
        lambda band: band.songs.exists(),
        lambda band: band.songs.page(),
        lambda band: band.songs.values(Song.title).all(),
    ):
        with (
            trace_requests(),
            pytest.warns(OneByOneWarning, match=r"Band.songs was .* write .expand\(Band.songs\) or .prefetch"),
        ):
            each(Band.where(), use)


def test_get_in_a_loop(songs: None) -> None:
    ids = [band.id for band in Band.all()]
    with (
        trace_requests(),
        pytest.warns(OneByOneWarning, match=r"Band.get\(\) .* Band.where\(Band.id.in_\(ids\)\).all\(\)"),
    ):
        each(ids, Band.get)


def test_a_query_for_each_record_in_a_loop(songs: None) -> None:
    found = Song.where().order_by(Song.title).all()
    loops: dict[str, Callable[[Song], object]] = {
        "Band.get_or_none()": lambda song: Band.get_or_none(song.band.id),
        "Band.where(Band.id of one record)": lambda song: Band.where(Band.id == song.band.id).one(),
        "Song.where(Song.band of one record)": lambda song: Song.where(
            Song.band == song.band, Song.title != "x"
        ).count(),
        "Song.where(Song.covers.any of one record)": lambda song: Song.where(Song.covers.contains(song.band)).all(),
    }
    for what, use in loops.items():
        with (
            trace_requests() as trace,
            pytest.warns(OneByOneWarning, match=r"collect .*\.in_\(ids\)\)\.all\(\)") as caught,
        ):
            each(found, use)
        assert str(caught[0].message).startswith(f"{what} was fetched for one record at a time, 3 times by now")
        assert dict(trace.fetched) == {what: 4}

    with trace_requests() as trace, warnings.catch_warnings():
        warnings.simplefilter("error")
        ids = [song.band.id for song in found]
        for _ in range(4):
            assert len(Song.where(Song.band.in_(ids)).all()) == 4
            assert Song.where(Song.band.name == "1", Song.title != "x").count() == 1
            assert Song.get_or_create(band=found[0].band)[1] is False
            assert Song.where(Song.id == found[0].id).prefetch(Song.band).explain().parts == 1
    assert dict(trace.fetched) == {}


def test_how_many_are_too_many(songs: None) -> None:
    with trace_requests(warn_after=5) as trace, warnings.catch_warnings():
        warnings.simplefilter("error")
        fetch_bands(Song.where())
    assert trace.fetched["Song.band.get()"] == 4


def test_without_it_nothing_is_said(songs: None) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fetch_bands(Song.where())


def test_one_within_another(songs: None) -> None:
    with trace_requests(warn_after=99) as outer:
        Song.count()
        with trace_requests(warn_after=99) as inner:
            Song.all()[0].band.get()
    assert (inner.count, outer.count) == (2, 3)
    assert outer.fetched == inner.fetched == {"Song.band.get()": 1}


async def test_awaited(songs: None, aio: AsyncPocketBase) -> None:
    with trace_requests() as trace, pytest.warns(OneByOneWarning) as caught:
        await fetch_all()
    assert trace.count == 1 + 4 + 1 + 4
    assert {str(warning.message).split(" was ")[0] for warning in caught} == {"Song.band.get()", "Band.songs"}
