"""The official JavaScript SDK in a child process; without Node and npm it is left out."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from tests.benchmarks.dataset import Article, Draft

_FOLDER = Path(__file__).resolve().parents[2] / ".bench"
_PACKAGE = _FOLDER / "node_modules" / "pocketbase" / "package.json"


class Skipped(Exception):
    """Why the JavaScript SDK takes no part."""


class JavaScript:
    """The child process: one command at a time."""

    def __init__(self, process: subprocess.Popen[str], version: str) -> None:
        self._process = process
        self.version = version

    def run(self, job: str, **arguments: Any) -> float:
        """Seconds that a job took, as the child measured them."""
        stdin, stdout = cast("IO[str]", self._process.stdin), cast("IO[str]", self._process.stdout)
        stdin.write(json.dumps({"job": job, **arguments}) + "\n")
        stdin.flush()
        answer = json.loads(stdout.readline() or '{"error": "Node ended"}')
        if "error" in answer:
            raise RuntimeError(f"the JavaScript SDK failed to {job}: {answer['error']}")
        return float(answer["milliseconds"]) / 1000


def _install() -> str:
    """The SDK's version, after installing it with npm on first use."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise Skipped(f"{'Node' if program == 'node' else 'npm'} not found: skipped")
    if not _PACKAGE.exists():
        _FOLDER.mkdir(exist_ok=True)
        command = ["npm", "install", "--prefix", str(_FOLDER), "--no-audit", "--no-fund", "--silent", "pocketbase"]
        try:
            subprocess.run(command, capture_output=True, check=True, timeout=120)
        except subprocess.SubprocessError:
            raise Skipped("npm could not install the JavaScript SDK: skipped") from None
    return str(json.loads(_PACKAGE.read_text())["version"])


@contextmanager
def javascript(url: str, token: str) -> Generator[JavaScript]:
    """The SDK, signed in, in a Node process.

    Raises:
        Skipped: Node or npm is missing, or the SDK cannot be installed.
    """
    sdk = _install()
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    script = str(Path(__file__).with_name("node.mjs"))
    process = subprocess.Popen(
        ["node", script, url, Article.__collection__, Draft.__collection__],
        cwd=_FOLDER,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        child = JavaScript(process, f"{sdk} on Node {node.removeprefix('v')}")
        child.run("sign_in", token=token)
        yield child  # leaving the block closes its input, which ends it
