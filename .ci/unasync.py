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
    "enter_async_context": "enter_context",
    "AsyncGenerator": "Generator",
    "AsyncIterable": "Iterable",
    "AsyncIterator": "Iterator",
    "StopAsyncIteration": "StopIteration",
    "asynccontextmanager": "contextmanager",
    "async_transports": "sync_transports",
    "async_client": "sync_client",
    "async_show": "show",
}
DROPPED = {"async", "await"}


def translate(name: str) -> str:
    """The sync name of one identifier: `AsyncRecordService` is `RecordService`."""
    return NAMES.get(name) or re.sub(r"^(_?)Async(?=[A-Z])", r"\1", name)


def translate_text(text: str) -> str:
    """A docstring or comment: the same names, and examples without `await`."""
    text = re.sub(r"\bawait |\basync (?=with |for |def )", "", text)
    text = text.replace("pb.aio.", "pb.").replace(".aio.", ".")
    return re.sub(r"\b_?[A-Za-z][A-Za-z_]*\b", lambda match: translate(match[0]), text)


def generate(source: Path) -> str:
    """The text of the sync twin of one file."""
    lines = source.read_text().splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    text = "".join(lines)
    out: list[str] = []
    done = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        begin, end = (starts[row - 1] + column for row, column in (token.start, token.end))
        if token.type == tokenize.NAME and token.string in DROPPED:
            replacement, end = "", end + 1  # and the space after it
        elif token.type == tokenize.NAME:
            replacement = translate(token.string)
        elif token.type in (tokenize.STRING, tokenize.COMMENT):
            replacement = translate_text(token.string)
        else:
            continue
        out += [text[done:begin], replacement]
        done = end
    text = MARK.format(source=source.relative_to(ROOT).as_posix()) + "".join(out) + text[done:]
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
    found = set((ROOT / "pbmodels").rglob("_sync/*.py"))
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
