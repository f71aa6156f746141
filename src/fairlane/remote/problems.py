"""From a refusal of the API back to the error that the server met."""

from __future__ import annotations

import httpx
import msgspec

from ..model import errors
from ..model.errors import FairlaneError, InvalidInput, PayloadTooLarge, RateLimited, StoreUnavailable

_PREFIX = "urn:fairlane:problem:"
_KINDS: tuple[type[FairlaneError], ...] = (
    errors.NotFound,
    errors.Conflict,
    errors.IdTaken,
    errors.IdempotencyMismatch,
    errors.Unauthorized,
    errors.StoreUnavailable,
    errors.StoreFull,
    errors.StoreRefused,
)
_PLAIN = {kind.code: kind for kind in _KINDS} | {"request_timeout": StoreUnavailable}
_INVALID: dict[str, type[InvalidInput]] = {
    InvalidInput.code: InvalidInput,
    "malformed_json": InvalidInput,
    PayloadTooLarge.code: PayloadTooLarge,
    "body_too_large": PayloadTooLarge,
}
_UNREACHABLE = frozenset({502, 503, 504})
"""What proxies answer while the server behind them is away."""


class FieldError(msgspec.Struct):
    """A refused field."""

    pointer: str
    detail: str


class Problem(msgspec.Struct, rename="camel"):
    """A problem document, as far as errors are made of it."""

    type: str = ""
    detail: str = ""
    errors: list[FieldError] = []
    retry_after: float | None = None


_decode = msgspec.json.Decoder(Problem).decode


def error_of(problem: Problem) -> FairlaneError:
    """The error that this problem tells of; a plain FairlaneError where its type is not known here."""
    code = problem.type.removeprefix(_PREFIX)
    if code in _INVALID:
        refused = problem.errors[0] if problem.errors else FieldError("", problem.detail)
        return _INVALID[code](refused.detail, refused.pointer)
    if code == RateLimited.code:
        return RateLimited(problem.detail, problem.retry_after or 1.0)
    return _PLAIN.get(code, FairlaneError)(problem.detail or f"the API answers with the problem {problem.type!r}")


def error_of_response(response: httpx.Response) -> FairlaneError:
    """The error that a response which is no success tells of."""
    if response.headers.get("content-type", "").partition(";")[0] == "application/problem+json":
        try:
            return error_of(_decode(response.content))
        except msgspec.MsgspecError:
            pass
    status = response.status_code
    if status in _UNREACHABLE:
        return StoreUnavailable(f"the API is away: something before it answers {status}")
    if response.is_redirect:
        return FairlaneError(f"the API's URL redirects to {response.headers.get('location')!r}; give that one")
    return FairlaneError(f"the answer {status} does not come from the API of fairlane")
