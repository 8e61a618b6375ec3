"""`pbmodels export`: the records of a collection, as a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ._data.format import Format
from ._failures import UsageError
from ._run import Run, command


@command()
def export(
    run: Run,
    collection: Annotated[str, typer.Argument(help="The collection's name.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write; without it, stdout.")
    ] = None,
    format: Annotated[
        Format | None, typer.Option(help="jsonl, csv or parquet; else what the file's name says, jsonl on stdout.")
    ] = None,
    filter: Annotated[str | None, typer.Option(help="Only records that match, e.g. 'views > 3'.")] = None,
    fields: Annotated[
        str | None, typer.Option(help="Only these fields, e.g. title,views; the id comes always.")
    ] = None,
    files: Annotated[
        Path | None, typer.Option(help="Fetch the records' files too, into this folder: FOLDER/RECORD_ID/NAME.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
    restart: Annotated[
        bool, typer.Option("--restart", help="Begin anew; without it, an interrupted export goes on.")
    ] = False,
) -> None:
    """Write a collection's records as JSON lines, CSV or Parquet."""
    from ._data.exporting import Export
    from ._data.formats import format_of
    from ._progress import progress

    kind = format_of(output, format)
    if output is None and (kind is Format.PARQUET or run.as_json):
        raise UsageError("give the file to write: --output FILE")
    if output is not None and output.exists() and not force:
        raise UsageError(f"{output} is there already; --force replaces it")
    names = [name.strip() for name in (fields or "").split(",") if name.strip()]
    with run.client() as pb:
        job = Export(pb, collection, kind, filter, names, files)
        with progress(run, f"Exporting {collection}", job.total, goes_on=output is not None) as tick:
            if output is None:
                job.to_stream(sys.stdout.buffer, tick)
                sys.stdout.buffer.flush()
                return
            job.to_file(output, tick, restart=restart)
    facts = {
        "collection": collection,
        "file": str(output),
        "records": job.records,
        "resumed_after": job.resumed,
        "files": job.file_count,
    }
    text = f"{job.records:,} records of {collection} in {output}"
    if job.resumed:
        text += f", the first {job.resumed:,} from before"
    if files is not None:
        text += f"; {job.file_count:,} files fetched into {files}"
    run.answer(facts, text)
