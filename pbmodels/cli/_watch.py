"""`pbmodels watch`: a collection's changes, as they happen."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ._run import Run, command

if TYPE_CHECKING:
    from rich.text import Text

    from pbmodels.client import PocketBase, Record
    from pbmodels.client._realtime.plan import Event

_COLOURS = {"create": "green", "update": "yellow", "delete": "red"}
_NOISE = ("collectionId", "collectionName", "id", "created", "updated")
_LONGEST = 60


@command()
def watch(
    run: Run,
    collection: Annotated[str, typer.Argument(help="The collection's name.")],
    filter: Annotated[str | None, typer.Option(help="Only records that match, e.g. 'status = true'.")] = None,
    id: Annotated[str | None, typer.Option(help="Only this record.")] = None,
    expand: Annotated[str | None, typer.Option(help="Relations to bring along, e.g. author.")] = None,
    fields: Annotated[str | None, typer.Option(help="Only these fields, e.g. id,title.")] = None,
    count: Annotated[int | None, typer.Option(help="End after so many events.", min=1)] = None,
) -> None:
    """Show a collection's changes as they happen, until Ctrl-C; with --json, a line for each."""
    from pbmodels.client import NotFound, PocketBaseError

    events: SimpleQueue[Event[Record]] = SimpleQueue()
    with run.client() as pb:
        try:
            pb.collection(collection).subscribe(id or "*", events.put, filter=filter, expand=expand, fields=fields)
        except NotFound as error:
            what = f"record {id!r} in collection" if id else "collection"
            raise PocketBaseError(f"there is no {what} {collection!r} at {pb.url}, or a rule hides it") from error
        pb.realtime.on_disconnect = lambda topics: _broken(run, topics)
        run.notes.print(
            f"Watching {id or collection} at {pb.url}; Ctrl-C ends it.", style="dim", markup=False, soft_wrap=True
        )
        for _ in itertools.count() if count is None else range(count):
            event = _next(events, pb)
            _show(run, event)


def _broken(run: Run, topics: Sequence[str]) -> None:
    if topics:  # none when the command itself ends
        run.notes.print("The connection broke; connecting again.", style="dim")


def _next(events: SimpleQueue[Event[Record]], pb: PocketBase) -> Event[Record]:
    """The next event, as long as any can come."""
    from pbmodels.client import PocketBaseError

    while True:
        with suppress(Empty):
            return events.get(timeout=1)  # and on Windows, only a wait that ends is ended by Ctrl-C
        hub = pb.realtime._portal.hub
        if hub is None or not hub.subscriptions:  # the reason was logged
            raise PocketBaseError(f"nothing will come any more from {pb.url}: sign in again, then watch again")


def _show(run: Run, event: Event[Record]) -> None:
    if run.as_json:
        recovered = {"recovered": True} if event.recovered else {}
        run.line({"action": event.action, "record": event.record, **recovered})
        return
    shown = line(event.action, event.record, datetime.now().strftime("%H:%M:%S"))
    if event.recovered:
        shown.append(" recovered", "dim italic")
    run.console.print(shown, soft_wrap=True)


def line(action: str, record: Mapping[str, Any], time: str) -> Text:
    """An event as a line in colour."""
    from rich.text import Text

    shown = Text().append(time, "dim")
    shown.append(f" {action:<6} ", f"bold {_COLOURS.get(action, 'magenta')}")
    shown.append(str(record.get("id", "")), "cyan")
    for name, value in record.items():
        if name in _NOISE or value in ("", [], {}, None):
            continue
        text = json.dumps(value, ensure_ascii=False) if not isinstance(value, str) else repr(value)
        if len(text) > _LONGEST:
            text = f"{text[:_LONGEST]}…"
        shown.append(f" {name}", "dim").append("=", "dim").append(text)
    return shown
