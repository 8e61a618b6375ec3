"""`pbmodels import`: the records of a file, into a collection."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ._data.existing import Existing
from ._data.format import Format
from ._run import Run, command


@command()
def import_(
    run: Run,
    file: Annotated[Path, typer.Argument(help="The file; - is stdin.")],
    collection: Annotated[str, typer.Argument(help="The collection's name.")],
    format: Annotated[
        Format | None, typer.Option(help="jsonl, csv or parquet; else what the file's name says, jsonl on stdin.")
    ] = None,
    existing: Annotated[
        Existing, typer.Option(help="What becomes of a record whose id is there: fail, skip it, or update it.")
    ] = Existing.FAIL,
    files: Annotated[
        Path | None, typer.Option(help="Upload the records' files too, from FOLDER/RECORD_ID/NAME in this folder.")
    ] = None,
    random_passwords: Annotated[
        bool, typer.Option("--random-passwords", help="Give new auth records without a password a random one.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the file; send nothing.")] = False,
    restart: Annotated[
        bool, typer.Option("--restart", help="Begin anew; without it, an interrupted import goes on.")
    ] = False,
) -> None:
    """Write a file's records into a collection; all are checked before the first is sent."""
    from ._data.formats import format_of, need_parquet
    from ._data.importing import Import
    from ._progress import progress

    source = None if str(file) == "-" else file
    kind = format_of(source, format)
    if kind is Format.PARQUET:
        need_parquet()
    with run.client() as pb:
        job = Import(pb, collection, source, kind, existing, files, random_passwords)
        total = job.check() if source is not None or dry_run else None
        if not dry_run:
            with progress(run, f"Importing {collection}", total, goes_on=source is not None) as tick:
                job.run(tick, restart=restart)
    if dry_run:
        run.answer({"collection": collection, "records": total, "written": 0}, f"no fault in {total or 0:,} records")
        return
    facts = {
        "collection": collection,
        "records": total,
        "written": job.written,
        "skipped": job.skipped,
        "resumed_after": job.resumed,
    }
    text = f"{job.written:,} records written to {collection}"
    if job.skipped:
        text += f", {job.skipped:,} that were there skipped"
    if job.resumed:
        text += f", {job.resumed:,} from before"
    run.answer(facts, text)
