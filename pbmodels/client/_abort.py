"""Giving requests up while they are under way: `with AbortController() as controller:`.

Hand-written in both flavours, for what is to be ended differs: a thread waits for a socket, a task for a task.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

import httpcore

from pbmodels.client._breakable import BreakableBackend
from pbmodels.client._errors import RequestAborted
from pbmodels.client._pool import Pool

if TYPE_CHECKING:
    from pbmodels.client._request import Call
    from pbmodels.client._transport import Wire

T = TypeVar("T")

_current: ContextVar[AbortController | None] = ContextVar("pbmodels_abort", default=None)


class AbortController:
    """Gives up the requests of a `with` block, from any thread.

    `abort()` ends the request that is under way in the block, with a `RequestAborted`, and refuses those that follow.
    It counts for the thread or task that entered the block, and for every client and model used in it. Requests of the
    block have connections of their own, so that all others stay as they are. Realtime events go on. In async code
    cancelling the task does the same, by asyncio's own rules.

    A client passed in as `http_client` cannot be interrupted by a sync `abort`: its request ends first.

    Example:
        >>> with AbortController() as controller:
        ...     timer = threading.Timer(0.01, controller.abort)
        ...     timer.start()
        ...     while True:
        ...         page = pb.collection("posts").get_list()
        Traceback (most recent call last):
        ...
        RequestAborted: GET /api/collections/posts/records was given up...
    """

    def __init__(self) -> None:
        self._aborted = threading.Event()
        self._lock = threading.Lock()
        self._enders: set[Callable[[], object]] = set()
        self._transports: dict[tuple[Wire, int], Pool] = {}
        self._entered: list[Token[AbortController | None]] = []

    @property
    def is_aborted(self) -> bool:
        """Whether `abort` was called."""
        return self._aborted.is_set()

    def abort(self) -> None:
        """Give up what is under way in the block, and what would follow."""
        with self._lock:
            self._aborted.set()
            enders = list(self._enders)
        for end in enders:
            end()

    def __enter__(self) -> Self:
        self._entered.append(_current.set(self))
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            _current.reset(self._entered.pop())
            if self._entered:
                return
            transports, self._transports = self._transports, {}
        for transport in transports.values():
            transport.close()

    def _transport(self, wire: Wire) -> Pool | None:
        with self._lock:
            key = wire, os.getpid()  # a forked child never writes to its parent's sockets
            found = self._transports.get(key)
            if found is None and self._entered:  # what was begun in the block may outlive it
                options: dict[str, Any] = {**wire.options, "http2": False}  # which threads cannot share
                found = self._transports[key] = Pool(self._breakable, **options)
            return found

    def _breakable(self, backend: httpcore.NetworkBackend) -> httpcore.NetworkBackend:
        return BreakableBackend(backend, self._add, self._forget)

    def _forget(self, end: Callable[[], object]) -> None:
        with self._lock:
            self._enders.discard(end)

    def _add(self, end: Callable[[], object]) -> None:
        """Have something called by `abort`; at once when that has been."""
        with self._lock:
            self._enders.add(end)
            is_late = self._aborted.is_set()
        if is_late:
            end()


def transport_of(wire: Wire) -> Pool | None:
    """The connections that requests of the current block use, None outside of one."""
    controller = _current.get()
    return None if controller is None else controller._transport(wire)


def given_up(method: str, path: str) -> RequestAborted | None:
    """The error for a request in a block that was aborted, None elsewhere."""
    controller = _current.get()
    if controller is None or not controller.is_aborted:
        return None
    path = path.partition("?")[0]
    return RequestAborted(f"{method} {path} was given up, as abort() of its AbortController was called", url=path)


@contextmanager
def for_all() -> Generator[None]:
    """While this lasts, what is begun belongs to no block: connections that others share."""
    before = _current.set(None)
    try:
        yield
    finally:
        _current.reset(before)


@contextmanager
def inner_block() -> Generator[AbortController]:
    """A block of its own, which is given up with the block around it too."""
    outer, inner = _current.get(), AbortController()
    with inner:
        if outer is not None:
            outer._add(inner.abort)
        try:
            yield inner
        finally:
            if outer is not None:
                outer._forget(inner.abort)


class Abortable:
    """For sync code: sockets are ended by the transport."""

    @staticmethod
    def run(send: Callable[..., T], call: Call, *values: Any) -> T:
        """Call a function that sends this request, and can be aborted."""
        return send(call, *values)

    @staticmethod
    def pause(seconds: float) -> None:
        """Wait, or less when `abort` is called."""
        controller = _current.get()
        if controller is None:
            time.sleep(seconds)
        else:
            controller._aborted.wait(seconds)

    @staticmethod
    def until(call: Call, ended: Future[None]) -> None:
        """Wait for something that another thread or task does, or until `abort` is called."""
        woken = threading.Event()
        ended.add_done_callback(lambda _: woken.set())
        controller = _current.get()
        if controller is None:
            woken.wait()
            return
        controller._add(woken.set)
        try:
            woken.wait()
        finally:
            controller._forget(woken.set)
        if not ended.done() and (failure := given_up(call.method, call.path)) is not None:
            raise failure


class AsyncAbortable:
    """For async code: a task of its own is cancelled."""

    @staticmethod
    async def run(send: Callable[..., Awaitable[T]], call: Call, *values: Any) -> T:
        """Await a function that sends this request, and can be aborted."""
        controller = _current.get()
        if controller is None:
            return await send(call, *values)
        answer = await _unless_aborted(controller, send(call, *values))
        if answer is None and (failure := given_up(call.method, call.path)) is not None:
            raise failure
        return cast("T", answer)

    @staticmethod
    async def pause(seconds: float) -> None:
        """Wait, or less when `abort` is called."""
        controller = _current.get()
        if controller is None:
            await asyncio.sleep(seconds)
        else:
            await _unless_aborted(controller, asyncio.sleep(seconds))

    @staticmethod
    async def until(call: Call, ended: Future[None]) -> None:
        """Wait for something that another thread or task does, or until `abort` is called."""
        loop = asyncio.get_running_loop()
        woken = asyncio.Event()

        def wake(_: object) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(woken.set)

        ended.add_done_callback(wake)
        await AsyncAbortable.run(lambda _: woken.wait(), call)


async def _unless_aborted(controller: AbortController, awaitable: Awaitable[T]) -> T | None:
    task = asyncio.ensure_future(awaitable)
    loop = asyncio.get_running_loop()

    def end() -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended, and the task with it
            loop.call_soon_threadsafe(task.cancel)

    controller._add(end)
    try:
        return await task
    except asyncio.CancelledError:
        me = asyncio.current_task()
        if not controller.is_aborted or (me is not None and me.cancelling()):
            raise
        return None
    finally:
        controller._forget(end)
