"""What the API shows where it differs from the model: times as ISO 8601, limits beside figures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

import msgspec

from ..model.ids import is_job_id
from ..model.job import Attempt, Counters, Job, NewJob, RateUse, Submission, SubmitStatus, Time
from ..model.lease import Lease, LeaseStatus, WorkerReport
from ..model.monitor import JobChange, Overview
from ..model.overview import QueueInfo
from ..model.schedule import Schedule
from ..model.states import Reason, State
from ..model.tenant import Tenant
from ..model.times import utc
from .problems import Problem

_NO_HEADERS: dict[str, str] = {}
_NO_ATTEMPTS: list[Attempt] = []


class View(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A JSON object in camelCase."""


class BatchResult(View, frozen=True, omit_defaults=True):
    """What became of one job of a batch: `job` for 200 and 202, `problem` for all else."""

    status: int
    job: Job | None = None
    problem: Problem | None = None
    rate: RateUse | None = None
    """With a refused job: the tenant's submission rate, where it has one."""


class BatchResults(View, frozen=True):
    """One result for each job of the batch, in order."""

    results: list[BatchResult]


class TenantPage(View, frozen=True):
    """Some tenants, and where the next ones begin (null at the end)."""

    tenants: list[Tenant]
    next_cursor: str | None


class SchedulePage(View, frozen=True):
    """Some schedules, and where the next ones begin (null at the end)."""

    schedules: Sequence[Schedule]
    next_cursor: str | None


class WorkerView(View, frozen=True):
    """A worker, as its last heartbeat described it."""

    id: str
    queues: tuple[str, ...]
    """None means every queue."""
    slots: int
    running: int
    host: str
    pid: int
    started_at: Time | None
    draining: bool
    jobs: tuple[str, ...]
    """Ids of the jobs that it runs, 100 at most."""
    heartbeat_at: Time | None


class WorkerOrdersView(View, frozen=True):
    """What a worker was told."""

    number: int
    drain: bool


class Workers(View, frozen=True):
    """Workers whose last heartbeat is recent."""

    workers: list[WorkerView]


class Queues(View, frozen=True):
    """Every queue that has been used."""

    queues: list[QueueInfo]


class OverviewView(View, frozen=True):
    """The whole at a glance."""

    at: Time
    counters: Counters
    """Totals since the store was made."""
    states: dict[State, int]
    """How many jobs the store now holds in each state."""
    queues: list[QueueInfo]
    workers: list[WorkerView]


class JobChanges(View, frozen=True):
    """Jobs that have changed, and whether others did too."""

    jobs: list[JobChange]
    more: bool


class Leases(View, frozen=True):
    """Jobs that are the worker's for a while."""

    leases: list[Lease]


class LeaseResult(View, frozen=True):
    """What became of one lease."""

    job_id: str
    status: LeaseStatus


class LeaseResults(View, frozen=True):
    """One result for each lease, in order."""

    results: list[LeaseResult]


class Health(View, frozen=True):
    """All is well."""

    status: str = "ok"


def created_job(job: NewJob, made: Submission) -> Job:
    """The new job, as reading it back would show it."""
    return Job(
        id=made.job_id,
        tenant_id=job.tenant_id,
        queue=job.queue,
        task=job.task,
        payload=msgspec.Raw(job.payload),
        state=made.state or State.PENDING,
        priority=job.priority,
        max_attempts=job.max_attempts,
        timeout_seconds=job.timeout_ms / 1000,
        created_at=_utc_of_group(made.created_at_ms),
        run_at=utc(made.run_at_ms / 1000) if made.state is State.SCHEDULED else None,
        key=job.key,
        headers=job.headers or _NO_HEADERS,
        attempts=_NO_ATTEMPTS,
    )


def forgotten_job(job: NewJob, job_id: str) -> Job:
    """The job that this request made long ago, when it has ended and is no longer kept."""
    made_at = int(job_id[2:13], 16) / 1000 if is_job_id(job_id) else 0
    made = Submission(SubmitStatus.REPLAYED, job_id, State.COMPLETED, round(made_at * 1000))
    return msgspec.structs.replace(created_job(job, made), reason=Reason.FORGOTTEN)


def overview_view(overview: Overview) -> OverviewView:
    return OverviewView(
        at=overview.at,
        counters=overview.counters,
        states=overview.states,
        queues=overview.queues,
        workers=[worker_view(worker) for worker in overview.workers],
    )


def worker_view(worker: WorkerReport) -> WorkerView:
    return WorkerView(
        id=worker.id,
        queues=worker.queues,
        slots=worker.slots,
        running=worker.running,
        host=worker.host,
        pid=worker.pid,
        started_at=utc(worker.started_at) if worker.started_at else None,
        draining=worker.draining,
        jobs=worker.jobs,
        heartbeat_at=utc(worker.heartbeat_at) if worker.heartbeat_at else None,
    )


@lru_cache(maxsize=64)
def _utc_of_group(ms: int) -> datetime:
    """A Unix time as a datetime, remembered, since jobs that are committed together have the same."""
    return utc(ms / 1000)
