"""Long lists of values: cut into conditions that each fit into one request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pbmodels._errors import FilterError
from pbmodels._filter_text import MAX_LENGTH, Grammar, literal, size
from pbmodels.query._compile import (
    MAX_COMPARISONS,
    comparisons,
    filter_text,
    too_many,
)
from pbmodels.query._nodes import And, Filter, In

RESERVE = 64
"""Bytes, and `RESERVED` comparisons, left free for the cursor that iteration adds (`id > "..."`)."""
RESERVED = 1


def split(node: Filter) -> list[Filter]:
    """Conditions that together mean the same, none too large for one request, and without a record in common.

    Only `field.in_(values)` that stands alone or is joined by AND can be cut; the longest one is.

    What cannot be cut is left as it is: whether it can be sent depends on who asks.

    Raises:
        FilterError: A part would be too large.
    """
    if _fits(node):
        return [node]
    items = node.items if isinstance(node, And) else (node,)
    longest = max(
        (item for item in items if isinstance(item, In) and not item.path.multiple and not item.path.several),
        key=lambda item: len(item.values),
        default=None,
    )
    if longest is None or len(longest.values) < 2:
        return [node]
    found: In = longest

    def rebuilt(values: tuple[object, ...]) -> Filter:
        part = replace(found, values=values)
        return And(tuple(part if item is found else item for item in items)) if isinstance(node, And) else part

    return _cut(found, rebuilt)


def _cut(node: In, rebuilt: Callable[[tuple[object, ...]], Filter]) -> list[Filter]:
    beside = filter_text(rebuilt(()), Grammar.ESCAPED)
    room = MAX_LENGTH - RESERVE - size(beside) - len("()")
    count_room = MAX_COMPARISONS - RESERVED - max(0, comparisons(beside, Grammar.ESCAPED) - 1)
    if count_room < 1:
        raise FilterError(
            f"the conditions beside {node.path.name}.in_() have too many comparisons "
            "for one request; ask for less at once"
        )
    values = {_meaning(node, value): value for value in node.values}
    sized = [(value, size(f"{node.path.text} = {text} || ")) for text, value in values.items()]
    # Superusers alone may ask for these, beside the filter: that is found out with the first request.
    groups: list[list[object]] = [[value] for value, length in sized if length > room]
    used, most = 0, 0
    for value, length in sized:
        if length > room:
            continue
        if not most or used + length > room or len(groups[-1]) >= most:
            groups.append([])
            used, most = 0, count_room
        groups[-1].append(value)
        used += length
    return [rebuilt(tuple(group)) for group in groups]


def _meaning(node: In, value: object) -> str:
    """The literal of a value; of two that find the same records one is enough, in one part."""
    text = literal(value, Grammar.ESCAPED)
    return '""' if text == "null" and not node.path.strict else text


def _fits(node: Filter) -> bool:
    text = filter_text(node, Grammar.ESCAPED)
    return size(text) <= MAX_LENGTH - RESERVE and not too_many(text, Grammar.ESCAPED, MAX_COMPARISONS - RESERVED)
