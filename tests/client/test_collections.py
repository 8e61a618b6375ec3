"""`pb.collections`: the collections themselves; sync and async."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pbmodels import NotFound, PocketBase, Unauthorized, ValidationFailed
from tests.client.flavours import done


@pytest.fixture
def _no_notes(pb: PocketBase) -> Iterator[None]:
    yield
    for left in pb.collections.get_full_list(filter="name ~ 'notes'"):
        pb.collections.delete(left.id)


@pytest.mark.usefixtures("_no_notes")
async def test_create_read_change_delete(client: Any) -> None:
    collections = client.collections
    text = {"name": "t", "type": "text"}

    made = await done(collections.create({"name": "notes", "fields": [text]}))
    changed = await done(
        collections.update("notes", {"name": "notes2", "fields": [*made.fields, {"name": "n", "type": "number"}]})
    )
    read = await done(collections.get_one(made.id, fields="id,name"))

    assert (made.name, made.type, changed.name) == ("notes", "base", "notes2")
    assert [field["name"] for field in changed.fields] == ["id", "t", "n"]
    assert read == {"id": made.id, "name": "notes2"}
    assert await done(collections.delete("notes2")) is None
    with pytest.raises(NotFound, match="there is no collection 'notes2': check its name, or create it"):
        await done(collections.get_one("notes2"))


async def test_lists(client: Any) -> None:
    collections = client.collections

    page = await done(collections.get_list(1, 2, filter="system = true", sort="name", fields="name", skip_total=True))
    every = await done(collections.get_full_list(batch=3, sort=["-name"]))
    first = await done(collections.get_first_list_item(client.filter("name = {:n}", n="posts"), sort="name"))

    assert ([c.name for c in page], page.total_pages) == (["_authOrigins", "_externalAuths"], -1)
    assert {"posts", "users", "_superusers"} < {c.name for c in every}
    assert [c.name for c in every] == sorted((c.name for c in every), reverse=True)
    assert first.name == "posts"
    with pytest.raises(NotFound, match="no collection matches the filter"):
        await done(collections.get_first_list_item("name = 'nowhere'"))


async def test_what_the_server_refuses(client: Any) -> None:
    with pytest.raises(ValidationFailed, match="POST /api/collections failed with 400: name: ") as error:
        await done(client.collections.create({"name": "no!tes"}))

    assert list(error.value.field_errors) == ["name"]


async def test_guests_may_not(visitor: Any) -> None:
    with pytest.raises(Unauthorized, match="sign in first"):
        await done(visitor.collections.get_list())


async def test_query_and_headers(client: Any) -> None:
    seen: list[Any] = []
    client.before_send = seen.append
    extras = {"query": {"q": "1"}, "headers": {"X-A": "1"}}

    made = await done(client.collections.create({"name": "extras"}, **extras))
    await done(client.collections.get_one(made.id, **extras))
    await done(client.collections.update(made.id, {}, **extras))
    await done(client.collections.get_list(**extras))
    await done(client.collections.get_full_list(**extras))
    await done(client.collections.get_first_list_item("name = 'extras'", **extras))
    await done(client.collections.delete(made.id, **extras))

    assert len(seen) == 7
    assert all(request.url.params["q"] == request.headers["X-A"] == "1" for request in seen)
