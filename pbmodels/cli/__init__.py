"""The command line: `pbmodels COMMAND` or `python -m pbmodels COMMAND`. Needs the extra `cli`."""

from ._app import app, main

__all__ = ["app", "main"]
