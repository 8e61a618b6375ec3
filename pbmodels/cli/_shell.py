"""`pbmodels shell`: Python with a client and the models at hand; IPython where it is installed."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ._run import Run, command

if TYPE_CHECKING:
    from pbmodels.models import Collection


@command(models=True, json=False)
def shell(
    run: Run,
    plain: Annotated[
        bool, typer.Option("--plain", help="Python's own prompt, even where IPython is installed.")
    ] = False,
    code: Annotated[str | None, typer.Option("--code", "-c", help="Run this, and end.")] = None,
) -> None:
    """Open a Python prompt with `pb` (the client), your models and pbmodels' names loaded."""
    import pbmodels

    names: dict[str, Any] = {name: getattr(pbmodels, name) for name in pbmodels.__all__}
    models: list[type[Collection]] = run.models() if run.settings.models else []
    with run.client() as pb:
        pbmodels.connect(pb)
        names |= {model.__name__: model for model in models} | {"pb": pb, "__name__": "__console__"}
        if code is not None:
            exec(compile(code, "<--code>", "exec"), names)
            return
        banner = _banner(pb.url, [model.__name__ for model in models])
        if plain or not _ipython(names, banner):
            _plain(names, banner)


def _banner(url: str, models: list[str]) -> str:
    lines = [f"pb is the client of {url}; all names of pbmodels are loaded."]
    if models:
        lines.append(f"Models: {', '.join(models)}")
    else:
        lines.append("No models: give --models, or write models = ... into [tool.pbmodels] of pyproject.toml.")
    return "\n".join(lines)


def _ipython(names: dict[str, Any], banner: str) -> bool:
    """Run IPython; False where it is not installed."""
    try:
        embed = import_module("IPython.terminal.embed")
    except ModuleNotFoundError:
        return False
    embed.InteractiveShellEmbed(banner1=f"{banner}\n", banner2="")(local_ns=names, module=None)
    return True


def _plain(names: dict[str, Any], banner: str) -> None:
    import code

    try:
        import readline
        import rlcompleter

        readline.set_completer(rlcompleter.Completer(names).complete)
        readline.parse_and_bind("tab: complete")
    except ModuleNotFoundError:  # Windows
        pass
    code.interact(banner, local=names, exitmsg="")
