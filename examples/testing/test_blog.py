"""Tests of `blog.py`, on a real PocketBase that the plugin starts; run them with `pytest`."""

from blog import Post, User, publish_all

from pbmodels import AsyncPocketBase, PocketBase
from pbmodels.testing import Factory, Users


def test_drafts_are_published(pb: PocketBase) -> None:
    Factory(Post).create_many(3, status=False)
    Factory(Post).create(status=True)

    assert publish_all() == 3
    assert Post.where(Post.status == True).count() == 4


def test_a_draft_is_its_authors_own(pb_users: Users) -> None:
    ann, ben = pb_users("ann", name="Ann"), pb_users("ben")
    Factory(Post).create(title="Draft", author=ann.record)

    with ann.acting():
        assert [post.title for post in Post.all()] == ["Draft"]
    with ben.acting():
        assert Post.all() == []


def test_each_test_begins_with_no_records(pb: PocketBase) -> None:
    assert (Post.count(), User.count()) == (0, 0)


async def test_async(pb_async: AsyncPocketBase) -> None:
    await Factory(Post).aio.create(title="Hello")

    assert (await pb_async.collection("posts").get_first_list_item("")).get_str("title") == "Hello"
