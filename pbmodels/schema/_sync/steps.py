# Generated from pbmodels/schema/_async/steps.py by .ci/unasync.py: edit that file and run `make generate`.
"""What `diff`, `push` and `migrate` ask of the server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pbmodels._filter_text import GrammarNeeded
from pbmodels.client import BadRequest, ClientResponseError, Forbidden, NotFound, PocketBase, Record
from pbmodels.schema._defaults import Json
from pbmodels.schema._describe import Intent, distinct, intent_of
from pbmodels.schema._diff import Diff, compared, with_stakes
from pbmodels.schema._errors import DataLoss, NotUnique, SchemaConflict
from pbmodels.schema._import import importing
from pbmodels.schema._migration import write_migration
from pbmodels.schema._pending import migrations_in, pending_in
from pbmodels.schema._plan import normalized, planned
from pbmodels.schema._sources import MIGRATIONS
from pbmodels.schema._stakes import Stake, stakes

if TYPE_CHECKING:
    from pbmodels.models import Collection

_PAGE = 1000
_ATTEMPTS = 5


def collections_of(pb: PocketBase) -> list[Json]:
    """All collections of the server, normalized."""
    return normalized(pb.collections.get_full_list())


def intents_of(pb: PocketBase, models: Sequence[type[Collection]]) -> list[Intent]:
    """What the models say, in the grammar of this server where that matters."""
    found = distinct(models)
    try:
        return [intent_of(model, None) for model in found]
    except GrammarNeeded:
        grammar = pb.learn_grammar("/api/collections/_superusers/records")
        return [intent_of(model, grammar) for model in found]


def difference(
    pb: PocketBase,
    models: Sequence[type[Collection]],
    *,
    exact: bool,
    renames: Mapping[str, str] | None,
) -> tuple[Diff, list[Json], list[Json]]:
    """What differs, with the records at stake; and the states before and after."""
    intents = intents_of(pb, models)
    before = collections_of(pb)
    after = planned(before, intents, exact=exact, renames=renames)
    return _with_stakes(pb, before, after), before, after


def _with_stakes(pb: PocketBase, before: Sequence[Json], after: Sequence[Json]) -> Diff:
    found = compared(before, after)
    return with_stakes(found, _counted(pb, stakes(found, before, after)))


def migrate(
    pb: PocketBase,
    models: Sequence[type[Collection]],
    *,
    folder: Path,
    name: str | None,
    exact: bool,
    renames: Mapping[str, str] | None,
) -> Path | None:
    """Write a migration that leads from the server, and from what waits in the folder, to the models."""
    intents = intents_of(pb, models)
    before = collections_of(pb)
    pending = pending_in(folder, before, _applied(pb) if migrations_in(folder) else None)
    after = planned(pending.after, intents, exact=exact, renames=renames)
    # Records can be counted in collections that are there, not in those that are to be made.
    found = None if pending.files else _with_stakes(pb, before, after)
    return write_migration(pending, after, name, found)


def _applied(pb: PocketBase) -> frozenset[str] | None:
    """The names of the migrations that the server has applied; None where it is too old for SQL, or takes none."""
    found: set[str] = set()
    try:
        while True:
            rows = (pb.sql.run(f"{MIGRATIONS} LIMIT {_PAGE} OFFSET {len(found)}")).rows
            found.update(str(row[0]) for row in rows)
            if len(rows) < _PAGE:
                return frozenset(found)
    except (Forbidden, NotFound):  # a proxy may keep this path to itself
        return None


def push(
    pb: PocketBase,
    models: Sequence[type[Collection]],
    *,
    exact: bool,
    allow_data_loss: bool,
    dry_run: bool,
    renames: Mapping[str, str] | None,
) -> list[str]:
    """Bring the server in line with the models.

    Several may do so at once, such as the workers of a web back end that starts: each compares anew after another's.
    """
    for _ in range(_ATTEMPTS):
        found, before, after = difference(pb, models, exact=exact, renames=renames)
        if found.repeats:
            raise NotUnique(found)
        if found.losses and not allow_data_loss:
            raise DataLoss(found)
        collections, delete_missing = importing(before, after)
        if not collections or dry_run:
            return found.collections
        if collections_of(pb) == before:
            try:
                pb.collections.import_collections(collections, delete_missing)
                return found.collections
            except BadRequest:
                _recall_collections(pb)
                if collections_of(pb) == before:
                    raise
        if found.losses:
            break  # who allowed them saw others
    raise SchemaConflict("someone changed the server's collections just now: nothing was changed, push again")


def _recall_collections(pb: PocketBase) -> None:
    """Have the server read its collections from the database again, as it does after a save that failed.

    An import that fails is taken back in the database, but PocketBase may go on working with the collections that it
    was about to have: it read them inside the transaction. (core/collection_model.go)
    """
    with suppress(ClientResponseError):
        pb.collections.create({"name": ""})


def _counted(pb: PocketBase, found: Mapping[int, Stake]) -> dict[int, tuple[str, int | None]]:
    counts: dict[int, int] = {}
    scans: dict[str, list[int]] = {}
    for place, stake in found.items():
        if stake.fits is not None:
            counts[place] = 0
            scans.setdefault(stake.collection, []).append(place)
        elif stake.filter is not None:
            records = pb.collection(stake.collection)
            counts[place] = (records.get_list(1, 1, filter=stake.filter, fields="id")).total_items
    for collection, places in scans.items():
        for record in _records(pb, collection, {name for place in places for name in found[place].fields}):
            for place in places:
                fits = found[place].fits
                assert fits is not None
                counts[place] += not fits(record)
    return {place: (stake.reason, counts.get(place)) for place, stake in found.items()}


def _records(pb: PocketBase, collection: str, fields: set[str]) -> Iterator[Record]:
    """Every record of a collection with these fields alone, by key."""
    service, last = pb.collection(collection), ""
    while True:
        page = service.get_list(
            1,
            _PAGE,
            filter=pb.filter("id > {:last}", last=last) if last else None,
            sort="id",
            fields=["id", *sorted(fields)],
            skip_total=True,
        )
        for record in page.items:
            yield record
        if len(page.items) < _PAGE:
            return
        last = page.items[-1].id
