"""Jobs as seen by tokens that may not see every field."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from ..model.job import Explanation, Job, JobError, JobSummary
from ..model.schedule import Schedule

AnyJob = TypeVar("AnyJob", bound=JobSummary)

_NOTHING = msgspec.Raw(b"null")
_OWN_CAUSES = frozenset({None, "concurrency", "start_rate", "schedule", "backoff"})
"""What a job can wait for that concerns its tenant alone."""


def job_for_tenant(job: Job) -> Job:
    """The job without worker ids and tracebacks, which tell about the operator's machines and code."""
    attempts = [
        msgspec.structs.replace(attempt, worker_id="", error=_without_traceback(attempt.error))
        for attempt in job.attempts
    ]
    return msgspec.structs.replace(summary_for_tenant(job), attempts=attempts)


def summary_for_tenant(job: AnyJob) -> AnyJob:
    """As `job_for_tenant`, for a job without attempts."""
    return msgspec.structs.replace(job, worker_id=None, error=_without_traceback(job.error))


def explanation_for_tenant(explanation: Explanation, *, is_paused: bool) -> Explanation:
    """The explanation without what it tells about other tenants, queues and workers.

    `is_paused`: whether the tenant itself is paused.
    """
    if explanation.waiting_for in _OWN_CAUSES:
        return explanation
    cause, sentence = "turn", "The job starts when its turn comes."
    if is_paused:
        cause, sentence = "paused", "The tenant is paused: its jobs start again once it is resumed."
    return msgspec.structs.replace(explanation, waiting_for=cause, sentence=sentence, blocked_until=None)


def job_for_monitor(job: Job) -> Job:
    """The job without what its tenant put into it and what its task gave out."""
    attempts = [msgspec.structs.replace(attempt, error=_without_text(attempt.error)) for attempt in job.attempts]
    return msgspec.structs.replace(
        summary_for_monitor(job), payload=_NOTHING, result=None, headers={}, attempts=attempts
    )


def summary_for_monitor(job: AnyJob) -> AnyJob:
    """As `job_for_monitor`, for a job without attempts, payload, result and headers."""
    return msgspec.structs.replace(job, progress=None, error=_without_text(job.error))


def schedule_for_monitor(schedule: Schedule) -> Schedule:
    """The schedule without its payload."""
    return msgspec.structs.replace(schedule, payload=_NOTHING)


def _without_traceback(error: JobError | None) -> JobError | None:
    return None if error is None else JobError(error.type, error.message)


def _without_text(error: JobError | None) -> JobError | None:
    return None if error is None else JobError(error.type, "")
