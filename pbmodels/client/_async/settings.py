"""The server's settings: `pb.settings`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pbmodels.client._decode import decode_object, decode_text
from pbmodels.client._record import Record
from pbmodels.client._record_calls import Paths
from pbmodels.client._request import Call, Headers, Query, list_query

if TYPE_CHECKING:
    from pbmodels.client._async.base import AsyncBaseClient

_PATH = "/api/settings"


class AsyncSettingsService:
    """Read, change and try the server's settings; superusers only.

    Settings are a `Record` with the keys of PocketBase's API: `meta`, `smtp`, `s3`, `backups`, `batch`, `logs`,
    `rateLimits`, `trustedProxy`.

    Source: PocketBase documentation, "Web APIs reference: API Settings".
    """

    def __init__(self, client: AsyncBaseClient) -> None:
        self._client = client

    async def get_all(
        self, *, fields: Paths | None = None, query: Query | None = None, headers: Headers | None = None
    ) -> Record:
        """All settings; passwords and secret keys are left out.

        Args:
            fields: Which to give, all by default: `"meta.appName,batch"`.
            query: More query parameters.
            headers: More headers.

        Raises:
            Unauthorized, Forbidden: No superuser is signed in.

        Example:
            >>> (await pb.settings.get_all()).get_int("batch.maxRequests") > 0
            True
        """
        call = Call("GET", _PATH, query=list_query(fields=fields, query=query), headers=headers or {})
        return Record(decode_object(call, await self._client.execute(call)))

    async def update(
        self,
        body: Mapping[str, Any],
        *,
        fields: Paths | None = None,
        query: Query | None = None,
        headers: Headers | None = None,
    ) -> Record:
        """Change settings; what is not named stays as it is, inside of groups too.

        Args:
            body: The settings to change, by group.
            fields: Which to give in the answer, all by default.
            query: More query parameters.
            headers: More headers.

        Returns:
            All settings, as they are now.

        Raises:
            ValidationFailed: The server refused a value; `field_errors` says which, such as `meta.appName`.

        Example:
            >>> settings = await pb.settings.update({"batch": {"enabled": True, "maxRequests": 1000}})
            >>> settings.get_int("batch.maxRequests")
            1000
        """
        call = Call(
            "PATCH", _PATH, query=list_query(fields=fields, query=query), headers=headers or {}, json=dict(body)
        )
        return Record(decode_object(call, await self._client.execute(call)))

    async def test_s3(
        self,
        filesystem: Literal["storage", "backups"] = "storage",
        *,
        query: Query | None = None,
        headers: Headers | None = None,
        timeout: float | None = None,
    ) -> None:
        """Have the server write and delete a file in an S3 storage that is set up.

        Args:
            filesystem: Which one: `storage` for records' files, or `backups`.
            query: More query parameters.
            headers: More headers.
            timeout: Seconds to wait, instead of the client's own.

        Raises:
            BadRequest: It is not set up, or does not work; the message says why.

        Example: `await pb.settings.test_s3("backups")`
        """
        await self._post("test/s3", {"filesystem": filesystem}, query, headers, timeout)

    async def test_email(
        self,
        collection: str,
        to: str,
        template: Literal["verification", "password-reset", "email-change", "otp", "login-alert"],
        *,
        query: Query | None = None,
        headers: Headers | None = None,
        timeout: float | None = None,
    ) -> None:
        """Have the server send one of its emails.

        Args:
            collection: The auth collection whose template it is, by name or id.
            to: The address to send it to.
            template: Which of the collection's emails.
            query: More query parameters.
            headers: More headers.
            timeout: Seconds to wait, instead of the client's own.

        Raises:
            ValidationFailed: The address, the collection or the template cannot be.
            BadRequest: It could not be sent; the message says why.

        Example: `await pb.settings.test_email("users", "me@example.com", "verification")`
        """
        body = {"collection": collection, "email": to, "template": template}
        await self._post("test/email", body, query, headers, timeout)

    async def generate_apple_client_secret(
        self,
        client_id: str,
        team_id: str,
        key_id: str,
        private_key: str,
        duration: int,
        *,
        query: Query | None = None,
        headers: Headers | None = None,
    ) -> str:
        """Make a client secret for signing in with Apple.

        Args:
            client_id: The identifier of the app or service.
            team_id: The team's 10 characters.
            key_id: The key's 10 characters.
            private_key: The key itself, PEM text (`-----BEGIN PRIVATE KEY-----`).
            duration: Seconds that the secret stays valid, at most 15777000 (half a year).
            query: More query parameters.
            headers: More headers.

        Returns:
            The secret, a JWT.

        Raises:
            ValidationFailed: One of the arguments cannot be; `field_errors` says which.

        Example: `await pb.settings.generate_apple_client_secret("com.example.app", team_id, key_id, key, 86_400)`
        """
        body = {
            "clientId": client_id,
            "teamId": team_id,
            "keyId": key_id,
            "privateKey": private_key,
            "duration": duration,
        }
        call = self._call("apple/generate-client-secret", body, query, headers)
        return decode_text(call, await self._client.execute(call), "secret")

    async def _post(
        self,
        path: str,
        body: Mapping[str, Any],
        query: Query | None,
        headers: Headers | None,
        timeout: float | None,
    ) -> None:
        await self._client.execute(self._call(path, body, query, headers, timeout))

    def _call(
        self,
        path: str,
        body: Mapping[str, Any],
        query: Query | None,
        headers: Headers | None,
        timeout: float | None = None,
    ) -> Call:
        return Call("POST", f"{_PATH}/{path}", query=query or {}, headers=headers or {}, json=body, timeout=timeout)
