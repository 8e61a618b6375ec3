"""`pbmodels watch` beside a writer, on the real server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pbmodels import PocketBase, PocketBaseServer
from pbmodels.cli._watch import line
from tests.blog import Post
from tests.cli.conftest import Cli
from tests.faults.proxy import FaultProxy

UPDATED = {"name": "updated", "type": "autodate", "onCreate": True, "onUpdate": True}


@contextmanager
def watching(env: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The command in a process of its own, once it listens."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pbmodels", "watch", *arguments],
        env={**os.environ, **env, "COLUMNS": "300"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    with process:
        try:
            assert "Watching" in process.stderr.readline()
            yield process
        finally:
            process.kill()


def test_events_arrive_as_lines_of_json(blog: PocketBase, signed_in: dict[str, str]) -> None:
    with watching(signed_in, "posts", "--filter", "views > 1", "--fields", "id,title", "--count", "2", "--json") as it:
        Post.create(title="Unseen")
        post = Post.create(title="Hello", views=2)
        post.title = "Hello again"
        post.save()
        shown = [json.loads(text) for text in it.stdout or ()]

    assert [each["action"] for each in shown] == ["create", "update"]
    assert shown[1]["record"] == {"id": post.id, "title": "Hello again"}
    assert it.returncode == 0


def test_for_people_they_are_lines_that_end_with_ctrl_c(blog: PocketBase, signed_in: dict[str, str]) -> None:
    with watching(signed_in, "posts") as it:
        assert it.stdout is not None
        post = Post.create(title="Hello")
        shown = it.stdout.readline()
        it.send_signal(signal.SIGINT)
        assert it.wait(60) == 130

    assert f" create {post.id} " in shown
    assert " title='Hello'" in shown


def test_a_break_is_told_and_what_it_hid_is_marked(
    server: PocketBaseServer, blog: PocketBase, signed_in: dict[str, str]
) -> None:
    with FaultProxy(server.url) as proxy:
        env = {**signed_in, "PBMODELS_URL": proxy.url}
        with watching(env, "posts", "--count", "1", "--json") as it:
            proxy.refuse_connections = True
            proxy.cut()
            post = Post.create(title="Missed")
            proxy.refuse_connections = False
            shown = [json.loads(text) for text in it.stdout or ()]
            assert it.stderr is not None
            assert "The connection broke; connecting again." in it.stderr.read()

    assert [(each["action"], each["record"]["id"], each["recovered"]) for each in shown] == [("create", post.id, True)]


def test_it_ends_when_nothing_will_come_any_more(
    server: PocketBaseServer, blog: PocketBase, signed_in: dict[str, str]
) -> None:
    blog.collections.create({"name": "soon_gone", "fields": [{"name": "title", "type": "text"}, UPDATED]})
    with FaultProxy(server.url) as proxy, watching({**signed_in, "PBMODELS_URL": proxy.url}, "soon_gone") as it:
        blog.collections.delete("soon_gone")
        proxy.cut()
        assert it.wait(60) == 1
        assert it.stderr is not None
        shown = it.stderr.read()

    assert "the subscription to soon_gone/* has ended" in shown
    assert "nothing will come any more" in shown


def test_actions_have_colours() -> None:
    shown = line("delete", {"id": "r1", "title": "Hello", "body": "", "tags": [], "views": 3}, "10:00:00")

    assert shown.plain == "10:00:00 delete r1 title='Hello' views=3"
    assert any("red" in str(span.style) for span in shown.spans)


def test_a_long_value_is_cut() -> None:
    assert len(line("create", {"id": "r1", "body": "x" * 500}, "10:00:00").plain) < 100


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["poosts"], "there is no collection 'poosts'"), (["posts", "--filter", "titel = 1"], "failed with 400")],
)
def test_what_would_stay_silent_is_refused(
    cli: Cli, blog: PocketBase, signed_in: dict[str, str], arguments: list[str], message: str
) -> None:
    result = cli("watch", *arguments, **signed_in)

    assert result.exit_code == 1
    assert message in result.stderr
