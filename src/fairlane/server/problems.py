"""Errors as `application/problem+json` (RFC 9457): one table from each error to its status and type."""

from __future__ import annotations

import math
from http import HTTPStatus

import msgspec

from ..model.errors import (
    Conflict,
    FairlaneError,
    IdempotencyMismatch,
    InvalidInput,
    NotFound,
    PayloadTooLarge,
    RateLimited,
    StoreFull,
    StoreRefused,
    StoreUnavailable,
    Unauthorized,
)
from .http.answers import Answer, Header

PROBLEM_TYPE = b"application/problem+json"
STORE_RETRY_SECONDS = 1


class FieldError(msgspec.Struct, frozen=True):
    """One refused field: its JSON pointer within the body (or `/name` of a query parameter), and why."""

    pointer: str
    detail: str


class Problem(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What went wrong. `type` is stable; `detail` is for people."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] = []
    retry_after: int | None = None
    """Seconds after which a repeat makes sense."""


class HttpError(FairlaneError):
    """A request that was refused for its HTTP part, before any verb was called."""

    def __init__(self, status: HTTPStatus, code: str, detail: str, headers: tuple[Header, ...] = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.headers = headers


_STATUSES: dict[type[FairlaneError], HTTPStatus] = {
    InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    PayloadTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    IdempotencyMismatch: HTTPStatus.UNPROCESSABLE_ENTITY,
    RateLimited: HTTPStatus.TOO_MANY_REQUESTS,
    Unauthorized: HTTPStatus.UNAUTHORIZED,
    StoreUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    StoreFull: HTTPStatus.INSUFFICIENT_STORAGE,
    StoreRefused: HTTPStatus.SERVICE_UNAVAILABLE,
    FairlaneError: HTTPStatus.INTERNAL_SERVER_ERROR,
}
_encoder = msgspec.json.Encoder()


def problem_of(error: FairlaneError) -> Problem:
    """The problem that tells of this error."""
    status = _status_of(error)
    errors = []
    if isinstance(error, InvalidInput) and error.pointer:
        errors.append(FieldError(error.pointer, error.detail))
    return Problem(
        type=f"urn:fairlane:problem:{error.code}",
        title=status.phrase,
        status=status.value,
        detail=str(error),
        errors=errors,
        retry_after=_retry_after(error),
    )


def problem_answer(error: FairlaneError) -> Answer:
    """The response that tells of this error."""
    problem = problem_of(error)
    headers: list[Header] = list(error.headers) if isinstance(error, HttpError) else []
    if problem.retry_after is not None:
        headers.append((b"retry-after", b"%d" % problem.retry_after))
    return Answer(problem.status, _encoder.encode(problem), PROBLEM_TYPE, headers)


def internal_problem() -> Answer:
    """The response to a request that met a bug of ours. Says nothing of the inside."""
    return problem_answer(
        HttpError(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "The server met an error; its log has the details.")
    )


def _status_of(error: FairlaneError) -> HTTPStatus:
    if isinstance(error, HttpError):
        return error.status
    return next(_STATUSES[kind] for kind in type(error).__mro__ if kind in _STATUSES)


def _retry_after(error: FairlaneError) -> int | None:
    if isinstance(error, RateLimited):
        return max(1, math.ceil(error.retry_after))
    if isinstance(error, (StoreUnavailable, StoreRefused)):
        return STORE_RETRY_SECONDS
    return None
