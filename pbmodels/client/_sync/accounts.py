# Generated from pbmodels/client/_async/accounts.py by .ci/unasync.py: edit that file and run `make generate`.
"""Accounts of one auth collection: what is confirmed by mail, and which providers are linked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pbmodels.client import _record_calls as calls
from pbmodels.client._decode import decode_object
from pbmodels.client._errors import NotFound
from pbmodels.client._mail_tokens import after_email_change, after_verification
from pbmodels.client._record import Record
from pbmodels.client._request import Call, Headers, Query, segment

if TYPE_CHECKING:
    from pbmodels.client._sync.base import BaseClient


class AccountService:
    """Verification, password reset, email change and linked providers.

    Each `request_...` has a mail sent, whose link carries a token; a page of yours, or the server's own, gives it to
    the matching `confirm_...`.

    Source: PocketBase documentation, "Web APIs reference: API Records".
    """

    def __init__(self, client: BaseClient, name: str) -> None:
        segment(name, "collection name")
        self._client = client
        self.name = name

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    def request_verification(self, email: str, *, query: Query | None = None, headers: Headers | None = None) -> None:
        """Have a mail sent that verifies an email address.

        Nothing is sent, and nothing is said, when nobody has this address, when it is verified already, or when
        the last such mail is less than 2 minutes old.

        Args:
            email: The address.
            query: More query parameters.
            headers: More headers.

        Raises:
            ValidationFailed: The text is no email address.

        Example:
            >>> pb.collection("users").request_verification("a@example.com")
        """
        self._post("request-verification", {"email": email}, query, headers)

    def confirm_verification(self, token: str, *, query: Query | None = None, headers: Headers | None = None) -> None:
        """Verify an email address; if it is the signed-in record's, the auth store's copy says so too.

        Args:
            token: What the mail's link ends with.
            query: More query parameters.
            headers: More headers.

        Raises:
            ValidationFailed: The token is wrong or too old.

        Example:
            ```python
            pb.collection("users").confirm_verification(token)
            ```
        """
        self._post("confirm-verification", {"token": token}, query, headers)
        after_verification(self._client.auth_store, token)

    def request_password_reset(self, email: str, *, query: Query | None = None, headers: Headers | None = None) -> None:
        """Have a mail sent that lets its reader set a new password.

        Nothing is sent, and nothing is said, when nobody has this address, or when the last such mail is less than
        2 minutes old.

        Args:
            email: The address.
            query: More query parameters.
            headers: More headers.

        Raises:
            ValidationFailed: The text is no email address.

        Example:
            >>> pb.collection("users").request_password_reset("a@example.com")
        """
        self._post("request-password-reset", {"email": email}, query, headers)

    def confirm_password_reset(
        self,
        token: str,
        password: str,
        password_confirm: str | None = None,
        *,
        query: Query | None = None,
        headers: Headers | None = None,
    ) -> None:
        """Set a new password. All tokens of the record end with it: sign in again.

        The auth store is left as it is, as in the official SDKs.

        Args:
            token: What the mail's link ends with.
            password: The new password.
            password_confirm: The same again, as a form asked for it; `password` by default.
            query: More query parameters.
            headers: More headers.

        Raises:
            ValidationFailed: The token is wrong or too old, or the password is refused; see `field_errors`.

        Example:
            ```python
            pb.collection("users").confirm_password_reset(token, "new secret")
            ```
        """
        confirmed = password if password_confirm is None else password_confirm
        body = {"token": token, "password": password, "passwordConfirm": confirmed}
        self._post("confirm-password-reset", body, query, headers)

    def request_email_change(
        self, new_email: str, *, query: Query | None = None, headers: Headers | None = None
    ) -> None:
        """Have a mail sent to a new address of the signed-in record, which confirms the change.

        Args:
            new_email: The new address.
            query: More query parameters.
            headers: More headers.

        Raises:
            Unauthorized: Nobody is signed in.
            ValidationFailed: The address is taken, or is none.

        Example:
            ```python
            pb.collection("users").request_email_change("b@example.com")
            ```
        """
        self._post("request-email-change", {"newEmail": new_email}, query, headers)

    def confirm_email_change(
        self, token: str, password: str, *, query: Query | None = None, headers: Headers | None = None
    ) -> None:
        """Take the new email address. All tokens of the record end with it, so the signed-in record is signed out.

        Args:
            token: What the mail's link ends with.
            password: The record's password.
            query: More query parameters.
            headers: More headers.

        Raises:
            ValidationFailed: The token is wrong or too old, or the password is wrong.

        Example:
            ```python
            pb.collection("users").confirm_email_change(token, "secret")
            ```
        """
        self._post("confirm-email-change", {"token": token, "password": password}, query, headers)
        after_email_change(self._client.auth_store, token)

    def list_external_auths(
        self, record_id: str, *, query: Query | None = None, headers: Headers | None = None
    ) -> list[Record]:
        """The OAuth2 accounts that are linked to a record: its own, or as superuser any record's.

        Args:
            record_id: Whose.
            query: More query parameters.
            headers: More headers.

        Returns:
            Records of `_externalAuths`, with `provider` and `providerId`; none of a record that is not one's own.

        Raises:
            ClientResponseError: The server refused, or was not reached.

        Example:
            >>> user = User(email="ann@example.com", password="12345678").save()
            >>> pb.collection("users").list_external_auths(user.id)
            []
        """
        # PocketBase keeps the ids of all auth collections distinct.
        condition = self._client.filter("recordRef = {:record}", record=record_id)
        return self._client.collection("_externalAuths").get_full_list(filter=condition, query=query, headers=headers)

    def unlink_external_auth(
        self, record_id: str, provider: str, *, query: Query | None = None, headers: Headers | None = None
    ) -> None:
        """End the link between a record and its account at an OAuth2 provider.

        Args:
            record_id: Whose.
            provider: The provider's name, such as `google`.
            query: More query parameters.
            headers: More headers.

        Raises:
            NotFound: There is no such link.

        Example:
            ```python
            pb.collection("users").unlink_external_auth(user.id, "google")
            ```
        """
        links = self._client.collection("_externalAuths")
        condition = self._client.filter(
            "recordRef = {:record} && provider = {:provider}", record=record_id, provider=provider
        )
        try:
            link = links.get_first_list_item(condition, headers=headers)
        except NotFound as error:
            missing = NotFound(
                f"the record {record_id!r} of {self.name!r} has no account of {provider!r} linked; "
                "see list_external_auths",
                url=error.url,
                status=404,
            )
        else:
            links.delete(link.id, query=query, headers=headers)
            return
        raise missing

    def _post(self, action: str, body: dict[str, Any], query: Query | None, headers: Headers | None) -> None:
        self._client.execute(calls.auth_call(self.name, action, body, query=query, headers=headers))

    def _json(self, call: Call) -> dict[str, Any]:
        return decode_object(call, self._client.execute(call))
