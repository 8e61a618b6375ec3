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
from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from typing import Protocol, runtime_checkable

from dateutil.relativedelta import relativedelta

from pbmodels._errors import FilterError, InexpressibleText

MAX_SAFE_INTEGER = 2**53
"""Numbers are stored as 64-bit floats: integers beyond this lose their last digits silently."""


MAX_LENGTH = 3500
"""Bytes of a filter's UTF-8 text that PocketBase accepts."""


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


class Parameters:
    """Texts that go beside a filter as query parameters, which it names: `title = @request.query.p0`.

    Superusers alone may do that. It says what no literal can: a trailing backslash to servers before 0.39.9, and long
    texts, which the filter's limit does not count then. Numbers would be compared as text, and stay literals.

    Args:
        taken: Names of query parameters that the request has already.

    Attributes:
        values: The texts by their names.
    """

    __slots__ = ("_taken", "values")

    LONG = 40
    """Texts of more characters are moved out of the filter."""

    def __init__(self, taken: Container[str] = ()) -> None:
        self._taken = taken
        self.values: dict[str, str] = {}

    def name(self, text: str, grammar: Grammar | None) -> str | None:
        """How the filter names this text, None where a literal does."""
        if len(text) <= self.LONG and not (grammar is Grammar.RAW and text.endswith("\\")):
            return None
        name = next(name for number in count() if (name := f"p{number}") not in self._taken and name not in self.values)
        self.values[name] = text
        return f"@request.query.{name}"


@runtime_checkable
class FilterSource(Protocol):
    """Anything that can be passed as `filter=`: it becomes text once the server's grammar is known."""

    def render(self, grammar: Grammar | None, parameters: Parameters | None = None) -> str:
        """The filter's text; raises `GrammarNeeded` when it depends on a grammar not given."""
        ...


_SPECIAL = re.compile(r'[\0"\\]')


def quote(text: str, grammar: Grammar | None, parameters: Parameters | None = None) -> str:
    """One string as a literal that nothing inside it can end.

    Args:
        text: Any string.
        grammar: The server's grammar, or None when it is not known.
        parameters: Takes texts that are better not written as literals, where the request may carry them.

    Returns:
        The literal, quotes included, or the name of the parameter.

    Raises:
        InexpressibleText: No literal of this grammar has this value.
        GrammarNeeded: The text has a backslash and `grammar` is None.

    Example:
        >>> quote('say "hi"', None)
        '"say \\\\"hi\\\\""'
    """
    if parameters is None and text.isascii() and not _SPECIAL.search(text):
        return f'"{text}"'
    if "\x00" in text:
        raise InexpressibleText("PocketBase filters cannot hold the character U+0000; remove it from the value")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InexpressibleText(
            "the value has half of a surrogate pair, which is not valid Unicode text; remove it"
        ) from None
    if parameters is not None and (name := parameters.name(text, grammar)) is not None:
        return name
    if "\\" in text:
        if grammar is None:
            raise GrammarNeeded
        if grammar is Grammar.ESCAPED:
            text = text.replace("\\", "\\\\")
        elif text.endswith("\\"):
            raise InexpressibleText(
                "PocketBase before 0.39.9 cannot express a filter value that ends in a backslash; "
                "update the server, ask as a superuser, or compare this value in Python"
            )
    return '"' + text.replace('"', '\\"') + '"'


def date_text(value: datetime) -> str:
    """A moment as PocketBase stores it: UTC, cut to milliseconds, `2024-05-01 08:00:00.000Z`.

    Raises:
        FilterError: The datetime has no timezone, or lies outside the years 1 to 9999 in UTC.

    Example:
        >>> date_text(datetime(2024, 5, 1, 8, tzinfo=UTC))
        '2024-05-01 08:00:00.000Z'
    """
    if value.tzinfo is None or value.utcoffset() is None:
        raise FilterError(
            f"{value!r} has no timezone, so it is no moment in time; "
            "give it one, e.g. value.replace(tzinfo=timezone.utc) or datetime.now(timezone.utc)"
        )
    try:
        moment = value.astimezone(UTC)
    except OverflowError:
        raise FilterError(f"{value!r} lies outside the years 1 to 9999 in UTC, and PocketBase keeps UTC") from None
    return moment.replace(tzinfo=None).isoformat(sep=" ", timespec="milliseconds") + "Z"


@dataclass(frozen=True, slots=True)
class RelativeTime:
    """A moment counted from now, anew each time that a filter is written: see `ago` and `from_now`."""

    distance: relativedelta

    def moment(self) -> datetime:
        """The moment that it is at present, in UTC."""
        return datetime.now(UTC) + self.distance


def number_text(value: int | float | Decimal) -> str:
    """A number in digits: the filter language has no exponents, infinities or NaN.

    Whole numbers must be exact; a float is taken as the nearest that it is, however large.

    Raises:
        FilterError: The server cannot hold this number.

    Example:
        >>> number_text(1e-7)
        '0.0000001'
    """
    if type(value) is int and -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER:
        return str(value)
    if isinstance(value, float):
        value = float(value)  # subclasses such as numpy's write themselves differently
        if not math.isfinite(value):
            raise FilterError(f"{value} is not a finite number, and PocketBase stores no others")
        return format(Decimal(repr(value)), "f")
    if isinstance(value, Decimal) and not value.is_finite():
        raise FilterError(f"{value} is not a finite number, and PocketBase stores no others")
    if not -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER:
        shown = str(value) if -(10**100) < value < 10**100 else "this number"
        raise FilterError(f"{shown} is beyond 2**53, where PocketBase's numbers lose digits; keep it in a text field")
    return format(value, "f") if isinstance(value, Decimal) else format(int(value), "d")


def literal(value: object, grammar: Grammar | None, parameters: Parameters | None = None) -> str:
    """Any value as a literal of the filter language.

    Args:
        value: None, bool, int, float, Decimal, str, an aware datetime, a `RelativeTime`, or an Enum of one of those.
        grammar: The server's grammar, needed only for text with a backslash.
        parameters: See `quote`.

    Returns:
        The literal's text.

    Raises:
        FilterError: The value has no literal; the message says what to use.
        GrammarNeeded: See `quote`.

    Example:
        >>> literal(True, None), literal("a", None), literal(None, None)
        ('true', '"a"', 'null')
    """
    if type(value) is str:
        return quote(value, grammar, parameters)
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, enum.Enum):
        return literal(value.value, grammar, parameters)
    if value is None:
        return "null"
    if isinstance(value, (int, float, Decimal)):
        return number_text(value)
    if isinstance(value, str):
        return quote(value, grammar, parameters)
    if isinstance(value, datetime):
        return f'"{date_text(value)}"'
    if isinstance(value, RelativeTime):
        return f'"{date_text(value.moment())}"'
    if isinstance(value, date):
        raise FilterError(
            f"{value!r} is a day, and where a day begins depends on a timezone; "
            "use a datetime, e.g. datetime(2024, 5, 1, tzinfo=timezone.utc)"
        )
    raise FilterError(
        f"a value of type {type(value).__name__} cannot stand in a filter; "
        "use a str, number, bool, None or a datetime with a timezone"
    )


def size(text: str) -> int:
    """The length of a filter as the server counts it: in bytes.

    Example:
        >>> size('name = "ü"')
        11
    """
    return len(text) if text.isascii() else len(text.encode())


def checked_size(text: str) -> str:
    """The text of a filter, if the server accepts one of this size.

    Raises:
        FilterError: It is too long.
    """
    if (length := size(text)) > MAX_LENGTH:
        raise FilterError(
            f"the filter has {length} bytes in {len(text)} characters, and PocketBase accepts {MAX_LENGTH} bytes; "
            "ask for less at once, or filter the rest in Python"
        )
    return text


_PLACEHOLDER = re.compile(r"\{:([A-Za-z_]\w*)\}")
_QUOTED = {
    Grammar.RAW: r"""(?:"[^"]*(?:(?<=\\)"[^"]*)*(?<!\\)"|'[^']*(?:(?<=\\)'[^']*)*(?<!\\)')""",
    Grammar.ESCAPED: r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""",
}
_TOKENS = {
    grammar: re.compile(
        rf"(?P<quoted>{quoted})|(?P<comment>//[^\n]*)|(?P<placeholder>{_PLACEHOLDER.pattern})|(?P<sign>[()\"'{{}}])",
        re.DOTALL,
    )
    for grammar, quoted in _QUOTED.items()
}
_LITERALS = {grammar: re.compile(quoted, re.DOTALL) for grammar, quoted in _QUOTED.items()}


def without_quoted(text: str, grammar: Grammar | None) -> str:
    """A filter's text without what stands in quotes, to look at its structure.

    Example:
        >>> without_quoted('a = "x = 1" && b = 2', None)
        'a =  && b = 2'
    """
    return _LITERALS[grammar or Grammar.ESCAPED].sub("", text)


_SINCE = {
    ":lower": "0.24",
    "@yesterday": "0.24",
    "@tomorrow": "0.24",
    "geoDistance(": "0.27",
    ":changed": "0.34",
    "strftime(": "0.36",
}


def since(text: str) -> dict[str, str]:
    """What a filter's text has of newer versions of PocketBase, and from which on it is there.

    Example:
        >>> since('title:lower = "x" && views > 3')
        {':lower': '0.24'}
    """
    plain = without_quoted(text, None)
    return {part: version for part, version in _SINCE.items() if part in plain}


class BoundFilter:
    """A raw filter text with values bound to its `{:name}` placeholders.

    Made by `pb.filter(...)` and by `Model.where("...", name=value)`. It is text to look at (`str(...)`),
    but stays unrendered until it is sent, because literals with a backslash read differently on
    different server versions. Placeholders also take another `BoundFilter`, which nests in parentheses.

    Args:
        template: The filter with `{:name}` where a value belongs, without quotes around it.
        values: The value of each placeholder.

    Raises:
        FilterError: A placeholder without a value, a value without a placeholder, a placeholder inside quotes,
            quotes or parentheses that do not pair up, or a value that has no literal.

    Example:
        >>> str(BoundFilter("title ~ {:t} && views > {:n}", {"t": 'a"b', "n": 3}))
        'title ~ "a\\\\"b" && views > 3'
    """

    __slots__ = ("_parts", "_values")

    def __init__(self, template: str, values: Mapping[str, object]) -> None:
        self._parts = _split_template(template)
        self._values = dict(values)
        names = self._parts[1::2]
        if missing := sorted(set(names) - self._values.keys()):
            raise FilterError(f"the filter {template!r} has no value for {{:{missing[0]}}}; pass {missing[0]}=...")
        if unused := sorted(self._values.keys() - set(names)):
            raise FilterError(
                f"the filter {template!r} has no placeholder {{:{unused[0]}}} for the value {unused[0]}=..."
            )
        for value in self._values.values():
            if not isinstance(value, FilterSource):
                literal(value, Grammar.ESCAPED)

    def render(self, grammar: Grammar | None, parameters: Parameters | None = None) -> str:
        """The filter's text for a server of this grammar; `GrammarNeeded` when that decides.

        Raises:
            FilterError: It is longer than the server accepts, or a value has no literal there.
        """
        return checked_size(self._text(grammar, parameters))

    def _text(self, grammar: Grammar | None, parameters: Parameters | None = None) -> str:
        return "".join(
            part if index % 2 == 0 else self._operand(self._values[part], grammar, parameters)
            for index, part in enumerate(self._parts)
        )

    @staticmethod
    def _operand(value: object, grammar: Grammar | None, parameters: Parameters | None) -> str:
        if isinstance(value, FilterSource):
            text = value.render(grammar, parameters)
            if not text.strip():
                raise FilterError("the filter to be nested is empty; leave it and its placeholder out")
            return f"({text})"
        return literal(value, grammar, parameters)

    def __str__(self) -> str:
        return self._text(Grammar.ESCAPED)

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


def _split_template(template: str) -> list[str]:
    """The text of a template and the names of its placeholders, in turn; comments are left out.

    A comment could otherwise reach behind its filter, when it is joined with others.

    Raises:
        FilterError: Its quotes, parentheses or braces do not pair up, on older or newer servers.
    """
    tokens = list(_TOKENS[Grammar.ESCAPED].finditer(template))
    if "\\" in template:
        older = _TOKENS[Grammar.RAW].finditer(template)
        if [token.span() for token in tokens] != [token.span() for token in older]:
            raise FilterError(
                f"older and newer servers read the backslashes in {template!r} differently; "
                "bind the text as a value: title = {:t} with t=..."
            )
    parts = [""]
    start = depth = 0
    for token in tokens:
        found = token[0]
        if token["quoted"]:
            if inside := _PLACEHOLDER.search(found):
                raise FilterError(
                    f"the placeholder {inside[0]} in {template!r} stands inside quotes; "
                    "remove them, a bound value brings its own"
                )
            continue
        parts[-1] += template[start : token.start()]
        start = token.end()
        if token["placeholder"]:
            parts += [found[2:-1], ""]
        elif token["sign"]:
            depth += {"(": 1, ")": -1}.get(found, 0)
            if found in "{}":
                raise FilterError(f"the filter {template!r} has a {found} that is no placeholder: write {{:name}}")
            if depth < 0 or found not in "()":
                raise FilterError(f"the filter {template!r} has a {found} without its partner")
            parts[-1] += found
    if depth:
        raise FilterError(f"the filter {template!r} has a ( without its partner")
    parts[-1] += template[start:]
    return parts
