"""Proxies that the environment names; sync and async."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from pbmodels import ConnectionFailed, InvalidRequest, PocketBaseServer
from pbmodels.client._proxies import proxy_for
from tests.client.flavours import done, new_client
from tests.client.odd_server import OddServer, answer, nothing_listens

NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def proxy() -> Iterator[OddServer]:
    with OddServer(answer(200, b'{"message": "from the proxy"}')) as running:
        yield running


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("scheme", ["http://", ""])
async def test_requests_go_through_the_proxy(
    flavour: str, proxy: OddServer, monkeypatch: pytest.MonkeyPatch, name: str, scheme: str
) -> None:
    monkeypatch.setenv(name, scheme + proxy.url.removeprefix("http://"))

    async with new_client(flavour, "http://pocketbase.example") as pb:
        assert (await done(pb.health.check())).message == "from the proxy"

    assert proxy.requests[0].startswith("GET http://pocketbase.example/api/health HTTP/1.1\r\n")


async def test_the_proxy_s_user_and_password(flavour: str, proxy: OddServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy.url.replace("//", "//ann:h%40sh@"))

    async with new_client(flavour, "http://pocketbase.example") as pb:
        await done(pb.health.check())

    assert f"proxy-authorization: basic {base64.b64encode(b'ann:h@sh').decode()}".lower() in proxy.requests[0].lower()


@pytest.mark.parametrize("exceptions", ["127.0.0.1", "*", "other.example,127.0.0.1", "127.0.0.1:{port}"])
async def test_no_proxy(
    flavour: str, server: PocketBaseServer, proxy: OddServer, monkeypatch: pytest.MonkeyPatch, exceptions: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", exceptions.format(port=server.port))

    async with new_client(flavour, server.url) as pb:
        assert (await done(pb.health.check())).message == "API is healthy."

    assert proxy.requests == []


@pytest.mark.parametrize("host", ["[::1]", "[::1]:8090"])
def test_no_proxy_for_an_ipv6_address(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example")
    assert proxy_for(httpx.URL(f"http://{host}")) is not None

    monkeypatch.setenv("NO_PROXY", "::1")
    assert proxy_for(httpx.URL(f"http://{host}")) is None


def test_the_scheme_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://secure.example:3128")

    assert proxy_for(httpx.URL("http://host")) is None
    assert getattr(proxy_for(httpx.URL("https://host")), "url", None) == "http://secure.example:3128"


@pytest.mark.parametrize("address", ["ftp://ann:hush@proxy", "socks5://ann:hush@proxy", "http://ann:hush@proxy:port"])
async def test_a_proxy_that_cannot_be_used(flavour: str, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("HTTP_PROXY", address)

    async with new_client(flavour, "http://pocketbase.example") as pb:
        with pytest.raises(InvalidRequest, match=r"the environment's proxy .*\.\.\.@proxy.* NO_PROXY") as error:
            await done(pb.health.check())
    assert "hush" not in str(error.value)


async def test_a_proxy_that_is_down(flavour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with nothing_listens() as url:
        monkeypatch.setenv("HTTP_PROXY", url.replace("//", "//ann:hush@"))
        async with new_client(flavour, "http://pocketbase.example") as pb:
            with pytest.raises(ConnectionFailed, match="cannot reach PocketBase") as error:
                await done(pb.health.check())
    assert "hush" not in str(error.value)


async def test_a_proxy_that_refuses(flavour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with OddServer(answer(407)) as refusing:
        monkeypatch.setenv("HTTPS_PROXY", refusing.url)
        async with new_client(flavour, "https://pocketbase.example", verify=False) as pb:
            with pytest.raises(ConnectionFailed, match="the proxy that the environment names refused"):
                await done(pb.health.check())


def test_the_proxy_s_password_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://ann:hush@proxy.example")
    found: Any = proxy_for(httpx.URL("http://host"))

    assert "hush" not in repr(found)
