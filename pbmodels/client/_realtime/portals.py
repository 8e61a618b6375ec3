"""Reaching a client's hub: in a background thread for sync code, in the running event loop for async code.

Hand-written in both flavours, for waiting is where they differ.
"""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import contextlib
import os
import socket
import threading
import weakref
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

from pbmodels._filter_text import Grammar
from pbmodels.client._abort import for_all
from pbmodels.client._errors import InvalidRequest
from pbmodels.client._realtime.channel import Listener
from pbmodels.client._realtime.hub import Hub, RealtimeStats
from pbmodels.client._realtime.link import Sender
from pbmodels.client._realtime.pacing import RealtimeOptions

if TYPE_CHECKING:
    from pbmodels.client._async.base import AsyncBaseClient
    from pbmodels.client._auth_store import AuthStore
    from pbmodels.client._request import Call
    from pbmodels.client._state import ClientState
    from pbmodels.client._sync.base import BaseClient

T = TypeVar("T")
Job = Callable[[Hub], Coroutine[Any, Any, T]]


class AsyncPortal:
    """The hubs of an async client: one for each event loop, for a connection belongs to the loop it was opened in."""

    def __init__(self, client: AsyncBaseClient) -> None:
        self._client = client
        self._hubs: dict[asyncio.AbstractEventLoop, tuple[int, Hub]] = {}
        self.options = RealtimeOptions()
        self.stats = RealtimeStats()
        self.on_disconnect: Callable[[list[str]], object] | None = None

    @property
    def hub(self) -> Hub | None:
        """The hub of the running loop, None while there is none."""
        try:
            pid, hub = self._hubs[asyncio.get_running_loop()]
        except (RuntimeError, KeyError):
            return None
        return hub if pid == os.getpid() else None

    async def run(self, job: Job[T]) -> T:
        """Do something with the hub of the running loop, made on first use."""
        hub = self.hub
        if hub is None:
            for ended in [known for known in tuple(self._hubs) if known.is_closed()]:
                self._hubs.pop(ended, None)
            hub = Hub(self._client, self.options, self.stats)
            self._hubs[asyncio.get_running_loop()] = (os.getpid(), hub)
        hub.options = self.options
        hub.on_disconnect = self.on_disconnect
        with for_all():
            return await job(hub)

    async def when_there(self, job: Callable[[Hub], None]) -> None:
        """Do something with the hub of the running loop, if there is one."""
        if (hub := self.hub) is not None:
            job(hub)
            await hub.closed_what_nobody_needs()

    def discard(self, listener: Listener) -> None:
        """Listen no more; from wherever it is called."""
        loop = listener.inbox.loop
        if loop is None or listener.inbox.is_of_parent:
            return
        try:
            is_here = asyncio.get_running_loop() is loop
        except RuntimeError:
            is_here = False
        if is_here:
            _remove(listener)
        else:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(_remove, listener)

    async def leave(self, listener: Listener) -> None:
        """Listen no more, and wait until a connection that nobody needs any more is closed."""
        if listener.inbox.loop is asyncio.get_running_loop():
            await leave(listener)
        else:
            self.discard(listener)

    async def aclose(self) -> None:
        """End the connections of the running loop; those of other loops end with them."""
        hub = self.hub
        if hub is not None:
            await hub.close()


class Portal:
    """The hub of a sync client, in a daemon thread that begins with the first topic and ends with the last."""

    def __init__(self, client: BaseClient) -> None:
        self._client = client
        self.lock = threading.Lock()
        self._pid = os.getpid()
        self._thread: _HubThread | None = None
        self.options = RealtimeOptions()
        self.stats = RealtimeStats()
        self.on_disconnect: Callable[[list[str]], object] | None = None
        _portals.add(self)

    @property
    def hub(self) -> Hub | None:
        """The hub, None while nobody listens."""
        thread = self._thread
        return thread.hub if thread is not None and self._pid == os.getpid() else None

    def sender(self) -> Sender:
        """What the hub sends with: the client's async twin, or the `http_client` that was passed in."""
        client: Any = self._client
        sender: Sender = client.aio if client._http_client is None else ThreadedSender(client)
        return sender

    def run(self, job: Job[T]) -> T:
        """Do something with the hub, in its thread, and wait for the result.

        Raises:
            InvalidRequest: It was called from a callback that runs in that very thread.
        """
        self._renew_after_fork()
        with self.lock:
            thread = self._thread
            if thread is None:
                thread = self._thread = _HubThread(self)
            if thread.is_this:
                raise InvalidRequest(
                    "realtime: this cannot be waited for inside a callback, which runs in the thread that would "
                    "have to do it; do it in a thread of your own"
                )
            with for_all():
                future = thread.submit(job)
        try:
            return future.result()
        except BaseException:
            thread.give_up(future)
            raise

    def when_there(self, job: Callable[[Hub], None]) -> None:
        """Do something with the hub, if there is one; inside a callback it is done soon after."""

        async def do(hub: Hub) -> None:
            job(hub)
            await hub.closed_what_nobody_needs()

        self._renew_after_fork()
        with self.lock:
            thread = self._thread
            future = thread.submit(do) if thread is not None else None
        if thread is not None and future is not None and not thread.is_this:
            future.result()
            thread.wait_if_unused()

    def discard(self, listener: Listener) -> None:
        """Listen no more; from wherever it is called."""
        with contextlib.suppress(RuntimeError):  # the loop has ended
            if listener.inbox.loop is not None and not listener.inbox.is_of_parent:
                listener.inbox.loop.call_soon_threadsafe(_remove, listener)

    def leave(self, listener: Listener) -> None:
        """Listen no more, and wait until a connection that nobody needs any more is closed."""
        self._renew_after_fork()
        with self.lock:
            thread = self._thread
            if thread is None or thread.is_this or listener.inbox.loop is not thread.loop:
                future = None
            else:
                future = thread.submit(lambda hub: leave(listener))
        if future is None:
            self.discard(listener)
        else:
            future.result()
            if thread is not None:
                thread.wait_if_unused()

    def close(self) -> None:
        """End the connections, and wait for the thread's end."""
        self._renew_after_fork()
        with self.lock:
            thread = self._thread
        if thread is not None:
            thread.close()

    def retire(self, thread: _HubThread) -> bool:
        """Whether a thread with nothing left to do may end; called in it."""
        with self.lock:
            if not thread.is_unused:
                return False
            if self._thread is thread:
                self._thread = None
            return True

    def _renew_after_fork(self) -> None:
        if self._pid != os.getpid():  # the parent's thread is not here, and its connections are not ours
            _left_to_the_parent.append(self._thread)
            self._pid, self.lock, self._thread = os.getpid(), threading.Lock(), None


async def leave(listener: Listener) -> None:
    """Listen no more, and wait until a connection that nobody needs any more is closed."""
    listener.inbox.end()
    channel = listener.channel
    if channel is not None:
        channel.remove(listener)
        await channel.ended()


def _remove(listener: Listener) -> None:
    listener.inbox.end()  # who watched may be gone without a word, and the connection wait for them to take something
    if listener.channel is not None:
        listener.channel.remove(listener)


_portals: weakref.WeakSet[Portal] = weakref.WeakSet()
_left_to_the_parent: list[Any] = []
_UNKNOWN = 5.0
"""Seconds after which a thread without a job ends: Ctrl-C came before the portal knew of it."""


@atexit.register
def _close_all() -> None:
    for portal in tuple(_portals):
        portal.close()


class _HubThread:
    """An event loop in a daemon thread, and the hub in it."""

    def __init__(self, portal: Portal) -> None:
        self.hub: Hub | None = None
        self._portal = portal
        self._jobs: set[object] = set()
        self._is_over = False
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="pbmodels-realtime", daemon=True)
        self._thread.start()

    @property
    def is_this(self) -> bool:
        """Whether the caller is this thread."""
        return threading.current_thread() is self._thread

    @property
    def is_unused(self) -> bool:
        """Whether nobody listens, and nobody is about to."""
        return not self._jobs and (self.hub is None or self.hub.is_idle)

    def submit(self, job: Job[T]) -> concurrent.futures.Future[T]:
        """Do something with the hub; called with the portal's lock held.

        Ctrl-C may come between any two steps: a job that is counted has been given to the loop, where it ends.
        """
        mark = object()
        future = asyncio.run_coroutine_threadsafe(self._do(job, mark), self.loop)
        self._jobs.add(mark)
        return future

    def give_up(self, job: concurrent.futures.Future[Any]) -> None:
        """Cancel a job, but not before it has begun: one that never begins would count as not done for ever."""
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self.loop.call_soon_threadsafe(self.loop.call_soon, job.cancel)

    def wait_if_unused(self) -> None:
        """Wait for the thread's end if nobody listens any more."""
        if self.is_unused and not self.is_this:
            self._thread.join(5)

    def close(self) -> None:
        """End the hub, and the thread."""

        async def end() -> None:
            if self.hub is not None:
                await self.hub.close()
            self._look()

        ending = end()
        try:
            asyncio.run_coroutine_threadsafe(ending, self.loop)
        except RuntimeError:  # it has ended already
            ending.close()
        if not self.is_this:
            self._thread.join(10)

    async def _do(self, job: Job[T], mark: object) -> T:
        portal = self._portal
        if self.hub is None:
            self.hub = Hub(portal.sender(), portal.options, portal.stats, self._look)
        self.hub.options = portal.options
        self.hub.on_disconnect = portal.on_disconnect
        try:
            return await job(self.hub)
        finally:
            with portal.lock:
                self._jobs.discard(mark)
            self.loop.call_soon(self._look)

    def _look(self) -> None:
        if not self._is_over and self.is_unused and self._portal.retire(self):
            self._is_over = True
            self.loop.stop()

    def _run(self) -> None:
        loop = self.loop
        asyncio.set_event_loop(loop)
        loop.call_later(_UNKNOWN, self._look)
        try:
            loop.run_forever()
        finally:
            tasks = asyncio.all_tasks(loop)
            for task in tasks:
                task.cancel()
            if tasks:
                loop.run_until_complete(asyncio.wait(tasks))
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
            asyncio.set_event_loop(None)
            loop.close()


class ThreadedSender:
    """A sync client for the hub: for one that sends through an `http_client` of the user's."""

    def __init__(self, client: BaseClient) -> None:
        self._client = client

    @property
    def auth_store(self) -> AuthStore:
        """Who is signed in."""
        return self._client.auth_store

    @property
    def url(self) -> str:
        """The server's address."""
        return self._client.url

    async def execute(self, call: Call) -> bytes:
        """Send a request, in a thread."""
        return await asyncio.to_thread(self._client.execute, call)

    @property
    def _state(self) -> ClientState:
        return self._client._state

    async def learn_grammar(self, records_path: str) -> Grammar:
        """Ask how the server reads backslashes in filters, in a thread."""
        return await asyncio.to_thread(self._client.learn_grammar, records_path)

    async def open_stream(self, call: Call, read_timeout: float) -> Any:
        """Send a request whose answer has no end yet, and read it in a thread."""
        return _ThreadedResponse(await asyncio.to_thread(self._client.open_stream, call, read_timeout))


class _ThreadedResponse:
    """A response whose pieces a daemon thread reads, one ahead at most."""

    def __init__(self, response: httpx.Response) -> None:
        self.status_code = response.status_code
        self.headers = response.headers
        self.extensions = response.extensions
        self._response = response
        self._loop = asyncio.get_running_loop()
        self._pieces: asyncio.Queue[bytes | Exception | None] = asyncio.Queue()
        self._wanted = threading.Semaphore(1)
        self._is_closed = False
        self._thread: threading.Thread | None = None

    async def aiter_raw(self) -> AsyncIterator[bytes]:
        """The pieces of the body."""
        self._thread = threading.Thread(target=self._read, name="pbmodels-realtime-reader", daemon=True)
        self._thread.start()
        while True:
            piece = await self._pieces.get()
            self._wanted.release()
            if piece is None:
                return
            if isinstance(piece, Exception):
                raise piece
            yield piece

    def _read(self) -> None:
        last: Exception | None = None
        try:
            for piece in self._response.iter_raw():
                self._wanted.acquire()
                if self._is_closed:
                    break
                self._loop.call_soon_threadsafe(self._pieces.put_nowait, piece)
        except Exception as error:
            last = error
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._pieces.put_nowait, last)

    async def aclose(self) -> None:
        """End the connection, and wait for the thread's end."""
        self._is_closed = True
        self._wanted.release()
        _shut_down(self._response)
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, 1.0)
        self._response.close()


def _shut_down(response: httpx.Response) -> None:
    """End the connection under a thread that waits for its next bytes."""
    stream = response.extensions.get("network_stream")
    connection = stream.get_extra_info("socket") if stream is not None else None
    if connection is not None:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
