# Generated from pbmodels/client/_async/feed.py by .ci/unasync.py: edit that file and run `make generate`.
"""The events of one topic for one watcher: what the shared connection brings, and what a break has lost."""

from __future__ import annotations

import weakref
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from pbmodels._filter_text import GrammarNeeded
from pbmodels.client._errors import ClientResponseError
from pbmodels.client._pause import Pause
from pbmodels.client._realtime.catchup import Catchup, Event, Flow
from pbmodels.client._realtime.channel import PASSING, Listener
from pbmodels.client._realtime.inbox import Inbox, Mark, Overflow
from pbmodels.client._realtime.pacing import Retries
from pbmodels.client._request import Call

R = TypeVar("R")


class Feed(Generic[R]):
    """What a watcher is given, one event after another.

    Args:
        sender: What catch-ups are sent with.
        portal: The way to the hub.
        catchup: What it listens to, and what to bring back.
        size: How many events to hold for a watcher that is slower than they come.
        overflow: What happens to more.
    """

    def __init__(
        self, sender: Any, portal: Any, catchup: Catchup[R], size: int = 1000, overflow: Overflow = "wait"
    ) -> None:
        self._sender = sender
        self._portal = portal
        self._catchup = catchup
        self._inbox = Inbox(size, overflow)
        self._listener: Listener | None = None
        self._leave: weakref.finalize[..., Any] | None = None
        self._flow: Flow | None = None
        self._call: Call | None = None
        self._retries = Retries()
        self._pause = Pause()
        self.is_closed = False

    @property
    def is_open(self) -> bool:
        """Whether it is subscribed."""
        return self._listener is not None

    @property
    def recovered(self) -> int:
        """How many events catch-ups have found."""
        return self._catchup.recovered

    @property
    def superseded(self) -> int:
        """How many events were left out because a newer state had been delivered."""
        return self._catchup.superseded

    def open(self) -> None:
        """Subscribe, and make sure that the topic is allowed.

        Raises:
            ClientResponseError: The server refused, or was not reached.
            InvalidRequest: The topic cannot be one.
        """
        listener = Listener(self._text(), self._inbox)
        self._portal.run(lambda hub: hub.add(listener))
        self._listener = listener
        self._leave = weakref.finalize(self, self._portal.discard, listener)
        self._leave.atexit = False
        try:
            now = datetime.now(UTC) + timedelta(seconds=listener.clock)
            self._begin(self._catchup.begin(now))
            while self._call is not None and not self.is_closed:
                try:
                    answer = self._sender.execute(self._call)
                except ClientResponseError as error:
                    self._throw(error)
                else:
                    self._advance(answer)
        except BaseException:
            self.close()
            raise

    def next(self, timeout: float | None = None) -> Event[R] | None:
        """The next event; None when none came in time, or it `is_closed`.

        Args:
            timeout: Seconds to wait, None for ever.

        Raises:
            ClientResponseError: The connection, or the catch-up after a break, was refused.
        """
        while not self.is_closed:
            if self._catchup.ready:
                return self._catchup.ready.popleft()
            if self._call is not None:
                self._catch_up(self._call)
                continue
            item = self._inbox.get(timeout)
            if isinstance(item, str):
                event = self._catchup.live(item)
                if event is not None:
                    return event
            elif item is Mark.TIMEOUT:
                return None
            elif item is Mark.ENDED:
                self.close()
                if self._inbox.error is not None:
                    raise self._inbox.error
            else:
                self._begin(self._catchup.after(lost=item is not Mark.RENEWED))
                if item is Mark.OVERFLOW:
                    self._inbox.resume()  # before anything is asked for: what comes from now on is not left out
                    overflow: Event[Any] = Event("overflow", None)
                    return overflow
        return None

    def drop(self) -> None:
        """Listen no more, without waiting for anything."""
        self.is_closed = True
        self._inbox.close()
        self._pause.end()
        if self._leave is not None:
            self._leave()

    def close(self) -> None:
        """Listen no more; who waits for an event is woken."""
        self.is_closed = True
        self._inbox.close()
        self._pause.end()
        listener = self._listener
        if self._leave is not None and self._leave.detach() is not None and listener is not None:
            self._portal.leave(listener)

    def _text(self) -> str:
        topic = self._catchup.topic
        try:
            return topic.text(self._sender._state.grammar)
        except GrammarNeeded:
            return topic.text(self._sender.learn_grammar(topic.records_path))

    def _catch_up(self, call: Call) -> None:
        try:
            answer = self._sender.execute(call)
        except PASSING as error:
            self._pause.wait(self._retries.pause_after(error))
        except ClientResponseError as error:
            self._throw(error)
        else:
            self._advance(answer)

    def _begin(self, flow: Flow) -> None:
        self._flow = flow
        self._retries = Retries()
        self._call = next(flow, None)

    def _advance(self, answer: bytes) -> None:
        assert self._flow is not None
        try:
            self._call = self._flow.send(answer)
        except StopIteration:
            self._call = None

    def _throw(self, error: ClientResponseError) -> None:
        assert self._flow is not None
        try:
            self._call = self._flow.throw(error)
        except StopIteration:
            self._call = None
        except BaseException:
            self.close()
            raise
