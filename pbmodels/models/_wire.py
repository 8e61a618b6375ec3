"""A field's value as it goes to the server."""

from __future__ import annotations

import json
from dataclasses import is_dataclass
from typing import Any

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from pbmodels.client import InvalidRequest, Upload
from pbmodels.client._body import is_plain, plain
from pbmodels.models._errors import InvalidRecord
from pbmodels.models._files import File
from pbmodels.models._refs import Ref
from pbmodels.models._specs import Spec
from pbmodels.models._types import GeoPoint
from pbmodels.query import Kind


def to_wire(spec: Spec, value: Any) -> Any:
    """The JSON value of a field; new files are an `Upload`.

    Raises:
        InvalidRecord: The server would keep something else.
    """
    kind = spec.kind
    if kind is Kind.JSON:
        value = _plain(spec, _dump(value))
        # The server takes a text such as "123" or "true" for the json it spells; quoted, it stays a text.
        return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else value
    if value is None:
        return ""
    if kind is Kind.RELATION:
        return [str(item) for item in value] if spec.multiple else str(value)
    if kind is Kind.FILE:
        return [_file(item) for item in value] if spec.multiple else _file(value)
    if kind is Kind.GEO_POINT:
        assert isinstance(value, GeoPoint)
        return {"lon": value.lon, "lat": value.lat}
    return _plain(spec, value)


def _file(value: File | str) -> Upload | str:
    if isinstance(value, str):
        return value
    return value.name if value.upload is None else value.upload


def named(spec: Spec, file: File) -> File:
    """A file that came without a name is called like its field; the server adds what it needs."""
    upload = file.upload
    if upload is None or upload.name:
        return file
    return File(spec.name, Upload(spec.name, upload.content, upload.content_type))


def shown(spec: Spec, value: Any) -> Any:
    """A value as a record's repr shows it, whether it was looked at before or not: ids and file names as text."""
    if isinstance(value, list) and spec.kind in (Kind.RELATION, Kind.FILE):
        return [shown(spec, item) for item in value]
    if isinstance(value, Ref) or (isinstance(value, File) and value.upload is None):
        return str(value)
    return None if value == "" and spec.kind in (Kind.RELATION, Kind.FILE) else value


def _plain(spec: Spec, value: Any) -> Any:
    if is_plain(value):
        return value
    try:
        return plain(value, spec.label)
    except InvalidRequest as error:
        message = str(error)
        raise InvalidRecord(message, {spec.name: message}) from None


_SCALARS = frozenset({str, int, float, bool, type(None)})


def _dump(value: Any) -> Any:
    """Pydantic models and dataclasses inside json, at any depth, as their JSON."""
    kind = type(value)
    if kind in _SCALARS:
        return value
    if isinstance(value, dict):
        return {key: item if type(item) in _SCALARS else _dump(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [item if type(item) in _SCALARS else _dump(item) for item in value]
    if isinstance(value, BaseModel) or is_dataclass(value):
        return to_jsonable_python(value, by_alias=True)
    return value
