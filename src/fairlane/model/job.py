"""A job: the request for it, and its record."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec

from .backoff import Backoff
from .errors import FairlaneError
from .states import Reason, State

DEFAULT_TASK = "default"
DEFAULT_QUEUE = "default"
DEFAULT_PRIORITY = 0
MAX_PRIORITY = 9
DEFAULT_MAX_ATTEMPTS = 3
MAX_ATTEMPTS = 100
DEFAULT_TIMEOUT_MS = 300_000
MAX_TIMEOUT_MS = 86_400_000
MAX_DELAY_MS = 366 * 86_400_000
MAX_PAYLOAD_BYTES = 256 * 1024
MAX_RESULT_BYTES = 256 * 1024
MAX_ERROR_BYTES = 8 * 1024
MAX_HEADERS_BYTES = 8 * 1024
MAX_BATCH = 1_000
MAX_NEEDS = 100
MAX_TAGS = 10
MAX_TAG_LENGTH = 64

Time = Annotated[datetime, msgspec.Meta(tz=True)]
"""An instant, which JSON shows in ISO 8601."""


class Parent(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """The running job that submits another one."""

    job_id: str
    proof: str
    """The SHA-1 digest of its lease token, in hex: only the worker that runs the job can make it."""


class OnConflict(StrEnum):
    """What a request does if the tenant has an unfinished job with its business key."""

    RETURN = "return"  # nothing
    REPLACE = "replace"  # replace the request of the job, if it has not started
    DEBOUNCE = "debounce"  # the same, and start the job `delay_ms` from now


class OnNeedFailed(StrEnum):
    """How a waiting job ends or goes on when a job that it needs fails or is cancelled."""

    CANCEL = "cancel"  # it ends as cancelled, and so do the jobs that need it
    RUN = "run"  # it runs when all its needs have ended


class NewJob(msgspec.Struct, frozen=True, kw_only=True):
    """A request to run a job. The API and the SDK check the values."""

    id: str
    tenant_id: str
    payload: bytes
    """JSON text, stored and returned byte for byte."""
    task: str = DEFAULT_TASK
    queue: str = DEFAULT_QUEUE
    priority: int = DEFAULT_PRIORITY
    delay_ms: int = 0
    """Time to wait from now, by the store's clock. Ignored where `run_at_ms` is set."""
    run_at_ms: int | None = None
    """Unix time in ms before which the job must not start."""
    max_attempts: int = DEFAULT_MAX_ATTEMPTS
    timeout_ms: int = DEFAULT_TIMEOUT_MS
    backoff: Backoff = Backoff()
    key: str | None = None
    """Business key: while the tenant has an unfinished job with this key, no second one is made."""
    on_conflict: OnConflict = OnConflict.RETURN
    max_delay_ms: int | None = None
    """With DEBOUNCE: the longest time from the job's creation to its start time."""
    headers: dict[str, str] | None = None
    idempotency_key: str | None = None
    needs: tuple[str, ...] = ()
    """Jobs of the same tenant that must end before this one starts, each once."""
    on_need_failed: OnNeedFailed = OnNeedFailed.CANCEL
    tags: tuple[str, ...] = ()
    """Words of the user to find jobs by, at most MAX_TAGS, each once."""
    expires_in_ms: int | None = None
    """Time from its submission within which the job must start; else it ends as cancelled."""
    batch_id: str | None = None
    """The batch that it belongs to, of the same tenant."""
    parent: Parent | None = None
    """With the proof that a job of the same tenant runs, this job does not count against the submission rate."""


class SubmitStatus(StrEnum):
    """Which job a submission made or found, or why it was refused. `refusals.py` has the errors of the refusals."""

    CREATED = "created"
    REPLAYED = "replayed"  # same idempotency key, same body: the first job
    DEDUPLICATED = "deduplicated"  # same business key: the unfinished job
    REPLACED = "replaced"  # same business key: the unfinished job, which has this request now
    RATE_LIMITED = "rate_limited"
    BACKLOG_FULL = "backlog_full"  # as many jobs of the tenant wait as may
    KEY_REUSED = "key_reused"  # same idempotency key, another body
    ID_TAKEN = "id_taken"  # another request has this id
    UNKNOWN_NEED = "unknown_need"  # the tenant has no job with an id of its needs
    UNKNOWN_BATCH = "unknown_batch"  # the tenant has no batch with this id
    BATCH_SEALED = "batch_sealed"  # the batch takes no more jobs
    BATCH_FULL = "batch_full"  # the batch has as many jobs as it may
    REFUSED = "refused"  # over HTTP, for another reason: `Submission.error`


class RateUse(msgspec.Struct, frozen=True, rename="camel"):
    """A tenant's submission rate and how much of it is left."""

    limit: int
    window_seconds: float
    remaining: int
    reset_seconds: float
    """Seconds until the rate has room again; 0 if it has room now."""


class Backlog(msgspec.Struct, frozen=True):
    """How many jobs of a tenant wait, and how many may."""

    waiting: int
    limit: int


class Submission(msgspec.Struct, frozen=True):
    """The answer to one submitted job."""

    status: SubmitStatus
    job_id: str
    state: State | None = None
    """The new job's state; None unless `status` is CREATED."""
    created_at_ms: int = 0
    run_at_ms: int = 0
    rate: RateUse | None = None
    """None where the tenant has no submission rate, or the job was not counted against it."""
    backlog: Backlog | None = None
    """Set if `status` is BACKLOG_FULL."""
    error: FairlaneError | None = None
    """Why the API refused the job. `refusals.refusal_of` finds the error of every refusal."""


class JobError(msgspec.Struct, frozen=True, rename="camel"):
    """Why an attempt failed."""

    type: str
    message: str
    traceback: str | None = None


class Progress(msgspec.Struct, frozen=True, rename="camel"):
    """How far a running job says it is."""

    current: float
    total: float | None = None
    message: str | None = None


class Attempt(msgspec.Struct, frozen=True, rename="camel"):
    """One try to run a job."""

    number: int
    worker_id: str
    started_at: Time
    ended_at: Time | None
    outcome: str
    """running, completed, failed, timed_out, released, snoozed, cancelled, rejected or worker_lost."""
    error: JobError | None = None


class JobSummary(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is small in a job. Times are UTC."""

    id: str
    tenant_id: str
    queue: str
    task: str
    state: State
    reason: Reason | None = None
    priority: int = DEFAULT_PRIORITY
    attempt: int = 0
    """The number of the latest attempt; 0 before the first."""
    max_attempts: int = DEFAULT_MAX_ATTEMPTS
    timeout_seconds: float = DEFAULT_TIMEOUT_MS / 1000
    created_at: Time
    run_at: Time | None = None
    expires_at: Time | None = None
    """The job ends as cancelled if its first attempt has not begun by then."""
    started_at: Time | None = None
    finished_at: Time | None = None
    lease_expires_at: Time | None = None
    worker_id: str | None = None
    progress: Progress | None = None
    error: JobError | None = None
    key: str | None = None
    tags: tuple[str, ...] = ()
    batch_id: str | None = None


class Job(JobSummary, frozen=True, kw_only=True, rename="camel"):
    """A job as clients see it."""

    payload: msgspec.Raw
    result: msgspec.Raw | None = None
    headers: dict[str, str] = {}
    needs: tuple[str, ...] = ()
    """The jobs that had to end before this one."""
    on_need_failed: OnNeedFailed = OnNeedFailed.CANCEL
    attempts: list[Attempt] = []


class ListedJob(JobSummary, frozen=True, kw_only=True, rename="camel"):
    """A job of a listing, with what `JobQuery.include` asks for. `result` is UNSET also for a job without one."""

    payload: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    result: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    headers: dict[str, str] | msgspec.UnsetType = msgspec.UNSET


class Large(StrEnum):
    """A part of a job that listings leave out unless it is asked for."""

    PAYLOAD = "payload"
    RESULT = "result"
    HEADERS = "headers"


class JobQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which jobs to list. `state` None means every state, the newest jobs first."""

    state: State | None = None
    tenant_id: str | None = None
    queue: str | None = None
    task: str | None = None
    batch_id: str | None = None
    key: str | None = None
    tag: str | None = None
    """Jobs that have this tag, perhaps among others."""
    created_from: Time | None = None
    created_to: Time | None = None
    limit: int = 50
    cursor: str | None = None
    include: frozenset[Large] = frozenset()


class JobPage(msgspec.Struct, frozen=True, rename="camel"):
    """Some jobs of a listing, and where the next ones begin (None at the end)."""

    jobs: list[ListedJob]
    next_cursor: str | None = None


class Explanation(msgspec.Struct, frozen=True, rename="camel"):
    """Why a job waits."""

    job_id: str
    state: State
    waiting_for: str | None
    """turn, concurrency, start_rate, paused, schedule, needs, backoff, no_worker, no_fitting_worker or
    stalled_workers."""
    sentence: str
    position: int | None = None
    """Place in its lane, 1 for the next to start; None unless the job is pending."""
    blocked_until: Time | None = None


class Counters(msgspec.Struct, frozen=True):
    """Running totals: jobs ever submitted, completed, failed attempts, re-queues."""

    submitted: int = 0
    completed: int = 0
    failed: int = 0
    retried: int = 0
