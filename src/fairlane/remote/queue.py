"""The verbs over HTTP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import msgspec

from ..model import ids
from ..model.bulk import BulkAction, BulkResult
from ..model.job import Counters, Explanation, Job, JobPage, JobQuery, NewJob, Submission
from ..model.lease import ClaimRequest, Lease, LeaseReport, LeaseStatus, Outcome, WorkerReport
from ..model.overview import QueueInfo
from ..model.tenant import PolicyChange, Tenant
from . import answers, requests
from .logs import RemoteLogs
from .monitor import RemoteMonitor
from .orders import RemoteOrders
from .schedules import RemoteSchedules
from .submitting import submit_many, submit_one, with_rates
from .transport import Transport, decode

LONGEST_WAIT_MS = 20_000
"""Of one claim; a longer wait is made of several, so that proxies do not take it for dead."""
_SHORTEST_LOOK_S, _LONGEST_LOOK_S = 0.02, 1.0


class RemoteQueue:
    """Implements `queue.Queue` against the API at an http or https URL. Connects with its first call."""

    def __init__(self, url: str) -> None:
        """Raises InvalidInput for a URL that cannot be one of the API."""
        self._transport = Transport(url)
        self.schedules = RemoteSchedules(self._transport)
        self.monitor = RemoteMonitor(self._transport)
        self.logs = RemoteLogs(self._transport)
        self.orders = RemoteOrders(self._transport)

    # Clients

    def new_job_id(self, tenant_id: str) -> str:
        """A fresh id for a job of this tenant.

        The API does not say how many partitions its store has, so this takes it for one. A server
        on a store of more refuses the ids of tenants in the others as InvalidInput.
        """
        return ids.new_job_id(0)

    async def submit(self, jobs: Sequence[NewJob]) -> list[Submission]:
        if len(jobs) == 1:
            found = [await submit_one(self._transport, jobs[0])]
        else:
            found = await submit_many(self._transport, jobs)
        return await with_rates(jobs, found, self.tenant)

    async def get(self, job_id: str) -> Job:
        return await self._job("GET", requests.job_path(job_id))

    async def list_jobs(self, query: JobQuery) -> JobPage:
        page = await self._transport.call("GET", "/jobs", answers.JobPageAnswer, query=requests.listing_query(query))
        return JobPage([job.to_job() for job in page.jobs], page.next_cursor)

    async def explain(self, job_id: str) -> Explanation:
        return await self._transport.call("GET", requests.job_path(job_id, "/explain"), Explanation)

    async def cancel(self, job_id: str) -> Job:
        return await self._job("POST", requests.job_path(job_id, "/cancel"))

    async def retry(self, job_id: str) -> Job:
        return await self._job("POST", requests.job_path(job_id, "/retry"))

    async def wait_finished(self, job_id: str, timeout_ms: int) -> Job | None:
        """The job once it has ended, or None when `timeout_ms` passed first. Looks at it again and again."""
        deadline = time.monotonic() + timeout_ms / 1000
        pause = _SHORTEST_LOOK_S
        while True:
            job = await self.get(job_id)
            left = deadline - time.monotonic()
            if job.state.is_terminal or left <= 0:
                return job if job.state.is_terminal else None
            await asyncio.sleep(min(pause, left))
            pause = min(pause * 1.5, _LONGEST_LOOK_S)

    # Workers

    async def claim(self, request: ClaimRequest) -> list[Lease]:
        deadline = time.monotonic() + request.wait_ms / 1000
        while True:
            left_ms = max(0, round((deadline - time.monotonic()) * 1000))
            wait_ms = min(left_ms, LONGEST_WAIT_MS)
            body = requests.claim_body(request, wait_ms)
            found = await self._transport.call("POST", "/leases", answers.Leases, body=body, wait_s=wait_ms / 1000)
            if found.leases or left_ms <= LONGEST_WAIT_MS:
                return found.leases

    async def finish(self, outcomes: Sequence[Outcome]) -> list[LeaseStatus]:
        statuses: list[LeaseStatus] = []
        for _, body in requests.batches([requests.outcome_item(outcome) for outcome in outcomes], "outcomes"):
            statuses += await self._lease_statuses("/leases/finish", body)
        return statuses

    async def exchange(
        self, outcomes: Sequence[Outcome], request: ClaimRequest
    ) -> tuple[list[LeaseStatus], list[Lease]]:
        """`finish`, then `claim` without waiting: two calls."""
        statuses = await self.finish(outcomes)
        return statuses, await self.claim(msgspec.structs.replace(request, wait_ms=0))

    async def extend(self, worker: WorkerReport, leases: Sequence[LeaseReport], lease_ms: int) -> list[LeaseStatus]:
        statuses: list[LeaseStatus] = []
        for body in requests.extend_bodies(worker, leases, lease_ms):
            statuses += await self._lease_statuses("/leases/extend", body)
        return statuses

    # Operators

    async def counters(self, tenant_id: str | None = None) -> Counters:
        query = None if tenant_id is None else {"tenantId": tenant_id}
        return await self._transport.call("GET", "/jobs/metrics", Counters, query=query)

    async def tenant(self, tenant_id: str) -> Tenant:
        path = requests.named_path("tenants", tenant_id, "the tenant's id")
        return await self._transport.call("GET", path, Tenant)

    async def tenants(self, limit: int, cursor: str | None = None, prefix: str = "") -> tuple[list[Tenant], str | None]:
        query = {"limit": str(min(limit, requests.MAX_PAGE))} | ({} if cursor is None else {"cursor": cursor})
        query |= {"prefix": prefix} if prefix else {}
        page = await self._transport.call("GET", "/tenants", answers.TenantPage, query=query)
        return page.tenants, page.next_cursor

    async def change_tenant(self, tenant_id: str, change: PolicyChange) -> Tenant:
        path = requests.named_path("tenants", tenant_id, "the tenant's id")
        return await self._transport.call("PUT", path, Tenant, body=change)

    async def reset_tenant(self, tenant_id: str) -> Tenant:
        path = requests.named_path("tenants", tenant_id, "the tenant's id", "/limits")
        return await self._transport.call("DELETE", path, Tenant)

    async def queues(self) -> list[QueueInfo]:
        return (await self._transport.call("GET", "/queues", answers.Queues)).queues

    async def pause_queue(self, queue: str, paused: bool) -> QueueInfo:
        path = requests.named_path("queues", queue, "the queue's name", "/pause" if paused else "/resume")
        return await self._transport.call("POST", path, QueueInfo)

    async def workers(self) -> list[WorkerReport]:
        found = await self._transport.call("GET", "/workers", answers.Workers)
        return [worker.to_report() for worker in found.workers]

    async def change_jobs(self, action: BulkAction, which: JobQuery | Sequence[str]) -> BulkResult:
        body = requests.bulk_body(action, which)
        return await self._transport.call("POST", "/jobs/actions", BulkResult, body=body)

    async def close(self) -> None:
        await self._transport.close()

    async def _lease_statuses(self, path: str, body: bytes) -> Sequence[LeaseStatus]:
        response = await self._transport.send(self._transport.build("POST", path, body, {}))
        return answers.statuses(decode(response, answers.LeaseResults))

    async def _job(self, method: str, path: str) -> Job:
        return (await self._transport.call(method, path, answers.JobAnswer)).to_job()
