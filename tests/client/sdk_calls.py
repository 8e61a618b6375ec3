"""The same calls of the JavaScript SDK and of pbmodels, side by side, and where the requests differ on purpose."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx

from tests.client.eventually import eventually
from tests.client.flavours import done
from tests.client.recorder import TOKEN, token

Wire = dict[str, Any]
MAILED = token(id="record000000001", collectionId="pbc_1", type="verification")


@dataclass
class SameCall:
    """One call, written twice.

    Attributes:
        name: What the test is called.
        js: The JavaScript, where `pb` is a client.
        ours: The Python, where `pb` is a client of either flavour.
        on_purpose: What a request of the JavaScript SDK is to be made into before ours has to equal it.
        ours_alone: Which requests of ours the JavaScript SDK does not make, on purpose.
        signed_in: Whether someone is signed in.
    """

    name: str
    js: str
    ours: Callable[[Any], Any]
    on_purpose: Callable[[Wire], Wire] = dict
    ours_alone: Callable[[Wire], bool] = lambda wire: False
    signed_in: bool = True


def fields_in_json(wire: Wire) -> Wire:
    """All fields that are no files go as JSON in one part.

    The JavaScript SDK sends text, numbers and booleans as plain parts, which the server can only guess the type of,
    and a JSON part for each of the others. The server reads files and fields apart from each other, so their order
    among each other means nothing.
    """
    fields: dict[str, Any] = {}
    for part in wire["body"]:
        if part["name"] == "@jsonPayload":
            fields |= json.loads(part["content"])
        elif part["filename"] is None:
            fields[part["name"]] = {"3": 3, "true": True}.get(part["content"], part["content"])
    files = [part for part in wire["body"] if part["filename"] is not None]
    return {**wire, "body": [_json_part(fields), *files]}


def json_without_files(wire: Wire) -> Wire:
    """A batch without files goes as JSON: a form is more bytes, and more work, for nothing."""
    (part,) = wire["body"]
    return {**wire, "content-type": "application/json", "body": json.loads(part["content"])}


def mfa_id_in_body(wire: Wire) -> Wire:
    """The id that continues a sign-in goes in the body: an address is written into logs."""
    rest = [pair for pair in wire["query"] if not pair.startswith("mfaId=")]
    return {**wire, "query": rest, "body": {**wire["body"], "mfaId": "mfa1"}}


def stream_with_headers(wire: Wire) -> Wire:
    """The stream of events is asked for with the client's headers: a proxy or a hook may want them.

    A browser's EventSource cannot send any.
    """
    if (wire["method"], wire["path"]) != ("GET", "/api/realtime"):
        return wire
    return {**wire, "headers": {"accept-language": "en-US", "authorization": TOKEN}}


def asks_first(wire: Wire) -> bool:
    """Ours lists one record before it subscribes: the server says nothing when it cannot or must not send events."""
    return wire["method"] == "GET" and wire["path"].startswith("/api/collections/")


def name_of_backup(wire: Wire) -> Wire:
    """Without a name the server makes one up, as it does for the SDK's missing one."""
    return {**wire, "body": {"name": ""}}


def _json_part(fields: Any) -> dict[str, Any]:
    return {"name": "@jsonPayload", "filename": None, "type": None, "content": json.dumps(fields)}


def decoded_json_part(wire: Wire) -> Wire:
    """A form with its JSON part read, and before the files: the server reads it first wherever it stands."""
    if wire["content-type"] != "multipart/form-data":
        return wire
    jsons = [json.loads(part["content"]) for part in wire["body"] if part["name"] == "@jsonPayload"]
    return {**wire, "body": [jsons, *(part for part in wire["body"] if part["name"] != "@jsonPayload")]}


async def _impersonate(pb: Any) -> None:
    other = await done(pb.users.impersonate("r1", 60, expand="org"))
    await done(other.aclose() if hasattr(other, "aclose") else other.close())


def _batch(fill: Callable[[Any], None], **options: Any) -> Callable[[Any], Any]:
    async def send(pb: Any) -> None:
        batch = pb.batch()
        fill(batch)
        await done(batch.send(**options))

    return send


def _fill(batch: Any) -> None:
    posts = batch.collection("posts")
    posts.create({"title": "a", "n": 3, "tags": ["x"]}, expand="author", fields="id")
    posts.update("r1", {"n+": 1}, headers={"x-key": "k"})
    posts.upsert({"id": "r2", "title": None})
    posts.delete("r3", query={"x": 1})


def _fill_files(batch: Any) -> None:
    batch.collection("posts").create({"title": "a", "doc": ("a.txt", b"one")})
    batch.collection("posts").update("r1", {"docs": ["kept.txt", ("b.txt", b"two")]})


_JS_FILE = "new File(['one'], 'a.txt', {type: 'text/plain'})"
_JS_FILE_2 = "new File(['two'], 'b.txt', {type: 'text/plain'})"
_OPTIONS = (
    "{filter: 'a > 1 && b ~ \"x\\'(é)*!\"', sort: '-created,title', expand: 'author,tags', fields: 'id,title', "
    "skipTotal: 1, query: {extra: 'a b&c', list: ['x', 'y'], deep: {a: 1}, nothing: null, "
    "when: new Date(Date.UTC(2024, 4, 1))}, headers: {'x-key': 'k'}}"
)
_OURS: dict[str, Any] = {
    "filter": 'a > 1 && b ~ "x\'(é)*!"',
    "sort": "-created,title",
    "expand": "author,tags",
    "fields": "id,title",
    "query": {
        "extra": "a b&c",
        "list": ["x", "y"],
        "deep": {"a": 1},
        "nothing": None,
        "when": datetime(2024, 5, 1, tzinfo=UTC),
    },
    "headers": {"x-key": "k"},
}
_MORE_JS = "{expand: 'org', fields: '*', query: {extra: 1}, headers: {'x-key': 'k'}}"
_MORE: dict[str, Any] = {"expand": "org", "fields": "*", "query": {"extra": 1}, "headers": {"x-key": "k"}}
_PLAIN_JS = "{query: {extra: 1}, headers: {'x-key': 'k'}}"
_PLAIN: dict[str, Any] = {"query": {"extra": 1}, "headers": {"x-key": "k"}}

RECORDS = [
    SameCall("get_list", "pb.collection('posts').getList()", lambda pb: pb.collection("posts").get_list()),
    SameCall(
        "get_list with everything",
        f"pb.collection('posts').getList(2, 50, {_OPTIONS})",
        lambda pb: pb.collection("posts").get_list(2, 50, skip_total=True, **_OURS),
    ),
    SameCall(
        "get_full_list", "pb.collection('posts').getFullList()", lambda pb: pb.collection("posts").get_full_list()
    ),
    SameCall(
        "get_full_list of two pages",
        f"pb.collection('posts').getFullList({{batch: 2, ...{_OPTIONS}}})",
        lambda pb: pb.collection("posts").get_full_list(batch=2, **_OURS),
    ),
    SameCall(
        "get_first_list_item",
        "pb.collection('posts').getFirstListItem('title = \"a\"', {expand: 'author', sort: 'title'})",
        lambda pb: pb.collection("posts").get_first_list_item('title = "a"', expand="author", sort="title"),
    ),
    SameCall(
        "get_one of odd names",
        f"pb.collection('a (b)*').getOne(\"x/y z!'~é?\", {_MORE_JS})",
        lambda pb: pb.collection("a (b)*").get_one("x/y z!'~é?", **_MORE),
    ),
    SameCall(
        "get_one as guest",
        "pb.collection('posts').getOne('r1')",
        lambda pb: pb.collection("posts").get_one("r1"),
        signed_in=False,
    ),
    SameCall(
        "create",
        "pb.collection('posts').create({title: 'é', n: 3, yes: true, none: null, tags: ['a'], meta: {a: [1]}}, "
        f"{_MORE_JS})",
        lambda pb: pb.collection("posts").create(
            {"title": "é", "n": 3, "yes": True, "none": None, "tags": ["a"], "meta": {"a": [1]}}, **_MORE
        ),
    ),
    SameCall(
        "create with a file",
        "pb.collection('posts').create({title: 'é', n: 3, yes: true, tags: ['a'], meta: {a: [1]}, "
        f"doc: {_JS_FILE}}}, {_MORE_JS})",
        lambda pb: pb.collection("posts").create(
            {"title": "é", "n": 3, "yes": True, "tags": ["a"], "meta": {"a": [1]}, "doc": ("a.txt", b"one")}, **_MORE
        ),
        on_purpose=fields_in_json,
    ),
    SameCall(
        "update",
        f"pb.collection('posts').update('r1', {{'n+': 1, 'tags-': 'old'}}, {_MORE_JS})",
        lambda pb: pb.collection("posts").update("r1", {"n+": 1, "tags-": "old"}, **_MORE),
    ),
    SameCall(
        "update with more files",
        f"pb.collection('posts').update('r1', {{title: 'b', 'docs+': [{_JS_FILE}, {_JS_FILE_2}]}})",
        lambda pb: pb.collection("posts").update("r1", {"title": "b", "docs+": [("a.txt", b"one"), ("b.txt", b"two")]}),
        on_purpose=fields_in_json,
    ),
    SameCall(
        "delete",
        f"pb.collection('posts').delete('r1', {_PLAIN_JS})",
        lambda pb: pb.collection("posts").delete("r1", **_PLAIN),
    ),
]

AUTH = [
    SameCall("list_auth_methods", "pb.collection('users').listAuthMethods()", lambda pb: pb.users.list_auth_methods()),
    SameCall(
        "auth_with_password",
        f"pb.collection('users').authWithPassword('a@example.com', 'secret', {_MORE_JS})",
        lambda pb: pb.users.auth_with_password("a@example.com", "secret", **_MORE),
        signed_in=False,
    ),
    SameCall(
        "auth_with_password of a superuser",
        "pb.admins.authWithPassword('a@example.com', 'secret')",
        lambda pb: pb.superusers.auth_with_password("a@example.com", "secret"),
        signed_in=False,
    ),
    SameCall(
        "request_otp",
        f"pb.collection('users').requestOTP('a@example.com', {_PLAIN_JS})",
        lambda pb: pb.users.request_otp("a@example.com", **_PLAIN),
    ),
    SameCall(
        "auth_with_otp",
        "pb.collection('users').authWithOTP('otp1', '123')",
        lambda pb: pb.users.auth_with_otp("otp1", "123"),
    ),
    SameCall(
        "auth_with_otp as second factor",
        "pb.collection('users').authWithOTP('otp1', '123', {mfaId: 'mfa1'})",
        lambda pb: pb.users.auth_with_otp("otp1", "123", mfa_id="mfa1"),
        on_purpose=mfa_id_in_body,
    ),
    SameCall(
        "auth_with_oauth2_code",
        f"pb.collection('users').authWithOAuth2Code('oidc', 'c', 'v', 'http://here', {{nick: 'a'}}, {_MORE_JS})",
        lambda pb: pb.users.auth_with_oauth2_code("oidc", "c", "v", "http://here", {"nick": "a"}, **_MORE),
    ),
    SameCall(
        "auth_with_oauth2",
        "pb.collection('users').authWithOAuth2("
        "{provider: 'oidc', scopes: ['a', 'b'], createData: {nick: 'a'}, urlCallback: () => {}})",
        lambda pb: pb.users.auth_with_oauth2("oidc", lambda url: None, ["a", "b"], {"nick": "a"}),
        on_purpose=stream_with_headers,
    ),
    SameCall(
        "auth_refresh", f"pb.collection('users').authRefresh({_MORE_JS})", lambda pb: pb.users.auth_refresh(**_MORE)
    ),
    SameCall(
        "request_password_reset",
        "pb.collection('users').requestPasswordReset('a@example.com')",
        lambda pb: pb.users.request_password_reset("a@example.com"),
    ),
    SameCall(
        "confirm_password_reset",
        f"pb.collection('users').confirmPasswordReset('{MAILED}', 'new', 'new')",
        lambda pb: pb.users.confirm_password_reset(MAILED, "new", "new"),
    ),
    SameCall(
        "request_verification",
        "pb.collection('users').requestVerification('a@example.com')",
        lambda pb: pb.users.request_verification("a@example.com"),
    ),
    SameCall(
        "confirm_verification",
        f"pb.collection('users').confirmVerification('{MAILED}')",
        lambda pb: pb.users.confirm_verification(MAILED),
    ),
    SameCall(
        "request_email_change",
        "pb.collection('users').requestEmailChange('b@example.com')",
        lambda pb: pb.users.request_email_change("b@example.com"),
    ),
    SameCall(
        "confirm_email_change",
        f"pb.collection('users').confirmEmailChange('{MAILED}', 'secret')",
        lambda pb: pb.users.confirm_email_change(MAILED, "secret"),
    ),
    SameCall(
        "list_external_auths",
        "pb.collection('users').listExternalAuths('r1')",
        lambda pb: pb.users.list_external_auths("r1"),
    ),
    SameCall(
        "unlink_external_auth",
        "pb.collection('users').unlinkExternalAuth('r1', 'google')",
        lambda pb: pb.users.unlink_external_auth("r1", "google"),
    ),
    SameCall("impersonate", "pb.collection('users').impersonate('r1', 60, {expand: 'org'})", _impersonate),
]

SERVICES = [
    SameCall(
        "collections.get_list",
        "pb.collections.getList(1, 20, {filter: 'system = true', sort: 'name', fields: 'id'})",
        lambda pb: pb.collections.get_list(1, 20, filter="system = true", sort="name", fields="id"),
    ),
    SameCall(
        "collections.get_full_list",
        "pb.collections.getFullList({sort: 'name'})",
        lambda pb: pb.collections.get_full_list(sort="name"),
    ),
    SameCall(
        "collections.get_first_list_item",
        "pb.collections.getFirstListItem('name = \"a\"')",
        lambda pb: pb.collections.get_first_list_item('name = "a"'),
    ),
    SameCall(
        "collections.get_one",
        "pb.collections.getOne('a b', {fields: 'id'})",
        lambda pb: pb.collections.get_one("a b", fields="id"),
    ),
    SameCall(
        "collections.create",
        f"pb.collections.create({{name: 'a', fields: []}}, {_PLAIN_JS})",
        lambda pb: pb.collections.create({"name": "a", "fields": []}, **_PLAIN),
    ),
    SameCall(
        "collections.update",
        "pb.collections.update('a', {name: 'b'})",
        lambda pb: pb.collections.update("a", {"name": "b"}),
    ),
    SameCall("collections.delete", "pb.collections.delete('a')", lambda pb: pb.collections.delete("a")),
    SameCall(
        "collections.import",
        "pb.collections.import([{name: 'a'}], true)",
        lambda pb: pb.collections.import_collections([{"name": "a"}], True),
    ),
    SameCall("collections.truncate", "pb.collections.truncate('a')", lambda pb: pb.collections.truncate("a")),
    SameCall("collections.get_scaffolds", "pb.collections.getScaffolds()", lambda pb: pb.collections.get_scaffolds()),
    SameCall(
        "collections.get_all_oauth2_providers",
        "pb.collections.getAllOAuth2Providers()",
        lambda pb: pb.collections.get_all_oauth2_providers(),
    ),
    SameCall(
        "collections.dry_run_view_query",
        "pb.collections.dryRunViewQuery('SELECT 1')",
        lambda pb: pb.collections.dry_run_view_query("SELECT 1"),
    ),
    SameCall("settings.get_all", "pb.settings.getAll({fields: 'meta'})", lambda pb: pb.settings.get_all(fields="meta")),
    SameCall(
        "settings.update",
        "pb.settings.update({meta: {appName: 'a'}})",
        lambda pb: pb.settings.update({"meta": {"appName": "a"}}),
    ),
    SameCall("settings.test_s3", "pb.settings.testS3()", lambda pb: pb.settings.test_s3()),
    SameCall("settings.test_s3 of backups", "pb.settings.testS3('backups')", lambda pb: pb.settings.test_s3("backups")),
    SameCall(
        "settings.test_email",
        "pb.settings.testEmail('users', 'a@example.com', 'otp')",
        lambda pb: pb.settings.test_email("users", "a@example.com", "otp"),
    ),
    SameCall(
        "settings.generate_apple_client_secret",
        "pb.settings.generateAppleClientSecret('c', 't', 'k', 'p', 60)",
        lambda pb: pb.settings.generate_apple_client_secret("c", "t", "k", "p", 60),
    ),
    SameCall(
        "logs.get_list",
        "pb.logs.getList(2, 5, {filter: 'level > 0'})",
        lambda pb: pb.logs.get_list(2, 5, filter="level > 0"),
    ),
    SameCall("logs.get_one", "pb.logs.getOne('l1')", lambda pb: pb.logs.get_one("l1")),
    SameCall(
        "logs.get_stats", "pb.logs.getStats({filter: 'level > 0'})", lambda pb: pb.logs.get_stats(filter="level > 0")
    ),
    SameCall("logs.truncate", "pb.logs.truncate()", lambda pb: pb.logs.truncate()),
    SameCall("health.check", f"pb.health.check({_PLAIN_JS})", lambda pb: pb.health.check(**_PLAIN)),
    SameCall("crons.get_full_list", "pb.crons.getFullList()", lambda pb: pb.crons.get_full_list()),
    SameCall("crons.run", "pb.crons.run('a b')", lambda pb: pb.crons.run("a b")),
    SameCall("sql.run", "pb.sql.run('SELECT 1')", lambda pb: pb.sql.run("SELECT 1")),
    SameCall("files.get_token", "pb.files.getToken()", lambda pb: pb.files.get_token()),
    SameCall("backups.get_full_list", "pb.backups.getFullList()", lambda pb: pb.backups.get_full_list()),
    SameCall("backups.create", "pb.backups.create('a.zip')", lambda pb: pb.backups.create("a.zip")),
    SameCall(
        "backups.create without a name",
        "pb.backups.create()",
        lambda pb: pb.backups.create(),
        on_purpose=name_of_backup,
    ),
    SameCall(
        "backups.upload", f"pb.backups.upload({{file: {_JS_FILE}}})", lambda pb: pb.backups.upload(("a.txt", b"one"))
    ),
    SameCall("backups.delete", "pb.backups.delete('a b.zip')", lambda pb: pb.backups.delete("a b.zip")),
    SameCall("backups.restore", "pb.backups.restore('a.zip')", lambda pb: pb.backups.restore("a.zip")),
    SameCall(
        "batch",
        "const batch = pb.createBatch(); const posts = batch.collection('posts');"
        "posts.create({title: 'a', n: 3, tags: ['x']}, {expand: 'author', fields: 'id'});"
        "posts.update('r1', {'n+': 1}, {headers: {'x-key': 'k'}});"
        "posts.upsert({id: 'r2', title: null});"
        "posts.delete('r3', {query: {x: 1}});"
        f"return batch.send({_PLAIN_JS})",
        _batch(_fill, **_PLAIN),
        on_purpose=json_without_files,
    ),
    SameCall(
        "batch with files",
        "const batch = pb.createBatch();"
        f"batch.collection('posts').create({{title: 'a', doc: {_JS_FILE}}});"
        f"batch.collection('posts').update('r1', {{docs: ['kept.txt', {_JS_FILE_2}]}});"
        "return batch.send()",
        _batch(_fill_files),
    ),
    SameCall(
        "send",
        f"pb.send('/api/hello?a=1', {{method: 'POST', body: {{a: 1}}, ...{_PLAIN_JS}}})",
        lambda pb: pb.send("/api/hello?a=1", method="POST", body={"a": 1}, **_PLAIN),
    ),
    SameCall("send to a relative path", "pb.send('api/hello', {})", lambda pb: pb.send("api/hello")),
    SameCall(
        "send with a token of its own",
        "pb.send('/api/hello', {headers: {authorization: 'other', 'accept-language': 'de'}})",
        lambda pb: pb.send("/api/hello", headers={"authorization": "other", "accept-language": "de"}),
    ),
]


def _listener(data: Any) -> None: ...


class _Submissions:
    """The sets of topics that a client has sent; it does not wait for those that have become smaller."""

    def __init__(self, pb: Any) -> None:
        self._count = 0
        pb.before_send = self._see

    def _see(self, request: httpx.Request) -> None:
        self._count += (request.method, request.url.path) == ("POST", "/api/realtime")

    async def reach(self, count: int) -> None:
        async def reached() -> bool:
            return self._count >= count

        assert await eventually(reached)


async def _realtime(pb: Any) -> None:
    sent = _Submissions(pb)
    await done(pb.realtime.subscribe("a", _listener))
    await done(pb.realtime.subscribe("b", _listener, filter='x = "y\'"', expand="z", headers={"x-key": "k"}))
    await done(pb.realtime.unsubscribe("a"))
    await sent.reach(3)
    await done(pb.realtime.unsubscribe())


async def _realtime_by_prefix(pb: Any) -> None:
    sent = _Submissions(pb)
    await done(pb.realtime.subscribe("posts/a", _listener))
    await done(pb.realtime.subscribe("tags/b", _listener))
    await done(pb.realtime.unsubscribe_by_prefix("posts/"))
    await sent.reach(3)
    await done(pb.realtime.unsubscribe_by_topic_and_listener("tags/b", _listener))


async def _records(pb: Any) -> None:
    sent = _Submissions(pb)
    posts = pb.collection("posts")
    await done(posts.subscribe("*", _listener, filter="views > 3", fields="id"))
    stop = await done(posts.subscribe("r1", _listener))
    await done(pb.collection("tags").subscribe("r2", _listener))
    await done(stop())
    await sent.reach(4)
    await done(posts.unsubscribe("*"))
    await sent.reach(5)
    await done(pb.collection("tags").unsubscribe())


REALTIME = [
    SameCall(
        "realtime",
        "const f = () => {}; await pb.realtime.subscribe('a', f);"
        "await pb.realtime.subscribe('b', f, {filter: 'x = \"y\\'\"', expand: 'z', headers: {'x-key': 'k'}});"
        "await pb.realtime.unsubscribe('a'); return pb.realtime.unsubscribe()",
        _realtime,
        on_purpose=stream_with_headers,
    ),
    SameCall(
        "realtime by prefix and listener",
        "const f = () => {};"
        "await pb.realtime.subscribe('posts/a', f); await pb.realtime.subscribe('tags/b', f);"
        "await pb.realtime.unsubscribeByPrefix('posts/');"
        "await pb.realtime.unsubscribeByTopicAndListener('tags/b', f); return pb.realtime.unsubscribe()",
        _realtime_by_prefix,
        on_purpose=stream_with_headers,
    ),
    SameCall(
        "collection.subscribe",
        "const f = () => {}; const posts = pb.collection('posts');"
        "await posts.subscribe('*', f, {filter: 'views > 3', fields: 'id'});"
        "const stop = await posts.subscribe('r1', f);"
        "await pb.collection('tags').subscribe('r2', f); await stop(); await posts.unsubscribe('*');"
        "return pb.collection('tags').unsubscribe()",
        _records,
        on_purpose=stream_with_headers,
        ours_alone=asks_first,
    ),
]

TEXTS = [
    SameCall(
        "files.get_url",
        "pb.files.getURL({id: 'r 1', collectionId: 'c'}, 'a b.png', {thumb: '1x1', token: 't', download: true})",
        lambda pb: pb.files.get_url(
            {"id": "r 1", "collectionId": "c"}, "a b.png", thumb="1x1", token="t", download=True
        ),
    ),
    SameCall(
        "backups.get_download_url",
        "pb.backups.getDownloadURL('t&', 'a b.zip')",
        lambda pb: pb.backups.get_download_url("t&", "a b.zip"),
    ),
    SameCall(
        "filter",
        "pb.filter('a = {:a} && b = {:b} && c = {:c} && d = {:d} && e > {:e}', "
        "{a: 'x\"y', b: 3.5, c: null, d: true, e: new Date(Date.UTC(2024, 4, 1))})",
        lambda pb: str(
            pb.filter(
                "a = {:a} && b = {:b} && c = {:c} && d = {:d} && e > {:e}",
                a='x"y',
                b=3.5,
                c=None,
                d=True,
                e=datetime(2024, 5, 1, tzinfo=UTC),
            )
        ),
    ),
]

_RECORD_JS = "{id: 'r1', collectionName: 'users', text: \"é;'(*)\"}"
_RECORD = {"id": "r1", "collectionName": "users", "text": "é;'(*)"}
_LONG_JS = "{id: 'r1', email: 'a@example.com', verified: true, text: 'x'.repeat(5000)}"
_LONG = {"id": "r1", "email": "a@example.com", "verified": True, "text": "x" * 5000}
_COOKIE = f"a=b; pb_auth={quote(json.dumps({'token': 't', 'record': _RECORD}))}; c"


def _exported(record: dict[str, Any] | None, *key: str, **options: Any) -> Callable[[Any], str]:
    def export(pb: Any) -> str:
        pb.auth_store.save(TOKEN if record else "", record)
        return str(pb.auth_store.export_to_cookie(*key, **options))

    return export


def _loaded(cookie: str) -> Callable[[Any], str]:
    def load(pb: Any) -> str:
        pb.auth_store.load_from_cookie(cookie)
        return f"{pb.auth_store.token} {json.dumps(pb.auth_store.record, separators=(',', ':'), ensure_ascii=False)}"

    return load


def _js_loaded(cookie: str) -> str:
    return (
        f"pb.authStore.loadFromCookie({json.dumps(cookie)});"
        "return `${pb.authStore.token} ${JSON.stringify(pb.authStore.record)}`"
    )


TEXTS += [
    SameCall(
        "auth_store.export_to_cookie",
        f"pb.authStore.save('{TOKEN}', {_RECORD_JS}); return pb.authStore.exportToCookie()",
        _exported(_RECORD),
    ),
    SameCall(
        "auth_store.export_to_cookie with options",
        f"pb.authStore.save('{TOKEN}', {_RECORD_JS}); return pb.authStore.exportToCookie("
        "{path: '/a', domain: 'example.com', secure: false, httpOnly: false, sameSite: 'lax'}, 'mine')",
        _exported(_RECORD, "mine", path="/a", domain="example.com", secure=False, http_only=False, same_site="Lax"),
    ),
    SameCall(
        "auth_store.export_to_cookie of a long record",
        f"pb.authStore.save('{TOKEN}', {_LONG_JS}); return pb.authStore.exportToCookie()",
        _exported(_LONG),
    ),
    SameCall(
        "auth_store.export_to_cookie of nobody",
        "pb.authStore.clear(); return pb.authStore.exportToCookie()",
        _exported(None),
    ),
    SameCall("auth_store.load_from_cookie", _js_loaded(_COOKIE), _loaded(_COOKIE)),
    SameCall("auth_store.load_from_cookie without one", _js_loaded("a=b"), _loaded("a=b")),
    SameCall("auth_store.load_from_cookie of a broken one", _js_loaded("pb_auth=%7B"), _loaded("pb_auth=%7B")),
]

TEXTS += [
    SameCall("build_url", "return pb.buildURL('/a%20b?c=1')", lambda pb: pb.build_url("/a%20b?c=1")),
    SameCall("build_url of a relative path", "return pb.buildURL('a')", lambda pb: pb.build_url("a")),
]

NO_REQUESTS = {
    # what is kept, and who is told
    "authStore.onChange",
    # cancelling is a task's or thread's own affair in Python: no request is cancelled by another that is alike
    "client.autoCancellation",
    "client.cancelRequest",
    "client.cancelAllRequests",
    # old names that the SDK asks to replace
    "client.getFileUrl",
    "client.buildUrl",
    "files.getUrl",
    "backups.getDownloadUrl",
    # what makes a record of an answer
    "collection.decode",
    "collections.decode",
}
