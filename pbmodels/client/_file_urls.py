"""The address of a record's file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pbmodels.client._errors import InvalidRequest
from pbmodels.client._request import Query, encode_query, segment


def file_url(
    origin: str,
    record: Mapping[str, Any],
    filename: str,
    *,
    thumb: str | None = None,
    token: str | None = None,
    download: bool = False,
    query: Query | None = None,
) -> str:
    """Where a file of a record is served.

    Args:
        origin: The server's address.
        record: The record, or a mapping with its `id` and `collectionId` or `collectionName`.
        filename: The file name as the record holds it.
        thumb: A thumbnail size such as `100x100`, `0x300` or `100x100t`.
        token: A file token, for protected files.
        download: Whether the browser shall save the file rather than show it.
        query: More query parameters.

    Raises:
        InvalidRequest: The record has no id or collection, or there is no file name.
    """
    path = file_path(record, filename)
    options = {"thumb": thumb, "token": token, "download": True if download else None, **(query or {})}
    text = encode_query(options)
    return f"{origin}{path}" + (f"?{text}" if text else "")


def file_path(record: Mapping[str, Any], filename: str) -> str:
    """`/api/files/COLLECTION/ID/NAME`.

    Raises:
        InvalidRequest: The record has no id or collection, or there is no file name.
    """
    collection = record.get("collectionId") or record.get("collectionName")
    if not record.get("id") or not collection:
        raise InvalidRequest("the record has no id or no collection: only saved records have files with an address")
    names = "/".join(
        (
            segment(collection, "collection"),
            segment(record["id"], "record id"),
            segment(filename, "file name"),
        )
    )
    return f"/api/files/{names}"
