"""Errors as `application/problem+json` (RFC 9457): one table from each error to its status and type, and back."""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import NamedTuple

import msgspec

from ..model.errors import (
    BacklogFull,
    BatchFull,
    BatchSealed,
    Conflict,
    FairlaneError,
    Forbidden,
    IdempotencyMismatch,
    IdTaken,
    InvalidInput,
    NotFound,
    NotReplicated,
    PayloadTooLarge,
    RateLimited,
    StoreFull,
    StoreRefused,
    StoreUnavailable,
    Unauthorized,
    UnknownBatch,
    UnknownNeed,
)
from .limits import STORE_RETRY_SECONDS

PROBLEM_TYPE = "application/problem+json"
REFUSED_JOB = frozenset({400, 403, 409, 413, 422, 429})
"""Statuses that refuse one job. With any other status that is no success, the call has failed."""

_PREFIX = "urn:fairlane:problem:"
_STATUSES: dict[type[FairlaneError], HTTPStatus] = {
    InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    PayloadTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    IdTaken: HTTPStatus.CONFLICT,
    IdempotencyMismatch: HTTPStatus.UNPROCESSABLE_ENTITY,
    RateLimited: HTTPStatus.TOO_MANY_REQUESTS,
    BacklogFull: HTTPStatus.TOO_MANY_REQUESTS,
    UnknownNeed: HTTPStatus.UNPROCESSABLE_ENTITY,
    UnknownBatch: HTTPStatus.UNPROCESSABLE_ENTITY,
    BatchSealed: HTTPStatus.CONFLICT,
    BatchFull: HTTPStatus.UNPROCESSABLE_ENTITY,
    Unauthorized: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    StoreUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    StoreFull: HTTPStatus.INSUFFICIENT_STORAGE,
    NotReplicated: HTTPStatus.SERVICE_UNAVAILABLE,
    StoreRefused: HTTPStatus.SERVICE_UNAVAILABLE,
    FairlaneError: HTTPStatus.INTERNAL_SERVER_ERROR,
}


class HttpProblem(NamedTuple):
    """A problem that only HTTP has: its code and status, and the error that our client makes of it."""

    code: str
    status: HTTPStatus
    error: type[FairlaneError] = FairlaneError


MALFORMED_REQUEST = HttpProblem("malformed_request", HTTPStatus.BAD_REQUEST)
MALFORMED_JSON = HttpProblem("malformed_json", HTTPStatus.BAD_REQUEST, InvalidInput)
CROSS_ORIGIN = HttpProblem("cross_origin", HTTPStatus.FORBIDDEN)
NO_SUCH_PATH = HttpProblem("not_found", HTTPStatus.NOT_FOUND, NotFound)
METHOD_NOT_ALLOWED = HttpProblem("method_not_allowed", HTTPStatus.METHOD_NOT_ALLOWED)
REQUEST_TIMEOUT = HttpProblem("request_timeout", HTTPStatus.REQUEST_TIMEOUT, StoreUnavailable)
BODY_TOO_LARGE = HttpProblem("body_too_large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE, PayloadTooLarge)
URI_TOO_LONG = HttpProblem("uri_too_long", HTTPStatus.REQUEST_URI_TOO_LONG)
UNSUPPORTED_MEDIA_TYPE = HttpProblem("unsupported_media_type", HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
WRONG_HOST = HttpProblem("wrong_host", HTTPStatus.MISDIRECTED_REQUEST)
HEADERS_TOO_LARGE = HttpProblem("headers_too_large", HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
HTTP_VERSION = HttpProblem("http_version", HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
TOO_MANY_CONNECTIONS = HttpProblem("too_many_connections", HTTPStatus.SERVICE_UNAVAILABLE, StoreUnavailable)
TOO_MANY_ANSWERS = HttpProblem("too_many_answers", HTTPStatus.SERVICE_UNAVAILABLE, StoreUnavailable)
INTERNAL = HttpProblem("internal", HTTPStatus.INTERNAL_SERVER_ERROR)
TOO_MANY_REQUESTS = HttpProblem("too_many_requests", HTTPStatus.TOO_MANY_REQUESTS, StoreUnavailable)
NOT_READY = HttpProblem("not_ready", HTTPStatus.SERVICE_UNAVAILABLE, StoreUnavailable)
HTTP_PROBLEMS = (
    TOO_MANY_REQUESTS,
    NOT_READY,
    MALFORMED_REQUEST,
    MALFORMED_JSON,
    CROSS_ORIGIN,
    NO_SUCH_PATH,
    METHOD_NOT_ALLOWED,
    REQUEST_TIMEOUT,
    BODY_TOO_LARGE,
    URI_TOO_LONG,
    UNSUPPORTED_MEDIA_TYPE,
    WRONG_HOST,
    HEADERS_TOO_LARGE,
    HTTP_VERSION,
    TOO_MANY_CONNECTIONS,
    TOO_MANY_ANSWERS,
    INTERNAL,
)
_ERRORS = {problem.code: problem.error for problem in HTTP_PROBLEMS} | {error.code: error for error in _STATUSES}


class HttpError(FairlaneError):
    """The HTTP part of a request was refused, before any verb was called."""

    def __init__(self, problem: HttpProblem, detail: str, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        super().__init__(detail)
        self.status = problem.status
        self.code = problem.code
        self.headers = headers


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
    job_id: str | None = None
    """The job that the store may have or may lose."""


def problem_of(error: FairlaneError) -> Problem:
    """The problem document of an error."""
    status = _status_of(error)
    errors = []
    if isinstance(error, InvalidInput) and error.pointer:
        errors.append(FieldError(error.pointer, error.detail))
    return Problem(
        type=_PREFIX + error.code,
        title=status.phrase,
        status=status.value,
        detail=str(error),
        errors=errors,
        retry_after=_retry_after(error),
        job_id=error.job_id if isinstance(error, NotReplicated) else None,
    )


def error_of(problem: Problem) -> FairlaneError:
    """The error that a problem document stands for; a plain FairlaneError if this release does not know its type."""
    kind = _ERRORS.get(problem.type.removeprefix(_PREFIX), FairlaneError)
    if issubclass(kind, InvalidInput):
        refused = problem.errors[0] if problem.errors else FieldError("", problem.detail)
        return kind(refused.detail, refused.pointer)
    if issubclass(kind, RateLimited):
        return kind(problem.detail, float(problem.retry_after or 1))
    if issubclass(kind, NotReplicated):
        return kind(problem.job_id or "", problem.detail)
    return kind(problem.detail or f"the API answers with the problem {problem.type!r}")


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
