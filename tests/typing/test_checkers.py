"""The typing examples through every type checker that is installed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
SCRIPTS = Path(sys.executable).parent

COMMANDS = {
    "mypy": ["mypy", "--strict", "--no-error-summary", "--hide-error-context", "--follow-imports=silent"],
    "pyright": ["pyright", "--pythonpath", sys.executable],
    "ty": ["ty", "check", "--output-format", "concise", "--python", sys.prefix],
    "pyrefly": ["pyrefly", "check", "--output-format", "min-text", "--python-interpreter-path", sys.executable],
}


def diagnosed_lines(checker: str, file: Path) -> tuple[set[int], str]:
    """The lines of `file` that a checker finds an error in, and its whole output."""
    command = [str(SCRIPTS / COMMANDS[checker][0]), *COMMANDS[checker][1:], str(file)]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, check=False, env={**os.environ, "NO_COLOR": "1"}
    )
    found: set[int] = set()
    for line in done.stdout.splitlines():
        match = re.search(rf"{re.escape(file.name)}:(\d+)(?::\d+(?:-\d+)?(?:-\d+)?)?:? ?-? ?.*?\b(error|ERROR)", line)
        if match is None:
            match = re.search(rf"(?:error|ERROR).*{re.escape(file.name)}:(\d+)", line)
        if match is not None:
            found.add(int(match[1]))
    return found, done.stdout + done.stderr


@pytest.mark.parametrize("checker", COMMANDS)
def test_everything_is_inferred_as_asserted(checker: str) -> None:
    lines, output = diagnosed_lines(checker, HERE / "inference.py")

    assert not lines, output


@pytest.mark.parametrize("checker", COMMANDS)
def test_every_mistake_is_found_and_nothing_else(checker: str) -> None:
    file = HERE / "mistakes.py"
    marked = {
        number: line.partition("unseen by ")[2].split(", ")
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if "  # mistake" in line
    }
    expected = {number for number, blind in marked.items() if checker not in blind}

    lines, output = diagnosed_lines(checker, file)

    assert lines == expected, output
