"""`pbmodels doctor`: whether the server is well and set up safely."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._failures import Exit
from ._run import Run, command

if TYPE_CHECKING:
    from rich.table import Table

    from ._checkup import Finding


@command()
def doctor(run: Run) -> int:
    """Check the server: reached, version, clock, who is signed in, batches, rules that let anyone write."""
    from ._checkup import State, check_up

    with run.client() as pb:
        findings = list(check_up(pb))
    facts = [{"check": each.check, "state": str(each.state), "message": each.message} for each in findings]
    run.answer({"url": run.settings.url, "findings": facts}, lambda: _table(findings))
    states = {each.state for each in findings}
    return Exit.FAILED if State.FAILED in states else Exit.FOUND if State.PROBLEM in states else Exit.DONE


def _table(findings: list[Finding]) -> Table:
    from rich.table import Table
    from rich.text import Text

    from ._checkup import State

    signs = {
        State.GOOD: Text("ok", "green"),
        State.NOTE: Text("note", "cyan"),
        State.PROBLEM: Text("problem", "yellow"),
        State.FAILED: Text("failed", "red"),
    }
    table = Table.grid(padding=(0, 2))
    for each in findings:
        table.add_row(signs[each.state], Text(each.check, "bold"), Text(each.message))
    return table
