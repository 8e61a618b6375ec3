"""What confirming by a mailed token means for who is signed in, as in the official SDKs; no I/O."""

from __future__ import annotations

from pbmodels.client._auth_store import AuthStore
from pbmodels.client._token import owner


def after_verification(store: AuthStore, mailed: str) -> None:
    """Mark the signed-in record as verified, if the mailed token is its own."""
    token, mine = store.token, store.record
    if mine is not None and not mine.get("verified") and owner(mailed) == (mine.collection_id, mine.id):
        store.save(token, {**mine, "verified": True})


def after_email_change(store: AuthStore, mailed: str) -> None:
    """Sign out, if the mailed token is the signed-in record's: the server no longer takes its token."""
    mine = store.record
    if mine is not None and owner(mailed) == (mine.collection_id, mine.id):
        store.clear()
