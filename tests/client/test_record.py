"""`Record` and `ListResult`: what the client hands out."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime
from typing import Any

import pytest

from pbmodels import Record

POST = {
    "id": "p1",
    "collectionId": "c1",
    "collectionName": "posts",
    "title": "Hi",
    "views": 3,
    "score": "1.5",
    "big": "9007199254740993",
    "yes": True,
    "no": "false",
    "tags": ["a", "b"],
    "meta": {"deep": [{"x": 1}]},
    "when": "2024-05-01 08:00:00.000Z",
    "empty": "",
    "nothing": None,
    "author": "u1",
    "expand": {
        "author": {"id": "u1", "name": "Ann", "expand": {"team": {"name": "Red"}}},
        "comments_via_post": [{"text": "one"}, {"text": "two"}],
    },
}


@pytest.fixture
def post() -> Record:
    return Record(copy.deepcopy(POST))


def test_attributes_are_keys(post: Record) -> None:
    post.title = "new"
    post.id = "p2"
    del post.views

    assert (post.title, post["title"], post.id, "views" in post) == ("new", "new", "p2", False)
    assert (post.collection_id, post.collection_name, post.collectionId) == ("c1", "posts", "c1")
    assert (Record().id, Record().collection_name) == ("", "")


def test_a_field_that_is_not_there(post: Record) -> None:
    with pytest.raises(AttributeError, match="this record of 'posts' has no field 'titel'; it has author, big"):
        _ = post.titel
    with pytest.raises(AttributeError):
        del post.titel
    assert not hasattr(post, "titel")


def test_expanded_records_have_attributes_too(post: Record) -> None:
    assert post.expand.author.name == "Ann"
    assert post.expand.author.expand.team.name == "Red"
    assert [comment.text for comment in post.expand.comments_via_post] == ["one", "two"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("title", "Hi"),
        ("author", None),
        ("author.name", "Ann"),
        ("expand.author.name", "Ann"),
        ("author.team.name", "Red"),
        ("comments_via_post.1.text", "two"),
        ("comments_via_post.2.text", None),
        ("meta.deep.0.x", 1),
        ("tags.1", "b"),
        ("tags.-1", None),
        ("tags.x", None),
        ("title.x", None),
        ("missing", None),
    ],
)
def test_dotted_paths(post: Record, path: str, value: Any) -> None:
    expected = POST["expand"]["author"] if path == "author" else value  # type: ignore[index]

    assert post.get_value(path) == expected
    assert post.get_value("missing." + path, "default") == "default"


def test_typed_getters(post: Record) -> None:
    assert [post.get_str(p) for p in ("title", "views", "yes", "tags", "missing", "nothing")] == [
        "Hi",
        "3",
        "true",
        "",
        "",
        "",
    ]
    assert [post.get_int(p) for p in ("views", "score", "big", "title", "tags", "missing")] == [
        3,
        1,
        9007199254740993,
        0,
        0,
        0,
    ]
    assert [post.get_float(p) for p in ("views", "score", "title", "nothing", "yes")] == [3, 1.5, 0.0, 0.0, 1.0]
    assert [post.get_bool(p) for p in ("yes", "no", "empty", "views", "title", "missing")] == [
        True,
        False,
        False,
        True,
        True,
        False,
    ]
    assert [post.get_list(p) for p in ("tags", "title", "missing", "nothing")] == [["a", "b"], ["Hi"], [], []]
    assert post.get_datetime("when") == datetime(2024, 5, 1, 8, tzinfo=UTC)
    assert [post.get_datetime(p) for p in ("empty", "title", "views", "tags", "missing")] == [None] * 5


def test_defaults_of_getters() -> None:
    record, moment = Record(), datetime.now(UTC)

    assert record.get_str("x", "d") == "d"
    assert record.get_int("x", 7) == 7
    assert record.get_int("x", 2**60 + 1) == 2**60 + 1
    assert record.get_float("x", 0.5) == 0.5
    assert record.get_bool("x", True) is True
    assert record.get_list("x", [1]) == [1]
    assert record.get_datetime("x", moment) == moment
    assert Record(n=float("inf")).get_int("n", 4) == 4


def test_it_is_copied_and_pickled_like_a_dict(post: Record) -> None:
    for twin in (copy.copy(post), copy.deepcopy(post), pickle.loads(pickle.dumps(post))):
        assert (type(twin), twin) == (Record, post)
