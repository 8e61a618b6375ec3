# Generated from pbmodels/client/_async/feed.py by .ci/unasync.py: edit that file and run `make generate`.
"""The events of one topic for one watcher: what the shared connection brings, and what a break has lost."""

from __future__ import annotations

import time
import weakref
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from pbmodels._filter_text import GrammarNeeded
from pbmodels.client._abort import AbortController, inner_block
from pbmodels.client._errors import ClientResponseError, RequestAborted
from pbmodels.client._pause import Pause
from pbmodels.client._realtime.channel import PASSING, Listener
from pbmodels.client._realtime.inbox import Beside, BesideItem, Inbox, Item, Mark, Overflow
from pbmodels.client._realtime.pacing import Retries
from pbmodels.client._realtime.plan import Event, Flow, Plan
from pbmodels.client._realtime.topics import Topic
from pbmodels.client._request import Call

R = TypeVar("R")


class Feed(Generic[R]):
    """What a watcher is given, one event after another.

    Args:
        sender: What catch-ups are sent with.
        portal: The way to the hub.
        plan: What it listens to, and what to bring back.
        size: How many events to hold for a watcher that is slower than they come.
        overflow: What happens to more.
    """

    def __init__(self, sender: Any, portal: Any, plan: Plan[R], size: int = 1000, overflow: Overflow = "wait") -> None:
        self._sender = sender
        self._portal = portal
        self._plan = plan
        self._inbox = Inbox(size, overflow)
        self._listeners: list[tuple[Listener, weakref.finalize[..., Any]]] = []
        self._flow: Flow | None = None
        self._call: Call | None = None
        self._retries = Retries()
        self._pause = Pause()
        self._under_way: AbortController | None = None
        self._next_try = 0.0
        self.is_closed = False

    @property
    def plan(self) -> Plan[R]:
        """What it listens to, and what to bring back."""
        return self._plan

    def open(self) -> None:
        """Subscribe, and make sure that the topic is allowed.

        Raises:
            ClientResponseError: The server refused, or was not reached.
            InvalidRequest: The topic cannot be one.
        """
        try:
            listener = self._listen(self._plan.topic)
            if self._plan.companion is not None:
                self._listen(self._plan.companion, listener)
            now = datetime.now(UTC) + timedelta(seconds=listener.clock)
            self._begin(self._plan.begin(now))
            while self._call is not None and not self.is_closed:
                try:
                    answer = self._sender.execute(self._call)
                except ClientResponseError as error:
                    self._throw(error)
                else:
                    self._advance(answer)
            for each, _ in self._listeners:
                each.is_dated = self._plan.is_dated
        except BaseException:
            self.close()
            raise

    def _listen(self, topic: Topic, main: Listener | None = None) -> Listener:
        text = self._text(topic)
        if main is None:
            listener = Listener(text, self._inbox)
        else:
            listener = Listener(text, Beside(self._inbox, lambda: listener.channel is not main.channel))
        leave = weakref.finalize(self, self._portal.discard, listener)
        leave.atexit = False
        self._listeners.append((listener, leave))
        self._portal.run(lambda hub: hub.add(listener))
        return listener

    def next(self, timeout: float | None = None) -> Event[R] | None:
        """The next event; None when none came in time, or it `is_closed`.

        Args:
            timeout: Seconds to wait, None for ever.

        Raises:
            ClientResponseError: The connection, or the catch-up after a break, was refused.
        """
        plan = self._plan
        until = None if timeout is None else time.monotonic() + timeout
        while not self.is_closed:
            if plan.ready:
                return plan.ready.popleft()
            left = None if until is None else until - time.monotonic()
            if self._call is not None:
                pause = self._next_try - time.monotonic()
                if pause <= 0:
                    self._catch_up(self._call)
                elif left is None or pause < left:
                    self._pause.wait(pause)
                else:
                    self._pause.wait(left)
                    return None
                continue
            patience = plan.patience()
            if patience is not None and patience <= 0:
                self._begin(plan.settle())
                continue
            is_short = patience is not None and (left is None or patience < left)
            item = self._inbox.get(patience if is_short else left)
            if item is Mark.TIMEOUT:
                if is_short:
                    continue
                return None
            event = self._took(item)
            if event is not None:
                return event
        return None

    def advance(self) -> None:
        """Take what is there already; what that brings is `ready` in the plan.

        Raises:
            ClientResponseError: The connection, or the catch-up after a break, was refused.
        """
        plan = self._plan
        while not self.is_closed:
            patience = plan.patience()
            if self._call is not None:
                if time.monotonic() < self._next_try or not self._catch_up(self._call):
                    return
            elif patience is not None and patience <= 0:
                self._begin(plan.settle())
            elif (item := self._inbox.take()) is not None:
                event = self._took(item)
                if event is not None:
                    plan.ready.append(event)
            else:
                return

    def _took(self, item: Item) -> Event[R] | None:
        plan = self._plan
        if isinstance(item, str):
            return plan.live(item)
        if isinstance(item, BesideItem):
            plan.beside(item.data)
        elif item is Mark.ENDED:
            self.close()
            if self._inbox.error is not None:
                raise self._inbox.error
        else:
            self._begin(plan.after(lost=item is not Mark.RENEWED))
            if item is Mark.OVERFLOW:
                self._inbox.resume()  # before anything is asked for: what comes from now on is not left out
                overflow: Event[Any] = Event("overflow", None)
                return overflow
        return None

    def drop(self) -> None:
        """Listen no more, without waiting for anything."""
        self._close_inbox()
        for _, leave in self._listeners:
            leave()

    def close(self) -> None:
        """Listen no more; who waits for an event is woken."""
        self._close_inbox()
        for listener, leave in self._listeners:
            if leave.detach() is not None and not self._inbox.is_of_parent:
                self._portal.leave(listener)

    def check_process(self) -> None:
        """Refuse to be used in a forked child, where nothing would ever come.

        Raises:
            InvalidRequest: It belongs to the parent.
        """
        if not self.is_closed:
            self._inbox.check_process()

    def _close_inbox(self) -> None:
        self.is_closed = True
        if not self._inbox.is_of_parent:
            self._inbox.close()
            self._pause.end()
            if self._under_way is not None:
                self._under_way.abort()

    def _text(self, topic: Topic) -> str:
        try:
            return topic.text(self._sender._state.grammar)
        except GrammarNeeded:
            return topic.text(self._sender.learn_grammar(topic.records_path))

    def _catch_up(self, call: Call) -> bool:
        """Take one step; False where it failed and is to be taken again, later, or was given up by a `close`."""
        try:
            with inner_block() as self._under_way:
                if self.is_closed:
                    return False
                answer = self._sender.execute(call)
        except RequestAborted:
            if self.is_closed:
                return False
            raise
        except PASSING as error:
            self._next_try = time.monotonic() + self._retries.pause_after(error)
            return False
        except ClientResponseError as error:
            self._throw(error)
        else:
            self._advance(answer)
        return True

    def _begin(self, flow: Flow) -> None:
        self._flow = flow
        self._retries = Retries()
        self._next_try = 0.0
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
