# Generated from pbmodels/client/_async/crons.py by .ci/unasync.py: edit that file and run `make generate`.
"""The jobs that the server runs at certain times: `pb.crons`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbmodels.client._decode import decode_list
from pbmodels.client._request import Call, Headers, Query, segment
from pbmodels.client._service_records import CronJob

if TYPE_CHECKING:
    from pbmodels.client._sync.base import BaseClient


class CronService:
    """List the server's cron jobs and run them at once; superusers only, PocketBase 0.24 and later.

    Source: PocketBase documentation, "Web APIs reference: API Crons".
    """

    def __init__(self, client: BaseClient) -> None:
        self._client = client

    def get_full_list(self, *, query: Query | None = None, headers: Headers | None = None) -> list[CronJob]:
        """All jobs, those of hooks first, then the server's own (`__pb...`).

        Raises:
            NotFound: The server is older than 0.24.
            Unauthorized, Forbidden: No superuser is signed in.

        Example:
            >>> [(job.id, job.expression) for job in pb.crons.get_full_list()]
            [...('__pbMFACleanup__', '0 * * * *')...]
        """
        call = Call("GET", "/api/crons", query=query or {}, headers=headers or {})
        return [CronJob(job) for job in decode_list(call, self._client.execute(call))]

    def run(self, job_id: str, *, query: Query | None = None, headers: Headers | None = None) -> None:
        """Start a job now; it runs on the server after this returned.

        Args:
            job_id: Its id, as `get_full_list` gives it.
            query: More query parameters.
            headers: More headers.

        Raises:
            NotFound: There is no such job, or the server is older than 0.24.

        Example:
            >>> pb.crons.run("__pbLogsCleanup__")
        """
        path = f"/api/crons/{segment(job_id, 'cron job id')}"
        self._client.execute(Call("POST", path, query=query or {}, headers=headers or {}))
