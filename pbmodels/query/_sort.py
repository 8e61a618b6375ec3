"""One term of an order."""

from __future__ import annotations

from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Sort:
    """One term of an order: `-Post.created` sorts by `created`, newest first.

    Example:
        >>> str(Sort("created", descending=True))
        '-created'
    """

    path: str
    descending: bool = False
    owner: str = field(default="", repr=False, compare=False)

    def __neg__(self) -> Sort:
        return replace(self, descending=not self.descending)

    def __pos__(self) -> Sort:
        return self

    def __str__(self) -> str:
        return f"-{self.path}" if self.descending else self.path
