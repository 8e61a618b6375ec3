"""Files from the server, written so that a download that breaks leaves nothing half behind."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from pbmodels.client._errors import InvalidRequest


@contextmanager
def saving(path: str | os.PathLike[str]) -> Generator[IO[bytes], None, None]:
    """A file to write that is at `path` when the block ends well, and nowhere when it does not.

    It is written beside `path`, readable for its owner only, and replaces what is there.

    Raises:
        InvalidRequest: The path is a folder.
        OSError: Its folder does not exist or cannot be written.
    """
    target = Path(path)
    if target.is_dir():
        raise InvalidRequest(f"{os.fspath(target)!r} is a folder; give the path of a file to write")
    with NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", suffix=".part", delete=False) as file:
        try:
            yield file
            file.close()
            os.replace(file.name, target)
        except BaseException:
            file.close()
            os.unlink(file.name)
            raise
