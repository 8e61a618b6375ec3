"""The whole filter language on real servers: each row of `docs/filter-language.md` selects what it says."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from pbmodels import (
    BadRequest,
    FilterError,
    NotFound,
    PocketBase,
    PocketBaseServer,
    ago,
    collection,
    day,
    from_now,
    hour,
    minute,
    month,
    month_end,
    month_start,
    request,
    today_end,
    today_start,
    using,
    weekday,
    year,
    year_end,
    year_start,
)
from tests.query.language import CASES, LISTS, QUERIES, UPDATES, Blog, Case, Post

PAGE = Path(__file__).parents[2] / "docs" / "filter-language.md"


@pytest.fixture(scope="module")
def blog(any_server: PocketBaseServer) -> Iterator[Blog]:
    with any_server.client() as pb:
        yield Blog(pb, any_server.version, any_server.url)


@pytest.fixture(scope="module")
def ann(blog: Blog) -> Iterator[PocketBase]:
    with PocketBase(blog.url) as pb:
        pb.users.auth_with_password("ann@example.com", "12345678")
        yield pb


def cases(run_by: str) -> Any:
    return pytest.mark.parametrize("case", [case for case in CASES if case.run_by == run_by], ids=str)


def known(case: Case, blog: Blog) -> None:
    """Go on where this version knows the construct; older ones refuse it with a word of the version that is needed."""
    if blog.version < case.since:
        if case.run_by == QUERIES and "place." not in case.sends.replace("geoDistance(place.", ""):
            needed = f"needs PocketBase {'.'.join(map(str, case.since))} or later"
            with using(blog.pb), pytest.raises(BadRequest, match=needed):
                Post.where(case.condition()).all()
        pytest.skip(f"PocketBase {'.'.join(map(str, case.since))} and later")


@cases(QUERIES)
def test_a_query_selects(case: Case, blog: Blog) -> None:
    known(case, blog)
    condition = case.condition()

    with using(blog.pb):
        query = condition if hasattr(condition, "all") else Post.where(condition)
        found = sorted(post.title for post in query)

    assert str(query) == case.sends
    assert found == case.finds.split()


@cases(LISTS)
def test_a_list_rule_selects(case: Case, blog: Blog, ann: PocketBase) -> None:
    known(case, blog)
    text = case.condition().render(None)
    blog.pb.collections.update("posts", {"listRule": text})

    found = ann.collection("posts").get_full_list(query={"lang": "de"}, headers={"X-Token": "t"})

    assert text == case.sends
    assert sorted(post.get_str("title") for post in found) == case.finds.split()


@cases(UPDATES)
def test_an_update_rule_lets_through(case: Case, blog: Blog, ann: PocketBase) -> None:
    known(case, blog)
    text = case.condition().render(None)
    blog.pb.collections.update("posts", {"viewRule": "", "updateRule": text})
    yes, no = case.lets

    with pytest.raises(NotFound):
        ann.collection("posts").update(blog.one.id, no)
    ann.collection("posts").update(blog.one.id, yes)

    assert text == case.sends
    blog.pb.collection("posts").update(blog.one.id, {name: blog.one[name] for name in yes})


def test_macros_are_what_the_clock_says(blog: Blog) -> None:
    while True:
        at = datetime.now(UTC)
        parts = (year() == at.year, month() == at.month, day() == at.day, hour() == at.hour, minute() == at.minute)
        with using(blog.pb):
            fits = Post.where(*parts, weekday() == at.isoweekday() % 7).count()
        if datetime.now(UTC).minute == at.minute:
            break

    assert fits == 4


def test_moments_begin_and_end_in_utc(blog: Blog) -> None:
    at = datetime.now(UTC)
    today, this_month, this_year = f"{at:%Y-%m-%d}", f"{at:%Y-%m}-01", f"{at:%Y}-01-01"

    with using(blog.pb):
        fits = Post.where(
            today_start() == f"{today}T00:00:00Z",
            today_end() == f"{today}T23:59:59.999Z",
            month_start() == f"{this_month}T00:00:00Z",
            month_end() > today_start(),
            year_start() == f"{this_year}T00:00:00Z",
            year_end() == f"{at:%Y}-12-31T23:59:59.999Z",
        ).count()

    assert fits == 4 or datetime.now(UTC).date() != at.date()


def test_moments_are_counted_from_now_each_time(blog: Blog) -> None:
    with using(blog.pb):
        assert Post.where(Post.created > ago(minutes=10)).count() == 4
        assert Post.where(Post.created < ago(minutes=10)).count() == 0
        assert Post.where(Post.published > from_now(years=1)).one().title == "future"
        assert Post.where(Post.published > from_now(weeks=60)).count() == 0

    query = Post.where(Post.created > ago(days=1))
    first, until = str(query), time.monotonic() + 5
    while str(query) == first:
        assert time.monotonic() < until


def rows() -> list[str]:
    return re.findall(r"^\| `.+::test_.*$", PAGE.read_text("utf-8"), re.M)


def row(case: Case) -> str:
    """A case as the documentation shows it."""
    cells = [f"`{text}`".replace("|", "\\|") for text in (case.construct, case.form, case.sends, case.run_by)]
    if case.since > (0, 23):
        cells[0] += f" from {case.since[0]}.{case.since[1]}"
    return f"| {' | '.join(cells)} |"


def test_the_table_of_the_documentation_shows_each_construct() -> None:
    assert rows() == [row(case) for case in CASES]


OPERATORS = ("=", "!=", ">", ">=", "<", "<=", "~", "!~")
"""Each has a form with `?` too. Source: fexpr, `scanner.go`."""
MACROS = ["now", "yesterday", "tomorrow", "second", "minute", "hour", "day", "month", "weekday", "year"] + [
    f"{unit}{end}" for unit in ("today", "month", "year") for end in ("Start", "End")
]
SOURCES = ["request.auth.", "request.body.", "request.query.", "request.headers.", "request.method", "request.context"]
WORDS = [
    *(f"@{name}" for name in (*MACROS, *SOURCES, "collection.")),
    *("_via_", ":isset", ":changed", ":length", ":each", ":lower", "geoDistance(", "strftime("),
    *("&&", "||", "(", "//", "null", "true", "false"),
]
"""Source: PocketBase, `tools/search/identifier_macros.go`, `token_functions.go` and `core/record_field_resolver.go`."""


def test_nothing_of_the_language_is_left_out() -> None:
    texts = [case.sends if case.construct != "// comment" else case.form for case in CASES]
    several = [case for case in CASES if re.match(r"reviewers\.", case.sends.lstrip("("))]

    for word in WORDS:
        assert any(word in text for text in texts), word
    for sign in OPERATORS:
        assert any(f" {sign} " in case.sends for case in CASES if case not in several), sign
        assert any(f" {sign} " in case.sends for case in several), f"{sign} of all"
        assert any(f" ?{sign} " in case.sends for case in several), f"?{sign}"


def test_the_tests_that_the_table_names_are_there() -> None:
    named = {line.rsplit("`", 2)[1] for line in rows()}

    assert named == {QUERIES, LISTS, UPDATES}
    for name in named:
        file, _, function = name.partition("::")
        assert file == Path(__file__).name
        assert callable(globals()[function])


def test_what_only_superusers_may_ask_is_refused_before_it_is_sent(blog: Blog, ann: PocketBase) -> None:
    sent: list[str] = []
    ann.before_send = lambda request: sent.append(request.method)  # type: ignore[assignment]

    for condition in (
        request.auth.id != "",
        collection("comments").text == "x",
        Post.title == "by @request. and so on",
    ):
        with (
            using(ann),
            pytest.raises(FilterError, match="from superusers only, even inside a value: sign in as a sup"),
        ):
            Post.where(condition).all()

    assert sent == []
    ann.before_send = None


def test_a_client_that_signs_requests_by_itself_may_ask_anything(blog: Blog) -> None:
    with (
        httpx.Client(headers={"Authorization": blog.pb.auth_store.token}) as http,
        PocketBase(blog.url, http_client=http) as pb,
        using(pb),
    ):
        assert Post.where(request.auth.id != "").count() == 4
