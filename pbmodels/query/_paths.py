"""What stands on one side of a comparison: a path through fields and relations, and what lies at its end."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, replace

from pbmodels._errors import FilterError


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

UNKNOWN = "?"
"""As a path's `nothing`: only the server knows what lies there, so no opposite of an order can be written."""

ANY_ONLY = "!"
"""As a path's `nothing`: PocketBase asks it of any record of a list and never of each, so it has no opposite."""

_KEY = re.compile(r"[A-Za-z0-9_]+")


@dataclass(frozen=True, slots=True)
class Path:
    """One field, macro or function as a filter names it.

    Attributes:
        text: The path in PocketBase's words: `title`, `author.name`, `@now`.
        kind: The kind of the field at its end, None when only the server knows.
        multiple: Whether the field holds several values (a multi-select, several relations or files).
        any_of: Whether there are several values, of which one shall fit.
        every: Whether there are several values, all of which shall fit.
        gaps: Whether some of the several values may be missing between others.
        through: The relation that the path goes through last, "" when the field is the record's own.
        label: How messages name the field: `posts.title`.
        nothing: What is true exactly where the path leads to no value, "" where its kind and `through` say it.
        by_is: Whether no value equals null alone, and not "" as well.
        options: The values that a select can have, none where they are not known.
        group: The list that it goes through: comparisons on one list are about one item. "" where the text says it.
        owner: The collection whose records it starts at, "" for what a query of any collection may ask.
    """

    text: str
    kind: Kind | None = Kind.TEXT
    multiple: bool = False
    any_of: bool = False
    through: str = ""
    label: str = ""
    every: bool = False
    gaps: bool = False
    nothing: str = ""
    by_is: bool = False
    group: str = ""
    options: tuple[str, ...] = ()
    owner: str = ""

    @property
    def name(self) -> str:
        """The field as messages name it."""
        return self.label or self.text

    @property
    def several(self) -> bool:
        """Whether the path goes through something that holds several values."""
        return self.any_of or self.every

    @property
    def strict(self) -> bool:
        """Whether no value equals null alone."""
        return self.by_is or self.kind is Kind.JSON

    @property
    def list_name(self) -> str:
        """What the list is known by that the path goes through or leads to: where it starts."""
        return self.group or re.split(r"[.:]", self.text, maxsplit=1)[0]

    @property
    def depth(self) -> int:
        """How many relations the server has followed at the end of this one."""
        if self.group.startswith("@"):
            return self.text.removeprefix(self.group).count(".")
        return self.text.count(".") + 1

    @property
    def is_item(self) -> bool:
        """Whether it leads to the items of a list."""
        return self.text.endswith(":each")

    def behind(
        self, name: str, label: str, kind: Kind | None, multiple: bool = False, options: tuple[str, ...] = ()
    ) -> Path:
        """The path to a field of the records that this relation leads to.

        Raises:
            FilterError: Some of its lists are asked for any of their items and others for each.
        """
        before = self.text.removesuffix(":each")
        if self.every and self.multiple:
            raise FilterError(
                f"{self.name} is another list behind a list: write {self.name}.each to ask for each of its items"
            )
        return Path(
            f"{before}.{name}",
            kind,
            multiple,
            any_of=self.any_of or (self.multiple and not self.every),
            every=self.every,
            gaps=self.gaps or (self.several and not self.is_item),
            through=before,
            label=f"{self.name}.{label}",
            nothing=UNKNOWN if kind is None else "",
            group=self.group,
            options=options,
            owner=self.owner,
        )

    def item(self, every: bool) -> Path:
        """The items of this list: one of them, or each.

        Raises:
            FilterError: It is no list, or lies behind one that is asked the other way.
        """
        word = "each" if every else "any"
        if not self.multiple and self.kind is not None:
            raise FilterError(f"{self.name} holds one value: .{word} is for lists")
        if self.several and self.every is not every:
            raise FilterError(f"{self.name} is a list behind a list: ask for .any or for .each of both")
        return replace(
            self,
            text=f"{self.text}:each",
            multiple=False,
            any_of=not every,
            every=every,
            gaps=self.several,
            nothing=self.nothing or f"{self.text}:length = 0",
            group=self.list_name,
        )

    def dual(self) -> Path:
        """The same values, each of which shall fit where one should, and the other way round."""
        return replace(self, any_of=self.every, every=self.any_of)

    def whole(self) -> Path:
        """The list that this is an item of."""
        return replace(
            self,
            text=self.text.removesuffix(":each"),
            multiple=True,
            any_of=self.any_of and self.gaps,
            every=self.every and self.gaps,
            nothing="",
        )

    def length(self) -> Path:
        """How many items this list has; 0 also behind a relation that is not set.

        Raises:
            FilterError: It is no list.
        """
        if not self.multiple and self.kind is not None:
            raise FilterError(f"{self.name} holds one value: .length is for lists")
        return replace(
            self,
            text=f"{self.text}:length",
            kind=Kind.NUMBER,
            multiple=False,
            through="",
            label=f"{self.name}.length",
            nothing=UNKNOWN if self.text.startswith("@request.auth.") else "",
            group=self.list_name,
        )

    def lower(self) -> Path:
        """This text in small ASCII letters.

        Raises:
            FilterError: It is no text.
        """
        textual = self.kind is None or self.kind in TEXTUAL
        if self.text.endswith(":lower"):
            return self
        if self.multiple or not textual or ":" in self.text or "(" in self.text:
            raise FilterError(
                f"{self.name} is not text{f' (but {self.kind})' if self.kind else ''}: .lower() is for texts"
            )
        return replace(self, text=f"{self.text}:lower", label=f"{self.name}.lower()", group=self.list_name, options=())

    def key(self, key: str | int) -> Path:
        """What lies under a key, or at an index, of this json.

        Raises:
            FilterError: It is no json, or PocketBase's filter language cannot name the key.
        """
        if self.kind is not Kind.JSON:
            raise FilterError(f"{self.name} is a {self.kind}, and only json has keys and indexes")
        if not isinstance(key, str) and (not isinstance(key, int) or isinstance(key, bool) or key < 0):
            raise FilterError(f"{self.name}[{key!r}]: a key of json is text, or an index from 0")
        return replace(self, text=f"{self.text}.{checked_key(key, self.name)}", label=f"{self.name}[{key!r}]")

    def coordinate(self, name: str) -> Path:
        """The longitude (`lon`) or latitude (`lat`) of this point."""
        return replace(self, text=f"{self.text}.{name}", kind=Kind.NUMBER, label=f"{self.name}.{name}", by_is=True)


def checked_key(key: str | int, where: str) -> str:
    """One segment of a path.

    Raises:
        FilterError: The filter language has no way to name it.
    """
    text = str(key)
    if not _KEY.fullmatch(text):
        raise FilterError(
            f"{where}[{key!r}]: PocketBase's filter language names keys of ASCII letters, digits and _ only; "
            "ask for less and filter the rest in Python"
        )
    if isinstance(key, str) and text.isdecimal():
        raise FilterError(
            f"{where}[{key!r}]: PocketBase takes digits for an index of a list; "
            f"write [{text}] for that, or rename the key"
        )
    return text
