"""The dead letter queue in bulk."""

from __future__ import annotations

from ...model.errors import InvalidInput
from ...model.job import JobQuery
from ...model.overview import BulkResult
from ...model.states import State
from ..call import Call
from ..endpoint import Endpoint
from ..queries import Bulk, BulkBody, check_filter


async def retry_dlq(call: Call, query: Bulk, body: BulkBody | None) -> BulkResult:
    """Send failed jobs that match back to their lanes, each with a fresh set of attempts."""
    return await call.context.queue.retry_failed(_job_query(query, body))


async def purge_dlq(call: Call, query: Bulk, body: BulkBody | None) -> BulkResult:
    """Forget failed jobs that match."""
    return await call.context.queue.purge_failed(_job_query(query, body))


def _job_query(query: Bulk, body: BulkBody | None) -> JobQuery:
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
    Endpoint("POST", "/jobs/dlq/retry", retry_dlq),
    Endpoint("DELETE", "/jobs/dlq", purge_dlq),
)
