"""`AuthCollection`: models whose records can sign in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pbmodels.client import AsyncPocketBase, AuthMethods, PocketBase, Record
from pbmodels.client._url_callback import UrlCallback
from pbmodels.models._accounts import current_user
from pbmodels.models._auth_aio import AuthAio
from pbmodels.models._auth_options import AuthOptions
from pbmodels.models._collection import Collection
from pbmodels.models._context import client_of
from pbmodels.models._fields import Field, field
from pbmodels.models._indexes import Index
from pbmodels.models._rules import Rules
from pbmodels.models._sync import accounts
from pbmodels.models._types import Email, Password


class AuthCollection(Collection):
    """A collection whose records can sign in.

    Signing in signs in the client that the call goes through: in a web back end give each request one of its own, with
    `using(pb.with_token(token))`.

    Class arguments: those of `Collection`, and

        auth: How its records sign in, and what mails the server sends, as `AuthOptions(...)`.

    Example:
        >>> class Member(AuthCollection, collection="members"):
        ...     name: Field[str] = field(default="")
        >>> Member(email="ann@example.com", password="correct horse")
        Member(id='...', email='ann@example.com', email_visibility=False, verified=False, name='')
    """

    if TYPE_CHECKING:

        def __init_subclass__(
            cls,
            *,
            collection: str | None = None,
            client: PocketBase | AsyncPocketBase | None = None,
            rules: Rules | None = None,
            indexes: Sequence[Index | str] = (),
            collection_id: str | None = None,
            was: str | None = None,
            field_order: Sequence[str] | None = None,
            abstract: bool = False,
            auth: AuthOptions | None = None,
            **kwargs: Any,
        ) -> None: ...

    aio: ClassVar[AuthAio] = AuthAio()  # pyright: ignore[reportIncompatibleVariableOverride]  # it has more verbs

    email: Field[Email] = field(default="")
    email_visibility: Field[bool] = field(default=False, name="emailVisibility")
    verified: Field[bool] = field(default=False)
    password: Field[Password] = field(default="")

    # Signing in and out

    @classmethod
    def register(cls, email: str, password: str, *, sign_in: bool = True, **values: Any) -> Self:
        """Make a record, and sign in as it.

        Args:
            email: Its address.
            password: Its password.
            sign_in: Whether to sign in; without, this is `create`.
            values: Its other fields.

        Raises:
            InvalidRecord: A value does not fit; nothing was sent.
            ValidationFailed: The server refused a value, such as an address that is taken.
            Forbidden: The create rule, or for signing in the collection's auth rule, does not allow it; a note says
                whether the record was created.

        Example:
            >>> with PocketBase(url) as client, using(client):
            ...     client.auth_store.save(pb.auth_store.token)  # this server lets only superusers create users
            ...     ann = User.register("ann@example.com", "correct horse", name="Ann")
            ...     User.current() == ann
            True
        """
        return accounts.register(cls, email, password, sign_in, values)

    @classmethod
    def login(
        cls,
        identity: str,
        password: str,
        *,
        identity_field: str | None = None,
        mfa_id: str | None = None,
        expand: Sequence[Any] = (),
    ) -> Self:
        """Sign in with an email (or another identity field) and a password.

        Args:
            identity: The value of one of the collection's identity fields.
            password: The password; it never reaches a message or a log.
            identity_field: Which field `identity` is of, when it could be several.
            mfa_id: The `mfa_id` of the `MfaRequired` that another way to sign in raised.
            expand: Relations to bring along, such as `[User.avatar]`.

        Returns:
            Who is signed in now.

        Raises:
            BadRequest: Identity or password is wrong.
            MfaRequired: They are right, and the collection asks for a second way to sign in.

        Example:
            >>> ann = User.create(email="ann@example.com", password="correct horse")
            >>> with PocketBase(url) as guest, using(guest):
            ...     User.login("ann@example.com", "correct horse") == ann
            True
        """
        return accounts.login(cls, identity, password, identity_field, mfa_id, expand)

    @classmethod
    def request_otp(cls, email: str) -> str:
        """Have a one-time password mailed to who has this address.

        Returns:
            The id that `login_with_otp` takes with the password; there is one even if nobody has this address.

        Raises:
            Forbidden: The collection does not offer one-time passwords.
            ValidationFailed: The text is no email address.

        Example:
            ```python
            otp_id = User.request_otp("ann@example.com")
            user = User.login_with_otp(otp_id, input("The code in your mail: "))
            ```
        """
        return accounts.service(cls).request_otp(email)

    @classmethod
    def login_with_otp(
        cls, otp_id: str, password: str, *, mfa_id: str | None = None, expand: Sequence[Any] = ()
    ) -> Self:
        """Sign in with a one-time password.

        Args:
            otp_id: What `request_otp` gave.
            password: What the mail says.
            mfa_id: The `mfa_id` of the `MfaRequired` that another way to sign in raised.
            expand: Relations to bring along.

        Raises:
            BadRequest: The password is wrong, used or too old.
            MfaRequired: It is right, and the collection asks for a second way to sign in.

        Example:
            ```python
            try:
                User.login("ann@example.com", "secret")
            except MfaRequired as error:
                otp_id = User.request_otp("ann@example.com")
                User.login_with_otp(otp_id, input("The code in your mail: "), mfa_id=error.mfa_id)
            ```
        """
        return accounts.login_with_otp(cls, otp_id, password, mfa_id, expand)

    @classmethod
    def login_with_oauth2(
        cls,
        provider: str,
        url_callback: UrlCallback,
        *,
        scopes: Sequence[str] | None = None,
        defaults: Mapping[str, Any] | None = None,
        timeout: float = 240.0,
        mfa_id: str | None = None,
        expand: Sequence[Any] = (),
    ) -> tuple[Self, dict[str, Any]]:
        """Sign in with an OAuth2 provider, all in one: show the address, wait until someone has signed in there.

        Args:
            provider: The provider's name, such as `google`.
            url_callback: Called with the address to visit: `webbrowser.open`, `print`.
            scopes: What to ask the provider for, instead of the server's choice.
            defaults: Fields for the record, if this sign-in creates one.
            timeout: Seconds to wait for who signs in.
            mfa_id: The `mfa_id` of the `MfaRequired` that another way to sign in raised.
            expand: Relations to bring along.

        Returns:
            Who is signed in now, and what the provider said: the account there, its tokens, `isNew`.

        Raises:
            OAuth2Failed: The provider, or who was to sign in, refused.
            RequestTimeout: Nobody signed in in time.
            InvalidRequest: The collection does not offer this provider.
            InvalidRecord: A value of `defaults` does not fit; nothing was sent.

        Example:
            ```python
            import webbrowser

            user, account = User.login_with_oauth2("google", webbrowser.open)
            ```
        """
        return accounts.login_with_oauth2(cls, provider, url_callback, scopes, defaults, timeout, mfa_id, expand)

    @classmethod
    def login_with_oauth2_code(
        cls,
        provider: str,
        code: str,
        code_verifier: str,
        redirect_url: str,
        *,
        defaults: Mapping[str, Any] | None = None,
        mfa_id: str | None = None,
        expand: Sequence[Any] = (),
    ) -> tuple[Self, dict[str, Any]]:
        """Sign in with the code that an OAuth2 provider sent: for web back ends with a redirect page of their own.

        Args:
            provider: The provider's name, such as `google`.
            code: What the provider added to the redirect address as `code`.
            code_verifier: That of the provider in the `list_auth_methods` whose address was visited.
            redirect_url: The redirect address that was part of it.
            defaults: Fields for the record, if this sign-in creates one.
            mfa_id: The `mfa_id` of the `MfaRequired` that another way to sign in raised.
            expand: Relations to bring along.

        Returns:
            As `login_with_oauth2`.

        Raises:
            BadRequest: The provider does not take the code.
            InvalidRecord: A value of `defaults` does not fit; nothing was sent.
        """
        return accounts.login_with_oauth2_code(
            cls, provider, code, code_verifier, redirect_url, defaults, mfa_id, expand
        )

    @classmethod
    def list_auth_methods(cls) -> AuthMethods:
        """The ways to sign in that the collection offers; see `pb.collection(name).list_auth_methods`.

        Example:
            >>> User.list_auth_methods().password.identity_fields
            ['email']
        """
        return accounts.service(cls).list_auth_methods()

    @classmethod
    def auth_refresh(cls, *, expand: Sequence[Any] = ()) -> Self:
        """Who is signed in, as the server has the record now, with a new token: whether a token is good shows here.

        Args:
            expand: Relations to bring along.

        Raises:
            Unauthorized: Nobody is signed in, or the token is no longer valid.

        Example:
            >>> ann = User.create(email="ann@example.com", password="correct horse")
            >>> with PocketBase(url) as guest, using(guest):
            ...     _ = User.login("ann@example.com", "correct horse")
            ...     User.auth_refresh() == ann
            True
        """
        return accounts.auth_refresh(cls, expand)

    @classmethod
    def current(cls) -> Self | None:
        """Who is signed in, None when that is nobody of this collection; nothing is sent. See `current_user`."""
        return current_user(cls)

    @classmethod
    def logout(cls) -> None:
        """Forget who is signed in with the client in use; the server keeps no sessions, so nothing is sent.

        Example:
            >>> ann = User.create(email="ann@example.com", password="correct horse")
            >>> with PocketBase(url) as guest, using(guest):
            ...     _ = User.login("ann@example.com", "correct horse")
            ...     User.logout()
            ...     print(User.current())
            None
        """
        client_of(cls).auth_store.clear()

    def impersonate(self, duration: int = 0) -> PocketBase:
        """A new client that is signed in as this record; superusers only.

        Args:
            duration: Seconds that its token is good for, 0 for as long as the collection's other tokens.

        Returns:
            The client; close it when it is no longer needed.

        Raises:
            Forbidden: No superuser is signed in.
            RecordNotFound: The record is gone.

        Example:
            >>> ann = User.create(email="ann@example.com", password="correct horse")
            >>> with ann.impersonate(60) as theirs, using(theirs):
            ...     User.current() == ann
            True
        """
        return accounts.impersonate(self, duration)

    # What is confirmed by mail

    def request_verification(self) -> None:
        """Have a mail sent that verifies the record's address; none is when it is verified already.

        Raises:
            InvalidRecord: The record is not saved.
            FieldNotLoaded: The server withholds the address from who is signed in.

        Example:
            >>> User.create(email="ann@example.com", password="correct horse").request_verification()
        """
        accounts.request_verification(self)

    @classmethod
    def confirm_verification(cls, token: str) -> None:
        """Verify an address.

        Args:
            token: What the mail's link ends with.

        Raises:
            ValidationFailed: The token is wrong or too old.
        """
        accounts.service(cls).confirm_verification(token)

    @classmethod
    def request_password_reset(cls, email: str) -> None:
        """Have a mail sent that lets its reader set a new password; nothing tells whether anyone has this address.

        Args:
            email: The address.

        Raises:
            ValidationFailed: The text is no email address.

        Example:
            >>> User.request_password_reset("ann@example.com")
        """
        accounts.service(cls).request_password_reset(email)

    @classmethod
    def confirm_password_reset(cls, token: str, password: str) -> None:
        """Set a new password. All tokens of the record end with it: sign in again.

        Args:
            token: What the mail's link ends with.
            password: The new password.

        Raises:
            ValidationFailed: The token is wrong or too old, or the password is refused.
        """
        accounts.service(cls).confirm_password_reset(token, password)

    def request_email_change(self, new_email: str) -> None:
        """Have a mail sent to a new address of the signed-in record, which confirms the change.

        Args:
            new_email: The new address.

        Raises:
            InvalidRecord: This record is not the one that is signed in.
            ValidationFailed: The address is taken, or is none.
        """
        accounts.request_email_change(self, new_email)

    @classmethod
    def confirm_email_change(cls, token: str, password: str) -> None:
        """Take the new address. All tokens of the record end with it, so that it is signed out.

        Args:
            token: What the mail's link ends with.
            password: The record's password.

        Raises:
            ValidationFailed: The token is wrong or too old, or the password is wrong.
        """
        accounts.service(cls).confirm_email_change(token, password)

    def change_password(self, old: str, new: str) -> None:
        """Set a new password, knowing the old one. A superuser needs no old one: set `password` and save.

        The server ends all tokens of the record. Who is signed in as it is signed in anew, or signed out where its
        address and password alone do not do.

        Args:
            old: The password so far.
            new: The new one.

        Raises:
            InvalidRecord: The record is not saved, or the password does not fit.
            ValidationFailed: The old one is wrong, or the server refused the new one.

        Example:
            >>> ann = User.create(email="ann@example.com", password="correct horse")
            >>> ann.change_password("correct horse", "battery staple")
            >>> with PocketBase(url) as guest, using(guest):
            ...     User.login("ann@example.com", "battery staple") == ann
            True
        """
        accounts.change_password(self, old, new)

    # Accounts at OAuth2 providers

    def list_external_auths(self) -> list[Record]:
        """The OAuth2 accounts that are linked to the record; none of a record that is not one's own.

        Returns:
            Records of `_externalAuths`, with `provider` and `providerId`.

        Example:
            >>> User.create(email="ann@example.com", password="correct horse").list_external_auths()
            []
        """
        return accounts.service(type(self)).list_external_auths(self.id)

    def unlink_external_auth(self, provider: str) -> None:
        """End the link between the record and its account at an OAuth2 provider.

        Args:
            provider: The provider's name, such as `google`.

        Raises:
            NotFound: There is no such link.
        """
        accounts.service(type(self)).unlink_external_auth(self.id, provider)
