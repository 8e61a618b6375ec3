"""`pbmodels serve` as a user runs it."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

import pbmodels.server

ROOT = Path(pbmodels.server.__file__).parents[2]

Run = Callable[..., "subprocess.Popen[str]"]


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PBMODELS_")}
    return {**kept, "PYTHONPATH": str(ROOT), **more}


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Starts `python -m pbmodels ...` in an empty folder."""
    processes: list[subprocess.Popen[str]] = []

    def start(*arguments: str, **env: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "pbmodels", *arguments],
            cwd=tmp_path,
            env=environment(**env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        processes.append(process)
        return process

    yield start
    for each in processes:
        each.kill()
        each.communicate()


def introduction(process: subprocess.Popen[str]) -> dict[str, str]:
    """What the command tells at its start, until it says how to stop it."""
    assert process.stdout is not None
    told: dict[str, str] = {}
    for line in process.stdout:
        if line.startswith("Ctrl-C"):
            return told
        if line.strip():
            name, value = line.split(None, 1)
            told[name] = value.strip()
    pytest.fail(f"it ended: {process.stderr.read() if process.stderr else ''}")


def sign_in(url: str, email: str, password: str) -> int:
    return httpx.post(
        f"{url}/api/collections/_superusers/auth-with-password",
        json={"identity": email, "password": password},
        trust_env=False,
    ).status_code


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_until_a_signal(run: Run, tmp_path: Path, number: signal.Signals) -> None:
    process = run("serve", "data", "--port", "0", "--password-file", "password")
    told = introduction(process)
    password = tmp_path / "password"
    assert told["Password"] == "in password"
    assert stat.S_IMODE(password.stat().st_mode) == 0o600
    assert told["Dashboard"] == f"{told['Server']}/_/"
    assert told["Folder"] == str(tmp_path / "data")
    assert httpx.get(told["Dashboard"], trust_env=False).status_code == 200
    assert sign_in(told["Server"], told["Superuser"], password.read_text().strip()) == 200

    process.send_signal(number)
    output, errors = process.communicate(timeout=20)

    assert process.returncode == 0
    assert output.endswith("Stopped.\n")
    assert errors == ""
    with pytest.raises(httpx.ConnectError):
        httpx.get(told["Server"], trust_env=False)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_password_file_is_never_overwritten(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")

    process = run("serve", "data", "--port", "0", "--password-file", "mine")
    _, errors = process.communicate(timeout=60)

    assert process.returncode == 2
    assert "mine: it is there already; remove it, or name another" in errors
    assert (tmp_path / "mine").read_text() == "precious"


def test_serve_with_a_superuser_from_the_environment(run: Run) -> None:
    given = ("boss@example.com", "correct horse")
    process = run("serve", "--port=0", PBMODELS_SUPERUSER_EMAIL=given[0], PBMODELS_SUPERUSER_PASSWORD=given[1])
    told = introduction(process)
    assert told["Superuser"] == given[0]
    assert "Password" not in told
    assert sign_in(told["Server"], *given) == 200


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_serve_follows_the_log_and_reports_a_crash(run: Run, tmp_path: Path) -> None:
    (tmp_path / "pb_hooks").mkdir()
    (tmp_path / "pb_hooks" / "end.pb.js").write_text(
        'routerAdd("GET", "/end", () => { console.log("heard you"); $os.exit(5) })'
    )
    process = run("serve", "--port=0")
    told = introduction(process)
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{told['Server']}/end", trust_env=False)
    output, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "heard you" in output
    assert errors.startswith("PocketBase ended by itself")
    assert "Traceback" not in errors


def test_a_taken_port_is_one_sentence(run: Run) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        process = run("serve", "--port", str(other.getsockname()[1]))
        output, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert output == ""
    assert errors.startswith("Port ")
    assert errors.count("\n") == 1


def test_an_email_without_a_password_is_refused(run: Run) -> None:
    process = run("serve", "--superuser-email", "boss@example.com")
    _, errors = process.communicate("", timeout=20)
    assert process.returncode == 2
    assert "PBMODELS_SUPERUSER_PASSWORD" in errors


def test_the_random_password_is_not_shown_unasked(run: Run) -> None:
    told = introduction(run("serve", "--port=0"))
    assert "Password" not in told


@pytest.mark.parametrize("missing", ["typer", "rich"])
def test_without_its_packages_it_says_how_to_get_them(missing: str) -> None:
    script = (
        f"import sys; sys.modules[{missing!r}] = None; sys.argv[1:] = ['doctor', '--url=http://127.0.0.1:9']\n"
        "from pbmodels.__main__ import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "pip install 'pbmodels[cli]'" in done.stderr
    assert done.stderr.count("\n") == 1
