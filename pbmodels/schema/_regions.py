"""What a user wrote into a models file, kept when `pull` writes it anew.

It stands between the lines `# region own` and `# endregion`: in a class, above the first one, or after one.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field

from pbmodels.models._errors import ModelError

_BEGIN = re.compile(r"\s*#\s*region own\b")
_END = re.compile(r"\s*#\s*endregion\b")


@dataclass
class Regions:
    """A file's regions, each as its lines, markers included.

    Attributes:
        top: Those above all models.
        inside: Those in a model's class, by the collection's name.
        bottom: All others.
    """

    top: list[str] = field(default_factory=list)
    inside: dict[str, list[str]] = field(default_factory=dict)
    bottom: list[str] = field(default_factory=list)


def regions_of(text: str, name: str) -> Regions:
    """The regions of a models file.

    Args:
        text: The file's text; an empty one has none.
        name: The file's name, for messages.

    Raises:
        ModelError: It is no Python, or a region does not end.
    """
    found = Regions()
    if not text.strip():
        return found
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise ModelError(f"{name} is no Python (line {error.lineno}: {error.msg}): mend it, then pull again") from None
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    models = {node: _collection_of(node) for node in classes}
    first = min((node.lineno for node, collection in models.items() if collection), default=len(text))
    for start, lines in _blocks(text, name):
        block = "\n".join(lines)
        holder = next((node for node in classes if node.lineno < start <= _last_line(node, tree, text)), None)
        collection = models.get(holder) if holder is not None and lines[0][:1].isspace() else None
        if collection:
            found.inside.setdefault(collection, []).append(block)
        elif start < first:
            found.top.append(block)
        else:
            found.bottom.append(block)
    return found


def _last_line(node: ast.ClassDef, tree: ast.Module, text: str) -> int:
    """The last line before what follows a class; comments at its end are no part of it in the syntax tree."""
    after = [other.lineno for other in tree.body if other.lineno > node.lineno]
    return min(after, default=text.count("\n") + 2) - 1


def _collection_of(node: ast.ClassDef) -> str | None:
    for keyword in node.keywords:
        if keyword.arg == "collection" and isinstance(keyword.value, ast.Constant):
            return str(keyword.value.value)
    return None


def _blocks(text: str, name: str) -> list[tuple[int, list[str]]]:
    """The regions, each with the number of its first line."""
    found: list[tuple[int, list[str]]] = []
    open_at: int | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if open_at is None and _BEGIN.match(line):
            open_at = number
            found.append((number, []))
        if open_at is not None:
            found[-1][1].append(line.rstrip())
            if _END.match(line):
                open_at = None
    if open_at is not None:
        raise ModelError(f"{name}: the region that begins in line {open_at} does not end: write # endregion after it")
    return found


def orphaned(collection: str, block: str) -> str:
    """A region whose collection is gone, as a comment in a region, so that nothing of it is lost."""
    lines = [line for line in block.splitlines() if not _BEGIN.match(line) and not _END.match(line)]
    quoted = [f"# {line.strip()}" if not line.startswith("    ") else f"# {line[4:]}" for line in lines]
    return "\n".join(
        [f"# region own: was in the model of {collection!r}", *(q.rstrip() for q in quoted), "# endregion"]
    )
