"""FastAPI: requests run as the user whose PocketBase token they carry; errors become HTTP answers; pages."""

# No `from __future__ import annotations`: FastAPI reads the annotations of `PocketBaseAuth.__call__` as they are.

import copy
import math
from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, Field
from pydantic_core import to_json

from pbmodels._errors import FilterError
from pbmodels.client import (
    AsyncPocketBase,
    BadRequest,
    BatchFailed,
    ClientResponseError,
    Forbidden,
    ListResult,
    NotFound,
    PocketBase,
    RateLimited,
    RequestTimeout,
    Unauthorized,
)
from pbmodels.contrib._verified import Verifier
from pbmodels.models import AuthCollection, InvalidRecord, MultipleRecordsFound, RecordNotFound, using
from pbmodels.models._context import client_of
from pbmodels.models._loading import loader_of

try:
    from fastapi import Depends, FastAPI, HTTPException, Request
    from fastapi.responses import JSONResponse
    from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "pbmodels.contrib.fastapi needs FastAPI. Install it with: pip install 'pbmodels[fastapi]'", name=error.name
    ) from None

T = TypeVar("T")

_BEARER = HTTPBearer(scheme_name="PocketBase", description="A token of PocketBase.", auto_error=False)


class PocketBaseAuth:
    """A dependency: the user whose token a request carries, as whom the request then runs.

    The token comes in the header `Authorization`, with or without `Bearer`. The server verifies it, and the answer
    counts for a few seconds. Inside the request all models, `.aio` included, act as this user: API rules apply, through
    the connections that the program has anyway. A request without a good token is answered with 401.

    Args:
        model: The model of the users; the dependency gives one of them. Without it, users of any auth collection are
            let in and given as a `Record`: superusers too.
        client: The client whose server and connections are used; by default the model's, or the one from `connect`.
            Who is signed in there does not matter.
        seconds: How long the server's word counts; 0 asks it for each request. A user who is deleted, or whose
            tokens are revoked, is let in for as long.
        optional: Let requests without a token pass too: as guests, and the dependency gives None. A token that is no
            good is refused all the same.

    Example:
        >>> signed_in = PocketBaseAuth(User)
        >>> app = FastAPI()
        >>> @app.get("/me")
        ... async def me(user: Annotated[User, Depends(signed_in)]) -> str:
        ...     return user.name
    """

    def __init__(
        self,
        model: type[AuthCollection] | None = None,
        *,
        client: PocketBase | AsyncPocketBase | None = None,
        seconds: float = 30.0,
        optional: bool = False,
    ) -> None:
        self._model = model
        self._client = client
        self._optional = optional
        self._verifier = Verifier(seconds, None if model is None else model.__collection__)

    def forget(self) -> None:
        """Have the server verify all tokens anew: after tokens were revoked."""
        self._verifier.forget()

    async def __call__(
        self, request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]
    ) -> AsyncIterator[Any]:
        """What FastAPI calls for each request."""
        token = _token(request.headers.get("Authorization", ""))
        base = self._client or client_of(self._model or AuthCollection)
        client: Any = base.with_token(token)  # of either flavour
        if not token:
            if not self._optional:
                raise _unauthorized("sign in: send a token of PocketBase in the header Authorization")
            with using(client):
                yield None
            return
        asking = client if isinstance(client, AsyncPocketBase) else client.aio
        record = await self._verifier.record_of(asking)
        if record is None:
            raise _unauthorized("the token is not valid, or no longer: sign in again")
        record = copy.deepcopy(record)
        client.auth_store.save(token, record)
        with using(client):
            yield record if self._model is None else loader_of(self._model).one(to_json(record))


def _token(header: str) -> str:
    kind, _, rest = header.strip().partition(" ")
    return rest.strip() if kind.lower() == "bearer" else header.strip()


def _unauthorized(detail: str) -> HTTPException:
    return HTTPException(401, detail, {"WWW-Authenticate": "Bearer"})


def handle_errors(app: FastAPI) -> None:
    """Answer with the fitting HTTP status where a request ends with one of pbmodels' errors.

    | Error | Status |
    |---|---|
    | `InvalidRecord`, `ValidationFailed` | 422, with what is wrong by field, as FastAPI says it |
    | `RecordNotFound`, `NotFound` | 404 |
    | `Unauthorized` | 401 |
    | `Forbidden` | 403 |
    | `MultipleRecordsFound` | 409 |
    | `RateLimited` | 429, with `Retry-After` |
    | `FilterError`, `BadRequest` | 400 |
    | `RequestTimeout` | 504 |
    | `ServerError`, `ConnectionFailed` | 503 |

    Other errors are mistakes of the program and stay 500. An answer names no address, path or token.

    Args:
        app: The application.

    Example:
        >>> app = FastAPI()
        >>> handle_errors(app)
    """
    for kind in (ClientResponseError, InvalidRecord, RecordNotFound, MultipleRecordsFound, FilterError):
        app.add_exception_handler(kind, _answer)


async def _answer(request: Request, error: Exception) -> JSONResponse:
    status, detail, headers = _meaning(error)
    return JSONResponse({"detail": detail}, status, headers)


def _meaning(error: Exception) -> tuple[int, Any, Mapping[str, str]]:
    """Status, detail and headers of an error's answer."""
    if isinstance(error, BatchFailed) and error.reason is not None:
        return _meaning(error.reason)
    if isinstance(error, InvalidRecord):
        return 422, _by_field(error.errors, str(error)), {}
    if isinstance(error, BadRequest) and error.field_errors:
        return 422, _by_field(error.field_errors, "the record was refused"), {}
    if isinstance(error, (RecordNotFound, NotFound)):
        return 404, "not found", {}
    if isinstance(error, MultipleRecordsFound):
        return 409, "more than one record matches", {}
    if isinstance(error, Unauthorized):
        return 401, "sign in again", {"WWW-Authenticate": "Bearer"}
    if isinstance(error, Forbidden):
        return 403, "not allowed", {}
    if isinstance(error, RateLimited):
        wait = {} if error.retry_after is None else {"Retry-After": str(math.ceil(error.retry_after))}
        return 429, "too many requests", wait
    if isinstance(error, FilterError):
        return 400, str(error), {}
    if isinstance(error, RequestTimeout):
        return 504, "the database did not answer in time", {}
    if isinstance(error, ClientResponseError) and 400 <= error.status < 500:
        return 400, str(error.response.get("message") or "the request was refused"), {}
    return 503, "the database is not available", {}


def _by_field(errors: Mapping[str, str], message: str) -> list[dict[str, Any]]:
    found = errors or {"": message}
    return [
        {"type": "value_error", "loc": ["body", *filter(None, name.split("."))], "msg": text}
        for name, text in found.items()
    ]


class PageQuery(BaseModel):
    """The query parameters `page` and `per_page`, within the server's limits."""

    page: int = Field(default=1, ge=1)
    per_page: int = Field(default=30, ge=1, le=1000)


Paging = Annotated[PageQuery, Depends()]
"""The parameter of a route that gives pages: `paging: Paging`."""


class PageOf(BaseModel, Generic[T]):
    """A page of records as an answer, and in the API's description.

    Example:
        >>> post = Post.create(title="Hello")
        >>> PageOf[Post].of(Post.where().page(1, 20)).total_items
        1
    """

    items: list[T]
    page: int
    per_page: int
    total_items: int
    total_pages: int

    @classmethod
    def of(cls, found: ListResult[T]) -> "PageOf[T]":
        """The answer that a page makes.

        Args:
            found: What `.page(...)` or `get_list(...)` gave.
        """
        return cls.model_construct(
            items=found.items,
            page=found.page,
            per_page=found.per_page,
            total_items=found.total_items,
            total_pages=found.total_pages,
        )
