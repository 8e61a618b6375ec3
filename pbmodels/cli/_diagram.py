"""An entity-relationship diagram of collections, in Mermaid's text; pictures by mermaid-cli, where it is there.

Source: Mermaid documentation, "Entity Relationship Diagrams".
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pbmodels._errors import PocketBaseError

from ._failures import UsageError

_PICTURES = (".svg", ".png", ".pdf")
_TEXTS = (".mmd", ".mermaid", ".md")
_OWN = ("tokenKey",)
_KEYS = ("PK", "FK", "UK")


class RendererFailed(PocketBaseError):
    """mermaid-cli is there and failed; the message holds its own."""


def diagram(shown: Sequence[Mapping[str, Any]], known: Iterable[Mapping[str, Any]]) -> str:
    """The diagram of some collections.

    Args:
        shown: The collections to draw, as the server describes them.
        known: All collections, to find related ones in.

    Example:
        >>> posts = {
        ...     "id": "p1",
        ...     "name": "posts",
        ...     "type": "base",
        ...     "fields": [
        ...         {"name": "title", "type": "text", "required": True},
        ...         {"name": "author", "type": "relation", "collectionId": "u1", "maxSelect": 1},
        ...     ],
        ... }
        >>> users = {"id": "u1", "name": "users", "type": "auth", "fields": []}
        >>> print(diagram([posts, users], [posts, users]))
        erDiagram
            "posts" {
                text title "required"
                relation author FK
            }
            "users"["users (auth)"] {
            }
            "posts" }o--o| "users" : "author"
    """
    names = {each[key]: each["name"] for each in known for key in ("id", "name") if each.get(key)}
    drawn = {each["name"] for each in shown}
    lines = ["erDiagram"]
    for each in shown:
        lines.append(f"    {_entity(each)} {{")
        lines += [f"        {_attribute(field)}" for field in each.get("fields", ()) if field["name"] not in _OWN]
        lines.append("    }")
    for each in shown:
        for field in each.get("fields", ()):
            target = names.get(field.get("collectionId", ""))
            if field["type"] == "relation" and target in drawn:
                several = field.get("maxSelect", 1) > 1
                end = "o{" if several else "||" if field.get("required") else "o|"
                lines.append(f'    "{each["name"]}" }}o--{end} "{target}" : "{field["name"]}"')
    return "\n".join(lines) + "\n"


def render(text: str, output: Path) -> None:
    """Write a diagram into a file: as text, as text in Markdown, or as a picture.

    Raises:
        UsageError: The file's name says no format, or there is no renderer for pictures.
        RendererFailed: The renderer is there and failed.
    """
    suffix = output.suffix.lower()
    if suffix in _TEXTS:
        output.write_text(f"```mermaid\n{text}```\n" if suffix == ".md" else text, "utf-8")
        return
    if suffix not in _PICTURES:
        raise UsageError(f"{output}: its name must end in {', '.join((*_TEXTS, *_PICTURES))}")
    renderer = shutil.which("mmdc")
    if renderer is None:
        raise UsageError(
            f"to draw {suffix} files, install mermaid-cli (npm install -g @mermaid-js/mermaid-cli), whose mmdc is not "
            "on the PATH; or write a .mmd file, which GitHub and many editors show as a picture"
        )
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "diagram.mmd"
        source.write_text(text, "utf-8")
        done = subprocess.run(
            [renderer, "--input", source, "--output", output], capture_output=True, encoding="utf-8", check=False
        )
    if done.returncode:
        raise RendererFailed(f"mmdc could not draw {output}: {(done.stderr or done.stdout).strip()}")


def _entity(collection: Mapping[str, Any]) -> str:
    name, kind = collection["name"], collection.get("type", "base")
    return f'"{name}"' if kind == "base" else f'"{name}"["{name} ({kind})"]'


def _attribute(field: Mapping[str, Any]) -> str:
    several = field["type"] in ("select", "file", "relation") and field.get("maxSelect", 1) > 1
    text = f"{field['type']}{'[]' if several else ''} {_name(field['name'])}"
    if field.get("primaryKey"):
        return f"{text} PK"
    if field["type"] == "relation":
        text += " FK"
    notes = ["required"] if field.get("required") else []
    if field["type"] == "select":
        notes.append(" | ".join(field.get("values", ())))
    comment = ", ".join(notes).replace('"', "'")
    return f'{text} "{comment}"' if comment else text


def _name(name: str) -> str:
    """A field's name as Mermaid takes it: without quotes, not as a number, nor as one of its words for keys."""
    return f"_{name}" if name in _KEYS or not re.match(r"[^\W\d]", name) else name
