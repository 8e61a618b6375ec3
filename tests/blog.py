"""The models that most tests use: one field of every kind."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pbmodels import (
    AuthCollection,
    Collection,
    Email,
    Field,
    FileField,
    FileList,
    GeoPoint,
    Html,
    Relation,
    Relations,
    Url,
    autodate,
    field,
)
from tests.server_version import SERVER

PLACES = (0, 27)
"""The first version with fields for places."""


class User(AuthCollection, collection="users"):
    name: Field[str] = field(default="")


class Post(Collection, collection="posts"):
    title: Field[str] = field(max_length=200)
    body: Field[Html] = field(default="")
    status: Field[bool] = field(default=False)
    views: Field[int] = field(default=0)
    score: Field[float] = field(default=0.0)
    section: Field[Literal["home", "world"] | None] = field(default=None)
    tags: Field[list[Literal["news", "tech", "art"]]] = field(default_factory=list)
    published: Field[datetime | None] = field(default=None)
    link: Field[Url] = field(default="")
    contact: Field[Email] = field(default="")
    if SERVER >= PLACES:
        place: Field[GeoPoint] = field(default_factory=GeoPoint)
    meta: Field[dict[str, Any]] = field(default_factory=dict)
    author: Relation[User | None] = field(default=None)
    reviewers: Relations[User] = field(default_factory=list)
    cover: FileField = field(default=None)
    gallery: FileList = field(default_factory=list)
    created: Field[datetime] = autodate()
    updated: Field[datetime] = autodate(on_update=True)


class Comment(Collection, collection="comments"):
    text: Field[str]
    post: Relation[Post] = field(cascade_delete=True)
    author: Relation[User | None] = field(default=None)
    created: Field[datetime] = autodate()


MODELS = (User, Post, Comment)
