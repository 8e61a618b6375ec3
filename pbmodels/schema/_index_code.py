"""An index's SQL as `Index(...)`, or as it stands where that would not give the same SQL."""

from __future__ import annotations

from collections.abc import Callable

from pbmodels.models import Index
from pbmodels.schema._layout import Code, call, quoted
from pbmodels.schema._plan import INDEX


def index_code(sql: str, collection: str, need: Callable[[str], str]) -> Code:
    """The code of an index.

    Args:
        sql: The statement that makes it.
        collection: The collection's name.
        need: Called with each name that must be imported.

    Example:
        >>> code = index_code("CREATE INDEX `idx_a` ON `notes` (`a` COLLATE NOCASE)", "notes", str)
        >>> code.opening, code.items
        ('Index(', [('', '"a COLLATE NOCASE"'), ('name=', '"idx_a"')])
    """
    found = INDEX.match(sql.strip())
    if found is None:
        return quoted(sql)
    unique, name, _, inner, where = found.groups(default="")
    columns = [_bare(column) for column in _split(inner)]
    if not all(columns):
        return quoted(sql)
    bare_name, is_unique, condition = name.strip("`\"'[]"), bool(unique), where.strip()
    named = Index(*columns, unique=is_unique, where=condition, name=bare_name).sql(collection) == sql
    if not named:
        return quoted(sql)
    usual = Index(*columns, unique=is_unique, where=condition).sql(collection) == sql
    need("Index")
    options = {"unique": "True" if is_unique else "", "where": condition and quoted(condition)}
    options["name"] = "" if usual else quoted(bare_name)
    return call("Index", *map(quoted, columns), **{key: value for key, value in options.items() if value})


def _bare(column: str) -> str:
    """A column without the quotes around its name."""
    column = column.strip()
    if column.startswith("`") and column.count("`") == 2:
        name, _, rest = column[1:].partition("`")
        return name + rest
    return column


def _split(columns: str) -> list[str]:
    """Columns at the commas outside brackets."""
    found, depth = [""], 0
    for character in columns:
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            found.append("")
        else:
            found[-1] += character
    return found
