"""The records of one collection: `pb.collection(name)`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pbmodels.client import _record_calls as calls
from pbmodels.client._async.auth import AsyncAuthService
from pbmodels.client._async.paging import all_pages
from pbmodels.client._errors import InvalidRequest, NotFound
from pbmodels.client._realtime.plan import Event
from pbmodels.client._realtime.topics import Topic
from pbmodels.client._record import ListResult, Record
from pbmodels.client._record_calls import Paths
from pbmodels.client._request import FilterLike, Headers, Query, segment

if TYPE_CHECKING:
    from pbmodels.client._realtime.subscription import AsyncUnsubscribe


class AsyncRecordService(AsyncAuthService):
    """CRUD and sign-in for one collection.

    Every method also takes `query=` (more query parameters) and `headers=` (more headers), and raises a
    `ClientResponseError` when the server refuses or cannot be reached.

    Source: PocketBase documentation, "Web APIs reference: API Records".
    """

    async def get_list(
        self,
        page: int = 1,
        per_page: int = 30,
        *,
        filter: FilterLike | None = None,
        sort: Paths | None = None,
        expand: Paths | None = None,
        fields: Paths | None = None,
        skip_total: bool = False,
        query: Query | None = None,
        headers: Headers | None = None,
    ) -> ListResult[Record]:
        """One page of records.

        Args:
            page: Which page, from 1; a page past the end is empty.
            per_page: Records on a page, 1 to 1000.
            filter: Text of PocketBase's filter language, `pb.filter(...)`, or a filter of the query layer.
            sort: Fields, `-` before a descending one: `"-created,title"`.
            expand: Relations to bring along: `"author,comments_via_post"`.
            fields: Fields to give, all by default: `"id,title,expand.author.name"`.
            skip_total: Spare the server the count; the totals are -1 then.
            query: More query parameters.
            headers: More headers.

        Example:
            >>> page = await pb.collection("posts").get_list(1, 20, filter="views > 3", sort="-created")
            >>> page.total_items
            0
        """
        call = calls.list_call(
            calls.records_path(self.name),
            page=page,
            per_page=per_page,
            filter=filter,
            sort=sort,
            expand=expand,
            fields=fields,
            skip_total=skip_total,
            query=query,
            headers=headers,
        )
        return calls.to_page(call, await self._client.execute(call))

    async def get_full_list(
        self,
        *,
        batch: int = 1000,
        filter: FilterLike | None = None,
        sort: Paths | None = None,
        expand: Paths | None = None,
        fields: Paths | None = None,
        query: Query | None = None,
        headers: Headers | None = None,
    ) -> list[Record]:
        """All records, fetched `batch` at a time, page by page.

        Records that others create or delete meanwhile can shift the pages; iterating over a model's
        query does not have this weakness.

        Args:
            batch: Records per request, 1 to 1000.
            filter: As in `get_list`.
            sort: As in `get_list`.
            expand: As in `get_list`.
            fields: As in `get_list`.
            query: More query parameters.
            headers: More headers.
        """
        return await all_pages(
            lambda page: self.get_list(
                page,
                batch,
                filter=filter,
                sort=sort,
                expand=expand,
                fields=fields,
                skip_total=True,
                query=query,
                headers=headers,
            ),
            batch,
        )

    async def get_first_list_item(
        self,
        filter: FilterLike,
        *,
        sort: Paths | None = None,
        expand: Paths | None = None,
        fields: Paths | None = None,
        query: Query | None = None,
        headers: Headers | None = None,
    ) -> Record:
        """The first record that matches.

        Raises:
            NotFound: None does.
        """
        result = await self.get_list(
            1,
            1,
            filter=filter,
            sort=sort,
            expand=expand,
            fields=fields,
            skip_total=True,
            query=query,
            headers=headers,
        )
        if not result.items:
            raise NotFound(
                f"no record of {self.name!r} matches the filter {str(filter)!r}, or the list rule hides it",
                url=f"{self._client.url}{calls.records_path(self.name)}",
                status=404,
                response={"status": 404, "message": "The requested resource wasn't found.", "data": {}},
            )
        return result.items[0]

    async def get_one(
        self,
        record_id: str,
        *,
        expand: Paths | None = None,
        fields: Paths | None = None,
        query: Query | None = None,
        headers: Headers | None = None,
    ) -> Record:
        """One record by its id.

        Raises:
            NotFound: There is none, or the view rule hides it.
            InvalidRequest: The id cannot be one.
        """
        call = calls.view_call(self.name, record_id, expand=expand, fields=fields, query=query, headers=headers)
        return Record(await self._json(call))

    async def create(
        self,
        body: Mapping[str, Any] | None = None,
        *,
        expand: Paths | None = None,
        fields: Paths | None = None,
        query: Query | None = None,
        headers: Headers | None = None,
    ) -> Record:
        """Create a record.

        Args:
            body: Its fields. Files are a `Path`, bytes, an open file, an iterator of bytes, `(name, content)` or an
                `Upload`, or lists of those; they are streamed.
            expand: Relations to bring along in the answer.
            fields: Fields to give in the answer.
            query: More query parameters.
            headers: More headers.

        Returns:
            The record as the server keeps it.

        Raises:
            ValidationFailed: The server refused a value; `field_errors` says which.
            InvalidRequest: A value that the server would silently change, such as an integer beyond 2**53.

        Example:
            >>> record = await pb.collection("posts").create({"title": "Hello"})
            >>> record.title
            'Hello'
        """
        call = calls.write_call(self.name, None, body or {}, expand=expand, fields=fields, query=query, headers=headers)
        return Record(await self._json(call))

    async def update(
        self,
        record_id: str,
        body: Mapping[str, Any] | None = None,
        *,
        expand: Paths | None = None,
        fields: Paths | None = None,
        query: Query | None = None,
        headers: Headers | None = None,
    ) -> Record:
        """Change some fields of a record; `"views+": 1` and `"tags-": "old"` add and remove.

        Args:
            record_id: Which record.
            body: The fields to change; files as in `create`.
            expand: Relations to bring along in the answer.
            fields: Fields to give in the answer.
            query: More query parameters.
            headers: More headers.

        Raises:
            NotFound: There is no such record, or a rule hides it.
            ValidationFailed: The server refused a value.
        """
        segment(record_id, "record id")  # without one it would be a create
        call = calls.write_call(
            self.name, record_id, body or {}, expand=expand, fields=fields, query=query, headers=headers
        )
        record = Record(await self._json(call))
        known = {"id": record_id, **record}  # `fields=` may have left the id out
        calls.after_update(self._client.auth_store, Record(known), self.name)
        return record

    async def delete(self, record_id: str, *, query: Query | None = None, headers: Headers | None = None) -> None:
        """Delete a record; deleting who is signed in signs out.

        Raises:
            NotFound: There is no such record, or a rule hides it.
        """
        await self._client.execute(calls.delete_call(self.name, record_id, query=query, headers=headers))
        calls.after_delete(self._client.auth_store, self.name, record_id)

    async def subscribe(
        self,
        topic: str,
        callback: Callable[[Event[Record]], object],
        *,
        filter: FilterLike | None = None,
        expand: Paths | None = None,
        fields: Paths | None = None,
        query: Query | None = None,
        headers: Headers | None = None,
    ) -> AsyncUnsubscribe:
        """Call back with every change of these records; after a break with what was created or updated meanwhile.

        Catching up goes by the field `updated`: without it, or if `fields` leaves it or the id out, what changes while
        a connection is broken is missed.

        Args:
            topic: `*` for all records, or one record's id.
            callback: Called with an `Event`: `action`, `record` and `recovered`.
            filter: Only records that match.
            expand: Relations to bring along.
            fields: Fields to give, all by default.
            query: More query parameters, which API rules can see.
            headers: Headers, which API rules can see.

        Returns:
            A function that ends this subscription.

        Raises:
            NotFound: There is no such collection or record, or a rule hides it.
            Forbidden: Only superusers may see the records.
            BadRequest: The filter has a mistake.
            InvalidRequest: The topic is no id, or its conditions are longer than the server accepts.

        Example:
            >>> stop = await pb.collection("posts").subscribe("*", lambda event: print(event.action))
            >>> await stop()
        """
        if not isinstance(topic, str) or not topic:
            raise InvalidRequest(f"subscribe() of {self.name!r} needs '*' or a record's id")
        record_id = None if topic == "*" else topic
        what = Topic(self.name, record_id, filter, expand, fields, query, headers)
        return await self._client.realtime._subscribe_to_records(what, callback)

    async def unsubscribe(self, topic: str | None = None) -> None:
        """End the subscriptions of `*` or of one record's id; without either, all of this collection.

        Example:
            >>> await pb.collection("posts").unsubscribe()
        """
        if topic:
            await self._client.realtime.unsubscribe(f"{self.name}/{topic}")
        else:
            await self._client.realtime.unsubscribe_by_prefix(f"{self.name}/")
