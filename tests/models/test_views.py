"""View collections: read like any other, never written."""

from __future__ import annotations

import pytest

from pbmodels import Field, ModelError, PocketBase, ViewCollection
from tests.blog import Post


class Popular(ViewCollection, collection="popular"):
    title: Field[str]
    views: Field[int]


def test_a_view_is_read_and_refuses_to_be_written(blog: PocketBase) -> None:
    Post(title="a", views=1).save()
    post = Post(title="b", views=10).save()
    query = "SELECT id, title, views FROM posts WHERE views > 5"
    blog.collections.create({"name": "popular", "type": "view", "viewQuery": query})
    try:
        record = Popular.where(Popular.title == "b").one()
        assert (record.id, record.views) == (post.id, 10)
        assert Popular.count() == 1
        record.views = 11
        for write in (record.save, record.delete, lambda: Popular.create(title="x", views=1)):
            with pytest.raises(ModelError, match="'popular' is a view, which the server computes"):
                write()
    finally:
        blog.collections.delete("popular")
    assert Post.get(post.id).views == 10


def test_a_view_sends_no_events(blog: PocketBase) -> None:
    query = "SELECT id, title, views FROM posts WHERE views > 5"
    blog.collections.create({"name": "popular", "type": "view", "viewQuery": query})
    try:
        for follow in (Popular.watch, Popular.where().watch, Popular.where().live, Popular.where().aio.live):
            with pytest.raises(ModelError, match="'popular' is a view, of which PocketBase sends no events"):
                follow()
        with Popular.where().order_by(Popular.title).live(check=0.1) as live:
            post = Post(title="b", views=10).save()
            assert next(live).record.title == "b"
            post.delete()
            assert (next(live).action, live.snapshot()) == ("delete", [])
    finally:
        blog.collections.delete("popular")
