"""What is listened to: a topic as the server wants it written.

Source: PocketBase documentation, "Web APIs reference: API Realtime".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from pbmodels._filter_text import FilterSource, Grammar, Parameters
from pbmodels.client._errors import InvalidRequest
from pbmodels.client._record_calls import Paths, records_path
from pbmodels.client._request import FilterLike, Headers, Query, list_query, query_value

_PLAIN = "!'()*"  # what the official JavaScript SDK does not percent-encode

MAX_TOPIC = 2500
"""Characters of a topic that the server accepts."""

MAX_TOPICS = 1000
"""Topics of one connection that the server accepts."""


@dataclass(frozen=True)
class Topic:
    """What to listen to: all records of a collection, or one.

    Attributes:
        collection: The collection's name or id.
        record_id: One record's id, None for all.
        filter: Only records that match.
        expand: Relations to bring along.
        fields: Fields to give, all by default.
        query: More query parameters, which API rules can see.
        headers: Headers, which API rules can see too.
    """

    collection: str
    record_id: str | None = None
    filter: FilterLike | None = None
    expand: Paths | None = None
    fields: Paths | None = None
    query: Query | None = None
    headers: Headers | None = None

    @property
    def records_path(self) -> str:
        """The path of the collection's records, where the server's grammar can be asked for."""
        return records_path(self.collection)

    def text(self, grammar: Grammar | None) -> str:
        """The topic as it is subscribed to; `GrammarNeeded` when that depends on a grammar not given.

        Raises:
            InvalidRequest: It is longer than the server accepts, or the id cannot be one.
        """
        if self.record_id is not None and (not self.record_id or "/" in self.record_id or "?" in self.record_id):
            raise InvalidRequest(f"{self.record_id!r} is no record id to watch")
        condition = self.filter if isinstance(self.filter, str | None) else self.filter.render(grammar)
        query = list_query(filter=condition, expand=self.expand, fields=self.fields, query=self.query)
        name = with_options(f"{self.collection}/{self.record_id or '*'}", query, self.headers)
        if len(name) > MAX_TOPIC:
            raise InvalidRequest(
                f"watching {self.collection!r} with these conditions takes a topic of {len(name)} characters, "
                f"and PocketBase accepts {MAX_TOPIC}; use fewer conditions and test the rest in Python"
            )
        return name


def with_options(name: str, query: Mapping[str, Any] | None, headers: Headers | None) -> str:
    """A topic's name with its options, as the official SDKs write them."""
    values = {key: query_value(value) for key, value in (query or {}).items() if value is not None}
    options: dict[str, Any] = {
        **({"query": values} if values else {}),
        **({"headers": dict(headers)} if headers else {}),
    }
    if not options:
        return name
    text = json.dumps(options, ensure_ascii=False, separators=(",", ":"))
    return f"{name}{'&' if '?' in name else '?'}options={quote(text, safe=_PLAIN)}"


def custom_topic(
    name: str,
    *,
    filter: FilterLike | None = None,
    expand: Paths | None = None,
    fields: Paths | None = None,
    query: Query | None = None,
    headers: Headers | None = None,
    grammar: Grammar | None = None,
) -> str:
    """A topic that is given by its name, records or not.

    Raises:
        InvalidRequest: It is empty, or longer than the server accepts.
        GrammarNeeded: The filter depends on a grammar not given.
    """
    if not isinstance(name, str) or not name:
        raise InvalidRequest("subscribe() needs a topic, such as 'posts/*' or 'posts/RECORD_ID'")
    condition = filter if isinstance(filter, str | None) else filter.render(grammar)
    text = with_options(name, list_query(filter=condition, expand=expand, fields=fields, query=query), headers)
    if len(text) > MAX_TOPIC:
        raise InvalidRequest(
            f"the topic {name[:100]!r} takes {len(text)} characters, and PocketBase accepts {MAX_TOPIC}"
        )
    return text


def has_name(text: str, name: str) -> bool:
    """Whether a topic has this name, whatever its options; a name with options means exactly those."""
    return f"{text}?".startswith(name if "?" in name else f"{name}?")


@dataclass(frozen=True)
class Narrowed(FilterSource):
    """A condition with another one, as text.

    Attributes:
        condition: Any filter, or None.
        extra: What has to hold besides.
    """

    condition: FilterLike | None
    extra: str

    def render(self, grammar: Grammar | None, parameters: Parameters | None = None) -> str:
        """The text; `GrammarNeeded` when it depends on a grammar not given."""
        condition = self.condition
        text = condition if isinstance(condition, str | None) else condition.render(grammar, parameters)
        return f"({text}\n) && ({self.extra})" if text else self.extra  # the line ends a comment that text may end in
