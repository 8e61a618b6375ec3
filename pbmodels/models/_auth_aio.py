"""`User.aio` and `user.aio`: the verbs of auth models for async code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, overload

from pbmodels.client import AsyncPocketBase, AuthMethods, Record
from pbmodels.client._url_callback import AsyncUrlCallback
from pbmodels.models._aio import Aio, AsyncActions, AsyncModel
from pbmodels.models._async import accounts

if TYPE_CHECKING:
    from pbmodels.models._auth import AuthCollection

U = TypeVar("U", bound="AuthCollection")


class AsyncAuthModel(AsyncModel[U]):
    """The verbs of an auth model that ask the server, to be awaited; each does what the model's own does."""

    __slots__ = ()

    async def register(self, email: str, password: str, *, sign_in: bool = True, **values: Any) -> U:
        """Make a record, and sign in as it."""
        return await accounts.register(self._model, email, password, sign_in, values)

    async def login(
        self,
        identity: str,
        password: str,
        *,
        identity_field: str | None = None,
        mfa_id: str | None = None,
        expand: Sequence[Any] = (),
    ) -> U:
        """Sign in with an email (or another identity field) and a password."""
        return await accounts.login(self._model, identity, password, identity_field, mfa_id, expand)

    async def request_otp(self, email: str) -> str:
        """Have a one-time password mailed; gives the id that `login_with_otp` takes."""
        return await accounts.service(self._model).request_otp(email)

    async def login_with_otp(
        self, otp_id: str, password: str, *, mfa_id: str | None = None, expand: Sequence[Any] = ()
    ) -> U:
        """Sign in with a one-time password."""
        return await accounts.login_with_otp(self._model, otp_id, password, mfa_id, expand)

    async def login_with_oauth2(
        self,
        provider: str,
        url_callback: AsyncUrlCallback,
        *,
        scopes: Sequence[str] | None = None,
        defaults: Mapping[str, Any] | None = None,
        timeout: float = 240.0,
        mfa_id: str | None = None,
        expand: Sequence[Any] = (),
    ) -> tuple[U, dict[str, Any]]:
        """Sign in with an OAuth2 provider, all in one; `url_callback` may be async."""
        return await accounts.login_with_oauth2(
            self._model, provider, url_callback, scopes, defaults, timeout, mfa_id, expand
        )

    async def login_with_oauth2_code(
        self,
        provider: str,
        code: str,
        code_verifier: str,
        redirect_url: str,
        *,
        defaults: Mapping[str, Any] | None = None,
        mfa_id: str | None = None,
        expand: Sequence[Any] = (),
    ) -> tuple[U, dict[str, Any]]:
        """Sign in with the code that an OAuth2 provider sent."""
        return await accounts.login_with_oauth2_code(
            self._model, provider, code, code_verifier, redirect_url, defaults, mfa_id, expand
        )

    async def list_auth_methods(self) -> AuthMethods:
        """The ways to sign in that the collection offers."""
        return await accounts.service(self._model).list_auth_methods()

    async def auth_refresh(self, *, expand: Sequence[Any] = ()) -> U:
        """Who is signed in, as the server has the record now, with a new token."""
        return await accounts.auth_refresh(self._model, expand)

    async def confirm_verification(self, token: str) -> None:
        """Verify an address."""
        await accounts.service(self._model).confirm_verification(token)

    async def request_password_reset(self, email: str) -> None:
        """Have a mail sent that lets its reader set a new password."""
        await accounts.service(self._model).request_password_reset(email)

    async def confirm_password_reset(self, token: str, password: str) -> None:
        """Set a new password."""
        await accounts.service(self._model).confirm_password_reset(token, password)

    async def confirm_email_change(self, token: str, password: str) -> None:
        """Take the new address."""
        await accounts.service(self._model).confirm_email_change(token, password)


class AsyncAuthActions(AsyncActions[U]):
    """The verbs of an auth record that ask the server, to be awaited."""

    __slots__ = ()

    async def impersonate(self, duration: int = 0) -> AsyncPocketBase:
        """A new client that is signed in as this record; superusers only."""
        return await accounts.impersonate(self._record, duration)

    async def request_verification(self) -> None:
        """Have a mail sent that verifies the record's address."""
        await accounts.request_verification(self._record)

    async def request_email_change(self, new_email: str) -> None:
        """Have a mail sent to a new address of the signed-in record, which confirms the change."""
        await accounts.request_email_change(self._record, new_email)

    async def change_password(self, old: str, new: str) -> None:
        """Set a new password, knowing the old one."""
        await accounts.change_password(self._record, old, new)

    async def list_external_auths(self) -> list[Record]:
        """The OAuth2 accounts that are linked to the record."""
        return await accounts.service(type(self._record)).list_external_auths(self._record.id)

    async def unlink_external_auth(self, provider: str) -> None:
        """End the link between the record and its account at an OAuth2 provider."""
        await accounts.service(type(self._record)).unlink_external_auth(self._record.id, provider)


class AuthAio(Aio):
    """The descriptor behind `aio` of auth models."""

    @overload  # type: ignore[override]  # only auth models have it
    def __get__(self, record: None, owner: type[U]) -> AsyncAuthModel[U]: ...
    @overload
    def __get__(self, record: U, owner: type[U]) -> AsyncAuthActions[U]: ...
    def __get__(self, record: Any, owner: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        return AsyncAuthModel(owner) if record is None else AsyncAuthActions(record)
