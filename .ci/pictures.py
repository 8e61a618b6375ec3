"""Draws the pictures of docs/images: `python .ci/pictures.py`. The diagrams need mermaid-cli (mmdc) on the PATH."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from rich.console import Console, RenderableType
from rich.text import Text

from pbmodels import (
    BackRelation,
    Collection,
    Field,
    PocketBaseServer,
    Relation,
    Relations,
    back_relation,
    field,
)
from pbmodels.cli._checkup import Finding, check_up
from pbmodels.cli._diagram import diagram
from pbmodels.cli._doctor import _table
from pbmodels.cli._watch import line
from pbmodels.schema import describe

IMAGES = Path(__file__).parents[1] / "docs" / "images"
URL = "https://api.example.com"
THEMES = {"light": "default", "dark": "dark"}


class Author(Collection, collection="authors"):
    name: Field[str]
    books: BackRelation[Book] = back_relation("author")


class Tag(Collection, collection="tags"):
    name: Field[str] = field(unique=True)


class Book(Collection, collection="books"):
    title: Field[str]
    author: Relation[Author] = field(cascade_delete=True)
    tags: Relations[Tag] = field(default_factory=list)


def terminal(name: str, command: str, *shown: RenderableType) -> None:
    """A picture of a terminal after a command."""
    console = Console(record=True, width=100, file=io.StringIO(), highlight=False)
    console.print(Text.assemble(("$ ", "dim"), command))
    for each in shown:
        console.print(each)
    picture = console.export_svg(title="pbmodels")
    picture = re.sub(r"@font-face \{.*?\}\n", "", picture, flags=re.S)  # nothing is loaded from another host
    (IMAGES / f"{name}.svg").write_text(picture, "utf-8")


def doctor() -> list[Finding]:
    """What the doctor finds on a new server with an open collection."""
    with PocketBaseServer(superuser=("boss@example.com", "a long password")) as server, server.client() as pb:
        pb.collections.create({"name": "wall", "createRule": "", "updateRule": ""})
        found = list(check_up(pb))
        return [Finding(each.check, each.state, each.message.replace(server.url, URL)) for each in found]


def erd() -> None:
    """The diagram of the page on relations, in both of the site's schemes."""
    described = [describe(model) for model in (Author, Tag, Book)]
    renderer = shutil.which("mmdc")
    if renderer is None:
        raise SystemExit("mmdc is not on the PATH: npm install -g @mermaid-js/mermaid-cli")
    with tempfile.TemporaryDirectory() as folder:
        text, options = Path(folder) / "erd.mmd", Path(folder) / "options.json"
        text.write_text(diagram(described, described), "utf-8")
        for name, theme in THEMES.items():
            options.write_text(json.dumps({"theme": theme, "fontFamily": "sans-serif"}), "utf-8")
            target = IMAGES / f"erd-{name}.svg"
            arguments = ["-i", text, "-o", target, "-c", options, "-b", "transparent"]
            subprocess.run([renderer, *arguments], check=True)


def main() -> None:
    """Draw all pictures."""
    IMAGES.mkdir(exist_ok=True)
    terminal("doctor", f"pbmodels doctor --url {URL} --identity boss@example.com", _table(doctor()))
    events = [
        ("create", {"id": "8rgkz2yc5t0m1pq", "title": "Hello", "views": 0}, "10:15:02"),
        ("update", {"id": "8rgkz2yc5t0m1pq", "title": "Hello, world", "views": 1, "tags": ["news"]}, "10:15:09"),
        ("delete", {"id": "8rgkz2yc5t0m1pq", "title": "Hello, world", "views": 1, "tags": ["news"]}, "10:15:31"),
    ]
    terminal("watch", "pbmodels watch posts", *(line(*event) for event in events))
    erd()


if __name__ == "__main__":
    main()
