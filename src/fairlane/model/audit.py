"""The audit log: who changed what, from what to what, and when."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from .job import Time


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One change."""

    at: Time
    author: str
    """`token:NAME`, `user:NAME` for an operating system's user beside the store, or `api` for a caller of an API
    without access tokens."""
    action: str
    """What was changed and how, such as `tenant.limits` or `job.cancel`."""
    targets: Sequence[str]
    """What was changed: ids of jobs, or the name of a tenant, queue, worker, token or schedule."""
    before: msgspec.Raw
    """JSON, as `after`. Null if there was nothing."""
    after: msgspec.Raw
