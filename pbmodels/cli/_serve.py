"""`pbmodels serve`: keep a PocketBase running on a folder until Ctrl-C."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from pbmodels.server import PocketBaseServer, ServerStartError


def serve(
    dir: Annotated[
        Path,
        typer.Argument(help="Folder that keeps pb_data, pb_migrations, pb_hooks and pb_public; made if missing."),
    ] = Path("."),
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 chooses a free one.", min=0, max=65535)] = 8090,
    superuser_email: Annotated[
        str | None,
        typer.Option(
            envvar="PBMODELS_SUPERUSER_EMAIL",
            help="Superuser to make, or to give the password to. Without one, an account of the server's own "
            "gets a new random password at each start, which is shown.",
        ),
    ] = None,
    superuser_password: Annotated[
        str | None,
        typer.Option(
            envvar="PBMODELS_SUPERUSER_PASSWORD",
            help="The superuser's password, 8 characters or more. Better given in the environment: "
            "other users of the machine can read arguments.",
        ),
    ] = None,
) -> None:
    """Run PocketBase on a folder, show its log, and stop it on Ctrl-C."""
    if (superuser_email is None) != (superuser_password is None):
        raise typer.BadParameter("give both --superuser-email and --superuser-password, or neither")
    superuser = None
    if superuser_email is not None and superuser_password is not None:
        superuser = (superuser_email, superuser_password)
    console = Console(markup=False, highlight=False, soft_wrap=True)
    following = threading.Event()

    def show(line: str) -> None:
        if following.is_set():
            console.print(line, style="dim")

    server = PocketBaseServer(dir, port, superuser=superuser, log=show)
    _stop_once_on_signals()
    try:
        with server:
            _introduce(console, server, show_password=superuser is None)
            following.set()
            code = server.wait()
    except KeyboardInterrupt:
        console.print("Stopped.")
        return
    raise ServerStartError("PocketBase ended by itself.", exit_code=code, output=server.log_lines[-20:])


def _introduce(console: Console, server: PocketBaseServer, *, show_password: bool) -> None:
    rows = [
        ("Server", server.url),
        ("Dashboard", f"{server.url}/_/"),
        ("Folder", str(server.dir)),
        ("Superuser", server.superuser_email),
    ]
    if show_password:
        rows.append(("Password", server.superuser_password))
    for name, value in rows:
        console.print(f"{name:<10} {value}")
    console.print("Ctrl-C stops it.")


def _stop_once_on_signals() -> None:
    """Make Ctrl-C and SIGTERM both a KeyboardInterrupt, once: a second must not break the orderly stop."""

    def interrupt(*_: object) -> NoReturn:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
