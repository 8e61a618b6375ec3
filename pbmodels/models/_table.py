"""Records as a small HTML table, which notebooks show for a query set or a page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from pbmodels.models._specs import specs_of
from pbmodels.models._state import values_of
from pbmodels.models._wire import shown

if TYPE_CHECKING:
    from pbmodels.models._collection import Collection

ROWS = 10
"""Records that a notebook shows."""

_WIDTH = 60


def html_table(model: type[Collection], records: Sequence[Collection]) -> str:
    """The first records with the fields that they hold, everything escaped."""
    specs = specs_of(model)
    shown_records = records[:ROWS]
    names = [name for name in specs if any(name in values_of(record) for record in shown_records)]
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    rows = "".join(f"<tr>{''.join(_cell(record, name) for name in names)}</tr>" for record in shown_records)
    count = f"the first {ROWS}" if len(records) > ROWS else f"{len(records)} record{'' if len(records) == 1 else 's'}"
    caption = f"<caption>{escape(model.__collection__)}: {count}</caption>"
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _cell(record: Collection, name: str) -> str:
    values = values_of(record)
    if name not in values:
        return "<td></td>"
    value: Any = shown(specs_of(type(record))[name], values[name])
    text = "" if value is None else value if isinstance(value, str) else str(value)
    return f"<td>{escape(text if len(text) <= _WIDTH else f'{text[: _WIDTH - 1]}…')}</td>"
