"""A progress bar on stderr, for people who watch; nothing for scripts."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager

from ._run import Run


@contextmanager
def progress(run: Run, title: str, total: int | None, *, goes_on: bool = True) -> Generator[Callable[[int], None]]:
    """A bar for the time of a block.

    Args:
        run: The run of the command.
        title: What is being done.
        total: How many there are to do, None where that is not known.
        goes_on: Whether the same command goes on where Ctrl-C ended it, which is told then.

    Returns:
        A function to call with how many are done.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=run.notes,
        disable=run.as_json or not run.notes.is_terminal,
        transient=True,
    )
    try:
        with bar:
            task = bar.add_task(title, total=total)
            yield lambda done: bar.update(task, completed=done)
    except KeyboardInterrupt:
        if goes_on and not run.as_json:
            run.notes.print("Interrupted; the same command goes on from here.")
        raise
