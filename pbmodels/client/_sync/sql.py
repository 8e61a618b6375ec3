# Generated from pbmodels/client/_async/sql.py by .ci/unasync.py: edit that file and run `make generate`.
"""SQL on the server's database: `pb.sql`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbmodels.client._decode import decode_object
from pbmodels.client._request import Call, Headers, Query
from pbmodels.client._service_records import SQLResult

if TYPE_CHECKING:
    from pbmodels.client._sync.base import BaseClient


class SQLService:
    """Run SQL as it stands; superusers only, PocketBase 0.39 and later.

    Source: PocketBase's official JavaScript SDK, `SQLService`, and the server's `apis/sql.go`.
    """

    def __init__(self, client: BaseClient) -> None:
        self._client = client

    def run(
        self,
        sql: str,
        /,
        *,
        query: Query | None = None,
        headers: Headers | None = None,
        timeout: float | None = None,
    ) -> SQLResult:
        """Run SQLite statements: a query gives rows, a write the number of rows it changed.

        Nothing of PocketBase stands between: no rules, no validation, no hooks, no realtime events. There are no
        bound values: never put text of others into a statement. Writes are one transaction.

        Args:
            sql: The statement, at most 5000 characters; several, separated by `;`, for writes.
            query: More query parameters.
            headers: More headers.
            timeout: Seconds to wait, instead of the client's own; the server gives up after 3 minutes.

        Returns:
            `columns`, `rows` (the first 1000; each value is text or None), `affected_rows`, `exec_time`.

        Raises:
            BadRequest: SQLite refused it; the message has SQLite's own.
            NotFound: The server is older than 0.39.
            Unauthorized, Forbidden: No superuser is signed in.

        Example:
            >>> result = pb.sql.run("SELECT 1 AS one, NULL AS empty")
            >>> [column.name for column in result.columns], result.rows
            (['one', 'empty'], [['1', None]])
        """
        call = Call("POST", "/api/sql", query=query or {}, headers=headers or {}, json={"query": sql}, timeout=timeout)
        return SQLResult(decode_object(call, self._client.execute(call)))
