# Generated from pbmodels/client/_async/backups.py by .ci/unasync.py: edit that file and run `make generate`.
"""Backups of the server's data: `pb.backups`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pbmodels.client._decode import decode_list
from pbmodels.client._errors import InvalidRequest
from pbmodels.client._request import Call, Headers, Query, encode_query, segment
from pbmodels.client._service_records import BackupFile
from pbmodels.client._sync.downloads import DownloadProgress, FileStream
from pbmodels.client._upload import Upload

if TYPE_CHECKING:
    from pbmodels.client._sync.base import BaseClient

_PATH = "/api/backups"


class BackupService:
    """Make, fetch and restore backups; superusers only.

    A backup is a zip file with the whole data folder: the database and the files of records in local storage.

    Source: PocketBase documentation, "Web APIs reference: API Backups".
    """

    def __init__(self, client: BaseClient) -> None:
        self._client = client

    def get_full_list(self, *, query: Query | None = None, headers: Headers | None = None) -> list[BackupFile]:
        """All backups that the server keeps.

        Raises:
            Unauthorized, Forbidden: No superuser is signed in.

        Example:
            >>> newest = max(pb.backups.get_full_list(), key=lambda backup: backup.modified, default=None)
        """
        call = Call("GET", _PATH, query=query or {}, headers=headers or {})
        return [BackupFile(backup) for backup in decode_list(call, self._client.execute(call))]

    def create(
        self,
        name: str = "",
        *,
        query: Query | None = None,
        headers: Headers | None = None,
        timeout: float | None = None,
    ) -> None:
        """Make a backup now; writes to the server wait until it is done.

        Args:
            name: Its file name: a-z, 0-9, `_` and `-`, and `.zip` at the end. The server makes one up without.
            query: More query parameters.
            headers: More headers.
            timeout: Seconds to wait, instead of the client's own: much data takes its time.

        Raises:
            ValidationFailed: The name is taken or cannot be one.
            BadRequest: Another backup or restore is under way.

        Example:
            >>> pb.backups.create("before.zip", timeout=600)
            >>> "before.zip" in [backup.key for backup in pb.backups.get_full_list()]
            True
            >>> pb.backups.delete("before.zip")
        """
        self._client.execute(
            Call("POST", _PATH, query=query or {}, headers=headers or {}, json={"name": name}, timeout=timeout)
        )

    def upload(
        self,
        file: Any,
        *,
        query: Query | None = None,
        headers: Headers | None = None,
        timeout: float | None = None,
    ) -> None:
        """Give the server a backup from elsewhere; it is streamed.

        Args:
            file: A zip file: a `Path`, an open file, `(name, content)`, an `Upload`, or bytes, which are then
                called `backup.zip`.
            query: More query parameters.
            headers: More headers.
            timeout: Seconds that each step may take, instead of the client's own.

        Raises:
            InvalidRequest: It is no file.
            ValidationFailed: The name is taken, or the content no zip file.

        Example: `pb.backups.upload(Path("before.zip"))`
        """
        upload = Upload.of(file, "backup.zip")
        if upload is None:
            raise InvalidRequest(
                f"a {type(file).__name__} is no file; give a Path, bytes, an open file or (name, content)"
            )
        self._client.execute(
            Call(
                "POST",
                f"{_PATH}/upload",
                query=query or {},
                headers=headers or {},
                files=[("file", upload)],
                timeout=timeout,
            )
        )

    def delete(self, key: str, *, query: Query | None = None, headers: Headers | None = None) -> None:
        """Delete a backup.

        Args:
            key: Its file name, as `get_full_list` gives it.
            query: More query parameters.
            headers: More headers.

        Raises:
            BadRequest: There is none, or it is in use.
        """
        self._client.execute(Call("DELETE", _key_path(key), query=query or {}, headers=headers or {}))

    def restore(self, key: str, *, query: Query | None = None, headers: Headers | None = None) -> None:
        """Replace all of the server's data by a backup's; it begins a second later, and the server restarts.

        Until then `pb.health.check()` still answers from the old data, and fails for a moment during the restart.
        Who is signed in may have to sign in again. Files in the server's migrations folder that the backup does
        not know as applied are applied at the restart.

        Args:
            key: The backup's file name, as `get_full_list` gives it.
            query: More query parameters.
            headers: More headers.

        Raises:
            BadRequest: There is no such backup, or another backup or restore is under way.

        Example: `pb.backups.restore("before-the-upgrade.zip")`
        """
        self._client.execute(Call("POST", f"{_key_path(key)}/restore", query=query or {}, headers=headers or {}))

    def get_download_url(self, token: str, key: str) -> str:
        """Where a backup can be fetched, for a browser or another program; nothing is sent.

        Args:
            token: A superuser's file token, from `pb.files.get_token()`; it is valid for a few minutes.
            key: The backup's file name.

        Example:
            >>> pb.backups.get_download_url("TOKEN", "a.zip")
            'http://.../api/backups/a.zip?token=TOKEN'
        """
        return f"{self._client.url}{_key_path(key)}?{encode_query({'token': token})}"

    def download(
        self,
        key: str,
        path: str | os.PathLike[str],
        *,
        progress: DownloadProgress | None = None,
        resume: bool = False,
        token: str | None = None,
        timeout: float = 60.0,
        query: Query | None = None,
        headers: Headers | None = None,
    ) -> Path:
        """Fetch a backup into a file, in pieces; a file that is there is replaced once all has come.

        Args:
            key: The backup's file name.
            path: The file to write; only its owner may read it, for it has everything of the server.
            progress: Called after each piece with the bytes so far and the bytes in all (None if not known).
            resume: Go on where a broken connection left off, as in `pb.files.download`.
            token: A superuser's file token; one is asked for by default.
            timeout: Seconds of silence after which the connection counts as broken.
            query: More query parameters.
            headers: More headers.

        Returns:
            The path.

        Raises:
            NotFound: There is no such backup.
            Forbidden: No superuser is signed in, or the token is not one's.
            ConnectionFailed, RequestTimeout: It broke off; without `resume` nothing is left of it.
            InvalidRequest: The path is a folder.
            OSError: The file cannot be written.

        Example:
            >>> import pathlib, tempfile
            >>> pb.backups.create("nightly.zip")
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     path = pb.backups.download("nightly.zip", pathlib.Path(folder) / "nightly.zip")
            >>> pb.backups.delete("nightly.zip")
        """
        call = Call("GET", _key_path(key), query=query or {}, headers=headers or {})
        tokens = self._client.files._tokens
        FileStream(self._client, call, timeout, token, tokens).save(path, progress, resume=resume)
        return Path(path)


def _key_path(key: str) -> str:
    return f"{_PATH}/{segment(key, 'backup key')}"
