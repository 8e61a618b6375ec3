"""`pbmodels serve`: keep a PocketBase running on a folder until Ctrl-C."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from ._failures import UsageError
from ._run import Run, command

if TYPE_CHECKING:
    from pbmodels.server import PocketBaseServer

PASSWORD_VARIABLE = "PBMODELS_SUPERUSER_PASSWORD"

PasswordFile = Annotated[
    Path | None,
    typer.Option(
        help="File that only you can read for the random password of the server's own account, while it runs."
    ),
]


@command(server=False, json=False)
def serve(
    run: Run,
    dir: Annotated[
        Path,
        typer.Argument(help="Folder that keeps pb_data, pb_migrations, pb_hooks and pb_public; made if missing."),
    ] = Path("."),
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 chooses a free one.", min=0, max=65535)] = 8090,
    superuser_email: Annotated[
        str | None,
        typer.Option(
            envvar="PBMODELS_SUPERUSER_EMAIL",
            help=f"Superuser to make, or to give the password to: it is asked for, or taken from {PASSWORD_VARIABLE}. "
            "Without one, an account of the server's own gets a new random password at each start.",
        ),
    ] = None,
    password_file: PasswordFile = None,
) -> None:
    """Run PocketBase on a folder, show its log, and stop it on Ctrl-C."""
    from pbmodels.server import PocketBaseServer, ServerStartError

    superuser = None if superuser_email is None else (superuser_email, _password_of(superuser_email))
    if superuser is not None and password_file is not None:
        raise UsageError("--password-file holds the random password of the server's own account; leave one out")
    following = threading.Event()

    def show(line: str) -> None:
        if following.is_set():
            run.console.print(line, style="dim", markup=False, soft_wrap=True)

    server = PocketBaseServer(dir, port, superuser=superuser, log=show)
    stop_once_on_signals()
    try:
        with server, kept_in(password_file, server.superuser_password):
            introduce(run, server, password_file)
            following.set()
            code = server.wait()
    except KeyboardInterrupt:
        run.console.print("Stopped.")
        return
    raise ServerStartError("PocketBase ended by itself.", exit_code=code, output=server.log_lines[-20:])


def introduce(run: Run, server: PocketBaseServer, password_file: Path | None) -> None:
    """Tell where the server is, and how to sign in; a password stays off the screen, which others see and logs keep."""
    rows = [
        ("Server", server.url),
        ("Dashboard", f"{server.url}/_/"),
        ("Folder", str(server.dir)),
        ("Superuser", server.superuser_email),
    ]
    if password_file is not None:
        rows.append(("Password", f"in {password_file}"))
    for name, value in rows:
        run.console.print(f"{name:<10} {value}", markup=False, soft_wrap=True)
    run.console.print("Ctrl-C stops it.")


@contextmanager
def kept_in(path: Path | None, password: str) -> Generator[None]:
    """A password in a file that only its owner reads, for as long as the password is good.

    Raises:
        UsageError: The file cannot be made, or is there already.
    """
    if path is None:
        yield
        return
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(f"{password}\n")
    except FileExistsError:
        raise UsageError(f"--password-file {path}: it is there already; remove it, or name another") from None
    except OSError as error:
        raise UsageError(f"--password-file {path}: {error.strerror}") from None
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def stop_once_on_signals() -> None:
    """Make Ctrl-C and SIGTERM both a KeyboardInterrupt, once: a second must not break the orderly stop."""

    def interrupt(*_: object) -> NoReturn:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)


def _password_of(email: str) -> str:
    """The superuser's password: never from an argument, which others can read and the shell remembers."""
    if given := os.environ.get(PASSWORD_VARIABLE):
        return given
    if not sys.stdin.isatty():
        raise UsageError(f"the password of {email} is missing: set {PASSWORD_VARIABLE} in the environment")
    return str(typer.prompt(f"Password of {email}", hide_input=True, err=True))
