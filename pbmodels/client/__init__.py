"""A complete client for PocketBase's web API, usable without the models."""

from pbmodels._errors import FilterError, InexpressibleText, PocketBaseError
from pbmodels._filter_text import BoundFilter
from pbmodels.client._abort import AbortController
from pbmodels.client._async.downloads import AsyncFileStream
from pbmodels.client._async_auth_store import AsyncAuthStore
from pbmodels.client._auth_methods import AuthMethods, AuthProvider
from pbmodels.client._auth_store import AuthStore
from pbmodels.client._batch import BatchResult
from pbmodels.client._clients import AsyncPocketBase, PocketBase
from pbmodels.client._errors import (
    BadRequest,
    BatchFailed,
    CertificateRefused,
    ClientResponseError,
    ConnectionFailed,
    Forbidden,
    InvalidRequest,
    MfaRequired,
    NotFound,
    OAuth2Failed,
    RateLimited,
    RequestAborted,
    RequestTimeout,
    ServerError,
    Unauthorized,
    ValidationFailed,
)
from pbmodels.client._file_auth_store import FileAuthStore
from pbmodels.client._realtime.hub import RealtimeStats
from pbmodels.client._realtime.pacing import RealtimeOptions
from pbmodels.client._record import ListResult, Record
from pbmodels.client._record_calls import AuthResult
from pbmodels.client._service_records import BackupFile, CronJob, LogStats, SQLResult
from pbmodels.client._sync.downloads import FileStream
from pbmodels.client._upload import Upload
from pbmodels.server import register_client_factory

__all__ = [
    "AbortController",
    "AsyncAuthStore",
    "AsyncFileStream",
    "AsyncPocketBase",
    "AuthMethods",
    "AuthProvider",
    "AuthResult",
    "AuthStore",
    "BackupFile",
    "BadRequest",
    "BatchFailed",
    "BatchResult",
    "BoundFilter",
    "CertificateRefused",
    "ClientResponseError",
    "ConnectionFailed",
    "CronJob",
    "FileAuthStore",
    "FileStream",
    "FilterError",
    "Forbidden",
    "InexpressibleText",
    "InvalidRequest",
    "ListResult",
    "LogStats",
    "MfaRequired",
    "NotFound",
    "OAuth2Failed",
    "PocketBase",
    "PocketBaseError",
    "RateLimited",
    "RealtimeOptions",
    "RealtimeStats",
    "Record",
    "RequestAborted",
    "RequestTimeout",
    "SQLResult",
    "ServerError",
    "Unauthorized",
    "Upload",
    "ValidationFailed",
]


def _signed_in_superuser(url: str, email: str, password: str) -> PocketBase:
    """What `PocketBaseServer.client()` gives; the server's layer does not know this one."""
    client = PocketBase(url)
    client.superusers.auth_with_password(email, password)
    return client


register_client_factory(_signed_in_superuser)
