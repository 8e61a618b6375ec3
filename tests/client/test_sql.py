"""`pb.sql`: SQL on the server's database; sync and async."""

from __future__ import annotations

from typing import Any

import pytest

from pbmodels import BadRequest, Unauthorized, ValidationFailed
from tests.client.flavours import done
from tests.server_version import since

pytestmark = since(0, 39)


async def test_a_query(client: Any) -> None:
    result = await done(client.sql.run("SELECT 1 AS n, NULL AS empty, 'ä' AS text"))

    assert result.rows == [["1", None, "ä"]]
    assert [(column.name, column.type, column.nullable) for column in result.columns] == [
        ("n", "", True),
        ("empty", "", True),
        ("text", "", True),
    ]
    assert (result.affected_rows, result.exec_time) == (0, result["execTime"])


async def test_a_write(client: Any) -> None:
    for title in "ab":
        await done(client.collection("posts").create({"title": title}))

    result = await done(client.sql.run("UPDATE posts SET views = 7", timeout=20))

    assert (result.affected_rows, result.rows, result.columns) == (2, [], [])
    assert [post.views for post in await done(client.collection("posts").get_full_list())] == [7, 7]


async def test_mistakes(client: Any) -> None:
    with pytest.raises(BadRequest, match='near "SELEC": syntax error'):
        await done(client.sql.run("SELEC 1"))
    with pytest.raises(ValidationFailed, match="query: "):
        await done(client.sql.run(""))


async def test_guests_may_not(visitor: Any) -> None:
    with pytest.raises(Unauthorized, match="sign in first"):
        await done(visitor.sql.run("SELECT 1"))
