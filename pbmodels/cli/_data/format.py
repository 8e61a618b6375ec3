"""The file formats by name, for the commands' options; imports nothing."""

from __future__ import annotations

import enum


class Format(enum.StrEnum):
    """A file format."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"
