"""Each construct of PocketBase's filter language: as PocketBase calls it, as one writes it, and what it sends.

`docs/filter-language.md` shows these rows, and the tests that `run_by` names run them on real servers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pbmodels
from pbmodels import (
    AuthCollection,
    BackRelation,
    Collection,
    Field,
    FileList,
    GeoPoint,
    PocketBase,
    Relation,
    Relations,
    Upload,
    autodate,
    back_relation,
    field,
)
from pbmodels.schema import describe


class User(AuthCollection, collection="users"):
    name: Field[str] = field(default="")


class Post(Collection, collection="posts"):
    title: Field[str] = field(max_length=200)
    status: Field[bool] = field(default=False)
    views: Field[int] = field(default=0)
    likes: Field[int] = field(default=0)
    section: Field[Literal["home", "world"] | None] = field(default=None)
    tags: Field[list[Literal["news", "tech"]]] = field(default_factory=list)
    published: Field[datetime | None] = field(default=None)
    meta: Field[dict[str, Any]] = field(default_factory=dict)
    place: Field[GeoPoint] = field(default_factory=GeoPoint)
    author: Relation[User | None] = field(default=None)
    reviewers: Relations[User] = field(default_factory=list)
    gallery: FileList = field(default_factory=list)
    created: Field[datetime] = autodate()
    comments: BackRelation[Comment] = back_relation("post")


class Comment(Collection, collection="comments"):
    text: Field[str]
    post: Relation[Post] = field(cascade_delete=True)
    author: Relation[User | None] = field(default=None)


MODELS = (User, Post, Comment)

NAMESPACE: dict[str, Any] = {
    **{name: getattr(pbmodels, name) for name in pbmodels.__all__},
    **{model.__name__: model for model in MODELS},
    "datetime": datetime,
    "UTC": UTC,
}
"""What the forms may name."""

QUERIES = "test_language.py::test_a_query_selects"
LISTS = "test_language.py::test_a_list_rule_selects"
UPDATES = "test_language.py::test_an_update_rule_lets_through"


@dataclass(frozen=True)
class Case:
    """One row.

    Attributes:
        construct: What PocketBase calls it.
        form: The Python form.
        sends: The text.
        finds: The titles of the posts that it selects.
        since: The first version of PocketBase that knows it.
        run_by: The test that runs it.
        lets: For a rule of updates: a body that is let through, and one that is not.
    """

    construct: str
    form: str
    sends: str
    finds: str = ""
    since: tuple[int, int] = (0, 23)
    run_by: str = QUERIES
    lets: tuple[dict[str, Any], dict[str, Any]] = ({}, {})

    def __str__(self) -> str:
        return self.form

    def condition(self) -> Any:
        """The Python form's value."""
        return eval(self.form, dict(NAMESPACE))


def rule(construct: str, form: str, sends: str, finds: str, **more: Any) -> Case:
    """A row that is run as a list rule, for the user Ann with `?lang=de` and the header `X-Token: t`."""
    return Case(construct, form, sends, finds, run_by=LISTS, **more)


def update(construct: str, form: str, sends: str, yes: dict[str, Any], no: dict[str, Any], **more: Any) -> Case:
    """A row that is run as an update rule, for requests with each of the bodies."""
    return Case(construct, form, sends, run_by=UPDATES, lets=(yes, no), **more)


ANN, BOB = "ann000000000000", "bob000000000000"
"""The ids of the two users."""

PLACES = (0, 27)
"""The first version that has geoPoint fields."""

ALL = "future one three two"

CASES = [
    # operators
    Case("=", 'Post.title == "one"', 'title = "one"', "one"),
    Case("!=", 'Post.title != "one"', 'title != "one"', "future three two"),
    Case(">", "Post.views > 2", "views > 2", "one"),
    Case(">=", "Post.views >= 2", "views >= 2", "one two"),
    Case("<", "Post.views < 2", "views < 2", "future three"),
    Case("<=", "Post.views <= 2", "views <= 2", "future three two"),
    Case("~", 'Post.title.contains("T")', 'title ~ "T"', "future three two"),
    Case("~", 'Post.title.startswith("t")', 'title ~ "t%"', "three two"),
    Case("~", 'Post.title.endswith("e")', 'title ~ "%e"', "future one three"),
    Case("!~", 'Post.title.not_contains("t")', 'title !~ "t"', "one"),
    Case("?=", 'Post.reviewers.any.name == "Ann"', 'reviewers.name ?= "Ann"', "one"),
    Case("?!=", 'Post.reviewers.any.name != "Bob"', 'reviewers.name ?!= "Bob"', "future one three"),
    Case("?>", 'Post.reviewers.any.name > "Ann"', 'reviewers.name ?> "Ann"', "one two"),
    Case("?>=", 'Post.reviewers.any.name >= "Bob"', 'reviewers.name ?>= "Bob"', "one two"),
    Case("?<", 'Post.reviewers.any.name < "Bob"', 'reviewers.name ?< "Bob"', "one"),
    Case("?<=", 'Post.reviewers.any.name <= "Ann"', 'reviewers.name ?<= "Ann"', "one"),
    Case("?~", 'Post.reviewers.any.name.contains("nn")', 'reviewers.name ?~ "nn"', "one"),
    Case(
        "?!~",
        'Post.reviewers.any.name.not_contains("ob")',
        '(reviewers.name ?!~ "ob" || reviewers.id = null)',
        "future one three",
    ),
    Case("= of all", 'Post.reviewers.each.name == "Bob"', 'reviewers.name = "Bob"', "two"),
    Case(
        "!= of all",
        '(Post.reviewers.each.name != "Ann") & (Post.views > 0)',
        '(reviewers.name != "Ann" && views > 0)',
        "two",
    ),
    Case("> of all", 'Post.reviewers.each.name > "Ann"', 'reviewers.name > "Ann"', "two"),
    Case(">= of all", 'Post.reviewers.each.name >= "Bob"', 'reviewers.name >= "Bob"', "two"),
    Case("< of all", 'Post.reviewers.each.name < "Car"', 'reviewers.name < "Car"', "one two"),
    Case("<= of all", 'Post.reviewers.each.name <= "Bob"', 'reviewers.name <= "Bob"', "one two"),
    Case("~ of all", 'Post.reviewers.each.name.contains("o")', 'reviewers.name ~ "o"', "two"),
    Case(
        "!~ of all",
        'Post.reviewers.each.name.not_contains("nn")',
        '(reviewers.name !~ "nn" || reviewers.id = null)',
        "future three two",
    ),
    Case("&&", "(Post.views > 2) & Post.status", "(views > 2 && status = true)", "one"),
    Case("||", "(Post.views > 2) | (Post.likes > 8)", "(views > 2 || likes > 8)", "one two"),
    Case(
        "( )",
        "(Post.status | (Post.views > 1)) & (Post.likes < 9)",
        "((status = true || views > 1) && likes < 9)",
        "one",
    ),
    Case("no NOT", "~((Post.views > 2) & Post.status)", "(views <= 2 || status != true)", "future three two"),
    Case("// comment", 'Post.where("views > {:n} // many", n=2)', "(views > 2 )", "one"),
    # operands
    Case("text", """Post.title != 'a "b"'""", r'title != "a \"b\""', ALL),
    Case("text", """Post.where("title = 'one'")""", "(title = 'one')", "one"),
    Case("text with %", """Post.where("title ~ 't%e'")""", "(title ~ 't%e')", "three"),
    Case("number", "Post.views == 5", "views = 5", "one"),
    Case("number", "Post.views > -1.5", "views > -1.5", ALL),
    Case("true, false", "Post.status == False", "status = false", "future three two"),
    Case("true, false", "Post.status", "status = true", "one"),
    Case("true, false", "~Post.status", "status != true", "future three two"),
    Case("null", "Post.author == None", "author = null", "future three"),
    Case("null", "Post.published != None", "published != null", "future one two"),
    Case("null", "Post.meta == None", "meta = null", "future three"),
    Case(
        "a date",
        "Post.published == datetime(2024, 5, 1, 8, tzinfo=UTC)",
        'published = "2024-05-01 08:00:00.000Z"',
        "one",
    ),
    Case("a date", 'Post.published == "2024-05-01T10:00+02:00"', 'published = "2024-05-01 08:00:00.000Z"', "one"),
    Case("a field", "Post.likes > Post.views", "likes > views", "two"),
    Case("a value first", 'Post.where("3 < views")', "(3 < views)", "one"),
    # paths
    Case("rel.field", 'Post.author.name == "Ann"', 'author.name = "Ann"', "one"),
    Case("rel", f'Post.author == "{ANN}"', f'author = "{ANN}"', "one"),
    Case("rel", f'Post.author == User(id="{ANN}", email="ann@example.com")', f'author = "{ANN}"', "one"),
    Case("rel.id", f'Post.author.id == "{ANN}"', f'author.id = "{ANN}"', "one"),
    Case(
        "several rels", 'Post.comments.post.author.name == "Bob"', 'comments_via_post.post.author.name ?= "Bob"', "two"
    ),
    Case("json.key", 'Post.meta["a"]["b"] == 1', "meta.a.b = 1", "one"),
    Case("json.key", 'Post.meta["a"]["b"] > 1', "meta.a.b > 1", "two"),
    Case("json.index", 'Post.meta["list"][1] == "y"', 'meta.list.1 = "y"', "one"),
    Case("geo.lon", "Post.place.lon > 13", "place.lon > 13", "one", since=PLACES),
    Case("geo.lat", "Post.place.lat < 50", "place.lat < 50", "future three two", since=PLACES),
    Case(
        "a point",
        "Post.place == GeoPoint(lon=13.4, lat=52.5)",
        "(place.lon = 13.4 && place.lat = 52.5)",
        "one",
        since=PLACES,
    ),
    Case("NAME_via_rel", 'Post.comments.text == "second"', 'comments_via_post.text ?= "second"', "one"),
    Case("NAME_via_rel", 'Post.comments.each.text == "two"', 'comments_via_post.text = "two"', "two"),
    Case("NAME_via_rel", "Post.comments.is_empty()", "comments_via_post.id = null", "future three"),
    Case(
        "NAME_via_rel", 'back("comments", "post").author.name == "Bob"', 'comments_via_post.author.name ?= "Bob"', "one"
    ),
    Case(
        "rel.NAME_via_rel",
        'back(Post, "author", behind=Post.author).title == "two"',
        'author.posts_via_author.title ?= "two"',
        "two",
    ),
    Case("@collection.NAME", 'collection("comments").text == Post.title', "@collection.comments.text ?= title", "two"),
    Case("@collection.NAME", "collection(Comment).text == Post.title", "@collection.comments.text ?= title", "two"),
    Case(
        "@collection.NAME",
        "collection(Comment).post.title == Post.title",
        "@collection.comments.post.title ?= title",
        "one two",
    ),
    Case(
        "@collection of all",
        'collection("comments").each.text != "third"',
        '@collection.comments.text != "third"',
        ALL,
    ),
    Case(
        "@collection.NAME:alias",
        '(collection("comments").text == Post.title) & (collection("comments", alias="c").text == "first")',
        '(@collection.comments.text ?= title && @collection.comments:c.text ?= "first")',
        "two",
    ),
    # modifiers
    Case(":lower", 'Post.author.name.lower() == "ann"', 'author.name:lower = "ann"', "one", since=(0, 24)),
    Case(":lower", 'Post.title.lower().startswith("o")', 'title:lower ~ "o%"', "one", since=(0, 24)),
    Case(":length", "Post.tags.length > 1", "tags:length > 1", "two"),
    Case(":length", "Post.tags.is_empty()", "tags:length = 0", "future three"),
    Case(":length", "Post.reviewers.length == 2", "reviewers:length = 2", "one"),
    Case(":length", "Post.gallery.length == 2", "gallery:length = 2", "two"),
    Case(":each", 'Post.tags.contains("tech")', 'tags:each ?= "tech"', "two"),
    Case(":each", 'Post.tags.any == "tech"', 'tags:each ?= "tech"', "two"),
    Case(":each", 'Post.tags.any.startswith("te")', 'tags:each ?~ "te%"', "two"),
    Case(":each", 'Post.tags.each == "news"', 'tags:each = "news"', "one"),
    Case(":each", 'Post.tags.each.startswith("n")', 'tags:each ~ "n%"', "one"),
    Case(":each", f'Post.reviewers.contains("{ANN}")', f'reviewers:each ?= "{ANN}"', "one"),
    Case(":each", 'Post.gallery.any.startswith("b")', 'gallery:each ?~ "b%"', "two"),
    Case(":each", 'Post.gallery.each.endswith(".txt")', 'gallery:each ~ "%.txt"', "two"),
    # macros
    Case("@now", "Post.published > now()", "published > @now", "future"),
    Case("@yesterday", "Post.published > yesterday()", "published > @yesterday", "future", since=(0, 24)),
    Case("@tomorrow", "Post.published > tomorrow()", "published > @tomorrow", "future", since=(0, 24)),
    Case("@todayStart", "Post.published >= today_start()", "published >= @todayStart", "future"),
    Case("@todayEnd", "Post.published <= today_end()", "published <= @todayEnd", "one three two"),
    Case("@monthStart", "Post.published >= month_start()", "published >= @monthStart", "future"),
    Case("@monthEnd", "Post.published <= month_end()", "published <= @monthEnd", "one three two"),
    Case("@yearStart", "Post.published >= year_start()", "published >= @yearStart", "future"),
    Case("@yearEnd", "Post.published <= year_end()", "published <= @yearEnd", "one three two"),
    Case("@second", "second() > 59", "@second > 59"),
    Case("@minute", "minute() <= 59", "@minute <= 59", ALL),
    Case("@hour", "hour() <= 23", "@hour <= 23", ALL),
    Case("@day", "day() >= 1", "@day >= 1", ALL),
    Case("@weekday", "weekday() > 6", "@weekday > 6"),
    Case("@month", "month() <= 12", "@month <= 12", ALL),
    Case("@year", "year() > Post.views", "@year > views", ALL),
    # functions
    Case(
        "geoDistance()",
        "geo_distance(Post.place.lon, Post.place.lat, 13.4, 52) < 60",
        "geoDistance(place.lon, place.lat, 13.4, 52) < 60",
        "one",
        since=PLACES,
    ),
    Case(
        "geoDistance()",
        "Post.place.distance_to(13.4, 52) < 60",
        "geoDistance(place.lon, place.lat, 13.4, 52) < 60",
        "one",
        since=PLACES,
    ),
    Case(
        "geoDistance() of any",
        "geo_distance(Post.comments.post.place.lon, Post.comments.post.place.lat, 13.4, 52) < 60",
        "geoDistance(comments_via_post.post.place.lon, comments_via_post.post.place.lat, 13.4, 52) ?< 60",
        "one",
        since=PLACES,
    ),
    Case(
        "strftime()",
        'strftime("%Y-%m", Post.published) == "2024-05"',
        'strftime("%Y-%m", published) = "2024-05"',
        "one",
        since=(0, 36),
    ),
    Case(
        "strftime()",
        'strftime("%m-%d", Post.published, "+1 day") == "05-02"',
        'strftime("%m-%d", published, "+1 day") = "05-02"',
        "one",
        since=(0, 36),
    ),
    Case("strftime()", 'strftime("%Y") > "2025"', 'strftime("%Y") > "2025"', ALL, since=(0, 36)),
    Case("strftime()", 'strftime("%Y", now()) > "2025"', 'strftime("%Y", @now) > "2025"', ALL, since=(0, 36)),
    Case(
        "strftime()",
        'strftime("%Y", "2024-05-01T10:00Z") == "2024"',
        'strftime("%Y", "2024-05-01 10:00:00.000Z") = "2024"',
        ALL,
        since=(0, 36),
    ),
    Case(
        "strftime()",
        'strftime("%S", Post.views, "unixepoch") == "05"',
        'strftime("%S", views, "unixepoch") = "05"',
        "one",
        since=(0, 36),
    ),
    Case(
        "strftime() of any",
        'strftime("%Y-%m", Post.comments.post.published) == "2024-05"',
        'strftime("%Y-%m", comments_via_post.post.published) ?= "2024-05"',
        "one",
        since=(0, 36),
    ),
    Case(
        "strftime() of all",
        'strftime("%Y-%m", Post.comments.each.post.published) == "2024-06"',
        'strftime("%Y-%m", comments_via_post.post.published) = "2024-06"',
        "two",
        since=(0, 36),
    ),
    # the request that a rule decides on
    rule("@request.auth", "Post.author == request.auth.id", "author = @request.auth.id", "one"),
    rule("@request.auth", 'request.auth.id != ""', '@request.auth.id != ""', ALL),
    rule("@request.auth", "Post.author.name == request.auth.name", "@request.auth.name = author.name", "one"),
    rule(
        "@request.auth",
        'request.auth.collection_name == "users"',
        '@request.auth.collectionName = "users"',
        ALL,
    ),
    rule(
        "@request.auth",
        'request.auth.posts_via_author.any.title == "one"',
        '@request.auth.posts_via_author.title ?= "one"',
        ALL,
    ),
    rule("@request.query", 'request.query.lang == "de"', '@request.query.lang = "de"', ALL),
    rule("@request.query", "request.query.nothing.isset", "@request.query.nothing:isset = true", ""),
    rule("@request.query", "request.query.lang.isset", "@request.query.lang:isset = true", ALL),
    rule(
        "@request.query", 'request.query.lang.lower() == "de"', '@request.query.lang:lower = "de"', ALL, since=(0, 24)
    ),
    rule("@request.headers", 'request.headers["X-Token"] == "t"', '@request.headers.x_token = "t"', ALL),
    rule("@request.headers", 'request.headers["X-Token"].isset', "@request.headers.x_token:isset = true", ALL),
    rule("@request.method", 'request.method == "GET"', '@request.method = "GET"', ALL),
    rule("@request.context", 'request.context != "default"', '@request.context != "default"', ""),
    rule("@request.context", 'request.context == "default"', '@request.context = "default"', ALL),
    rule(
        "@collection.NAME",
        'collection("comments").author == request.auth.id',
        "@collection.comments.author ?= @request.auth.id",
        ALL,
    ),
    update(
        "@request.body", 'request.body.title == "new"', '@request.body.title = "new"', {"title": "new"}, {"title": "x"}
    ),
    update(
        "@request.body", "request.body.views > Post.views", "@request.body.views > views", {"views": 9}, {"views": 5}
    ),
    update(
        "@request.body",
        'request.body.tags.any == "tech"',
        '@request.body.tags:each ?= "tech"',
        {"tags": ["tech", "news"]},
        {"tags": ["news"]},
    ),
    update(
        "@request.body",
        'request.body.tags.each == "news"',
        '@request.body.tags:each = "news"',
        {"tags": ["news"]},
        {"tags": ["tech", "news"]},
    ),
    update(
        "@request.body",
        'request.body.author.name == "Ann"',
        '@request.body.author.name = "Ann"',
        {"author": ANN},
        {"author": BOB},
    ),
    update(
        "@request.body",
        "request.body.meta.a == 1",
        "@request.body.meta.a = 1",
        {"meta": {"a": 1}},
        {"meta": {"a": 2}},
        since=(0, 26),
    ),
    update(
        ":lower",
        'request.body.title.lower() == "new"',
        '@request.body.title:lower = "new"',
        {"title": "New"},
        {"title": "x"},
        since=(0, 24),
    ),
    update(":isset", "request.body.title.isset", "@request.body.title:isset = true", {"title": "one"}, {"views": 5}),
    update(":isset", "~Post.title.isset", "@request.body.title:isset != true", {"views": 5}, {"title": "one"}),
    update(
        ":length",
        "request.body.tags.length < 2",
        "@request.body.tags:length < 2",
        {"tags": ["news"]},
        {"tags": ["news", "tech"]},
    ),
    update(
        ":changed",
        "Post.title.changed",
        "@request.body.title:changed = true",
        {"title": "new"},
        {"title": "one"},
        since=(0, 34),
    ),
    update(
        ":changed",
        "~request.body.title.changed",
        "@request.body.title:changed != true",
        {"title": "one"},
        {"title": "new"},
        since=(0, 34),
    ),
]


class Blog:
    """The records that the rows are about, on one server."""

    def __init__(self, pb: PocketBase, version: str, url: str) -> None:
        self.pb = pb
        self.url = url
        self.version = tuple(int(part) for part in version.split(".")[:2])
        bodies = [describe(model) for model in MODELS]
        if self.version < PLACES:
            for body in bodies:
                body["fields"] = [item for item in body["fields"] if item["type"] != "geoPoint"]
        pb.collections.import_collections(bodies)
        people, posts, comments = (pb.collection(body["name"]) for body in bodies)
        secret = {"password": "12345678", "passwordConfirm": "12345678"}
        ann = people.create({"id": ANN, "name": "Ann", "email": "ann@example.com", **secret})
        bob = people.create({"id": BOB, "name": "Bob", "email": "bob@example.com", **secret})
        one = posts.create(
            {
                "title": "one",
                "status": True,
                "views": 5,
                "likes": 3,
                "section": "home",
                "tags": ["news"],
                "published": "2024-05-01 08:00:00.000Z",
                "meta": {"a": {"b": 1}, "list": ["x", "y"]},
                "place": {"lon": 13.4, "lat": 52.5},
                "author": ann.id,
                "reviewers": [ann.id, bob.id],
            }
        )
        two = posts.create(
            {
                "title": "two",
                "views": 2,
                "likes": 9,
                "section": "world",
                "tags": ["news", "tech"],
                "published": "2024-06-01 00:00:00.000Z",
                "meta": {"a": {"b": 5}},
                "place": {"lon": 2.35, "lat": 48.85},
                "author": bob.id,
                "reviewers": [bob.id],
                "gallery": [Upload("a.txt", b"a"), Upload("b.txt", b"b")],
            }
        )
        posts.create({"title": "three"})
        posts.create({"title": "future", "published": f"{datetime.now(UTC) + timedelta(days=400)}"})
        comments.create({"text": "first", "post": one.id, "author": bob.id})
        comments.create({"text": "second", "post": one.id, "author": ann.id})
        comments.create({"text": "two", "post": two.id, "author": ann.id})
        self.one = one
