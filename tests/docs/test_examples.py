"""The examples run as their readers run them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(name: str, folder: Path, *arguments: str) -> str:
    """What an example prints, run in an empty folder, with warnings as errors."""
    done = subprocess.run(
        [sys.executable, "-W", "error", ROOT / "examples" / name, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert list(folder.iterdir()) == []
    return done.stdout


def test_quickstart(tmp_path: Path) -> None:
    shown = run("quickstart.py", tmp_path)

    for step in ("Start", "Push", "Save", "Query", "Change", "Mistakes", "Watch", "Timings"):
        assert f"\n{step:<9} " in f"\n{shown}"
    assert "created the collections posts, comments" in shown
    assert "2 users, 2 posts, 2 comments" in shown
    assert "thumb=100x100" in shown
    assert 'Post.title.contains("50%")' in shown
    assert 'title ~ "%50\\%%"' in shown
    assert "'Hello' by Ann" in shown
    assert "changed_fields: ['status', 'tags', 'views']" in shown
    assert 'sends PATCH {"status":true,"views":4,"tags":["news","tech","art"]}' in shown
    assert "changed_fields: []" in shown
    assert "InvalidRecord: posts.views: " in shown
    assert "did you mean 'title'?" in shown
    assert "has no timezone" in shown
    assert "NotFound: there is no record 'nope' in collection 'posts'" in shown
    assert "update arrived live: 'Hello, world'" in shown
    assert shown.count(" ms to ") == 3


def test_quickstart_async(tmp_path: Path) -> None:
    shown = run("quickstart_async.py", tmp_path)

    assert "2 posts, 10 comments" in shown
    assert "finds 'Comment 7'" in shown
    assert "'50% off' by Ann, file note_" in shown
    assert "changed_fields: ['status', 'tags']" in shown
    assert "InvalidRecord: posts.views" in shown
    assert "update arrived live: 'Hello, world'" in shown
    assert "gets side by side" in shown


def test_partitions_dask(tmp_path: Path) -> None:
    shown = run("partitions_dask.py", tmp_path)

    assert "2,000 orders in 4 partitions" in shown
    assert "north: 4,990.00" in shown
    assert "east: 4,995.00" in shown


def test_live_dashboard(tmp_path: Path) -> None:
    shown = run("live_dashboard.py", tmp_path, "--seconds", "5", "--kill-every", "1.5")

    assert "Open orders, the dearest first" in shown
    assert re.search(r"[1-9]\d* changes made, [1-9] times killed", shown), shown
    assert re.search(r"[1-9]\d* create.*; \d+ recovered after a break", shown), shown


def test_the_tests_of_a_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"]
        + ["-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=function"],
        cwd=ROOT / "examples" / "testing",
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )

    assert "4 passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["quickstart.py", "quickstart_async.py", "partitions_dask.py", "live_dashboard.py"])
def test_an_example_stays_short(name: str) -> None:
    assert len((ROOT / "examples" / name).read_text("utf-8").splitlines()) < 200


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_live_dashboard_survives_a_kill_before_your_eyes(tmp_path: Path) -> None:
    """In a terminal: the list stays on the screen while the server is down, and goes on when it is back."""
    import pty

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, ROOT / "examples" / "live_dashboard.py", "--seconds", "8", "--kill-every", "2"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100", "LINES": "30", "TERM": "xterm-256color"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    try:
        while piece := _read(ours):
            shown += piece
        assert process.wait(30) == 0
    finally:
        process.kill()
        os.close(ours)
    frames = [_plain(frame) for frame in shown.decode(errors="replace").split("Open orders, the dearest first")[1:]]

    down = [frame for frame in frames if "server down" in frame]
    assert down
    assert any("connecting again" in frame for frame in down)
    orders = [set(re.findall(r"\b[a-z0-9]{15}\b", frame)) for frame in frames]
    assert all(orders[number] for number, frame in enumerate(frames) if "server down" in frame)
    last = max(number for number, frame in enumerate(frames) if "server down" in frame)
    assert any("connected" in frame and ids - orders[last] for frame, ids in zip(frames[last:], orders[last:], strict=True))
    recovered = [int(found) for found in re.findall(r"(\d+) recovered after a break", " ".join(frames))]
    assert recovered[-1] > recovered[0] == 0


def _read(terminal: int) -> bytes:
    """What the terminal shows next, nothing at the end."""
    try:
        return os.read(terminal, 65536)
    except OSError:  # how Linux says that the other end is closed
        return b""


def _plain(text: str) -> str:
    """Without colours and moves of the cursor."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
