"""The figures and changes of one tenant."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from ..backend import Jobs, Monitor
from ..model.job import Counters, Job
from ..model.monitor import StateCounts
from .closed import Closed
from .own import own_tenant
from .views import job_for_tenant


class TenantMonitor(Closed):
    """Implements `backend.Monitor` for one tenant: its totals, and each of its jobs."""

    def __init__(self, monitor: Monitor, own_jobs: Jobs, tenant_id: str) -> None:
        self._monitor = monitor
        self._own_jobs = own_jobs
        self._tenant_id = tenant_id

    async def counters(self, tenant_id: str | None = None) -> Counters:
        return await self._monitor.counters(own_tenant(tenant_id, self._tenant_id))

    async def jobs_by_state(self, tenant_id: str | None = None) -> StateCounts:
        return await self._monitor.jobs_by_state(own_tenant(tenant_id, self._tenant_id))

    async def follow(self, job_id: str) -> AsyncGenerator[Job]:
        await self._own_jobs.get(job_id)
        async with aclosing(self._monitor.follow(job_id)) as jobs:
            async for job in jobs:
                yield job_for_tenant(job)
