"""The one compiler: from the expression tree to the text of PocketBase's filter language.

Every group is parenthesised, because the server joins AND and OR as written. `~` goes down the tree by
De Morgan's laws: AND becomes OR, each comparison its opposite. Two things make opposites exact:

- Behind a relation that is not set, and for a json null, ordered and text comparisons are neither true nor
  false for the server, so the opposite adds `relation.id = null` or `json = null`.
- On paths with several values, the plain operators mean "all of" and those with `?` "any of": the
  opposite of one is the other's, where no value is seen to.

PocketBase 0.23 alone counts a record without a value, between others in a list, as failing any "all of".
"""

from __future__ import annotations

import json
import re

from pbmodels._errors import FilterError
from pbmodels._filter_text import Grammar, Parameters, checked_size, literal, quote, without_quoted
from pbmodels.query._lists import crowded_lists, is_crowded, refuse_inexpressible
from pbmodels.query._nodes import And, Comparison, Empty, Filter, In, Like, Matching, Not, Or, Raw
from pbmodels.query._paths import ANY_ONLY, UNKNOWN, Kind, Path

MAX_COMPARISONS = 200
"""Comparisons in a filter that PocketBase accepts, those between constants included."""

_OPPOSITE = {"=": "!=", "!=": "=", ">": "<=", "<=": ">", "<": ">=", ">=": "<"}
_NOTHING, _EVERYTHING = "1 = 2", "1 = 1"
_NO_VALUE = ('""', "null")
_OPERATOR = re.compile(r"[=!<>~?]+")
_SHORT = MAX_COMPARISONS * len("a=1")


def compile_filter(node: Filter, grammar: Grammar | None, parameters: Parameters | None = None) -> str:
    """The text of a condition.

    Args:
        node: The condition.
        grammar: How the server reads backslashes, None when that is not known.
        parameters: Takes the texts that go beside the filter, where the request may carry them.

    Raises:
        FilterError: The text is longer, or has more comparisons, than the server accepts, or a value or an
            opposite cannot be written.
        GrammarNeeded: A value has a backslash and `grammar` is None.
    """
    text = checked_size(filter_text(node, grammar, parameters))
    if too_many(text, grammar):
        raise FilterError(
            f"the filter has {comparisons(text, grammar)} comparisons, and PocketBase accepts {MAX_COMPARISONS}; "
            "ask for less at once, or filter the rest in Python"
        )
    return text


def comparisons(text: str, grammar: Grammar | None) -> int:
    """How many comparisons a filter's text has: each has one operator.

    Example:
        >>> comparisons('title = "a = b" && (views > 3 || 1 = 2)', None)
        3
    """
    return sum(1 for _ in _OPERATOR.finditer(without_quoted(text, grammar)))


def too_many(text: str, grammar: Grammar | None, accepted: int = MAX_COMPARISONS) -> bool:
    """Whether a filter's text has more comparisons than `accepted`; most are too short for a count."""
    return len(text) > _SHORT and comparisons(text, grammar) > accepted


def filter_text(node: Filter, grammar: Grammar | None, parameters: Parameters | None = None) -> str:
    """The text of a condition, whatever its size."""
    return _Writer(grammar, parameters, crowded_lists(node)).text(node, False)


class _Writer:
    """Writes one condition. It is made for each filter, so it is kept as cheap as can be."""

    __slots__ = ("crowded", "grammar", "parameters")

    def __init__(self, grammar: Grammar | None, parameters: Parameters | None, crowded: frozenset[str]) -> None:
        self.grammar = grammar
        self.parameters = parameters
        self.crowded = crowded

    def text(self, node: Filter, opposite: bool) -> str:
        """The text of a condition, or of its opposite."""
        if type(node) is Comparison:
            operand = node.operand
            if isinstance(operand, Path):
                return _compare(node.path, node.operator, operand.text, opposite, operand)
            return _compare(node.path, node.operator, self._literal(operand), opposite)
        if type(node) is And or type(node) is Or:
            if self.crowded:
                refuse_inexpressible(node, opposite)
            joiner = "&&" if (type(node) is And) is not opposite else "||"
            return _group([self.text(item, opposite) for item in node.items], joiner)
        match node:
            case Not(item):
                return self.text(item, not opposite)
            case Matching(path, how, value):
                return _compare(path, "~", self._pattern(how, value), opposite)
            case In(path, values):
                if not values:
                    return _EVERYTHING if opposite else _NOTHING
                return _group([self._item(path, value, opposite) for value in values], "&&" if opposite else "||")
            case Empty(path):
                return _compare(*_emptiness(path), opposite)
            case Raw(bound):
                if opposite:
                    raise FilterError(
                        f"~ cannot negate the raw filter text {str(bound)!r}: write the opposite in the text itself"
                    )
                text = bound.render(self.grammar, self.parameters)
                if not text.strip():
                    raise FilterError("the filter text is empty; leave it out to ask for all records")
                return f"({text})"
            case _:
                raise FilterError(f"{type(node).__name__} is no condition")

    def _literal(self, value: object) -> str:
        return literal(value, self.grammar, self.parameters)

    def _pattern(self, how: Like, value: str) -> str:
        return _pattern(how, value, self.grammar, self.parameters)

    def _item(self, path: Path, value: object, opposite: bool) -> str:
        if not path.multiple:
            return _compare(path, "=", self._literal(value), opposite)
        if not is_crowded(path, self.crowded):
            return _compare(path.item(every=False), "=", self._literal(value), opposite)
        if not value:  # no item is empty: an empty list counts as one
            return _compare(path.length(), "=", "0", opposite)
        if isinstance(value, str):
            patterns = [self._pattern(Like.CONTAINS, stored) for stored in _json_texts(value)]
            parts = [_compare(path, "~", pattern, opposite) for pattern in patterns]
            return _group(parts, "&&" if opposite else "||")
        return _compare(path.item(every=False), "=", self._literal(value), opposite)


def _group(parts: list[str], joiner: str) -> str:
    return parts[0] if len(parts) == 1 else "(" + f" {joiner} ".join(parts) + ")"


def _compare(path: Path, operator: str, operand: str, opposite: bool, other: Path | None = None) -> str:
    any_of, every = path.any_of, path.every
    if not (opposite or any_of or other):
        return f"{path.text} {operator} {operand}"
    if other is not None:
        any_of, every = any_of or other.any_of, every or other.every
    if not opposite:
        return f"{path.text} {'?' if any_of else ''}{operator} {operand}"
    if ANY_ONLY in (path.nothing, other and other.nothing):
        raise FilterError(
            f"~ cannot turn round {path.name} of a list's records: PocketBase asks whether any of them fits, and never "
            "whether each does; filter the rest in Python"
        )
    turned = f"{path.text} {'?' if every else ''}{_OPPOSITE.get(operator, f'!{operator}')} {operand}"
    if operator in ("=", "!="):
        if other is not None or not (any_of or every) or operand in _NO_VALUE:
            return turned
        if every:
            if operator == "!=" or path.strict or not path.gaps:
                return turned
            # "all of" passes over records without a value, unless there are no others
            nothing = _nothing(path)
            some = nothing.replace(" = ", " ?!= ")
            return f"(({turned} && {some}) || {nothing})"
        if operator == "!=":
            # "all of" passes over records without a value, and those are unequal
            return f"({turned} && {_nothing(path).replace(' = ', ' != ')})" if path.gaps and not path.strict else turned
        # before 0.24 "all of" is false for an empty list; from then on this adds nothing
    nulls = dict.fromkeys(null for side in (path, other) if side is not None and (null := _nothing(side)))
    return _group([turned, *nulls], "||")


def _nothing(path: Path) -> str:
    """What is true where a path leads to no value at all, "" when it always leads to one.

    Raises:
        FilterError: Only the server knows.
    """
    if path.nothing == UNKNOWN:
        raise FilterError(
            f"~ cannot turn round a condition on {path.name}: only the server knows what lies there, and without a "
            "value an order or a search is neither true nor false; write the opposite itself"
        )
    if path.nothing:
        return path.nothing
    if path.kind is Kind.JSON:
        return f"{path.text} = null"
    return f"{path.through}.id = null" if path.through else ""


def _emptiness(path: Path) -> tuple[Path, str, str]:
    """How the zero value of each kind is written; only json has a null."""
    if path.multiple:
        return path.length(), "=", "0"
    match path.kind:
        case Kind.NUMBER:
            return path, "=", "0"
        case Kind.BOOL:
            return path, "=", "false"
        case Kind.JSON:
            return path, "=", "null"
        case _:
            return path, "=", '""'


_WILD = re.compile(r"[\\%_]")


def _pattern(how: Like, value: str, grammar: Grammar | None, parameters: Parameters | None) -> str:
    """The operand of `~` that finds `value` itself, wildcards and backslashes in it included.

    An operand without an unescaped `%` is wrapped in `%` by the server, which also escapes `\\ % _` in it, but not
    each: it leaves out what stands after a backslash or before another of them (`__`). So only values without
    any are left to it. An operand with an unescaped `%` is a LIKE pattern as it stands, where a backslash takes
    `%`, `_` and itself literally.
    """
    if how is Like.CONTAINS and not _WILD.search(value):
        return quote(value, grammar, parameters)
    escaped = value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    pattern = {
        Like.CONTAINS: f"%{escaped}%",
        Like.STARTS: f"{escaped}%",
        Like.ENDS: f"%{escaped}",
    }[how]
    if "\\" not in value:
        grammar = Grammar.RAW  # `\%` and `\_` stay as they are in both grammars
    return quote(pattern, grammar, parameters)


_GO_ESCAPES = {character: f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


def _json_texts(value: str) -> list[str]:
    """One item of a list as servers store it, in JSON; those before 0.40 escape a few characters that others keep."""
    text = json.dumps(value, ensure_ascii=False)
    return list(dict.fromkeys((text, "".join(_GO_ESCAPES.get(character, character) for character in text))))
