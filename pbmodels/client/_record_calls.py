"""The requests of `pb.collection(name)`, and what their answers mean; no I/O."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pbmodels.client._auth_store import AuthStore
from pbmodels.client._body import split_files
from pbmodels.client._decode import decode_page, no_pocketbase
from pbmodels.client._errors import ClientResponseError, InvalidRequest
from pbmodels.client._record import ListResult, Record
from pbmodels.client._request import (
    Call,
    FilterLike,
    Headers,
    Query,
    filter_source,
    list_query,
    segment,
)

Paths = str | Sequence[str]
PageGetter = Callable[[int], ListResult[Record]]
AsyncPageGetter = Callable[[int], Awaitable[ListResult[Record]]]


@dataclass
class AuthResult:
    """What a sign-in gives.

    Attributes:
        token: The JWT; the auth store holds it already.
        record: Who signed in.
        meta: More, for the ways to sign in that have more to say (OAuth2).
    """

    token: str = field(repr=False)
    record: Record
    meta: dict[str, Any] = field(default_factory=dict)


def base_path(collection: str) -> str:
    """`/api/collections/NAME`."""
    return f"/api/collections/{segment(collection, 'collection name')}"


def records_path(collection: str) -> str:
    """`/api/collections/NAME/records`."""
    return f"{base_path(collection)}/records"


def record_path(collection: str, record_id: str) -> str:
    """`/api/collections/NAME/records/ID`."""
    return f"{base_path(collection)}/records/{segment(record_id, 'record id')}"


def list_call(
    path: str,
    *,
    page: int | None = None,
    per_page: int | None = None,
    filter: FilterLike | None = None,
    sort: Paths | None = None,
    expand: Paths | None = None,
    fields: Paths | None = None,
    skip_total: bool = False,
    query: Query | None = None,
    headers: Headers | None = None,
) -> Call:
    """A page of whatever is listed at a path: records, collections, logs."""
    return Call(
        "GET",
        path,
        query=list_query(
            page=page,
            per_page=per_page,
            filter=filter,
            sort=sort,
            expand=expand,
            fields=fields,
            skip_total=skip_total,
            query=query,
        ),
        headers=headers or {},
        filter=filter_source(filter),
    )


def view_call(
    collection: str,
    record_id: str,
    *,
    expand: Paths | None = None,
    fields: Paths | None = None,
    query: Query | None = None,
    headers: Headers | None = None,
) -> Call:
    """One record."""
    return Call(
        "GET",
        record_path(collection, record_id),
        query=list_query(expand=expand, fields=fields, query=query),
        headers=headers or {},
    )


def write_call(
    collection: str,
    record_id: str | None,
    body: Mapping[str, Any],
    *,
    expand: Paths | None = None,
    fields: Paths | None = None,
    query: Query | None = None,
    headers: Headers | None = None,
) -> Call:
    """A create (without an id) or an update."""
    if not isinstance(body, Mapping):
        raise InvalidRequest(f"a record's body must be a mapping of field names, not {type(body).__name__}")
    rest, files = split_files(body)
    return Call(
        "POST" if record_id is None else "PATCH",
        records_path(collection) if record_id is None else record_path(collection, record_id),
        query=list_query(expand=expand, fields=fields, query=query),
        headers=headers or {},
        json=rest,
        files=files,
    )


def delete_call(collection: str, record_id: str, *, query: Query | None = None, headers: Headers | None = None) -> Call:
    """A delete."""
    return Call("DELETE", record_path(collection, record_id), query=query or {}, headers=headers or {})


def auth_call(
    collection: str,
    action: str,
    body: Mapping[str, Any] | None,
    *,
    expand: Paths | None = None,
    fields: Paths | None = None,
    query: Query | None = None,
    headers: Headers | None = None,
) -> Call:
    """A request that signs in or refreshes."""
    return Call(
        "POST",
        f"{base_path(collection)}/{action}",
        query=list_query(expand=expand, fields=fields, query=query),
        headers=headers or {},
        json=None if body is None else {key: value for key, value in body.items() if value is not None},
    )


def to_page(call: Call, content: bytes, make: Any = Record) -> ListResult[Any]:
    """A list's answer as a `ListResult`.

    Raises:
        ClientResponseError: It is none.
    """
    data = decode_page(call, content)
    return ListResult(
        items=[make(item) for item in data["items"]],
        page=data.get("page", 1),
        per_page=data.get("perPage", 0),
        total_items=data.get("totalItems", -1),
        total_pages=data.get("totalPages", -1),
    )


def signed_in(store: AuthStore, call: Call, data: Mapping[str, Any], ahead: float | None = None) -> AuthResult:
    """Keep a sign-in's answer in the store, and how many seconds the server's clock is ahead, if that is known.

    Raises:
        ClientResponseError: It has no token.
    """
    result = auth_result(call, data)
    store._got_new(result.token, ahead)
    store.save(result.token, result.record)
    return result


def auth_result(call: Call, data: Mapping[str, Any]) -> AuthResult:
    """A sign-in's answer.

    Raises:
        ClientResponseError: It has no token.
    """
    token = data.get("token")
    if not isinstance(token, str) or not token:
        raise ClientResponseError(
            f"{call.method} {call.path} gave no token; leave 'token' and 'record' in fields=, "
            "and check that the url is a PocketBase server's",
            url=call.path,
            status=200,
        )
    record, meta = data.get("record") or {}, data.get("meta") or {}
    if not isinstance(record, dict) or not isinstance(meta, dict):
        raise no_pocketbase(call, "gave no record")
    return AuthResult(token=token, record=Record(record), meta=meta)


def after_update(store: AuthStore, record: Record, collection: str | None = None) -> None:
    """Keep the store's copy of the signed-in record in step, as the official SDKs do.

    Args:
        store: Who is signed in.
        record: The record as the server answered.
        collection: The name or id of its collection, when `fields=` may have left it out of the record.
    """

    def decide(token: str, mine: Record | None) -> tuple[str, dict[str, Any]] | None:
        if mine is None or not _is_record(mine, record.id, collection or record.collection_id):
            return None  # someone else has signed in meanwhile
        expand = {**(mine.get("expand") or {}), **(record.get("expand") or {})}
        return token, {**mine, **record, **({"expand": expand} if expand else {})}

    if _is_record(store.record, record.id, collection or record.collection_id):
        store.change(decide)


def after_delete(store: AuthStore, collection: str, record_id: str) -> None:
    """Sign out when the signed-in record itself was deleted."""
    if _is_record(store.record, record_id, collection):
        store.change(lambda _, mine: ("", None) if _is_record(mine, record_id, collection) else None)


def _is_record(mine: Record | None, record_id: str, collection: str) -> bool:
    return (
        mine is not None
        and bool(mine.id)
        and mine.id == record_id
        and collection in (mine.collection_id, mine.collection_name)
    )
