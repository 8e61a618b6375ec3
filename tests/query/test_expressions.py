"""What one writes and what it sends, field kind by field kind; and what is refused, with which words."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from pbmodels import FilterError, GeoPoint, Ref
from pbmodels.query import Expr, Kind, Path, Sort
from tests.blog import PLACES, Comment, Post, User
from tests.server_version import all_since

all_since(*PLACES)

MAY = datetime(2024, 5, 1, 8, tzinfo=UTC)


class Section(enum.Enum):
    HOME = "home"


def field(name: str, kind: Kind = Kind.TEXT, **more: Any) -> Expr[Any]:
    return Expr(Path(name, kind, **more))


JSON = field("data", Kind.JSON)
OLDER = field("older", Kind.DATE)


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (Post.title == "x", 'title = "x"'),
        (Post.title != "x", 'title != "x"'),
        (Post.title < "x", 'title < "x"'),
        (Post.title == None, "title = null"),  # noqa: E711
        (Post.title != None, "title != null"),  # noqa: E711
        (Post.body.contains("<b>"), 'body ~ "<b>"'),
        (Post.views > 3, "views > 3"),
        (Post.views >= 3, "views >= 3"),
        (Post.views < 3, "views < 3"),
        (Post.views <= 3, "views <= 3"),
        (Post.views == 2**53, "views = 9007199254740992"),
        (Post.score == 1e-7, "score = 0.0000001"),
        (Post.score == Decimal("0.10"), "score = 0.10"),
        (Post.status == True, "status = true"),
        (Post.status != False, "status != false"),
        (Post.section == "home", 'section = "home"'),
        (Post.section == Section.HOME, 'section = "home"'),
        (Post.published > MAY, 'published > "2024-05-01 08:00:00.000Z"'),
        (Post.published == "2024-05-01T10:00:00+02:00", 'published = "2024-05-01 08:00:00.000Z"'),
        (Post.published == "Wed, 01 May 2024 10:00:00 +0200", 'published = "2024-05-01 08:00:00.000Z"'),
        (Post.published > "1 May 2024 8:00 UTC", 'published > "2024-05-01 08:00:00.000Z"'),
        (Post.published > "2024-05-01 10:00 +02:00", 'published > "2024-05-01 08:00:00.000Z"'),
        (Post.published > "13/5/2024 8:00Z", 'published > "2024-05-13 08:00:00.000Z"'),
        (Post.published == "", 'published = ""'),
        (Post.published == None, "published = null"),  # noqa: E711
        (Post.created < MAY.astimezone(timezone(timedelta(hours=-3))), 'created < "2024-05-01 08:00:00.000Z"'),
        (Post.author == "abc", 'author = "abc"'),
        (Post.author == Ref("abc"), 'author = "abc"'),
        (Post.author == User(id="abc", email="a@b.co", password="geheim12"), 'author = "abc"'),
        (Post.author == None, "author = null"),  # noqa: E711
        (Post.author.in_([Ref("a"), "b", "a"]), '(author = "a" || author = "b")'),
        (Post.cover == "a.png", 'cover = "a.png"'),
        (JSON == 1, "data = 1"),
        (JSON == "x", 'data = "x"'),
        (JSON == True, "data = true"),
        (JSON == None, "data = null"),  # noqa: E711
        # text in text
        (Post.title.contains("x"), 'title ~ "x"'),
        (Post.title.contains("a_b"), r'title ~ "%a\_b%"'),
        (Post.title.contains("50%"), r'title ~ "%50\%%"'),
        (Post.title.contains("%_"), r'title ~ "%\%\_%"'),
        (Post.title.contains("a\\b"), r'title ~ "%a\\\\b%"'),
        (Post.title.contains(""), 'title ~ ""'),
        (Post.title.not_contains("x"), 'title !~ "x"'),
        (Post.title.startswith("a_b"), r'title ~ "a\_b%"'),
        (Post.title.endswith("x"), 'title ~ "%x"'),
        (Post.title.endswith('"'), r'title ~ "%\""'),
        (Post.published.contains("2024-05"), 'published ~ "2024-05"'),
        # one of several
        (Post.title.in_(["a", "b"]), '(title = "a" || title = "b")'),
        (Post.title.in_(["a"]), 'title = "a"'),
        (Post.title.in_(text for text in "aba"), '(title = "a" || title = "b")'),
        (Post.title.in_(["", None]), '(title = "" || title = null)'),
        (Post.views.in_({3}), "views = 3"),
        (Post.views.in_([1, 1.0, Decimal(1)]), "views = 1"),
        (Post.title.in_([]), "1 = 2"),
        (Post.title.not_in([]), "1 = 1"),
        (Post.title.not_in(["a", "b"]), '(title != "a" && title != "b")'),
        # lists
        (Post.tags.contains("news"), 'tags:each ?= "news"'),
        (Post.tags.not_contains("news"), '(tags:each != "news" || tags:length = 0)'),
        (Post.tags.in_(["news", "art"]), '(tags:each ?= "news" || tags:each ?= "art")'),
        (Post.tags == [], "tags:length = 0"),
        (Post.tags != [], "tags:length != 0"),
        (Post.reviewers.contains(Ref("abc")), 'reviewers:each ?= "abc"'),
        (Post.gallery.contains("a.png"), 'gallery:each ?= "a.png"'),
        # empty, by kind
        (Post.title.is_empty(), 'title = ""'),
        (Post.body.is_empty(), 'body = ""'),
        (Post.link.is_empty(), 'link = ""'),
        (Post.contact.is_empty(), 'contact = ""'),
        (Post.section.is_empty(), 'section = ""'),
        (Post.published.is_empty(), 'published = ""'),
        (Post.created.is_empty(), 'created = ""'),
        (Post.author.is_empty(), 'author = ""'),
        (Post.cover.is_empty(), 'cover = ""'),
        (Post.views.is_empty(), "views = 0"),
        (Post.score.is_empty(), "score = 0"),
        (Post.status.is_empty(), "status = false"),
        (Post.meta.is_empty(), "meta = null"),
        (Post.place.is_empty(), "(place.lon = 0 && place.lat = 0)"),
        (Post.tags.is_empty(), "tags:length = 0"),
        (Post.reviewers.is_empty(), "reviewers:length = 0"),
        (Post.gallery.is_empty(), "gallery:length = 0"),
        # through relations
        (Post.author.name == "Ann", 'author.name = "Ann"'),
        (Comment.post.author.name.contains("n"), 'post.author.name ~ "n"'),
        (Comment.post.tags.contains("news"), 'post.tags:each ?= "news"'),
        (Comment.post.tags.is_empty(), "post.tags:length = 0"),
        (Comment.post.author == "abc", 'post.author = "abc"'),
        (Post.reviewers.name == "Ann", 'reviewers.name ?= "Ann"'),
        (Post.reviewers.name != "Ann", 'reviewers.name ?!= "Ann"'),
        (Post.reviewers.name.startswith("A"), 'reviewers.name ?~ "A%"'),
        (Comment.post.reviewers.name == "Ann", 'post.reviewers.name ?= "Ann"'),
        (Post.reviewers.id == "abc", 'reviewers.id ?= "abc"'),
        # two fields
        (Post.title == Post.body, "title = body"),
        (Post.views > Post.score, "views > score"),
        (Post.created <= Post.published, "created <= published"),
        (Post.title != Post.author.name, "title != author.name"),
        (Post.title == Post.reviewers.name, "title ?= reviewers.name"),
        (Post.author == Post.id, "author = id"),
        (Post.meta == Post.title, "meta = title"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_it_sends(condition: object, text: str) -> None:
    assert str(condition) == text
    assert repr(condition) == f"<Filter {text}>"


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Post.title == 3, "posts.title is a text and can never equal 3: use text"),
        (lambda: Post.title == b"x", "posts.title is a text and can never equal b'x'"),
        (lambda: Post.title.in_(["a", 3]), "posts.title is a text and can never equal 3"),
        (lambda: Post.title > None, "posts.title cannot be compared with None by >: use == None or != None"),
        (lambda: User.password == "x", "users.password is a password, of which PocketBase keeps a hash"),
        (lambda: Post.author.password.startswith("x"), "posts.author.password is a password, of which"),
        (lambda: User.password == User.name, "users.password is a password, of which PocketBase keeps a hash"),
        (lambda: -User.password, "PocketBase cannot sort by users.password"),
        (lambda: Post.views == "3", "posts.views is a number and can never equal '3': use a number"),
        (lambda: Post.views == True, "posts.views is a number and can never equal True"),
        (lambda: Post.views == None, "can never equal None: use a number; an empty number is 0"),  # noqa: E711
        (lambda: Post.views == 2**53 + 1, "posts.views: 9007199254740993 is beyond 2**53"),
        (lambda: Post.views.in_([1, 2**60]), "posts.views: 1152921504606846976 is beyond 2**53"),
        (lambda: Post.score > math.nan, "posts.score: nan is not a finite number"),
        (lambda: Post.score < math.inf, "posts.score: inf is not a finite number"),
        (lambda: Post.status == 1, "posts.status is a bool and can never equal 1: use True or False"),
        (lambda: Post.status == None, "an empty bool is False"),  # noqa: E711
        (lambda: Post.published == datetime(2024, 5, 1), "posts.published: datetime.datetime(2024, 5, 1, 0, 0) has no"),
        (lambda: Post.published > "2024-05-01 10:00:00", "has no timezone, so it is no moment in time"),
        (lambda: Post.published == "soon", "posts.published is a date and 'soon' is none"),
        (lambda: Post.published == "x" * 999, "posts.published is a date and 'xxxxxxxxx"),
        (lambda: Post.published == "1/5/2024 8:00Z", "and '1/5/2024 8:00Z' can be read in more than one way: use a"),
        (lambda: Post.published == "8:00Z", "and '8:00Z' can be read in more than one way: use a datetime"),
        (lambda: Post.published == "1 May 2024", "datetime.datetime(2024, 5, 1, 0, 0) has no timezone"),
        (lambda: Post.published == "1 May 2024 8:00 EST", "datetime.datetime(2024, 5, 1, 8, 0) has no timezone"),
        (lambda: Post.published == date(2024, 5, 1), "posts.published is a date and can never equal datetime.date("),
        (lambda: Post.created == 5, "posts.created is a autodate and can never equal 5"),
        (lambda: Post.author == 3, "posts.author is a relation and can never equal 3: use a record, a Ref or an id"),
        (lambda: Post.cover == object(), "posts.cover is a file and can never equal <object"),
        (lambda: Post.place == None, "posts.place is a point: compare its numbers, as in posts.place.lon > 13.4"),  # noqa: E711
        (lambda: Post.place < GeoPoint(), "posts.place is a point"),
        (lambda: Post.place == Post.title, "posts.place is a point"),
        (lambda: JSON == [1], "data: a value of type list cannot stand in a filter"),
        (lambda: Post.tags == "news", "posts.tags holds a list: use .contains(value)"),
        (lambda: Post.tags == ["news"], "posts.tags holds a list"),
        (lambda: Post.tags < [], "posts.tags holds a list"),
        (lambda: Post.section == "hom", "posts.section is a select and can never equal 'hom': did you mean 'home'?"),
        (lambda: Post.section.in_(["x"]), "posts.section is a select and can never equal 'x': use 'home', 'world'"),
        (lambda: Post.tags.any != "new", "posts.tags is a select and can never equal 'new': did you mean 'news'?"),
        (lambda: Post.tags.contains(3), "posts.tags is a select and can never equal 3"),
        (lambda: Post.tags.startswith("n"), "posts.tags is not text (but select): .startswith() cannot look into it"),
        (lambda: Post.views.contains("3"), "posts.views is not text (but number): .contains() cannot look into it"),
        (lambda: Post.status.endswith("e"), "posts.status is not text (but bool)"),
        (lambda: Post.title.contains(3), "posts.title.contains() takes text, not int"),
        (lambda: Post.title.in_("abc"), "posts.title.in_() takes a list of values, not one text; write ['abc']"),
        (lambda: Post.views.in_(3), "posts.views.in_() takes a list of values, not int"),
        (lambda: Post.title.in_(Post.body), "posts.body is a field, not a value: it cannot be iterated over"),
        (lambda: Post.title.contains(Post.body), "posts.title.contains() takes text, not Expr"),
        (lambda: Post.reviewers.contains(Post.author), "two fields can only be compared by == != < <= > and >="),
        (lambda: Post.title == Post.views, "posts.title is a text and posts.views a number: such fields can never"),
        (lambda: Post.created > Post.title, "posts.created is a autodate and posts.title a text"),
        (lambda: Post.tags == Post.section, "posts.tags holds a list, which PocketBase cannot compare with another"),
        (lambda: Post.author == Post.reviewers, "posts.reviewers holds a list"),
        (lambda: Post.reviewers.name == Post.reviewers.email, "both have several values"),
        (lambda: Post.author.nmae == "x", "collection 'users' has no field 'nmae' in User: did you mean 'name'?"),
        (lambda: Post.author.name == 3, "posts.author.name is a text and can never equal 3"),
        (lambda: Post.title & Post.body, "unsupported operand"),
        (lambda: (Post.views > 3) & Post.title, "cannot combine a condition with Expr"),
        (lambda: (Post.views > 3) | True, "cannot combine a condition with bool: both sides of & and | must be cond"),
    ],
    ids=range(59),
)
def test_what_is_refused(make: Callable[[], Any], sentence: str) -> None:
    with pytest.raises((FilterError, AttributeError, TypeError)) as caught:
        make()

    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "use",
    [
        lambda a, b: a and b,
        lambda a, b: a or b,
        lambda a, b: not a,
        lambda a, b: 3 < Post.views < 5,
        lambda a, b: [] if a else b,
    ],
)
def test_conditions_have_no_truth_value(use: Callable[[Any, Any], Any]) -> None:
    with pytest.raises(FilterError, match=r"no truth value in Python: combine conditions with & \| ~"):
        use(Post.views > 3, Post.views < 5)


def test_fields_have_no_truth_value() -> None:
    with pytest.raises(FilterError, match="posts.status is a field, not a value: compare it, e.g. with == True"):
        bool(Post.status)
    with pytest.raises(FilterError, match="posts.author is a field"):
        bool(Post.author)


def test_orders() -> None:
    assert [
        str(term) for term in (Post.title.asc(), Post.title.desc(), -Post.title, +Post.title, -Post.title.desc())
    ] == [
        "title",
        "-title",
        "-title",
        "title",
        "title",
    ]
    assert str(-Post.author.name) == "-author.name"
    assert -Sort("a") == Sort("a", descending=True)
    assert +Sort("a") == Sort("a")


def test_fields_show_their_names() -> None:
    assert str(Comment.post.author.name) == "post.author.name"
    assert repr(Comment.post.author.name) == "<Expr comments.post.author.name>"
    assert hash(Post.title) == hash(Post.title)


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda: Post.title.ilike("x"), r"posts.title has no 'ilike': write .contains\('x'\)"),
        (lambda: Post.author.name.icontains("x"), r"posts.author.name has no 'icontains': write .contains\('x'\)"),
        (lambda: Post.published.is_null(), r"posts.published has no 'is_null': write .is_empty\(\)"),
        (lambda: Post.views.between(1, 2), r"posts.views has no 'between': write \(field >= a\) & \(field <= b\)"),
        (lambda: Post.status.nope, r"posts.status has no 'nope': compare it by =="),
        (lambda: Post.place.latitude, "posts.place has no 'latitude'"),
    ],
)
def test_what_other_libraries_call_it(ask: Callable[[], object], sentence: str) -> None:
    with pytest.raises(AttributeError, match=sentence):
        ask()
