"""The official JavaScript SDK from npm, installed on first use; without Node and npm it is left out."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / ".bench"
_PACKAGES = {"pocketbase": "0.28.1", "eventsource": "4.1.1"}  # Node has no EventSource, which the SDK needs


class Missing(Exception):
    """Why the JavaScript SDK takes no part."""


def installed() -> str:
    """The SDK's version, after installing it into `FOLDER` where it is not there yet.

    Raises:
        Missing: Node or npm is missing, or npm cannot install it.
    """
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise Missing(f"{'Node' if program == 'node' else 'npm'} not found: skipped")
    if any(_version(name) != version for name, version in _PACKAGES.items()):
        FOLDER.mkdir(exist_ok=True)
        wanted = [f"{name}@{version}" for name, version in _PACKAGES.items()]
        command = ["npm", "install", "--prefix", str(FOLDER), "--no-audit", "--no-fund", "--silent", *wanted]
        try:
            subprocess.run(command, capture_output=True, check=True, timeout=90)
        except subprocess.SubprocessError:
            raise Missing("npm could not install the JavaScript SDK: skipped") from None
    return _PACKAGES["pocketbase"]


def _version(package: str) -> str | None:
    try:
        return str(json.loads((FOLDER / "node_modules" / package / "package.json").read_text())["version"])
    except FileNotFoundError:
        return None
