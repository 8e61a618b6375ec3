"""What is confirmed by mail: verification, password reset, change of address; sync and async."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from pbmodels import BadRequest, PocketBase, Record, Unauthorized, ValidationFailed
from tests.client.conftest import PASSWORD
from tests.client.flavours import done
from tests.client.mailbox import Mailbox


async def test_verification(visitor: Any, accounts: str, account: Record, mailbox: Mailbox, pb: PocketBase) -> None:
    records = visitor.collection(accounts)
    await done(records.auth_with_password(account.email, PASSWORD))
    token = visitor.auth_store.token
    assert visitor.auth_store.record.verified is False

    await done(records.request_verification(account.email))
    mailed = mailbox.token(account.email)
    await done(records.confirm_verification(mailed))

    assert pb.collection(accounts).get_one(account.id).verified is True
    assert (visitor.auth_store.record.verified, visitor.auth_store.token) == (True, token)
    assert visitor.auth_store.record.email == account.email


async def test_verifying_someone_else(
    visitor: Any, accounts: str, account: Record, mailbox: Mailbox, pb: PocketBase
) -> None:
    email = f"{uuid4().hex}@example.com"
    other = pb.collection(accounts).create({"email": email, "password": PASSWORD, "passwordConfirm": PASSWORD})
    await done(visitor.collection(accounts).auth_with_password(account.email, PASSWORD))
    changes: list[str] = []
    visitor.auth_store.on_change(lambda token, record: changes.append(token))

    await done(visitor.collection(accounts).request_verification(email))
    await done(visitor.collection(accounts).confirm_verification(mailbox.token(email)))

    assert pb.collection(accounts).get_one(other.id).verified is True
    assert (visitor.auth_store.record.verified, changes) == (False, [])


async def test_a_token_that_is_none(visitor: Any, accounts: str) -> None:
    records = visitor.collection(accounts)
    for attempt in (
        lambda: records.confirm_verification("hush.hush.hush"),
        lambda: records.confirm_password_reset("hush.hush.hush", "another secret"),
        lambda: records.confirm_email_change("hush.hush.hush", PASSWORD),
    ):
        with pytest.raises(ValidationFailed) as error:
            await done(attempt())
        assert "token" in error.value.field_errors
        assert "hush" not in str(error.value)
        assert "another secret" not in str(error.value)


async def test_password_reset(visitor: Any, accounts: str, account: Record, mailbox: Mailbox) -> None:
    records = visitor.collection(accounts)
    await done(records.auth_with_password(account.email, PASSWORD))
    token = visitor.auth_store.token

    await done(records.request_password_reset(account.email))
    mailed = mailbox.token(account.email)
    with pytest.raises(ValidationFailed) as error:
        await done(records.confirm_password_reset(mailed, "another secret", "a typo in it"))
    assert set(error.value.field_errors) == {"passwordConfirm"}
    await done(records.confirm_password_reset(mailed, "another secret"))

    assert visitor.auth_store.token == token  # as in the official SDKs, though the server takes it no more
    with pytest.raises(Unauthorized):
        await done(records.auth_refresh())
    with pytest.raises(BadRequest):
        await done(records.auth_with_password(account.email, PASSWORD))
    assert (await done(records.auth_with_password(account.email, "another secret"))).record.id == account.id


async def test_email_change(visitor: Any, accounts: str, account: Record, mailbox: Mailbox) -> None:
    records, new = visitor.collection(accounts), f"{uuid4().hex}@example.com"
    with pytest.raises(Unauthorized, match="sign in first"):
        await done(records.request_email_change(new))
    await done(records.auth_with_password(account.email, PASSWORD))

    await done(records.request_email_change(new))
    mailed = mailbox.token(new)
    with pytest.raises(ValidationFailed) as error:
        await done(records.confirm_email_change(mailed, "wrong password"))
    assert set(error.value.field_errors) == {"password"}
    assert visitor.auth_store.token
    await done(records.confirm_email_change(mailed, PASSWORD))

    assert (visitor.auth_store.token, visitor.auth_store.record) == ("", None)
    assert (await done(records.auth_with_password(new, PASSWORD))).record.email == new


async def test_someone_else_s_email_change_signs_nobody_out(
    visitor: Any, accounts: str, account: Record, member: str, members: str, mailbox: Mailbox
) -> None:
    new = f"{uuid4().hex}@example.com"
    await done(visitor.collection(accounts).auth_with_password(account.email, PASSWORD))
    await done(visitor.collection(accounts).request_email_change(new))
    result = await done(visitor.collection(members).auth_with_password(member, PASSWORD))

    await done(visitor.collection(accounts).confirm_email_change(mailbox.token(new), PASSWORD))

    assert visitor.auth_store.token == result.token


async def test_requests_for_nobody_tell_nothing(visitor: Any, accounts: str) -> None:
    records = visitor.collection(accounts)
    assert await done(records.request_verification("nobody@example.com")) is None
    assert await done(records.request_password_reset("nobody@example.com")) is None
    with pytest.raises(ValidationFailed):
        await done(records.request_password_reset("no address"))
