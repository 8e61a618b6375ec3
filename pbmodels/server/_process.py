"""The Python program's side of the supervisor: run a command, follow it, and surely end it."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ._errors import EmbeddedServerError, ServerStartError

GRACE = 5.0
"""Seconds that a process has for ending in order before it is killed."""

_SUPERVISOR = Path(__file__).with_name("_supervisor.py")


class SupervisedProcess:
    """Runs commands under a supervisor that outlives this program by just as long as cleaning up takes.

    Args:
        temporary: a folder to remove at the end, even if this program is killed.
        env: environment variables to add for what is run.

    Raises:
        EmbeddedServerError: there is no Python interpreter to run the supervisor.
    """

    def __init__(self, temporary: Path | None = None, env: Mapping[str, str] | None = None) -> None:
        self._owner = os.getpid()
        self._temporary = temporary
        self._mark = f"pbmodels-{secrets.token_hex(8)}:"
        self._changed = threading.Condition()
        self._running = False
        self._pid: int | None = None
        self._exit_code: int | None = None
        self._failure: str | None = None
        self._on_line: Callable[[str], None] = _drop
        self._supervisor = self._start_supervisor(env or {})
        self._reader = threading.Thread(target=self._read, name="pbmodels-server-log", daemon=True)
        self._reader.start()
        _live.add(self)

    @property
    def owned(self) -> bool:
        """Whether this very process started it, rather than one that it was forked from."""
        return self._owner == os.getpid()

    @property
    def running(self) -> bool:
        """Whether the command is on its way or running."""
        return self._running

    @property
    def pid(self) -> int | None:
        """The running command's process id."""
        return self._pid

    @property
    def exit_code(self) -> int | None:
        """What the last command ended with; negative for a signal, None if it could not be run at all."""
        return self._exit_code

    @property
    def failure(self) -> str | None:
        """Why the last command could not be run at all."""
        return self._failure

    def run(self, argv: Sequence[str], on_line: Callable[[str], None], env: Mapping[str, str] | None = None) -> None:
        """Run a command; the one before must have ended.

        Args:
            argv: the program's path and its arguments.
            on_line: called from a thread with each line that it writes.
            env: more environment variables, for this command alone.

        Raises:
            ServerStartError: the supervisor is gone.
            EmbeddedServerError: this is a process forked from the owner.
        """
        self._require_owned()
        with self._changed:
            self._on_line = on_line
            self._running = True
            self._exit_code = self._failure = None
        try:
            self._send({"run": list(argv), "env": dict(env or {})})
        except OSError as error:
            self._running = False
            raise ServerStartError("The process that looks after the server has ended.") from error

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the command has ended: True if so, False after `timeout` seconds."""
        with self._changed:
            if timeout is not None:
                return self._changed.wait_for(lambda: not self._running, timeout)
            # In slices: on Windows, Ctrl-C does not interrupt a wait without an end.
            while self._running:
                self._changed.wait(1.0)
            return True

    def end(self) -> None:
        """End the command: in order if it follows within GRACE seconds, else by force."""
        self._signal("terminate")
        if not self.wait(GRACE):
            self.kill()

    def kill(self) -> None:
        """End the command by force and wait for its end."""
        self._signal("kill")
        self.wait(GRACE)

    def close(self) -> None:
        """End the command and the supervisor, and remove the temporary folder."""
        if not self.owned:
            return
        if threading.current_thread() is self._reader:
            raise EmbeddedServerError("The server can't be stopped by its own log callback.")
        assert self._supervisor.stdin is not None
        # From here on the supervisor cleans up by itself, even if this wait is interrupted.
        self._supervisor.stdin.close()
        try:
            self._supervisor.wait(2 * GRACE)
        except subprocess.TimeoutExpired:
            self._supervisor.kill()
            self._supervisor.wait()
        self._end_what_is_left()
        self._reader.join(1.0)
        if not self._reader.is_alive():  # else something that the server started still writes
            assert self._supervisor.stdout is not None
            self._supervisor.stdout.close()
        _live.discard(self)

    def _require_owned(self) -> None:
        if not self.owned:
            raise EmbeddedServerError(f"The server belongs to process {self._owner}; use it there.")

    def _start_supervisor(self, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
        if not sys.executable or getattr(sys, "frozen", False):
            raise EmbeddedServerError("The embedded server needs a Python interpreter (sys.executable).")
        # Out of the terminal's reach: Ctrl-C is for this program, which then stops the server in order.
        flags = 0
        if sys.platform == "win32":
            flags = subprocess.CREATE_NO_WINDOW
        arguments = [self._mark, str(GRACE), str(self._temporary or "")]
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(_SUPERVISOR), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
            env={**os.environ, **env},
            start_new_session=True,
            creationflags=flags,
        )

    def _send(self, command: dict[str, object]) -> None:
        self._require_owned()
        assert self._supervisor.stdin is not None
        self._supervisor.stdin.write(json.dumps(command).encode() + b"\n")

    def _signal(self, name: str) -> None:
        try:
            self._send({"signal": name})
        except OSError:
            self._end_what_is_left()

    def _read(self) -> None:
        assert self._supervisor.stdout is not None
        pending = b""
        while chunk := self._supervisor.stdout.read(65536):
            *lines, pending = (pending + chunk).split(b"\n")
            for raw in lines:
                line = raw.decode("utf-8", "replace").rstrip("\r")
                if line.startswith(self._mark):
                    self._hear(json.loads(line.removeprefix(self._mark)))
                elif line:
                    self._on_line(line)
        with self._changed:
            self._running = False
            self._pid = None
            self._changed.notify_all()

    def _hear(self, message: dict[str, Any]) -> None:
        with self._changed:
            if "pid" in message:
                self._pid = message["pid"]
            else:
                self._running, self._pid = False, None
                self._exit_code, self._failure = message.get("exit"), message.get("failed")
            self._changed.notify_all()

    def _end_what_is_left(self) -> None:
        """Do the supervisor's duty where it was killed itself; nothing to do if it ended in order."""
        orderly = self._supervisor.poll() == 0  # then its last message is on its way
        with self._changed:
            self._changed.wait_for(lambda: self._pid is None, 1.0 if orderly else 0.0)
            pid = self._pid
        if pid is not None:
            with contextlib.suppress(OSError):  # it ended meanwhile
                if sys.platform == "win32":
                    os.kill(pid, signal.SIGTERM)  # by force, there
                else:
                    os.kill(pid, signal.SIGKILL)
            self.wait(GRACE)
        if self._temporary is not None and self._supervisor.poll() is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)

    def _abandon(self) -> None:
        """In a forked child: let go of the pipe, so that it ends with the program that owns the server."""
        self._changed = threading.Condition()
        assert self._supervisor.stdin is not None
        self._supervisor.stdin.close()
        self._supervisor.returncode = 0  # not this process's child: nothing to reap, nothing to warn of


_live: set[SupervisedProcess] = set()


def _drop(line: str) -> None:
    pass


def _close_all() -> None:
    for process in list(_live):
        process.close()


def _abandon_all() -> None:
    for process in _live:
        process._abandon()
    _live.clear()


atexit.register(_close_all)
if sys.platform != "win32":
    os.register_at_fork(after_in_child=_abandon_all)
