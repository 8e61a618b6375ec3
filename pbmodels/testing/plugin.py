"""The pytest plugin: a real PocketBase for the session, clean data for each test.

    def test_publish(pb, pb_factory):
        post = pb_factory(Post).create(status=False)
        ...

Settings, in the table of pytest:

    pocketbase_models = ["app.models"]     # whose collections the server gets
    pocketbase_dir = "backend"             # a folder with pb_migrations, pb_hooks or pb_public to run with
    pocketbase_reset = "truncate"          # or "snapshot": put the whole data folder back before each test

Each can be a fixture of yours instead, of the same name and of session scope. With pytest-xdist every worker has a
server of its own. `-p no:pbmodels.testing.plugin` turns the plugin off.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

if TYPE_CHECKING:
    from pbmodels import AsyncPocketBase, Collection, PocketBase, PocketBaseServer
    from pbmodels.testing import Factories, Users

_FOLDERS = ("pb_migrations", "pb_hooks", "pb_public")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The plugin's settings."""
    parser.addini("pocketbase_models", "import paths of the models whose collections the server gets", "linelist")
    parser.addini(
        "pocketbase_dir", "folder with pb_migrations, pb_hooks or pb_public that the server runs with", "string"
    )
    parser.addini("pocketbase_reset", "what makes the data clean: truncate or snapshot", "string", default="truncate")


@pytest.fixture(scope="session")
def pocketbase_models(pytestconfig: pytest.Config) -> Sequence[type[Collection]]:
    """The models whose collections the server gets; from the setting of this name, or a fixture of yours."""
    paths = pytestconfig.getini("pocketbase_models")
    if not paths:
        return []
    from pbmodels.models._import_path import load_models

    return [model for path in paths for model in load_models(path, pytestconfig.rootpath)]


@pytest.fixture(scope="session")
def pocketbase_dir(pytestconfig: pytest.Config) -> Path | None:
    """A folder with pb_migrations, pb_hooks or pb_public that the server runs with a copy of."""
    given = pytestconfig.getini("pocketbase_dir")
    return pytestconfig.rootpath / given if given else None


@pytest.fixture(scope="session")
def pocketbase_reset(pytestconfig: pytest.Config) -> str:
    """What makes the data clean before each test.

    `truncate` deletes all records that there are. `snapshot` puts back the data folder as it was after the setup, with
    the records that migrations or `pocketbase_setup` made, and starts the server anew: slower, and complete.
    """
    return str(pytestconfig.getini("pocketbase_reset"))


@pytest.fixture(scope="session")
def pocketbase_setup() -> Callable[[PocketBase], object]:
    """A function that is called with a superuser's client once the server has its collections; yours, if you like.

    For settings, and for records that every test begins with (with `pocketbase_reset = "snapshot"`).
    """
    return lambda pb: None


@pytest.fixture(scope="session")
def _pocketbase_way(pocketbase_reset: str) -> Literal["truncate", "snapshot"]:
    match pocketbase_reset:
        case "truncate" | "snapshot" as way:
            return way
        case _:
            raise pytest.UsageError(f"pocketbase_reset is truncate or snapshot, not {pocketbase_reset!r}")


@pytest.fixture(scope="session")
def pocketbase_server(
    pocketbase_models: Sequence[type[Collection]],
    pocketbase_dir: Path | None,
    pocketbase_setup: Callable[[PocketBase], object],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[PocketBaseServer]:
    """The server of this session, with the collections of `pocketbase_models`."""
    from pbmodels.schema import push
    from pbmodels.server import PocketBaseServer

    folder = tmp_path_factory.mktemp("pocketbase")
    for name in _FOLDERS:
        if pocketbase_dir is not None and (pocketbase_dir / name).is_dir():
            shutil.copytree(pocketbase_dir / name, folder / name)
    with PocketBaseServer(folder) as server:
        with server.client() as pb:
            if pocketbase_models:
                push(pb, *pocketbase_models)
            pocketbase_setup(pb)
        yield server


@pytest.fixture(scope="session")
def pocketbase_superuser(pocketbase_server: PocketBaseServer) -> Iterator[PocketBase]:
    """One superuser's client for the session: signing in is slow on purpose. Data is not cleaned for it."""
    with pocketbase_server.client() as pb:
        yield pb


@pytest.fixture(scope="session")
def _pocketbase_cleaner(
    pocketbase_server: PocketBaseServer,
    pocketbase_superuser: PocketBase,
    _pocketbase_way: Literal["truncate", "snapshot"],
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[], None]:
    if _pocketbase_way == "truncate":
        from pbmodels.testing import clean

        return lambda: clean(pocketbase_superuser)
    kept = tmp_path_factory.mktemp("snapshot")
    pocketbase_server.kill()
    _replace(kept, pocketbase_server.dir)

    def put_back() -> None:
        if pocketbase_server.is_running:
            pocketbase_server.kill()
        _replace(pocketbase_server.dir, kept)
        pocketbase_server.start()

    return put_back


def _replace(folder: Path, source: Path) -> None:
    """Let a folder's data, and the migrations that the server writes itself, be those of another."""
    for name in ("pb_data", "pb_migrations"):
        shutil.rmtree(folder / name, ignore_errors=True)
        if (source / name).is_dir():
            shutil.copytree(source / name, folder / name)


@pytest.fixture
def pb(
    _pocketbase_way: str,
    pocketbase_server: PocketBaseServer,
    pocketbase_superuser: PocketBase,
    _pocketbase_cleaner: Callable[[], None],
) -> Iterator[PocketBase]:
    """A superuser's client on clean data; all models are connected to it. Changed collections are put back."""
    from contextlib import nullcontext

    from pbmodels.client import PocketBase
    from pbmodels.models._context import connected
    from pbmodels.testing._cleaning import same_collections

    _pocketbase_cleaner()
    whole = _pocketbase_way == "snapshot"
    with (
        PocketBase(pocketbase_server.url) as client,
        nullcontext() if whole else same_collections(pocketbase_superuser),
        connected(client),
    ):
        client.auth_store.save(pocketbase_superuser.auth_store.token, pocketbase_superuser.auth_store.record)
        yield client


@pytest.fixture
def pb_async(pb: PocketBase) -> AsyncPocketBase:
    """The async client, on the same clean data; its connections end with the test's event loop."""
    return pb.aio


@pytest.fixture
def pb_users(pb: PocketBase, pocketbase_models: Sequence[type[Collection]]) -> Iterator[Users]:
    """People who are signed in, made on demand: `pb_users("ann").client`, `.record`, `.acting()`."""
    from pbmodels.testing import Users

    users = Users(pb, pocketbase_models)
    yield users
    users.close()


@pytest.fixture
def pb_factory(pb: PocketBase, request: pytest.FixtureRequest) -> Factories:
    """Factories on the clean server: `pb_factory(Post, status=True).create()`.

    Each test has random values of its own, the same in every run.
    """
    from zlib import crc32

    from pbmodels.testing import Factories

    return Factories(crc32(request.node.nodeid.encode()))
