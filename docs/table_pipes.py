"""A hook of mkdocs: in a table, `\\|` is how Markdown writes a bar, and Python-Markdown leaves its backslash in code."""

from __future__ import annotations

import re
from typing import Any

_CELL = re.compile(r"<t[dh].*?</t[dh]>", re.S)


def on_page_content(html: str, **_: Any) -> str:
    """Take the backslashes out of a page's table cells."""
    return _CELL.sub(lambda cell: cell[0].replace("\\|", "|"), html)
