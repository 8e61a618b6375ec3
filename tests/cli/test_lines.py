"""Records cut out of an answer's bytes are what parsing finds, whatever they hold."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from pbmodels.cli._data.lines import lines_of

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
RECORD = st.fixed_dictionaries({"id": st.text("abc123", min_size=1), "text": TEXT, "meta": JSON})
NESTED = {"id": "a", "text": "", "meta": [{"id": "b", "meta": 1}, {"id": "c", "meta": 2}]}
LIKE = {"id": "a", "text": '},{"id":', "meta": [{"collectionId": "p1", "collectionName": "posts", "id": "x"}]}


@given(st.lists(RECORD, max_size=5), st.sampled_from(["", "0", "zz"]), st.booleans())
@example([NESTED, NESTED], "", True)
@example([NESTED, {"id": "b", "text": "", "meta": None}], "0", False)
@example([LIKE, LIKE], "", True)
def test_lines_are_the_records(records: list[dict[str, Any]], extra: str, with_collection: bool) -> None:
    # PocketBase sends the keys in their order; a field's name may stand before or behind the collection's.
    fields = {extra: 1} if extra else {}
    sent = {"collectionId": "p1", "collectionName": "posts"} if with_collection else {}
    items = [dict(sorted({**sent, **fields, **record}.items())) for record in records]
    answer = {"items": items, "page": 1, "perPage": 5, "totalItems": -1, "totalPages": -1}
    body = json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")

    found = lines_of(body)

    assert [id for id, _ in found] == [record["id"] for record in records]
    assert [json.loads(line) for _, line in found] == [{**fields, **record} for record in records]
    assert all(line.endswith(b"}\n") and line.count(b"\n") == 1 for _, line in found)
