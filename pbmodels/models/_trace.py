"""Counting requests, and warning where related records are fetched one by one."""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import httpx

from pbmodels.client._tracing import tracing

_PACKAGE = str(Path(__file__).parent.parent)


class OneByOneWarning(UserWarning):
    """Records are fetched one by one that could have come along: "N+1"."""


class RequestTrace:
    """The requests of a `with trace_requests()` block.

    Attributes:
        requests: Method and path of each, in order.
        fetched: How often something was fetched for one record alone, by what it was: `Post.author`.
    """

    def __init__(self, warn_after: int) -> None:
        self.requests: list[tuple[str, str]] = []
        self.fetched: Counter[str] = Counter()
        self._warn_after = warn_after

    @property
    def count(self) -> int:
        """How many requests there were."""
        return len(self.requests)

    def __repr__(self) -> str:
        one_by_one = "".join(f", {what} {count} times" for what, count in self.fetched.most_common())
        return f"<RequestTrace: {self.count} requests{one_by_one}>"

    def _see(self, request: httpx.Request) -> None:
        self.requests.append((request.method, request.url.path))

    def _note(self, what: str, instead: str) -> None:
        self.fetched[what] += 1
        if self.fetched[what] == self._warn_after:
            warnings.warn(
                f"{what} was fetched for one record at a time, {self._warn_after} times by now, and each is a request: "
                f"{instead}",
                OneByOneWarning,
                stacklevel=_outside(),
            )


_current: ContextVar[RequestTrace | None] = ContextVar("pbmodels_trace", default=None)


@contextmanager
def trace_requests(*, warn_after: int = 3) -> Generator[RequestTrace]:
    """Count the requests of a block, and warn where related records are fetched one by one.

    For development and tests: around a view, a job, or a test's body. It sees what this thread or task sends, and the
    tasks that it starts.

    Args:
        warn_after: How many fetches of the same kind are too many.

    Returns:
        What was sent, as a `RequestTrace`.

    Warns:
        OneByOneWarning: `post.author.get()`, `post.comments`, `User.get(id)` or `Comment.where(Comment.post == post)`
            runs in a loop; it says what to write instead.

    Example:
        >>> with trace_requests() as trace:
        ...     posts = Post.where().expand(Post.author).all()
        >>> trace.count, dict(trace.fetched)
        (1, {})
    """
    trace, outer, seen = RequestTrace(warn_after), _current.get(), tracing.get()

    def see(request: httpx.Request) -> None:
        trace._see(request)
        if seen is not None:
            seen(request)

    tokens = _current.set(trace), tracing.set(see)
    try:
        yield trace
    finally:
        _current.reset(tokens[0])
        tracing.reset(tokens[1])
        if outer is not None:
            outer.fetched.update(trace.fetched)


def is_traced() -> bool:
    """Whether anyone wants to know what is fetched here."""
    return _current.get() is not None


def note(what: str, instead: str) -> None:
    """Something is fetched for one record alone.

    Args:
        what: The model's field, or the call.
        instead: What to write, so that it comes along with the others.
    """
    trace = _current.get()
    if trace is not None:
        trace._note(what, instead)


def note_get(model: type, verb: str = "get") -> None:
    """A model's `get` or `get_or_none` was called."""
    name = model.__name__
    note(f"{name}.{verb}()", f"collect the ids, and write {name}.where({name}.id.in_(ids)).all()")


def _outside() -> int:
    """How far up the code is that called this package, for a warning that `_note` gives."""
    frame, level = sys._getframe(2), 2
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame, level = frame.f_back, level + 1
    return level
