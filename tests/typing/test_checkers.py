"""The typing examples through every type checker that is installed; each of the mistakes fails at run time too."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
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


@pytest.fixture(scope="module")
def diagnoses() -> Iterator[dict[str, Future[Diagnosis]]]:
    """All checkers, side by side."""
    with ThreadPoolExecutor(len(COMMANDS)) as pool:
        yield {checker: pool.submit(diagnose, checker) for checker in COMMANDS}


@pytest.mark.parametrize("file", RIGHT, ids=lambda file: file.stem)
@pytest.mark.parametrize("checker", COMMANDS)
def test_everything_is_inferred_as_asserted(checker: str, file: Path, diagnoses: dict[str, Future[Diagnosis]]) -> None:
    found = diagnoses[checker].result()

    assert WRONG[0].name in found.lines, "it ran"
    assert not found.lines.get(file.name), found.output


@pytest.mark.parametrize("file", WRONG, ids=lambda file: file.stem)
@pytest.mark.parametrize("checker", COMMANDS)
def test_every_mistake_is_found_and_nothing_else(
    checker: str, file: Path, diagnoses: dict[str, Future[Diagnosis]]
) -> None:
    marked = {
        number: line.partition("unseen by ")[2].split(", ")
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1)
        if MARK in line
    }
    expected = {number for number, blind in marked.items() if checker not in blind}

    found = diagnoses[checker].result()

    assert found.lines[file.name] == expected, found.output


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
