# Generated from pbmodels/client/_async/logs.py by .ci/unasync.py: edit that file and run `make generate`.
"""The server's own log: `pb.logs`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbmodels.client._decode import decode_list, decode_object
from pbmodels.client._record import ListResult, Record
from pbmodels.client._record_calls import Paths, list_call, to_page
from pbmodels.client._request import Call, FilterLike, Headers, Query, filter_source, list_query, segment
from pbmodels.client._service_records import LogStats

if TYPE_CHECKING:
    from pbmodels.client._sync.base import BaseClient

_PATH = "/api/logs"


class LogService:
    """Read the log of requests and errors; superusers only.

    An entry is a `Record` with `id`, `created`, `level` (-4 debug, 0 info, 4 warning, 8 error), `message` and
    `data`. The server writes entries down every few seconds, so the newest may be missing yet.

    Source: PocketBase documentation, "Web APIs reference: API Logs".
    """

    def __init__(self, client: BaseClient) -> None:
        self._client = client

    def get_list(
        self,
        page: int = 1,
        per_page: int = 30,
        *,
        filter: FilterLike | None = None,
        sort: Paths | None = None,
        fields: Paths | None = None,
        skip_total: bool = False,
        query: Query | None = None,
        headers: Headers | None = None,
    ) -> ListResult[Record]:
        """One page of log entries.

        Args:
            page: Which page, from 1.
            per_page: Entries on a page, 1 to 1000.
            filter: On `id`, `created`, `level`, `message` and what is in `data`, such as `data.status >= 400`.
            sort: Fields, `-` before a descending one: `"-created"`.
            fields: Fields to give, all by default.
            skip_total: Spare the server the count; the totals are -1 then.
            query: More query parameters.
            headers: More headers.

        Raises:
            Unauthorized, Forbidden: No superuser is signed in.
            BadRequest: The filter or sort has a mistake.

        Example:
            >>> errors = pb.logs.get_list(filter="level >= 8", sort="-created")
        """
        call = list_call(
            _PATH,
            page=page,
            per_page=per_page,
            filter=filter,
            sort=sort,
            fields=fields,
            skip_total=skip_total,
            query=query,
            headers=headers,
        )
        return to_page(call, self._client.execute(call))

    def get_one(
        self,
        log_id: str,
        *,
        fields: Paths | None = None,
        query: Query | None = None,
        headers: Headers | None = None,
    ) -> Record:
        """One log entry by its id.

        Raises:
            NotFound: There is none.

        Example:
            >>> for entry in pb.logs.get_list(1, 1):
            ...     message = (pb.logs.get_one(entry.id)).message
        """
        path = f"{_PATH}/{segment(log_id, 'log id')}"
        call = Call("GET", path, query=list_query(fields=fields, query=query), headers=headers or {})
        return Record(decode_object(call, self._client.execute(call)))

    def get_stats(
        self,
        *,
        filter: FilterLike | None = None,
        fields: Paths | None = None,
        query: Query | None = None,
        headers: Headers | None = None,
    ) -> list[LogStats]:
        """How many log entries each hour has; hours without one are left out.

        Args:
            filter: Which entries to count, as in `get_list`.
            fields: Fields to give, `date` and `total` by default.
            query: More query parameters.
            headers: More headers.

        Raises:
            BadRequest: The filter has a mistake.

        Example:
            >>> failures = sum(hour.total for hour in pb.logs.get_stats(filter="data.status >= 500"))
        """
        call = Call(
            "GET",
            f"{_PATH}/stats",
            query=list_query(filter=filter, fields=fields, query=query),
            headers=headers or {},
            filter=filter_source(filter),
        )
        return [LogStats(hour) for hour in decode_list(call, self._client.execute(call))]

    def truncate(self, *, query: Query | None = None, headers: Headers | None = None) -> None:
        """Delete all log entries; PocketBase 0.40 and later.

        Raises:
            NotFound: The server is older than 0.40.

        Example:
            >>> pb.logs.truncate()
        """
        self._client.execute(Call("DELETE", _PATH, query=query or {}, headers=headers or {}))
