"""What else Python does with models and queries: pickle, copies, JSON schema, FastAPI."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

import pytest
from fastapi import Body, FastAPI, HTTPException
from fastapi.testclient import TestClient
from jsonschema import Draft202012Validator

from pbmodels import (
    FieldNotLoaded,
    GeoPoint,
    Page,
    PocketBase,
    RecordNotFound,
    ago,
    back,
    collection,
    geo_distance,
    now,
    request,
)
from tests.blog import PLACES, Comment, Post, User
from tests.server_version import since

pytestmark = since(*PLACES)

Twin = Callable[[Any], Any]

TWINS = [
    pytest.param(lambda value: pickle.loads(pickle.dumps(value)), id="pickle"),
    pytest.param(copy.copy, id="copy"),
    pytest.param(copy.deepcopy, id="deepcopy"),
]
twins = pytest.mark.parametrize("twin", TWINS)


@pytest.fixture
def post(blog: PocketBase) -> Post:
    ann = User.create(name="Ann", email="ann@example.com", password="12345678")
    return Post.create(
        title="Hello",
        author=ann,
        reviewers=[ann],
        tags=["news"],
        meta={"a": [1]},
        place=GeoPoint(lon=1, lat=2),
        published=datetime(2024, 5, 1, tzinfo=UTC),
        cover=("a.txt", b"abc"),
    )


@twins
def test_a_record_and_what_it_leads_to(twin: Twin, post: Post) -> None:
    found = Post.where(Post.id == post.id).expand(Post.author).one()

    same = twin(found)

    assert same == found
    assert same.model_dump() == found.model_dump()
    assert (same.is_new, same.changed_fields) == (False, set())
    assert same.author.record.name == "Ann"
    assert same.cover.read() == b"abc"


@twins
def test_changes_go_along_and_then_their_own_way(twin: Twin, post: Post) -> None:
    post.title = "Changed"

    same = twin(post)
    same.views = 3

    assert (same.changed_fields, post.changed_fields) == ({"title", "views"}, {"title"})
    assert same.save().title == "Changed"
    assert Post.get(post.id).views == 3


@pytest.mark.parametrize("twin", [TWINS[0], TWINS[2]])
def test_deep_twins_share_no_list(twin: Twin, post: Post) -> None:
    same = twin(post)

    same.meta["a"].append(2)
    same.tags.append("tech")

    assert (post.meta, post.tags, post.changed_fields) == ({"a": [1]}, ["news"], set())
    assert same.changed_fields == {"meta", "tags"}


@twins
def test_what_was_not_loaded_stays_so(twin: Twin, post: Post) -> None:
    same = twin(Post.where().only(Post.title).one())

    assert same.title == "Hello"
    with pytest.raises(FieldNotLoaded):
        same.views


@twins
def test_a_new_record_is_still_new(twin: Twin, blog: PocketBase) -> None:
    same = twin(Post(title="New"))

    assert same.is_new
    assert Post.get(same.save().id).title == "New"


@twins
@pytest.mark.parametrize(
    "value",
    [
        Post.author.name == "Ann",
        ~((Post.views > 3) | Post.status) & Post.tags.any.startswith("n"),
        Post.where(Post.created > "2024-05-01T00:00Z", Post.published < now()).order_by(-Post.created),
        geo_distance(Post.views, Post.score, 1, 2),
        collection(Comment).text,
        back(Comment, "post").author,
        collection("teams").name,
        request.body.title,
        Post.author,
        -Post.title,
    ],
    ids=str,
)
def test_queries_and_their_parts(twin: Twin, value: Any) -> None:
    same = twin(value)

    assert str(same) == str(value)
    assert type(same) is type(value)


@twins
def test_a_moment_counted_from_now(twin: Twin) -> None:
    assert twin(ago(days=3)) == ago(days=3)


def test_a_page(post: Post) -> None:
    page = Post.where().page(1, 10)

    same = pickle.loads(pickle.dumps(page))

    assert (same.items, same.total_items, same.per_page) == ([post], 1, 10)


def test_the_schema_describes_the_json_of_a_record(post: Post) -> None:
    for mode in ("validation", "serialization"):
        schema = Post.model_json_schema(mode=mode)  # type: ignore[arg-type]
        Draft202012Validator.check_schema(schema)

        Draft202012Validator(schema).validate(post.model_dump(mode="json"))

    properties = Post.model_json_schema()["properties"]
    assert properties["title"] == {"maxLength": 200, "title": "Title", "type": "string"}
    assert properties["tags"]["items"]["enum"] == ["news", "tech", "art"]
    assert properties["author"]["anyOf"] == [{"type": "string"}, {"type": "null"}]


@pytest.fixture
def api(blog: PocketBase) -> Iterator[TestClient]:
    """An application as users write it."""
    app = FastAPI()

    @app.get("/posts", response_model=list[Post])
    def posts() -> Any:
        return Post.where().order_by(Post.title).all()

    @app.get("/posts/{id}")
    async def one(id: str) -> Post:
        try:
            return await Post.aio.get(id)
        except RecordNotFound as error:
            raise HTTPException(404, str(error)) from None

    @app.post("/posts", status_code=201)
    def create(post: Annotated[Post, Body()]) -> Post:
        return post.save()

    @app.get("/users", response_model=list[User])
    def users() -> Any:
        return User.where().all()

    @app.get("/title", response_model=Post, response_model_include={"id", "title"})
    def title() -> Any:
        return Post.where().one()

    @app.get("/pages")
    def pages() -> Page[Post]:
        return Post.where().page(1, 10)

    with TestClient(app) as client:
        yield client


def test_fastapi_answers_with_records(api: TestClient, post: Post) -> None:
    (listed,) = api.get("/posts").json()
    one = api.get(f"/posts/{post.id}").json()
    missing = api.get("/posts/missing00000000")

    assert listed == one == post.model_dump(mode="json")
    assert one["author"] == post.author.id  # type: ignore[union-attr]
    assert one["place"] == {"lon": 1.0, "lat": 2.0}
    assert missing.status_code == 404
    assert api.get("/title").json() == {"id": post.id, "title": "Hello"}


def test_fastapi_takes_records(api: TestClient, post: Post) -> None:
    author = post.author.id  # type: ignore[union-attr]

    made = api.post("/posts", json={"title": "Sent", "tags": ["tech"], "author": author, "views": 3})
    wrong = api.post("/posts", json={"title": "Sent", "views": "many"})

    assert made.status_code == 201
    assert Post.get(made.json()["id"]).model_dump(mode="json") == made.json()
    assert wrong.status_code == 422
    assert "posts.views" in wrong.json()["detail"][0]["msg"]


def test_fastapi_gives_pages_and_no_password(api: TestClient, post: Post) -> None:
    page = api.get("/pages").json()
    (user,) = api.get("/users").json()

    assert (page["total_items"], page["items"][0]["title"]) == (1, "Hello")
    assert user["name"] == "Ann"
    assert "12345678" not in str(user)


def test_fastapi_documents_the_models(api: TestClient) -> None:
    document = api.get("/openapi.json").json()

    assert document["components"]["schemas"].keys() >= {"Post", "User", "GeoPoint"}
