"""Python code laid out as `ruff format` and black leave it, at any line length from 88 on.

What does not fit on a line stands one item a line with a comma after the last, which formatters keep.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 88
"""Formatters' usual line length; a line within it fits every longer one too."""


@dataclass(frozen=True)
class Group:
    """A bracket with items in it: a call, a list, a dict.

    Attributes:
        opening: What stands before the items, such as `field(`.
        items: Each with what stands before it, such as `default=`.
        closing: The closing bracket.
    """

    opening: str
    items: Sequence[tuple[str, Code]]
    closing: str


Code = str | Group


def call(name: str, /, *values: Code, **named: Code) -> Group:
    """A call."""
    return Group(f"{name}(", [*(("", value) for value in values), *((f"{key}=", named[key]) for key in named)], ")")


def literal(value: object) -> Code:
    """A value of JSON as Python code.

    Example:
        >>> laid_out(literal({"a": [1, None], "b": "it's"}))
        '{"a": [1, None], "b": "it\\'s"}'
    """
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, dict):
        return Group("{", [(f"{quoted(key)}: ", literal(item)) for key, item in value.items()], "}")
    if isinstance(value, (list, tuple)):
        return Group("[", [("", literal(item)) for item in value], "]")
    return repr(value)


def quoted(text: str) -> str:
    """A text as a Python string in the quotes that need the fewest escapes; texts of several lines as they look.

    Example:
        >>> print(quoted('say "no"'), quoted("it's"))
        'say "no"' "it's"
    """
    plain = text.replace("\n", "")
    if "\n" in text and plain.isprintable() and "\\" not in text and '"""' not in text and not text.endswith('"'):
        start = "" if not text.startswith('"') else "\\\n"
        return f'"""{start}{text}"""'
    inner = repr('"' + text)[2:-1]  # a double quote makes repr choose single ones
    if text.count('"') > text.count("'"):
        return f"'{inner}'"
    return '"' + inner.replace("\\'", "'").replace('"', '\\"') + '"'


def laid_out(code: Code, indent: int = 0, before: int = 0, after: int = 0) -> str:
    """Code as text.

    Args:
        code: The code.
        indent: How far the line that it begins on is indented.
        before: How many characters stand before it on that line, indentation included.
        after: How many will follow on the line that it ends on.
    """
    flat = _flat(code)
    if isinstance(code, str) or ("\n" not in flat and before + len(flat) + after <= WIDTH) or not code.items:
        return flat
    inner = indent + 4
    lines = [" " * inner + prefix + laid_out(item, inner, inner + len(prefix), 1) + "," for prefix, item in code.items]
    return "\n".join([code.opening, *lines, " " * indent + code.closing])


def _flat(code: Code) -> str:
    if isinstance(code, str):
        return code
    return code.opening + ", ".join(prefix + _flat(item) for prefix, item in code.items) + code.closing
