"""What `push` refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbmodels._errors import PocketBaseError

if TYPE_CHECKING:
    from pbmodels.schema._diff import Diff


class DataLoss(PocketBaseError):
    """A push would lose values, or leave records that no longer fit; nothing was changed.

    Attributes:
        diff: All that the push would change.
    """

    def __init__(self, diff: Diff) -> None:
        lines = "\n".join(f"  {change.name}: {change}" for change in diff.losses)
        super().__init__(
            f"this would lose data, so nothing was changed:\n{lines}\n"
            "To do it all the same, push with allow_data_loss=True (--allow-data-loss). What the models do not name "
            "stays with exact=False (--partial), and a field or collection that has a new name keeps its values with "
            "field(was=...) or renames (--rename)."
        )
        self.diff = diff


class NotUnique(PocketBaseError):
    """A push would make a unique index over records that are alike; nothing was changed.

    Attributes:
        diff: All that the push would change.
    """

    def __init__(self, diff: Diff) -> None:
        lines = "\n".join(f"  {change.collection}: {change}" for change in diff.repeats)
        super().__init__(
            f"this cannot be done, so nothing was changed:\n{lines}\n"
            "In a unique index each record differs from all others: change or delete those that repeat another first."
        )
        self.diff = diff


class SchemaConflict(PocketBaseError):
    """Someone changed the server's collections between the comparison and the change; nothing was changed."""
