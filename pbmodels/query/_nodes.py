"""The expression tree: what a condition is made of. Text comes from `_compile`, nowhere else.

Nodes are never changed once they are made; they are not frozen, because that would double the time to make one.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from pbmodels._errors import FilterError
from pbmodels._filter_text import BoundFilter, Grammar, Parameters
from pbmodels.query._paths import Path

if TYPE_CHECKING:
    from pbmodels.query._expressions import Expr


class Filter:
    """A condition on records. Combine with `&`, `|` and `~`; `str()` shows the text that is sent.

    | you write | it sends |
    |---|---|
    | `(Post.views > 3) & (Post.status == True)` | `(views > 3 && status = true)` |
    | `(Post.views > 3) \\| (Post.views < 1)` | `(views > 3 \\|\\| views < 1)` |
    | `~(Post.views > 3)` | `views <= 3` |

    PocketBase's filter language has no NOT: `~` is compiled by De Morgan's laws.
    """

    __slots__ = ()

    def __and__(self, other: Filter | Expr[bool]) -> Filter:
        return And(_parts(And, self, other))

    def __or__(self, other: Filter | Expr[bool]) -> Filter:
        return Or(_parts(Or, self, other))

    def __invert__(self) -> Filter:
        node = self._node()
        return node.item if isinstance(node, Not) else Not(node)

    def __bool__(self) -> NoReturn:
        raise FilterError(
            "a condition has no truth value in Python: combine conditions with & | ~ "
            "(each in parentheses) instead of and, or, not, chained comparisons and in"
        )

    def _node(self) -> Filter:
        """The condition as a tree holds it; a bool field gives the comparison that it stands for."""
        return self

    def render(self, grammar: Grammar | None, parameters: Parameters | None = None) -> str:
        """The filter's text for a server of this grammar; `GrammarNeeded` when that decides."""
        from pbmodels.query._compile import compile_filter

        return compile_filter(self._node(), grammar, parameters)

    def __str__(self) -> str:
        from pbmodels.query._compile import filter_text

        return filter_text(self._node(), Grammar.ESCAPED)

    def __repr__(self) -> str:
        return f"<Filter {self}>"


class Like(enum.Enum):
    """Where in a text another one is looked for."""

    CONTAINS = "contains"
    STARTS = "startswith"
    ENDS = "endswith"


@dataclass(slots=True, eq=False, repr=False)
class Comparison(Filter):
    """`path operator operand`; the operand is a value or another `Path`."""

    path: Path
    operator: str
    operand: object


@dataclass(slots=True, eq=False, repr=False)
class Matching(Filter):
    """Text that contains, starts or ends with another one, taken literally."""

    path: Path
    how: Like
    text: str


@dataclass(slots=True, eq=False, repr=False)
class In(Filter):
    """One of several values."""

    path: Path
    values: tuple[object, ...]


@dataclass(slots=True, eq=False, repr=False)
class Empty(Filter):
    """The zero value of the field's kind."""

    path: Path


@dataclass(slots=True, eq=False, repr=False)
class And(Filter):
    """All of these."""

    items: tuple[Filter, ...]


@dataclass(slots=True, eq=False, repr=False)
class Or(Filter):
    """At least one of these."""

    items: tuple[Filter, ...]


@dataclass(slots=True, eq=False, repr=False)
class Not(Filter):
    """The opposite."""

    item: Filter


@dataclass(slots=True, eq=False, repr=False)
class Raw(Filter):
    """Text in PocketBase's own language, with bound values; it cannot be negated."""

    bound: BoundFilter


def _parts(kind: type[And] | type[Or], left: Filter, right: object) -> tuple[Filter, ...]:
    if not isinstance(right, Filter):
        raise FilterError(
            f"cannot combine a condition with {type(right).__name__}: "
            "both sides of & and | must be conditions; put each in parentheses"
        )
    one, other = left._node(), right._node()
    return (one.items if isinstance(one, kind) else (one,)) + (other.items if isinstance(other, kind) else (other,))


def paths_of(node: Filter) -> Iterator[Path]:
    """All that a condition asks about; what raw text asks about is not known."""
    left = [node]
    while left:
        node = left.pop()
        kind = type(node)
        if kind is And or kind is Or:
            left += node.items  # type: ignore[attr-defined]
        elif kind is Not:
            left.append(node.item)  # type: ignore[attr-defined]
        elif kind is not Raw:
            yield node.path  # type: ignore[attr-defined]
            if kind is Comparison and type(node.operand) is Path:  # type: ignore[attr-defined]
                yield node.operand  # type: ignore[attr-defined]


def all_of(items: tuple[Filter, ...]) -> Filter | None:
    """Conditions joined by AND: None for none, the condition itself for one."""
    nodes = tuple(item._node() for item in items)
    if len(nodes) < 2:
        return nodes[0] if nodes else None
    return And(tuple(part for node in nodes for part in (node.items if isinstance(node, And) else (node,))))
