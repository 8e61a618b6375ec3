"""`pb.send`: any request; and the addresses that a client takes."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from pbmodels import ClientResponseError, InvalidRequest, PocketBase, PocketBaseServer
from tests.client.flavours import FLAVOURS, done, new_client
from tests.client.odd_server import OddServer, answer


async def test_query_headers_and_body(client: Any, visitor: Any, gate: str) -> None:
    made = await done(client.send("/api/collections/posts/records", method="post", body={"title": "x"}))
    page = await done(
        visitor.send(
            "api/collections/gate/records?door=open,%20sesame",
            query={"perPage": 7, "page": None},
            headers={"X-KEY": "ä ok"},
        )
    )

    assert made["title"] == "x"
    assert (page["perPage"], [item["v"] for item in page["items"]]) == (7, ["gold"])


async def test_the_language_that_is_asked_for(flavour: str, server: PocketBaseServer, pb: PocketBase) -> None:
    rule = '@request.headers.accept_language = "de"'
    pb.collections.create({"name": "deutsch", "listRule": rule, "fields": [{"name": "v", "type": "text"}]})
    pb.collection("deutsch").create({"v": "ja"})

    async with new_client(flavour, server.url, lang="de") as german, new_client(flavour, server.url) as other:
        assert [record.v for record in await done(german.collection("deutsch").get_full_list())] == ["ja"]
        assert await done(other.collection("deutsch").get_full_list()) == []
        de = {"accept-language": "de"}
        assert len(await done(other.collection("deutsch").get_full_list(headers=de))) == 1

    pb.collections.delete("deutsch")


async def test_the_address_of_a_path(client: Any, visitor: Any, gate: str) -> None:
    address = client.build_url("api/collections/gate/records?door=open,%20sesame", query={"perPage": 7, "page": None})

    answer = httpx.get(address, headers={"X-KEY": "ä ok".encode()}).json()

    assert (answer["perPage"], [item["v"] for item in answer["items"]]) == (7, ["gold"])
    with pytest.raises(InvalidRequest, match="segment"):
        client.build_url("/api/../settings")


async def test_an_empty_answer_is_none(client: Any) -> None:
    made = await done(client.collection("posts").create({"title": "x"}))

    assert await done(client.send(f"/api/collections/posts/records/{made.id}", method="DELETE")) is None


async def test_files_in_a_body(client: Any) -> None:
    made = await done(
        client.send(
            "/api/collections/posts/records",
            method="POST",
            headers={"Content-Type": "application/json"},
            body={"title": "x", "views": 3, "gallery": [("a.txt", b"A"), ("b.txt", b"B")]},
        )
    )

    assert (made["views"], len(made["gallery"])) == (3, 2)


@pytest.mark.parametrize(
    "path", ["/api/../x", "/api/./x", "..", "/api\\..\\x", "/api/%2e%2e/x", "/api/%2E./x", "/a%5c..%5cb", "/api/..?a=b"]
)
async def test_dot_segments_are_refused(client: Any, path: str) -> None:
    client.before_send = lambda request: pytest.fail("it was sent")

    with pytest.raises(InvalidRequest, match=r"has a '\.' or '\.\.' segment"):
        await done(client.send(path))


async def test_paths_that_cannot_be_sent_whole(client: Any) -> None:
    with pytest.raises(InvalidRequest, match="write %23"):
        await done(client.send("/api/x#y"))
    with pytest.raises(InvalidRequest, match="the path must be text"):
        await done(client.send(None))
    with pytest.raises(InvalidRequest, match="GET /api/health cannot be sent: URL too long"):
        await done(client.send("/api/health", query={"q": "x" * 70_000}))
    with pytest.raises(InvalidRequest, match="cannot be sent"):
        await done(client.send("/api/a\x00b"))


async def test_dots_in_a_query_are_fine(client: Any) -> None:
    assert (await done(client.send("/api/health?path=../.."))).get("code") == 200


@pytest.mark.parametrize("headers", [{"accept": "text/x"}, {"ACCEPT": "text/x"}])
async def test_a_header_given_replaces_the_default_whatever_its_case(flavour: str, headers: dict[str, str]) -> None:
    with OddServer(answer(200)) as odd:
        async with new_client(flavour, odd.url, headers={"USER-agent": "mine", "x-own": "ö"}) as pb:
            await done(pb.send("/x", headers=headers))

    head = odd.requests[0].lower()
    assert head.count("accept: text/x\r\n") == head.count("\r\naccept: ") == 1
    assert head.count("user-agent: mine\r\n") == head.count("user-agent:") == 1
    assert "x-own: ö\r\n" in head
    assert head.count("\r\nhost: ") == 1


async def test_whose_authorization_counts(flavour: str) -> None:
    with OddServer(answer(200)) as odd:
        async with new_client(flavour, odd.url, headers={"authorization": "client's"}) as pb:
            await done(pb.send("/x"))
            pb.auth_store.save("store's")
            await done(pb.send("/x"))
            await done(pb.send("/x", headers={"AUTHORIZATION": "call's"}))

    found = [
        [line.split(": ")[1] for line in head.splitlines() if line.lower().startswith("authorization:")]
        for head in odd.requests
    ]
    assert found == [["client's"], ["store's"], ["call's"]]


@pytest.mark.parametrize("headers", [{"ä": "x"}, {"x": "\ud800"}, {"x": 5}])
async def test_headers_that_cannot_be_sent(client: Any, headers: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match="the header .* cannot be sent"):
        await done(client.send("/api/health", headers=headers))


@pytest.mark.parametrize("prefix", ["", "/", "/pb", "/pb/", "/a%20b/"])
async def test_the_address_may_have_a_path(flavour: str, prefix: str) -> None:
    with OddServer(answer(200)) as odd:
        async with new_client(flavour, odd.url + prefix) as pb:
            await done(pb.send("/api/health"))
            assert pb.url == (odd.url + prefix).rstrip("/")
            assert pb.files.get_url({"id": "r", "collectionId": "c"}, "f").startswith(pb.url + "/api/files/")

    assert odd.requests[0].startswith(f"GET {prefix.rstrip('/')}/api/health HTTP/1.1\r\n")


async def test_an_ipv6_address(flavour: str) -> None:
    seen: list[httpx.Request] = []
    http = {"sync": httpx.Client, "async": httpx.AsyncClient}[flavour]

    def reply(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={})

    async with new_client(flavour, "http://[::1]:8090/", http_client=http(transport=httpx.MockTransport(reply))) as pb:
        await done(pb.send("/api/health"))
        assert pb.url == "http://[::1]:8090"
        await done(pb._http_client.aclose() if flavour == "async" else pb._http_client.close())

    assert (str(seen[0].url), seen[0].headers["Host"]) == ("http://[::1]:8090/api/health", "[::1]:8090")


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8090", "ftp://host", "http://", "http://h:port", "http://h?a=b", "http://h#a", None, 5]
)
@pytest.mark.parametrize("make", FLAVOURS.values())
def test_what_is_no_address(make: Any, url: Any) -> None:
    with pytest.raises(InvalidRequest, match=r"address"):
        make(url)


@pytest.mark.parametrize("url", ["http://ann:hunter2@host", "ftp://ann:hunter2@host", "http://ann:hunter2@host:x"])
def test_a_password_in_an_address_is_not_repeated(url: str) -> None:
    with pytest.raises(InvalidRequest) as error:
        PocketBase(url)

    assert "hunter2" not in str(error.value)


async def test_garbage_instead_of_json(flavour: str) -> None:
    with OddServer(answer(200, b"<html>"), answer(200, b"[1]"), answer(200, b"")) as odd:
        async with new_client(flavour, odd.url) as pb:
            with pytest.raises(ClientResponseError, match="GET /x gave no JSON; check that the url") as error:
                await done(pb.send("/x?secret=1"))
            assert error.value.status == 200
            for _ in range(2):
                with pytest.raises(ClientResponseError, match="/records gave no JSON object; check that the url"):
                    await done(pb.collection("posts").get_list())


async def test_health(visitor: Any, server: PocketBaseServer) -> None:
    health = await done(visitor.health.check(query={"a": 1}, headers={"x-a": "1"}))

    assert (health.code, health.message) == (200, "API is healthy.")
    assert repr(visitor) == f"{type(visitor).__name__}({server.url!r})"
