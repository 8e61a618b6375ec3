"""Headers as bytes, merged without regard to case: what is given later wins."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from pbmodels.client._errors import InvalidRequest

RawHeaders = list[tuple[bytes, bytes]]

_NO_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]|^[ \t]|[ \t]$")


def encoded(headers: Mapping[str, str]) -> RawHeaders:
    """Headers for the wire; values that are not ASCII go as UTF-8.

    Raises:
        InvalidRequest: A name or value cannot be a header's.
    """
    raw: RawHeaders = []
    for name, value in headers.items():
        try:
            pair = name.encode("ascii"), value.encode()
        except (UnicodeEncodeError, AttributeError):
            break
        check(pair)
        raw.append(pair)
    else:
        return raw
    raise InvalidRequest(f"the header {name!r} cannot be sent; its name must be ASCII and its value valid text")


def check(header: tuple[bytes, bytes]) -> None:
    """Refuse a header that would end early, or never arrive.

    Raises:
        InvalidRequest: Its value cannot be a header's; the message does not show it.
    """
    name, value = header
    if _NO_VALUE.search(value):
        raise InvalidRequest(
            f"the header {name.decode('ascii', 'replace')!r} has a character that no header can hold, "
            "such as a line break, or a space at an end; remove it"
        )


def merged(base: RawHeaders, more: Iterable[tuple[bytes, bytes]]) -> RawHeaders:
    """Both, without those of `base` that `more` replaces.

    Example:
        >>> merged([(b"Accept", b"a"), (b"X", b"1")], [(b"accept", b"b")])
        [(b'X', b'1'), (b'accept', b'b')]
    """
    more = list(more)
    replaced = {name.lower() for name, _ in more}
    return [pair for pair in base if pair[0].lower() not in replaced] + more
