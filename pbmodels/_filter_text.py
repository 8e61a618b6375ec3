"""Values as literals of PocketBase's filter language, safe on every server version.

This is the one thing that the query layer and the client both need, so it lies below them.

Two grammars exist. Up to PocketBase 0.39.8 a backslash inside quotes is an ordinary character, save
directly before the delimiting quote; from 0.39.9 on `\\\\`, `\\"`, `\\n`, `\\r` and `\\t` are escapes. Text without a
backslash reads the same in both; text with one has to know which server it goes to, or a crafted
value ends its literal and rewrites the filter.
"""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Protocol, runtime_checkable

from pbmodels._errors import FilterError, InexpressibleText

MAX_SAFE_INTEGER = 2**53
"""Numbers are stored as 64-bit floats: integers beyond this lose their last digits silently."""


class Grammar(enum.Enum):
    """How a server reads a backslash inside a quoted literal."""

    RAW = "before 0.39.9"
    ESCAPED = "0.39.9 and later"


GRAMMAR_PROBE = r'"\\" = "\\"'
"""Constants only: 200 in the grammar ESCAPED, 400 in RAW (there the quotes do not pair up)."""

GRAMMAR_CONTROL = '"x" = "x"'
"""Valid in both: tells a 400 of the old grammar from a 400 for any other reason."""


class GrammarNeeded(Exception):
    """A literal has a backslash and the server's grammar is not known yet."""


@runtime_checkable
class FilterSource(Protocol):
    """Anything that can be passed as `filter=`: it becomes text once the server's grammar is known."""

    def render(self, grammar: Grammar | None) -> str:
        """The filter's text; raises `GrammarNeeded` when it depends on a grammar not given."""
        ...


def quote(text: str, grammar: Grammar | None) -> str:
    """One string as a literal that nothing inside it can end.

    Args:
        text: Any string.
        grammar: The server's grammar, or None when it is not known.

    Returns:
        The literal, quotes included.

    Raises:
        InexpressibleText: No literal of this grammar has this value.
        GrammarNeeded: The text has a backslash and `grammar` is None.

    Example:
        >>> quote('say "hi"', None)
        '"say \\\\"hi\\\\""'
    """
    if "\x00" in text:
        raise InexpressibleText("PocketBase filters cannot hold the character U+0000; remove it from the value")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InexpressibleText(
            "the value has half of a surrogate pair, which is not valid Unicode text; remove it"
        ) from None
    if "\\" in text:
        if grammar is None:
            raise GrammarNeeded
        if grammar is Grammar.ESCAPED:
            text = text.replace("\\", "\\\\")
        elif text.endswith("\\"):
            raise InexpressibleText(
                "PocketBase before 0.39.9 cannot express a filter value that ends in a backslash; "
                "update the server, or compare this value in Python"
            )
    return '"' + text.replace('"', '\\"') + '"'


def date_text(value: datetime) -> str:
    """A moment as PocketBase stores it: UTC, milliseconds, `2024-05-01 08:00:00.000Z`.

    Raises:
        FilterError: The datetime has no timezone.

    Example:
        >>> date_text(datetime(2024, 5, 1, 8, tzinfo=UTC))
        '2024-05-01 08:00:00.000Z'
    """
    if value.tzinfo is None or value.utcoffset() is None:
        raise FilterError(
            f"{value!r} has no timezone, so it is no moment in time; "
            "give it one, e.g. value.replace(tzinfo=timezone.utc) or datetime.now(timezone.utc)"
        )
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="milliseconds") + "Z"


def number_text(value: int | float | Decimal) -> str:
    """A number in digits: the filter language has no exponents, infinities or NaN.

    Raises:
        FilterError: The server cannot hold this number.

    Example:
        >>> number_text(1e-7)
        '0.0000001'
    """
    if isinstance(value, int):
        if abs(value) > MAX_SAFE_INTEGER:
            raise FilterError(
                f"{value} is beyond 2**53, where PocketBase's numbers lose digits; keep it in a text field"
            )
        return str(value)
    if not math.isfinite(value):
        raise FilterError(f"{value} is not a finite number, and PocketBase stores no others")
    return format(value if isinstance(value, Decimal) else Decimal(repr(value)), "f")


def literal(value: object, grammar: Grammar | None) -> str:
    """Any value as a literal of the filter language.

    Args:
        value: None, bool, int, float, Decimal, str, an aware datetime, or an Enum of one of those.
        grammar: The server's grammar, needed only for text with a backslash.

    Returns:
        The literal's text.

    Raises:
        FilterError: The value has no literal; the message says what to use.
        GrammarNeeded: See `quote`.

    Example:
        >>> literal(True, None), literal("a", None), literal(None, None)
        ('true', '"a"', 'null')
    """
    if isinstance(value, enum.Enum):
        value = value.value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, Decimal)):
        return number_text(value)
    if isinstance(value, str):
        return quote(value, grammar)
    if isinstance(value, datetime):
        return f'"{date_text(value)}"'
    if isinstance(value, date):
        raise FilterError(
            f"{value!r} is a day, and where a day begins depends on a timezone; "
            "use a datetime, e.g. datetime(2024, 5, 1, tzinfo=timezone.utc)"
        )
    raise FilterError(
        f"a value of type {type(value).__name__} cannot stand in a filter; "
        "use a str, number, bool, None or a datetime with a timezone"
    )


_PLACEHOLDER = re.compile(r"\{:([A-Za-z_]\w*)\}")


class BoundFilter:
    """A raw filter text with values bound to its `{:name}` placeholders.

    Made by `pb.filter(...)` and by `Model.where("...", name=value)`. It is text to look at (`str(...)`),
    but stays unrendered until it is sent, because literals with a backslash read differently on
    different server versions. Placeholders also take another `BoundFilter`, which nests in parentheses.

    Args:
        template: The filter with `{:name}` where a value belongs, without quotes around it.
        values: The value of each placeholder.

    Raises:
        FilterError: A placeholder without a value, a value without a placeholder, a placeholder inside
            quotes, or a value that has no literal.

    Example:
        >>> str(BoundFilter("title ~ {:t} && views > {:n}", {"t": 'a"b', "n": 3}))
        'title ~ "a\\\\"b" && views > 3'
    """

    __slots__ = ("_parts", "_values")

    def __init__(self, template: str, values: Mapping[str, object]) -> None:
        self._parts = _PLACEHOLDER.split(template)
        self._values = dict(values)
        names = self._parts[1::2]
        if missing := sorted(set(names) - self._values.keys()):
            raise FilterError(f"the filter {template!r} has no value for {{:{missing[0]}}}; pass {missing[0]}=...")
        if unused := sorted(self._values.keys() - set(names)):
            raise FilterError(
                f"the filter {template!r} has no placeholder {{:{unused[0]}}} for the value {unused[0]}=..."
            )
        text = ""
        for index, part in enumerate(self._parts):
            if index % 2 == 0:
                text += part
            elif _inside_quotes(text):
                raise FilterError(
                    f"the placeholder {{:{part}}} in {template!r} stands inside quotes; "
                    "remove them, a bound value brings its own"
                )
        for value in self._values.values():
            if not isinstance(value, FilterSource):
                literal(value, Grammar.ESCAPED)

    def render(self, grammar: Grammar | None) -> str:
        """The filter's text for a server of this grammar; `GrammarNeeded` when that decides."""
        return "".join(
            part if index % 2 == 0 else self._operand(self._values[part], grammar)
            for index, part in enumerate(self._parts)
        )

    @staticmethod
    def _operand(value: object, grammar: Grammar | None) -> str:
        if isinstance(value, FilterSource):
            return f"({value.render(grammar)})"
        return literal(value, grammar)

    def __str__(self) -> str:
        return self.render(Grammar.ESCAPED)

    def __repr__(self) -> str:
        return f"BoundFilter({str(self)!r})"

    def __format__(self, spec: str) -> str:
        try:
            return format(self.render(None), spec)
        except GrammarNeeded:
            raise FilterError(
                "this filter has a value with a backslash, whose text depends on the server's version; "
                'pass the filter itself, or nest it: pb.filter("{:a} && views > 1", a=this)'
            ) from None

    def __eq__(self, other: object) -> bool:
        if isinstance(other, BoundFilter):
            return str(self) == str(other)
        return str(self) == other if isinstance(other, str) else NotImplemented

    def __hash__(self) -> int:
        return hash(str(self))


def _inside_quotes(text: str) -> bool:
    open_quote = ""
    previous = ""
    for character in text:
        if open_quote:
            if character == open_quote and previous != "\\":
                open_quote = ""
        elif character in "\"'":
            open_quote = character
        previous = character
    return bool(open_quote)
