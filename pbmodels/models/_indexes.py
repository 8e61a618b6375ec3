"""Indexes of a collection, written as PocketBase writes them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from pbmodels.models._errors import ModelError

_COLUMN = re.compile(r"^([\s\S]+?)(?:\s+collate\s+(\w+))?(?:\s+(asc|desc))?$", re.IGNORECASE)


@dataclass(frozen=True, init=False)
class Index:
    """An index of a collection: `Index("author", "created DESC")`.

    For one field, `field(index=True)` and `field(unique=True)` say the same.

    Attributes:
        columns: Fields by their names, or expressions such as `lower(title)`; each may end in `COLLATE NOCASE`, `DESC`.
        unique: Whether two records may not be alike in all of them.
        where: Which records the index holds, as an SQL condition; all without.
        name: The index's name; made of the collection's and the fields' by default.

    Example:
        >>> class Note(Collection, collection="notes", indexes=[Index("owner", "created DESC")]):
        ...     owner: Field[str]
        ...     created: Field[datetime] = autodate()
        >>> from pbmodels.schema import describe
        >>> print(describe(Note)["indexes"][0])
        CREATE INDEX `idx_notes_owner_created` ON `notes` (
          `owner`,
          `created` DESC
        )
    """

    columns: tuple[str, ...]
    unique: bool
    where: str
    name: str | None

    def __init__(self, *columns: str, unique: bool = False, where: str = "", name: str | None = None) -> None:
        if not columns or not all(isinstance(column, str) and column.strip() for column in columns):
            raise ModelError('an Index takes the names of its fields, as in Index("author", "created DESC")')
        for key, value in {"columns": columns, "unique": unique, "where": where.strip(), "name": name}.items():
            object.__setattr__(self, key, value)

    def sql(self, collection: str, column_of: Callable[[str], str] = str) -> str:
        """The statement that makes the index, as PocketBase writes it.

        Args:
            collection: The collection's name.
            column_of: Gives the column of a field that is called differently on the server.
        """
        parts = [_parts(column, column_of) for column in self.columns]
        name = self.name or "_".join(["idx", collection, *(re.sub(r"\W+", "_", part[0]).strip("_") for part in parts)])
        columns = [_column(*part) for part in parts]
        inner = columns[0] if len(columns) == 1 else "\n  " + ",\n  ".join(columns) + "\n"
        kind = "UNIQUE INDEX" if self.unique else "INDEX"
        where = f" WHERE {self.where}" if self.where else ""
        return f"CREATE {kind} `{name}` ON `{collection}` ({inner}){where}"


def _parts(column: str, column_of: Callable[[str], str]) -> tuple[str, str, str]:
    """Column or expression, collation, order."""
    found = _COLUMN.match(column.strip())
    assert found is not None
    return column_of(found[1].strip("`\"'[] ")), found[2] or "", (found[3] or "").upper()


def _column(name: str, collate: str, order: str) -> str:
    column = name if "(" in name or " " in name else f"`{name}`"
    return column + (f" COLLATE {collate}" if collate else "") + (f" {order}" if order else "")
