"""The two commands of a start: save the superuser, then serve until healthy."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ._errors import PortInUse, ServerStartError
from ._network import HOST, bind_problem, free_port, is_healthy
from ._process import SupervisedProcess

OUTPUT_LINES = 20
PORT_ATTEMPTS = 5
POLL = 0.02
BANNER_PATIENCE = 0.5

_HOOKS = Path(__file__).with_name("_setup")


@dataclass(frozen=True)
class Launch:
    """What is run, where, and who hears what it writes.

    Args:
        process: runs the commands.
        binary: the PocketBase executable.
        dir: the folder that keeps all of PocketBase's folders.
        args: more arguments for `serve`.
        on_line: called with each line that the server writes.
    """

    process: SupervisedProcess
    binary: Path
    dir: Path
    args: tuple[str, ...]
    on_line: Callable[[str], None]

    def save_superuser(self, email: str, password: str, deadline: float) -> None:
        """Make the superuser or set its password, before the server starts.

        The password travels in the environment of a command that a hook of ours adds
        (`_setup/superuser.pb.js`). A PocketBase that was built without JavaScript hooks does not know that
        command; there PocketBase's own is used, with which the password is in the list of processes for
        a tenth of a second.

        Raises:
            ServerStartError: the superuser was refused, or it took too long.
        """
        env = {"PBMODELS_SETUP_EMAIL": email, "PBMODELS_SETUP_PASSWORD": password}
        command = ["pbmodels-superuser", *self._folders(_HOOKS), "--hooksWatch=false", *self.args]
        output = self._run_to_end(command, env, deadline)
        if any("unknown command" in line or "unknown flag: --hooks" in line for line in output):
            command = ["superuser", "upsert", email, password, f"--dir={self.dir / 'pb_data'}"]
            output = self._run_to_end(command, {}, deadline)
        # In older versions a command that fails still exits with 0, so its words count as well.
        if self.process.exit_code != 0 or not any("saved superuser" in line for line in output):
            raise self._failed(f"PocketBase could not save the superuser {email}", output)

    def serve(self, port: int, deadline: float) -> int:
        """Serve on a loopback port and wait until the server is healthy.

        Args:
            port: 0 tries free ones, as another program may take one just before the server does.
            deadline: of `time.monotonic()`.

        Returns:
            The port.

        Raises:
            PortInUse: another program has the port.
            ServerStartError: the process ended, or was not healthy before the deadline and has been ended.
        """
        if port:
            problem = bind_problem(port)
            if problem is not None:
                raise PortInUse(f"Port {port} of {HOST} can't be used ({problem.strerror}); choose another, or 0.")
            self._serve(port, deadline)
            return port
        for _ in range(PORT_ATTEMPTS - 1):
            port = free_port()
            try:
                self._serve(port, deadline)
            except PortInUse:
                continue
            return port
        port = free_port()
        self._serve(port, deadline)
        return port

    def _serve(self, port: int, deadline: float) -> None:
        output: deque[str] = deque(maxlen=OUTPUT_LINES)
        listening = False

        def receive(line: str) -> None:
            nonlocal listening
            output.append(line)
            listening = listening or "Server started at" in line
            self.on_line(line)

        process = self.process
        command = ["serve", f"--http={HOST}:{port}", *self._folders(), *self.args]
        process.run([str(self.binary), *command], receive)
        healthy_since: float | None = None
        while process.running:
            now = time.monotonic()
            if now >= deadline:
                process.kill()
                raise ServerStartError("PocketBase was not healthy in time, so it was ended.", output=output)
            # The answer may be another server's, while this one is about to fail on the same port. It says
            # when it listens; a build that does not must at least stay alive for a while.
            if healthy_since is None and is_healthy(port, min(1.0, deadline - now)):
                healthy_since = now
            if healthy_since is not None and (listening or now - healthy_since > BANNER_PATIENCE):
                return
            process.wait(POLL)
        if any(" bind: " in line for line in output):
            raise PortInUse(f"Port {port} of {HOST} was taken while the server started.", output=output)
        raise self._failed("PocketBase ended while starting", output)

    def _folders(self, hooks: Path | None = None) -> list[str]:
        """The flags that keep PocketBase's folders inside `dir`, whatever the working directory."""
        return [
            f"--dir={self.dir / 'pb_data'}",
            f"--migrationsDir={self.dir / 'pb_migrations'}",
            f"--hooksDir={hooks or self.dir / 'pb_hooks'}",
            f"--publicDir={self.dir / 'pb_public'}",
        ]

    def _run_to_end(self, command: Sequence[str], env: dict[str, str], deadline: float) -> list[str]:
        output: list[str] = []
        self.process.run([str(self.binary), *command], output.append, env)
        if not self.process.wait(max(0.0, deadline - time.monotonic())):
            self.process.kill()
            raise ServerStartError(
                "PocketBase did not save the superuser in time, so it was ended.",
                output=output[-OUTPUT_LINES:],
            )
        return output

    def _failed(self, what: str, output: Sequence[str]) -> ServerStartError:
        if self.process.failure is not None:
            return ServerStartError(f"{what}: {self.process.failure}.")
        code = self.process.exit_code
        how = "" if code is None else f" (killed by signal {-code})" if code < 0 else f" (exit code {code})"
        return ServerStartError(f"{what}{how}.", exit_code=code, output=list(output)[-OUTPUT_LINES:])
