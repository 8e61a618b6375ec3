"""Running a record's own `before_save`, `after_save`, `before_delete` and `after_delete`, which may be async."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from pbmodels.models._errors import ModelError


class Hooks:
    """For sync code."""

    @staticmethod
    def run(hook: Callable[..., Any], **values: Any) -> None:
        """Call a hook.

        Raises:
            ModelError: It is async, and nobody here can await it.
        """
        if inspect.iscoroutinefunction(hook):
            raise ModelError(f"{hook.__qualname__} is async: save and delete such records with .aio")
        hook(**values)


class AsyncHooks:
    """For async code."""

    @staticmethod
    async def run(hook: Callable[..., Any], **values: Any) -> None:
        """Call a hook, and await it where it is async."""
        result = hook(**values)
        if inspect.isawaitable(result):
            await result
