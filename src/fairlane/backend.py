"""The verbs: all that a worker, the API server, the SDK or the CLI can ask of a job queue.

`engine.Engine` implements them on Valkey, `remote.RemoteQueue` over HTTP. Every call may be
repeated with the same arguments after a lost reply.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from .model.bulk import BulkAction, BulkResult
from .model.job import Counters, Explanation, Job, JobPage, JobQuery, NewJob, Submission
from .model.lease import ClaimRequest, Lease, LeaseReport, LeaseStatus, Outcome, WorkerOrders, WorkerReport
from .model.logs import JobLog
from .model.monitor import Changes, History, Overview
from .model.overview import QueueInfo, Reaped, StoreReport, UpkeepStep
from .model.retention import Retention
from .model.schedule import Schedule, ScheduleSpec
from .model.tenant import Fairness, PolicyChange, Tenant, TenantPolicy


class Queue(Protocol):
    """A multi-tenant job queue.

    Every call raises StoreUnavailable when the store cannot be reached in time, and InvalidInput
    for a value that can never be accepted.
    """

    # Clients

    def new_job_id(self, tenant_id: str) -> str:
        """A fresh id for a job of this tenant."""

    async def submit(self, jobs: Sequence[NewJob]) -> list[Submission]:
        """Make jobs, up to MAX_BATCH; one answer each, in order. Raises StoreFull.

        Over HTTP, InvalidInput for one that the API refuses: the others have been made then. Submitted again under
        the same ids, no job is made twice.
        Many large jobs hold up other callers for as long as the store takes to write them: send a few megabytes a call.
        """

    async def get(self, job_id: str) -> Job:
        """The job with its attempts. Raises NotFound."""

    async def list_jobs(self, query: JobQuery) -> JobPage:
        """Jobs by state and filter. A page may be short before the listing's end; follow the cursor."""

    async def explain(self, job_id: str) -> Explanation:
        """Why the job waits. Raises NotFound."""

    async def cancel(self, job_id: str) -> Job:
        """Cancel the job, or ask its worker to if it runs. Raises NotFound, Conflict."""

    async def retry(self, job_id: str) -> Job:
        """Send a failed job back to its lane with a fresh set of attempts. Raises NotFound, Conflict."""

    async def wait_finished(self, job_id: str, timeout_ms: int) -> Job | None:
        """The job once it has ended, or None when `timeout_ms` passed first. Raises NotFound."""

    # Workers

    async def claim(self, request: ClaimRequest) -> list[Lease]:
        """Lease up to `max` pending jobs, fairly over tenants."""

    async def finish(self, outcomes: Sequence[Outcome]) -> list[LeaseStatus]:
        """End leases; OK or STALE_LEASE each, in order."""

    async def exchange(
        self, outcomes: Sequence[Outcome], request: ClaimRequest
    ) -> tuple[list[LeaseStatus], list[Lease]]:
        """`finish`, then `claim` without waiting, in one round trip where the transport can."""

    async def extend(self, worker: WorkerReport, leases: Sequence[LeaseReport], lease_ms: int) -> list[LeaseStatus]:
        """A worker's heartbeat: renew its leases and say that it lives. One status a lease."""

    # Operators

    async def counters(self, tenant_id: str | None = None) -> Counters:
        """Totals, of all or of one tenant."""

    async def tenant(self, tenant_id: str) -> Tenant:
        """A tenant's policy and figures; an unknown one has the defaults."""

    async def tenants(self, limit: int, cursor: str | None = None, prefix: str = "") -> tuple[list[Tenant], str | None]:
        """Known tenants whose id begins with `prefix`, by id, and the cursor of the next page."""

    async def change_tenant(self, tenant_id: str, change: PolicyChange) -> Tenant:
        """Change a tenant's limits; felt by the next claim and submit. What is not named follows the defaults."""

    async def reset_tenant(self, tenant_id: str) -> Tenant:
        """Give a tenant the default limits again, also those that the defaults will be. A pause stays."""

    async def queues(self) -> list[QueueInfo]:
        """Every queue that has been used."""

    async def pause_queue(self, queue: str, paused: bool) -> QueueInfo:
        """Keep the jobs of a queue from starting, or let them start again."""

    async def workers(self) -> list[WorkerReport]:
        """Workers whose last heartbeat is recent."""

    async def change_jobs(self, action: BulkAction, which: JobQuery | Sequence[str]) -> BulkResult:
        """Retry, cancel or delete the jobs that match, up to `which.limit`, or those of up to MAX_BATCH ids.

        Jobs whose state forbids the action, and ids of no job, are left alone and not counted. A call that
        takes long stops early with `more`. Raises InvalidInput for a state that never allows the action.
        """

    @property
    def logs(self) -> Logs:
        """What jobs logged."""

    @property
    def orders(self) -> Orders:
        """What workers are told."""

    @property
    def schedules(self) -> Schedules:
        """Cron rules that make jobs."""

    @property
    def monitor(self) -> Monitor:
        """What is going on."""

    async def close(self) -> None:
        """Give back connections. Calls in progress fail."""


class Logs(Protocol):
    """What jobs logged while they ran. It comes with heartbeats and outcomes, and is kept as long as the job."""

    async def of(self, job_id: str) -> JobLog:
        """The job's last lines, of all its attempts. Raises NotFound."""


class Orders(Protocol):
    """What workers are told from outside: to stop cancelled jobs, and to drain.

    News of it may get lost, so heartbeats tell of cancelled jobs too.
    """

    async def next(self, worker_id: str, seen: int, timeout_ms: int) -> WorkerOrders:
        """The worker's orders, as soon as their number is not `seen`, or when `timeout_ms` have passed."""

    async def drain(self, worker_id: str) -> None:
        """Tell a worker to claim no more, let its jobs end, give back the others and leave. Raises NotFound."""

    async def leave(self, worker_id: str) -> None:
        """Forget a worker that has ended. One that lives is back with its next heartbeat."""


class Schedules(Protocol):
    """Cron rules that make jobs, exactly one a tick whoever finds it due. Each belongs to a tenant."""

    async def put(self, spec: ScheduleSpec, *, paused: bool | None = None, declaration: str = "") -> Schedule:
        """Make or change a schedule. `paused` None leaves that as it is.

        `declaration` names what an app's code declares: where it was put before, the schedule is left as it is,
        so that what an operator changed since stays. Raises InvalidInput.
        """

    async def get(self, tenant_id: str, name: str) -> Schedule:
        """The schedule. Raises NotFound."""

    async def list(
        self, limit: int, cursor: str | None = None, tenant_id: str | None = None
    ) -> tuple[Sequence[Schedule], str | None]:
        """Schedules by tenant and name, and the cursor of the next page."""

    async def pause(self, tenant_id: str, name: str, paused: bool) -> Schedule:
        """Keep the schedule from making jobs, or let it go on from its next tick. Raises NotFound."""

    async def delete(self, tenant_id: str, name: str) -> Schedule:
        """Forget the schedule; what it was. Its jobs stay. Raises NotFound."""

    async def run(self, tenant_id: str, name: str, job_id: str) -> Job:
        """Make a job of the schedule now, whatever its rule says, with an id of `new_job_id`. Raises NotFound."""


class Monitor(Protocol):
    """What is going on: figures, their history, and changes as they come."""

    async def overview(self) -> Overview:
        """Figures, queues and workers."""

    async def history(self, minutes: int) -> History:
        """Figures over the last minutes, MAX_HISTORY_MINUTES at most.

        In steps of 10 s for up to two hours, and of 60 s for more.
        """

    def changes(self) -> AsyncGenerator[Changes]:
        """Which jobs change, until closed: each time what has changed since the last.

        The first says `missed`: from then on nothing is. Raises StoreUnavailable only before the first.
        """

    def follow(self, job_id: str) -> AsyncGenerator[Job]:
        """The job now and after each change, its progress included, until it has ended.

        Of changes that come faster than they are taken, the last is given. Raises NotFound.
        """


class Upkeep(Protocol):
    """Duties that keep a store in order. Any number of processes may run them at once."""

    async def promote(self, limit: int) -> UpkeepStep:
        """Move due jobs to pending and wake tenants whose start rate has room again."""

    async def reap(self, limit: int) -> Reaped:
        """End expired leases."""

    async def reap_worker(self, worker_id: str, limit: int) -> Reaped:
        """End all leases of a worker that is known to be dead."""

    async def prune(self, retention: Retention, limit: int) -> UpkeepStep:
        """Forget finished jobs that are older or more than retention allows, and while the store is nearly at its
        memory limit, completed and cancelled ones early.
        """

    async def fire(self, limit: int) -> UpkeepStep:
        """Make the jobs of schedules that are due."""

    async def sample(self) -> UpkeepStep:
        """Keep the figures of this moment for `Monitor.history`, unless that was done in this step of time."""

    async def check_settings(self) -> list[str]:
        """What now speaks against the store's version, role and settings, one line each."""

    async def doctor(self) -> StoreReport:
        """Prove the store's invariants, naming each one that is broken, and each setting that would lose jobs."""

    async def set_defaults(self, policy: TenantPolicy, fairness: Fairness = Fairness.JOBS) -> None:
        """The policy of every tenant that has none of its own, and what tenants share fairly."""
