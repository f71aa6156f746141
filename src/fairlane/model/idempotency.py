"""What an idempotency key stands for: the fingerprint of a request."""

from __future__ import annotations

import msgspec

from .canonical import canonical_json, digest, non_defaults
from .job import NewJob

IDEMPOTENCY_MS = 86_400_000
"""How long a key holds unless the store has another setting."""
MAX_IDEMPOTENCY_MS = 30 * IDEMPOTENCY_MS
TRACE_HEADERS = frozenset({"traceparent", "tracestate", "baggage"})
"""Job headers that change when a client repeats its request."""
_NOT_COMPARED = ("id", "idempotency_key", "parent")


def fingerprint(job: NewJob) -> str:
    """A digest of the request. Under one idempotency key, a request with another fingerprint is refused.

    The same request has the same fingerprint from the SDK, the REST API and the CLI, and from releases that run side
    by side. Payloads are compared as JSON values: white space, the order of an object's fields and the way
    a character is escaped make no difference.
    """
    asked = non_defaults(job)
    for name in _NOT_COMPARED:
        asked.pop(name, None)
    asked["payload"] = msgspec.Raw(canonical_json(job.payload))
    headers = {name: value for name, value in (job.headers or {}).items() if name not in TRACE_HEADERS}
    asked.pop("headers", None)
    if headers:
        asked["headers"] = headers
    return digest(asked)
