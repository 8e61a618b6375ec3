# Generated from pbmodels/client/_async/auth.py by .ci/unasync.py: edit that file and run `make generate`.
"""Signing in to one auth collection: `pb.collection(name).auth_with_...`."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pbmodels.client import _record_calls as calls
from pbmodels.client._auth_methods import (
    OAUTH2_TOPIC,
    REDIRECT_PATH,
    AuthMethods,
    auth_methods,
    code_of,
    provider_page,
)
from pbmodels.client._auth_store import AuthStore
from pbmodels.client._decode import decode_text
from pbmodels.client._errors import InvalidRequest, RequestTimeout
from pbmodels.client._record_calls import AuthResult, Paths
from pbmodels.client._request import Call, Headers, Query, list_query, segment
from pbmodels.client._sync.accounts import AccountService
from pbmodels.client._url_callback import UrlCallback, show

if TYPE_CHECKING:
    from pbmodels.client._clients import PocketBase


class AuthService(AccountService):
    """The ways to sign in to one auth collection.

    Source: PocketBase documentation, "Web APIs reference: API Records", "Authentication".
    """

    def list_auth_methods(self, *, query: Query | None = None, headers: Headers | None = None) -> AuthMethods:
        """The ways to sign in that this collection offers.

        Args:
            query: More query parameters.
            headers: More headers.

        Returns:
            `password`, `oauth2`, `otp` and `mfa`, each with `enabled`; for OAuth2 the providers, with fresh
            random values for one sign-in.

        Raises:
            NotFound: There is no such collection.

        Example:
            >>> methods = pb.collection("users").list_auth_methods()
            >>> methods.password.identity_fields
            ['email']
        """
        call = Call(
            "GET",
            f"{calls.base_path(self.name)}/auth-methods",
            query=list_query(fields="mfa,otp,password,oauth2", query=query),
            headers=headers or {},
        )
        return auth_methods(self._json(call))

    def auth_with_password(
        self,
        identity: str,
        password: str,
        *,
        identity_field: str | None = None,
        mfa_id: str | None = None,
        expand: Paths | None = None,
        fields: Paths | None = None,
        query: Query | None = None,
        headers: Headers | None = None,
    ) -> AuthResult:
        """Sign in with an email (or another identity field) and a password.

        Args:
            identity: The value of one of the collection's identity fields.
            password: The password; it never reaches a message or a log.
            identity_field: Which field `identity` is of, when it could be several.
            mfa_id: The `mfa_id` of the `MfaRequired` that another way to sign in raised.
            expand: Relations of the auth record to bring along.
            fields: Fields of the answer to give.
            query: More query parameters.
            headers: More headers.

        Returns:
            Token and record; the auth store holds them too.

        Raises:
            BadRequest: Identity or password is wrong.
            MfaRequired: They are right, and the collection asks for a second way to sign in.

        Example:
            >>> user = User(email="ann@example.com", password="12345678").save()
            >>> with PocketBase(url) as guest:
            ...     result = guest.users.auth_with_password("ann@example.com", "12345678")
            >>> result.record.email
            'ann@example.com'
        """
        for name, value in (("identity", identity), ("password", password)):
            if not isinstance(value, str) or not value:
                raise InvalidRequest(f"the {name} to sign in to {self.name!r} with must be text that is not empty")
        body = {"identity": identity, "password": password, "identityField": identity_field, "mfaId": mfa_id}
        return self._sign_in("auth-with-password", body, expand, fields, query, headers)

    def request_otp(self, email: str, *, query: Query | None = None, headers: Headers | None = None) -> str:
        """Have a one-time password mailed to who has this email address.

        Args:
            email: The record's email address.
            query: More query parameters.
            headers: More headers.

        Returns:
            The id that `auth_with_otp` takes with the password. There is one even if nobody has this address, and
            then no mail, so that addresses cannot be found out.

        Raises:
            Forbidden: The collection does not offer one-time passwords.
            ValidationFailed: The text is no email address.
            RateLimited: Too many were asked for.

        Example:
            ```python
            otp_id = pb.collection("users").request_otp("a@example.com")
            result = pb.collection("users").auth_with_otp(otp_id, input("The code in your mail: "))
            ```
        """
        call = calls.auth_call(self.name, "request-otp", {"email": email}, query=query, headers=headers)
        return decode_text(call, self._client.execute(call), "otpId")

    def auth_with_otp(
        self,
        otp_id: str,
        password: str,
        *,
        mfa_id: str | None = None,
        expand: Paths | None = None,
        fields: Paths | None = None,
        query: Query | None = None,
        headers: Headers | None = None,
    ) -> AuthResult:
        """Sign in with a one-time password.

        Args:
            otp_id: What `request_otp` gave.
            password: What the mail says.
            mfa_id: The `mfa_id` of the `MfaRequired` that another way to sign in raised.
            expand: Relations of the auth record to bring along.
            fields: Fields of the answer to give.
            query: More query parameters.
            headers: More headers.

        Returns:
            Token and record; the auth store holds them too.

        Raises:
            BadRequest: The password is wrong, used or too old.
            MfaRequired: It is right, and the collection asks for a second way to sign in.
            RateLimited: There were too many tries.

        Example:
            ```python
            try:
                users.auth_with_password("a@example.com", "secret")
            except MfaRequired as error:
                otp_id = users.request_otp("a@example.com")
                users.auth_with_otp(otp_id, input("The code in your mail: "), mfa_id=error.mfa_id)
            ```
        """
        body = {"otpId": otp_id, "password": password, "mfaId": mfa_id}
        return self._sign_in("auth-with-otp", body, expand, fields, query, headers)

    def auth_with_oauth2_code(
        self,
        provider: str,
        code: str,
        code_verifier: str,
        redirect_url: str,
        create_data: Mapping[str, Any] | None = None,
        *,
        mfa_id: str | None = None,
        expand: Paths | None = None,
        fields: Paths | None = None,
        query: Query | None = None,
        headers: Headers | None = None,
    ) -> AuthResult:
        """Sign in with the code that an OAuth2 provider sent: for web back ends with a redirect page of their own.

        Args:
            provider: The provider's name, such as `google`.
            code: What the provider added to the redirect address as `code`.
            code_verifier: The `code_verifier` of the provider from the same `list_auth_methods` as the address that
                was visited.
            redirect_url: The redirect address that was part of it.
            create_data: Fields for the record, if this sign-in creates one.
            mfa_id: The `mfa_id` of the `MfaRequired` that another way to sign in raised.
            expand: Relations of the auth record to bring along.
            fields: Fields of the answer to give.
            query: More query parameters.
            headers: More headers.

        Returns:
            Token, record and `meta`: the provider's account, its tokens and `isNew`. The auth store holds token and
            record too. When a record of this collection is signed in already, the account is linked to it.

        Raises:
            BadRequest: The provider does not take the code.
            Forbidden: The collection does not offer OAuth2.
            MfaRequired: The collection asks for a second way to sign in.

        Example:
            ```python
            provider = (pb.collection("users").list_auth_methods()).provider("google")
            # send the browser to provider.auth_url + quote(redirect_url), and on its return:
            result = pb.collection("users").auth_with_oauth2_code("google", code, provider.code_verifier, redirect_url)
            ```
        """
        body = {
            "provider": provider,
            "code": code,
            "codeVerifier": code_verifier,
            "redirectURL": redirect_url,
            "createData": create_data,
            "mfaId": mfa_id,
        }
        return self._sign_in("auth-with-oauth2", body, expand, fields, query, headers)

    def auth_with_oauth2(
        self,
        provider: str,
        url_callback: UrlCallback,
        scopes: Sequence[str] | None = None,
        create_data: Mapping[str, Any] | None = None,
        timeout: float = 240.0,
        *,
        mfa_id: str | None = None,
        expand: Paths | None = None,
        fields: Paths | None = None,
        query: Query | None = None,
        headers: Headers | None = None,
    ) -> AuthResult:
        """Sign in with an OAuth2 provider, all in one: show the address, wait until someone has signed in there.

        The provider's settings need `SERVER/api/oauth2-redirect` as redirect address, and the browser has to reach
        the server from the same IP address as this program.

        Args:
            provider: The provider's name, such as `google`.
            url_callback: Called with the address to visit: `webbrowser.open`, `print`. An async client waits for an
                async function.
            scopes: What to ask the provider for, instead of the server's choice.
            create_data: Fields for the record, if this sign-in creates one.
            timeout: Seconds to wait for who signs in; the server itself waits 5 minutes at most.
            mfa_id: The `mfa_id` of the `MfaRequired` that another way to sign in raised.
            expand: Relations of the auth record to bring along.
            fields: Fields of the answer to give.
            query: More query parameters.
            headers: More headers.

        Returns:
            As `auth_with_oauth2_code`.

        Raises:
            OAuth2Failed: The provider, or who was to sign in, refused.
            RequestTimeout: Nobody signed in in time.
            ConnectionFailed: The connection that waits for the provider's answer broke; start again.
            InvalidRequest: The collection does not offer this provider.
            MfaRequired: The collection asks for a second way to sign in.

        Example:
            ```python
            import webbrowser

            result = pb.collection("users").auth_with_oauth2("google", webbrowser.open)
            result.meta["email"]
            ```
        """
        info = (self.list_auth_methods(headers=headers)).provider(provider)
        redirect_url = f"{self._client.url}{REDIRECT_PATH}"
        listener, inbox = self._client.realtime._private(OAUTH2_TOPIC)
        try:
            state = listener.client_id
            deadline = time.monotonic() + timeout
            show(url_callback, provider_page(info.auth_url, redirect_url, state, scopes))
            answer = inbox.get(max(0.0, deadline - time.monotonic()))
        finally:
            self._client.realtime._portal.leave(listener)
        if not isinstance(answer, str):
            raise inbox.error or RequestTimeout(
                f"nobody signed in to {self.name!r} with {provider!r} within {timeout:g} seconds; "
                "start again, or give a longer timeout=",
                is_abort=True,
            )
        code = code_of(answer, state, provider)
        return self.auth_with_oauth2_code(
            provider,
            code,
            info.code_verifier,
            redirect_url,
            create_data,
            mfa_id=mfa_id,
            expand=expand,
            fields=fields,
            query=query,
            headers=headers,
        )

    def auth_refresh(
        self,
        *,
        expand: Paths | None = None,
        fields: Paths | None = None,
        query: Query | None = None,
        headers: Headers | None = None,
    ) -> AuthResult:
        """Get a new token, and the auth record as it is now, for who is signed in.

        Raises:
            Unauthorized: Nobody is signed in, or the token is no longer valid.
        """
        return self._sign_in("auth-refresh", None, expand, fields, query, headers)

    def impersonate(
        self,
        record_id: str,
        duration: int = 0,
        *,
        expand: Paths | None = None,
        fields: Paths | None = None,
        query: Query | None = None,
        headers: Headers | None = None,
    ) -> PocketBase:
        """A new client that is signed in as a record of this collection; superusers only.

        Its token cannot be refreshed. The client has the options of this one, hooks included, but an auth store and
        connections of its own: close it when it is no longer needed.

        Args:
            record_id: Whom to be.
            duration: Seconds that the token is good for, 0 for as long as the collection's other tokens.
            expand: Relations of the auth record to bring along.
            fields: Fields of the answer to give.
            query: More query parameters.
            headers: More headers.

        Raises:
            Forbidden: No superuser is signed in.
            NotFound: There is no such record.

        Example:
            >>> user = User(email="ann@example.com", password="12345678").save()
            >>> with pb.collection("users").impersonate(user.id, 60) as theirs:
            ...     print(theirs.auth_store.record.email)
            ann@example.com
        """
        call = calls.auth_call(
            self.name,
            f"impersonate/{segment(record_id, 'record id')}",
            {"duration": duration},
            expand=expand,
            fields=fields,
            query=query,
            headers=headers,
        )
        answer = self._json(call)
        store = AuthStore()
        calls.signed_in(store, call, answer)
        client: PocketBase = self._client._apart(store)
        return client

    def _sign_in(
        self,
        action: str,
        body: Mapping[str, Any] | None,
        expand: Paths | None,
        fields: Paths | None,
        query: Query | None,
        headers: Headers | None,
    ) -> AuthResult:
        call = calls.auth_call(self.name, action, body, expand=expand, fields=fields, query=query, headers=headers)
        return calls.signed_in(self._client.auth_store, call, self._json(call))
