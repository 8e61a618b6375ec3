"""The command line as a whole: which commands there are, and how their failures end."""

from __future__ import annotations

import rich.console
import typer

from pbmodels.client import PocketBaseError

from ._serve import serve

app = typer.Typer(
    name="pbmodels",
    help="The typed ORM and client for PocketBase.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _commands() -> None:
    """The typed ORM and client for PocketBase."""


app.command()(serve)


def main() -> None:
    """Run the command that the program's arguments name, then exit.

    Exit codes: 0 done, 1 it failed, 2 the arguments are wrong.

    Example: `pbmodels serve data --port 8091`.
    """
    try:
        app()
    except PocketBaseError as error:
        rich.console.Console(stderr=True, markup=False, highlight=False, soft_wrap=True).print(str(error))
        raise SystemExit(1) from None
