"""The models of `pbmodels demo`: a small blog. `--models pbmodels.cli.demo_models` names them to other commands."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pbmodels import (
    AuthCollection,
    BackRelation,
    Collection,
    Field,
    Relation,
    Rules,
    autodate,
    back_relation,
    field,
    request,
)

Tag = Literal["news", "tech", "art"]
ANYONE_READS = Rules(list=Rules.anyone, view=Rules.anyone)


class User(AuthCollection, collection="users", rules=ANYONE_READS):
    """Somebody who writes."""

    name: Field[str] = field(max_length=80)
    posts: BackRelation[Post] = back_relation("author")


class Post(Collection, collection="posts"):
    """What somebody wrote."""

    title: Field[str] = field(max_length=200)
    status: Field[Literal["draft", "published"]] = field(required=True)
    tags: Field[list[Tag]] = field(default_factory=list)
    views: Field[int] = field(default=0, ge=0)
    author: Relation[User] = field(cascade_delete=True)
    created: Field[datetime] = autodate()
    updated: Field[datetime] = autodate(on_update=True)
    comments: BackRelation[Comment] = back_relation("post")

    @classmethod
    def rules(cls) -> Rules:
        """Everybody reads what is published; only its author writes."""
        mine = cls.author == request.auth.id
        seen = (cls.status == "published") | mine
        return Rules(list=seen, view=seen, create=mine, update=mine, delete=mine)


class Comment(Collection, collection="comments", rules=ANYONE_READS):
    """What others say to it."""

    text: Field[str] = field(max_length=500)
    post: Relation[Post] = field(cascade_delete=True)
    author: Relation[User | None] = field(default=None)


MODELS = (User, Post, Comment)
