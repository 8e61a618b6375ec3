"""Who is signed in, as a model's record, and what goes out about accounts; no I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, overload

from pydantic_core import to_json

from pbmodels.client import AuthStore, Record
from pbmodels.client._record_calls import write_call
from pbmodels.client._request import Call
from pbmodels.client._token import claims
from pbmodels.models._context import client_of
from pbmodels.models._errors import InvalidRecord, ModelError
from pbmodels.models._loading import loader_of
from pbmodels.models._specs import specs_of
from pbmodels.models._wire import to_wire

if TYPE_CHECKING:
    from pbmodels.models._auth import AuthCollection

U = TypeVar("U", bound="AuthCollection")


@overload
def current_user() -> AuthCollection | None: ...
@overload
def current_user(model: type[U]) -> U | None: ...
def current_user(model: type[AuthCollection] | None = None) -> AuthCollection | None:
    """Who is signed in with the client in use, as the model of their collection; nothing is sent.

    The record is as it was when it signed in, or was last saved through this client; `refresh()` loads it anew.

    Args:
        model: Whom to look for: None comes back for records of other collections. Without it, the model that was
            declared last for the collection.

    Returns:
        The record, or None when nobody is signed in, or the token has expired.

    Raises:
        NotConnected: There is no client in use.
        ModelError: Who is signed in is of a collection that has no model.

    Example:
        >>> ann = User.create(email="ann@example.com", password="correct horse")
        >>> with PocketBase(url) as guest, using(guest):
        ...     print(current_user())
        ...     User.login("ann@example.com", "correct horse")
        ...     print(current_user() == ann)
        None
        User(id='...', email='ann@example.com', ...)
        True
    """
    from pbmodels.models._auth import AuthCollection

    store = client_of(model or AuthCollection).auth_store
    record = store.record
    if record is None or not record.id or not store.is_valid:
        return None
    if model is None:
        declared = [found for found in _below(AuthCollection) if found.__collection__ == record.collection_name]
        if not declared:
            raise ModelError(
                f"a record of {record.collection_name!r} is signed in, and no model of that collection is declared: "
                "import it, or declare an AuthCollection for it"
            )
        model = declared[-1]
    return record_of(model, record) if record.collection_name == model.__collection__ else None


def _below(model: type[AuthCollection]) -> Iterator[type[AuthCollection]]:
    for found in model.__subclasses__():
        if not found.__dict__.get("__is_abstract__"):
            yield found
        yield from _below(found)


def record_of(model: type[U], record: Record, expand: tuple[str, ...] = ()) -> U:
    """A model's record from the client's."""
    return loader_of(model, expand).one(to_json(record))


def owner_of(store: AuthStore, model: type[AuthCollection]) -> str | None:
    """The id of who is signed in, where that is a record of this model."""
    record = store.record
    if record is None or not record.id:
        owner = claims(store.token).get("id")
        return owner if isinstance(owner, str) else None
    return record.id if record.collection_name == model.__collection__ else None


def refuse_unsaved(record: AuthCollection, verb: str) -> None:
    """Raise `InvalidRecord` for a record that the server does not have."""
    if record.is_new:
        raise InvalidRecord(
            f"this {type(record).__name__} was never saved, so there is nobody to {verb}; save it first"
        )


def created_with(model: type[AuthCollection], values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The fields that an OAuth2 sign-in shall give a record that it creates, checked as an assignment is."""
    if values is None:
        return None
    probe, specs = model.model_construct(), specs_of(model)
    for name, value in values.items():
        setattr(probe, name, value)
    return {specs[name].server_name: to_wire(specs[name], probe.__dict__[name]) for name in values}


def changing_password(record: AuthCollection, old: str, new: str) -> Call:
    """The request that sets a new password."""
    refuse_unsaved(record, "change the password of")
    checked = record._checked("password", new)
    body = {"oldPassword": old, "password": checked, "passwordConfirm": checked}
    return write_call(type(record).__collection__, record.id, body)
