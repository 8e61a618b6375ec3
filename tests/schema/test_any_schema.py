"""Whatever collections a server may have: `pull` says all of them, and a push to an empty server makes the same."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from pbmodels import ClientResponseError, PocketBase, PocketBaseServer, Record
from pbmodels.models._import_path import load_models
from pbmodels.schema import diff, pull, push
from tests.schema.rich import Json
from tests.schema.test_pull import exported
from tests.schema.versions import is_before

COLLECTIONS = [
    "posts",
    "Post",
    "class",
    "Field",
    "x_",
    "1x",
    "data",
    "datetime",
    "str",
    "new_id",
    "print",
    "people",
    "A1",
]
FIELDS = [
    *("rules", "indexes", "query", "client", "model_config", "aio", "schema", "json", "copy", "self", "cls", "Field"),
    *("str", "list", "datetime", "Any", "Literal", "class", "None", "match", "type", "title", "x", "X_", "_a", "__a"),
    *("_1", "2a", "camelCase", "posts", "where", "all", "delete", "created", "collection", "property", "UTC", "_x"),
]
VALUES = [
    "a",
    "c d",
    "é",
    "²",
    "True",
    "None",
    "1",
    "-",
    'say "x"',
    "it's",
    "back\\slash",
    "line\nbreak",
    "mro",
    "_x",
    "😀",
]
RULES = [None, "", "id != ''", '@request.auth.id = "it\'s"', 'id = \'a\\\\b\' || id ~ "\\""']
PATTERNS = ["", r"^\w+$", "a|b", r"\p{L}+", "(?i)x", "\"'\\\\"]

OPTIONS: dict[str, dict[str, list[Any]]] = {
    "text": {"min": [0, 2], "max": [0, 5, 7000], "pattern": PATTERNS},
    "editor": {"maxSize": [0, 100], "convertURLs": [True, False]},
    "number": {"min": [None, 0, -5, 0.5], "max": [None, 10, 1e22], "onlyInt": [True, False]},
    "bool": {},
    "email": {"onlyDomains": [[], ["example.com", "x.org"]]},
    "url": {"exceptDomains": [[], ["example.com"]]},
    "date": {"min": ["", "2021-05-05 10:11:12.345Z"], "max": ["", "2030-01-01 00:00:00.000Z"]},
    "autodate": {"onUpdate": [True, False]},
    "select": {"maxSelect": [0, 1, 2, 9]},
    "file": {
        "maxSelect": [0, 1, 2, 999],
        "maxSize": [0, 1 << 40],
        "mimeTypes": [[], ["image/png"]],
        "thumbs": [["9x9"]],
    },
    "relation": {"maxSelect": [0, 1, 5, 999, 2000], "minSelect": [0, 1], "cascadeDelete": [True, False]},
    "json": {"maxSize": [0, 2000]},
    "geoPoint": {},
    "password": {"min": [0, 2], "max": [0, 20], "cost": [0, 10]},
}


@st.composite
def fields(draw: st.DrawFn, name: str, targets: list[str]) -> Json:
    kind = draw(st.sampled_from(sorted(OPTIONS)))
    body: Json = {"name": name, "type": kind, "hidden": draw(st.booleans())}
    if kind != "autodate":
        body |= {"required": draw(st.booleans()), "help": draw(st.sampled_from(["", '"q"', "two\nlines"]))}
    body |= {option: draw(st.sampled_from(values)) for option, values in OPTIONS[kind].items()}
    match kind:
        case "autodate":
            body["onCreate"] = not body["onUpdate"]
        case "number" if body["onlyInt"] and body["min"] == 0.5:
            body["min"] = None
        case "select":
            body["values"] = draw(st.lists(st.sampled_from(VALUES), min_size=1, unique=True))
            body["maxSelect"] = min(body["maxSelect"], len(body["values"]))
        case "relation":
            body["collectionId"] = draw(st.sampled_from(targets))
    if draw(st.integers(0, 9)) == 0:
        body["id"] = f"own{draw(st.integers(0, 10**6))}"
    return body


@st.composite
def schemas(draw: st.DrawFn) -> list[Json]:
    names = draw(st.lists(st.sampled_from(COLLECTIONS), min_size=1, max_size=4, unique_by=str.lower))
    targets = [f"pbc_own{number}" for number in range(len(names))]
    found: list[Json] = []
    for name, own_id in zip(names, targets, strict=True):
        inner = draw(st.lists(st.sampled_from(FIELDS), max_size=12, unique_by=str.lower))
        body: Json = {"id": own_id, "name": name, "type": draw(st.sampled_from(["base", "auth"]))}
        body |= {f"{verb}Rule": draw(st.sampled_from(RULES)) for verb in ("list", "view", "create", "update", "delete")}
        body["fields"] = [draw(fields(each, targets)) for each in inner]
        indexed = [each["name"] for each in body["fields"] if each["type"] in ("text", "number", "email", "date")]
        body["indexes"] = [
            draw(st.sampled_from(INDEXES)).format(table=name, column=column, number=f"{own_id}{number}")
            for number, column in enumerate(indexed[:2])
        ]
        found.append(body)
    shown = [each["name"] for each in found[0]["fields"] if each["type"] != "password"]
    columns = "".join(f", `{column}`" for column in shown)
    query = f"SELECT id{columns}, (1) AS one, 'a' AS `class_` FROM `{found[0]['name']}`"
    return [
        *found,
        {"name": "a_view", "type": "view", "viewQuery": query, "listRule": draw(st.sampled_from(RULES[:3]))},
    ]


INDEXES = [
    "CREATE UNIQUE INDEX `idx_{table}_{column}` ON `{table}` (`{column}`)",
    "CREATE UNIQUE INDEX `idx_{table}_{column}` ON `{table}` (`{column}`) WHERE `{column}` != ''",
    "CREATE INDEX `idx_{table}_{column}` ON `{table}` (`{column}` DESC)",
    "CREATE INDEX IF NOT EXISTS odd{number} ON {table} ([{column}], id COLLATE NOCASE asc)",
    "create index `low{number}` on `{table}` (lower(`{column}`), `id`) where `{column}` > 'x)y'",
]
counted = itertools.count()


@pytest.fixture(scope="module")
def any_server() -> Any:
    with PocketBaseServer() as server, server.client() as pb:
        if is_before(server.version, "0.37"):
            pytest.skip("points and helps for editors are of later servers")
        yield pb


@given(schemas(), st.booleans())
@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_collections_make_the_round_trip(
    any_server: PocketBase,
    spare_client: PocketBase,
    first_collections: list[Record],
    collections: list[Json],
    enums: bool,
) -> None:
    for pb in (any_server, spare_client):
        pb.collections.import_collections(first_collections, delete_missing=True)
    try:
        any_server.collections.import_collections(collections)
    except ClientResponseError:
        assume(False)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"any_schema_{next(counted)}.py"
        text = pull(any_server, file, enums=enums)
        models = load_models(file.name, file.parent)

    assert not diff(any_server, *models, exact=True)
    push(spare_client, *models, exact=True, allow_data_loss=True)
    assert exported(spare_client) == exported(any_server)
    assert pull(spare_client, enums=enums) == text
