"""One change made to many jobs."""

from __future__ import annotations

from ...model.bulk import BulkAction, BulkResult
from ...model.token import TokenKind
from ...rest.bulk import ActionBody, Bulk, BulkBody, failed_jobs
from ..http.call import Call
from ..http.endpoint import Endpoint


async def change_jobs(call: Call, body: ActionBody) -> BulkResult:
    """Retry failed jobs, cancel unfinished ones or delete ended ones, by their ids or by a filter."""
    return await call.unless_gone(call.backend.jobs.change(body.action, body.which()))


async def retry_dlq(call: Call, query: Bulk, body: BulkBody | None) -> BulkResult:
    """Send failed jobs that match back to their lanes, each with a fresh set of attempts."""
    return await call.unless_gone(call.backend.jobs.change(BulkAction.RETRY, failed_jobs(query, body)))


async def purge_dlq(call: Call, query: Bulk, body: BulkBody | None) -> BulkResult:
    """Delete failed jobs that match."""
    return await call.unless_gone(call.backend.jobs.change(BulkAction.DELETE, failed_jobs(query, body)))


ENDPOINTS = (
    Endpoint("POST", "/jobs/actions", change_jobs).open_to(TokenKind.TENANT),
    Endpoint("POST", "/jobs/dlq/retry", retry_dlq).open_to(TokenKind.TENANT),
    Endpoint("DELETE", "/jobs/dlq", purge_dlq).open_to(TokenKind.TENANT),
)
