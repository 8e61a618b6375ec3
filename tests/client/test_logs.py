"""`pb.logs`: the server's own log; sync and async."""

from __future__ import annotations

from typing import Any

import pytest

from pbmodels import BadRequest, NotFound, PocketBase, Unauthorized
from tests.client.eventually import eventually
from tests.client.flavours import done
from tests.server_version import since


@pytest.fixture
def logged(superuser: PocketBase) -> str:
    """A path that the log knows: the server writes the log down after every 200 entries at the latest."""
    path = "/api/collections/nowhere/records"
    for _ in range(201):
        with pytest.raises(NotFound):
            superuser.send(path)
    return path


async def test_list_one_and_stats(client: Any, logged: str) -> None:
    logs = client.logs
    about = client.filter("data.url = {:u}", u=logged)

    async def is_there() -> bool:
        return bool((await done(logs.get_list(1, 1, filter=about))).items)

    assert await eventually(is_there)
    page = await done(logs.get_list(1, 2, filter=about, sort="-created", skip_total=True))
    one = await done(logs.get_one(page.items[0].id))
    hours = await done(logs.get_stats(filter=about))

    assert (len(page.items), page.total_pages) == (2, -1)
    assert one == page.items[0]
    assert (one.get_int("data.status"), one.message) == (404, f"GET {logged}")
    assert sum(hour.total for hour in hours) >= 2
    assert all(hour.date.endswith("Z") for hour in hours)
    assert await done(logs.get_one(one.id, fields="id")) == {"id": one.id}
    assert (await done(logs.get_list(filter="message = 'never'"))).items == []
    assert await done(logs.get_stats(filter="message = 'never'")) == []
    assert (await done(logs.get_list(filter=client.filter("message = {:m}", m="a\\b")))).items == []


@since(0, 40)
async def test_delete_all(client: Any, logged: str) -> None:
    about = client.filter("data.url = {:u}", u=logged)

    async def is_there() -> bool:
        return bool((await done(client.logs.get_list(1, 1, filter=about))).items)

    assert await eventually(is_there)
    entry = (await done(client.logs.get_list(1, 1, filter=about))).items[0]

    assert await done(client.logs.truncate()) is None

    with pytest.raises(NotFound, match="there is no such log entry"):
        await done(client.logs.get_one(entry.id))


async def test_mistakes(client: Any, visitor: Any) -> None:
    with pytest.raises(BadRequest):
        await done(client.logs.get_list(filter="nonsense ="))
    with pytest.raises(BadRequest):
        await done(client.logs.get_stats(filter="nonsense ="))
    with pytest.raises(Unauthorized, match="sign in first"):
        await done(visitor.logs.get_list())
