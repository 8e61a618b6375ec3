"""The official JavaScript SDK in a child process; without Node and npm it is left out."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from tests.benchmarks.dataset import Article, Draft
from tests.javascript_sdk import FOLDER, installed


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


@contextmanager
def javascript(url: str, token: str) -> Generator[JavaScript]:
    """The SDK, signed in, in a Node process.

    Raises:
        Missing: Node or npm is missing, or the SDK cannot be installed.
    """
    sdk = installed()
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    script = str(Path(__file__).with_name("node.mjs"))
    process = subprocess.Popen(
        ["node", script, url, Article.__collection__, Draft.__collection__],
        cwd=FOLDER,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        child = JavaScript(process, f"{sdk} on Node {node.removeprefix('v')}")
        child.run("sign_in", token=token)
        yield child  # leaving the block closes its input, which ends it
