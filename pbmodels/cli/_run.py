"""What all commands share: the options that say where to connect, what they answer, and how they end.

A command is a function in a file of its own, decorated with `@command(...)`, whose first parameter is a `Run`. Its
file imports typer and this at the top, and the rest of pbmodels inside the function: `pbmodels --help` and shell
completion import every command, and must not wait for what only one of them needs.
"""

from __future__ import annotations

import functools
import inspect
import json
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Concatenate, ParamSpec

import typer

from pbmodels._errors import PocketBaseError

from ._failures import Exit, UsageError, report
from ._settings import Settings, read_settings

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from pbmodels.client import PocketBase
    from pbmodels.models import Collection

P = ParamSpec("P")

_PANEL = "Connection"
_SERVER = {
    "url": Annotated[
        str | None,
        typer.Option(
            help="The server's address; else PBMODELS_URL, pyproject.toml, http://127.0.0.1:8090.",
            rich_help_panel=_PANEL,
        ),
    ],
    "identity": Annotated[
        str | None,
        typer.Option(
            help="Who signs in, e.g. a superuser's email; else PBMODELS_IDENTITY, pyproject.toml. The password is "
            "asked for, or taken from PBMODELS_PASSWORD; PBMODELS_TOKEN is a token instead.",
            rich_help_panel=_PANEL,
        ),
    ],
    "auth_collection": Annotated[
        str | None,
        typer.Option(
            help="The collection that they are of; else PBMODELS_AUTH_COLLECTION, pyproject.toml, _superusers.",
            rich_help_panel=_PANEL,
        ),
    ],
}
_MODELS = {
    "models": Annotated[
        str | None,
        typer.Option(
            help="The models: a module (app.models), one in it (app.models:Post) or a file; else PBMODELS_MODELS, "
            "pyproject.toml.",
            rich_help_panel=_PANEL,
        ),
    ],
}
_JSON = Annotated[bool, typer.Option("--json", help="Answer in JSON, for scripts; failures too, on stderr.")]


@dataclass(frozen=True)
class Run:
    """One run of a command.

    Attributes:
        options: What the command line says of the shared options; None where it says nothing.
        as_json: Whether it answers scripts.
    """

    options: Mapping[str, str | None]
    as_json: bool = False

    @functools.cached_property
    def settings(self) -> Settings:
        """Where it connects, as whom, with which models.

        Raises:
            UsageError: pyproject.toml holds something that it must not.
        """
        return read_settings(self.options)

    def client(self) -> PocketBase:
        """A new client of the server, signed in as the settings say; use it in a `with` block."""
        return self.settings.client()

    def models(self) -> list[type[Collection]]:
        """The program's models.

        Raises:
            UsageError: The settings name none, or they cannot be imported.
        """
        from pbmodels.models import ModelError
        from pbmodels.models._import_path import load_models

        if self.settings.models is None:
            raise UsageError(
                "which models? Give --models, e.g. --models app.models, set PBMODELS_MODELS, "
                'or write models = "app.models" into [tool.pbmodels] of pyproject.toml'
            )
        try:
            return load_models(self.settings.models, self.settings.folder)
        except ModelError as error:
            raise UsageError(f"--models {self.settings.models}: {error}") from error

    @functools.cached_property
    def console(self) -> Console:
        """Where answers go: stdout."""
        from rich.console import Console

        return Console(highlight=False)

    @functools.cached_property
    def notes(self) -> Console:
        """Where progress and remarks go: stderr, so that stdout can be piped."""
        from rich.console import Console

        return Console(stderr=True, highlight=False)

    def answer(self, facts: Any, shown: str | Callable[[], RenderableType]) -> None:
        """Print the result: as JSON for scripts, else for people.

        Args:
            facts: What JSON can hold.
            shown: A text, or a function that makes what rich can show.
        """
        if self.as_json:
            self.line(facts)
        else:
            self.show(shown() if callable(shown) else shown)

    def show(self, shown: RenderableType) -> None:
        """Print a text as it is, its lines whole, or what else rich can show."""
        from rich.text import Text

        found = Text(shown) if isinstance(shown, str) else shown
        self.console.print(found, soft_wrap=isinstance(found, Text))

    def line(self, facts: Any) -> None:
        """Print one line of JSON."""
        typer.echo(json.dumps(facts, ensure_ascii=False))


def command(
    *, server: bool = True, models: bool = False, json: bool = True
) -> Callable[[Callable[Concatenate[Run, P], int | None]], Callable[..., None]]:
    """Make a command of a function: with the shared options, a `Run` for them, and failures as messages.

    The function may return an exit code; None is 0.

    Args:
        server: Whether it connects: `--url`, `--identity`, `--auth-collection`.
        models: Whether it uses the program's models: `--models`.
        json: Whether it can answer scripts: `--json`.
    """
    options = {**(_SERVER if server else {}), **(_MODELS if models else {})}

    def decorate(function: Callable[Concatenate[Run, P], int | None]) -> Callable[..., None]:
        @functools.wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> None:
            given: dict[str, Any] = dict(kwargs)
            as_json = bool(given.pop("json", False))
            try:
                shared = {name: given.pop(name, None) for name in options}
                code = function(Run(shared, as_json), *args, **given)
            except (PocketBaseError, OSError) as error:
                if isinstance(error, BrokenPipeError):
                    raise
                raise typer.Exit(report(error, as_json=as_json)) from None
            except (KeyboardInterrupt, typer.Abort):  # Abort: at a prompt
                raise typer.Exit(Exit.INTERRUPTED) from None
            if code:
                raise typer.Exit(code)

        hints = typing.get_type_hints(function, include_extras=True)
        own = list(inspect.signature(function).parameters.values())[1:]
        parameters = [parameter.replace(annotation=hints[parameter.name]) for parameter in own]
        for name, annotation in options.items():
            parameters.append(_keyword(name, annotation, None))
        if json:
            parameters.append(_keyword("json", _JSON, False))
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return run

    return decorate


def _keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
