"""Values as literals: what is written, and what is refused. The servers' own reading is in test_literals_on_servers."""

from __future__ import annotations

import enum
import math
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from pbmodels import FilterError, InexpressibleText
from pbmodels._filter_text import BoundFilter, Grammar, GrammarNeeded, literal, quote, without_quoted

BOTH = (Grammar.RAW, Grammar.ESCAPED)


class Section(enum.StrEnum):
    HOME = "home"


class Level(enum.IntEnum):
    HIGH = 3


class LoudFloat(float):
    def __repr__(self) -> str:
        return f"LoudFloat({float(self)})"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (3, "3"),
        (-7, "-7"),
        (2**53, "9007199254740992"),
        (0.1, "0.1"),
        (1e-7, "0.0000001"),
        (1e21, "1000000000000000000000"),
        (LoudFloat(1.5), "1.5"),
        (Decimal("1E+3"), "1000"),
        (Decimal("-0.10"), "-0.10"),
        ("", '""'),
        ("a", '"a"'),
        ("it's", '"it\'s"'),
        ('say "hi"', r'"say \"hi\""'),
        ("line\nbreak\ttab", '"line\nbreak\ttab"'),
        (Section.HOME, '"home"'),
        (Level.HIGH, "3"),
        (datetime(2024, 5, 1, 8, tzinfo=UTC), '"2024-05-01 08:00:00.000Z"'),
        (datetime(2024, 5, 1, 10, 0, 0, 123999, timezone(timedelta(hours=2))), '"2024-05-01 08:00:00.123Z"'),
    ],
)
def test_what_a_value_is_written_as(value: object, text: str) -> None:
    assert [literal(value, grammar) for grammar in (None, *BOTH)] == [text] * 3


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (2**53 + 1, "9007199254740993 is beyond 2**53"),
        (-(2**53) - 1, "-9007199254740993 is beyond 2**53"),
        (10**200, "this number is beyond 2**53"),
        (Decimal(2**53 + 1), "9007199254740993 is beyond 2**53"),
        (Decimal("1E+400"), "this number is beyond 2**53"),
        (math.nan, "nan is not a finite number"),
        (-math.inf, "-inf is not a finite number"),
        (Decimal("NaN"), "NaN is not a finite number"),
        (Decimal("sNaN"), "sNaN is not a finite number"),
        (Decimal("Infinity"), "Infinity is not a finite number"),
        (datetime(2024, 5, 1), "has no timezone, so it is no moment in time; give it one, e.g. value.replace(tzinfo="),
        (datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))), "lies outside the years 1 to 9999 in UTC"),
        (date(2024, 5, 1), "is a day, and where a day begins depends on a timezone"),
        (b"x", "a value of type bytes cannot stand in a filter"),
        (["a"], "a value of type list cannot stand in a filter"),
        ({"a": 1}, "a value of type dict cannot stand in a filter"),
    ],
)
def test_values_that_have_no_literal(value: object, sentence: str) -> None:
    with pytest.raises(FilterError) as caught:
        literal(value, Grammar.ESCAPED)

    assert sentence in str(caught.value)


def test_a_backslash_waits_for_the_grammar() -> None:
    with pytest.raises(GrammarNeeded):
        quote("a\\b", None)

    assert quote("a\\b", Grammar.RAW) == r'"a\b"'
    assert quote("a\\b", Grammar.ESCAPED) == r'"a\\b"'


def test_a_backslash_before_a_quote() -> None:
    assert quote('\\"', Grammar.RAW) == r'"\\""'
    assert quote('\\"', Grammar.ESCAPED) == r'"\\\""'


def test_a_backslash_at_the_end_is_refused_where_it_would_take_the_closing_quote() -> None:
    assert quote("a\\", Grammar.ESCAPED) == r'"a\\"'
    with pytest.raises(InexpressibleText, match=r"before 0\.39\.9 cannot express a filter value that ends in a backsl"):
        quote("a\\", Grammar.RAW)


@pytest.mark.parametrize("grammar", [None, *BOTH])
@pytest.mark.parametrize(("text", "sentence"), [("a\0b", r"U\+0000"), ("\ud800", "half of a surrogate pair")])
def test_text_that_no_literal_can_hold(grammar: Grammar | None, text: str, sentence: str) -> None:
    with pytest.raises(InexpressibleText, match=sentence):
        quote(text, grammar)


def test_inexpressible_text_is_a_filter_error() -> None:
    assert issubclass(InexpressibleText, FilterError)
    assert issubclass(FilterError, ValueError)


# Raw filters with bound values


def test_bound_values_bring_their_own_quotes() -> None:
    bound = BoundFilter("title ~ {:t} && views > {:n} && status = {:s}", {"t": 'a"b', "n": 3, "s": True})

    assert str(bound) == r'title ~ "a\"b" && views > 3 && status = true'
    assert repr(bound) == f"BoundFilter({str(bound)!r})"


def test_one_value_may_stand_in_several_places() -> None:
    assert str(BoundFilter("a = {:x} || b = {:x}", {"x": 1})) == "a = 1 || b = 1"


def test_a_value_that_looks_like_a_placeholder_stays_a_value() -> None:
    assert str(BoundFilter("a = {:x} && b = {:y}", {"x": "{:y}", "y": "{:x}"})) == 'a = "{:y}" && b = "{:x}"'


def test_filters_nest_in_parentheses() -> None:
    either = BoundFilter("a = {:x} || b = 2", {"x": 1})

    assert str(BoundFilter("{:either} && c = 3", {"either": either})) == "(a = 1 || b = 2) && c = 3"


@pytest.mark.parametrize(
    ("template", "values", "sentence"),
    [
        ("a = {:x}", {}, "has no value for {:x}; pass x=..."),
        ("a = 1", {"x": 1}, "has no placeholder {:x} for the value x=..."),
        ("a = {:x} // {:y}", {"x": 1, "y": 2}, "has no placeholder {:y} for the value y=..."),
        ("a = '{:x}'", {"x": 1}, "stands inside quotes; remove them, a bound value brings its own"),
        ('a = "b {:x}"', {"x": 1}, "stands inside quotes"),
        ('a = "it\'s {:x}"', {"x": 1}, "stands inside quotes"),
        (r'a = "b \" {:x}"', {"x": 1}, "stands inside quotes"),
        ("a = 'b", {}, "has a ' without its partner"),
        ('a = {:x} || b = "', {"x": 1}, 'has a " without its partner'),
        ("(a = 1", {}, "has a ( without its partner"),
        ("a = 1) || (b = 2", {}, "has a ) without its partner"),
        ("a = {x}", {"x": 1}, "has a { that is no placeholder: write {:name}"),
        ("a = {: x}", {}, "has a { that is no placeholder: write {:name}"),
        (r'a = "\\" && b = {:x}', {"x": 1}, "older and newer servers read the backslashes"),
        ("a = {:x}", {"x": object()}, "a value of type object cannot stand in a filter"),
        ("a = {:x}", {"x": "\0"}, "U+0000"),
    ],
)
def test_templates_that_cannot_be_right(template: str, values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(FilterError) as caught:
        BoundFilter(template, values)

    assert sentence in str(caught.value)


def test_quotes_parentheses_and_backslashes_inside_quotes_are_text() -> None:
    template = r"""a = ")" && b = '(' && c = 'say "hi"' && d = "C:\temp\"" && e = {:x}"""

    assert str(BoundFilter(template, {"x": 1})) == template.replace("{:x}", "1")


def test_comments_are_left_out_so_that_they_reach_no_further() -> None:
    bound = BoundFilter("a = {:x} // don't :)\n|| url = 'http://x' // end", {"x": 1})

    assert str(bound) == "a = 1 \n|| url = 'http://x' "


def test_an_empty_filter_nests_nowhere() -> None:
    with pytest.raises(FilterError, match="the filter to be nested is empty"):
        str(BoundFilter("{:a} && b = 1", {"a": BoundFilter(" // nothing", {})}))


def test_a_filter_can_be_formatted_unless_its_text_depends_on_the_server() -> None:
    assert f"{BoundFilter('a = {:x}', {'x': 'b'})}" == 'a = "b"'
    assert f"{BoundFilter('a = {:x}', {'x': 1}):>7}" == "  a = 1"
    with pytest.raises(FilterError, match="depends on the server's version; pass the filter itself, or nest it"):
        format(BoundFilter("a = {:x}", {"x": "\\"}))


def test_filters_are_equal_by_their_text() -> None:
    one, same = BoundFilter("a = {:x}", {"x": 1}), BoundFilter("a = {:y}", {"y": 1})

    assert one == same == "a = 1"
    assert len({one, same}) == 1
    assert one != BoundFilter("a = {:x}", {"x": 2})
    assert one != 1


@pytest.mark.parametrize("grammar", [None, *BOTH])
def test_structure_is_what_stands_outside_quotes(grammar: Grammar | None) -> None:
    assert without_quoted(r"""a = "x = \"1\"" && b = 'y\'s' && c = ''""", grammar) == "a =  && b =  && c = "


def test_structure_by_grammar() -> None:
    assert without_quoted(r'a = "\\" && b = 1', Grammar.ESCAPED) == "a =  && b = 1"
    assert without_quoted(r'a = "\\" && b = " && c', Grammar.RAW) == "a =  && c"
