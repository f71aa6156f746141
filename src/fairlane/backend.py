"""The verbs: all that a worker, the API server, the SDK or the CLI can ask of fairlane, grouped by subject.

`engine.Engine` implements them on a store, `remote.RemoteBackend` over HTTP. Every call may be repeated with
the same arguments after a lost reply.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import datetime
from typing import Protocol

from .model.audit import AuditEntry
from .model.batch import Batch, BatchPage, NewBatch
from .model.bulk import BulkAction, BulkResult
from .model.job import Counters, Explanation, Job, JobPage, JobQuery, NewJob, Submission
from .model.lease import ClaimRequest, Lease, LeaseReport, LeaseStatus, Outcome, WorkerOrders, WorkerReport
from .model.load import Load, QueueDemand
from .model.logs import JobLog
from .model.monitor import Changes, History, Overview, StateCounts
from .model.overview import QueueInfo, Reaped, StoreReport, UpkeepStep
from .model.queue_limits import QueueLimitsChange
from .model.schedule import Schedule, ScheduleSpec
from .model.tenant import Fairness, PolicyChange, Tenant, TenantOrder, TenantPolicy
from .model.token import Token, TokenSpec


class Backend(Protocol):
    """A multi-tenant job queue.

    Every call raises StoreUnavailable when the store cannot be reached in time, and InvalidInput for a value
    that can never be accepted.
    """

    @property
    def jobs(self) -> Jobs:
        """Submit, read and change jobs."""

    @property
    def batches(self) -> Batches:
        """Jobs that belong together."""

    @property
    def leases(self) -> Leases:
        """Claim jobs, extend leases and finish them."""

    @property
    def tenants(self) -> Tenants:
        """Tenants with their limits and figures."""

    @property
    def queues(self) -> Queues:
        """Named lines that workers choose."""

    @property
    def workers(self) -> Workers:
        """Connected workers, and the orders they receive."""

    @property
    def schedules(self) -> Schedules:
        """Cron rules that make jobs."""

    @property
    def tokens(self) -> Tokens:
        """Access tokens of the API."""

    @property
    def audit(self) -> Audit:
        """The log of changes that users made."""

    @property
    def monitor(self) -> Monitor:
        """Figures, their history, and changes as they come."""

    async def close(self) -> None:
        """Close the connections. Calls in progress fail."""


class StoreBackend(Backend, Protocol):
    """A backend on a store, as the API server needs it."""

    @property
    def jobs(self) -> StoreJobs:
        """Submit, read and change jobs."""

    @property
    def measures(self) -> Measures:
        """Figures for monitoring systems."""


class Jobs(Protocol):
    """Jobs."""

    def new_id(self, tenant_id: str) -> str:
        """A fresh id for a job of this tenant."""

    async def submit(self, jobs: Sequence[NewJob]) -> list[Submission]:
        """Make up to MAX_BATCH jobs. Returns one answer each, in order. Raises StoreFull.

        A refused job does not keep the others from being made; `model.refusals.refusal_of` tells why it was refused.
        Submitting the same ids again makes no job twice. Many large jobs delay other callers while the store writes
        them: send a few megabytes a call.
        """

    async def get(self, job_id: str) -> Job:
        """The job with its attempts. Raises NotFound."""

    async def list(self, query: JobQuery) -> JobPage:
        """Jobs by state and filter, each page as of one moment. All jobs come newest first.

        A page is full or the last one, unless it has reached 1 MiB or a filter by queue, task, key or time matches few
        jobs; follow the cursor. Payloads, results and headers are left out unless `query.include` names them.
        """

    async def explain(self, job_id: str) -> Explanation:
        """Why the job waits. Raises NotFound."""

    async def cancel(self, job_id: str) -> Job:
        """Cancel the job. If it runs, ask its worker to stop it. Raises NotFound, Conflict."""

    async def retry(self, job_id: str) -> Job:
        """Send a failed job back to its lane with a fresh set of attempts. Raises NotFound, Conflict."""

    async def change(self, action: BulkAction, which: JobQuery | Sequence[str]) -> BulkResult:
        """Retry, cancel or delete the jobs that match, up to `which.limit`, or those of up to MAX_BATCH ids.

        Jobs whose state forbids the action and unknown ids are left alone and not counted. A call that takes
        long stops early with `more`, also if nothing has matched yet: repeat it with its `next_cursor`. Raises
        InvalidInput for a state that never allows the action.
        """

    async def wait_finished(self, job_id: str, timeout_ms: int) -> Job | None:
        """The job once it has ended, or None when `timeout_ms` passed first. Raises NotFound."""

    async def log(self, job_id: str) -> JobLog:
        """The last lines that the job logged, over all its attempts. They are kept as long as the job.

        Raises NotFound.
        """


class StoreJobs(Jobs, Protocol):
    """Jobs on a store."""

    async def get_of(self, tenant_id: str, job_id: str) -> Job:
        """The job, if it belongs to this tenant. Raises NotFound for a foreign one, after the same work as for none."""


class Batches(Protocol):
    """Batches. Jobs join one when they are submitted with its id."""

    def new_id(self, tenant_id: str) -> str:
        """A fresh id for a batch of this tenant."""

    async def create(self, batch: NewBatch) -> Batch:
        """Create a batch, which takes jobs until it is sealed. Raises IdTaken, and BatchFull for too many batches."""

    async def get(self, batch_id: str) -> Batch:
        """The batch. Raises NotFound."""

    async def list(self, limit: int, cursor: str | None = None, tenant_id: str | None = None) -> BatchPage:
        """Batches of a tenant, or of all, the newest first."""

    async def seal(self, batch_id: str) -> Batch:
        """Say that the batch is complete. It then takes jobs from its own running jobs only. Raises NotFound."""

    async def cancel(self, batch_id: str) -> Batch:
        """Seal the batch and cancel its unfinished jobs. Upkeep cancels those that are left after some seconds.

        Raises NotFound, and Conflict if all its jobs have ended.
        """


class Leases(Protocol):
    """The worker protocol."""

    async def claim(self, request: ClaimRequest) -> list[Lease]:
        """Lease up to `max` pending jobs, fairly over tenants."""

    async def finish(self, outcomes: Sequence[Outcome]) -> list[LeaseStatus]:
        """End leases. Returns OK or STALE_LEASE each, in order."""

    async def exchange(
        self, outcomes: Sequence[Outcome], request: ClaimRequest
    ) -> tuple[list[LeaseStatus], list[Lease]]:
        """`finish`, then `claim` without waiting, in one round trip where the transport can."""

    async def extend(self, worker: WorkerReport, leases: Sequence[LeaseReport], lease_ms: int) -> list[LeaseStatus]:
        """A worker's heartbeat: renew its leases and report that it lives. Returns one status a lease.

        A new worker beyond MAX_WORKERS is not listed; if it has no leases, it gets Conflict.
        """


class Tenants(Protocol):
    """Tenants."""

    async def get(self, tenant_id: str) -> Tenant:
        """A tenant's limits and figures; an unknown tenant has the defaults."""

    async def own(self) -> str | None:
        """The tenant of the access token that the calls are made with; None for other kinds, and without a token."""

    async def list(self, limit: int, cursor: str | None = None, prefix: str = "") -> tuple[list[Tenant], str | None]:
        """Known tenants whose id begins with `prefix`, by id, and the cursor of the next page."""

    async def change(self, tenant_id: str, change: PolicyChange) -> Tenant:
        """Change a tenant's limits. The next claim and submit use them. A limit that is not set follows the defaults.

        Raises InvalidInput for a new tenant beyond MAX_TENANTS.
        """

    async def defaults(self) -> TenantPolicy:
        """The limits that hold where a tenant has no other."""

    async def change_defaults(self, change: PolicyChange) -> TenantPolicy:
        """Change the default limits. Submissions use them at once. Pending jobs of many tenants follow in steps.

        Raises InvalidInput for a pause: only tenants and queues can be paused.
        """

    async def reset(self, tenant_id: str) -> Tenant:
        """Remove a tenant's limits, so that it follows the defaults, now and later. A pause stays."""


class Queues(Protocol):
    """Queues."""

    async def list(self) -> list[QueueInfo]:
        """Every queue that has been used."""

    async def pause(self, queue: str, paused: bool) -> QueueInfo:
        """Keep the jobs of a queue from starting, or let them start again. At most MAX_PAUSED_QUEUES are paused."""

    async def change_limits(self, queue: str, change: QueueLimitsChange) -> QueueInfo:
        """Change the limits of a queue over all tenants."""


class Workers(Protocol):
    """Workers."""

    async def list(self) -> list[WorkerReport]:
        """Workers whose last heartbeat is recent."""

    async def next_orders(self, worker_id: str, seen: int, timeout_ms: int) -> WorkerOrders:
        """The worker's orders, as soon as their number differs from `seen`, or after `timeout_ms`.

        Orders say which jobs are cancelled and whether to drain. A notification can get lost, so the answers to
        heartbeats name cancelled jobs too.
        """

    async def drain(self, worker_id: str) -> None:
        """Tell a worker to stop claiming, let its jobs end, release the rest and leave. Raises NotFound."""

    async def leave(self, worker_id: str) -> None:
        """Remove a worker that has ended. A worker that still runs returns with its next heartbeat."""

    async def reap(self, worker_id: str) -> Reaped:
        """Remove a worker whose process has died, and end its leases. Only the job that ended it burns an attempt.

        If several jobs may have ended it, none burns one, and all become suspects, which workers run one at a time.
        """


class Schedules(Protocol):
    """Cron rules that make jobs: exactly one job a tick, whichever process fires it. Each belongs to a tenant."""

    async def put(self, spec: ScheduleSpec, *, paused: bool | None = None, declaration: str = "") -> Schedule:
        """Make or change a schedule. `paused` None leaves its pause as it is.

        `declaration` names the declaration in an app's code. If the stored schedule came from the same
        declaration it stays as it is, so that an operator's later changes survive a deploy. Raises InvalidInput.
        """

    async def get(self, tenant_id: str, name: str) -> Schedule:
        """The schedule. Raises NotFound."""

    async def list(
        self, limit: int, cursor: str | None = None, tenant_id: str | None = None
    ) -> tuple[Sequence[Schedule], str | None]:
        """Schedules by tenant and name, and the cursor of the next page."""

    async def pause(self, tenant_id: str, name: str, paused: bool) -> Schedule:
        """Keep the schedule from making jobs, or let it continue with its next tick. Raises NotFound."""

    async def delete(self, tenant_id: str, name: str) -> Schedule:
        """Delete the schedule and return it. Its jobs stay. Raises NotFound."""

    async def run(self, tenant_id: str, name: str, job_id: str) -> Job:
        """Make a job of the schedule now, outside its rule, with an id of `Jobs.new_id`. Raises NotFound."""


class Tokens(Protocol):
    """Access tokens of the API."""

    async def create(self, spec: TokenSpec) -> tuple[Token, str]:
        """Create a token. Returns it with its secret, which cannot be read again.

        Raises Conflict if the name is taken, InvalidInput if the store holds MAX_TOKENS.
        """

    async def list(self, limit: int, cursor: str | None = None) -> tuple[Sequence[Token], str | None]:
        """Tokens by name, and the cursor of the next page."""

    async def rotate(self, name: str, overlap_seconds: float) -> tuple[Token, str]:
        """Give a token a new secret. Earlier ones end after `overlap_seconds` at the latest.

        A call that is repeated after a lost reply rotates again, and ends no secret that is in use. Returns the token
        with its secret, which cannot be read again. Raises NotFound.
        """

    async def revoke(self, name: str) -> Token:
        """Delete a token and return it. Servers refuse it within a second. Raises NotFound."""


class Audit(Protocol):
    """The log of changes that users made. It is bounded: the oldest entries go."""

    async def list(self, limit: int, cursor: str | None = None) -> tuple[Sequence[AuditEntry], str | None]:
        """The entries, newest first, and the cursor of the next page. Raises InvalidInput."""


class Access(Protocol):
    """Checks of tokens, for a server that has the store."""

    async def find(self, digest: str) -> Token | None:
        """The token that the secret with this digest opens. None if the store has no such token."""

    async def begin_session(self, name: str, digest: str, ends: datetime) -> None:
        """Let the secret with this digest open the token too, until `ends`. Raises NotFound."""

    async def end_session(self, digest: str) -> None:
        """End the session of the secret with this digest, if there is one."""

    async def note_uses(self, names: Sequence[str]) -> None:
        """Note that these tokens were used now."""


class Monitor(Protocol):
    """Figures, their history, and changes as they come."""

    async def counters(self, tenant_id: str | None = None) -> Counters:
        """Totals, over all tenants or of one."""

    async def jobs_by_state(self, tenant_id: str | None = None) -> StateCounts:
        """How many jobs are in each state now, over all tenants or of one."""

    async def check_ready(self) -> None:
        """Raise StoreUnavailable unless the store takes writes, and StoreRefused if its settings lose jobs."""

    async def overview(self) -> Overview:
        """Figures, queues and workers."""

    async def history(self, minutes: int) -> History:
        """Figures over the last minutes, MAX_HISTORY_MINUTES at most.

        In steps of 10 s for up to two hours, and of 60 s for more.
        """

    def changes(self) -> AsyncGenerator[Changes]:
        """Which jobs change, until closed: each item holds the changes since the previous one.

        The first item has `missed` set; none is missed after it unless an item says so. Raises StoreUnavailable
        only before the first.
        """

    def follow(self, job_id: str) -> AsyncGenerator[Job]:
        """The job now and after each change, its progress included, until it has ended.

        If changes come faster than the caller takes them, the caller gets the latest. Raises NotFound.
        """


class Measures(Protocol):
    """Figures for monitoring systems, from bounded reads of the store."""

    async def load(self, tenants: int) -> Load:
        """The state of the whole, with the `tenants` that have the most waiting jobs."""

    async def first_tenants(self, order: TenantOrder, limit: int, prefix: str = "") -> list[Tenant]:
        """Up to 200 tenants whose ids begin with `prefix`, in this order. Later calls complete a long ranking."""

    async def queue_demand(self, queue: str) -> QueueDemand:
        """The work of one queue that more slots could do."""


class Maintenance(Protocol):
    """Duties that keep a store in order. Any number of processes may run them at once."""

    async def promote(self, limit: int) -> UpkeepStep:
        """Move due jobs to pending, and unblock tenants whose start rate has room again."""

    async def unlock(self, limit: int) -> UpkeepStep:
        """Move jobs whose needs have ended, and bring back those whose failed need was sent back."""

    async def settle(self, limit: int) -> UpkeepStep:
        """Make callbacks of batches, and cancel the jobs of cancelled batches."""

    async def expire(self, limit: int) -> UpkeepStep:
        """Cancel jobs that have not started in time."""

    async def keep_time(self) -> UpkeepStep:
        """Compare the store's clock with the one of this process, so that leases and rates outlast a step of it."""

    async def reap(self, limit: int) -> Reaped:
        """End expired leases."""

    async def prune(self, limit: int) -> UpkeepStep:
        """Delete finished jobs that are older, or more, than their tenants keep.

        While the store is near its memory limit, completed and cancelled jobs are deleted early.
        """

    async def fire(self, limit: int) -> UpkeepStep:
        """Make the jobs of schedules that are due."""

    async def sample(self) -> UpkeepStep:
        """Store the current figures for `Monitor.history`, once in each step of time."""

    async def check_settings(self) -> list[str]:
        """Problems with the store's version, role and settings, one line each."""

    async def doctor(self, on_progress: Callable[[int], None] = ...) -> StoreReport:
        """Check the store's invariants. Names each broken one, and each setting that would lose jobs.

        Calls `on_progress` with the number of keys and elements read so far, which is not known in advance.
        """

    async def set_fairness(self, fairness: Fairness) -> None:
        """Set the unit in which tenants share fairly."""

    async def set_idempotency(self, held_ms: int) -> None:
        """Set how long new idempotency keys hold."""
