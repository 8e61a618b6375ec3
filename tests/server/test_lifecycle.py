"""An embedded server starts, is what it says it is, and ends."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from pbmodels.server import (
    EmbeddedServerError,
    PocketBaseServer,
    PortInUse,
    ServerNotRunning,
    _clients,
    find_binary,
    register_client_factory,
)


def eventually(condition: Callable[[], bool], timeout: float = 10.0) -> bool:
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def sign_in(server: PocketBaseServer, email: str, password: str) -> httpx.Response:
    return httpx.post(
        f"{server.url}/api/collections/_superusers/auth-with-password",
        json={"identity": email, "password": password},
        trust_env=False,
    )


def health(server: PocketBaseServer) -> int:
    return httpx.get(f"{server.url}/api/health", trust_env=False).status_code


@pytest.fixture(scope="module")
def shared() -> Iterator[PocketBaseServer]:
    with PocketBaseServer() as server:
        yield server


class TestRunningServer:
    def test_is_healthy_on_its_url(self, shared: PocketBaseServer) -> None:
        assert shared.url == f"http://127.0.0.1:{shared.port}"
        assert shared.is_running
        assert health(shared) == 200

    def test_signs_its_superuser_in(self, shared: PocketBaseServer) -> None:
        answer = sign_in(shared, shared.superuser_email, shared.superuser_password)
        assert answer.status_code == 200
        assert answer.json()["record"]["email"] == shared.superuser_email

    def test_tells_its_version(self, shared: PocketBaseServer) -> None:
        major, minor, *_ = shared.version.split(".")
        assert (int(major), int(minor)) >= (0, 23)

    def test_keeps_its_log_lines(self, shared: PocketBaseServer) -> None:
        assert any(shared.url in line for line in shared.log_lines)

    def test_shows_where_it_is_but_not_its_password(self, shared: PocketBaseServer) -> None:
        assert shared.url in repr(shared)
        assert shared.superuser_password not in repr(shared)
        assert not any(shared.superuser_password in line for line in shared.log_lines)

    def test_a_second_start_changes_nothing(self, shared: PocketBaseServer) -> None:
        pid = shared.pid
        assert shared.start() is shared
        assert shared.pid == pid

    def test_wait_returns_none_while_it_runs(self, shared: PocketBaseServer) -> None:
        assert shared.wait(0.01) is None


class TestEnd:
    def test_stop_ends_the_process_and_removes_the_temporary_folder(self) -> None:
        server = PocketBaseServer().start()
        pid, folder = server.pid, server.dir
        assert pid is not None
        assert (folder / "pb_data" / "data.db").is_file()

        server.stop()

        assert not is_alive(pid)
        assert not folder.exists()
        assert not server.is_running
        assert server.pid is None

    def test_stop_twice_and_before_the_start_does_nothing(self) -> None:
        server = PocketBaseServer()
        server.stop()
        server.start()
        server.stop()
        server.stop()
        assert not server.is_running

    def test_an_exception_in_the_block_ends_it_too(self) -> None:
        server = PocketBaseServer()

        def fail() -> None:
            with server:
                raise LookupError("mine")

        with pytest.raises(LookupError, match="mine"):
            fail()
        assert not server.is_running
        assert not server.dir.exists()

    def test_an_open_event_stream_does_not_hold_it_up(self) -> None:
        with PocketBaseServer() as server, httpx.Client(trust_env=False) as http:
            with http.stream("GET", f"{server.url}/api/realtime") as stream:
                next(stream.iter_raw())
                began = time.monotonic()
                server.stop()
            assert time.monotonic() - began < 4

    def test_it_can_be_started_again_with_a_new_temporary_folder(self) -> None:
        server = PocketBaseServer()
        with server:
            first = server.dir
        with server:
            assert server.dir != first
            assert health(server) == 200

    def test_it_outlives_the_thread_that_started_it(self) -> None:
        server = PocketBaseServer()
        thread = threading.Thread(target=server.start)
        thread.start()
        thread.join()
        try:
            assert server.wait(0.2) is None
            assert health(server) == 200
        finally:
            server.stop()


class TestBeforeTheStart:
    def test_what_only_a_start_can_tell_says_so(self) -> None:
        server = PocketBaseServer()
        assert not server.is_running
        assert server.pid is None
        assert server.log_lines == []
        assert "not running" in repr(server)
        asks: list[Callable[[], object]] = [lambda: server.url, lambda: server.dir]
        for ask in [*asks, server.client, server.restart, server.kill, server.wait]:
            with pytest.raises(ServerNotRunning, match=r"start\(\)"):
                ask()

    def test_a_given_port_and_folder_are_known(self, tmp_path: Path) -> None:
        server = PocketBaseServer(tmp_path, 8123)
        assert server.url == "http://127.0.0.1:8123"
        assert server.dir == tmp_path


class TestFolder:
    def test_a_given_folder_keeps_its_data_between_runs(self, tmp_path: Path) -> None:
        folder = tmp_path / "made" / "here"
        given = ("boss@example.com", "correct horse")
        with PocketBaseServer(folder, superuser=given) as server:
            assert sign_in(server, *given).status_code == 200
        with PocketBaseServer(folder) as server:
            assert sign_in(server, *given).status_code == 200
            assert server.superuser_email != given[0]
            assert sign_in(server, server.superuser_email, server.superuser_password).status_code == 200
        assert (folder / "pb_data" / "data.db").is_file()

    def test_a_given_superuser_that_exists_gets_the_password(self, tmp_path: Path) -> None:
        with PocketBaseServer(tmp_path, superuser=("boss@example.com", "first password")):
            pass
        with PocketBaseServer(tmp_path, superuser=("boss@example.com", "second password")) as server:
            assert sign_in(server, "boss@example.com", "first password").status_code == 400
            assert sign_in(server, "boss@example.com", "second password").status_code == 200

    def test_two_servers_in_one_working_directory_are_apart(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        with PocketBaseServer() as one, PocketBaseServer() as two:
            assert one.port != two.port
            assert one.dir != two.dir
            token = sign_in(one, one.superuser_email, one.superuser_password).json()["token"]
            made = httpx.post(
                f"{one.url}/api/collections",
                json={"name": "posts", "type": "base", "fields": [{"name": "title", "type": "text"}]},
                headers={"Authorization": token},
                trust_env=False,
            )
            assert made.status_code == 200
            assert list((one.dir / "pb_migrations").iterdir())
            two.restart()
            assert httpx.get(f"{two.url}/api/collections/posts/records", trust_env=False).status_code == 404
        assert list(tmp_path.iterdir()) == []


class TestPort:
    def test_a_taken_port_is_refused_by_name(self) -> None:
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = other.getsockname()[1]
            server = PocketBaseServer(port=port)
            with pytest.raises(PortInUse, match=str(port)):
                server.start()
        assert not server.is_running
        assert not server.dir.exists()

    def test_a_free_port_that_another_server_takes_first_is_given_up(
        self, shared: PocketBaseServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from pbmodels.server import _launch, _network

        ports = [shared.port, shared.port]
        monkeypatch.setattr(_launch, "free_port", lambda: ports.pop() if ports else _network.free_port())
        with PocketBaseServer() as server:
            assert ports == []
            assert server.port != shared.port
            assert sign_in(server, server.superuser_email, server.superuser_password).status_code == 200

    def test_restart_keeps_port_data_and_superuser(self) -> None:
        with PocketBaseServer() as server:
            before = (server.url, server.dir, server.superuser_password)
            pid = server.pid
            server.restart()
            assert (server.url, server.dir, server.superuser_password) == before
            assert server.pid != pid
            assert sign_in(server, server.superuser_email, server.superuser_password).status_code == 200

    def test_after_a_kill_it_comes_back_in_place(self) -> None:
        with PocketBaseServer() as server:
            before = (server.url, server.dir)
            server.kill()
            assert not server.is_running
            with pytest.raises(httpx.ConnectError):
                health(server)
            server.start()
            assert (server.url, server.dir) == before
            assert sign_in(server, server.superuser_email, server.superuser_password).status_code == 200

    @pytest.mark.skipif(sys.platform == "win32", reason="exit codes of signals are POSIX")
    def test_wait_returns_the_exit_code_of_a_crash(self) -> None:
        with PocketBaseServer() as server:
            server.kill()
            assert server.wait(5) == -9


class TestOptions:
    def test_the_log_callback_hears_each_line(self) -> None:
        heard: list[str] = []
        with PocketBaseServer(log=heard.append) as server:
            assert eventually(lambda: len(heard) >= 3)
        assert heard == server.log_lines

    def test_a_log_callback_that_fails_is_reported_and_does_no_harm(self, caplog: pytest.LogCaptureFixture) -> None:
        def fail(line: str) -> None:
            raise ValueError(line)

        with PocketBaseServer(log=fail) as server:
            assert health(server) == 200
            assert server.log_lines
        assert "log callback" in caplog.text

    def test_more_arguments_and_environment_reach_the_server(self) -> None:
        with PocketBaseServer(
            args=["--encryptionEnv=MY_KEY", "--origins=https://a.example"], env={"MY_KEY": "k" * 32}
        ) as server:
            answer = httpx.get(f"{server.url}/api/health", headers={"Origin": "https://a.example"}, trust_env=False)
            assert answer.headers["access-control-allow-origin"] == "https://a.example"

    def test_the_executable_is_found_in_the_package(self) -> None:
        assert find_binary().name.startswith("pocketbase")
        assert find_binary().is_absolute()


class TestAsync:
    @pytest.mark.asyncio
    async def test_async_with(self) -> None:
        async with PocketBaseServer() as server:
            folder = server.dir
            async with httpx.AsyncClient(trust_env=False) as http:
                assert (await http.get(f"{server.url}/api/health")).status_code == 200
        assert not server.is_running
        assert not folder.exists()

    @pytest.mark.asyncio
    async def test_a_cancelled_start_leaves_nothing(self) -> None:
        server = PocketBaseServer()

        async def use() -> None:
            async with server:
                raise AssertionError("not reached")

        task = asyncio.create_task(use())
        await asyncio.sleep(0)
        await asyncio.to_thread(eventually, lambda: server._launch is not None)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not server.is_running
        assert not server.dir.exists()


class TestClient:
    def test_each_call_makes_a_client_signed_in_as_the_superuser(
        self, shared: PocketBaseServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_clients, "_factory", None)
        calls: list[tuple[str, str, str]] = []

        def factory(url: str, email: str, password: str) -> Any:
            calls.append((url, email, password))
            return object()

        register_client_factory(factory)
        assert shared.client() is not shared.client()
        assert calls == [(shared.url, shared.superuser_email, shared.superuser_password)] * 2

    def test_without_the_client_layer_it_says_so(
        self, shared: PocketBaseServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_clients, "_factory", None)
        with pytest.raises(EmbeddedServerError, match="import pbmodels"):
            shared.client()
