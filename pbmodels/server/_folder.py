"""The folder that keeps one server's data."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ._errors import ServerStartError


def make_folder(wanted: Path | None) -> Path:
    """Make the data folder if it is missing; None makes a new temporary one.

    Raises:
        ServerStartError: the place is taken by a file, or may not be written.
    """
    if wanted is None:
        return Path(tempfile.mkdtemp(prefix="pbmodels-"))
    try:
        wanted.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = "it is a file" if isinstance(error, FileExistsError) else error.strerror
        raise ServerStartError(f"The data folder {wanted} can't be made: {reason}.") from error
    return wanted
