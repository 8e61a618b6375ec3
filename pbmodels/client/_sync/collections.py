# Generated from pbmodels/client/_async/collections.py by .ci/unasync.py: edit that file and run `make generate`.
"""The collections themselves: `pb.collections`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pbmodels.client._errors import NotFound
from pbmodels.client._record import ListResult, Record
from pbmodels.client._record_calls import Paths, base_path, to_page
from pbmodels.client._request import Call, FilterLike, Headers, Query, filter_source, list_query
from pbmodels.client._state import decode_object
from pbmodels.client._sync.paging import all_pages

if TYPE_CHECKING:
    from pbmodels.client._sync.base import BaseClient

_PATH = "/api/collections"


class CollectionService:
    """Create, read, change and delete collections; superusers only.

    A collection is a `Record` with the keys of PocketBase's API: `name`, `type`, `fields`, `indexes`, rules.

    Source: PocketBase documentation, "Web APIs reference: API Collections".
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
        """One page of collections; the arguments are those of a record list."""
        call = Call(
            "GET",
            _PATH,
            query=list_query(
                page=page,
                per_page=per_page,
                filter=filter,
                sort=sort,
                fields=fields,
                skip_total=skip_total,
                query=query,
            ),
            headers=headers or {},
            filter=filter_source(filter),
        )
        return to_page(self._json(call))

    def get_full_list(
        self,
        *,
        batch: int = 1000,
        filter: FilterLike | None = None,
        sort: Paths | None = None,
        fields: Paths | None = None,
        query: Query | None = None,
        headers: Headers | None = None,
    ) -> list[Record]:
        """All collections, the system's included."""
        return all_pages(
            lambda page: self.get_list(
                page, batch, filter=filter, sort=sort, fields=fields, skip_total=True, query=query, headers=headers
            ),
            batch,
        )

    def get_first_list_item(
        self,
        filter: FilterLike,
        *,
        sort: Paths | None = None,
        fields: Paths | None = None,
        query: Query | None = None,
        headers: Headers | None = None,
    ) -> Record:
        """The first collection that matches.

        Raises:
            NotFound: None does.
        """
        result = self.get_list(
            1, 1, filter=filter, sort=sort, fields=fields, skip_total=True, query=query, headers=headers
        )
        if not result.items:
            raise NotFound(
                f"no collection matches the filter {str(filter)!r}", url=f"{self._client.url}{_PATH}", status=404
            )
        return result.items[0]

    def get_one(
        self,
        name_or_id: str,
        *,
        fields: Paths | None = None,
        query: Query | None = None,
        headers: Headers | None = None,
    ) -> Record:
        """One collection by its name or id.

        Raises:
            NotFound: There is none.
        """
        call = Call("GET", base_path(name_or_id), query=list_query(fields=fields, query=query), headers=headers or {})
        return Record(self._json(call))

    def create(self, body: Mapping[str, Any], *, query: Query | None = None, headers: Headers | None = None) -> Record:
        """Create a collection.

        Args:
            body: `name`, `type` (`base`, `auth` or `view`), `fields`, `indexes` and rules.
            query: More query parameters.
            headers: More headers.

        Raises:
            ValidationFailed: The server refused it; `field_errors` says why.

        Example:
            >>> notes = pb.collections.create({"name": "notes", "fields": [{"name": "t", "type": "text"}]})
            >>> notes.name
            'notes'
        """
        return Record(self._json(Call("POST", _PATH, query=query or {}, headers=headers or {}, json=dict(body))))

    def update(
        self,
        name_or_id: str,
        body: Mapping[str, Any],
        *,
        query: Query | None = None,
        headers: Headers | None = None,
    ) -> Record:
        """Change a collection; `fields` replaces the whole list, and fields left out are deleted with their data."""
        call = Call("PATCH", base_path(name_or_id), query=query or {}, headers=headers or {}, json=dict(body))
        return Record(self._json(call))

    def delete(self, name_or_id: str, *, query: Query | None = None, headers: Headers | None = None) -> None:
        """Delete a collection and all its records."""
        self._client.execute(Call("DELETE", base_path(name_or_id), query=query or {}, headers=headers or {}))

    def _json(self, call: Call) -> dict[str, Any]:
        return decode_object(call, self._client.execute(call))
