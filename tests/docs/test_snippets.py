"""Every Python block of the documentation runs, page by page, and prints what the page says it prints."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.docs.running import Session, difference

ROOT = Path(__file__).parents[2]
TEXTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PAGES = [page for page in TEXTS if "```" in page.read_text("utf-8")]
INCLUDED = re.compile(r'^--8<-- "(.+)"$', re.M)  # a file shown whole, which test_examples.py runs
LANGUAGES = {"python", "text", "console", "toml"}

# A block between fences; one that readers do not see, which starts and stops the page's server; or a table
# of expressions and what each prints.
BLOCK = re.compile(
    r"^ *```(?P<fence>.*)\n(?P<shown>(?s:.*?))^ *```$"
    r"|^<!-- python\n(?P<hidden>(?s:.*?))^-->$"
    r"|^\| You write \| It sends \|\n\|---\|---\|\n(?P<table>(?:\|.*\n)+)",
    re.M,
)


@dataclass(frozen=True)
class Block:
    """A piece of code and, from the `text` block below it, what it prints."""

    source: str
    line: int
    output: str


def blocks(text: str) -> Iterator[Block]:
    found = list(BLOCK.finditer(text))
    for match, following in zip(found, [*found, None][1:], strict=True):
        if match["hidden"] is not None or match["fence"] == "python":
            prints = following is not None and following["fence"] == "text"
            code = match["hidden"] if match["shown"] is None else match["shown"]
            yield Block(
                INCLUDED.sub("", code),
                text.count("\n", 0, match.start()) + 2,
                following["shown"] if prints and following is not None else "",
            )
        elif match["table"] is not None:
            for number, row in enumerate(match["table"].splitlines(), text.count("\n", 0, match.start("table")) + 1):
                code, sent = (cell.strip(" `").replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", row)[1:-1])
                yield Block(f"print({code})\n", number, f"{sent}\n")


@pytest.fixture(autouse=True)
def _no_client_of_another_test(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A page begins as a reader does: connected to nothing, in an empty folder."""
    monkeypatch.setattr("pbmodels.models._context._default", None)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_snippets_of(page: Path) -> None:
    with Session(f"page_{page.stem}") as session:
        for block in blocks(page.read_text("utf-8")):
            printed = session.run(block.source, str(page), block.line)
            assert not difference(block.output, printed), f"{page.name}:{block.line}\n" + difference(
                block.output, printed
            )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_block_escapes_the_test_of(page: Path) -> None:
    found = list(BLOCK.finditer(page.read_text("utf-8")))
    fences = [match["fence"] for match in found]

    assert {fence for fence in fences if fence is not None} <= LANGUAGES
    for before, fence in zip([None, *fences], fences, strict=False):
        assert fence != "text" or before == "python", "a text block is what the Python block above it prints"
    for path in INCLUDED.findall(page.read_text("utf-8")):
        assert path.startswith("examples/")
        assert (ROOT / path).is_file()
    assert page.read_text("utf-8").count("\n```") == 2 * sum(fence is not None for fence in fences)


def test_there_are_pages() -> None:
    assert {"README.md", "tutorial.md", "queries.md", "models.md"} <= {page.name for page in PAGES}
    assert sum(len(list(blocks(page.read_text("utf-8")))) for page in PAGES) > 50
