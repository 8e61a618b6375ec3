"""What to do about an answer that is an error: the last part of its message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import httpx

from pbmodels._filter_text import since
from pbmodels.client._service_hints import service_hint

GENERAL = {
    401: "sign in first, e.g. pb.collection('users').auth_with_password(...)",
    403: "the signed-in user (or a guest) may not do this; sign in as another or change the collection's API rule",
    404: "check the path, and that the url is a PocketBase server",
    413: "the body is larger than the server accepts; raise the field's maxSize or the server's body limit",
    502: "PocketBase behind this proxy is down or busy; try again",
    503: "the server is down or busy; try again",
    504: "PocketBase behind this proxy gave no answer in time; try again",
}
"""By the status alone."""


def hint_for(method: str, status: int, url: httpx.URL, answer: Mapping[str, Any], said: str) -> str:
    """What to do about an error, "" when there is nothing to say.

    Args:
        method: The request's method.
        status: The answer's status.
        url: The request's address.
        answer: The JSON object of the answer.
        said: The server's message.
    """
    path = url.raw_path.split(b"?")[0].decode("ascii")
    if special := service_hint(method, path, status, said):
        return special
    name, _, action = path.rpartition("/api/collections/")[2].partition("/")
    collection = unquote(name)
    if status == 400 and action == "auth-with-password":
        return f"check the identity and the password, and that collection {collection!r} allows this way to sign in"
    if status == 400 and action == "auth-with-otp":
        return "check the one-time password and its otp_id; it may have expired or been used"
    if status == 400 and (filter_text := url.params.get("filter")):
        newer = [f"{part} needs PocketBase {version} or later" for part, version in since(filter_text).items()]
        check = (
            f"check that every field in the filter {filter_text[:300]!r} and in the sort exists and is spelled right"
        )
        return "; ".join([check, *newer])
    if status == 400 and url.params.get("sort"):
        return f"check that every field in the sort {url.params['sort']!r} exists"
    if status == 401 and answer.get("mfaId"):
        return "a second way to sign in is needed; go on with mfa_id=error.mfa_id"
    if status == 403 and "superusers can filter by" in said.lower():
        return "the server takes '@request.' and '@collection.' inside a value for more than text; search without them"
    if status == 403 and "not configured to allow" in said:
        return f"turn this way to sign in on in the options of collection {collection!r}, or take another"
    if status == 404 and "auth collection context" in said.lower():
        return f"there is no auth collection {collection!r}: check its name and its type"
    if status == 404 and collection and (action in ("", "truncate") or "collection context" in said.lower()):
        return f"there is no collection {collection!r}: check its name, or create it (pbmodels.schema.push)"
    if status == 404 and action.startswith(("records/", "impersonate/")):
        return f"there is no such record in {collection!r}, or its view rule hides it"
    if status == 404 and "/api/files/" in path:
        return "there is no such file, or it is protected: see pb.files.get_token()"
    return GENERAL.get(status, "")
