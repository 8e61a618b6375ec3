"""What to do when a service's own route answers with an error: the version it needs, the setting that is off."""

from __future__ import annotations

import re

_COLLECTION_META = r"/api/collections/meta/(dry-run-view|oauth2-providers)"

# Seen on 0.23.12, 0.36.9 and 0.40.6, and in the server's changelog.
_FIRST_VERSIONS = (
    (r"(GET|POST) /api/crons(/[^/]+)?", "0.24", "cron jobs over the web API"),
    (rf"(GET|POST) {_COLLECTION_META}", "0.37", "this"),
    (r"POST /api/sql", "0.39", "SQL over the web API"),
    (r"DELETE /api/logs", "0.40", "deleting the logs"),
)

_NO_BACKUP = "there may be no such backup: see pb.backups.get_full_list()"
_HINTS = (
    (403, r"POST /api/batch", 'a superuser turns them on with pb.settings.update({"batch": {"enabled": True}})'),
    (413, r"POST /api/batch", "send smaller batches, or raise settings.batch.maxBodySize (bytes)"),
    (404, r"POST /api/crons/[^/]+", "pb.crons.get_full_list() lists the jobs"),
    (
        404,
        r"GET /api/logs/[^/]+",
        "there is no such log entry; old ones are deleted after settings.logs.maxDays",
    ),
    (400, r"(GET|DELETE|POST) /api/backups/[^/]+(/restore)?", _NO_BACKUP),
    (404, r"GET /api/backups/[^/]+", _NO_BACKUP),
    (403, r"GET /api/backups/[^/]+", "it takes a superuser's file token: see pb.files.get_token()"),
)


# From the changelog.
_FIRST_FIELDS = {"geoPoint": "0.27"}


def field_hint(path: str, said: str, sent: bytes) -> str:
    """Which kind of field an older server does not know, "" when it was not asked for such a one.

    Args:
        path: The path as it was sent.
        said: Why the server refused a collection; of one alone it says only that it cannot read it.
        sent: The collection.

    Example:
        >>> field_hint("/api/collections", "... unknown field type in ...", b'{"fields":[{"type":"geoPoint"}]}')
        'geoPoint fields exist from PocketBase 0.27 on; this server seems older'
    """
    if "/api/collections" in path and ("unknown field type" in said or "invalid formatting" in said):
        for kind, version in _FIRST_FIELDS.items():
            if f'"type":"{kind}"'.encode() in sent:
                return f"{kind} fields exist from PocketBase {version} on; this server seems older"
    return ""


def service_hint(method: str, path: str, status: int, said: str) -> str:
    """What to do about an error of a service's route, "" when there is nothing special to say.

    Args:
        method: The HTTP method.
        path: The path as it was sent, with the prefix that the server's address may have.
        status: The HTTP status.
        said: The server's message.

    Example:
        >>> service_hint("POST", "/api/sql", 404, "The requested resource wasn't found.")
        'SQL over the web API exists from PocketBase 0.39 on; this server seems older'
    """
    request = f"{method} {path[path.find('/api/') :]}"
    # A route that is not there, rather than a thing below it.
    if status == 404 and said in ("The requested resource wasn't found.", "File not found."):
        for route, version, what in _FIRST_VERSIONS:
            if re.fullmatch(route, request):
                return f"{what} exists from PocketBase {version} on; this server seems older"
    return next((hint for code, route, hint in _HINTS if code == status and re.fullmatch(route, request)), "")
