"""Runs Python text as a reader would type it: in one namespace, with `await` at the top level."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import doctest
import inspect
import io
import sys
import types
from typing import Any, Self

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class Session:
    """A namespace and an event loop that several pieces of code share.

    Args:
        name: The name of the module that the code believes to be.
        values: What is there from the start.
    """

    def __init__(self, name: str, **values: Any) -> None:
        self._module = types.ModuleType(name)
        self._loop = asyncio.new_event_loop()  # not asyncio.Runner: pytest-asyncio has the thread's own
        self.namespace = vars(self._module)
        self.namespace.update(values)

    def run(self, source: str, file: str, line: int = 1, mode: str = "exec") -> str:
        """What the code prints.

        Args:
            source: The code.
            file: The file that it stands in, for tracebacks.
            line: The line there.
            mode: `exec`, or `single` to print the values of expressions as the prompt does.
        """
        code = compile("\n" * (line - 1) + source, file, mode, flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            if code.co_flags & inspect.CO_COROUTINE:
                self._loop.run_until_complete(types.FunctionType(code, self.namespace)())
            else:
                exec(code, self.namespace)
        return printed.getvalue()

    def __enter__(self) -> Self:
        sys.modules[self._module.__name__] = self._module  # pydantic looks up a class's annotations there
        return self

    def __exit__(self, *_: object) -> None:
        del sys.modules[self._module.__name__]
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()


def difference(wanted: str, printed: str) -> str:
    """What a reader was promised and did not get, "" when they agree; `...` stands for anything."""
    checker = doctest.OutputChecker()
    if checker.check_output(wanted, printed, FLAGS):
        return ""
    return checker.output_difference(doctest.Example("", wanted), printed, FLAGS)
