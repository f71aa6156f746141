"""Headers of requests and answers, in lower case."""

from __future__ import annotations

import math
from collections.abc import Mapping

from ..model.job import RateUse

IDEMPOTENCY_KEY = "idempotency-key"
IDEMPOTENCY_REPLAYED = "idempotency-replayed"
JOB_REPLACED = "job-replaced"
LAST_EVENT_ID = "last-event-id"
RATE_LIMIT_POLICY = "ratelimit-policy"
RATE_LIMIT = "ratelimit"
_POLICY, _LEFT = RATE_LIMIT_POLICY.encode(), RATE_LIMIT.encode()


def rate_headers(rate: RateUse) -> list[tuple[bytes, bytes]]:
    """A tenant's submission rate as headers, with whole seconds."""
    policy = b'"submit";q=%d;w=%d' % (rate.limit, math.ceil(rate.window_seconds))
    left = b'"submit";r=%d;t=%d' % (rate.remaining, math.ceil(rate.reset_seconds))
    return [(_POLICY, policy), (_LEFT, left)]


def rate_of(headers: Mapping[str, str]) -> RateUse | None:
    """The tenant's submission rate that an answer's headers carry; None if they carry none."""
    policy, left = (_parameters(headers.get(name, "")) for name in (RATE_LIMIT_POLICY, RATE_LIMIT))
    if not {"q", "w"} <= policy.keys() or not {"r", "t"} <= left.keys():
        return None
    return RateUse(policy["q"], float(policy["w"]), left["r"], float(left["t"]))


def _parameters(header: str) -> dict[str, int]:
    """The integer parameters of a header such as `"submit";q=10;w=60`."""
    pairs = (part.strip().partition("=") for part in header.split(";")[1:])
    return {name: int(value) for name, _, value in pairs if value.isdigit()}
