"""Lets mkdocstrings show the `Example:` blocks of docstrings as code, as it does with `Examples:`."""

from __future__ import annotations

from typing import Any

from griffe import Extension, Object


class ExampleSections(Extension):
    """Renames the heading while the documentation is built."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """One module, class, function or attribute was read."""
        if obj.docstring:
            obj.docstring.value = "\n".join(
                line.replace("Example:", "Examples:") if line.strip() == "Example:" else line
                for line in obj.docstring.value.split("\n")
            )
