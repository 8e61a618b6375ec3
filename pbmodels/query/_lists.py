"""Conditions on lists: which of them speak of the same item, and which of them `~` cannot turn round.

A filter joins each list once. All its "any of" comparisons on that list (`?=` and the like) are therefore about
one and the same item: `tags:each ?= "news" && tags:each ?= "tech"` finds nothing, as no item is both. So

- items of a record's own lists are looked for in the list's text as soon as one filter asks twice,
- on related records this is what the words mean (one reviewer called Ann who is over 30), and only the
  opposite, which would need a NOT, is refused.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator

from pbmodels._errors import FilterError
from pbmodels.query._nodes import And, Comparison, Empty, Filter, In, Matching, Not, Or
from pbmodels.query._paths import Kind, Path

_NONE: frozenset[str] = frozenset()


def crowded_lists(node: Filter) -> frozenset[str]:
    """The lists that several comparisons of a condition ask about."""
    if not isinstance(node, (And, Or, Not)):
        return _NONE
    names: list[str] = []
    _collect(node, names)
    return frozenset(name for name in names if names.count(name) > 1) if len(names) > 1 else _NONE


def _collect(node: Filter, names: list[str]) -> None:
    """Add the list that each comparison asks about, where it asks about one."""
    kind = type(node)
    if kind is And or kind is Or:
        for item in node.items:  # type: ignore[attr-defined]
            _collect(item, names)
    elif kind is Matching or (kind is Comparison and not isinstance(node.operand, Path)):  # type: ignore[attr-defined]
        path: Path = node.path  # type: ignore[attr-defined]  # most are like this, and spare the generator
        if path.any_of or path.every or path.multiple:
            names.append(path.list_name)
    else:
        names += [path.list_name for path in _paths(node) if path.several or path.multiple]


def is_crowded(path: Path, crowded: frozenset[str]) -> bool:
    """Whether another comparison of the condition joins the same list."""
    return path.list_name in crowded


def refuse_inexpressible(node: And | Or, opposite: bool) -> None:
    """Raise when a group, or its opposite, would need a NOT or a join that the language does not have.

    Raises:
        FilterError: It would.
    """
    if isinstance(node, Or) and not opposite:
        return
    turned_to_and = isinstance(node, Or)
    seen: dict[str, set[_Asks]] = {}
    for item in node.items:
        for name, ways in _asks(item, turned_to_and, turned_to_and).items():
            if opposite and not turned_to_and:
                ways -= {_Asks.WITH_NULLS}  # by OR, that its record may have no value does not reach the others
            both = ways | seen.get(name, set())
            if ways and name in seen and (opposite or both != {_Asks.PLAINLY}):
                raise FilterError(
                    f"conditions on {name!r} cannot be combined with ~ like this: PocketBase asks all conditions "
                    "joined by & of one and the same record of that list, and cannot say that none meets them "
                    "all; negate one condition at a time, or filter in Python"
                )
            if ways:
                seen[name] = both


class _Asks(enum.Enum):
    """In which way a condition depends on the one record of a list that the filter looks at."""

    PLAINLY = "one record must fit, as written"
    TURNED = "one record must fit, by two negations"
    WITH_NULLS = "no record may fit, and the one looked at may have no value"


def _asks(node: Filter, opposite: bool, negated: bool) -> dict[str, set[_Asks]]:
    """The lists of related records that a condition, or its opposite, asks about, and how."""
    if isinstance(node, Not):
        return _asks(node.item, not opposite, True)
    found: dict[str, set[_Asks]] = {}
    if isinstance(node, (And, Or)):
        for item in node.items:
            for name, ways in _asks(item, opposite, negated).items():
                found.setdefault(name, set()).update(ways)
        return found
    for path in _paths(node):
        if path.several and (way := _way(node, path, opposite, negated)):
            found.setdefault(path.list_name, set()).add(way)
    return found


def _way(node: Filter, path: Path, opposite: bool, negated: bool) -> _Asks | None:
    if path.every:
        if opposite:
            return _Asks.TURNED  # it becomes a question for one of the records
        # where each record with a value fits, the one that is looked at does too, if it has one
        ordered = _ordered_or_searched(node)
        missing = path.gaps and not (isinstance(node, Comparison) and (node.operator == "!=" or path.strict))
        return _Asks.TURNED if missing or (ordered and path.kind is Kind.JSON) else None
    if not opposite:
        return _Asks.TURNED if negated or path.is_item else _Asks.PLAINLY
    if _ordered_or_searched(node) and (path.gaps or path.kind is Kind.JSON):
        return _Asks.WITH_NULLS
    return None


def _ordered_or_searched(node: Filter) -> bool:
    """Whether no value at all is neither true nor false here."""
    return isinstance(node, Matching) or (isinstance(node, Comparison) and node.operator not in ("=", "!="))


def _paths(node: Filter) -> Iterator[Path]:
    match node:
        case And(items) | Or(items):
            for item in items:
                yield from _paths(item)
        case Not(item):
            yield from _paths(item)
        case Comparison(path, _, operand):
            yield path
            if isinstance(operand, Path):
                yield operand
        case Empty(path):
            if path.several:
                yield path
        case Matching(path) | In(path):
            yield path
        case _:
            return
