"""What the client hands out: records as dictionaries with attributes, and pages of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from dateutil.parser import isoparse

T = TypeVar("T")


class Record(dict[str, Any]):
    """One record as the server sent it: a dict whose keys are attributes too.

    The typed getters take a dotted path, which goes through lists by index and through relations by
    what `expand=` brought, and give the type's empty value where there is nothing.

    Example:
        >>> post = Record(id="a", title="Hi", author="u", expand={"author": {"id": "u", "name": "Ann"}})
        >>> post.title, post.get_str("author.name"), post.get_int("views")
        ('Hi', 'Ann', 0)
    """

    def __getattr__(self, name: str) -> Any:
        try:
            value = self[name]
        except KeyError:
            known = ", ".join(sorted(self))
            raise AttributeError(
                f"this record of {self.collection_name!r} has no field {name!r}; it has {known}"
            ) from None
        return _wrap(value) if name == "expand" else value

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        try:
            del self[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def id(self) -> str:
        """The record's id, "" before it is saved."""
        return str(self.get("id", ""))

    @id.setter
    def id(self, value: str) -> None:
        self["id"] = value

    @property
    def collection_id(self) -> str:
        """The id of the collection that the record is from."""
        return str(self.get("collectionId", ""))

    @property
    def collection_name(self) -> str:
        """The name of the collection that the record is from."""
        return str(self.get("collectionName", ""))

    def get_value(self, path: str, default: Any = None) -> Any:
        """The value at a dotted path: `"author.name"`, `"expand.author.name"` and `"tags.0"` all work.

        Args:
            path: Keys joined by dots; a number is a list index.
            default: What to give when there is nothing at the path.
        """
        value: Any = self
        for key in path.split("."):
            value = _step(value, key)
            if value is None:
                return default
        return value

    def get_str(self, path: str, default: str = "") -> str:
        """The text at a dotted path; numbers and booleans as text."""
        value = self.get_value(path)
        if value is None or isinstance(value, (dict, list)):
            return default
        return str(value).lower() if isinstance(value, bool) else str(value)

    def get_int(self, path: str, default: int = 0) -> int:
        """The whole number at a dotted path; text that is a number is read, fractions are cut."""
        value = self.get_value(path)
        try:
            if isinstance(value, str) and value.removeprefix("-").isdecimal():
                return int(value)  # by way of a float it would lose digits
            return int(self.get_float(path, default))
        except (OverflowError, ValueError):
            return default

    def get_float(self, path: str, default: float = 0.0) -> float:
        """The number at a dotted path; text that is a number is read."""
        value = self.get_value(path)
        try:
            return value if isinstance(value, int) and not isinstance(value, bool) else float(value)
        except (TypeError, ValueError):
            return default

    def get_bool(self, path: str, default: bool = False) -> bool:
        """The boolean at a dotted path; "true" and "1" count as true, "", "0" and "false" as false."""
        value = self.get_value(path)
        if value is None:
            return default
        return value.lower() not in ("", "0", "f", "false") if isinstance(value, str) else bool(value)

    def get_list(self, path: str, default: list[Any] | None = None) -> list[Any]:
        """The list at a dotted path; a single value becomes a list of one, nothing an empty list."""
        value = self.get_value(path)
        if value is None:
            return [] if default is None else default
        return value if isinstance(value, list) else [value]

    def get_datetime(self, path: str, default: datetime | None = None) -> datetime | None:
        """The moment at a dotted path, in UTC; an empty date field gives the default."""
        value = self.get_value(path)
        try:
            return isoparse(value) if value else default
        except (TypeError, ValueError):
            return default


def _wrap(value: Any) -> Any:
    if isinstance(value, dict) and not isinstance(value, Record):
        return Record({key: _wrap(inner) for key, inner in value.items()})
    return [_wrap(inner) for inner in value] if isinstance(value, list) else value


def _step(value: Any, key: str) -> Any:
    if isinstance(value, dict):
        expanded = value.get("expand")
        if isinstance(expanded, dict) and key in expanded:
            return expanded[key]
        return value.get(key)
    if isinstance(value, list) and key.isdecimal() and int(key) < len(value):
        return value[int(key)]
    return None


@dataclass
class ListResult(Generic[T]):
    """One page of a list.

    Attributes:
        items: The page's items, in order.
        page: The page's number, from 1.
        per_page: How many items a page holds at most.
        total_items: How many items there are in all, -1 when `skip_total` spared the count.
        total_pages: How many pages there are in all, -1 when `skip_total` spared the count.

    Example:
        >>> list(ListResult([1, 2], page=1, per_page=2, total_items=2, total_pages=1))
        [1, 2]
    """

    items: list[T] = field(default_factory=list)
    page: int = 1
    per_page: int = 30
    total_items: int = 0
    total_pages: int = 0

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)
