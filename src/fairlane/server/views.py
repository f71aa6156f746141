"""What the API shows where it differs from the model: times as ISO 8601, limits beside figures."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from ..model.ids import is_job_id
from ..model.job import Attempt, Job, NewJob, Submission, SubmitStatus, Time
from ..model.lease import Lease, LeaseStatus, WorkerReport
from ..model.overview import QueueInfo
from ..model.states import Reason, State
from ..model.tenant import Rate, Tenant
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


class BatchResults(View, frozen=True):
    """One result for each job of the batch, in order."""

    results: list[BatchResult]


class TenantView(View, frozen=True):
    """A tenant's limits (null: unlimited) beside its live figures."""

    id: str
    submit_rate: Rate | None
    concurrency: int | None
    start_rate: Rate | None
    weight: float
    paused: bool
    customized: bool
    """Whether these limits were set for this tenant, rather than being the defaults."""
    pending: int
    running: int
    submitted: int
    completed: int
    failed: int
    retried: int
    blocked_by: str | None
    """`concurrency`, `start_rate` or `paused` while this keeps its pending jobs from starting."""
    blocked_until: Time | None
    submit_rate_used: int
    """Submissions within the present window."""


class TenantPage(View, frozen=True):
    """Some tenants, and where the next ones begin (null at the end)."""

    tenants: list[TenantView]
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


class Workers(View, frozen=True):
    """Workers whose last heartbeat is recent."""

    workers: list[WorkerView]


class Queues(View, frozen=True):
    """Every queue that has been used."""

    queues: list[QueueInfo]


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


def tenant_view(tenant: Tenant) -> TenantView:
    policy = tenant.policy
    return TenantView(
        id=tenant.id,
        submit_rate=policy.submit_rate,
        concurrency=policy.concurrency,
        start_rate=policy.start_rate,
        weight=policy.weight,
        paused=policy.paused,
        customized=tenant.customized,
        pending=tenant.pending,
        running=tenant.running,
        submitted=tenant.submitted,
        completed=tenant.completed,
        failed=tenant.failed,
        retried=tenant.retried,
        blocked_by=tenant.blocked_by,
        blocked_until=None if tenant.blocked_until is None else utc(tenant.blocked_until),
        submit_rate_used=tenant.submit_rate_used,
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
    )


@lru_cache(maxsize=64)
def _utc_of_group(ms: int) -> datetime:
    """A Unix time as a datetime, remembered, since jobs that are committed together have the same."""
    return utc(ms / 1000)


def utc(seconds: float) -> datetime:
    """A Unix time as a datetime."""
    return datetime.fromtimestamp(seconds, UTC)
