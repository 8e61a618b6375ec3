"""What a client knows of its server's filter grammar, and for how long."""

from __future__ import annotations

import pytest

from pbmodels import PocketBase
from pbmodels._filter_text import Grammar
from tests.server_version import since


@since(0, 40)
def test_the_grammar_is_asked_for_once_and_only_for_a_backslash(blog: PocketBase) -> None:
    filters: list[str | None] = []
    blog.before_send = lambda request: filters.append(request.url.params.get("filter"))
    posts = blog.collection("posts")

    posts.get_list(filter=blog.filter("title = {:t}", t="plain"))
    posts.get_list(filter=blog.filter("title = {:t}", t="a\\b"))
    posts.get_list(filter=blog.filter("title = {:t}", t="c\\d"))

    assert filters == ['title = "plain"', r'"\\" = "\\"', r'title = "a\\b"', r'title = "c\\d"']


def test_the_older_grammar_is_forgotten_after_a_minute(guest: PocketBase, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server may have been updated meanwhile, and read a backslash in another way."""
    now = 1000.0
    monkeypatch.setattr("pbmodels.client._state.time.monotonic", lambda: now)
    state = guest._state

    state.grammar = Grammar.RAW
    assert state.grammar is Grammar.RAW
    now += 61
    assert state.grammar is None

    state.grammar = Grammar.ESCAPED
    now += 1e9
    assert state.grammar is Grammar.ESCAPED
