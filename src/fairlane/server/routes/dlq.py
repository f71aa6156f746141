"""The dead letter queue in bulk."""

from __future__ import annotations

from ...model.job import JobQuery
from ...model.overview import BulkResult
from ...model.states import State
from ..call import Call
from ..endpoint import Endpoint
from ..queries import Bulk, BulkBody, check_filter


async def retry_dlq(call: Call, query: Bulk, body: BulkBody | None) -> BulkResult:
    """Send failed jobs that match back to their lanes, each with a fresh set of attempts."""
    return await call.context.queue.retry_failed(_job_query(body or query))


async def purge_dlq(call: Call, query: Bulk, body: BulkBody | None) -> BulkResult:
    """Forget failed jobs that match."""
    return await call.context.queue.purge_failed(_job_query(body or query))


def _job_query(which: Bulk | BulkBody) -> JobQuery:
    check_filter(which.tenant_id, which.queue, which.task)
    return JobQuery(
        state=State.FAILED, tenant_id=which.tenant_id, queue=which.queue, task=which.task, limit=which.limit
    )


ENDPOINTS = (
    Endpoint("POST", "/jobs/dlq/retry", retry_dlq),
    Endpoint("DELETE", "/jobs/dlq", purge_dlq),
)
