"""Bad input from the caller and from the line: a typed error for each, and nothing that changes data sent twice.

Clients repeat twice, as they do by default. Each test runs in the sync flavour and in the async one, there both through
aiohttp and through httpx alone.
"""

from __future__ import annotations

import errno
import io
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme

from pbmodels import (
    AsyncPocketBase,
    CertificateRefused,
    ClientResponseError,
    InvalidRequest,
    NotFound,
    PocketBase,
    ServerError,
    new_id,
)
from pbmodels.client import _transport
from tests.client.flavours import done, new_client
from tests.client.losing import Line, bad_line
from tests.client.odd_server import OddServer, answer

HTML = b"<html><body><h1>Hello from the proxy</h1></body></html>"
TOKEN = "token-that-stays-here"


@pytest.fixture(params=["sync", "async, aiohttp", "async, httpx"])
def flavour(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "async, httpx":
        monkeypatch.setattr(_transport, "_through_aiohttp", lambda options: None)
    return str(request.param).split(",")[0]


@pytest.fixture
async def line(flavour: str, blog: PocketBase) -> AsyncIterator[tuple[Any, Line]]:
    """A superuser's client of the real server, and what went over the line."""
    with bad_line(blog.url) as line:
        async with new_client(flavour, line.url, retries=2) as pb:
            pb.auth_store.save(blog.auth_store.token)
            yield pb, line


@pytest.mark.parametrize("id", ["", ".", ".."])
@pytest.mark.parametrize("verb", ["get_one", "update", "delete"])
async def test_an_id_that_would_be_another_path(line: tuple[Any, Line], verb: str, id: str) -> None:
    pb, wire = line
    more = [{"title": "x"}] if verb == "update" else []

    with pytest.raises(InvalidRequest, match="record id"):
        await done(getattr(pb.collection("posts"), verb)(id, *more))

    assert wire.sent == []


@pytest.mark.parametrize("id", ["a/b", "../../../settings", "..%2f..", "a?b#c", "a\\..\\b"])
async def test_an_id_with_a_slash_stays_one_segment(line: tuple[Any, Line], id: str) -> None:
    pb, wire = line

    with pytest.raises(NotFound, match="no such record in 'posts'"):
        await done(pb.collection("posts").get_one(id))

    (sent,) = wire.sent
    assert sent.startswith("GET /api/collections/posts/records/")
    assert sent.count("/") == 5
    assert not set("?#\\") & set(sent)


@pytest.mark.parametrize("name", ["", ".", ".."])
async def test_a_collection_that_would_be_another_path(line: tuple[Any, Line], name: str) -> None:
    pb, wire = line

    with pytest.raises(InvalidRequest, match="collection name"):
        pb.collection(name)
    with pytest.raises(InvalidRequest, match="collection"):
        await done(pb.collections.delete(name))

    assert wire.sent == []


@pytest.mark.parametrize("verb", ["update", "delete"])
async def test_a_write_to_an_id_with_a_slash_stays_one_segment(line: tuple[Any, Line], verb: str) -> None:
    pb, wire = line
    more = [{"title": "x"}] if verb == "update" else []

    with pytest.raises(NotFound, match="no such record in 'posts'"):
        await done(getattr(pb.collection("posts"), verb)("../../users", *more))

    (sent,) = wire.sent
    assert sent.endswith(" /api/collections/posts/records/..%2F..%2Fusers")


async def test_a_page_with_status_200_in_place_of_a_list(flavour: str) -> None:
    with OddServer(answer(200, HTML, content_type="text/html")) as odd:
        async with new_client(flavour, odd.url, retries=2) as pb:
            for call in (pb.collection("posts").get_full_list, pb.collections.get_list, pb.settings.get_all):
                with pytest.raises(ClientResponseError, match="gave no JSON; check that the url"):
                    await done(call())

    assert len(odd.requests) == 3


@pytest.mark.parametrize("body", [b'{"id": "abc", ', b"[1, 2", HTML, b"\xff\xfe"])
@pytest.mark.parametrize("verb", ["get_one", "create"])
async def test_an_answer_that_is_no_json(flavour: str, verb: str, body: bytes) -> None:
    with OddServer(answer(200, body)) as odd:
        async with new_client(flavour, odd.url, retries=2) as pb:
            with pytest.raises(ClientResponseError, match="gave no JSON; check that the url is a PocketBase server's"):
                await done(getattr(pb.collection("posts"), verb)("abc" if verb == "get_one" else {"title": "x"}))

    assert len(odd.requests) == 1


CALLS: dict[str, Callable[[Any], Any]] = {
    "get_list": lambda pb: pb.collection("posts").get_list(),
    "get_full_list": lambda pb: pb.collection("posts").get_full_list(),
    "get_first_list_item": lambda pb: pb.collection("posts").get_first_list_item("title = 'x'"),
    "auth_with_password": lambda pb: pb.users.auth_with_password("a", "b"),
    "request_otp": lambda pb: pb.users.request_otp("a@example.com"),
    "impersonate": lambda pb: pb.users.impersonate("r1"),
    "get_token": lambda pb: pb.files.get_token(),
    "logs": lambda pb: pb.logs.get_list(),
    "collections": lambda pb: pb.collections.get_list(),
    "get_scaffolds": lambda pb: pb.collections.get_scaffolds(),
}
SHAPES = [b"null", b"5", b"[]", b'{"items": null}', b'{"items": [5]}', b'{"token": "t", "record": 5}']


@pytest.mark.parametrize("name", CALLS)
async def test_json_that_is_no_answer_of_pocketbase(flavour: str, name: str) -> None:
    for shape in SHAPES:
        if name == "get_token" and b'"token"' in shape:
            continue
        with OddServer(answer(200, shape)) as odd:
            async with new_client(flavour, odd.url, retries=2) as pb:
                with pytest.raises(ClientResponseError, match="check that the url is a PocketBase server's"):
                    await done(CALLS[name](pb))
                assert pb.auth_store.token == ""

        assert len(odd.requests) == 1


async def test_a_502_with_a_page(flavour: str) -> None:
    with OddServer(answer(502, HTML, content_type="text/html")) as odd:
        async with new_client(flavour, odd.url, retries=2) as pb:
            with pytest.raises(ServerError, match="502: PocketBase behind this proxy is down or busy") as error:
                await done(pb.collection("posts").create({"title": "x"}))
            assert len(odd.requests) == 1
            assert (error.value.status, error.value.response) == (502, {})

            with pytest.raises(ServerError):
                await done(pb.collection("posts").get_one("abc"))
            assert len(odd.requests) == 1 + 3  # a read may be repeated

        async with new_client(flavour, odd.url, retries=0) as pb:
            with pytest.raises(ServerError):
                await done(pb.collection("posts").get_one("abc"))
            assert len(odd.requests) == 1 + 3 + 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 500])
async def test_other_pages_of_a_proxy(flavour: str, status: int) -> None:
    with OddServer(answer(status, HTML, content_type="text/html")) as odd:
        async with new_client(flavour, odd.url, retries=2) as pb:
            with pytest.raises(ClientResponseError, match=f"POST /x failed with {status}") as error:
                await done(pb.send("/x", method="POST", body={"a": 1}))

    assert (error.value.status, error.value.response, len(odd.requests)) == (status, {}, 1)
    assert "<" not in str(error.value)


@contextmanager
def untrusted() -> Iterator[tuple[str, list[str], list[int]]]:
    """A server behind TLS whose certificate nobody knows, the requests that it got, and a 1 for each connection."""
    requests: list[str] = []
    connections: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append(self.path)

    class Server(HTTPServer):
        def get_request(self) -> Any:
            connections.append(1)
            return super().get_request()

        def handle_error(self, *_: Any) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost", "127.0.0.1").configure_cert(context)
    server = Server(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}", requests, connections
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def test_a_certificate_that_is_not_trusted(flavour: str) -> None:
    with untrusted() as (url, requests, connections):
        async with new_client(flavour, url, retries=2) as pb:
            with pytest.raises(CertificateRefused, match=r"was not sent: the certificate of https://.*verify="):
                await done(pb.collection("posts").get_one("abc"))

    assert requests == []
    assert connections == [1]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_to_another_host(flavour: str, status: int) -> None:
    with OddServer(answer(200)) as other, OddServer(answer(status, location=f"{other.url}/x?token=secret")) as odd:
        async with new_client(flavour, odd.url, retries=2) as pb:
            pb.auth_store.save(TOKEN)
            with pytest.raises(ClientResponseError, match=f"redirects to {other.url}/x") as error:
                await done(pb.collection("posts").get_one("abc"))

    assert error.value.status == status
    assert "secret" not in str(error.value)
    assert (len(odd.requests), other.requests) == (1, [])


@pytest.mark.parametrize("path", ["missing.png", "."])
async def test_a_file_that_cannot_be_opened(line: tuple[Any, Line], tmp_path: Path, path: str) -> None:
    pb, wire = line

    with pytest.raises(InvalidRequest, match="cannot read the file") as error:
        await done(pb.collection("posts").create({"title": "x", "cover": tmp_path / path}))

    assert str(tmp_path) in str(error.value)
    assert wire.sent == []


@pytest.mark.parametrize(
    ("mode", "says"), [("r", "is open as text"), ("wb", "is open for writing only"), ("closed", "is closed")]
)
async def test_an_open_file_that_gives_no_bytes(line: tuple[Any, Line], tmp_path: Path, mode: str, says: str) -> None:
    pb, wire = line
    (tmp_path / "a.bin").write_bytes(b"x")

    with (tmp_path / "a.bin").open("rb" if mode == "closed" else mode) as file:
        if mode == "closed":
            file.close()
        with pytest.raises(InvalidRequest, match=f"the file 'a.bin' {says}"):
            await done(pb.collection("posts").create({"id": new_id(), "cover": file}))

    assert wire.sent == []


class Failing(io.BytesIO):
    """A file on a disk that fails."""

    def read(self, size: int | None = -1) -> bytes:
        raise OSError(errno.EIO, "Input/output error")


async def test_a_file_whose_disk_fails(line: tuple[Any, Line], blog: PocketBase, tmp_path: Path) -> None:
    pb, _ = line
    files = {"a.bin": Failing(b"x" * 1000), "mem": Path("/proc/self/mem")}

    for name, file in files.items():
        if isinstance(file, Path) and not file.exists():
            continue
        with pytest.raises(InvalidRequest, match=f"cannot read the file '.*{name}': Input/output error"):
            await done(pb.collection("posts").create({"title": "x", "gallery": [(name, file)]}))

    assert blog.collection("posts").get_list().total_items == 0


async def test_an_iterator_that_breaks_while_it_is_read(line: tuple[Any, Line], blog: PocketBase) -> None:
    pb, _ = line

    def pieces() -> Iterator[bytes]:
        yield b"x" * 1000
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        await done(pb.collection("posts").create({"title": "x", "gallery": [("a.bin", pieces())]}))

    assert blog.collection("posts").get_list().total_items == 0


ODD: dict[str, tuple[Callable[[Any], Any], str]] = {
    "a name of query=": (lambda pb: pb.send("/api/health", query={1: 2}), "query= has the name 1"),
    "query=": (lambda pb: pb.collection("posts").get_list(query="a=b"), "query= takes names and values.*not str"),
    "query= of a delete": (lambda pb: pb.collection("posts").delete("r1", query="a=b"), "query= takes names and"),
    "filter=": (lambda pb: pb.collection("posts").get_list(filter=5), "filter=5: give text, or what pb.filter"),
    "sort=": (lambda pb: pb.collection("posts").get_list(sort=["-id", 5]), "sort=.*: give text, or a list of texts"),
    "expand=": (lambda pb: pb.collection("posts").get_one("r1", expand=5), "expand=5: give text, or a list of texts"),
    "timeout=": (lambda pb: pb.send("/api/health", timeout="5"), "timeout='5': give seconds above 0"),
    "a timeout= of the past": (lambda pb: pb.send("/api/health", timeout=-1), "timeout=-1: give seconds above 0"),
    "method=": (lambda pb: pb.send("/api/health", method="GET /x"), "method='GET /x' is no HTTP method"),
    "an address": (lambda pb: pb.send("http://ann:hush@x.example/y"), "x.example/y' is a whole address; give the path"),
    "a host": (lambda pb: pb.send("//x.example/y"), "is a whole address; give the path"),
    "a body": (lambda pb: pb.send("/api/health", method="POST", body=b"x"), "the body: a bytes cannot be sent"),
    "a file without a name": (lambda pb: pb.collection("posts").create({"cover": ("", b"x")}), "cover: a file needs a"),
}


@pytest.mark.parametrize("call", ODD)
async def test_an_argument_that_cannot_be_meant(line: tuple[Any, Line], call: str) -> None:
    pb, wire = line
    use, says = ODD[call]

    with pytest.raises(InvalidRequest, match=says) as error:
        await done(use(pb))

    assert "hush" not in str(error.value)
    assert wire.sent == []


@pytest.mark.parametrize("make", [PocketBase, AsyncPocketBase])
@pytest.mark.parametrize("timeout", ["5", 0, -1, True, float("nan"), float("inf")])
def test_a_timeout_that_is_no_time(make: Any, timeout: Any) -> None:
    with pytest.raises(InvalidRequest, match=r"timeout=.*: give seconds above 0, an httpx.Timeout, or None"):
        make("http://127.0.0.1:8090", timeout=timeout)
