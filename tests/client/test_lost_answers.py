"""Answers that are lost between the real server and here: what is asked for is done once all the same."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from pbmodels import ConnectionFailed, PocketBase, using
from tests.blog import Post
from tests.client.flavours import done, new_client
from tests.client.losing import Line, bad_line

ID = "chosenbyclient0"
POSTS = "/api/collections/posts/records"


@asynccontextmanager
async def through(flavour: str, blog: PocketBase, *outcomes: Any) -> AsyncIterator[tuple[Any, Line]]:
    """A superuser's client behind a bad line."""
    with bad_line(blog.url, *outcomes) as line:
        async with new_client(flavour, line.url, retries=2) as pb:
            pb.auth_store.save(blog.auth_store.token)
            yield pb, line


async def test_a_read(flavour: str, blog: PocketBase) -> None:
    post = blog.collection("posts").create({"title": "a"})

    async with through(flavour, blog, "lost", "cut") as (pb, line):
        assert (await done(pb.collection("posts").get_one(post.id))).title == "a"

    assert line.sent == [f"GET {POSTS}/{post.id}"] * 3


async def test_a_delete(flavour: str, blog: PocketBase) -> None:
    post = blog.collection("posts").create({"title": "a"})

    async with through(flavour, blog, "lost") as (pb, line):
        await done(pb.collection("posts").delete(post.id))

    assert line.arrived == [f"DELETE {POSTS}/{post.id}"] * 2


async def test_an_update(flavour: str, blog: PocketBase) -> None:
    post = blog.collection("posts").create({"title": "a"})

    async with through(flavour, blog, "lost") as (pb, line):
        assert (await done(pb.collection("posts").update(post.id, {"title": "b"}))).title == "b"

    assert len(line.arrived) == 2


@pytest.mark.parametrize("body", [{"views+": 1}, {"title": "x", "tags-": ["news"]}, {"+tags": "tech"}])
async def test_an_update_that_adds_is_sent_once(flavour: str, blog: PocketBase, body: dict[str, Any]) -> None:
    post = blog.collection("posts").create({"title": "a", "views": 1})

    async with through(flavour, blog, "lost") as (pb, line):
        with pytest.raises(ConnectionFailed):
            await done(pb.collection("posts").update(post.id, body))

    assert len(line.sent) == 1


async def test_a_create_with_an_id(flavour: str, blog: PocketBase) -> None:
    async with through(flavour, blog, "lost") as (pb, line):
        made = await done(pb.collection("posts").create({"id": ID, "title": "once"}, fields="id,title"))

    assert made == {"id": ID, "title": "once"}
    assert [sent.split()[0] for sent in line.arrived] == ["POST", "POST", "GET"]
    assert blog.collection("posts").get_list().total_items == 1


async def test_a_create_without_an_id_is_sent_once(flavour: str, blog: PocketBase) -> None:
    async with through(flavour, blog, "lost") as (pb, line):
        with pytest.raises(ConnectionFailed):
            await done(pb.collection("posts").create({"title": "once"}))

    assert len(line.sent) == 1
    assert blog.collection("posts").get_list().total_items == 1


async def test_a_model_s_save(flavour: str, blog: PocketBase) -> None:
    with bad_line(blog.url, "lost") as line, PocketBase(line.url) as pb, using(pb):
        pb.auth_store.save(blog.auth_store.token)
        post = Post(title="once")
        await (post.aio.save() if flavour == "async" else done(post.save()))
        await pb.aio.aclose()

    assert [found.id for found in blog.collection("posts").get_full_list()] == [post.id]
    assert post.created


@pytest.mark.parametrize(
    "send",
    [
        lambda pb: pb.send("/api/mine", method="POST", body={"id": ID}),
        lambda pb: pb.send("/api/mine", method="PATCH", body={"a": 1}),
        lambda pb: pb.users.update(ID, {"oldPassword": "a", "password": "b", "passwordConfirm": "b"}),
    ],
    ids=["own POST", "own PATCH", "password"],
)
async def test_what_may_do_more_the_second_time_is_sent_once(flavour: str, blog: PocketBase, send: Any) -> None:
    async with through(flavour, blog, "lost") as (pb, line):
        with pytest.raises(ConnectionFailed):
            await done(send(pb))

    assert len(line.sent) == 1
