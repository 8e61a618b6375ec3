"""The requests of a batch, and what its answer means; no I/O."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import unquote

import httpx

from pbmodels.client import _record_calls as calls
from pbmodels.client._auth_store import AuthStore
from pbmodels.client._body import Files, plain
from pbmodels.client._decode import decode_list
from pbmodels.client._errors import BadRequest, BatchFailed, InvalidRequest, error_from_response
from pbmodels.client._record import Record
from pbmodels.client._record_calls import Paths
from pbmodels.client._request import Call, Headers, Query, encode_query, list_query, segment

PATH = "/api/batch"


@dataclass
class BatchResult:
    """What one request of a batch gave.

    Attributes:
        status: Its HTTP status: 200, or 204 for a delete.
        body: The record, None for a delete.
    """

    status: int
    body: Record | None = None


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """One request that waits to be sent.

    Attributes:
        method: The HTTP method.
        path: Its path and query, as the server reads them in a batch.
        body: The JSON part of its body.
        files: The files of its body.
        headers: Headers for this request alone.
        collection: The name or id of the collection.
        record_id: The record that it changes or deletes, "" when it makes one.
    """

    method: str
    path: str
    body: Mapping[str, Any] = field(repr=False)
    files: Files
    headers: Headers = field(repr=False)
    collection: str
    record_id: str

    def as_json(self) -> dict[str, Any]:
        """Its entry in the batch."""
        entry: dict[str, Any] = {"method": self.method, "url": self.path, "body": self.body}
        return {**entry, "headers": dict(self.headers)} if self.headers else entry


class BatchWrite(Protocol):
    """Something else than a request that waits in a batch, such as a model's record.

    It makes its requests when the batch is sent, and takes over the answers once all have taken effect.
    """

    def requests(self, planned: set[Any], /) -> list[BatchRequest]:
        """What to send; `planned` is for notes that the writes of one batch leave each other."""
        ...

    def settle(self, results: Sequence[BatchResult], /) -> None:
        """Take over the answers to its requests."""
        ...

    def ended(self, error: BaseException, /) -> None:
        """Know that no answers came, and why."""
        ...


class AsyncBatchWrite(Protocol):
    """A `BatchWrite` for async code."""

    async def requests(self, planned: set[Any], /) -> list[BatchRequest]:
        """What to send."""
        ...

    async def settle(self, results: Sequence[BatchResult], /) -> None:
        """Take over the answers to its requests."""
        ...

    def ended(self, error: BaseException, /) -> None:
        """Know that no answers came, and why."""
        ...


class BatchRecord(Protocol):
    """What `batch.save` and `batch.delete` take: a record of a model."""

    def __batch_save__(self, batch: object, only: Iterable[object] | None, /) -> Any:
        """Its save, as a write of this batch's flavour."""
        ...

    def __batch_delete__(self, batch: object, /) -> Any:
        """Its delete."""
        ...


def refuse_others(verb: str, record: object) -> None:
    """Raise `InvalidRequest` for what is no record of a model."""
    if not hasattr(record, "__batch_save__"):
        raise InvalidRequest(
            f"batch.{verb}() takes a record of a model, not {type(record).__name__}: for others there is "
            f"batch.collection(name)"
        )


class BatchCollection:
    """Writes to one collection that wait for the batch to be sent.

    The bodies and options are those of `pb.collection(name)`. A later request may refer to the id that an
    earlier one chose for its record.

    Example:
        >>> with pb.batch() as batch:
        ...     batch.collection("posts").create({"id": "post00000000000", "title": "Hello"})
        ...     batch.collection("comments").create({"text": "First!", "post": "post00000000000"})
    """

    def __init__(self, entries: list[Any], name: str) -> None:
        segment(name, "collection name")
        self._requests = entries
        self.name = name

    def create(
        self,
        body: Mapping[str, Any] | None = None,
        *,
        expand: Paths | None = None,
        fields: Paths | None = None,
        query: Query | None = None,
        headers: Headers | None = None,
    ) -> None:
        """Create a record; the arguments are those of `pb.collection(name).create`.

        Raises:
            InvalidRequest: A value that the server would silently change.
        """
        self._write("POST", "", body, list_query(expand=expand, fields=fields, query=query), headers)

    def update(
        self,
        record_id: str,
        body: Mapping[str, Any] | None = None,
        *,
        expand: Paths | None = None,
        fields: Paths | None = None,
        query: Query | None = None,
        headers: Headers | None = None,
    ) -> None:
        """Change some fields of a record; the arguments are those of `pb.collection(name).update`.

        Raises:
            InvalidRequest: A value that the server would silently change, or an id that no record can have.
        """
        segment(record_id, "record id")  # without one it would be a create
        self._write("PATCH", record_id, body, list_query(expand=expand, fields=fields, query=query), headers)

    def upsert(
        self,
        body: Mapping[str, Any] | None = None,
        *,
        expand: Paths | None = None,
        fields: Paths | None = None,
        query: Query | None = None,
        headers: Headers | None = None,
    ) -> None:
        """Change the record whose `id` is in the body, or create it when there is none.

        Raises:
            InvalidRequest: A value that the server would silently change.
        """
        self._write("PUT", "", body, list_query(expand=expand, fields=fields, query=query), headers)

    def delete(self, record_id: str, *, query: Query | None = None, headers: Headers | None = None) -> None:
        """Delete a record.

        Raises:
            InvalidRequest: An id that no record can have.
        """
        call = calls.delete_call(self.name, record_id, query=query, headers=headers)
        self._requests.append(batch_request(call, self.name, record_id))

    def _write(
        self, method: str, record_id: str, body: Mapping[str, Any] | None, query: Query, headers: Headers | None
    ) -> None:
        call = calls.write_call(self.name, record_id or None, body or {}, query=query, headers=headers)
        self._requests.append(batch_request(call, self.name, record_id, method))


def batch_request(call: Call, collection: str, record_id: str, method: str = "") -> BatchRequest:
    """A request as it waits in a batch.

    Args:
        call: The request.
        collection: The name or id of its collection.
        record_id: The record that it changes or deletes, "" when it makes one.
        method: The HTTP method, instead of the call's own.

    Raises:
        InvalidRequest: A batch cannot name the collection or the record.
    """
    path = unquote(call.path)  # in a batch the server takes the path as it stands, percent signs included
    if path.count("/") != call.path.count("/") or any(c in "?#%\\" or not c.isprintable() or c == " " for c in path):
        raise InvalidRequest(
            f"{collection!r}, {record_id!r}: no collection and no record can be called so, and a batch cannot name it"
        )
    body = plain(call.json or {}, "")
    return BatchRequest(
        method=method or call.method,
        path=f"{path}?{text}" if (text := encode_query(call.query)) else path,
        body=body,
        # In a batch a field's files replace its JSON part: beside kept file names they go as additions.
        files=[(f"{name}+" if name in body and name.strip("+") == name else name, file) for name, file in call.files],
        headers=call.headers,
        collection=collection,
        record_id=record_id,
    )


def batch_call(
    requests: Sequence[BatchRequest],
    *,
    query: Query | None = None,
    headers: Headers | None = None,
    timeout: float | None = None,
) -> Call:
    """All requests as one."""
    return Call(
        "POST",
        PATH,
        query=query or {},
        headers=headers or {},
        json={"requests": [request.as_json() for request in requests]},
        files=[
            (f"requests.{index}.{name}", file) for index, request in enumerate(requests) for name, file in request.files
        ],
        timeout=timeout,
    )


def batch_results(call: Call, content: bytes) -> list[BatchResult]:
    """What each request gave, in order.

    Raises:
        ClientResponseError: The answer is not a batch's.
    """
    return [
        BatchResult(item.get("status", 0), Record(body) if isinstance(body := item.get("body"), dict) else None)
        for item in decode_list(call, content)
    ]


def keep_auth(store: AuthStore, requests: Sequence[BatchRequest], results: Sequence[BatchResult]) -> None:
    """Keep who is signed in in step with what the batch changed."""
    for request, result in zip(requests, results, strict=False):
        if request.method == "DELETE":
            calls.after_delete(store, request.collection, request.record_id)
        elif result.body is not None:
            known = {"id": request.record_id or request.body.get("id", ""), **result.body}
            calls.after_update(store, Record(known), request.collection)


def batch_failed(refused: BadRequest, requests: Sequence[BatchRequest], origin: str) -> BatchFailed:
    """The error for a batch that the server refused: which request it was, or what about the batch as a whole.

    Args:
        refused: The error as the batch's own answer says it.
        requests: What was sent.
        origin: The server's address.
    """
    rest: dict[str, Any] = {"url": refused.url, "status": refused.status, "response": refused.response}
    start = f"POST {PATH} failed with {refused.status}"
    nothing = f"none of the {len(requests)} requests took effect"
    index, answer = _failed_request(refused.response)
    if index is not None and index < len(requests):
        request = requests[index]
        reason = error_from_response(
            request.method,
            httpx.URL(origin + request.path),
            int(answer.get("status") or answer.get("code") or 400),
            {},
            json.dumps(answer).encode(),
        )
        return BatchFailed(
            f"{start}: requests[{index}]: {str(reason).rstrip('.')}; {nothing}",
            index=index,
            method=request.method,
            path=request.path.split("?")[0],
            reason=reason,
            **rest,
        )
    if refused.field_codes.get("requests") == "validation_length_too_long":
        return BatchFailed(
            f"{start}: {len(requests)} requests are too many ({refused.field_errors['requests'].rstrip('.')}); "
            "send smaller batches, or raise settings.batch.maxRequests",
            **rest,
        )
    said = str(refused.response.get("message") or "").rstrip(".")
    details = "; ".join(f"{name}: {text}" for name, text in refused.field_errors.items()).rstrip(".")
    if not details and said == "Batch transaction failed":
        details = "it may have taken longer than settings.batch.timeout (seconds); send smaller batches or raise it"
    return BatchFailed(f"{start}: {': '.join(filter(None, (said, details)))}; {nothing}", **rest)


def _failed_request(response: Mapping[str, Any]) -> tuple[int | None, Mapping[str, Any]]:
    data = response.get("data")
    failed = data.get("requests") if isinstance(data, Mapping) else None
    for number, failure in failed.items() if isinstance(failed, Mapping) else ():
        if str(number).isdecimal() and isinstance(failure, Mapping):
            answer = failure.get("response")
            return int(number), answer if isinstance(answer, Mapping) else {"message": failure.get("message")}
    return None, {}
