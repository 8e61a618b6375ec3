"""`pbmodels erd`: the collections and their relations as a diagram."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ._failures import UsageError
from ._run import Run, command


@command(models=True)
def erd(
    run: Run,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A file: .mmd, or .svg, .png and .pdf where mermaid-cli (mmdc) is there."),
    ] = None,
    only: Annotated[str | None, typer.Option(help="Only these collections, e.g. posts,comments.")] = None,
    system: Annotated[bool, typer.Option("--system", help="The server's own collections too.")] = False,
    from_models: Annotated[
        bool, typer.Option("--from-models", help="Draw the models; without it, the server's collections.")
    ] = False,
) -> None:
    """Draw the collections, their fields and relations, as a Mermaid diagram."""
    from pbmodels.schema import describe

    from ._diagram import diagram, render

    if from_models:
        described = [describe(model) for model in run.models()]
    else:
        with run.client() as pb:
            described = [dict(each) for each in pb.collections.get_full_list()]
    wanted = [name.strip() for name in (only or "").split(",") if name.strip()]
    names = [each["name"] for each in described]
    for name in wanted:
        if name not in names:
            raise UsageError(f"there is no collection {name!r}; there are {', '.join(sorted(names))}")
    if wanted:
        shown = [each for each in described if each["name"] in wanted]
    else:
        shown = [each for each in described if system or not each.get("system")]
    text = diagram(shown, described)
    if output is None:
        if run.as_json:
            run.line({"collections": [each["name"] for each in shown], "mermaid": text})
        else:
            typer.echo(text, nl=False)
        return
    render(text, output)
    run.answer(
        {"collections": [each["name"] for each in shown], "file": str(output)},
        f"{len(shown)} collections in {output}",
    )
