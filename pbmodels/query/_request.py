"""What only the server knows: the request that it decides on (`request`), and collections without a model.

API rules are where these belong; in queries, `@request` and `@collection` are for superusers.
Source: PocketBase documentation, "API rules and filters".
"""

from __future__ import annotations

from typing import Any

from pbmodels._errors import FilterError
from pbmodels.query._expressions import Expr
from pbmodels.query._paths import UNKNOWN, Kind, Path, checked_key

_SYSTEM_NAMES = {
    "collection_id": "collectionId",
    "collection_name": "collectionName",
    "email_visibility": "emailVisibility",
}
_ALWAYS_THERE = frozenset({"id", "email", "verified", *_SYSTEM_NAMES.values()})
"""Fields of whoever is signed in that are missing for guests only."""


class OpenExpr(Expr[Any]):
    """A field that no model describes: it takes every value, and any name leads on from it.

    | you write | it sends |
    |---|---|
    | `request.auth.team.name == "red"` | `@request.auth.team.name = "red"` |
    | `request.body.tags.any == "news"` | `@request.body.tags:each ?= "news"` |
    | `request.body["length"] > 3` | `@request.body.length > 3` |

    A name that is taken by a method, such as `length`, is written in brackets.
    """

    __slots__ = ()

    def __getattr__(self, name: str) -> OpenExpr:
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, key: str | int) -> OpenExpr:
        path = self._path
        return OpenExpr(path.behind(checked_key(key, path.name), str(key), None))

    def _at(self, path: Path) -> OpenExpr:
        return OpenExpr(path)

    def _submitted(self, modifier: str) -> Path:
        path = self._path
        sources = (
            ("@request.body.",) if modifier == "changed" else ("@request.body.", "@request.query.", "@request.headers.")
        )
        if not path.text.startswith(sources) or ":" in path.text:
            raise FilterError(f"{path.name}.{modifier} is for what a request brings: request.body.title.{modifier}")
        return Path(f"{path.text}:{modifier}", Kind.BOOL, label=f"{path.name}.{modifier}")


class Fields:
    """What can be asked of one part of the request, by name: `request.body.title`, `request.body["title"]`."""

    __slots__ = ("_source",)

    def __init__(self, source: str) -> None:
        self._source = source

    def __getattr__(self, name: str) -> OpenExpr:
        if name.startswith("__"):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, name: str) -> OpenExpr:
        source, label = self._source, f"request.{self._source}"
        if source == "headers":
            name = name.lower().replace("-", "_")
        elif source == "auth":
            name = _SYSTEM_NAMES.get(name, name)
        text = f"@request.{source}.{checked_key(name, label)}"
        nothing = UNKNOWN
        if source in ("query", "headers"):
            nothing = f"{text}:isset = false"
        elif source == "auth" and name in _ALWAYS_THERE:
            nothing = '@request.auth.id = ""'
        return OpenExpr(
            Path(text, None, through=f"@request.{source}", label=f"{label}.{name}", nothing=nothing, group=text)
        )

    def __repr__(self) -> str:
        return f"<request.{self._source}>"


class Request:
    """The request that an API rule decides on.

    | you write | it sends |
    |---|---|
    | `Post.author == request.auth.id` | `author = @request.auth.id` |
    | `request.auth.id != ""` | `@request.auth.id != ""` |
    | `request.auth.collection_name == "users"` | `@request.auth.collectionName = "users"` |
    | `request.body.title.isset` | `@request.body.title:isset = true` |
    | `request.body.role.changed` | `@request.body.role:changed = true` |
    | `request.query.page == "1"` | `@request.query.page = "1"` |
    | `request.headers["X-Token"] == "t"` | `@request.headers.x_token = "t"` |
    | `request.method == "POST"` | `@request.method = "POST"` |
    | `request.context != "oauth2"` | `@request.context != "oauth2"` |

    Attributes:
        auth: The fields of whoever is signed in, none for guests.
        body: What is sent, by field.
        query: The query parameters, which are texts.
        headers: The headers, which are texts.
        method: The HTTP method.
        context: Where the rule is asked: `default`, `batch`, `oauth2`, `otp`, `password`, `realtime`, `protectedFile`.
    """

    __slots__ = ("auth", "body", "context", "headers", "method", "query")

    def __init__(self) -> None:
        self.auth = Fields("auth")
        self.body = Fields("body")
        self.query = Fields("query")
        self.headers = Fields("headers")
        self.method: Expr[str] = Expr(Path("@request.method", label="request.method"))
        self.context: Expr[str] = Expr(Path("@request.context", label="request.context"))

    def __repr__(self) -> str:
        return "<request>"


request = Request()
"""The request that an API rule decides on: `Post.author == request.auth.id`."""


class OpenRecords:
    """The records of a collection that no model describes: any name is a field of theirs.

    | you write | it sends |
    |---|---|
    | `collection("teams").name == "red"` | `@collection.teams.name ?= "red"` |
    | `collection("teams").each.name != "red"` | `@collection.teams.name != "red"` |
    """

    __slots__ = ("_path",)

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def any(self) -> OpenRecords:
        """The records, of which one shall fit; that is what a comparison means anyway."""
        return OpenRecords(self._path.item(every=False))

    @property
    def each(self) -> OpenRecords:
        """The records, of which each shall fit."""
        return OpenRecords(self._path.item(every=True))

    def __getattr__(self, name: str) -> OpenExpr:
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, name: str) -> OpenExpr:
        return OpenExpr(self._path.behind(checked_key(name, self._path.name), name, None))

    def __repr__(self) -> str:
        return f"<{self._path.name}>"


def records_path(name: str, alias: str | None = None, kind: Kind | None = None) -> Path:
    """The records of another collection, as a filter names them.

    Raises:
        FilterError: The name or the alias cannot be one.
    """
    for part in (name, alias):
        if part is not None:
            checked_key(part, "collection")
    text = f"@collection.{name}" + (f":{alias}" if alias else "")
    return Path(text, kind, multiple=True, label=f"collection({name!r})", nothing="" if kind else UNKNOWN, group=text)


def back_path(name: str, field: str, behind: Path | None, kind: Kind | None = None) -> Path:
    """The records of another collection whose relation leads here, as a filter names them.

    Raises:
        FilterError: The name or the field cannot be one.
    """
    text = f"{checked_key(name, 'back')}_via_{checked_key(field, 'back')}"
    label = f"back({name!r}, {field!r})"
    if behind is not None:
        return behind.behind(text, label, kind, multiple=True)
    return Path(text, kind, multiple=True, label=label, nothing="" if kind else UNKNOWN, group=text)
