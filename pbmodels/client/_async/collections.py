"""The collections themselves: `pb.collections`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pbmodels.client._async.paging import all_pages
from pbmodels.client._decode import decode_list, decode_object, no_pocketbase
from pbmodels.client._errors import NotFound
from pbmodels.client._record import ListResult, Record
from pbmodels.client._record_calls import Paths, base_path, list_call, to_page
from pbmodels.client._request import Call, FilterLike, Headers, Query, list_query

if TYPE_CHECKING:
    from pbmodels.client._async.base import AsyncBaseClient

_PATH = "/api/collections"


class AsyncCollectionService:
    """Create, read, change and delete collections; superusers only.

    A collection is a `Record` with the keys of PocketBase's API: `name`, `type`, `fields`, `indexes`, rules.

    Source: PocketBase documentation, "Web APIs reference: API Collections".
    """

    def __init__(self, client: AsyncBaseClient) -> None:
        self._client = client

    async def get_list(
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
        return to_page(call, await self._client.execute(call))

    async def get_full_list(
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
        return await all_pages(
            lambda page: self.get_list(
                page, batch, filter=filter, sort=sort, fields=fields, skip_total=True, query=query, headers=headers
            ),
            batch,
        )

    async def get_first_list_item(
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
        result = await self.get_list(
            1, 1, filter=filter, sort=sort, fields=fields, skip_total=True, query=query, headers=headers
        )
        if not result.items:
            raise NotFound(
                f"no collection matches the filter {str(filter)!r}", url=f"{self._client.url}{_PATH}", status=404
            )
        return result.items[0]

    async def get_one(
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
        return Record(await self._json(call))

    async def create(
        self, body: Mapping[str, Any], *, query: Query | None = None, headers: Headers | None = None
    ) -> Record:
        """Create a collection.

        Args:
            body: `name`, `type` (`base`, `auth` or `view`), `fields`, `indexes` and rules.
            query: More query parameters.
            headers: More headers.

        Raises:
            ValidationFailed: The server refused it; `field_errors` says why.

        Example:
            >>> notes = await pb.collections.create({"name": "notes", "fields": [{"name": "t", "type": "text"}]})
            >>> notes.name
            'notes'
        """
        return Record(await self._json(Call("POST", _PATH, query=query or {}, headers=headers or {}, json=dict(body))))

    async def update(
        self,
        name_or_id: str,
        body: Mapping[str, Any],
        *,
        query: Query | None = None,
        headers: Headers | None = None,
    ) -> Record:
        """Change a collection; `fields` replaces the whole list, and fields left out are deleted with their data."""
        call = Call("PATCH", base_path(name_or_id), query=query or {}, headers=headers or {}, json=dict(body))
        return Record(await self._json(call))

    async def delete(self, name_or_id: str, *, query: Query | None = None, headers: Headers | None = None) -> None:
        """Delete a collection and all its records."""
        await self._client.execute(Call("DELETE", base_path(name_or_id), query=query or {}, headers=headers or {}))

    async def import_collections(
        self,
        collections: Iterable[Mapping[str, Any]],
        delete_missing: bool = False,
        *,
        query: Query | None = None,
        headers: Headers | None = None,
    ) -> None:
        """Create and change many collections at once, in one transaction.

        Args:
            collections: Collections as `get_full_list` gives them, or as `create` takes them. One that exists
                (by id, else by name) is changed, and keeps its fields that are not named.
            delete_missing: DELETE all other collections with their records, and all fields that are not named
                with their values; the system's stay.
            query: More query parameters.
            headers: More headers.

        Raises:
            ValidationFailed: The server refused one; none is changed then.

        Example:
            >>> await pb.collections.import_collections([{"name": "tags", "fields": [{"name": "t", "type": "text"}]}])
        """
        body = {"collections": [dict(collection) for collection in collections], "deleteMissing": delete_missing}
        await self._client.execute(Call("PUT", f"{_PATH}/import", query=query or {}, headers=headers or {}, json=body))

    async def truncate(self, name_or_id: str, *, query: Query | None = None, headers: Headers | None = None) -> None:
        """Delete all records of a collection, with what cascades from them.

        Raises:
            NotFound: There is no such collection.
            BadRequest: It is a view, or a record is required elsewhere.

        Example:
            >>> await pb.collections.truncate("posts")
        """
        path = f"{base_path(name_or_id)}/truncate"
        await self._client.execute(Call("DELETE", path, query=query or {}, headers=headers or {}))

    async def get_scaffolds(self, *, query: Query | None = None, headers: Headers | None = None) -> dict[str, Record]:
        """An empty collection of each type (`base`, `auth`, `view`) with the server's defaults, to fill in.

        Example:
            >>> scaffold = (await pb.collections.get_scaffolds())["auth"]
            >>> scaffold.passwordAuth["enabled"]
            True
        """
        call = Call("GET", f"{_PATH}/meta/scaffolds", query=query or {}, headers=headers or {})
        scaffolds = await self._json(call)
        if not all(isinstance(scaffold, dict) for scaffold in scaffolds.values()):
            raise no_pocketbase(call, "gave no scaffolds")
        return {kind: Record(scaffold) for kind, scaffold in scaffolds.items()}

    async def dry_run_view_query(
        self, sql: str, /, *, query: Query | None = None, headers: Headers | None = None
    ) -> Record:
        """Try the query of a view collection without making one; PocketBase 0.37 and later.

        Args:
            sql: The SELECT that the view would have.
            query: More query parameters.
            headers: More headers.

        Returns:
            `fields` that the view would have, and a `sample` of its records.

        Raises:
            BadRequest: The query has a mistake; the message has SQLite's own.
            NotFound: The server is older than 0.37.

        Example:
            >>> view = await pb.collections.dry_run_view_query("SELECT id, title FROM posts")
            >>> [field["name"] for field in view.fields]
            ['id', 'title']
        """
        path = f"{_PATH}/meta/dry-run-view"
        return Record(
            await self._json(Call("POST", path, query=query or {}, headers=headers or {}, json={"query": sql}))
        )

    async def get_all_oauth2_providers(
        self, *, query: Query | None = None, headers: Headers | None = None
    ) -> list[Record]:
        """The OAuth2 providers that an auth collection can be set up with; PocketBase 0.37 and later.

        Returns:
            One record each: `name`, `displayName` and `logo` (SVG text).

        Raises:
            NotFound: The server is older than 0.37.

        Example:
            >>> "google" in [provider.name for provider in await pb.collections.get_all_oauth2_providers()]
            True
        """
        call = Call("GET", f"{_PATH}/meta/oauth2-providers", query=query or {}, headers=headers or {})
        return [Record(provider) for provider in decode_list(call, await self._client.execute(call))]

    async def _json(self, call: Call) -> dict[str, Any]:
        return decode_object(call, await self._client.execute(call))
