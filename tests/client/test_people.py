"""Superusers and users are records of auth collections, as `pb.superusers` and `pb.users`."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from pbmodels import BadRequest, NotFound
from tests.client.conftest import PASSWORD
from tests.client.flavours import done
from tests.client.mailbox import Mailbox


def people(pb: Any, which: str) -> Any:
    return {"superusers": pb.superusers, "users": pb.users}[which]


@pytest.fixture
def email() -> str:
    return f"{uuid4().hex}@example.com"


@pytest.fixture(params=["superusers", "users"])
def which(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_they_are_records(client: Any, which: str, email: str) -> None:
    records = people(client, which)

    made = await done(records.create({"email": email, "password": PASSWORD, "passwordConfirm": PASSWORD}))
    await done(records.update(made.id, {"emailVisibility": True}))

    assert (await done(records.get_one(made.id))).email == email
    assert (await done(records.get_first_list_item(client.filter("email = {:e}", e=email)))).id == made.id
    assert made.id in [record.id for record in await done(records.get_full_list())]
    page = await done(records.get_list(1, 1, filter=client.filter("id = {:id}", id=made.id)))
    assert [record.emailVisibility for record in page] == [True]
    await done(records.delete(made.id))
    with pytest.raises(NotFound):
        await done(records.get_one(made.id))


async def test_they_sign_in_refresh_and_reset_their_password(
    client: Any, visitor: Any, which: str, email: str, mailbox: Mailbox
) -> None:
    body = {"email": email, "password": PASSWORD, "passwordConfirm": PASSWORD}
    made = await done(people(client, which).create(body))
    records = people(visitor, which)

    await done(records.auth_with_password(email, PASSWORD))
    assert (await done(records.auth_refresh())).record.id == made.id
    await done(records.request_password_reset(email))
    await done(records.confirm_password_reset(mailbox.token(email), "another secret", "another secret"))

    with pytest.raises(BadRequest):
        await done(records.auth_with_password(email, PASSWORD))
    assert (await done(records.auth_with_password(email, "another secret"))).record.id == made.id
    assert visitor.auth_store.is_superuser is (which == "superusers")
    await done(people(client, which).delete(made.id))
