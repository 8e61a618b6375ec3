"""What an import does with records that are there, for the command's options; imports nothing."""

from __future__ import annotations

import enum


class Existing(enum.StrEnum):
    """What becomes of a record whose id the collection has."""

    FAIL = "fail"
    SKIP = "skip"
    UPDATE = "update"
