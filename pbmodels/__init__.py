"""The typed active-record ORM for PocketBase, with a complete client for its web API; sync and async.

Names are loaded at their first use, so that a command line or a pytest that does not need the client does not wait
for it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pbmodels._version import __version__

if TYPE_CHECKING:
    from pbmodels.client import (
        AsyncFileStream,
        AsyncPocketBase,
        AuthMethods,
        AuthProvider,
        AuthResult,
        AuthStore,
        BackupFile,
        BadRequest,
        BatchFailed,
        BatchResult,
        BoundFilter,
        ClientResponseError,
        ConnectionFailed,
        CronJob,
        FileAuthStore,
        FileStream,
        FilterError,
        Forbidden,
        InexpressibleText,
        InvalidRequest,
        ListResult,
        LogStats,
        MfaRequired,
        NotFound,
        OAuth2Failed,
        PocketBase,
        PocketBaseError,
        RateLimited,
        Record,
        RequestTimeout,
        ServerError,
        SQLResult,
        Unauthorized,
        Upload,
        ValidationFailed,
    )
    from pbmodels.models import (
        AsyncActions,
        AsyncModel,
        AsyncQuerySet,
        AsyncWatch,
        AuthCollection,
        BackRelation,
        Collection,
        Email,
        Event,
        Field,
        FieldNotLoaded,
        File,
        FileField,
        FileList,
        GeoPoint,
        Html,
        InvalidRecord,
        ModelError,
        MultipleRecordsFound,
        NotConnected,
        Page,
        Password,
        QuerySet,
        RecordNotFound,
        Ref,
        Relation,
        Relations,
        SchemaMismatch,
        UnreadableRecord,
        Url,
        ViewCollection,
        Watch,
        autodate,
        back_relation,
        connect,
        field,
        using,
    )
    from pbmodels.query import (
        Expr,
        Filter,
        Sort,
    )
    from pbmodels.server import (
        PocketBaseServer,
    )

__all__ = [
    "AsyncActions",
    "AsyncFileStream",
    "AsyncModel",
    "AsyncPocketBase",
    "AsyncQuerySet",
    "AsyncWatch",
    "AuthCollection",
    "AuthMethods",
    "AuthProvider",
    "AuthResult",
    "AuthStore",
    "BackRelation",
    "BackupFile",
    "BadRequest",
    "BatchFailed",
    "BatchResult",
    "BoundFilter",
    "ClientResponseError",
    "Collection",
    "ConnectionFailed",
    "CronJob",
    "Email",
    "Event",
    "Expr",
    "Field",
    "FieldNotLoaded",
    "File",
    "FileAuthStore",
    "FileField",
    "FileList",
    "FileStream",
    "Filter",
    "FilterError",
    "Forbidden",
    "GeoPoint",
    "Html",
    "InexpressibleText",
    "InvalidRecord",
    "InvalidRequest",
    "ListResult",
    "LogStats",
    "MfaRequired",
    "ModelError",
    "MultipleRecordsFound",
    "NotConnected",
    "NotFound",
    "OAuth2Failed",
    "Page",
    "Password",
    "PocketBase",
    "PocketBaseError",
    "PocketBaseServer",
    "QuerySet",
    "RateLimited",
    "Record",
    "RecordNotFound",
    "Ref",
    "Relation",
    "Relations",
    "RequestTimeout",
    "SQLResult",
    "SchemaMismatch",
    "ServerError",
    "Sort",
    "Unauthorized",
    "UnreadableRecord",
    "Upload",
    "Url",
    "ValidationFailed",
    "ViewCollection",
    "Watch",
    "__version__",
    "autodate",
    "back_relation",
    "connect",
    "field",
    "using",
]


_LAYERS = ("client", "models", "query", "server", "schema")


def __getattr__(name: str) -> Any:
    if name in _LAYERS:
        return import_module(f"pbmodels.{name}")
    if name in __all__:
        for layer in _LAYERS:
            module = import_module(f"pbmodels.{layer}")
            if name in module.__all__:
                return globals().setdefault(name, getattr(module, name))
    raise AttributeError(f"module 'pbmodels' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_LAYERS})
