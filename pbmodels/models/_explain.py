"""What a query would send, to look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pbmodels._filter_text import Grammar
from pbmodels.client._request import encode_query
from pbmodels.models._context import client_of
from pbmodels.models._errors import NotConnected

if TYPE_CHECKING:
    from pbmodels.models._cursor import Cursor
    from pbmodels.models._query import Query


@dataclass(frozen=True)
class Explanation:
    """The first request of a query, as it would be sent; `print` shows it.

    Attributes:
        method: The HTTP method.
        url: The whole address, percent-encoded; without the server's part where no client is connected.
        filter: The conditions, "" for none.
        sort: The order.
        expand: The relations that come along, "" for none.
        fields: The fields that are asked for, "" for all.
        per_page: Records on a page.
        paging: How the pages that follow are asked for.
        parts: How many walks the query takes: more than one where a list of values is too long for one filter.
    """

    method: str
    url: str
    filter: str
    sort: str
    expand: str
    fields: str
    per_page: int
    paging: str
    parts: int

    def __str__(self) -> str:
        rows = [
            ("filter", self.filter or "none: all records"),
            ("sort", self.sort),
            ("expand", self.expand),
            ("fields", self.fields or "all"),
            ("pages", f"{self.per_page} records each, {self.paging}"),
            ("parts", f"{self.parts}, as the filter is too long for one request" if self.parts > 1 else ""),
        ]
        return "\n".join([f"{self.method} {self.url}", *(f"  {name:<7}{text}" for name, text in rows if text)])


def explanation(query: Query[Any], cursors: list[Cursor]) -> Explanation:
    """The explanation of a query that would be walked through in this way."""
    cursor = cursors[0]
    call = cursor.next().call
    filter_text = "" if call.filter is None else call.filter.render(Grammar.ESCAPED)
    values = {**call.query, **({"filter": filter_text} if filter_text else {})}
    try:
        origin = client_of(query._model).url
    except NotConnected:
        origin = ""
    if query._limit is not None and query._limit <= cursor.size:
        paging = "of which one is asked for"
    elif cursor.keyset is not None:
        paging = "each by the key that the last one ended with"
    else:
        paging = "each by its number, as this order is no key"
    return Explanation(
        method=call.method,
        url=f"{origin}{call.path}?{encode_query(values)}",
        filter=filter_text,
        sort=str(values.get("sort", "")),
        expand=values.get("expand", ""),
        fields=values.get("fields", ""),
        per_page=cursor.size,
        paging=paging,
        parts=len(cursors),
    )
