"""`pb.crons`: the server's jobs; sync and async."""

from __future__ import annotations

from typing import Any

import pytest

from pbmodels import NotFound, Unauthorized
from tests.client.eventually import eventually
from tests.client.flavours import done
from tests.server_version import since

pytestmark = since(0, 24)

OLD, LONG_AGO = "old" * 5, "2020-01-01 00:00:00.000Z"


async def test_list_and_run(client: Any) -> None:
    jobs = await done(client.crons.get_full_list())
    expressions = {job.id: job.expression for job in jobs}

    assert expressions["__pbMFACleanup__"] == "0 * * * *"
    assert await done(client.crons.run("__pbMFACleanup__")) is None


@since(0, 39)  # it asks by SQL
async def test_a_run_does_its_work(client: Any) -> None:
    made = await done(
        client.collection("users").create(
            {"email": "otp@example.com", "password": "x" * 10, "passwordConfirm": "x" * 10}
        )
    )
    users = await done(client.collections.get_one("users"))
    await done(
        client.sql.run(
            "INSERT INTO _otps (id, collectionRef, recordRef, password, created, updated) "
            f"VALUES ('{OLD}', '{users.id}', '{made.id}', 'x', '{LONG_AGO}', '{LONG_AGO}')"
        )
    )
    otps = client.collection("_otps")
    assert (await done(otps.get_one(OLD))).recordRef == made.id

    await done(client.crons.run("__pbOTPCleanup__"))

    async def is_gone() -> bool:
        return await done(otps.get_full_list()) == []

    assert await eventually(is_gone)
    await done(client.collection("users").delete(made.id))


async def test_what_is_no_job(client: Any) -> None:
    with pytest.raises(NotFound, match=r"Missing or invalid cron job: pb\.crons\.get_full_list\(\) lists the jobs"):
        await done(client.crons.run("no/job"))


async def test_guests_may_not(visitor: Any) -> None:
    with pytest.raises(Unauthorized, match="sign in first"):
        await done(visitor.crons.get_full_list())
