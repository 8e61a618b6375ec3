"""The typing examples through every type checker; each of the mistakes fails at run time too."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from pbmodels import FilterError
from tests.typing import inference, language, mistakes, mistakes_quoted, quoted, verbs

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
SCRIPTS = Path(sys.executable).parent

RIGHT = [Path(str(module.__file__)) for module in (inference, language, quoted, verbs)]
WRONG = [Path(str(module.__file__)) for module in (mistakes, mistakes_quoted)]

COMMANDS = {
    "mypy": ["mypy", "--strict", "--no-error-summary", "--hide-error-context", "--follow-imports=silent"],
    "pyright": ["pyright", "--pythonpath", sys.executable],
    "basedpyright": ["basedpyright", "--pythonpath", sys.executable],
    "ty": ["ty", "check", "--output-format", "concise", "--python", sys.prefix],
    "pyrefly": ["pyrefly", "check", "--output-format", "min-text", "--python-interpreter-path", sys.executable],
}

MARK = "  # mistake"


@dataclass(frozen=True)
class Diagnosis:
    """What a checker says of all files.

    Attributes:
        lines: The lines with an error, by the file's name.
        output: All that it printed.
    """

    lines: dict[str, set[int]]
    output: str


def diagnose(checker: str) -> Diagnosis:
    """One checker over all files at once: starting it is what takes the time."""
    name, *options = COMMANDS[checker]
    command = [str(SCRIPTS / name), *options, *map(str, RIGHT + WRONG)]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, check=False, env={**os.environ, "NO_COLOR": "1"}
    )
    found: dict[str, set[int]] = {}
    for line in done.stdout.splitlines():
        place = re.search(r"(\w+\.py):(\d+)", line)
        if place is not None and re.search(r"\berror\b", line, re.IGNORECASE):
            found.setdefault(place[1], set()).add(int(place[2]))
    return Diagnosis(found, done.stdout + done.stderr)


@pytest.mark.timeout(600)  # mypy has everything to read, on a machine that does something else as well
@pytest.mark.parametrize("checker", COMMANDS)
def test_all_is_inferred_as_asserted_and_every_mistake_is_found(checker: str) -> None:
    found = diagnose(checker)

    for file in RIGHT:
        assert not found.lines.get(file.name), found.output
    for file in WRONG:
        assert found.lines.get(file.name) == mistakes_in(file, checker), found.output


def mistakes_in(file: Path, checker: str) -> set[int]:
    """The lines that are marked as a mistake, save those that this checker does not see."""
    return {
        number
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1)
        if MARK in line and checker not in line.partition("unseen by ")[2].split(", ")
    }


CONDITIONS = [
    (module, line.partition(MARK)[0].strip())
    for module in (mistakes, mistakes_quoted)
    for line in inspect.getsource(module.conditions).splitlines()
    if MARK in line
]


@pytest.mark.parametrize(("module", "line"), CONDITIONS, ids=[line for _, line in CONDITIONS])
def test_a_wrong_condition_is_refused_at_run_time(module: ModuleType, line: str) -> None:
    with pytest.raises((FilterError, AttributeError, TypeError)):
        eval(line, vars(module))
