"""Listings of jobs by state, search, and the totals."""

from __future__ import annotations

from ...model.job import Counters, JobPage
from ...model.monitor import StateCounts
from ...model.names import check_name
from ...model.states import State
from ...model.token import TokenKind
from ...rest.listings import Listing, OneTenant, Search
from ..http.call import Call
from ..http.endpoint import Endpoint


async def search_jobs(call: Call, query: Search) -> JobPage:
    """Jobs that match all given filters."""
    return await call.backend.jobs.list(query.to_search())


async def list_scheduled(call: Call, query: Listing) -> JobPage:
    """Jobs that start later, the next one first."""
    return await call.backend.jobs.list(query.to_query(State.SCHEDULED))


async def list_pending(call: Call, query: Listing) -> JobPage:
    """Jobs that wait for a worker."""
    return await call.backend.jobs.list(query.to_query(State.PENDING))


async def list_running(call: Call, query: Listing) -> JobPage:
    """Jobs that a worker runs."""
    return await call.backend.jobs.list(query.to_query(State.RUNNING))


async def list_completed(call: Call, query: Listing) -> JobPage:
    """Jobs that have succeeded."""
    return await call.backend.jobs.list(query.to_query(State.COMPLETED))


async def list_dlq(call: Call, query: Listing) -> JobPage:
    """The dead letter queue: jobs that failed and have no attempts left."""
    return await call.backend.jobs.list(query.to_query(State.FAILED))


async def list_cancelled(call: Call, query: Listing) -> JobPage:
    """Jobs that were cancelled."""
    return await call.backend.jobs.list(query.to_query(State.CANCELLED))


async def job_metrics(call: Call, query: OneTenant) -> Counters:
    """Totals since the store was made: jobs submitted, completed, failed attempts, re-queues."""
    if query.tenant_id is not None:
        check_name(query.tenant_id, "tenantId", "/tenantId")
    return await call.backend.monitor.counters(query.tenant_id)


async def count_jobs(call: Call, query: OneTenant) -> StateCounts:
    """How many jobs are in each state now."""
    if query.tenant_id is not None:
        check_name(query.tenant_id, "tenantId", "/tenantId")
    return await call.backend.monitor.jobs_by_state(query.tenant_id)


ENDPOINTS = (
    Endpoint("GET", "/jobs", search_jobs).open_to(TokenKind.TENANT, TokenKind.MONITOR).large(),
    Endpoint("GET", "/jobs/scheduled", list_scheduled).open_to(TokenKind.TENANT, TokenKind.MONITOR).large(),
    Endpoint("GET", "/jobs/pending", list_pending).open_to(TokenKind.TENANT, TokenKind.MONITOR).large(),
    Endpoint("GET", "/jobs/running", list_running).open_to(TokenKind.TENANT, TokenKind.MONITOR).large(),
    Endpoint("GET", "/jobs/completed", list_completed).open_to(TokenKind.TENANT, TokenKind.MONITOR).large(),
    Endpoint("GET", "/jobs/dlq", list_dlq).open_to(TokenKind.TENANT, TokenKind.MONITOR).large(),
    Endpoint("GET", "/jobs/cancelled", list_cancelled).open_to(TokenKind.TENANT, TokenKind.MONITOR).large(),
    Endpoint("GET", "/jobs/counts", count_jobs).open_to(TokenKind.TENANT, TokenKind.MONITOR),
    Endpoint("GET", "/jobs/metrics", job_metrics).open_to(TokenKind.TENANT, TokenKind.MONITOR),
)
