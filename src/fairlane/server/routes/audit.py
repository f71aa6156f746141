"""The audit log."""

from __future__ import annotations

from ...rest.audit import AuditListing, AuditPage
from ..http.call import Call
from ..http.endpoint import Endpoint


async def list_audit(call: Call, query: AuditListing) -> AuditPage:
    """Changes that users made, newest first: who changed what, from what to what, and when.

    `author` is `token:NAME`, `user:NAME` for a user of a machine beside the store, or `api` for a caller of an API
    without access tokens. Each partition of a store keeps the last 10,000 changes of limits, queues, workers and
    tokens, and the last 5,000 of jobs and schedules.
    """
    entries, cursor = await call.backend.audit.list(query.limit, query.cursor)
    return AuditPage(entries=entries, next_cursor=cursor)


ENDPOINTS = (Endpoint("GET", "/audit", list_audit).large(),)
