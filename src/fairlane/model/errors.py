"""The errors of fairlane.

FairlaneError
├── InvalidInput            a value that can never be accepted
│   ├── PayloadTooLarge
│   ├── UnknownNeed         the tenant has no job that a new job needs
│   ├── UnknownBatch        the tenant has no batch that a new job names
│   └── BatchFull           the batch has as many jobs as it may, or the tenant as many batches
├── NotFound                no such job, or it belongs to another tenant
├── Conflict                the job's state forbids the call
│   ├── BatchSealed         the batch takes no more jobs
│   └── IdTaken             another request has the id that was chosen for a job
├── IdempotencyMismatch     the key was used before with another body
├── RateLimited             over the tenant's submission rate; carries the wait
│   └── BacklogFull         as many jobs of the tenant wait as may
├── Unauthorized            no token, or one that is unknown, expired or revoked
├── Forbidden               the token does not allow the call
├── JobFailed, JobCancelled the job whose result was awaited has no result
├── ResultMismatch          the result does not fit the annotation of the task
├── StoreUnavailable        the store cannot be reached now; try again
│   ├── StoreFull           the store has no room; try again when it has drained
│   └── NotReplicated       the replicas did not confirm a new job in time
└── StoreRefused            the store's settings would lose jobs
"""

from __future__ import annotations


class FairlaneError(Exception):
    """Base of all errors of fairlane. `code` is stable and names the problem type."""

    code = "error"


class InvalidInput(FairlaneError):
    """A value was refused. `pointer` is the JSON pointer of the field, where there is one."""

    code = "invalid"

    def __init__(self, detail: str, pointer: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.pointer = pointer

    def __str__(self) -> str:
        """The detail, with the field's name if the detail does not have it."""
        field = self.pointer.rpartition("/")[2]
        return self.detail if field in self.detail else f"{self.pointer.removeprefix('/')}: {self.detail}"


class PayloadTooLarge(InvalidInput):
    """The payload (or a result) is over its size limit."""

    code = "payload_too_large"


class UnknownNeed(InvalidInput):
    """A need is no job of the tenant, or is no longer kept."""

    code = "unknown_need"


class UnknownBatch(InvalidInput):
    """The tenant has no batch with the id that a new job names."""

    code = "unknown_batch"


class BatchFull(InvalidInput):
    """The batch, or its tenant, has as many as it may."""

    code = "batch_full"


class NotFound(FairlaneError):
    """There is no such thing, or it belongs to another tenant."""

    code = "not_found"


class Conflict(FairlaneError):
    """The state of the job forbids this call."""

    code = "conflict"


class BatchSealed(Conflict):
    """The batch takes no more jobs."""

    code = "batch_sealed"


class IdTaken(Conflict):
    """Another request has the id that was chosen for this job."""

    code = "id_taken"


class IdempotencyMismatch(FairlaneError):
    """The idempotency key was used before with a different body."""

    code = "idempotency_mismatch"


class RateLimited(FairlaneError):
    """Over the tenant's submission rate. `retry_after` is in seconds."""

    code = "rate_limited"

    def __init__(self, detail: str, retry_after: float) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class BacklogFull(RateLimited):
    """As many jobs of the tenant are scheduled or pending as its limit allows."""

    code = "backlog-full"


class Unauthorized(FairlaneError):
    """The call carried no token, or one that is unknown, expired or revoked."""

    code = "unauthorized"


class Forbidden(FairlaneError):
    """The token does not allow the call."""

    code = "forbidden"


class JobFailed(FairlaneError):
    """The job whose result was awaited ended in the dead letter queue."""

    code = "job_failed"


class JobCancelled(FairlaneError):
    """The job whose result was awaited was cancelled."""

    code = "job_cancelled"


class ResultMismatch(FairlaneError):
    """The job has completed, but its result does not fit the annotation of its task."""

    code = "result_mismatch"


class StoreUnavailable(FairlaneError):
    """The store did not answer in time, or cannot serve the call now. The call may be repeated."""

    code = "store_unavailable"


class StoreFull(StoreUnavailable):
    """The store is at its memory limit and takes no new jobs until it has drained."""

    code = "store_full"


class NotReplicated(StoreUnavailable):
    """The job is stored, but too few replicas confirmed it in time. It may run, and a failover may lose it."""

    code = "not_replicated"

    def __init__(self, job_id: str, detail: str = "") -> None:
        super().__init__(
            detail
            or f"job {job_id} is stored, but too few replicas confirmed it in time, and a failover may lose it; "
            "submit it again with the same id, or look whether it has run"
        )
        self.job_id = job_id


class StoreRefused(StoreUnavailable):
    """The store answered, but cannot be used as it is: its version, settings, permissions or data."""

    code = "store_refused"
