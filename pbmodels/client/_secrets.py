"""Addresses as messages may show them."""

from __future__ import annotations

import re


def without_secrets(address: str) -> str:
    """An address that may be shown: no user and password, no query.

    Example:
        >>> without_secrets("http://ann:secret@host/x?token=y")
        'http://...@host/x'
    """
    return re.sub(r"(^|//)[^/]*@", r"\1...@", address.split("?")[0])
