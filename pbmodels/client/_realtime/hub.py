"""The realtime side of one client in one event loop: its channels, and whether the sign-in still holds."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pbmodels.client._errors import ClientResponseError, Forbidden, InvalidRequest, NotFound, Unauthorized
from pbmodels.client._realtime.channel import Channel, Listener
from pbmodels.client._realtime.link import Sender
from pbmodels.client._realtime.pacing import RealtimeOptions, backoff
from pbmodels.client._realtime.topics import MAX_TOPICS
from pbmodels.client._session import refresh_call

if TYPE_CHECKING:
    from pbmodels.client._realtime.subscription import Subscription

log = logging.getLogger("pbmodels")

DisconnectCallback = Callable[[list[str]], object]


def survived() -> tuple[type[BaseException], ...]:
    """What a callback may raise without ending the events, which are all that `sys.exit()` would end in a thread."""
    is_main = threading.current_thread() is threading.main_thread()
    return (Exception,) if is_main else (Exception, SystemExit)


@dataclass
class RealtimeStats:
    """What the realtime connections of a client have done so far.

    Attributes:
        connections: How many were opened and subscribed.
        renewals: How many of them took over from one that was open.
        breaks: How many ended without a successor.
        events: Events that arrived, those included that arrived twice.
        repeats: Events that arrived a second time during a renewal and were left out.
    """

    connections: int = 0
    renewals: int = 0
    breaks: int = 0
    events: int = 0
    repeats: int = 0


class Hub:
    """All realtime connections of one client, in one event loop.

    Args:
        sender: What requests are sent with.
        options: How connections are kept.
        stats: Counts what happens.
        idle: Called when the last channel has ended and the last subscription knows.
    """

    def __init__(
        self, sender: Sender, options: RealtimeOptions, stats: RealtimeStats, idle: Callable[[], None] | None = None
    ) -> None:
        self.sender = sender
        self.options = options
        self.stats = stats
        self.on_disconnect: DisconnectCallback | None = None
        self.subscriptions: list[Subscription] = []
        self._channels: list[Channel] = []
        self._idle = idle
        self._loop = asyncio.get_running_loop()
        self._moving: set[Listener] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._auth_task: asyncio.Task[None] | None = None
        self._forget_auth: Callable[[], None] | None = None

    async def add(self, listener: Listener) -> None:
        """Subscribe a listener; returns once the server has been told.

        Raises:
            ClientResponseError: The server refused, or was not reached.
        """
        listener.inbox.bind()
        self._attend()
        channel = self._channel_for(listener)
        try:
            await channel.add(listener)
        except BaseException:
            channel.remove(listener)
            raise

    def remove(self, listener: Listener) -> None:
        """Listen no more."""
        if listener.channel is not None:
            listener.channel.remove(listener)

    def _channel_for(self, listener: Listener) -> Channel:
        if listener.is_lasting:
            for channel in self._channels:
                if channel.is_shared and (listener.text in channel.topics or len(channel.topics) < MAX_TOPICS):
                    return channel
        channel = Channel(self, is_shared=listener.is_lasting)
        self._channels.append(channel)
        return channel

    def separate(self, listener: Listener, channel: Channel) -> None:
        """Give a listener that is slower than its events a connection of its own, so that it holds up nobody."""
        if listener in self._moving:
            return
        self._moving.add(listener)
        own = Channel(self, is_shared=False)
        self._channels.append(own)

        async def move() -> None:
            try:
                tries = 0
                while listener.channel is channel:
                    try:
                        await own.take_over(listener, channel)
                    except ClientResponseError as error:
                        tries += 1
                        log.warning(
                            "realtime: no own connection yet for a slow watcher of %s: %s", listener.text, error
                        )
                        await asyncio.sleep(backoff(tries))
            finally:
                self._moving.discard(listener)
                if not own.topics:
                    self.ended(own)

        self.start(move())

    def start(self, job: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run something in the background until it is done or the hub ends."""
        task = self._loop.create_task(job)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def ended(self, channel: Channel) -> None:
        """A channel has nobody left who listens."""
        if channel in self._channels and not channel.topics:
            self._channels.remove(channel)
        elif channel.topics:  # someone came while it closed
            channel.begin()
        if not self._channels:
            self._retire()
        self._rest()

    def forget(self, subscription: Subscription) -> None:
        """A subscription has ended."""
        self.subscriptions.remove(subscription)
        self._rest()

    def _rest(self) -> None:
        if self.is_idle and self._idle is not None:
            self._idle()

    async def closed_what_nobody_needs(self) -> None:
        """Wait until the connections are closed that nobody listens on any more."""
        for channel in tuple(self._channels):
            await channel.ended()

    @property
    def is_idle(self) -> bool:
        """Whether nobody listens, and nobody has to be told any more why."""
        return not self._channels and not self.subscriptions

    @property
    def client_id(self) -> str:
        """The server's name for the shared connection, "" when there is none."""
        for channel in self._channels:
            if channel.is_shared and channel.link is not None:
                return channel.link.client_id
        return ""

    def disconnected(self, channel: Channel) -> None:
        """A connection has ended, and no other has taken over."""
        callback = self.on_disconnect
        if callback is None or not channel.is_shared:
            return
        self.call(callback, list(channel.topics))

    def call(self, callback: Callable[..., object], *arguments: object) -> None:
        """Call back; what it raises is logged, and a coroutine runs on its own."""
        try:
            result = callback(*arguments)
        except survived():
            log.exception("realtime: the callback %r failed", callback)
            return
        if asyncio.iscoroutine(result):

            async def wait() -> None:
                try:
                    await result
                except survived():
                    log.exception("realtime: the callback %r failed", callback)

            self.start(wait())

    async def close(self) -> None:
        """End every connection; who listens is told that nothing will come any more."""
        for channel in tuple(self._channels):
            await channel.close()
        self._channels.clear()
        self.subscriptions.clear()
        tasks: Sequence[asyncio.Task[Any]] = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        self._retire()

    # Who is signed in

    def _attend(self) -> None:
        """Notice when another signs in here, or the server ends a sign-in."""
        if self._forget_auth is None:
            self._forget_auth = self.sender.auth_store.on_change(self._auth_changed)
        if self._auth_task is None:
            self._auth_task = self._loop.create_task(self._check_auth(), name="pbmodels-realtime-auth")

    def _retire(self) -> None:
        if self._forget_auth is not None:
            self._forget_auth()
            self._forget_auth = None
        task, self._auth_task = self._auth_task, None
        if task is not None and task is not asyncio.current_task():
            task.cancel()

    def _auth_changed(self, *_: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._wake_all)

    def _wake_all(self) -> None:
        for channel in self._channels:
            channel.wake()

    async def _check_auth(self) -> None:
        """Ask the server now and then whether the token is still good: it drops a connection's sign-in in silence."""
        store = self.sender.auth_store
        while True:
            await asyncio.sleep(self.options.auth_check)
            token = store.token
            if not token or not any(each.link is not None and each.link.token == token for each in self._channels):
                continue
            try:
                await self.sender.execute(refresh_call(token))
            except (Unauthorized, NotFound) as error:
                if store.token == token:
                    self._unauthorized(error)
            except Forbidden:
                pass  # it holds, but is not to be refreshed, as an impersonated one on older servers
            except (ClientResponseError, InvalidRequest) as error:
                log.debug("realtime: whether the sign-in still holds is unknown: %s", error)

    def _unauthorized(self, cause: ClientResponseError) -> None:
        error = Unauthorized(
            "GET /api/realtime: the server has ended the sign-in of this connection, as after a change of password, "
            "so events are withheld in silence; sign in again, then watch again",
            url=f"{self.sender.url}/api/realtime",
            status=401,
            response=cause.response,
        )
        for channel in tuple(self._channels):
            channel.fail(error)
