"""`pb.collections` beyond the plain verbs: import, truncate, scaffolds, view queries; sync and async."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pbmodels import BadRequest, NotFound, PocketBase, PocketBaseServer, ValidationFailed
from tests.client.flavours import done, new_client
from tests.server_version import since

TEXT = {"name": "t", "type": "text"}


@pytest.fixture
def _no_imports(superuser: PocketBase) -> Iterator[None]:
    yield
    for left in superuser.collections.get_full_list(filter="name ~ 'imported'"):
        superuser.collections.delete(left.id)


@pytest.mark.usefixtures("_no_imports")
async def test_import(client: Any) -> None:
    collections = client.collections

    await done(collections.import_collections([{"name": "imported1", "fields": [TEXT]}, {"name": "imported2"}]))
    first = await done(collections.get_one("imported1"))
    await done(collections.import_collections([{"id": first.id, "name": "imported3"}]))

    found = await done(collections.get_full_list(filter="name ~ 'imported'", sort="name"))
    assert [collection.name for collection in found] == ["imported2", "imported3"]
    assert [field["name"] for field in found[1].fields] == ["id", "t"]
    assert await done(collections.get_one("posts"))


@pytest.mark.usefixtures("_no_imports")
async def test_an_import_is_all_or_nothing(client: Any) -> None:
    with pytest.raises(ValidationFailed) as error:
        await done(client.collections.import_collections([{"name": "imported1"}, {"name": "imported!"}]))

    assert list(error.value.field_errors) == ["collections"]
    with pytest.raises(NotFound):
        await done(client.collections.get_one("imported1"))


async def test_import_and_delete_the_rest(flavour: str) -> None:
    with PocketBaseServer() as server:
        async with new_client(flavour, server.url) as pb:
            await done(pb.superusers.auth_with_password(server.superuser_email, server.superuser_password))
            await done(pb.collections.create({"name": "old", "fields": [TEXT]}))

            await done(pb.collections.import_collections([{"name": "new", "fields": [TEXT]}], True))

            found = await done(pb.collections.get_full_list(filter="system = false"))
            assert [collection.name for collection in found] == ["new"]


async def test_truncate(client: Any) -> None:
    await done(client.collection("posts").create({"title": "x"}))

    await done(client.collections.truncate("posts"))

    assert await done(client.collection("posts").get_full_list()) == []
    with pytest.raises(NotFound, match="nowhere"):
        await done(client.collections.truncate("nowhere"))


async def test_scaffolds(client: Any) -> None:
    scaffolds = await done(client.collections.get_scaffolds())

    assert {kind: scaffold.type for kind, scaffold in scaffolds.items()} == {k: k for k in ("auth", "base", "view")}
    assert scaffolds["auth"].get_bool("passwordAuth.enabled")


@since(0, 37)
async def test_a_view_query(client: Any) -> None:
    await done(client.collection("posts").create({"title": "x"}))

    view = await done(client.collections.dry_run_view_query("SELECT id, title FROM posts"))

    assert [field["name"] for field in view.fields] == ["id", "title"]
    assert [row["title"] for row in view.sample] == ["x"]
    with pytest.raises(BadRequest, match="syntax error"):
        await done(client.collections.dry_run_view_query("SELECT"))


@since(0, 37)
async def test_oauth2_providers(client: Any) -> None:
    providers = {provider.name: provider for provider in await done(client.collections.get_all_oauth2_providers())}

    assert providers["google"].displayName == "Google"
    assert "<svg" in providers["google"].logo
