"""Why a job was not accepted: one table from the answer to a submission to the error that callers raise, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .batch import MAX_BATCH_JOBS
from .errors import (
    BacklogFull,
    BatchFull,
    BatchSealed,
    FairlaneError,
    IdempotencyMismatch,
    IdTaken,
    RateLimited,
    UnknownBatch,
    UnknownNeed,
)
from .job import RateUse, Submission, SubmitStatus


class _Refusal(NamedTuple):
    error: type[FairlaneError]
    of: Callable[[Submission], FairlaneError]


def _over_rate(submission: Submission) -> RateLimited:
    rate = submission.rate
    wait = rate.reset_seconds if rate else 1.0
    limit = f"{rate.limit} in {rate.window_seconds:g} s" if rate else "its limit"
    return RateLimited(f"the tenant is over its submission rate of {limit}; try again in {wait:.1f} s", wait)


BACKLOG_RETRY_S = 5.0
"""When to submit again to a full backlog. Nothing foretells when its jobs start."""


def _backlog_full(submission: Submission) -> BacklogFull:
    backlog = submission.backlog
    full = f"{backlog.waiting} of its jobs wait, and {backlog.limit} may" if backlog else "as many jobs wait as may"
    return BacklogFull(
        f"the tenant's backlog is full: {full}; submit again when some have started, or raise maxWaiting",
        BACKLOG_RETRY_S,
    )


def _key_reused(submission: Submission) -> IdempotencyMismatch:
    return IdempotencyMismatch("the idempotency key was used before with another request")


def _id_taken(submission: Submission) -> IdTaken:
    return IdTaken(f"another request has the id {submission.job_id}; choose another id, or leave it out")


def _unknown_need(_submission: Submission) -> UnknownNeed:
    return UnknownNeed("the tenant has no job with an id of the needs; leave that id out", "/needs")


def _unknown_batch(_submission: Submission) -> UnknownBatch:
    return UnknownBatch("the tenant has no batch with this id; create it first", "/batchId")


def _batch_sealed(_submission: Submission) -> BatchSealed:
    return BatchSealed("the batch is sealed or cancelled: only its running jobs can add to it; create another batch")


def _batch_full(_submission: Submission) -> BatchFull:
    return BatchFull(f"a batch can have {MAX_BATCH_JOBS:,} jobs at most; create another one", "/batchId")


_REFUSALS = {
    SubmitStatus.RATE_LIMITED: _Refusal(RateLimited, _over_rate),
    SubmitStatus.BACKLOG_FULL: _Refusal(BacklogFull, _backlog_full),
    SubmitStatus.KEY_REUSED: _Refusal(IdempotencyMismatch, _key_reused),
    SubmitStatus.ID_TAKEN: _Refusal(IdTaken, _id_taken),
    SubmitStatus.UNKNOWN_NEED: _Refusal(UnknownNeed, _unknown_need),
    SubmitStatus.UNKNOWN_BATCH: _Refusal(UnknownBatch, _unknown_batch),
    SubmitStatus.BATCH_SEALED: _Refusal(BatchSealed, _batch_sealed),
    SubmitStatus.BATCH_FULL: _Refusal(BatchFull, _batch_full),
}
_STATUSES = {refusal.error: status for status, refusal in _REFUSALS.items()}


def refusal_of(submission: Submission) -> FairlaneError | None:
    """The error for a job that was not accepted; None for one that was."""
    if submission.error is not None:
        return submission.error
    refusal = _REFUSALS.get(submission.status)
    return None if refusal is None else refusal.of(submission)


def refused(job_id: str, error: FairlaneError, rate: RateUse | None = None) -> Submission:
    """The answer to a job that the API refused with `error`."""
    status = _STATUSES.get(type(error), SubmitStatus.REFUSED)
    return Submission(status, job_id, rate=rate, error=error)
