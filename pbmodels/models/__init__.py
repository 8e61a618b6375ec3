"""Collections as classes, records as instances, queries as expressions."""

from pbmodels.models._accounts import current_user
from pbmodels.models._aio import AsyncActions, AsyncModel
from pbmodels.models._async.live import AsyncLive
from pbmodels.models._async.query_set import AsyncQuerySet
from pbmodels.models._async.values import AsyncValues
from pbmodels.models._async.watch import AsyncWatch
from pbmodels.models._auth import AuthCollection
from pbmodels.models._auth_aio import AsyncAuthActions, AsyncAuthModel
from pbmodels.models._auth_options import AuthAlert, AuthOptions, EmailTemplate, Mfa, OAuth2, Otp, PasswordAuth
from pbmodels.models._collection import Collection
from pbmodels.models._context import connect, using
from pbmodels.models._elsewhere import back, collection
from pbmodels.models._errors import (
    BulkFailed,
    FieldNotLoaded,
    InvalidRecord,
    ModelError,
    MultipleRecordsFound,
    NotConnected,
    RecordNotFound,
    SchemaMismatch,
    UnreadableRecord,
)
from pbmodels.models._events import Event, UnrecoverableWarning
from pbmodels.models._explain import Explanation
from pbmodels.models._fields import (
    BackRelation,
    Field,
    FileField,
    FileList,
    Relation,
    Relations,
    autodate,
    back_relation,
    field,
)
from pbmodels.models._files import AsyncFile, File, Files
from pbmodels.models._indexes import Index
from pbmodels.models._loading import Page
from pbmodels.models._refs import AsyncRefs, Ref, Refs
from pbmodels.models._rules import Rules
from pbmodels.models._sync.live import Live
from pbmodels.models._sync.query_set import QuerySet
from pbmodels.models._sync.values import Values
from pbmodels.models._sync.watch import Watch
from pbmodels.models._trace import OneByOneWarning, RequestTrace, trace_requests
from pbmodels.models._types import Email, GeoPoint, Html, Json, Password, Url
from pbmodels.models._view import ViewCollection
from pbmodels.models._writing import new_id

__all__ = [
    "AsyncActions",
    "AsyncAuthActions",
    "AsyncAuthModel",
    "AsyncFile",
    "AsyncLive",
    "AsyncModel",
    "AsyncQuerySet",
    "AsyncRefs",
    "AsyncValues",
    "AsyncWatch",
    "AuthAlert",
    "AuthCollection",
    "AuthOptions",
    "BackRelation",
    "BulkFailed",
    "Collection",
    "Email",
    "EmailTemplate",
    "Event",
    "Explanation",
    "Field",
    "FieldNotLoaded",
    "File",
    "FileField",
    "FileList",
    "Files",
    "GeoPoint",
    "Html",
    "Index",
    "InvalidRecord",
    "Json",
    "Live",
    "Mfa",
    "ModelError",
    "MultipleRecordsFound",
    "NotConnected",
    "OAuth2",
    "OneByOneWarning",
    "Otp",
    "Page",
    "Password",
    "PasswordAuth",
    "QuerySet",
    "RecordNotFound",
    "Ref",
    "Refs",
    "Relation",
    "Relations",
    "RequestTrace",
    "Rules",
    "SchemaMismatch",
    "UnreadableRecord",
    "UnrecoverableWarning",
    "Url",
    "Values",
    "ViewCollection",
    "Watch",
    "autodate",
    "back",
    "back_relation",
    "collection",
    "connect",
    "current_user",
    "field",
    "new_id",
    "trace_requests",
    "using",
]
