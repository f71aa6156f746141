"""A lease: the timed right to run a job, proved by its token."""

from __future__ import annotations

import hashlib
from enum import StrEnum

import msgspec

from .errors import InvalidInput
from .job import JobError, Parent, Progress
from .logs import LogPiece
from .names import check_name
from .states import State
from .work import WorkCounts

DEFAULT_LEASE_MS = 30_000
MIN_LEASE_MS = 1_000
MAX_LEASE_MS = 3_600_000
MAX_CLAIM = 500
MAX_CLAIM_QUEUES = 100
"""A claim looks at each queue that it names. A claim of all queues costs the same however many there are."""
MAX_QUEUES_LENGTH = 4_096
"""Characters of the names of a worker's queues together."""

MAX_WORKERS = 2_000
MAX_REPORTED_JOBS = 100
MAX_REPORTED_TASKS = 100


def check_queues(queues: tuple[str, ...], pointer: str = "") -> tuple[str, ...]:
    """Return `queues` if a worker can name them; else raise InvalidInput."""
    if sum(map(len, queues)) > MAX_QUEUES_LENGTH:
        most = f"the names of a worker's queues can have {MAX_QUEUES_LENGTH:,} characters at most together"
        raise InvalidInput(f"{most}; name none to serve all queues", pointer)
    if len(queues) > MAX_CLAIM_QUEUES:
        most = f"a worker can name {MAX_CLAIM_QUEUES} queues at most; name none to serve all queues"
        raise InvalidInput(most, pointer)
    return tuple(check_name(name, "a queue", f"{pointer}/{i}" if pointer else "") for i, name in enumerate(queues))


class ClaimRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A worker's request for jobs. Repeating it with the same `claim_id` returns the same leases."""

    worker_id: str
    claim_id: str
    max: int
    queues: tuple[str, ...] = ()
    """At most MAX_CLAIM_QUEUES; empty means every queue."""
    lease_ms: int = DEFAULT_LEASE_MS
    wait_ms: int = 0
    """How long to wait for a job if none can start now."""


class NeedOutcome(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """How a job that another one needs has ended."""

    id: str
    state: State | None = None
    """None if it is kept no longer, which happens only if the job that needs it was sent back."""
    result: msgspec.Raw
    """JSON text; null unless it has completed."""
    left_out: bool = False
    """Whether the result was left out, because the results of all needs together have more than 1 MiB."""


class Lease(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One job, handed to one worker for a while."""

    job_id: str
    token: str
    """Proof of the lease; every later call about the job carries it."""
    fence: int
    """A fencing token: it rises with every lease. Pass it to systems that must refuse writes of a stale worker."""
    attempt: int
    max_attempts: int
    lease_seconds: float
    tenant_id: str
    queue: str
    task: str
    payload: msgspec.Raw
    timeout_seconds: float
    priority: int = 0
    key: str | None = None
    headers: dict[str, str] = {}
    suspect: bool = False
    """Whether a worker process died under the job, perhaps by it. Run one such job at a time in a process."""
    needs: list[NeedOutcome] = []
    """How the jobs that it needs have ended, in the order of the request."""
    batch_id: str | None = None
    waited_seconds: float | None = None
    """How long the job was pending; None if the claim is repeated."""

    @property
    def as_parent(self) -> Parent:
        """The leased job as the parent of jobs that it submits. The token itself does not leave the worker."""
        return Parent(self.job_id, hashlib.sha1(self.token.encode(), usedforsecurity=False).hexdigest())


class LeaseReport(msgspec.Struct, frozen=True, rename="camel"):
    """A worker's report about a lease that it still holds."""

    job_id: str
    token: str
    progress: Progress | None = None
    logs: LogPiece | None = None


class WorkerReport(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A worker's report about itself with each heartbeat."""

    id: str
    queues: tuple[str, ...] = ()
    """Empty means every queue."""
    slots: int
    running: int = 0
    host: str = ""
    pid: int = 0
    started_at: float = 0.0
    """Unix time in seconds."""
    draining: bool = False
    jobs: tuple[str, ...] = ()
    """Ids of the jobs that it runs, at most MAX_REPORTED_JOBS."""
    tasks: tuple[str, ...] = ()
    """Names of the tasks that it knows; empty if they are more than MAX_REPORTED_TASKS."""
    stalled: bool = False
    """Whether each of its slots is held by a job that awaits the result of another job."""
    version: str = ""
    """The release of fairlane that it runs."""
    memory_bytes: int = 0
    """How much memory the worker and its job processes hold."""
    heartbeat_at: float = 0.0
    """Unix time in seconds of its last heartbeat. The store sets it."""
    work: WorkCounts | None = None
    """What it has counted since the report before. Listings of workers leave it out."""

    def serves(self, queue: str) -> bool:
        return not self.queues or queue in self.queues


class WorkerOrders(msgspec.Struct, frozen=True):
    """Orders for a worker."""

    number: int
    """Rises when the worker should extend its leases at once: one of its jobs was cancelled, or it should drain."""
    drain: bool


class OutcomeKind(StrEnum):
    """How a lease ends, as its worker reports it."""

    COMPLETED = "completed"
    FAILED = "failed"
    RELEASED = "released"  # given back unfinished; burns no attempt
    SNOOZED = "snoozed"  # run again after `delay_ms`; burns no attempt
    CANCELLED = "cancelled"


class FailureKind(StrEnum):
    """The kind of a failure."""

    ERROR = "error"
    TIMED_OUT = "timed_out"
    REJECTED = "rejected"  # bad payload or result: goes to the dead letter queue at once
    UNFIT = "unfit"  # the worker lacks the task or cannot read the arguments: another may; burns no attempt
    WORKER_LOST = "worker_lost"  # the process that ran the job died; its worker lives


class Outcome(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The end of one lease."""

    job_id: str
    token: str
    kind: OutcomeKind
    result: msgspec.Raw | None = None
    """JSON text, with COMPLETED."""
    error: JobError | None = None
    failure: FailureKind = FailureKind.ERROR
    delay_ms: int | None = None
    """With SNOOZED: how long. With FAILED: overrides the backoff.

    With UNFIT: how long after the first such outcome the job fails, unless a worker runs it before.
    """
    progress: Progress | None = None
    """The job's last progress, if no heartbeat has reported it."""
    logs: LogPiece | None = None
    """The lines that the job logged and no heartbeat has reported."""


class LeaseStatus(StrEnum):
    """The store's answer for one lease."""

    OK = "ok"
    STALE_LEASE = "stale_lease"  # another worker has the job, or none; nothing was changed
    CANCELLED = "cancelled"  # (extend) the job was cancelled: stop it and report CANCELLED
