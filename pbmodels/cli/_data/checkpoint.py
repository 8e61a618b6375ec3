"""Where an export or import stands, kept beside its file: whoever starts it again goes on from there."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Checkpoint:
    """What is done of a job.

    Attributes:
        path: The file that keeps it.
        job: What the job is; kept progress of another one does not count.
        records: Records done.
        values: What else the job must know to go on.
    """

    path: Path
    job: dict[str, Any]
    records: int = 0
    values: dict[str, Any] = field(default_factory=dict)

    def load(self) -> bool:
        """Go on where the same job was left; whether there is such a place."""
        try:
            kept = json.loads(self.path.read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return False
        if not isinstance(kept, dict) or kept.get("job") != self.job:
            return False
        self.records, self.values = kept["records"], kept["values"]
        return True

    def save(self, **values: Any) -> None:
        """Keep it, as a whole or not at all."""
        self.values.update(values)
        fresh = self.path.with_name(f"{self.path.name}.new")
        fresh.write_text(json.dumps({"job": self.job, "records": self.records, "values": self.values}), "utf-8")
        os.replace(fresh, self.path)

    def remove(self) -> None:
        """Forget it: the job is done."""
        self.path.unlink(missing_ok=True)
