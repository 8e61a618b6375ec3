"""`pbmodels doctor` on the real server."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from pbmodels import PocketBase, PocketBaseServer
from pbmodels.cli._checkup import Finding, check_up
from tests.cli.conftest import Cli, answer


def findings(pb: PocketBase) -> dict[str, tuple[str, str]]:
    return {each.check: (str(each.state), each.message) for each in check_up(pb)}


def test_a_server_that_is_well(cli: Cli, server: PocketBaseServer, signed_in: dict[str, str]) -> None:
    told = answer(cli("doctor", "--json", **signed_in))

    found = {each["check"]: each for each in told["findings"]}
    assert told["url"] == server.url
    assert found["version"]["message"] == f"PocketBase {server.version}"
    assert found["clock"]["state"] == found["sign-in"]["state"] == "ok"
    assert found["batches"]["message"].startswith("off")
    assert "users: anyone may sign up" in [each["message"] for each in told["findings"]]


def test_for_people_it_is_a_table(cli: Cli, signed_in: dict[str, str]) -> None:
    result = cli("doctor", **signed_in)

    assert result.exit_code == 0
    assert [line.split()[:2] for line in result.stdout.splitlines()][:3] == [
        ["ok", "server"],
        ["ok", "version"],
        ["ok", "clock"],
    ]


@pytest.fixture
def open_collection(pb: PocketBase) -> Iterator[str]:
    pb.collections.create({"name": "wall", "createRule": "", "updateRule": "", "deleteRule": "id != ''"})
    yield "wall"
    pb.collections.delete("wall")


def test_rules_that_let_anyone_write_are_a_problem(cli: Cli, signed_in: dict[str, str], open_collection: str) -> None:
    result = cli("doctor", **signed_in)

    assert result.exit_code == 3
    assert "wall: anyone may create and change records" in result.stdout


def test_batches_that_are_on_are_told_with_their_limit(pb: PocketBase) -> None:
    pb.settings.update({"batch": {"enabled": True, "maxRequests": 70}})
    try:
        assert findings(pb)["batches"] == ("ok", "on, 70 requests at most")
    finally:
        pb.settings.update({"batch": {"enabled": False, "maxRequests": 50}})


def test_without_credentials_it_says_what_it_could_not_check(cli: Cli, server: PocketBaseServer) -> None:
    result = cli("doctor", "--url", server.url)

    assert result.exit_code == 0
    assert "nobody is signed in" in result.stdout


def test_wrong_credentials_fail(cli: Cli, signed_in: dict[str, str]) -> None:
    result = cli("doctor", **{**signed_in, "PBMODELS_PASSWORD": "wrong password"})

    assert result.exit_code == 1
    assert "check the identity and the password" in result.stdout
    assert "wrong password" not in result.output


def test_a_server_that_is_not_there_fails(cli: Cli) -> None:
    result = cli("doctor", "--url", "http://127.0.0.1:9")

    assert result.exit_code == 1
    assert "cannot reach PocketBase" in result.stdout


class TestWhatARealServerCannotBe:
    """An old version and a wrong clock, from a transport of the test's own."""

    def findings(self, **headers: str) -> dict[str, Finding]:
        def handle(request: httpx.Request) -> httpx.Response:
            return httpx.Response(200 if request.url.path == "/api/health" else 401, json={}, headers=headers)

        with httpx.Client(transport=httpx.MockTransport(handle)) as http, PocketBase(http_client=http) as pb:
            return {each.check: each for each in check_up(pb)}

    def test_a_clock_that_is_wrong_is_a_problem(self) -> None:
        found = self.findings(date="Mon, 01 Jan 2001 00:00:00 GMT")["clock"]

        assert found.state == "problem"
        assert "behind this machine's" in found.message

    def test_answers_without_a_date_tell_nothing(self) -> None:
        assert self.findings()["clock"].message == "the server's answers carry no date"

    def test_a_version_that_is_too_old_is_a_problem(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("pbmodels.cli._checkup.server_version", lambda pb: (0, 22, 17))

        found = self.findings()["version"]

        assert (found.state, found.message[:29]) == ("problem", "PocketBase 0.22.17 is too old")

    def test_without_the_dashboard_the_version_is_unknown(self) -> None:
        assert self.findings()["version"].state == "note"
