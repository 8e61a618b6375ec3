"""What confirming by a mailed token means for who is signed in, as in the official SDKs; no I/O."""

from __future__ import annotations

from typing import Any

from pbmodels.client._auth_store import AuthStore
from pbmodels.client._record import Record
from pbmodels.client._token import owner


def after_verification(store: AuthStore, mailed: str) -> None:
    """Mark the signed-in record as verified, if the mailed token is its own."""

    def decide(token: str, mine: Record | None) -> tuple[str, dict[str, Any]] | None:
        is_mine = mine is not None and owner(mailed) == (mine.collection_id, mine.id)
        return (token, {**mine, "verified": True}) if mine and is_mine and not mine.get("verified") else None

    store.change(decide)


def after_email_change(store: AuthStore, mailed: str) -> None:
    """Sign out, if the mailed token is the signed-in record's: the server no longer takes its token."""

    def decide(token: str, mine: Record | None) -> tuple[str, None] | None:
        return ("", None) if mine is not None and owner(mailed) == (mine.collection_id, mine.id) else None

    store.change(decide)
