"""What the holder of a monitor's token may use: everything that can be read, without what tenants put into jobs."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ..backend import Backend, Batches, Jobs, Monitor, Queues, Schedules, Tenants, Workers
from ..model.batch import Batch, BatchPage
from ..model.job import Counters, Explanation, Job, JobPage, JobQuery
from ..model.lease import WorkerReport
from ..model.monitor import History, Overview, StateCounts
from ..model.overview import QueueInfo
from ..model.schedule import Schedule
from ..model.tenant import Tenant, TenantPolicy
from .closed import Closed, ClosedBackend
from .views import job_for_monitor, schedule_for_monitor, summary_for_monitor


class MonitorBackend(ClosedBackend):
    """Implements the reading verbs of `backend.Backend`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    @property
    def jobs(self) -> Jobs:
        return MonitoredJobs(self._backend.jobs)

    @property
    def batches(self) -> Batches:
        return MonitoredBatches(self._backend.batches)

    @property
    def tenants(self) -> Tenants:
        return MonitoredTenants(self._backend.tenants)

    @property
    def queues(self) -> Queues:
        return MonitoredQueues(self._backend.queues)

    @property
    def workers(self) -> Workers:
        return MonitoredWorkers(self._backend.workers)

    @property
    def schedules(self) -> Schedules:
        return MonitoredSchedules(self._backend.schedules)

    @property
    def monitor(self) -> Monitor:
        return MonitoredFigures(self._backend.monitor)


class MonitoredJobs(Closed):
    """Implements the reading verbs of `backend.Jobs`."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    async def get(self, job_id: str) -> Job:
        return job_for_monitor(await self._jobs.get(job_id))

    async def list(self, query: JobQuery) -> JobPage:
        page = await self._jobs.list(msgspec.structs.replace(query, include=frozenset()))
        return JobPage([summary_for_monitor(job) for job in page.jobs], page.next_cursor)

    async def explain(self, job_id: str) -> Explanation:
        return await self._jobs.explain(job_id)


class MonitoredBatches(Closed):
    """Implements the reading verbs of `backend.Batches`."""

    def __init__(self, batches: Batches) -> None:
        self._batches = batches

    async def get(self, batch_id: str) -> Batch:
        return await self._batches.get(batch_id)

    async def list(self, limit: int, cursor: str | None = None, tenant_id: str | None = None) -> BatchPage:
        return await self._batches.list(limit, cursor, tenant_id)


class MonitoredFigures(Closed):
    """Implements the verbs of `backend.Monitor` that show no whole job."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor

    async def counters(self, tenant_id: str | None = None) -> Counters:
        return await self._monitor.counters(tenant_id)

    async def jobs_by_state(self, tenant_id: str | None = None) -> StateCounts:
        return await self._monitor.jobs_by_state(tenant_id)

    async def overview(self) -> Overview:
        return await self._monitor.overview()

    async def history(self, minutes: int) -> History:
        return await self._monitor.history(minutes)


class MonitoredTenants(Closed):
    """Implements the reading verbs of `backend.Tenants`."""

    def __init__(self, tenants: Tenants) -> None:
        self._tenants = tenants

    async def get(self, tenant_id: str) -> Tenant:
        return await self._tenants.get(tenant_id)

    async def list(self, limit: int, cursor: str | None = None, prefix: str = "") -> tuple[list[Tenant], str | None]:
        return await self._tenants.list(limit, cursor, prefix)

    async def defaults(self) -> TenantPolicy:
        return await self._tenants.defaults()


class MonitoredQueues(Closed):
    """Implements the reading verb of `backend.Queues`."""

    def __init__(self, queues: Queues) -> None:
        self._queues = queues

    async def list(self) -> list[QueueInfo]:
        return await self._queues.list()


class MonitoredWorkers(Closed):
    """Implements the reading verb of `backend.Workers`."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers

    async def list(self) -> list[WorkerReport]:
        return await self._workers.list()


class MonitoredSchedules(Closed):
    """Implements the reading verbs of `backend.Schedules`."""

    def __init__(self, schedules: Schedules) -> None:
        self._schedules = schedules

    async def get(self, tenant_id: str, name: str) -> Schedule:
        return schedule_for_monitor(await self._schedules.get(tenant_id, name))

    async def list(
        self, limit: int, cursor: str | None = None, tenant_id: str | None = None
    ) -> tuple[Sequence[Schedule], str | None]:
        schedules, following = await self._schedules.list(limit, cursor, tenant_id)
        return [schedule_for_monitor(schedule) for schedule in schedules], following
