"""Long lists of values: cut into requests that the server accepts, each value in exactly one."""

from __future__ import annotations

import re

import httpx
import pytest

from pbmodels import Filter, FilterError, PocketBase, using
from pbmodels._filter_text import BoundFilter, Grammar
from pbmodels.query import MAX_COMPARISONS, MAX_LENGTH, Raw, all_of, compile_filter, split
from pbmodels.query._split import RESERVE
from tests.blog import Post, User


def values_of(parts: list[Filter]) -> list[str]:
    return [value for part in parts for value in re.findall(r'title = "([^"]*)"', str(part))]


@pytest.mark.parametrize("count", [0, 1, 2, 60, 198, 199, 200, 1000])
@pytest.mark.parametrize("size", [1, 15, 200, 3300])
@pytest.mark.parametrize("letter", ["a", "ü"])
def test_each_value_is_in_one_part_that_fits(count: int, size: int, letter: str) -> None:
    if letter == "ü":
        size //= 2
    wanted = [f"{number:04}".ljust(size, letter) for number in range(count)]

    parts = split(Post.title.in_(wanted))

    texts = [compile_filter(part, Grammar.ESCAPED) for part in parts]
    assert values_of(parts) == wanted
    assert all(len(text.encode()) <= MAX_LENGTH - RESERVE for text in texts)
    assert all(text.count(" = ") <= MAX_COMPARISONS - 1 for text in texts)


def test_parts_are_filled() -> None:
    parts = split(Post.views.in_(range(1000)))

    assert len(parts) == -(-1000 // (MAX_COMPARISONS - 1))


def test_what_fits_stays_whole() -> None:
    condition = Post.title.in_(["a", "b"]) & (Post.views > 3)

    assert split(condition) == [condition]


def test_the_longest_list_is_cut_and_the_rest_repeated() -> None:
    condition = Post.section.in_(["home", "world"]) & Post.title.in_(map(str, range(500))) & ~(Post.author.name > "x")

    parts = split(condition)

    assert len(parts) == 3
    assert values_of(parts) == [str(number) for number in range(500)]
    for part in parts:
        assert str(part).startswith('((section = "home" || section = "world") && (title = ')
        assert str(part).endswith('&& (author.name <= "x" || author.id = null))')


def test_one_long_value_does_not_make_all_parts_small() -> None:
    parts = split(Post.title.in_(["x" * 3300, *(f"{number:03}" for number in range(300))]))

    assert len(parts) == 3


def test_raw_text_beside_a_list_counts_with_all_its_comparisons() -> None:
    raw = Raw(BoundFilter("||".join(["views=1"] * 150), {}))
    condition = all_of((raw, Post.title.in_(map(str, range(100)))))
    assert condition is not None

    parts = split(condition)

    assert [str(part).count("title = ") for part in parts] == [49, 49, 2]
    for part in parts:
        compile_filter(part, None)


@pytest.mark.parametrize(
    ("condition", "sentence"),
    [
        (
            Post.title.not_in(map(str, range(300))),
            "bytes in .* characters, and PocketBase accepts 3500|300 comparisons",
        ),
        (Post.title.in_(map(str, range(300))) | (Post.views > 3), "bytes in|301 comparisons"),
        (Post.reviewers.name.in_(map(str, range(300))), "bytes in|300 comparisons"),
        (Post.reviewers.in_(map(str, range(300))), "bytes in|300 comparisons"),
        (Post.title == "x" * 3500, "bytes in"),
        (Post.title.in_(["a", "x" * 3500]), "the filter has 3510 bytes"),
        (Post.title.in_([*map(str, range(300)), "x" * 3500]), "the filter has 3510 bytes"),
        (
            Raw(BoundFilter("||".join(["views=1"] * 200), {})) & Post.title.in_(["a", "b"]),
            r"beside posts.title.in_\(\) have too many comparisons for one request; ask for less at once",
        ),
    ],
)
def test_what_cannot_be_cut_is_refused_before_any_request(condition: Filter, sentence: str) -> None:
    with pytest.raises(FilterError, match=sentence):
        split(condition)[0].render(Grammar.ESCAPED)


def test_on_the_server(blog: PocketBase) -> None:
    posts = [Post(title=f"{number:03}".ljust(100, "ü")).save() for number in range(45)]
    sent: list[httpx.Request] = []
    blog.before_send = sent.append
    wanted = [post.title for post in posts[::2]] + ["missing".ljust(150, "ü")] * 2
    query = Post.where(Post.title.in_(wanted))

    found = query.all()

    assert sorted(post.title for post in found) == wanted[:-2]
    assert len(sent) > 1
    assert query.count() == 23
    assert query.exists()
    assert len(query.limit(20).all()) == 20


def test_superusers_may_ask_for_values_that_are_too_long_for_a_filter(blog: PocketBase, guest: PocketBase) -> None:
    bodies = [f"{number}".ljust(4000, "ü") for number in range(3)]
    short = [f"{number}" for number in range(250)]
    for body in (*bodies, *short[:2]):
        Post(title="x", body=body).save()
    query = Post.where(Post.body.in_([short[0], *bodies[:2], *short[1:], bodies[2]]))

    assert sorted(post.body for post in query) == sorted([*bodies, *short[:2]])
    assert [post.body for post in query.order_by(-Post.body)] == sorted([*bodies, *short[:2]], reverse=True)
    assert [post.body for post in query.order_by(Post.body)[1:3]] == sorted([*bodies, *short[:2]])[1:3]
    assert query.count() == 5
    requests: list[httpx.Request] = []
    guest.before_send = requests.append
    with using(guest), pytest.raises(FilterError, match="the filter has 80.. bytes"):
        query.all()
    assert requests == []


def test_an_empty_list_asks_for_nothing_and_its_opposite_for_all(blog: PocketBase) -> None:
    Post(title="a").save()

    assert Post.where(Post.title.in_([])).all() == []
    assert Post.where(Post.author.in_([])).count() == 0
    assert Post.where(Post.title.not_in([])).count() == 1
    assert User.where(User.name.in_([])).exists() is False
