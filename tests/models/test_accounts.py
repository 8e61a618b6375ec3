"""Auth models: registering, signing in, mails, being someone else, and a user for each request; sync and async."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest

from pbmodels import (
    AuthCollection,
    AuthOptions,
    BadRequest,
    Collection,
    Field,
    Forbidden,
    InvalidRecord,
    MfaRequired,
    ModelError,
    NotFound,
    PocketBase,
    PocketBaseServer,
    Relation,
    Rules,
    Unauthorized,
    ValidationFailed,
    current_user,
    field,
    using,
)
from pbmodels.models import AuthAlert, Otp
from pbmodels.schema import push
from tests.blog import User
from tests.client.flavours import done
from tests.client.mailbox import Mailbox
from tests.client.oidc import OidcProvider, code_from, visit
from tests.server_version import since

PASSWORD = "correct horse battery"
OWN = "id = @request.auth.id"


class Member(
    AuthCollection,
    collection="signers",
    rules=Rules(list=OWN, view=OWN, create=Rules.anyone, update=OWN, delete=OWN),
    auth=AuthOptions(otp=Otp(enabled=True), auth_alert=AuthAlert(enabled=False)),
):
    nick: Field[str] = field(default="", max_length=20)
    mentor: Relation[Member | None] = field(default=None)


class Note(
    Collection,
    collection="signers_notes",
    rules=Rules(list="owner = @request.auth.id", create="@request.auth.id != ''"),
):
    text: Field[str]
    owner: Relation[Member]


@pytest.fixture(scope="module")
def mailbox(superuser: PocketBase) -> Iterator[Mailbox]:
    """Where the server's mails arrive."""
    before = superuser.send("/api/settings")["smtp"]
    with Mailbox() as box:
        smtp = {"enabled": True, "host": box.host, "port": box.port, "tls": False, "username": ""}
        superuser.settings.update({"smtp": smtp})
        yield box
        superuser.settings.update({"smtp": before})


@pytest.fixture(scope="module")
def oidc() -> Iterator[OidcProvider]:
    """A service where people have accounts."""
    with OidcProvider() as provider:
        yield provider


@pytest.fixture(scope="module", autouse=True)
def _collections(superuser: PocketBase, oidc: OidcProvider) -> Iterator[None]:
    push(superuser, Member, Note)
    superuser.collections.update("signers", {"oauth2": {"enabled": True, "providers": [oidc.settings]}})
    yield
    for name in ("signers_notes", "signers"):
        superuser.collections.delete(name)


@pytest.fixture(params=["sync", "async"])
def flavour(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def visitor(flavour: str, server: PocketBaseServer) -> AsyncIterator[PocketBase]:
    """The client of a visitor who is not signed in; all models use it."""
    with PocketBase(server.url) as pb, using(pb):
        if flavour == "sync":
            yield pb
        else:
            async with pb.aio:
                yield pb


@pytest.fixture
def email() -> str:
    return f"{uuid4().hex}@example.com"


@pytest.fixture
def ann(pb: PocketBase, email: str) -> Member:
    """A member."""
    with using(pb):
        return Member.create(email=email, password=PASSWORD, nick="ann")


def verbs(flavour: str, of: Any) -> Any:
    """The verbs of a model or record in this flavour; `done` awaits what they give."""
    return of if flavour == "sync" else of.aio


class TestSigningIn:
    async def test_registering_signs_in(self, flavour: str, visitor: PocketBase, email: str) -> None:
        assert current_user() is None

        ann = await done(verbs(flavour, Member).register(email, PASSWORD, nick="ann"))

        assert isinstance(ann, Member)
        assert (ann.nick, ann.email, ann.is_new, ann.changed_fields) == ("ann", email, False, set())
        assert Member.current() == current_user() == current_user(Member) == ann
        assert visitor.auth_store.token
        with pytest.raises(AttributeError, match="password was not sent"):
            _ = ann.password

    async def test_registering_without_signing_in(self, flavour: str, visitor: PocketBase, email: str) -> None:
        ann = await done(verbs(flavour, Member).register(email, PASSWORD, sign_in=False))
        assert (ann.is_new, Member.current()) == (False, None)

    async def test_bad_values_are_refused_before_anything_is_sent(
        self, flavour: str, visitor: PocketBase, email: str
    ) -> None:
        visitor.before_send = lambda request: pytest.fail("sent")
        with pytest.raises(InvalidRecord, match=r"signers.nick: .*at most 20"):
            await done(verbs(flavour, Member).register(email, PASSWORD, nick="x" * 21))

    async def test_an_address_that_is_taken(self, flavour: str, visitor: PocketBase, ann: Member) -> None:
        with pytest.raises(ValidationFailed) as caught:
            await done(verbs(flavour, Member).register(ann.email, PASSWORD))
        assert caught.value.field_errors.keys() == {"email"}
        assert PASSWORD not in str(caught.value)

    async def test_where_only_the_verified_may_sign_in(
        self, flavour: str, visitor: PocketBase, email: str, pb: PocketBase
    ) -> None:
        pb.collections.update("signers", {"authRule": "verified = true"})
        try:
            with pytest.raises(Forbidden) as caught:
                await done(verbs(flavour, Member).register(email, PASSWORD))
        finally:
            pb.collections.update("signers", {"authRule": ""})
        assert "was created; only signing in as it failed" in caught.value.__notes__[0]
        assert pb.collection("signers").get_first_list_item(f"email = '{email}'").email == email

    async def test_login(self, flavour: str, visitor: PocketBase, ann: Member, pb: PocketBase) -> None:
        with using(pb):
            ann.mentor = Member.create(email=f"{uuid4().hex}@example.com", password=PASSWORD, nick="bob")
            ann.save()
        with pytest.raises(BadRequest):
            await done(verbs(flavour, Member).login(ann.email, "wrong"))
        assert Member.current() is None

        found = await done(verbs(flavour, Member).login(ann.email, PASSWORD, expand=[Member.mentor]))

        assert found == ann == Member.current()
        assert (found.nick, found.changed_fields) == ("ann", set())
        assert found.mentor.record is None  # the rule shows each only to itself

    async def test_logout(self, flavour: str, visitor: PocketBase, ann: Member) -> None:
        await done(verbs(flavour, Member).login(ann.email, PASSWORD))
        Member.logout()
        assert (visitor.auth_store.token, current_user()) == ("", None)

    async def test_refresh(self, flavour: str, visitor: PocketBase, ann: Member, pb: PocketBase) -> None:
        with pytest.raises(Unauthorized):
            await done(verbs(flavour, Member).auth_refresh())
        await done(verbs(flavour, Member).login(ann.email, PASSWORD))
        pb.collection("signers").update(ann.id, {"nick": "new"})
        assert current_user(Member).nick == "ann"  # type: ignore[union-attr]

        assert (await done(verbs(flavour, Member).auth_refresh())).nick == "new"

        assert current_user(Member).nick == "new"  # type: ignore[union-attr]

    async def test_who_is_signed_in_stays_in_step_with_saves(
        self, flavour: str, visitor: PocketBase, ann: Member
    ) -> None:
        me = await done(verbs(flavour, Member).login(ann.email, PASSWORD))
        me.nick = "anna"
        await done(verbs(flavour, me).save())
        assert Member.current().nick == "anna"  # type: ignore[union-attr]
        await done(verbs(flavour, me).delete())
        assert Member.current() is None

    async def test_one_time_passwords(self, flavour: str, visitor: PocketBase, ann: Member, mailbox: Mailbox) -> None:
        otp_id = await done(verbs(flavour, Member).request_otp(ann.email))
        found = await done(verbs(flavour, Member).login_with_otp(otp_id, mailbox.one_time_password(ann.email)))
        assert found == ann == current_user()

    async def test_two_factors(
        self, flavour: str, visitor: PocketBase, ann: Member, mailbox: Mailbox, pb: PocketBase
    ) -> None:
        pb.collections.update("signers", {"mfa": {"enabled": True}})
        try:
            with pytest.raises(MfaRequired) as caught:
                await done(verbs(flavour, Member).login(ann.email, PASSWORD))
            otp_id = await done(verbs(flavour, Member).request_otp(ann.email))
            code = mailbox.one_time_password(ann.email)
            found = await done(verbs(flavour, Member).login_with_otp(otp_id, code, mfa_id=caught.value.mfa_id))
        finally:
            pb.collections.update("signers", {"mfa": {"enabled": False}})
        assert found == ann == current_user()

    @since(0, 26)
    async def test_oauth2(self, flavour: str, visitor: PocketBase, oidc: OidcProvider) -> None:
        email = oidc.welcome()
        methods = await done(verbs(flavour, Member).list_auth_methods())
        assert [provider.name for provider in methods.oauth2.providers] == ["oidc"]

        user, account = await done(verbs(flavour, Member).login_with_oauth2("oidc", visit, defaults={"nick": "o"}))

        assert isinstance(user, Member)
        assert (user.email, user.nick, account["isNew"], account["email"]) == (email, "o", True, email)
        assert current_user() == user
        links = await done(verbs(flavour, user).list_external_auths())
        assert [link.provider for link in links] == ["oidc"]
        await done(verbs(flavour, user).unlink_external_auth("oidc"))
        assert await done(verbs(flavour, user).list_external_auths()) == []
        with pytest.raises(NotFound):
            await done(verbs(flavour, user).unlink_external_auth("oidc"))

    @since(0, 26)
    async def test_oauth2_with_a_redirect_page_of_one_s_own(
        self, flavour: str, visitor: PocketBase, oidc: OidcProvider
    ) -> None:
        email, page = oidc.welcome(), "https://app.example/signed-in"
        provider = (await done(verbs(flavour, Member).list_auth_methods())).provider("oidc")
        code = code_from(provider.auth_url + quote(page, safe=""))
        with pytest.raises(InvalidRecord, match=r"signers.nick: .*at most 20"):
            await done(
                verbs(flavour, Member).login_with_oauth2_code(
                    "oidc", code, provider.code_verifier, page, defaults={"nick": "x" * 21}
                )
            )
        user, account = await done(
            verbs(flavour, Member).login_with_oauth2_code(
                "oidc", code, provider.code_verifier, page, defaults={"nick": "n"}
            )
        )
        assert (user.email, user.nick, account["isNew"]) == (email, "n", True)


class TestMails:
    async def test_verification(self, flavour: str, visitor: PocketBase, ann: Member, mailbox: Mailbox) -> None:
        me = await done(verbs(flavour, Member).login(ann.email, PASSWORD))
        assert not me.verified
        await done(verbs(flavour, me).request_verification())
        await done(verbs(flavour, Member).confirm_verification(mailbox.token(ann.email)))
        assert Member.current().verified  # type: ignore[union-attr]
        assert (await done(verbs(flavour, me).refresh())).verified

    async def test_password_reset(self, flavour: str, visitor: PocketBase, ann: Member, mailbox: Mailbox) -> None:
        await done(verbs(flavour, Member).request_password_reset(ann.email))
        token = mailbox.token(ann.email)
        with pytest.raises(ValidationFailed):
            await done(verbs(flavour, Member).confirm_password_reset("nonsense", "another secret"))
        await done(verbs(flavour, Member).confirm_password_reset(token, "another secret"))
        assert await done(verbs(flavour, Member).login(ann.email, "another secret")) == ann

    async def test_email_change(self, flavour: str, visitor: PocketBase, ann: Member, mailbox: Mailbox) -> None:
        new = f"{uuid4().hex}@example.com"
        with pytest.raises(InvalidRecord, match="only who is signed in as Member"):
            await done(verbs(flavour, ann).request_email_change(new))
        me = await done(verbs(flavour, Member).login(ann.email, PASSWORD))
        await done(verbs(flavour, me).request_email_change(new))
        await done(verbs(flavour, Member).confirm_email_change(mailbox.token(new), PASSWORD))
        assert current_user() is None
        assert (await done(verbs(flavour, Member).login(new, PASSWORD))).email == new

    async def test_a_record_that_nobody_has(self, flavour: str, visitor: PocketBase) -> None:
        new = Member(email="new@example.com", password=PASSWORD)
        for verb, values in (
            ("request_verification", ()),
            ("request_email_change", ("x@example.com",)),
            ("change_password", (PASSWORD, "another secret")),
            ("impersonate", ()),
        ):
            with pytest.raises(InvalidRecord, match="was never saved, so there is nobody to"):
                await done(getattr(verbs(flavour, new), verb)(*values))


class TestPasswords:
    async def test_who_changes_it_stays_signed_in(self, flavour: str, visitor: PocketBase, ann: Member) -> None:
        me = await done(verbs(flavour, Member).login(ann.email, PASSWORD))
        before = visitor.auth_store.token
        with pytest.raises(ValidationFailed) as caught:
            await done(verbs(flavour, me).change_password("wrong one", "another secret"))
        assert caught.value.field_errors.keys() == {"oldPassword"}

        await done(verbs(flavour, me).change_password(PASSWORD, "another secret"))

        assert visitor.auth_store.token not in ("", before)
        assert await done(verbs(flavour, Member).auth_refresh()) == ann
        assert await done(verbs(flavour, Member).login(ann.email, "another secret")) == ann

    async def test_where_a_second_factor_is_needed_they_are_signed_out(
        self, flavour: str, visitor: PocketBase, ann: Member, pb: PocketBase
    ) -> None:
        me = await done(verbs(flavour, Member).login(ann.email, PASSWORD))
        pb.collections.update("signers", {"mfa": {"enabled": True}})
        try:
            await done(verbs(flavour, me).change_password(PASSWORD, "another secret"))
        finally:
            pb.collections.update("signers", {"mfa": {"enabled": False}})
        assert visitor.auth_store.token == ""

    def test_a_superuser_sets_it(self, pb: PocketBase, ann: Member, server: PocketBaseServer) -> None:
        with using(pb):
            ann.password = "another secret"
            ann.save()
        assert pb.auth_store.is_superuser
        with PocketBase(server.url) as guest, using(guest):
            assert Member.login(ann.email, "another secret") == ann


class TestBeingSomeone:
    async def test_impersonating(self, flavour: str, pb: PocketBase, ann: Member) -> None:
        with using(pb):
            theirs = await done(verbs(flavour, ann).impersonate(60))
            with using(theirs):
                assert current_user() == ann
                note = await done(verbs(flavour, Note(text="mine", owner=ann)).save())
                assert [found.id for found in await done(verbs(flavour, Note).all())] == [note.id]
            await done(theirs.aclose() if flavour == "async" else theirs.close())
            with pytest.raises(ModelError, match="a record of '_superusers' is signed in, and no model"):
                current_user()
            if flavour == "async":
                await pb.aio.aclose()

    async def test_only_superusers_do(self, flavour: str, visitor: PocketBase, ann: Member) -> None:
        await done(verbs(flavour, Member).login(ann.email, PASSWORD))
        with pytest.raises(Forbidden):
            await done(verbs(flavour, ann).impersonate())

    def test_records_of_other_collections(self, visitor: PocketBase, ann: Member) -> None:
        Member.login(ann.email, PASSWORD)
        assert (User.current(), current_user(User)) == (None, None)
        assert current_user() == ann

    def test_the_model_that_was_declared_last_is_given(self, visitor: PocketBase, ann: Member) -> None:
        class Signer(Member, collection="signers"):
            pass

        Member.login(ann.email, PASSWORD)
        assert type(current_user()) is Signer
        assert type(Member.current()) is Member

    def test_a_user_for_each_request(self, server: PocketBaseServer, pb: PocketBase) -> None:
        """A back end that serves many users at once: each request acts as who sent its token."""
        with using(pb):
            members = [Member.create(email=f"{uuid4().hex}@example.com", password=PASSWORD) for _ in range(4)]
            for number, member in enumerate(members):
                Note.create(text=str(number), owner=member)
        with PocketBase(server.url) as backend:
            tokens = []
            for member in members:
                with using(backend.with_token("")) as client:
                    Member.login(member.email, PASSWORD)
                    tokens.append(client.auth_store.token)

            def handle(number: int) -> list[str]:
                with using(backend.with_token(tokens[number % 4])):
                    assert Member.auth_refresh() == members[number % 4]
                    return [note.text for note in Note.all()]

            with ThreadPoolExecutor(4) as pool:
                answers = list(pool.map(handle, range(24)))
            assert answers == [[str(number % 4)] for number in range(24)]
            assert backend.auth_store.token == ""
            with using(backend.with_token("nonsense")), pytest.raises((Unauthorized, Forbidden)):
                Member.auth_refresh()

    def test_the_clients_of_requests_share_connections(self, server: PocketBaseServer) -> None:
        ports: set[int] = set()

        def note(response: httpx.Response) -> None:
            ports.add(response.extensions["network_stream"].get_extra_info("client_addr")[1])

        with PocketBase(server.url, after_send=note) as backend:
            for _ in range(5):
                with backend.with_token("") as client:
                    client.health.check()
        assert len(ports) == 1


def test_a_field_that_would_hide_a_verb_is_refused() -> None:
    with pytest.raises(ModelError, match="Bad.login would hide a method of AuthCollection: declare it under another"):

        class Bad(AuthCollection):
            login: Field[str]  # type: ignore[assignment]
