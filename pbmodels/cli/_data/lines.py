"""An answer's records as lines of JSON, cut out of its bytes: three times as fast as parsing and writing them anew."""

from __future__ import annotations

import re

from pydantic_core import SchemaValidator, core_schema, from_json, to_json

from pbmodels.models._cursor import _TAIL, _TAIL_LENGTH

NOISE = ("collectionId", "collectionName")
"""What every record says of its collection."""

_HEAD = b'{"items":['
_FIRST_KEY = re.compile(rb'\{"[^"\\]+":')
_NOISE = re.compile(rb'"collectionId":"[^"\\]*","collectionName":"[^"\\]*",')


def _items_with(fields: dict[str, core_schema.TypedDictField]) -> SchemaValidator:
    record = core_schema.typed_dict_schema(fields, extra_behavior="ignore")
    items = core_schema.typed_dict_field(core_schema.list_schema(record))
    return SchemaValidator(core_schema.typed_dict_schema({"items": items}, extra_behavior="ignore"))


_IDS = _items_with({"id": core_schema.typed_dict_field(core_schema.str_schema())})


def lines_of(body: bytes) -> list[tuple[str, bytes]]:
    """The records of a list's answer: the id of each, and its line.

    Example:
        >>> lines_of(b'{"items":[{"a":1,"id":"x"},{"a":2,"id":"y"}],"page":1,"perPage":2}')
        [('x', b'{"a":1,"id":"x"}\\n'), ('y', b'{"a":2,"id":"y"}\\n')]
    """
    ids = [record["id"] for record in _IDS.validate_json(body)["items"]]
    lines = _cut(body, len(ids)) if ids else []
    if len(lines) != len(ids):
        lines = [to_json(_without_noise(record)) + b"\n" for record in from_json(body)["items"]]
    return list(zip(ids, lines, strict=True))


def _cut(body: bytes, count: int) -> list[bytes]:
    """The records' lines; of another number than `count` where the bytes do not show where a record begins.

    Every record begins with the same key. In texts, quotes are escaped; so only a json field can hold what looks like
    the beginning of another record, and then there are more pieces than records.
    """
    tail = _TAIL.search(body, max(0, len(body) - _TAIL_LENGTH))
    if tail is None or not body.startswith(_HEAD):
        return []
    text = body[len(_HEAD) : tail.start()]
    noise = _NOISE.search(text)
    if noise is not None:
        if text.count(noise[0]) != count:
            return []
        text = text.replace(noise[0], b"")
    first = _FIRST_KEY.match(text)
    if first is None:
        return []
    begin = first[0]
    pieces = text.split(b"}," + begin)
    if len(pieces) != count:
        return []
    lines = [begin + piece + b"}\n" for piece in pieces]
    lines[0] = pieces[0] + b"}\n"
    lines[-1] = lines[-1][:-2] + b"\n"  # the last one has kept its brace
    return lines


def _without_noise(record: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in record.items() if name not in NOISE}
