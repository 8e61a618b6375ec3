"""Headers as bytes, merged without regard to case: what is given later wins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pbmodels.client._errors import InvalidRequest

RawHeaders = list[tuple[bytes, bytes]]


def encoded(headers: Mapping[str, str]) -> RawHeaders:
    """Headers for the wire; values that are not ASCII go as UTF-8.

    Raises:
        InvalidRequest: A name or value cannot be a header's.
    """
    raw: RawHeaders = []
    for name, value in headers.items():
        try:
            raw.append((name.encode("ascii"), value.encode()))
        except (UnicodeEncodeError, AttributeError):
            break
    else:
        return raw
    raise InvalidRequest(f"the header {name!r} cannot be sent; its name must be ASCII and its value valid text")


def merged(base: RawHeaders, more: Iterable[tuple[bytes, bytes]]) -> RawHeaders:
    """Both, without those of `base` that `more` replaces.

    Example:
        >>> merged([(b"Accept", b"a"), (b"X", b"1")], [(b"accept", b"b")])
        [(b'X', b'1'), (b'accept', b'b')]
    """
    more = list(more)
    replaced = {name.lower() for name, _ in more}
    return [pair for pair in base if pair[0].lower() not in replaced] + more
