"""What `field()` says beside pydantic's constraints, checked before a value is sent: how many, how large, whose domain.

Source: PocketBase documentation, "Collections", and the field types of its source (`core/field_*.go`).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pbmodels.models._errors import ModelError
from pbmodels.query import Kind

if TYPE_CHECKING:
    from pbmodels.client import Upload
    from pbmodels.models._specs import Spec


def refuse_beyond(spec: Spec, value: Any) -> None:
    """Raise `ValueError` where a value is more than the field's options allow."""
    options = spec.options.server
    if spec.multiple:
        _check_count(options, len(value))
    if most := options.get("maxSize"):
        if spec.kind is Kind.EDITOR and (size := len(value.encode())) > most:
            raise ValueError(f"has {size:,} bytes, and max_size is {most:,}")
        if spec.kind is Kind.FILE:
            for file in value if spec.multiple else [value]:
                if (size := _file_size(file)) > most:
                    raise ValueError(f"the file {file.name!r} has {size:,} bytes, and max_size is {most:,}")
    if spec.kind in (Kind.EMAIL, Kind.URL) and value:
        _check_domain(options, value.rpartition("@")[2] if spec.kind is Kind.EMAIL else _host(value))


def has_limits(spec: Spec) -> bool:
    """Whether `refuse_beyond` has anything to check."""
    return any(spec.options.server.get(option) for option in _OPTIONS)


_OPTIONS = ("maxSelect", "minSelect", "maxSize", "onlyDomains", "exceptDomains")


def refuse_other_count(spec: Spec) -> None:
    """Raise `ModelError` where a list is declared to hold one value, or one value to be a list.

    The server would answer with the one when the other is expected: it keeps a list of at most one as a bare value.
    """
    if spec.kind not in (Kind.SELECT, Kind.RELATION, Kind.FILE):
        return
    said = [spec.options.server.get("maxSelect"), *(getattr(item, "max_length", None) for item in spec.info.metadata)]
    most = min((number for number in said if number), default=None)
    if most is None or (most > 1) is spec.multiple:
        return
    one, several = {
        Kind.SELECT: ("Field[Literal[...] | None]", "Field[list[Literal[...]]]"),
        Kind.RELATION: ("Relation[... | None]", "Relations[...]"),
        Kind.FILE: ("FileField", "FileList"),
    }[spec.kind]
    kept, wanted = ("one value bare", one) if spec.multiple else ("a list then", several)
    raise ModelError(f"{spec.label} holds at most {most}, and PocketBase keeps {kept}: declare it as {wanted}")


def _check_count(options: Any, count: int) -> None:
    most, least = options.get("maxSelect"), options.get("minSelect")
    if most and count > most:
        raise ValueError(f"holds {count}, and max_select is {most}")
    if least and 0 < count < least:
        raise ValueError(f"holds {count}, and min_select is {least}")


def _check_domain(options: Any, domain: str) -> None:
    only, without = options.get("onlyDomains"), options.get("exceptDomains")
    if only and domain not in only:
        raise ValueError(f"is of the domain {domain!r}, and only_domains are {', '.join(only)}")
    if without and domain in without:
        raise ValueError(f"is of the domain {domain!r}, which is one of except_domains")


def _host(address: str) -> str:
    try:
        return urlsplit(address).netloc.rpartition("@")[2]
    except ValueError:
        return ""


def _file_size(file: Any) -> int:
    """The size of a new file in bytes, 0 where only sending it will tell."""
    return 0 if file.upload is None else upload_size(file.upload) or 0


def upload_size(upload: Upload) -> int | None:
    """The size of what is to be sent in bytes, None where only sending it will tell, which may be possible once."""
    content = upload.content
    if isinstance(content, (bytes, bytearray)):
        return len(content)
    return os.stat(content).st_size if isinstance(content, os.PathLike) and os.path.isfile(content) else None
