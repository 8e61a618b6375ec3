"""The command line as a whole: which commands there are."""

from __future__ import annotations

import typer

from ._demo import demo
from ._doctor import doctor
from ._erd import erd
from ._export import export
from ._import import import_
from ._schema import diff, migrate, pull, push
from ._serve import serve
from ._shell import shell
from ._watch import watch

app = typer.Typer(
    name="pbmodels",
    help="The typed ORM and client for PocketBase.",
    epilog="Exit codes: 0 done; 1 failed; 2 wrong arguments or settings; 3 a difference or a problem was found; "
    "130 Ctrl-C.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

PANELS = {
    "Server": (demo, serve, doctor, shell),
    "Schema": (pull, diff, push, migrate, erd),
    "Records": (watch, export, import_),
}


@app.callback()
def _commands() -> None:
    """The typed ORM and client for PocketBase."""


for panel, commands in PANELS.items():
    for each in commands:
        app.command(each.__name__.rstrip("_"), rich_help_panel=panel)(each)


def main() -> None:
    """Run the command that the program's arguments name, then exit.

    Exit codes: 0 done, 1 it failed, 2 arguments or settings are wrong, 3 a difference or a problem was found,
    130 ended by Ctrl-C.

    Example: `pbmodels serve data --port 8091`.
    """
    app()
