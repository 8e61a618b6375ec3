"""What can go wrong between this process and a PocketBase server.

    PocketBaseError
      ClientResponseError      a request failed: url, status, response, field_errors
        BadRequest             400: malformed, or a filter that the server cannot read
          ValidationFailed     400 with field data: the record was refused
          BatchFailed          400 of a batch: which request it was, and why
        Unauthorized           401: no valid token
          MfaRequired          401 of a sign-in: `mfa_id` goes with a second way to sign in
        Forbidden              403: the API rule says no
        NotFound               404: no such record, collection or route, or a rule hides it
        RateLimited            429: `retry_after` seconds
        ServerError            500 and above
        ConnectionFailed       status 0: the server was not reached, or the connection broke
          CertificateRefused   status 0: the server's certificate is not trusted
        RequestTimeout         status 0: no answer in time
        RequestAborted         status 0: given up here, by an AbortController
        OAuth2Failed           status 0: the provider sent who signs in back without a code
      InvalidRequest           refused here, before anything was sent     (ValueError)

Messages name the method, the path and what to do. They never hold a token, a password or a body that was sent.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
from pydantic_core import from_json

from pbmodels._errors import PocketBaseError
from pbmodels.client._hints import GENERAL, hint_for
from pbmodels.client._secrets import without_secrets
from pbmodels.client._service_hints import field_hint


class InvalidRequest(PocketBaseError, ValueError):
    """An argument that must not be sent: the message says which one and what to do."""


class ClientResponseError(PocketBaseError):
    """A request that did not succeed.

    Attributes:
        url: The full address, without a token.
        status: The HTTP status, 0 when there was no answer.
        response: The server's JSON answer, {} when there was none.
        field_errors: What the server said of each field: `{"title": "Cannot be blank."}`.
        is_abort: Whether this side gave the request up.
        original_error: The exception of the HTTP library, if one is behind this.
    """

    _may_have_arrived = True  # whether the server may have acted on the request

    def __init__(
        self,
        message: str,
        *,
        url: str = "",
        status: int = 0,
        response: Mapping[str, Any] | None = None,
        is_abort: bool = False,
        original_error: BaseException | None = None,
    ) -> None:
        super().__init__(message)
        self.url = url
        self.status = status
        self.response: dict[str, Any] = dict(response or {})
        self.is_abort = is_abort
        self.original_error = original_error

    @property
    def field_errors(self) -> dict[str, str]:
        """The server's message for each field it refused, dotted for nested ones."""
        return _flatten(self.response.get("data"))

    @property
    def field_codes(self) -> dict[str, str]:
        """The server's code for each field it refused, such as `validation_not_unique`."""
        return _flatten(self.response.get("data"), "code")


class BadRequest(ClientResponseError):
    """400: the server cannot read the request, a filter or sort with a mistake included."""


class ValidationFailed(BadRequest):
    """400 with `field_errors`: the server refused the values of these fields."""


class BatchFailed(BadRequest):
    """400: a batch was refused, and none of its requests took effect.

    `field_errors` and `field_codes` are those of the request that failed.

    Attributes:
        index: Which request failed, from 0; None when the batch as a whole was refused.
        method: That request's method.
        path: That request's path.
        reason: The error that the request alone would have raised: a `ValidationFailed`, `NotFound` or `Forbidden`.
    """

    def __init__(
        self,
        message: str,
        *,
        index: int | None = None,
        method: str = "",
        path: str = "",
        reason: ClientResponseError | None = None,
        **rest: Any,
    ) -> None:
        super().__init__(message, **rest)
        self.index = index
        self.method = method
        self.path = path
        self.reason = reason

    @property
    def field_errors(self) -> dict[str, str]:
        """The server's message for each field of the failed request."""
        return super().field_errors if self.reason is None else self.reason.field_errors

    @property
    def field_codes(self) -> dict[str, str]:
        """The server's code for each field of the failed request."""
        return super().field_codes if self.reason is None else self.reason.field_codes


class Unauthorized(ClientResponseError):
    """401: the request needs a valid token; sign in first."""


class MfaRequired(Unauthorized):
    """401 of a sign-in that was right, but needs a second way: go on with `mfa_id`.

    Attributes:
        mfa_id: What the second way to sign in takes as `mfa_id=`; it is good for one try within some minutes.
    """

    def __init__(self, message: str, *, mfa_id: str = "", **rest: Any) -> None:
        super().__init__(message, **rest)
        self.mfa_id = mfa_id


class Forbidden(ClientResponseError):
    """403: the signed-in user, or a guest, may not do this."""


class NotFound(ClientResponseError):
    """404: no such record, collection or route, or an API rule that hides it."""


class RateLimited(ClientResponseError):
    """429: too many requests.

    Attributes:
        retry_after: Seconds to wait, or None when the server did not say.
    """

    _may_have_arrived = False

    def __init__(self, message: str, *, retry_after: float | None = None, **rest: Any) -> None:
        super().__init__(message, **rest)
        self.retry_after = retry_after


class ServerError(ClientResponseError):
    """500 and above: the server failed; its own log says why.

    Attributes:
        retry_after: Seconds to wait, or None when the server did not say.
    """

    def __init__(self, message: str, *, retry_after: float | None = None, **rest: Any) -> None:
        super().__init__(message, **rest)
        self.retry_after = retry_after


class ConnectionFailed(ClientResponseError):
    """The server was not reached, or the connection broke before an answer came."""


class CertificateRefused(ConnectionFailed):
    """The server's certificate is not trusted here, or is another host's; nothing was sent."""

    _may_have_arrived = False


class RequestTimeout(ClientResponseError):
    """No answer came in time."""


class RequestAborted(ClientResponseError):
    """The request was given up here, by `AbortController.abort()`; whether it arrived is not known."""

    def __init__(self, message: str, **rest: Any) -> None:
        super().__init__(message, is_abort=True, **rest)


class OAuth2Failed(ClientResponseError):
    """The provider refused, or who signs in did; `response["error"]` is the provider's word for it."""


def is_uncertain(error: BaseException) -> bool:
    """Whether a write that ended so may have taken effect: no answer came, or none that says.

    Example:
        >>> is_uncertain(ConnectionFailed("the connection broke")), is_uncertain(Forbidden("no", status=403))
        (True, False)
    """
    if isinstance(error, ClientResponseError):
        return not 300 <= error.status < 500
    return not isinstance(error, PocketBaseError)


def _flatten(data: object, key: str = "message", prefix: str = "") -> dict[str, str]:
    """`{"title": "Cannot be blank."}` from the server's nested objects; a batch's requests by their number."""
    found: dict[str, str] = {}
    if isinstance(data, Mapping):
        for name, value in data.items():
            if not isinstance(value, Mapping):
                continue
            failed = value.get("response")  # one request of a batch: what its own answer would have been
            inner = _flatten(failed.get("data"), key, f"{prefix}{name}.") if isinstance(failed, Mapping) else {}
            if inner:
                found.update(inner)
            elif isinstance(value.get(key), str) and isinstance(value.get("code"), str):
                said = failed.get("message") if isinstance(failed, Mapping) and key == "message" else None
                found[f"{prefix}{name}"] = said if isinstance(said, str) and said else value[key]
            else:
                found.update(_flatten(value, key, f"{prefix}{name}."))
    return found


_BY_STATUS: dict[int, type[ClientResponseError]] = {401: Unauthorized, 403: Forbidden, 404: NotFound}


def error_from_response(
    method: str, url: httpx.URL, status: int, headers: Mapping[str, str], body: bytes, sent: bytes = b""
) -> ClientResponseError:
    """The error that an answer of 300 or more stands for.

    Args:
        method: The request's method.
        url: Its address.
        status: The answer's status.
        headers: The answer's headers.
        body: The answer's body.
        sent: The request's body, if it is at hand.
    """
    try:
        answer = from_json(body)
    except ValueError:
        answer = {}
    answer = answer if isinstance(answer, dict) else {}
    said = str(answer.get("message") or "").strip()
    rest: dict[str, Any] = {"url": str(url.copy_remove_param("token")), "status": status, "response": answer}
    start = f"{method} {_path(url)} failed with {status}"
    if status == 400 and (fields := _flatten(answer.get("data"))):
        details = "; ".join(f"{name}: {message}" for name, message in fields.items())
        return ValidationFailed(_sentence(f"{start}: {details}", field_hint(_path(url), details, sent)), **rest)
    start += f": {said}" if said else ""
    if status == 429:
        return RateLimited(
            _sentence(start, "wait and try again"), retry_after=_seconds(headers.get("retry-after")), **rest
        )
    if status >= 500:
        hint = GENERAL.get(status, "the server's log says why")
        return ServerError(_sentence(start, hint), retry_after=_seconds(headers.get("retry-after")), **rest)
    if status < 400:
        location = without_secrets(headers.get("location", "elsewhere"))
        return ClientResponseError(
            f"{start}: the server redirects to {location}; give pbmodels that address instead", **rest
        )
    mfa_id = answer.get("mfaId")
    if status == 401 and isinstance(mfa_id, str) and mfa_id:
        return MfaRequired(_sentence(start, hint_for(method, status, url, answer, said)), mfa_id=mfa_id, **rest)
    kind = _BY_STATUS.get(status, BadRequest if status == 400 else ClientResponseError)
    hint = field_hint(_path(url), said, sent) or hint_for(method, status, url, answer, said)
    return kind(_sentence(start, hint), **rest)


def _path(url: httpx.URL) -> str:
    """The path as it was sent."""
    return url.raw_path.split(b"?")[0].decode("ascii")


def _sentence(start: str, hint: str) -> str:
    return f"{start.rstrip('.')}: {hint}" if hint else start


def _seconds(value: str | None) -> float | None:
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


_TIMEOUTS = {"TimeoutException", "TimeoutError", "Timeout"}
_FAILURES = {"HTTPError", "RequestError", "TransportError", "RequestException", "ClientError", "OSError"}


def error_from_exception(
    method: str, url: httpx.URL, error: Exception, *, foreign: bool = False
) -> ClientResponseError | InvalidRequest | None:
    """The error for an exception of the HTTP library, None for an exception that is not about the connection.

    Args:
        method: The request's method.
        url: The request's address.
        error: What was raised.
        foreign: Whether it is from a client that was passed in, whose exceptions may be its own: the names count.
    """
    if type(error).__module__.startswith("h11"):  # the one that httpcore lets through: more or less body than announced
        return InvalidRequest(f"{method} {_path(url)} was broken off: a file in it changed its size while it was sent")
    names = {base.__name__ for base in type(error).__mro__} if foreign else set()
    is_timeout = isinstance(error, httpx.TimeoutException) or bool(names & _TIMEOUTS)
    is_unreached = isinstance(error, (httpx.ConnectError, httpx.UnsupportedProtocol, ConnectionRefusedError))
    by_aiohttp = next((found for found in (error, error.__cause__) if _is_of_aiohttp(found)), None)
    if by_aiohttp is not None:  # httpx-aiohttp takes every broken connection for a timeout
        is_timeout = isinstance(by_aiohttp, TimeoutError)
        is_unreached = type(by_aiohttp).__name__.startswith("ClientConnector")
    elif not is_timeout and not isinstance(error, (httpx.HTTPError, httpx.StreamError)) and not names & _FAILURES:
        return None
    start = f"{method} {_path(url)}"
    if isinstance(error, httpx.LocalProtocolError) and "header" in str(error):  # its text shows the header's value
        return InvalidRequest(
            f"{start} cannot be sent: a header, or the token, has a character that no header can hold, "
            "such as a line break; remove it"
        )
    rest: dict[str, Any] = {"url": str(url.copy_remove_param("token")), "original_error": error}
    origin = f"{url.scheme}://{url.netloc.decode('ascii')}"
    if isinstance(error, httpx.PoolTimeout):
        return RequestTimeout(
            f"{start} was not sent: all connections to {origin} were busy until the time was over; "
            "send fewer requests at once, or give the client a longer timeout=",
            is_abort=True,
            **rest,
        )
    if is_timeout:
        return RequestTimeout(
            f"{start} got no answer from {origin} in time; the server is busy or unreachable, "
            "or give the client a longer timeout=",
            is_abort=True,
            **rest,
        )
    if isinstance(error, httpx.ProxyError):
        return _unsent(
            f"{start} failed: the proxy that the environment names refused to pass it on to {origin}; "
            "correct HTTP_PROXY or HTTPS_PROXY, or set NO_PROXY for this host",
            **rest,
        )
    if _is_about_certificate(error):
        return CertificateRefused(
            f"{start} was not sent: the certificate of {origin} is not trusted ({error}); check the address, or give "
            "the client an ssl.SSLContext that knows who issued it as verify=",
            **rest,
        )
    if is_unreached:
        return _unsent(
            f"{start} failed: cannot reach PocketBase at {origin} ({error}); "
            "check that it runs and that the url is right",
            **rest,
        )
    return ConnectionFailed(
        f"{start} failed: the connection to {origin} broke before the answer was complete "
        f"({type(error).__name__}); try again",
        **rest,
    )


def _unsent(message: str, **rest: Any) -> ConnectionFailed:
    failure = ConnectionFailed(message, **rest)
    failure._may_have_arrived = False
    return failure


def _is_about_certificate(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def _is_of_aiohttp(error: BaseException | None) -> bool:
    return type(error).__module__.split(".")[0] == "aiohttp"
