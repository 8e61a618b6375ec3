# Generated from pbmodels/client/_async/keeper.py by .ci/unasync.py: edit that file and run `make generate`.
"""Staying signed in: the requests that `_session.py` decides on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbmodels.client._answer import Answer, clock_ahead
from pbmodels.client._decode import decode_object
from pbmodels.client._errors import ClientResponseError, RequestAborted, Unauthorized
from pbmodels.client._log import log
from pbmodels.client._renewals import Waiting
from pbmodels.client._request import Call
from pbmodels.client._sent import Sent
from pbmodels.client._session import Rewinder, Session, Step, refresh_call

if TYPE_CHECKING:
    from pbmodels.client._sync.base import BaseClient


class Keeper:
    """Sends a client's requests, signed in: one sign-in serves all that wait for it, and a 401 is met once."""

    def __init__(self, client: BaseClient) -> None:
        self._client = client

    def send(self, session: Session, call: Call, read_timeout: float | None, sent: Sent | None) -> Answer:
        """Send a request with a token that is good for it, as far as can be known.

        Raises:
            ClientResponseError: It failed, or the sign-in that it needed did.
        """
        store = self._client.auth_store
        step = session.next_step(store, call)
        if step is not Step.GO:
            self._prepare(session, call, step)
        token = store.token
        files = Rewinder(call)
        try:
            return self._client._exchange(call, read_timeout, sent)
        except Unauthorized:
            again = session.after_unauthorized(store, call, token)
            if again is None or not files.rewind():
                raise
        if again is not Step.GO:
            self._prepare(session, call, again, token)
        return self._client._exchange(call, read_timeout, sent)

    def _prepare(self, session: Session, call: Call, step: Step, rejected: str | None = None) -> None:
        store = self._client.auth_store
        while step is not Step.GO:
            renewal, is_mine = session.renewals.join()
            if is_mine:
                failure = None
                try:
                    self._renew(session, call, rejected)
                except RequestAborted:
                    raise  # given up for this request alone
                except ClientResponseError as error:
                    failure = error
                    raise
                finally:
                    session.renewals.end(renewal, failure)
                return
            if step is Step.REFRESH:
                return  # the token is still good, and someone sees to the next one
            if not Waiting.until(renewal, call):
                self._renew(session, call, rejected)
                return
            if renewal.failure is not None:
                raise renewal.failure
            step = session.next_step(store, call, rejected)

    def _renew(self, session: Session, call: Call, rejected: str | None) -> None:
        step = session.next_step(self._client.auth_store, call, rejected)
        with session.renewing():
            if step is Step.REFRESH:
                step = self._refresh(session)
            if step is Step.SIGN_IN:
                self._sign_in(session)

    def _refresh(self, session: Session) -> Step:
        store = self._client.auth_store
        token = store.token
        call = refresh_call(token)
        try:
            answer = self._client._exchange(call)
            data = decode_object(call, answer.content)
            session.refreshed(store, token, call, data, clock_ahead(answer.headers))
            log.info("refreshed the token of who is signed in")
        except RequestAborted:
            raise
        except ClientResponseError as error:
            return session.refresh_failed(store, token, error)
        return Step.GO

    def _sign_in(self, session: Session) -> None:
        call = session.sign_in_call()
        try:
            answer = self._client._exchange(call)
            data = decode_object(call, answer.content)
            session.signed_in(self._client.auth_store, call, data, clock_ahead(answer.headers))
        except ClientResponseError as error:
            error._may_have_arrived = False  # the request that it was for was not sent
            raise
        log.info("signed in to %r by itself", session.credentials.collection if session.credentials else "")
