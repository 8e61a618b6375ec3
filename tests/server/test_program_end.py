"""However a program ends, its server ends with it and its temporary folder goes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import pbmodels.server

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and fork are POSIX")

ROOT = Path(pbmodels.server.__file__).parents[2]

START = """
import os, signal, sys, threading, time
from pbmodels.server import PocketBaseServer
server = PocketBaseServer().start()
print(server.pid, server.dir, flush=True)
"""


class Program:
    """A Python program that has started a server and printed where."""

    def __init__(self, script: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-X", "dev", "-c", START + textwrap.dedent(script)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        pid, folder = self.line().split()
        self.server_pid = int(pid)
        self.folder = Path(folder)

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().rstrip("\n")

    def end(self) -> tuple[int, str]:
        """Its exit code and what it wrote to the standard error."""
        _, errors = self.process.communicate(timeout=20)
        return self.process.returncode, errors

    def server_is_alive(self) -> bool:
        try:
            os.kill(self.server_pid, 0)
        except ProcessLookupError:
            return False
        return True

    def left_nothing(self) -> bool:
        return not self.server_is_alive() and not self.folder.exists()


@pytest.fixture
def program() -> Iterator[Callable[[str], Program]]:
    programs: list[Program] = []

    def run(script: str) -> Program:
        programs.append(Program(script))
        return programs[-1]

    yield run
    for each in programs:
        each.process.kill()
        each.process.communicate()


def eventually(condition: Callable[[], bool], timeout: float = 10.0) -> bool:
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_exit_without_stop(program: Callable[[str], Program]) -> None:
    ended = program("")
    assert ended.end() == (0, "")
    assert ended.left_nothing()


def test_an_uncaught_exception(program: Callable[[str], Program]) -> None:
    ended = program("raise LookupError('mine')")
    code, errors = ended.end()
    assert code == 1
    assert errors.endswith("LookupError: mine\n")
    assert ended.left_nothing()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_a_deadly_signal(program: Callable[[str], Program], number: signal.Signals) -> None:
    ended = program("time.sleep(60)")
    ended.process.send_signal(number)
    assert ended.end()[0] == -number
    assert eventually(ended.left_nothing)


def test_a_kill_while_the_superuser_is_being_saved(tmp_path: Path) -> None:
    slow = tmp_path / "slow"
    slow.write_text('#!/bin/sh\necho $$ > "$TMPDIR/new"; mv "$TMPDIR/new" "$TMPDIR/pid"; exec sleep 60\n')
    slow.chmod(0o755)
    script = f"from pbmodels.server import PocketBaseServer; PocketBaseServer(binary={str(slow)!r}).start()"
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)},
    )
    assert eventually((tmp_path / "pid").exists)
    assert list(tmp_path.glob("pbmodels-*"))
    process.kill()
    process.wait()
    assert eventually(lambda: not list(tmp_path.glob("pbmodels-*")))
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_ctrl_c_lets_the_program_use_the_server_to_the_end(program: Callable[[str], Program]) -> None:
    ended = program(
        """
        import http.client
        try:
            print("ready", flush=True)
            time.sleep(60)
        except KeyboardInterrupt:
            connection = http.client.HTTPConnection("127.0.0.1", server.port)
            connection.request("GET", "/api/health")
            print(connection.getresponse().status, flush=True)
            connection.close()
            server.stop()
        """
    )
    assert ended.line() == "ready"
    ended.process.send_signal(signal.SIGINT)
    assert ended.line() == "200"
    assert ended.end() == (0, "")
    assert ended.left_nothing()


def test_ctrl_c_does_not_reach_the_server_by_itself(program: Callable[[str], Program]) -> None:
    ended = program("time.sleep(60)")
    assert os.getpgid(ended.server_pid) != os.getpgid(ended.process.pid)
    assert os.getsid(ended.server_pid) != os.getsid(ended.process.pid)


def test_a_forked_child_does_not_stop_it(program: Callable[[str], Program]) -> None:
    ended = program(
        """
        from pbmodels.server import EmbeddedServerError
        child = os.fork()
        if child == 0:
            server.stop()
            try:
                server.restart()
            except EmbeddedServerError as error:
                print(error, flush=True)
            sys.exit(0)  # runs the child's own atexit callbacks
        os.waitpid(child, 0)
        print(server.wait(0.1), server.is_running, server.dir.exists(), flush=True)
        """
    )
    assert f"belongs to process {ended.process.pid}" in ended.line()
    assert ended.line() == "None True True"
    assert ended.end()[0] == 0
    assert ended.left_nothing()


def test_a_forked_child_that_lives_on_does_not_keep_it(program: Callable[[str], Program]) -> None:
    ended = program(
        """
        if os.fork() == 0:
            sys.stdin.readline()  # until the test is over
            os._exit(0)
        print("forked", flush=True)
        time.sleep(60)
        """
    )
    assert ended.line() == "forked"
    ended.process.kill()
    ended.process.wait()
    assert eventually(ended.left_nothing)


def test_the_end_of_its_supervisor_does_not_orphan_it(program: Callable[[str], Program]) -> None:
    ended = program(
        """
        os.kill(server._launch.process._supervisor.pid, signal.SIGKILL)
        server.stop()
        print("stopped", flush=True)
        """
    )
    assert ended.line() == "stopped"
    assert ended.end()[0] == 0
    assert eventually(ended.left_nothing)
