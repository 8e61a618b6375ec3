"""Write each `_sync/` folder from its `_async/` twin: one source for both flavours.

The async code is written by hand; this replaces the tokens below, formats the result with ruff and
writes it beside. `--check` changes nothing and fails when a committed twin is stale.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tokenize
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MARK = "# Generated from {source} by .ci/unasync.py: edit that file and run `make generate`.\n"

NAMES = {
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "__anext__": "__next__",
    "_async": "_sync",
    "aclose": "close",
    "aclosing": "closing",
    "aiter_bytes": "iter_bytes",
    "aiter_raw": "iter_raw",
    "aread": "read",
    "anext": "next",
    "handle_async_request": "handle_request",
    "AsyncContextManager": "ContextManager",
    "AsyncExitStack": "ExitStack",
    "AsyncGenerator": "Generator",
    "AsyncIterable": "Iterable",
    "AsyncIterator": "Iterator",
    "StopAsyncIteration": "StopIteration",
    "asynccontextmanager": "contextmanager",
}
DROPPED = {"async", "await"}


def translate(name: str) -> str:
    """The sync name of one identifier: `AsyncRecordService` is `RecordService`."""
    if name in NAMES:
        return NAMES[name]
    return re.sub(r"\bAsync(?=[A-Z])", "", re.sub(r"\b(_?)Async(?=[A-Z])", r"\1", name))


def translate_text(text: str) -> str:
    """A docstring or comment: the same names, and examples without `await`."""
    text = re.sub(r"\b(?:await|async) ", "", text)
    text = text.replace("pb.aio.", "pb.").replace(".aio.", ".")
    return re.sub(r"\b_?[A-Za-z][A-Za-z_]*\b", lambda match: translate(match[0]), text)


def generate(source: Path) -> str:
    """The text of the sync twin of one file."""
    tokens: list[tuple[int, str, tuple[int, int], tuple[int, int]]] = []
    out: list[str] = []
    row, column = 1, 0
    for token in tokenize.generate_tokens(io.StringIO(source.read_text()).readline):
        if token.type == tokenize.ENDMARKER:
            break
        if token.start[0] > row:
            column = 0
        gap = " " * (token.start[1] - column) if token.start[0] == row or token.start[1] else ""
        row, column = token.end
        if token.type == tokenize.NAME and token.string in DROPPED:
            out.append(gap)
            column += 1  # and the space after it
            continue
        out.append(gap)
        if token.type == tokenize.NAME:
            out.append(translate(token.string))
        elif token.type == tokenize.STRING:
            out.append(translate_text(token.string))
        elif token.type == tokenize.COMMENT:
            out.append(translate_text(token.string))
        elif token.type in (tokenize.INDENT, tokenize.DEDENT):
            out.pop()
            if token.type == tokenize.INDENT:
                out.append(token.string)
            else:
                row, column = token.start[0], 0 if token.start[1] == 0 else column
                column = 0
        else:
            out.append(token.string)
    del tokens
    text = MARK.format(source=source.relative_to(ROOT).as_posix()) + "".join(out)
    for step in (["check", "--fix", "--select", "I,F401", "--quiet"], ["format", "--quiet"]):
        text = _ruff(step, text, source)
    return text


def _ruff(arguments: list[str], text: str, source: Path) -> str:
    twin = twin_of(source)
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *arguments, "--stdin-filename", str(twin), "-"],
        input=text,
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    if not done.stdout:
        sys.exit(f"ruff failed on the twin of {source}: {done.stderr}")
    return done.stdout


def twin_of(source: Path) -> Path:
    """`pbmodels/client/_async/records.py` -> `pbmodels/client/_sync/records.py`."""
    return Path(*("_sync" if part == "_async" else part for part in source.parts))


def main() -> None:
    """Write every twin, or with `--check` report the stale ones."""
    check = "--check" in sys.argv[1:]
    sources = sorted(path for folder in ("pbmodels",) for path in (ROOT / folder).rglob("_async/*.py"))
    expected = {twin_of(source): generate(source) for source in sources}
    found = {path for path in (ROOT / "pbmodels").rglob("_sync/*.py")}
    stale = [p for p, text in expected.items() if not p.exists() or p.read_text() != text]
    orphans = sorted(found - expected.keys())
    if check:
        for path in [*stale, *orphans]:
            print(f"stale: {path.relative_to(ROOT)}: run `make generate`")
        sys.exit(1 if stale or orphans else 0)
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(expected[path])
        print(f"wrote {path.relative_to(ROOT)}")
    for path in orphans:
        path.unlink()
        print(f"removed {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
