"""What stands on the left of a comparison: a path through fields and relations, and what lies at its end."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Kind(enum.StrEnum):
    """The kinds of PocketBase's fields, by the server's own names."""

    TEXT = "text"
    EDITOR = "editor"
    URL = "url"
    EMAIL = "email"
    PASSWORD = "password"
    NUMBER = "number"
    BOOL = "bool"
    DATE = "date"
    AUTODATE = "autodate"
    SELECT = "select"
    JSON = "json"
    FILE = "file"
    RELATION = "relation"
    GEO_POINT = "geoPoint"


TEXTUAL = frozenset({Kind.TEXT, Kind.EDITOR, Kind.URL, Kind.EMAIL, Kind.PASSWORD, Kind.SELECT, Kind.FILE})
DATES = frozenset({Kind.DATE, Kind.AUTODATE})


@dataclass(frozen=True, slots=True)
class Path:
    """One field as a filter names it.

    Attributes:
        text: The path in PocketBase's words: `title`, `author.name`.
        kind: The kind of the field at its end.
        multiple: Whether the field holds several values (a multi-select, several relations or files).
        any_of: Whether the path goes through something that holds several records.
        through: The relation that the path goes through last, "" when the field is the record's own.
        label: How messages name the field: `posts.title`.
    """

    text: str
    kind: Kind = Kind.TEXT
    multiple: bool = False
    any_of: bool = False
    through: str = ""
    label: str = ""

    @property
    def name(self) -> str:
        """The field as messages name it."""
        return self.label or self.text
