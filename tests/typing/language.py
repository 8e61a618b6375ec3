"""What editors infer of the filter language: every line is asserted by each checker."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal, assert_type

from pbmodels import (
    AuthCollection,
    BackRelation,
    BoundFilter,
    Collection,
    Expr,
    Field,
    Filter,
    GeoPoint,
    PocketBase,
    QuerySet,
    Relation,
    Relations,
    Rules,
    Sort,
    ago,
    autodate,
    back,
    back_relation,
    collection,
    field,
    from_now,
    geo_distance,
    now,
    request,
    strftime,
    today_start,
    year,
)


class User(AuthCollection, collection="users"):
    name: Field[str] = field(default="")


class Post(Collection, collection="posts"):
    title: Field[str] = field(max_length=200)
    subtitle: Field[str | None] = field(default=None)
    status: Field[bool] = field(default=False)
    views: Field[int] = field(default=0)
    score: Field[float] = field(default=0.0)
    section: Field[Literal["home", "world"] | None] = field(default=None)
    tags: Field[list[Literal["news", "tech"]]] = field(default_factory=list)
    published: Field[datetime | None] = field(default=None)
    place: Field[GeoPoint] = field(default_factory=GeoPoint)
    meta: Field[dict[str, Any]] = field(default_factory=dict)
    notes: Field[Any] = field(default=None)
    author: Relation[User | None] = field(default=None)
    reviewers: Relations[User] = field(default_factory=list)
    created: Field[datetime] = autodate()
    comments: BackRelation[Comment] = back_relation("post")

    @classmethod
    def rules(cls) -> Rules:
        """Conditions, and what a request brings."""
        return Rules(
            list=cls.status,
            view=(cls.author == request.auth.id) | cls.status,
            create=request.body.title.isset & ~cls.views.isset,
            update=(cls.author == request.auth.id) & ~cls.author.changed,
            delete=None,
        )


class Comment(Collection):
    text: Field[str]
    post: Relation[Post]


def values() -> None:
    """What a field may be compared with."""
    assert_type(Post.title == "x", Filter)
    assert_type(Post.subtitle == None, Filter)  # noqa: E711
    assert_type(Post.views > 3, Filter)
    assert_type(Post.score > 3, Filter)
    assert_type(Post.section == "home", Filter)
    assert_type(Post.section.in_(["home", "world"]), Filter)
    assert_type(Post.published == datetime.now(UTC), Filter)
    assert_type(Post.place == GeoPoint(lon=1, lat=2), Filter)
    assert_type(Post.notes == 3, Filter)


def dates() -> None:
    """Datetimes, texts, macros and moments counted from now."""
    assert_type(Post.created >= "2024-05-01T10:00+02:00", Filter)
    assert_type(Post.published == "2024-05-01T10:00+02:00", Filter)
    assert_type(Post.published < now(), Filter)
    assert_type(Post.created >= today_start(), Filter)
    assert_type(Post.created >= ago(days=3), Filter)
    assert_type(Post.published != from_now(hours=1), Filter)
    assert_type(year() >= 2026, Filter)


def two_fields() -> None:
    """Fields of a like type, whichever may be None."""
    assert_type(Post.title == Post.subtitle, Filter)
    assert_type(Post.subtitle != Post.title, Filter)
    assert_type(Post.published > Post.created, Filter)
    assert_type(Post.created < Post.published, Filter)
    assert_type(Post.author.name == Post.title, Filter)


def flags() -> None:
    """A bool field is a condition by itself."""
    assert_type(~Post.status, Filter)
    assert_type(Post.status & (Post.views > 3), Filter)
    assert_type((Post.views > 3) | Post.status, Filter)
    assert_type(Post.status & Post.status, Filter)
    assert_type(Post.where(Post.status, ~Comment.post.status), QuerySet[Post])


def lists() -> None:
    """Items, and the records behind relations."""
    assert_type(Post.tags.contains("news"), Filter)
    assert_type(Post.tags.any == "news", Filter)
    assert_type(Post.tags.each.startswith("n"), Filter)
    assert_type(Post.tags.length, Expr[int])
    assert_type(Post.reviewers.any, type[User])
    assert_type(Post.reviewers.any.name, Expr[str])
    assert_type(Post.reviewers.each.name == "Ann", Filter)
    assert_type(Post.reviewers.length > 2, Filter)
    assert_type(Post.comments.each.text == "x", Filter)


def modifiers_and_functions() -> None:
    """Text, json, points and functions."""
    assert_type(Post.title.lower(), Expr[str])
    assert_type(Post.meta["a"]["b"], Expr[Any])
    assert_type(Post.meta["a"][0] == "x", Filter)
    assert_type(Post.place.lon, Expr[float])
    assert_type(Post.place.lat > 50, Filter)
    assert_type(Post.place.distance_to(13.4, 52.5) < 5, Filter)
    assert_type(geo_distance(Post.place.lon, Post.place.lat, 13.4, 52.5), Expr[float])
    assert_type(strftime("%Y-%m", Post.created), Expr[str])
    assert_type(-Post.published, Sort)


def elsewhere() -> None:
    """Other collections, back-relations without a declaration, and the request."""
    assert_type(collection(Comment), type[Comment])
    assert_type(collection(Comment).text == Post.title, Filter)
    assert_type(collection("comments").text == Post.title, Filter)
    assert_type(back(Comment, "post").text, Expr[str])
    assert_type(back("comments", "post").author.name == "Ann", Filter)
    assert_type(Post.author == request.auth.id, Filter)
    assert_type(request.auth.collection_name == "users", Filter)
    assert_type(~request.body.title.isset, Filter)
    assert_type(request.method == "POST", Filter)


def raw(pb: PocketBase) -> None:
    """Text with bound values."""
    assert_type(pb.filter("views > {:n}", n=1), BoundFilter)
    assert_type(Post.where("views > {:n}", n=1), QuerySet[Post])
    assert_type(Post.where(pb.filter("views > {:n}", n=1), Post.status), QuerySet[Post])
