"""How conditions are combined and turned round, and how large they may be."""

from __future__ import annotations

import operator
from functools import reduce
from typing import Any

import pytest

from pbmodels import Filter, FilterError, PocketBase, using
from pbmodels._filter_text import BoundFilter, Grammar, GrammarNeeded
from pbmodels.query import MAX_COMPARISONS, MAX_LENGTH, Expr, Kind, Path, Raw, all_of, compile_filter
from tests.blog import Comment, Post

A, B, C, D = (Expr[Any](Path(name, Kind.NUMBER)) for name in "abcd")
DATA: Expr[Any] = Expr(Path("data", Kind.JSON))


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        ((A > 1) & (B > 2), "(a > 1 && b > 2)"),
        ((A > 1) | (B > 2), "(a > 1 || b > 2)"),
        ((A > 1) & (B > 2) & (C > 3), "(a > 1 && b > 2 && c > 3)"),
        ((A > 1) & ((B > 2) & (C > 3)), "(a > 1 && b > 2 && c > 3)"),
        (((A > 1) & (B > 2)) | (C > 3), "((a > 1 && b > 2) || c > 3)"),
        ((A > 1) & ((B > 2) | (C > 3)), "(a > 1 && (b > 2 || c > 3))"),
        # ~ goes to the leaves
        (~(A == 1), "a != 1"),
        (~(A != 1), "a = 1"),
        (~(A > 1), "a <= 1"),
        (~(A >= 1), "a < 1"),
        (~(A < 1), "a >= 1"),
        (~(A <= 1), "a > 1"),
        (~~(A > 1), "a > 1"),
        (~~~(A > 1), "a <= 1"),
        (~((A > 1) & (B > 2)), "(a <= 1 || b <= 2)"),
        (~((A > 1) | (B > 2)), "(a <= 1 && b <= 2)"),
        (~((A > 1) & ~((B > 2) | ~(C > 3))), "(a <= 1 || (b > 2 || c <= 3))"),
        (~(~(A > 1) | ((B > 2) & (C > 3))), "(a > 1 && (b <= 2 || c <= 3))"),
        (~Post.title.contains("x"), 'title !~ "x"'),
        (~Post.title.startswith("x"), 'title !~ "x%"'),
        (~Post.title.not_contains("x"), 'title ~ "x"'),
        (~Post.title.in_(["a", "b"]), '(title != "a" && title != "b")'),
        (~Post.title.not_in(["a", "b"]), '(title = "a" || title = "b")'),
        (~Post.title.in_([]), "1 = 1"),
        (~Post.title.is_empty(), 'title != ""'),
        (~Post.tags.is_empty(), "tags:length != 0"),
        (~Post.meta.is_empty(), "meta != null"),
        # behind what may be unset
        (~(Post.author.name == "x"), 'author.name != "x"'),
        (~(Post.author.name > "x"), '(author.name <= "x" || author.id = null)'),
        (~Post.author.name.contains("x"), '(author.name !~ "x" || author.id = null)'),
        (~Comment.post.author.name.contains("x"), '(post.author.name !~ "x" || post.author.id = null)'),
        (~(Post.title < Post.author.name), "(title >= author.name || author.id = null)"),
        (~(Post.author.name < Post.author.email), "(author.name >= author.email || author.id = null)"),
        (~(DATA > 1), "(data <= 1 || data = null)"),
        (~(DATA == 1), "data != 1"),
        (~DATA.contains("x"), '(data !~ "x" || data = null)'),
        # lists
        (~(Post.reviewers.name == "x"), '(reviewers.name != "x" || reviewers.id = null)'),
        (~(Post.reviewers.name == ""), 'reviewers.name != ""'),
        (~(Post.reviewers.name != "x"), 'reviewers.name = "x"'),
        (~Post.reviewers.name.contains("x"), '(reviewers.name !~ "x" || reviewers.id = null)'),
        (~(Post.title == Post.reviewers.name), "title != reviewers.name"),
        (Post.tags.contains("news") & Post.tags.contains("tech"), r'(tags ~ "\"news\"" && tags ~ "\"tech\"")'),  # type: ignore[arg-type]
        (~(Post.tags.contains("news") | Post.tags.contains("tech")), r'(tags !~ "\"news\"" && tags !~ "\"tech\"")'),  # type: ignore[arg-type]
        (Post.tags.contains("news") & Post.tags.is_empty(), '(tags:each ?= "news" && tags:length = 0)'),  # type: ignore[arg-type]
        (
            Post.reviewers.contains("u") & (Post.reviewers.name == "x"),  # type: ignore[arg-type]
            r'(reviewers ~ "\"u\"" && reviewers.name ?= "x")',
        ),
        (
            (Post.reviewers.name == "x") & (Post.reviewers.email == "y"),
            '(reviewers.name ?= "x" && reviewers.email ?= "y")',
        ),
        (
            ~((Post.reviewers.name == "") | (Post.reviewers.email == "")),
            '(reviewers.name != "" && reviewers.email != "")',
        ),
        # text of the language itself
        (Raw(BoundFilter("a = 1 || b = 2", {})) & (C > 3), "((a = 1 || b = 2) && c > 3)"),
        (~~Raw(BoundFilter("a = 1", {})), "(a = 1)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_combinations(condition: Filter, text: str) -> None:
    assert str(condition) == text


@pytest.mark.parametrize(
    ("condition", "sentence"),
    [
        (~Raw(BoundFilter("a = 1", {})), "~ cannot negate the raw filter text 'a = 1': write the opposite in the text"),
        (~((A > 1) & Raw(BoundFilter("b = 1", {}))), "~ cannot negate the raw filter text 'b = 1'"),
        (Raw(BoundFilter("// nothing", {})), "the filter text is empty; leave it out to ask for all records"),
        (
            ~((Post.reviewers.name == "x") & (Post.reviewers.email == "y")),
            "conditions on 'reviewers' cannot be combined with ~ like this",
        ),
        (~(~(Post.reviewers.name == "x") | ~(Post.reviewers.email == "y")), "cannot be combined with ~ like this"),
    ],
)
def test_what_the_language_cannot_say(condition: Filter, sentence: str) -> None:
    with pytest.raises(FilterError) as caught:
        compile_filter(condition, Grammar.ESCAPED)

    assert sentence in str(caught.value)


def test_conditions_stay_as_they_are_when_they_are_combined() -> None:
    first = (A > 1) & (B > 2)
    second = first | (C > 3)

    assert str(first) == "(a > 1 && b > 2)"
    assert str(~second) == "((a <= 1 || b <= 2) && c <= 3)"
    assert str(second) == "((a > 1 && b > 2) || c > 3)"


def test_all_of() -> None:
    assert all_of(()) is None
    assert str(all_of((A > 1,))) == "a > 1"
    assert str(all_of((A > 1, (B > 2) & (C > 3), (D > 4) | (A > 5)))) == "(a > 1 && b > 2 && c > 3 && (d > 4 || a > 5))"


def test_a_backslash_waits_for_the_servers_grammar() -> None:
    condition = (A > 1) & (Post.title == "a\\b")

    with pytest.raises(GrammarNeeded):
        compile_filter(condition, None)
    assert compile_filter(condition, Grammar.RAW) == r'(a > 1 && title = "a\b")'
    assert compile_filter(condition, Grammar.ESCAPED) == r'(a > 1 && title = "a\\b")'
    assert compile_filter(Post.title.contains("a\\b_"), Grammar.RAW) == r'title ~ "%a\\b\_%"'
    assert compile_filter(Post.title.contains("50%_"), None) == r'title ~ "%50\%\_%"'


# Size, as the server counts it


def accepted(pb: PocketBase, text: str) -> bool:
    from pbmodels import BadRequest

    try:
        pb.collection("posts").get_list(1, 1, filter=text)
    except BadRequest:
        return False
    return True


@pytest.mark.parametrize("letter", ["a", "ü", "😀"])
def test_the_limit_of_length_counts_bytes(blog: PocketBase, guest: PocketBase, letter: str) -> None:
    room = MAX_LENGTH - len('title = ""')
    count = room // len(letter.encode())
    fits, exceeds = (letter * count).ljust(count + room % len(letter.encode()), "a"), letter * (count + 1)

    assert len(str(Post.title == fits).encode()) == MAX_LENGTH
    assert Post.where(Post.title == fits).count() == 0
    with (
        using(guest),
        pytest.raises(FilterError, match="bytes in .* characters, and PocketBase accepts 3500 bytes; ask for less"),
    ):
        Post.where(Post.title == exceeds).count()
    assert Post.where(Post.title == exceeds).count() == 0, "superusers send it beside the filter"
    assert accepted(blog, f'title = "{fits}"')
    assert not accepted(blog, f'title = "{exceeds}"')


@pytest.mark.parametrize("one", ["views=1", "1 = 1", "(views > -1)", 'title~"="', "title ?!= 'a'"])
def test_the_limit_of_comparisons_counts_each_operator(blog: PocketBase, one: str) -> None:
    most, too_many = ("||".join([one] * count) for count in (MAX_COMPARISONS, MAX_COMPARISONS + 1))

    assert accepted(blog, most)
    assert compile_filter(Raw(BoundFilter(most, {})), None) == f"({most})"
    assert not accepted(blog, too_many)
    with pytest.raises(FilterError, match="the filter has 201 comparisons, and PocketBase accepts 200; ask for less"):
        compile_filter(Raw(BoundFilter(too_many, {})), None)


def test_opposites_count_what_they_add() -> None:
    conditions: list[Filter] = [Post.author.name > chr(97 + index % 26) for index in range(101)]
    together = reduce(operator.or_, conditions)

    assert compile_filter(together, None).count("author.name >") == 101
    with pytest.raises(FilterError, match="202 comparisons|bytes in"):
        compile_filter(~together, None)


def test_what_is_too_large_can_still_be_shown() -> None:
    condition = Post.title.in_(f"title {number}" for number in range(1000))

    assert len(str(condition)) > MAX_LENGTH
    assert str(Post.where(condition)) == str(condition)
    assert repr(condition).startswith("<Filter (title = ")
