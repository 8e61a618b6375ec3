"""`pbmodels pull`, `diff`, `push` and `migrate`: models and a server's collections in step."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ._failures import Exit, UsageError
from ._run import Run, command

if TYPE_CHECKING:
    from rich.text import Text

    from pbmodels.schema import Diff

_COLOURS = {"create": "green", "drop": "red", "rename": "cyan", "change": "yellow", "move": "cyan"}

Partial = Annotated[
    bool,
    typer.Option(
        "--partial", help="Leave alone what the models do not name: other collections, fields, indexes, options."
    ),
]
Renames = Annotated[
    list[str] | None,
    typer.Option(
        "--rename",
        metavar="OLD=NEW",
        help="What has a new name, and keeps its values: articles=posts, or posts.title=headline. May be repeated.",
    ),
]
Source = Annotated[
    Path | None,
    typer.Option(
        "--from", help="Instead of a server: a file that the dashboard exported, or a pb_data folder.", exists=True
    ),
]


@command()
def pull(
    run: Run,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The models file; else it is printed.", dir_okay=False)
    ] = None,
    source: Source = None,
    enums: Annotated[bool, typer.Option("--enums", help="Make enums of select fields, instead of Literal.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; show what would change, and exit with 3 if anything would.")
    ] = False,
) -> int:
    """Write a models file from the server's collections.

    What stands there between the lines `# region own` and `# endregion` is kept.
    """
    from pbmodels.schema import pull

    if check and output is None:
        raise UsageError("check which file? Give it with --output")
    old = output.read_text("utf-8") if output is not None and output.is_file() else ""
    if source is not None:
        new = pull(source, output, enums=enums, write=not check)
    else:
        with run.client() as pb:
            new = pull(pb, output, enums=enums, write=not check)
    if output is None:
        run.answer({"text": new}, new.rstrip("\n"))
        return Exit.DONE
    lines = list(difflib.unified_diff(old.splitlines(), new.splitlines(), str(output), "the server", lineterm=""))
    facts = {"file": str(output), "changed": old != new, "written": old != new and not check}
    if check:
        run.answer({**facts, "diff": lines}, lambda: _patch(lines) if lines else f"{output} is up to date")
        return Exit.FOUND if old != new else Exit.DONE
    run.answer(facts, f"wrote {output}" if old != new else f"{output} is up to date")
    return Exit.DONE


@command(models=True)
def diff(run: Run, partial: Partial = False, rename: Renames = None) -> int:
    """Show what differs between the models and the server, field by field; exit with 3 if anything does."""
    from pbmodels.schema import diff

    models, renames = run.models(), renames_of(rename)
    with run.client() as pb:
        found = diff(pb, *models, exact=not partial, renames=renames)
    run.answer({"changes": found.as_dicts()}, lambda: shown(found))
    return Exit.FOUND if found else Exit.DONE


@command(models=True)
def push(
    run: Run,
    partial: Partial = False,
    rename: Renames = None,
    allow_data_loss: Annotated[
        bool, typer.Option("--allow-data-loss", help="Go on where values would be lost or no longer fit.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing; only show what would be done.")] = False,
) -> int:
    """Bring the server's collections in line with the models: all changes or none.

    What would lose values is refused, with the number of records.
    """
    from rich.text import Text

    from pbmodels.schema import diff, push

    models, renames = run.models(), renames_of(rename)
    with run.client() as pb:
        found = diff(pb, *models, exact=not partial, renames=renames)
        if not run.as_json:
            run.show(shown(found))
        if found:
            push(
                pb,
                *models,
                exact=not partial,
                renames=renames,
                allow_data_loss=allow_data_loss,
                dry_run=dry_run,
            )
    done = bool(found) and not dry_run
    facts = {"changes": found.as_dicts(), "pushed": done}
    if run.as_json:
        run.line(facts)
    elif done:
        run.show(Text(f"pushed: {', '.join(found.collections)}", "bold"))
    elif found:
        run.show("nothing was changed: this was a dry run")
    return Exit.DONE


@command(models=True)
def migrate(
    run: Run,
    folder: Annotated[
        Path, typer.Option("--output", "-o", help="Where the migrations are; made if missing.", file_okay=False)
    ] = Path("pb_migrations"),
    name: Annotated[
        str | None, typer.Option("--name", help="What the migration does, for the file's name; else told by itself.")
    ] = None,
    source: Source = None,
    partial: Partial = False,
    rename: Renames = None,
) -> int:
    """Write what push would change as a migration that PocketBase applies itself, up and down.

    It applies those in its pb_migrations when it starts; `pocketbase migrate down 1` takes the last one back.
    Those that wait there count as applied.
    """
    from pbmodels.schema import migrate

    models, renames, exact = run.models(), renames_of(rename), not partial
    there = set(folder.iterdir()) if folder.is_dir() else set()
    if source is not None:
        file = migrate(source, *models, folder=folder, name=name, exact=exact, renames=renames)
    else:
        with run.client() as pb:
            file = migrate(pb, *models, folder=folder, name=name, exact=exact, renames=renames)
    if file is None:
        run.answer({"file": None, "written": False}, "models and server agree")
    elif file in there:
        facts = {"file": str(file), "written": False}
        run.answer(facts, f"{file} is the last that the server has not applied; nothing is to add")
    else:
        run.answer({"file": str(file), "written": True}, str(file))
    return Exit.DONE


def renames_of(given: Iterable[str] | None) -> dict[str, str]:
    """What `--rename` says.

    Raises:
        UsageError: It is not OLD=NEW.
    """
    found: dict[str, str] = {}
    for rename in given or ():
        old, equals, new = rename.partition("=")
        if not equals or not old.strip() or not new.strip():
            raise UsageError(f"--rename {rename}: write OLD=NEW, as in articles=posts or posts.title=headline")
        found[old.strip()] = new.strip()
    return found


def shown(found: Diff) -> Text:
    """A diff in colour."""
    from rich.text import Text

    text = Text()
    lines = found.lines()
    for number, (action, line) in enumerate(lines):
        heading = action == "change" and line.lstrip().startswith("~ ") and "  " not in line.strip()
        text.append(line, style="bold" if heading else _COLOURS[action])
        text.append("\n" if number < len(lines) - 1 else "")
    return text if lines else Text("models and server agree")


def _patch(lines: Iterable[str]) -> Text:
    from rich.text import Text

    text = Text()
    for line in lines:
        colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
        text.append(f"{line}\n", style=colour)
    text.rstrip()
    return text
