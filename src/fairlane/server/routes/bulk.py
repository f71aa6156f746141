"""One change made to many jobs."""

from __future__ import annotations

from ...model.bulk import BulkAction, BulkResult
from ...model.errors import InvalidInput
from ...model.job import JobQuery
from ...model.states import State
from ..bulk_bodies import ActionBody, Bulk, BulkBody
from ..http.call import Call
from ..http.endpoint import Endpoint
from ..queries import check_filter


async def change_jobs(call: Call, body: ActionBody) -> BulkResult:
    """Retry failed jobs, cancel unfinished ones or delete ended ones: those named, or those that match a filter."""
    return await call.context.backend.jobs.change(body.action, body.which())


async def retry_dlq(call: Call, query: Bulk, body: BulkBody | None) -> BulkResult:
    """Send failed jobs that match back to their lanes, each with a fresh set of attempts."""
    return await call.context.backend.jobs.change(BulkAction.RETRY, _failed_jobs(query, body))


async def purge_dlq(call: Call, query: Bulk, body: BulkBody | None) -> BulkResult:
    """Delete failed jobs that match."""
    return await call.context.backend.jobs.change(BulkAction.DELETE, _failed_jobs(query, body))


def _failed_jobs(query: Bulk, body: BulkBody | None) -> JobQuery:
    """What both ask for: neither may widen the other."""
    given: list[Bulk | BulkBody] = [query] if body is None else [query, body]
    for part in given:
        check_filter(part.tenant_id, part.queue, part.task)
    return JobQuery(
        state=State.FAILED,
        tenant_id=_agreed("tenantId", [part.tenant_id for part in given]),
        queue=_agreed("queue", [part.queue for part in given]),
        task=_agreed("task", [part.task for part in given]),
        limit=min(part.limit for part in given),
    )


def _agreed(name: str, values: list[str | None]) -> str | None:
    """The one value of those given. Raises InvalidInput for two."""
    different = {value for value in values if value is not None}
    if len(different) > 1:
        raise InvalidInput(f"the query and the body give different values of {name}", f"/{name}")
    return different.pop() if different else None


ENDPOINTS = (
    Endpoint("POST", "/jobs/actions", change_jobs),
    Endpoint("POST", "/jobs/dlq/retry", retry_dlq),
    Endpoint("DELETE", "/jobs/dlq", purge_dlq),
)
