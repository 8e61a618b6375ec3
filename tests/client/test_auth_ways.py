"""The ways to sign in beside the password: one-time passwords, two factors, OAuth2, impersonation; sync and async."""

from __future__ import annotations

import asyncio
import inspect
import threading
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from pbmodels import (
    AuthProvider,
    BadRequest,
    ConnectionFailed,
    Forbidden,
    InvalidRequest,
    MfaRequired,
    NotFound,
    OAuth2Failed,
    PocketBase,
    PocketBaseServer,
    Record,
    RequestTimeout,
    Unauthorized,
    ValidationFailed,
)
from tests.client.conftest import PASSWORD
from tests.client.flavours import done, new_client
from tests.client.mailbox import Mailbox
from tests.client.odd_server import OddServer, answer
from tests.client.oidc import OidcProvider, code_from, visit
from tests.faults.proxy import FaultProxy
from tests.server_version import since


async def close(client: Any) -> None:
    await done(client.aclose() if hasattr(client, "aclose") else client.close())


async def test_the_ways_to_sign_in(visitor: Any, accounts: str, oidc: OidcProvider) -> None:
    methods = await done(visitor.collection(accounts).list_auth_methods())

    assert (methods.password.enabled, methods.password.identity_fields) == (True, ["email"])
    assert (methods.otp.enabled, methods.otp.duration, methods.mfa.enabled) == (True, 180, False)
    assert [(p.name, p.display_name) for p in methods.oauth2.providers] == [("oidc", "The service")]
    provider = methods.provider("oidc")
    assert provider.auth_url.startswith(f"{oidc.url}/authorize?")
    assert provider.auth_url.endswith("&redirect_uri=")
    assert provider.code_verifier
    assert provider.code_verifier not in repr(methods)


async def test_a_collection_without_ways_to_sign_in(visitor: Any) -> None:
    with pytest.raises(NotFound, match="there is no collection 'nowhere'"):
        await done(visitor.collection("nowhere").list_auth_methods())
    with pytest.raises(InvalidRequest, match=r"no OAuth2 provider 'google'; this collection has none"):
        (await done(visitor.users.list_auth_methods())).provider("google")


async def test_a_one_time_password(visitor: Any, accounts: str, account: Record, mailbox: Mailbox) -> None:
    otp_id = await done(visitor.collection(accounts).request_otp(account.email))
    password = mailbox.one_time_password(account.email)

    with pytest.raises(BadRequest, match="check the one-time password and its otp_id") as error:
        await done(visitor.collection(accounts).auth_with_otp(otp_id, f"{password}0"))
    result = await done(visitor.collection(accounts).auth_with_otp(otp_id, password, fields="token,record.id"))

    assert password not in str(error.value)
    assert result.record == {"id": account.id}
    assert visitor.auth_store.token == result.token


async def test_one_time_passwords_tell_nothing_of_who_exists(visitor: Any, accounts: str) -> None:
    assert len(await done(visitor.collection(accounts).request_otp("nobody@example.com"))) == 15
    with pytest.raises(ValidationFailed) as error:
        await done(visitor.collection(accounts).request_otp("no address"))
    assert set(error.value.field_errors) == {"email"}


async def test_two_factors(visitor: Any, accounts: str, account: Record, mailbox: Mailbox, two_factors: None) -> None:
    records = visitor.collection(accounts)

    with pytest.raises(MfaRequired, match=r"go on with mfa_id=error\.mfa_id") as first:
        await done(records.auth_with_password(account.email, PASSWORD))
    assert isinstance(first.value, Unauthorized)
    assert not visitor.auth_store.token
    otp_id = await done(records.request_otp(account.email))
    result = await done(
        records.auth_with_otp(otp_id, mailbox.one_time_password(account.email), mfa_id=first.value.mfa_id)
    )
    assert result.record.id == account.id

    otp_id = await done(records.request_otp(account.email))
    with pytest.raises(MfaRequired) as second:
        await done(records.auth_with_otp(otp_id, mailbox.one_time_password(account.email)))
    with pytest.raises(BadRequest):
        await done(records.auth_with_password(account.email, PASSWORD, mfa_id="unknown"))
    result = await done(records.auth_with_password(account.email, PASSWORD, mfa_id=second.value.mfa_id))
    assert result.record.id == account.id


async def test_oauth2_as_a_second_factor(
    visitor: Any, accounts: str, oidc: OidcProvider, two_factors: None, pb: PocketBase
) -> None:
    email = oidc.welcome()
    body = {"email": email, "password": PASSWORD, "passwordConfirm": PASSWORD, "verified": True}
    made = pb.collection(accounts).create(body)

    with pytest.raises(MfaRequired) as first:
        await done(visitor.collection(accounts).auth_with_oauth2("oidc", visit))
    assert first.value.mfa_id
    result = await done(visitor.collection(accounts).auth_with_password(email, PASSWORD, mfa_id=first.value.mfa_id))

    assert result.record.id == made.id


@pytest.mark.parametrize("body", [b'{"mfaId": ""}', b'{"mfaId": 5}', b"{}"])
async def test_a_401_that_asks_for_no_second_factor(body: bytes) -> None:
    with OddServer(answer(401, body)) as odd, PocketBase(odd.url) as pb, pytest.raises(Unauthorized) as error:
        pb.users.auth_with_password("a", "b")
    assert type(error.value) is Unauthorized


@since(0, 26)
async def test_oauth2_all_in_one(visitor: Any, accounts: str, oidc: OidcProvider) -> None:
    email = oidc.welcome()
    pages: list[httpx.Response] = []

    result = await done(
        visitor.collection(accounts).auth_with_oauth2(
            "oidc", lambda url: pages.append(visit(url)), ["openid", "a b"], {"nick": "Ännchen"}, expand="x"
        )
    )

    assert "failure" not in pages[0].headers.get("Location", "")
    assert oidc.asked[0]["scope"] == "openid a b"
    assert oidc.asked[0]["redirect_uri"] == f"{visitor.url}/api/oauth2-redirect"
    assert (result.record.email, result.record.nick, result.meta["isNew"]) == (email, "Ännchen", True)
    assert (result.meta["id"], result.meta["name"]) == (oidc.user["sub"], "Ann")
    assert (visitor.auth_store.token, visitor.auth_store.record) == (result.token, result.record)
    assert not visitor.realtime.is_connected

    again = await done(visitor.collection(accounts).auth_with_oauth2("oidc", visit))
    assert (again.record.id, again.meta["isNew"]) == (result.record.id, False)
    assert "email" in oidc.asked[1]["scope"]


async def test_a_callback_to_be_awaited(pb: PocketBase, accounts: str, oidc: OidcProvider, guest: PocketBase) -> None:
    email = oidc.welcome()

    async def browse(url: str) -> None:
        await asyncio.to_thread(visit, url)

    async with guest.aio as aio:
        assert (await aio.collection(accounts).auth_with_oauth2("oidc", browse)).record.email == email
    with pytest.raises(InvalidRequest, match=r"call auth_with_oauth2 of pb\.aio"):
        guest.collection(accounts).auth_with_oauth2("oidc", browse)


async def test_the_provider_refuses(visitor: Any, accounts: str, oidc: OidcProvider) -> None:
    oidc.welcome()
    oidc.refuses_with = "access_denied"

    with pytest.raises(OAuth2Failed, match="'oidc' sent back 'access_denied'") as error:
        await done(visitor.collection(accounts).auth_with_oauth2("oidc", visit))

    assert error.value.response == {"error": "access_denied"}
    assert not visitor.auth_store.token


async def test_nobody_signs_in(visitor: Any, accounts: str) -> None:
    shown: list[str] = []

    with pytest.raises(RequestTimeout, match=r"nobody signed in to 'accounts' with 'oidc' within 0\.3 s") as error:
        await done(visitor.collection(accounts).auth_with_oauth2("oidc", shown.append, timeout=0.3))

    assert error.value.is_abort
    assert len(shown) == 1


async def test_the_callback_fails(visitor: Any, accounts: str) -> None:
    def fail(url: str) -> None:
        raise RuntimeError("no browser")

    before = threading.active_count()
    with pytest.raises(RuntimeError, match="no browser"):
        await done(visitor.collection(accounts).auth_with_oauth2("oidc", fail, timeout=600))
    assert threading.active_count() <= before + 1


async def test_a_provider_that_is_not_there(visitor: Any, accounts: str) -> None:
    with pytest.raises(InvalidRequest, match="no OAuth2 provider 'google'; this collection has 'oidc'"):
        await done(visitor.collection(accounts).auth_with_oauth2("google", visit))


async def test_the_connection_that_waits_breaks(server: PocketBaseServer, flavour: str, accounts: str) -> None:
    with FaultProxy(server.url) as proxy:
        async with new_client(flavour, proxy.url) as visitor:
            with pytest.raises(ConnectionFailed):
                await done(visitor.collection(accounts).auth_with_oauth2("oidc", lambda url: proxy.cut(), timeout=30))


async def test_oauth2_with_a_redirect_page_of_one_s_own(visitor: Any, accounts: str, oidc: OidcProvider) -> None:
    email, page = oidc.welcome(), "https://app.example/signed-in"
    provider: AuthProvider = (await done(visitor.collection(accounts).list_auth_methods())).provider("oidc")
    code = code_from(provider.auth_url + quote(page, safe=""))

    with pytest.raises(BadRequest) as error:
        await done(visitor.collection(accounts).auth_with_oauth2_code("oidc", "wrong", provider.code_verifier, page))
    result = await done(
        visitor.collection(accounts).auth_with_oauth2_code("oidc", code, provider.code_verifier, page, {"nick": "n"})
    )

    assert oidc.asked[0]["redirect_uri"] == page
    assert (result.record.email, result.record.nick) == (email, "n")
    assert provider.code_verifier not in str(error.value)


async def test_linked_accounts(
    visitor: Any, accounts: str, account: Record, oidc: OidcProvider, pb: PocketBase
) -> None:
    oidc.welcome()
    records = visitor.collection(accounts)
    await done(records.auth_with_password(account.email, PASSWORD))
    assert (await done(records.auth_with_oauth2("oidc", visit))).record.id == account.id

    links = await done(records.list_external_auths(account.id))
    assert [(link.provider, link.providerId) for link in links] == [("oidc", oidc.user["sub"])]
    assert pb.collection(accounts).list_external_auths(account.id) == links

    with pytest.raises(NotFound, match=r"has no account of 'google' linked"):
        await done(records.unlink_external_auth(account.id, "google"))
    await done(records.unlink_external_auth(account.id, "oidc"))
    assert await done(records.list_external_auths(account.id)) == []


async def test_impersonating(client: Any, accounts: str, account: Record) -> None:
    client.before_send = lambda request: request.headers.update({"X-Mine": "1"})
    theirs = await done(client.collection(accounts).impersonate(account.id, 60))

    assert type(theirs) is type(client)
    assert theirs.auth_store is not client.auth_store
    assert theirs.auth_store.record == {**account, "collectionName": accounts}
    assert 30 < theirs.auth_store.life().expires_at - __import__("time").time() <= 61
    assert [r.id for r in await done(theirs.collection(accounts).get_list())] == [account.id]
    assert theirs._state is not client._state
    assert theirs._state.headers is not client._state.headers
    assert client.auth_store.is_superuser
    theirs.before_send = None
    assert client.before_send is not None
    client.before_send = None
    theirs.auth_store.clear()
    await close(theirs)
    assert (await done(client.collection(accounts).get_one(account.id))).id == account.id


async def test_only_superusers_impersonate(visitor: Any, accounts: str, account: Record) -> None:
    await done(visitor.collection(accounts).auth_with_password(account.email, PASSWORD))
    with pytest.raises(Forbidden):
        await done(visitor.collection(accounts).impersonate(account.id))


def test_every_way_is_in_both_flavours(guest: PocketBase) -> None:
    sync, twin = guest.users, guest.aio.users
    names = (
        "list_auth_methods auth_with_password request_otp auth_with_otp auth_with_oauth2_code auth_with_oauth2 "
        "auth_refresh request_verification confirm_verification request_password_reset confirm_password_reset "
        "request_email_change confirm_email_change impersonate list_external_auths unlink_external_auth"
    )
    for name in names.split():
        assert inspect.iscoroutinefunction(getattr(twin, name))
        assert not inspect.iscoroutinefunction(getattr(sync, name))
        parameters = inspect.signature(getattr(sync, name)).parameters
        assert list(parameters) == list(inspect.signature(getattr(twin, name)).parameters)
        assert {"query", "headers"} <= set(parameters)
        assert "Raises:" in (getattr(sync, name).__doc__ or "")
