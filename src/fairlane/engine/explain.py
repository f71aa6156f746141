"""Why a job waits, in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ..model.job import Explanation, Job
from ..model.lease import WorkerReport
from ..model.states import Reason, State
from .records import utc

_NOT_WAITING = {
    State.RUNNING: "The job is running.",
    State.COMPLETED: "The job has completed.",
    State.FAILED: "The job has failed and lies in the dead letter queue; it runs again if you retry it.",
    State.CANCELLED: "The job was cancelled.",
}


def explain_waiting(job: Job, facts: list[Any], workers: Sequence[WorkerReport]) -> Explanation:
    """`facts` is what explain.lua returns of the job."""
    place, blocked_by, blocked_until, queue_paused, running, concurrency = facts
    if job.state is State.SCHEDULED:
        return _scheduled(job)
    if job.state is not State.PENDING:
        return Explanation(job.id, job.state, None, _NOT_WAITING[job.state])
    until = utc(float(blocked_until)) if blocked_until else None
    waiting_for, sentence = _pending(
        job, blocked_by.decode(), until, bool(queue_paused), f"{running} of {concurrency}", workers
    )
    position = place + 1 if place >= 0 else None
    if position is not None and position > 1:
        sentence += f" {position - 1} of the tenant's jobs in this queue go before it."
    return Explanation(job.id, job.state, waiting_for, sentence, position, until)


def _scheduled(job: Job) -> Explanation:
    if job.reason is Reason.RETRY:
        sentence = f"Attempt {job.attempt} of {job.max_attempts} failed; the next one comes after a backoff."
        return Explanation(job.id, job.state, "backoff", sentence, None, job.run_at)
    sentence = "The job asked to be run later." if job.reason else "The job was submitted to start later."
    return Explanation(job.id, job.state, "schedule", sentence, None, job.run_at)


def _pending(
    job: Job, blocked_by: str, until: datetime | None, queue_paused: bool, used: str, workers: Sequence[WorkerReport]
) -> tuple[str, str]:
    if queue_paused:
        return "paused", f"The queue {job.queue} is paused."
    if blocked_by == "paused":
        return "paused", f"The tenant {job.tenant_id} is paused."
    if blocked_by == "concurrency":
        return "concurrency", f"The tenant {job.tenant_id} runs {used} jobs that it may run at once."
    if blocked_by == "start_rate":
        when = f" until {until:%H:%M:%S} UTC" if until else ""
        return "start_rate", f"The tenant {job.tenant_id} has used up its rate of starts{when}."
    serving = [worker for worker in workers if not worker.queues or job.queue in worker.queues]
    if not any(not worker.draining for worker in serving):
        return "no_worker", f"No live worker serves the queue {job.queue}."
    return "turn", f"The tenant {job.tenant_id} may start a job; this one waits for its turn and a free worker slot."
