"""`pb.realtime`: callbacks for the events of the realtime API."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pbmodels._filter_text import GrammarNeeded
from pbmodels.client._errors import InvalidRequest
from pbmodels.client._realtime.channel import Listener
from pbmodels.client._realtime.hub import DisconnectCallback, Hub, RealtimeStats
from pbmodels.client._realtime.inbox import AsyncInbox
from pbmodels.client._realtime.pacing import RealtimeOptions
from pbmodels.client._realtime.portals import AsyncPortal
from pbmodels.client._realtime.subscription import AsyncUnsubscribe, Callback, Subscription
from pbmodels.client._realtime.topics import Topic, custom_topic, has_name
from pbmodels.client._record_calls import Paths
from pbmodels.client._request import FilterLike, Headers, Query

if TYPE_CHECKING:
    from pbmodels.client._async.base import AsyncBaseClient


class AsyncRealtimeService:
    """The realtime connection that all subscriptions and watches of a client share.

    It is opened for the first of them and closed with the last. It is renewed before the server ends it, and made
    anew when it breaks. A sync client reads it in a background thread, where its callbacks run too: they shall be
    quick, and cannot wait for events themselves. An async client reads it in the event loop; its callbacks may be
    async functions. A callback that raises is logged (logger `pbmodels`) and called again with the next event.

    Attributes:
        on_disconnect: Called with the topics when the connection has broken, and with an empty list when it was
            closed because nobody listens any more.

    Source: PocketBase documentation, "Web APIs reference: API Realtime".
    """

    def __init__(self, client: AsyncBaseClient) -> None:
        self._client = client
        self._portal = AsyncPortal(client)

    @property
    def options(self) -> RealtimeOptions:
        """How the connection is kept; may be replaced, best before the first subscription.

        Example:
            >>> pb.realtime.options = RealtimeOptions(lifetime=600)
        """
        return self._portal.options

    @options.setter
    def options(self, options: RealtimeOptions) -> None:
        self._portal.options = options

    @property
    def stats(self) -> RealtimeStats:
        """What the connections of this client have done so far."""
        return self._portal.stats

    @property
    def on_disconnect(self) -> DisconnectCallback | None:
        """Called with the topics when the connection breaks; with an empty list when nobody listens any more."""
        return self._portal.on_disconnect

    @on_disconnect.setter
    def on_disconnect(self, callback: DisconnectCallback | None) -> None:
        self._portal.on_disconnect = callback
        if (hub := self._portal.hub) is not None:
            hub.on_disconnect = callback

    @property
    def client_id(self) -> str:
        """The server's name for the connection, "" when there is none; a renewed connection has another."""
        hub = self._portal.hub
        return "" if hub is None else hub.client_id

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection."""
        return bool(self.client_id)

    async def subscribe(
        self,
        topic: str,
        callback: Callback,
        *,
        filter: FilterLike | None = None,
        expand: Paths | None = None,
        fields: Paths | None = None,
        query: Query | None = None,
        headers: Headers | None = None,
    ) -> AsyncUnsubscribe:
        """Call back with the data of every event of a topic, custom ones and `PB_CONNECT` included.

        The topic is taken as it is, and what is missed while a connection is broken stays missed; for records,
        `pb.collection(name).subscribe` knows better.

        Args:
            topic: Such as `posts/*`, `posts/RECORD_ID`, `PB_CONNECT`, or the name that a hook of the server sends to.
            callback: Called with the event's data, as JSON says it.
            filter: Only records that match.
            expand: Relations to bring along.
            fields: Fields to give.
            query: More query parameters, which API rules can see.
            headers: Headers, which API rules can see.

        Returns:
            A function that ends this subscription.

        Raises:
            ClientResponseError: The server refused, or was not reached.
            InvalidRequest: The topic is empty or too long.

        Example:
            >>> stop = await pb.realtime.subscribe("posts/*", lambda data: print(data["action"]))
            >>> await stop()
        """
        state = self._client._state
        options: Any = {"filter": filter, "expand": expand, "fields": fields, "query": query, "headers": headers}
        try:
            key = custom_topic(topic, grammar=state.grammar, **options)
        except GrammarNeeded:
            path = Topic(topic.split("/")[0]).records_path
            key = custom_topic(topic, grammar=await self._client.learn_grammar(path), **options)
        return await self._begin(key, callback, None)

    async def _subscribe_to_records(self, topic: Topic, callback: Callback) -> AsyncUnsubscribe:
        try:
            key = topic.text(self._client._state.grammar)
        except GrammarNeeded:
            key = topic.text(await self._client.learn_grammar(topic.records_path))
        return await self._begin(key, callback, topic)

    async def _begin(self, key: str, callback: Callback, topic: Topic | None) -> AsyncUnsubscribe:
        if not callable(callback):
            raise InvalidRequest(f"subscribe() needs a function to call back, not {type(callback).__name__}")
        subscription = Subscription(key, callback)
        await self._portal.run(lambda hub: subscription.begin(hub, topic))

        async def unsubscribe() -> None:
            await self._end(lambda each: each is subscription)

        return unsubscribe

    async def unsubscribe(self, topic: str | None = None) -> None:
        """End the subscriptions of a topic, whatever their options; without one, all. Watches go on.

        Example:
            >>> await pb.realtime.unsubscribe("posts/*")
        """
        await self._end(lambda each: topic is None or has_name(each.key, topic))

    async def unsubscribe_by_prefix(self, prefix: str) -> None:
        """End the subscriptions whose topic begins with this.

        Example:
            >>> await pb.realtime.unsubscribe_by_prefix("posts/")
        """
        await self._end(lambda each: f"{each.key}?".startswith(prefix))

    async def unsubscribe_by_topic_and_listener(self, topic: str, callback: Callback) -> None:
        """End the subscriptions of a topic with this callback.

        Example:
            >>> await pb.realtime.subscribe("posts/*", print)
            <...>
            >>> await pb.realtime.unsubscribe_by_topic_and_listener("posts/*", print)
        """
        await self._end(lambda each: has_name(each.key, topic) and each.callback == callback)

    async def _end(self, is_meant: Callable[[Subscription], bool]) -> None:
        def end(hub: Hub) -> None:
            for subscription in [each for each in hub.subscriptions if is_meant(each)]:
                subscription.end(hub)

        await self._portal.when_there(end)

    async def _private(self, topic: str) -> tuple[Listener, AsyncInbox]:
        """Listen on a connection of its own, which is not renewed: its `client_id` stays."""
        inbox = AsyncInbox()
        listener = Listener(topic, inbox, is_lasting=False)
        await self._portal.run(lambda hub: hub.add(listener))
        return listener, inbox

    async def aclose(self) -> None:
        """End all subscriptions and watches; `aclose` of the client does so."""
        await self._portal.aclose()
