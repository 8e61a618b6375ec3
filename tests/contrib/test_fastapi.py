"""The FastAPI integration, and the example that uses it, against the real server."""

# No `from __future__ import annotations`: the routes' annotations name local dependencies.

import asyncio
import base64
import importlib.util
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Depends, FastAPI

from pbmodels import (
    BadRequest,
    ConnectionFailed,
    FilterError,
    Forbidden,
    InvalidRecord,
    PocketBase,
    RateLimited,
    Record,
    RequestTimeout,
    ServerError,
    Unauthorized,
    ValidationFailed,
)
from pbmodels.contrib.fastapi import PageOf, Paging, PocketBaseAuth, handle_errors
from pbmodels.schema import push
from pbmodels.testing import SignedIn, Users
from tests.blog import Post, User

EXAMPLE = Path(__file__).parents[2] / "examples" / "fastapi_app.py"


def calling(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://app")


def bearer(user: SignedIn | str) -> dict[str, str]:
    token = user if isinstance(user, str) else user.client.auth_store.token
    return {"Authorization": f"Bearer {token}"}


def counted(pb: PocketBase) -> list[str]:
    """The paths that are asked for from now on."""
    paths: list[str] = []

    def note(request: httpx.Request) -> None:
        paths.append(request.url.path)

    pb.before_send = note
    return paths


@pytest.fixture(scope="module")
def example() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("fastapi_app", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["fastapi_app"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["fastapi_app"]


class TestTheExample:
    @pytest.fixture
    async def web(self, example: ModuleType, pb: PocketBase) -> AsyncIterator[httpx.AsyncClient]:
        push(pb, example.User, example.Note)
        async with calling(example.app) as client:
            yield client
        await pb.aio.aclose()

    async def test_users_have_their_own_notes(self, web: httpx.AsyncClient, pb_users: Users) -> None:
        ann, ben = pb_users("ann", name="Ann"), pb_users("ben")
        for number in range(3):
            made = await web.post("/notes", json={"text": f"Note {number}", "mood": "good"}, headers=bearer(ann))
            assert made.status_code == 201

        mine = (await web.get("/notes", params={"per_page": 2, "mood": "good"}, headers=bearer(ann))).json()
        theirs = (await web.get("/notes", headers=bearer(ben))).json()
        id = mine["items"][0]["id"]

        assert (mine["total_items"], mine["total_pages"], len(mine["items"])) == (3, 2, 2)
        assert mine["items"][0]["owner"] == ann.id
        assert theirs["items"] == []
        assert (await web.get(f"/notes/{id}", headers=bearer(ann))).json()["text"].startswith("Note")
        assert (await web.get(f"/notes/{id}", headers=bearer(ben))).status_code == 404
        assert (await web.delete(f"/notes/{id}", headers=bearer(ben))).status_code == 404
        assert (await web.delete(f"/notes/{id}", headers=bearer(ann))).status_code == 204
        assert (await web.get("/me", headers=bearer(ann))).json() == {"id": ann.id, "name": "Ann"}

    async def test_many_users_at_once_do_not_mix(self, web: httpx.AsyncClient, pb_users: Users) -> None:
        people = [pb_users(f"user{number}") for number in range(4)]

        answers = await asyncio.gather(*(web.get("/me", headers=bearer(people[n % 4])) for n in range(40)))

        assert [each.json()["id"] for each in answers] == [people[n % 4].id for n in range(40)]

    async def test_its_api_is_described(self, web: httpx.AsyncClient) -> None:
        described = (await web.get("/openapi.json")).json()

        assert described["components"]["securitySchemes"]["PocketBase"]["scheme"] == "bearer"
        parameters = {each["name"] for each in described["paths"]["/notes"]["get"]["parameters"]}
        assert {"page", "per_page", "mood"} <= parameters
        assert "PageOf_Note_" in described["components"]["schemas"]

    async def test_mistakes(self, web: httpx.AsyncClient, pb_users: Users) -> None:
        ann = pb_users("ann")

        assert (await web.get("/notes", params={"per_page": 5000}, headers=bearer(ann))).status_code == 422
        assert (await web.post("/notes", json={"text": "x" * 501}, headers=bearer(ann))).status_code == 422


class TestWhoIsLetIn:
    @pytest.fixture
    async def web(self, pb: PocketBase) -> AsyncIterator[httpx.AsyncClient]:
        app = FastAPI()
        user, anyone, guest = PocketBaseAuth(User, seconds=60), PocketBaseAuth(), PocketBaseAuth(User, optional=True)

        @app.get("/user")
        async def user_(user: Annotated[User, Depends(user)]) -> str:
            return user.email

        @app.get("/anyone")
        async def anyone_(record: Annotated[Record, Depends(anyone)]) -> str:
            return record.collectionName

        @app.get("/guest")
        async def guest_(user: Annotated[User | None, Depends(guest)]) -> list[str]:
            return ["guest" if user is None else user.email, *[post.title for post in await Post.aio.all()]]

        app.state.auth = user
        async with calling(app) as client:
            client.app = app  # type: ignore[attr-defined]
            yield client
        await pb.aio.aclose()

    async def test_users_with_their_token(self, web: httpx.AsyncClient, pb_users: Users) -> None:
        ann = pb_users("ann")

        assert (await web.get("/user", headers=bearer(ann))).json() == "ann@example.com"
        plain = {"Authorization": ann.client.auth_store.token}
        assert (await web.get("/user", headers=plain)).json() == "ann@example.com"

    async def test_not_others(self, web: httpx.AsyncClient, pb: PocketBase, pb_users: Users) -> None:
        ann = pb_users("ann")
        head, body, signature = ann.client.auth_store.token.split(".")
        claims = json.loads(base64.urlsafe_b64decode(body + "=="))
        other = base64.urlsafe_b64encode(json.dumps({**claims, "id": "a" * 15}).encode()).decode().rstrip("=")
        unsigned = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
        forged = [f"{head}.{other}.{signature}", f"{unsigned}.{body}.", f"{head}.{body}.{'x' * len(signature)}"]

        refused = [await web.get("/user", headers=bearer(token)) for token in [*forged, "nonsense", "a.b.c"]]
        nobody = await web.get("/user")
        superuser = await web.get("/user", headers=bearer(pb.auth_store.token))

        assert [each.status_code for each in [*refused, nobody, superuser]] == [401] * 7
        assert nobody.headers["WWW-Authenticate"] == "Bearer"
        assert "send a token" in nobody.json()["detail"]

    async def test_without_a_model_all_that_sign_in(
        self, web: httpx.AsyncClient, pb: PocketBase, pb_users: Users
    ) -> None:
        assert (await web.get("/anyone", headers=bearer(pb_users("ann")))).json() == "users"
        assert (await web.get("/anyone", headers=bearer(pb.auth_store.token))).json() == "_superusers"

    async def test_guests_where_they_may_come_and_only_see_what_guests_see(
        self, web: httpx.AsyncClient, pb: PocketBase, pb_users: Users
    ) -> None:
        pb.collections.update("posts", {"listRule": "status = true || @request.auth.id != ''"})
        Post.create(title="Public", status=True)
        Post.create(title="Draft")

        assert (await web.get("/guest")).json() == ["guest", "Public"]
        assert len((await web.get("/guest", headers=bearer(pb_users("ann")))).json()) == 3
        assert (await web.get("/guest", headers=bearer("nonsense"))).status_code == 401

    async def test_the_server_is_asked_once_for_many_requests(
        self, web: httpx.AsyncClient, pb: PocketBase, pb_users: Users
    ) -> None:
        ann = pb_users("ann")
        paths = counted(pb)

        first = await asyncio.gather(*(web.get("/user", headers=bearer(ann)) for _ in range(5)))
        later = await web.get("/user", headers=bearer(ann))

        assert {each.status_code for each in [*first, later]} == {200}
        assert paths == ["/api/collections/users/auth-refresh"]

    async def test_who_is_gone_is_let_in_no_longer_than_said(
        self, web: httpx.AsyncClient, pb: PocketBase, pb_users: Users
    ) -> None:
        ann = pb_users("ann")
        assert (await web.get("/user", headers=bearer(ann))).status_code == 200
        pb.users.delete(ann.id)

        remembered = await web.get("/user", headers=bearer(ann))
        web.app.state.auth.forget()  # type: ignore[attr-defined]
        asked = await web.get("/user", headers=bearer(ann))

        assert (remembered.status_code, asked.status_code) == (200, 401)

    async def test_the_programs_own_sign_in_is_left_alone(
        self, web: httpx.AsyncClient, pb: PocketBase, pb_users: Users
    ) -> None:
        before = pb.auth_store.token

        await web.get("/user", headers=bearer(pb_users("ann")))

        assert pb.auth_store.token == before
        assert pb.auth_store.is_superuser


@pytest.mark.parametrize(
    ("error", "status", "detail"),
    [
        (InvalidRecord("bad", {"views": "a number"}), 422, [{"loc": ["body", "views"], "msg": "a number"}]),
        (
            ValidationFailed(
                "x", status=400, response={"data": {"title": {"code": "c", "message": "Cannot be blank."}}}
            ),
            422,
            [{"loc": ["body", "title"], "msg": "Cannot be blank."}],
        ),
        (Post.NotFound("there is no record"), 404, "not found"),
        (Unauthorized("x", status=401), 401, "sign in again"),
        (Forbidden("secret path", status=403), 403, "not allowed"),
        (RateLimited("x", status=429, retry_after=1.2), 429, "too many requests"),
        (FilterError("no field 'titel'"), 400, "no field 'titel'"),
        (BadRequest("x", status=400, response={"message": "Something went wrong."}), 400, "Something went wrong."),
        (RequestTimeout("x"), 504, "the database did not answer in time"),
        (ServerError("x", status=500), 503, "the database is not available"),
        (ConnectionFailed("http://10.0.0.1"), 503, "the database is not available"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
async def test_errors_become_answers(error: Exception, status: int, detail: Any) -> None:
    app = FastAPI()
    handle_errors(app)

    @app.get("/")
    async def fail() -> None:
        raise error

    async with calling(app) as web:
        answer = await web.get("/")

    assert answer.status_code == status
    if isinstance(detail, list):
        detail = [{"type": "value_error", **each} for each in detail]
    assert answer.json() == {"detail": detail}
    if status == 429:
        assert answer.headers["Retry-After"] == "2"


def test_pages_of_models_and_of_records(pb: PocketBase) -> None:
    Post.create(title="Hello")

    typed = PageOf[Post].of(Post.where().page(1, 20))
    plain = PageOf[dict[str, Any]].of(pb.collection("posts").get_list(1, 20))

    assert typed.items[0].title == plain.items[0]["title"] == "Hello"
    assert typed.model_dump(include={"page", "per_page", "total_items", "total_pages"}) == {
        "page": 1,
        "per_page": 20,
        "total_items": 1,
        "total_pages": 1,
    }
    assert Paging is not None


def test_without_fastapi_it_says_what_to_install() -> None:
    code = "import sys; sys.modules['fastapi'] = None\nimport pbmodels.contrib.fastapi"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=False)

    assert "pip install 'pbmodels[fastapi]'" in done.stderr
