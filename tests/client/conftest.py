"""Both flavours of one client, and collections with rules and files that the blog does not have."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import pytest

from pbmodels import PocketBase, PocketBaseServer, Record
from tests.client.mailbox import Mailbox
from tests.client.oidc import OidcProvider

PASSWORD = "correct horse battery"


@pytest.fixture(params=["sync", "async"])
def flavour(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def client(flavour: str, blog: PocketBase) -> AsyncIterator[Any]:
    """A superuser's client of either flavour, with empty blog collections."""
    if flavour == "sync":
        yield blog
    else:
        async with blog.aio as twin:
            yield twin


@pytest.fixture
async def visitor(flavour: str, server: PocketBaseServer) -> AsyncIterator[Any]:
    """A client of either flavour that nobody is signed in with."""
    with PocketBase(server.url) as pb:
        if flavour == "sync":
            yield pb
        else:
            async with pb.aio as twin:
                yield twin


@pytest.fixture(scope="session")
def guarded(superuser: PocketBase) -> Iterator[str]:
    """A collection that only requests with the right header and query parameter may list."""
    rule = '@request.headers.x_key = "ä ok" && @request.query.door = "open, sesame"'
    superuser.collections.create(
        {"name": "gate", "listRule": rule, "viewRule": rule, "fields": [{"name": "v", "type": "text"}]}
    )
    yield "gate"
    superuser.collections.delete("gate")


@pytest.fixture
def gate(guarded: str, pb: PocketBase) -> str:
    """The guarded collection, with a record in it."""
    pb.collection(guarded).create({"id": "behindthegate00", "v": "gold"})
    return guarded


@pytest.fixture(scope="session")
def members(superuser: PocketBase) -> Iterator[str]:
    """An auth collection whose records their owners may change and delete."""
    own = "id = @request.auth.id"
    superuser.collections.create(
        {
            "name": "members",
            "type": "auth",
            "listRule": own,
            "viewRule": own,
            "updateRule": own,
            "deleteRule": own,
            "createRule": "",
            "fields": [
                {"name": "nick", "type": "text"},
                {"name": "friend", "type": "relation", "collectionId": superuser.collections.get_one("users").id},
            ],
        }
    )
    yield "members"
    superuser.collections.delete("members")


@pytest.fixture
def member(members: str, pb: PocketBase) -> Iterator[str]:
    """The email of a member with the password PASSWORD."""
    made = pb.collection(members).create(
        {"email": "mem@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD, "nick": "first"}
    )
    yield "mem@example.com"
    for left in pb.collection(members).get_full_list(filter=pb.filter("id = {:id}", id=made.id)):
        pb.collection(members).delete(left.id)


@pytest.fixture(scope="session")
def vault(superuser: PocketBase) -> Iterator[str]:
    """A collection with big, several and protected files beside fields of other kinds."""
    superuser.collections.create(
        {
            "name": "vault",
            "fields": [
                {"name": "big", "type": "file", "maxSelect": 1, "maxSize": 100_000_000},
                {"name": "many", "type": "file", "maxSelect": 9, "maxSize": 1_000_000},
                {"name": "secret", "type": "file", "maxSelect": 1, "maxSize": 1_000_000, "protected": True},
                {"name": "data", "type": "json"},
                {"name": "title", "type": "text"},
                {"name": "n", "type": "number"},
                {"name": "yes", "type": "bool"},
                {"name": "tags", "type": "select", "values": ["a", "b"], "maxSelect": 2},
            ],
        }
    )
    yield "vault"
    superuser.collections.delete("vault")


@pytest.fixture(scope="session")
def mailbox(superuser: PocketBase) -> Iterator[Mailbox]:
    """Where the server's mails arrive."""
    before = superuser.send("/api/settings")["smtp"]
    with Mailbox() as box:
        smtp = {"enabled": True, "host": box.host, "port": box.port, "tls": False, "username": ""}
        superuser.send("/api/settings", method="PATCH", body={"smtp": smtp})
        yield box
        superuser.send("/api/settings", method="PATCH", body={"smtp": before})


@pytest.fixture(scope="session")
def oidc() -> Iterator[OidcProvider]:
    """A service where people have accounts."""
    with OidcProvider() as provider:
        yield provider


@pytest.fixture(scope="session")
def accounts(superuser: PocketBase, oidc: OidcProvider, mailbox: Mailbox) -> Iterator[str]:
    """An auth collection with every way to sign in."""
    own = "id = @request.auth.id"
    superuser.collections.create(
        {
            "name": "accounts",
            "type": "auth",
            "listRule": own,
            "viewRule": own,
            "createRule": "",
            "updateRule": own,
            "authAlert": {"enabled": False},
            "otp": {"enabled": True},
            "oauth2": {"enabled": True, "providers": [oidc.settings]},
            "fields": [{"name": "nick", "type": "text"}],
        }
    )
    yield "accounts"
    superuser.collections.delete("accounts")


@pytest.fixture
def account(accounts: str, pb: PocketBase) -> Iterator[Record]:
    """A record of `accounts` with the password PASSWORD and an address that no other test uses."""
    email = f"{uuid4().hex}@example.com"
    made = pb.collection(accounts).create(
        {"email": email, "password": PASSWORD, "passwordConfirm": PASSWORD, "nick": "first"}
    )
    yield made
    pb.collection(accounts).delete(made.id)


@pytest.fixture
def two_factors(accounts: str, pb: PocketBase) -> Iterator[None]:
    """Every sign-in to `accounts` needs two ways."""
    pb.collections.update(accounts, {"mfa": {"enabled": True}})
    yield
    pb.collections.update(accounts, {"mfa": {"enabled": False}})
