"""From the bytes of an answer to what they say; no I/O."""

from __future__ import annotations

from typing import Any

from pydantic_core import from_json

from pbmodels.client._errors import ClientResponseError
from pbmodels.client._request import Call


def decode(call: Call, content: bytes) -> Any:
    """The JSON of an answer, None when it has no body.

    Raises:
        ClientResponseError: The answer is not JSON, so the url is hardly a PocketBase server's.
    """
    if not content:
        return None
    try:
        return from_json(content)
    except ValueError as error:
        raise no_pocketbase(call, "gave no JSON", error) from None


def decode_object(call: Call, content: bytes) -> dict[str, Any]:
    """The JSON object of an answer.

    Raises:
        ClientResponseError: The answer is something else, so the url is hardly a PocketBase server's.
    """
    answer = decode(call, content)
    if not isinstance(answer, dict):
        raise no_pocketbase(call, "gave no JSON object")
    return answer


def decode_list(call: Call, content: bytes) -> list[dict[str, Any]]:
    """The JSON list of objects of an answer.

    Raises:
        ClientResponseError: The answer is something else, so the url is hardly a PocketBase server's.
    """
    answer = decode(call, content)
    if not isinstance(answer, list) or not all(isinstance(item, dict) for item in answer):
        raise no_pocketbase(call, "gave no JSON list")
    return answer


def decode_text(call: Call, content: bytes, name: str) -> str:
    """The text under a name in an answer's JSON object.

    Raises:
        ClientResponseError: There is none, so the url is hardly a PocketBase server's.
    """
    text = decode_object(call, content).get(name)
    if not isinstance(text, str):
        raise no_pocketbase(call, f"gave no {name!r}")
    return text


def decode_page(call: Call, content: bytes) -> dict[str, Any]:
    """The JSON object of an answer that is a page of a list: its `items` are objects.

    Raises:
        ClientResponseError: The answer is something else, so the url is hardly a PocketBase server's.
    """
    answer = decode_object(call, content)
    items = answer.get("items")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise no_pocketbase(call, "gave no page of a list")
    return answer


def decode_total(call: Call, content: bytes) -> int:
    """How many items there are in all, by a page of a list.

    Raises:
        ClientResponseError: The answer is something else, so the url is hardly a PocketBase server's.
    """
    total = decode_page(call, content).get("totalItems")
    if not isinstance(total, int):
        raise no_pocketbase(call, "gave no total")
    return total


def no_pocketbase(call: Call, problem: str, error: Exception | None = None) -> ClientResponseError:
    """The error for an answer that is a success, but none of PocketBase's."""
    return ClientResponseError(
        f"{call.method} {call.path.split('?')[0]} {problem}; check that the url is a PocketBase server's",
        url=call.path.split("?")[0],
        status=200,
        original_error=error,
    )
