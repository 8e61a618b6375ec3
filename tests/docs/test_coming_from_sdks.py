"""The table for people who come from the Dart SDK: complete, of methods that exist, each called by the test it names."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest

from pbmodels import AsyncAuthStore, AsyncPocketBase, ClientResponseError, PocketBase, Record

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| (?P<old>.*) \| (?P<new>.*) \| `(?P<ours>[^`]+)` \| `(?P<test>[^`]+)` \|$", re.M)
ROWS = [match.groupdict() for match in ROW.finditer((ROOT / "docs/coming-from-sdks.md").read_text("utf-8"))]

CRUD = "getFullList getList getFirstListItem getOne create update delete"
ACCOUNT = "requestPasswordReset confirmPasswordReset"
MAIL = f"{ACCOUNT} requestVerification confirmVerification requestEmailChange confirmEmailChange"
LINKS = "listExternalAuths unlinkExternalAuth"

# The public methods of the Dart SDK 0.25, and of 0.4 to 0.18 where they were called otherwise.
DART = {
    "pb": "collection filter send buildURL baseURL lang httpClientFactory close createBatch",
    "pb.collection()": f"{CRUD} {MAIL} {LINKS} listAuthMethods authWithPassword authWithOAuth2 authWithOAuth2Code "
    "authRefresh requestOTP authWithOTP impersonate subscribe subscribeOne unsubscribe",
    "pb.admins": f"{CRUD} {ACCOUNT} authWithPassword authRefresh",
    "pb.authStore": "token record isValid save clear onChange",
    "pb.collections": f"{CRUD} import truncate getScaffolds getAllOAuth2Providers dryRunViewQuery",
    "pb.logs": "getList getOne getStats truncate",
    "pb.settings": "getAll update testS3 testEmail generateAppleClientSecret",
    "pb.files": "getUrl getURL getToken",
    "pb.backups": "getFullList create upload delete restore getDownloadUrl getDownloadURL",
    "pb.crons": "getFullList run",
    "pb.realtime": "clientId onDisconnect subscribe unsubscribe unsubscribeByPrefix unsubscribeByTopicAndListener",
    "pb.health": "check",
    "pb.sql": "run",
    "batch": "collection send",
    "batch.collection()": "create update upsert delete",
    "record": "get set id created updated collectionId collectionName expand data toJson getDataValue getStringValue "
    "getListValue getBoolValue getIntValue getDoubleValue",
    "error": "url isAbort statusCode response originalError",
    "client": "collection filter send buildUrl baseUrl getFileUrl",
    "client.admins": f"{CRUD} {ACCOUNT} authViaEmail authWithPassword refresh authRefresh",
    "client.users": f"{CRUD} {MAIL} {LINKS} listAuthMethods authViaEmail authViaOAuth2 refresh",
    "client.records": f"{CRUD} getFileUrl",
    "client.authStore": "token model isValid save clear onChange",
    "client.collections": f"{CRUD} import",
    "client.logs": "getRequestsList getRequest getRequestsStats",
    "client.realtime": "subscribe unsubscribe",
    "client.settings": "getAll update testS3 testEmail generateAppleClientSecret",
}


def test_no_method_of_the_dart_sdk_is_left_out() -> None:
    named = {name for row in ROWS for column in ("old", "new") for name in re.findall(r"`([^`]+)`", row[column])}

    assert {f"{owner}.{name}" for owner, names in DART.items() for name in names.split()} - named == set()
    assert "AsyncAuthStore" in named


def test_every_row_is_read() -> None:
    lines = (ROOT / "docs/coming-from-sdks.md").read_text("utf-8").splitlines()

    assert len(ROWS) == len([line for line in lines if line.startswith("| ") and "pbmodels | Test" not in line])


@pytest.mark.parametrize("flavour", [PocketBase, AsyncPocketBase], ids=["sync", "async"])
@pytest.mark.parametrize("ours", sorted({row["ours"] for row in ROWS}))
def test_what_a_row_names_exists(ours: str, flavour: type) -> None:
    if option := re.fullmatch(r"PocketBase\((\w+)=\)", ours):
        assert option[1] in inspect.signature(flavour).parameters
        return
    if ours == "pb.close" and flavour is AsyncPocketBase:
        ours = "pb.aclose"

    known = {
        "pb": flavour("http://127.0.0.1:9"),
        "name": "posts",
        "record": Record(title="t", created="", updated="", expand={}),
        "error": ClientResponseError("failed"),
        "AsyncAuthStore": AsyncAuthStore,
    }
    eval(ours, known)  # raises where something is missing


@pytest.mark.parametrize(("ours", "test"), sorted({(row["ours"], row["test"]) for row in ROWS}))
def test_the_test_of_a_row_calls_what_it_names(ours: str, test: str) -> None:
    file, name = test.split("::")
    source = (ROOT / "tests/client" / file).read_text("utf-8")
    found = [
        node
        for node in ast.parse(source).body
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == name
    ]

    assert len(found) == 1
    method = ours.removesuffix("=)").rsplit("(" if ours.endswith("=)") else ".", 1)[-1]
    assert re.search(rf"(?<!\w){re.escape(method)}(?!\w)", ast.get_source_segment(source, found[0]) or "")
