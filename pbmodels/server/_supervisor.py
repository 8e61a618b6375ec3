"""The small process between Python and PocketBase; run as a script, never imported by the package.

It exists for the moment when the Python program is killed and can't clean up: it holds the reading end of a
pipe whose other end only that program has. When the pipe ends, for whatever reason, it ends the server and
removes the temporary data folder. (Linux's PR_SET_PDEATHSIG can't do that: it fires when the *thread* that
started the server ends, and other systems lack it.)

Arguments: a mark that begins each of its messages, the seconds that the server has for ending in order before
it is killed, and the folder to remove at the end ("" for none).
Standard input, a JSON object a line: {"run": [...], "env": {...}}, {"signal": "terminate"} or "kill".
Standard output: what the server writes, and between it messages, the mark followed by JSON: {"pid": N},
{"exit": CODE} or {"failed": TEXT}. Being written in one pipe, a server's last lines precede its exit.

It imports little: it runs with -I -S, which costs some 30 ms of start-up.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any, NoReturn


class Supervisor:
    """Runs one command at a time and reports on it."""

    def __init__(self, mark: str, grace: float) -> None:
        self._mark = mark
        self._grace = grace
        self._child: subprocess.Popen[bytes] | None = None

    def obey(self, command: dict[str, Any]) -> None:
        """Do what one line of the input says."""
        if "run" in command:
            self._run(command["run"], command.get("env") or {})
        elif command["signal"] == "kill":
            self._kill()
        else:
            self._terminate()

    def end(self) -> None:
        """End what runs: in order if it follows within the grace, else by force."""
        child = self._child
        if child is None:
            return
        self._terminate()
        try:
            child.wait(self._grace)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def _run(self, argv: list[str], env: dict[str, str]) -> None:
        # A group of its own, so that CTRL_BREAK reaches the server alone.
        flags = 0
        if sys.platform == "win32":
            flags = subprocess.CREATE_NEW_PROCESS_GROUP
        try:
            child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, env={**os.environ, **env}, creationflags=flags)
        except (OSError, ValueError) as error:
            self._tell({"failed": str(error)})
            return
        self._child = child
        self._tell({"pid": child.pid})
        threading.Thread(target=self._await, args=(child,), daemon=True).start()

    def _await(self, child: subprocess.Popen[bytes]) -> None:
        self._tell({"exit": child.wait()})

    def _terminate(self) -> None:
        if self._child is None or self._child.poll() is not None:
            return
        if sys.platform == "win32":
            try:
                self._child.send_signal(signal.CTRL_BREAK_EVENT)
            except OSError:  # no console to share
                self._child.terminate()
        else:
            self._child.terminate()

    def _kill(self) -> None:
        if self._child is not None:
            self._child.kill()

    def _tell(self, message: dict[str, Any]) -> None:
        # The leading newline ends a line that the server left open.
        text = f"\n{self._mark}{json.dumps(message)}\n"
        with contextlib.suppress(OSError):  # nobody is left to read: the input ends too, and with it all this
            os.write(1, text.encode())


def commands() -> Iterator[dict[str, Any]]:
    """The input's lines as they come, until its end."""
    pending = b""
    while chunk := os.read(0, 65536):
        *lines, pending = (pending + chunk).split(b"\n")
        for line in lines:
            yield json.loads(line)


def leave(*_: object) -> NoReturn:
    """Turn a signal into an orderly end."""
    raise SystemExit


def main(mark: str, grace: float, temporary: str) -> None:
    """Obey until the input ends or a signal comes, then leave nothing behind."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)
    supervisor = Supervisor(mark, grace)
    try:
        for command in commands():
            supervisor.obey(command)
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        supervisor.end()
        if temporary:
            import shutil

            shutil.rmtree(temporary, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), sys.argv[3])
