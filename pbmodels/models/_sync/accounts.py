# Generated from pbmodels/models/_async/accounts.py by .ci/unasync.py: edit that file and run `make generate`.
"""The verbs of auth models: registering, signing in, what is confirmed by mail, being someone else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from pbmodels.client import AuthResult, ClientResponseError, NotFound
from pbmodels.client._sync.auth import AuthService
from pbmodels.client._url_callback import UrlCallback
from pbmodels.models._accounts import changing_password, created_with, owner_of, record_of, refuse_unsaved
from pbmodels.models._context import sync_client
from pbmodels.models._errors import InvalidRecord
from pbmodels.models._paths import to_expands
from pbmodels.models._sync.saves import save
from pbmodels.models._writing import adopt, missing

if TYPE_CHECKING:
    from pbmodels.client import PocketBase
    from pbmodels.models._auth import AuthCollection

U = TypeVar("U", bound="AuthCollection")


def service(model: type[AuthCollection]) -> AuthService:
    """The client's own verbs for the model's collection."""
    return sync_client(model).collection(model.__collection__)


def register(model: type[U], email: str, password: str, sign_in: bool, values: Mapping[str, Any]) -> U:
    """Make a record and sign in as it."""
    given: dict[str, Any] = {**values, "email": email, "password": password}
    record = model(**given)
    save(record)
    if sign_in:
        try:
            signed_in = login(model, email, password)
        except ClientResponseError as error:
            error.add_note(
                f"the record {record.id!r} of {model.__collection__!r} was created; only signing in as it failed"
            )
            raise
        adopt(record, signed_in)
    return record


def login(
    model: type[U],
    identity: str,
    password: str,
    identity_field: str | None = None,
    mfa_id: str | None = None,
    expand: Sequence[Any] = (),
) -> U:
    """Sign in with a password."""
    paths = to_expands(model, expand)
    result = service(model).auth_with_password(
        identity, password, identity_field=identity_field, mfa_id=mfa_id, expand=paths
    )
    return record_of(model, result.record, paths)


def login_with_otp(model: type[U], otp_id: str, password: str, mfa_id: str | None, expand: Sequence[Any]) -> U:
    """Sign in with a one-time password."""
    paths = to_expands(model, expand)
    result = service(model).auth_with_otp(otp_id, password, mfa_id=mfa_id, expand=paths)
    return record_of(model, result.record, paths)


def login_with_oauth2(
    model: type[U],
    provider: str,
    url_callback: UrlCallback,
    scopes: Sequence[str] | None,
    defaults: Mapping[str, Any] | None,
    timeout: float,
    mfa_id: str | None,
    expand: Sequence[Any],
) -> tuple[U, dict[str, Any]]:
    """Sign in with an OAuth2 provider, all in one."""
    paths = to_expands(model, expand)
    create_data = created_with(model, defaults)
    result = service(model).auth_with_oauth2(
        provider, url_callback, scopes, create_data, timeout, mfa_id=mfa_id, expand=paths
    )
    return _with_meta(model, result, paths)


def login_with_oauth2_code(
    model: type[U],
    provider: str,
    code: str,
    code_verifier: str,
    redirect_url: str,
    defaults: Mapping[str, Any] | None,
    mfa_id: str | None,
    expand: Sequence[Any],
) -> tuple[U, dict[str, Any]]:
    """Sign in with the code that an OAuth2 provider sent."""
    paths = to_expands(model, expand)
    create_data = created_with(model, defaults)
    result = service(model).auth_with_oauth2_code(
        provider, code, code_verifier, redirect_url, create_data, mfa_id=mfa_id, expand=paths
    )
    return _with_meta(model, result, paths)


def auth_refresh(model: type[U], expand: Sequence[Any]) -> U:
    """A new token, and the record as it is now, for who is signed in."""
    paths = to_expands(model, expand)
    return record_of(model, (service(model).auth_refresh(expand=paths)).record, paths)


def impersonate(record: AuthCollection, duration: int) -> PocketBase:
    """A new client that is signed in as this record."""
    refuse_unsaved(record, "sign in as")
    model = type(record)
    try:
        return service(model).impersonate(record.id, duration)
    except NotFound as error:
        raise missing(model, record.id, error) from None


def request_verification(record: AuthCollection) -> None:
    """Have a mail sent that verifies the record's address."""
    refuse_unsaved(record, "verify")
    service(type(record)).request_verification(record.email)


def request_email_change(record: AuthCollection, new_email: str) -> None:
    """Have a mail sent to a new address, which confirms the change."""
    model = type(record)
    refuse_unsaved(record, "change the address of")
    if owner_of(sync_client(model).auth_store, model) != record.id:
        raise InvalidRecord(
            f"only who is signed in as {model.__name__} {record.id!r} can ask for a new address of it; a superuser "
            "sets email and saves"
        )
    service(model).request_email_change(new_email)


def change_password(record: AuthCollection, old: str, new: str) -> None:
    """Set a new password, and stay signed in."""
    model, client = type(record), sync_client(type(record))
    email = record.__dict__.get("email")
    is_mine = owner_of(client.auth_store, model) == record.id
    try:
        client.execute(changing_password(record, old, new))
    except NotFound as error:
        raise missing(model, record.id, error) from None
    if is_mine:  # the server has ended all tokens of the record
        try:
            service(model).auth_with_password(email or "", new)
        except ClientResponseError:
            client.auth_store.clear()


def _with_meta(model: type[U], result: AuthResult, paths: tuple[str, ...]) -> tuple[U, dict[str, Any]]:
    return record_of(model, result.record, paths), dict(result.meta)
