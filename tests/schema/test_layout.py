"""What a models file holds is what was to be written, whatever the text or value."""

from __future__ import annotations

import ast

from hypothesis import example, given, settings
from hypothesis import strategies as st

from pbmodels.schema._layout import WIDTH, call, laid_out, literal, quoted
from pbmodels.schema._naming import field_name, member_names

texts = st.text() | st.text(st.sampled_from("\"'\\\n\r\t{}a ü\u2028"))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
)


@given(texts)
@example('"""')
@example('"quoted"\nand "more"')
@example("a\\\nb")
@settings(max_examples=300, deadline=None)
def test_a_text_is_read_as_it_was(text: str) -> None:
    assert ast.literal_eval(quoted(text)) == text


@given(values)
@settings(max_examples=200, deadline=None)
def test_a_value_is_read_as_it_was(value: object) -> None:
    assert ast.literal_eval(laid_out(literal(value))) == value


def test_what_fits_stays_on_a_line_and_what_does_not_gets_a_line_each() -> None:
    short, long = call("field", default='""'), call("field", default=quoted("x" * WIDTH))

    assert laid_out(short) == 'field(default="")'
    assert laid_out(long, 4, 10) == f'field(\n        default="{"x" * WIDTH}",\n    )'


@given(st.lists(st.text(min_size=1), unique=True, max_size=8))
@example(["m²", "m2", "½", "ª", "ΐ"])
@settings(max_examples=200, deadline=None)
def test_each_value_of_a_select_has_a_member_of_its_own(values: list[str]) -> None:
    names = member_names(values)

    assert list(names) == values
    assert len(set(names.values())) == len(values)
    assert all(name.isidentifier() and not name.startswith("_") for name in names.values())


@given(st.from_regex(r"\A[a-zA-Z0-9_]{1,20}\Z"), st.sampled_from(["base", "auth", "view"]))
@settings(max_examples=200, deadline=None)
def test_a_field_has_a_name_that_python_takes(name: str, kind: str) -> None:
    found = field_name(name, kind, {"field", "list"})

    assert found.isidentifier()
    assert not found.startswith("_")
    assert found not in {"field", "list", "class", "save", "copy"}
