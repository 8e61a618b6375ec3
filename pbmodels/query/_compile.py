"""The one compiler: from the expression tree to the text of PocketBase's filter language.

Every group is parenthesised, because the server joins AND and OR as written. `~` goes down the tree by
De Morgan's laws: AND becomes OR, each comparison its opposite. Two things make opposites exact:

- Behind a relation that is not set, ordered and text comparisons are neither true nor false for the
  server, so the opposite adds `relation.id = null`.
- On paths with several values, the plain operators mean "all of" and those with `?` "any of": the
  opposite of one is the other's.
"""

from __future__ import annotations

from pbmodels._errors import FilterError
from pbmodels._filter_text import Grammar, literal, quote
from pbmodels.query._nodes import And, Comparison, Empty, Filter, In, Like, Matching, Not, Or, Raw
from pbmodels.query._paths import Kind, Path

MAX_LENGTH = 3500
"""Characters of a filter that PocketBase accepts."""

MAX_COMPARISONS = 200
"""Comparisons in a filter that PocketBase accepts."""

_OPPOSITE = {"=": "!=", "!=": "=", ">": "<=", "<=": ">", "<": ">=", ">=": "<", "~": "!~", "!~": "~"}
_NOTHING, _EVERYTHING = "1 = 2", "1 = 1"


def compile_filter(node: Filter, grammar: Grammar | None) -> str:
    """The text of a condition.

    Args:
        node: The condition.
        grammar: How the server reads backslashes, None when that is not known.

    Raises:
        FilterError: The text is longer, or has more comparisons, than the server accepts, or a value cannot
            be written.
        GrammarNeeded: A value has a backslash and `grammar` is None.
    """
    text = filter_text(node, grammar)
    if len(text) > MAX_LENGTH:
        raise FilterError(
            f"the filter has {len(text)} characters, and PocketBase accepts {MAX_LENGTH}; "
            "ask for less at once, or filter the rest in Python"
        )
    if (count := comparisons(node)) > MAX_COMPARISONS:
        raise FilterError(
            f"the filter has {count} comparisons, and PocketBase accepts {MAX_COMPARISONS}; "
            "ask for less at once, or filter the rest in Python"
        )
    return text


def comparisons(node: Filter) -> int:
    """How many comparisons a condition comes to."""
    match node:
        case And(items) | Or(items):
            return sum(comparisons(item) for item in items)
        case Not(item):
            return comparisons(item) * (2 if _through(item) else 1)
        case In(_, values):
            return max(1, len(values))
        case _:
            return 1


def _through(node: Filter) -> bool:
    match node:
        case And(items) | Or(items):
            return any(_through(item) for item in items)
        case Not(item):
            return _through(item)
        case Comparison(path) | Matching(path):
            return bool(path.through)
        case _:
            return False


def filter_text(node: Filter, grammar: Grammar | None, opposite: bool = False) -> str:
    """The text of a condition, or of its opposite, whatever its size."""
    match node:
        case Not(item):
            return filter_text(item, grammar, not opposite)
        case And(items):
            return _group([filter_text(item, grammar, opposite) for item in items], "||" if opposite else "&&")
        case Or(items):
            return _group([filter_text(item, grammar, opposite) for item in items], "&&" if opposite else "||")
        case Comparison(path, operator, operand):
            text = operand.text if isinstance(operand, Path) else literal(operand, grammar)
            return _compare(path, operator, text, opposite)
        case Matching(path, how, value):
            return _compare(path, "~", _pattern(how, value, grammar), opposite)
        case In(path, values):
            if not values:
                return _EVERYTHING if opposite else _NOTHING
            parts = [_compare(path, "=", literal(value, grammar), opposite) for value in values]
            return _group(parts, "&&" if opposite else "||")
        case Empty(path):
            return _compare(*_emptiness(path), opposite)
        case Raw(bound):
            if opposite:
                raise FilterError(
                    f"~ cannot negate the raw filter text {str(bound)!r}: write the opposite in the text itself"
                )
            return f"({bound.render(grammar)})"
        case _:
            raise FilterError(f"{type(node).__name__} is no condition")


def _group(parts: list[str], joiner: str) -> str:
    return parts[0] if len(parts) == 1 else "(" + f" {joiner} ".join(parts) + ")"


def _compare(path: Path, operator: str, operand: str, opposite: bool) -> str:
    text = path.text
    several = path.any_of
    if path.multiple and operator == "=":
        text, several = f"{path.text}:each", True
    if not several:
        if not opposite:
            return f"{text} {operator} {operand}"
        unset = path.through and operator not in ("=", "!=")
        plain = f"{text} {_OPPOSITE[operator]} {operand}"
        return f"({plain} || {path.through}.id = null)" if unset else plain
    if opposite:
        return f"{text} {_OPPOSITE[operator]} {operand}"
    return f"{text} ?{operator} {operand}"


def _emptiness(path: Path) -> tuple[Path, str, str]:
    """How the zero value of each kind is written; only json has a null."""
    if path.multiple:
        return Path(f"{path.text}:length", any_of=path.any_of), "=", "0"
    match path.kind:
        case Kind.NUMBER:
            return path, "=", "0"
        case Kind.BOOL:
            return path, "=", "false"
        case Kind.JSON:
            return path, "=", "null"
        case Kind.GEO_POINT:
            raise FilterError(f"{path.name} is a point and never empty: compare its lon and lat with 0")
        case _:
            return path, "=", '""'


def _pattern(how: Like, value: str, grammar: Grammar | None) -> str:
    """The operand of `~` that finds `value` itself, wildcards and backslashes in it included.

    An operand without an unescaped `%` is escaped and wrapped by the server. One with it is a LIKE pattern
    as it stands, where a backslash takes `%`, `_` and itself literally.
    """
    if how is Like.CONTAINS and "%" not in value:
        return quote(value, grammar)
    escaped = value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    pattern = {
        Like.CONTAINS: f"%{escaped}%",
        Like.STARTS: f"{escaped}%",
        Like.ENDS: f"%{escaped}",
    }[how]
    if "\\" not in value:
        grammar = Grammar.RAW  # `\%` and `\_` stay as they are in both grammars
    return quote(pattern, grammar)
