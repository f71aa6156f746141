"""The jobs of one tenant."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import Any

import msgspec

from ..backend import StoreBackend
from ..model.bulk import BulkAction, BulkResult
from ..model.errors import Forbidden, NotFound
from ..model.job import Explanation, Job, JobPage, JobQuery, JobSummary, NewJob, Submission
from ..model.logs import JobLog
from ..model.refusals import refused
from .closed import Closed
from .own import foreign_tenant, own_tenant
from .views import explanation_for_tenant, job_for_tenant, summary_for_tenant


class TenantJobs(Closed):
    """Implements `backend.Jobs` for one tenant. Logs can hold secrets of the operator: they need `with_logs`."""

    def __init__(self, backend: StoreBackend, tenant_id: str, *, with_logs: bool) -> None:
        self._jobs = backend.jobs
        self._tenants = backend.tenants
        self._tenant_id = tenant_id
        self._with_logs = with_logs

    def new_id(self, tenant_id: str) -> str:
        return self._jobs.new_id(tenant_id)

    def submit(self, jobs: Sequence[NewJob]) -> Coroutine[Any, Any, list[Submission]]:
        for job in jobs:
            if job.tenant_id != self._tenant_id:
                return self._submit_own(jobs)
        return self._jobs.submit(jobs)  # without a coroutine around it: this is the busiest call

    async def _submit_own(self, jobs: Sequence[NewJob]) -> list[Submission]:
        own = [job for job in jobs if job.tenant_id == self._tenant_id]
        made = iter(await self._jobs.submit(own) if own else [])
        return [
            next(made) if job.tenant_id == self._tenant_id else refused(job.id, foreign_tenant(self._tenant_id))
            for job in jobs
        ]

    async def get(self, job_id: str) -> Job:
        return job_for_tenant(await self._own(job_id))

    async def list(self, query: JobQuery) -> JobPage:
        page = await self._jobs.list(self._own_only(query))
        return JobPage([summary_for_tenant(job) for job in page.jobs if self._is_own(job)], page.next_cursor)

    async def explain(self, job_id: str) -> Explanation:
        await self._own(job_id)
        explanation = await self._jobs.explain(job_id)
        tenant = await self._tenants.get(self._tenant_id)
        return explanation_for_tenant(explanation, is_paused=tenant.policy.paused)

    async def log(self, job_id: str) -> JobLog:
        if not self._with_logs:
            raise Forbidden("this server does not show logs to tenants: ask its operator for --tenant-logs on")
        await self._own(job_id)
        return await self._jobs.log(job_id)

    async def cancel(self, job_id: str) -> Job:
        await self._own(job_id)
        return job_for_tenant(await self._jobs.cancel(job_id))

    async def retry(self, job_id: str) -> Job:
        await self._own(job_id)
        return job_for_tenant(await self._jobs.retry(job_id))

    async def change(self, action: BulkAction, which: JobQuery | Sequence[str]) -> BulkResult:
        if isinstance(which, JobQuery):
            return await self._jobs.change(action, self._own_only(which))
        own = [job_id for job_id in which if await self._owns(job_id)]
        return await self._jobs.change(action, own) if own else BulkResult(count=0, more=False)

    async def wait_finished(self, job_id: str, timeout_ms: int) -> Job | None:
        await self._own(job_id)
        job = await self._jobs.wait_finished(job_id, timeout_ms)
        return None if job is None else job_for_tenant(job)

    def _own_only(self, query: JobQuery) -> JobQuery:
        return msgspec.structs.replace(query, tenant_id=own_tenant(query.tenant_id, self._tenant_id))

    def _is_own(self, job: JobSummary) -> bool:
        return job.tenant_id == self._tenant_id

    async def _owns(self, job_id: str) -> bool:
        try:
            await self._own(job_id)
        except NotFound:
            return False
        return True

    async def _own(self, job_id: str) -> Job:
        """The job. A foreign one raises the same NotFound as one that does not exist."""
        return await self._jobs.get_of(self._tenant_id, job_id)
