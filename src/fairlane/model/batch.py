"""Batches: jobs that belong together, and the jobs that are made when they have ended."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from .errors import InvalidInput
from .job import NewJob, Time

MAX_BATCH_JOBS = 100_000
"""Jobs of a batch that the store keeps."""
MAX_BATCHES = 10_000
"""Batches of a tenant."""
MAX_CALLBACK_BYTES = 256 * 1024
"""Bytes of the payloads and headers of a batch's callbacks together."""


_LEFT_OUT = (
    "delay_ms", "run_at_ms", "expires_in_ms", "key", "on_conflict", "max_delay_ms", "idempotency_key",
    "needs", "on_need_failed", "batch_id", "parent",
)  # fmt: skip
_NOT_OF_CALLBACKS = {field.name: field.default for field in msgspec.structs.fields(NewJob) if field.name in _LEFT_OUT}


class BatchState(StrEnum):
    """How far a batch is."""

    OPEN = "open"  # it takes more jobs
    RUNNING = "running"  # it is sealed, and some jobs have not ended
    CANCELLING = "cancelling"  # it was cancelled as a whole, and some jobs have not ended
    COMPLETED = "completed"  # all jobs have completed
    FAILED = "failed"  # all have ended, and some in the dead letter queue
    CANCELLED = "cancelled"  # all have ended, none failed and some were cancelled; or it was cancelled as a whole


class NewBatch(msgspec.Struct, frozen=True, kw_only=True):
    """A request for a batch. The callbacks are jobs of the same tenant; their ids mean nothing."""

    id: str
    tenant_id: str
    then: NewJob | None = None
    """Made once all jobs have completed."""
    on_failure: NewJob | None = None
    """Made once the first job has failed or was cancelled, unless the batch was cancelled as a whole."""
    finally_: NewJob | None = None
    """Made once all jobs have ended."""

    @property
    def callbacks(self) -> dict[str, NewJob]:
        """The callbacks that it has, by name."""
        named = {"then": self.then, "on_failure": self.on_failure, "finally": self.finally_}
        return {name: job for name, job in named.items() if job is not None}


class Batch(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A batch, and how many of its jobs have ended in which way."""

    id: str
    tenant_id: str
    state: BatchState
    total: int
    completed: int
    failed: int
    """How many are in the dead letter queue, or were deleted from it."""
    cancelled: int
    unfinished: int
    created_at: Time
    finished_at: Time | None = None
    """When it was sealed and its last job had ended."""
    then_job_id: str | None = None
    """The job that was made of the callback, as for the others."""
    on_failure_job_id: str | None = None
    finally_job_id: str | None = None


class BatchPage(msgspec.Struct, frozen=True, rename="camel"):
    """Some batches of a listing, and where the next ones begin (None at the end)."""

    batches: list[Batch]
    next_cursor: str | None = None


def check_callbacks(batch: NewBatch) -> NewBatch:
    """Return the batch if its callbacks can be stored; else raise InvalidInput."""
    for name, job in batch.callbacks.items():
        if job != msgspec.structs.replace(job, tenant_id=batch.tenant_id, **_NOT_OF_CALLBACKS):
            raise InvalidInput("a callback starts at once: leave out key, needs, delay, expiry and so on", f"/{name}")
    sizes = [len(job.payload) + sum(map(len, (job.headers or {}).values())) for job in batch.callbacks.values()]
    if sum(sizes) > MAX_CALLBACK_BYTES:
        most = f"the callbacks of a batch can have {MAX_CALLBACK_BYTES // 1024} KiB of payloads and headers together"
        raise InvalidInput(f"{most}; store large data elsewhere", "/then")
    return batch
