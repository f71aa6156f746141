"""Why a job waits, in a sentence, and what ends the wait."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from ..model.job import Explanation, Job
from ..model.lease import WorkerReport
from ..model.queue_limits import QueueLimits
from ..model.states import Reason, State
from .policies import unpack_queue_limits
from .records import utc_of_ms

_NOT_WAITING = {
    State.RUNNING: "The job is running.",
    State.COMPLETED: "The job has completed.",
    State.FAILED: "The job has failed and lies in the dead letter queue; it runs again if you retry it.",
    State.CANCELLED: "The job was cancelled.",
}
_STALLED = (
    "Every slot of the workers is held by a job that awaits the result of another job, so no other job can start: "
    "raise --slots, or give the awaited tasks a queue with its own workers."
)


_WHY_CANCELLED = {
    Reason.EXPIRED: "The job did not start before it expired, so it was cancelled.",
    Reason.NEED_FAILED: (
        "A job that it needs failed or was cancelled, so it was cancelled; it waits again if you retry that job."
    ),
}
_MOST_NAMED = 5
"""How many open needs a sentence names."""


class _Facts(msgspec.Struct, array_like=True, kw_only=True):
    """The reply of explain.lua for a job."""

    place: int
    blocked_by: bytes
    blocked_until: bytes
    queue_paused: int
    running: int
    concurrency: int
    tenants_before: tuple[int, int]
    """For workers that serve all queues, and for workers that name this queue."""
    limit_reached: bytes
    """By the queue of the job."""
    limit_until: bytes | int
    """In ms; empty if the limit does not end by itself."""
    queue_limits: bytes


def explain_needs(job: Job, open_needs: Sequence[bytes], holder: Explanation) -> Explanation:
    """`holder`: why the job that holds the others up waits."""
    names = [need.decode() for need in open_needs]
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    named = ", ".join(names[:_MOST_NAMED]) + more
    which = (
        f"{len(names)} of the {len(job.needs)} jobs that it needs" if len(job.needs) > 1 else "the job that it needs"
    )
    held_up = f"{holder.job_id} holds it up: {holder.sentence}"
    return Explanation(job.id, job.state, "needs", f"It waits for {which}: {named}. {held_up}")


def explain_waiting(job: Job, facts: list[Any], workers: Sequence[WorkerReport]) -> Explanation:
    """`facts` is the reply of explain.lua for the job."""
    if job.state is State.SCHEDULED:
        return _scheduled(job, _ready(job, workers))
    if job.state is not State.PENDING:
        sentence = _WHY_CANCELLED.get(job.reason) if job.reason else None
        return Explanation(job.id, job.state, None, sentence or _NOT_WAITING[job.state])
    known = msgspec.convert(facts, _Facts)
    ends = known.blocked_until if known.blocked_by else known.limit_until
    until = utc_of_ms(float(ends)) if ends else None
    waiting_for, sentence = _pending(job, known, until, workers)
    position = known.place + 1 if known.place >= 0 else None
    return Explanation(job.id, job.state, waiting_for, sentence + _place(known.place), position, until)


def _place(before: int) -> str:
    if before < 0:
        return ""
    if before == 0:
        return " It is the next of the tenant's jobs in this queue."
    return f" {_count(before, 'job')} of the tenant in this queue {'goes' if before == 1 else 'go'} before it."


def _scheduled(job: Job, ready: Sequence[WorkerReport]) -> Explanation:
    when = "" if job.run_at is None else f", at {job.run_at:%Y-%m-%d %H:%M:%S} UTC"
    if job.reason is Reason.RETRY:
        sentence = f"Attempt {job.attempt} of {job.max_attempts} failed; the next one comes after a backoff{when}."
        return Explanation(job.id, job.state, "backoff", sentence, None, job.run_at)
    if job.reason is Reason.UNFIT:
        why = "No worker that claimed the job could run it, and its error says why: start a worker that can"
        if not _may_know(ready, job.task):
            why = _no_worker_knows(job.task)
        sentence = f"{why}. Workers get the job again{when}."
        return Explanation(job.id, job.state, "no_fitting_worker", sentence, None, job.run_at)
    who = "Its task snoozed it" if job.reason else "It was submitted to start later"
    return Explanation(job.id, job.state, "schedule", f"{who}{when}.", None, job.run_at)


def _pending(job: Job, facts: _Facts, until: datetime | None, workers: Sequence[WorkerReport]) -> tuple[str, str]:
    tenant = f"The tenant {job.tenant_id}"
    if facts.queue_paused:
        return "paused", f"The queue {job.queue} is paused: its jobs start again once it is resumed."
    if facts.blocked_by == b"paused":
        return "paused", f"{tenant} is paused: its jobs start again once it is resumed."
    if facts.blocked_by == b"concurrency":
        one_ends = "it ends" if facts.running == 1 else "one of them ends"
        runs = f"{tenant} runs {_count(facts.running, 'job')}, and its limit is {facts.concurrency:,} at once"
        return "concurrency", f"{runs}: the next one starts when {one_ends}."
    if facts.blocked_by == b"start_rate":
        when = f", at {until:%H:%M:%S} UTC" if until else " later"
        return (
            "start_rate",
            f"{tenant} has started as many jobs as its start rate allows: the next one may start{when}.",
        )
    if facts.limit_reached:
        return facts.limit_reached.decode(), _limit_of_queue(job.queue, unpack_queue_limits(facts.queue_limits), until)
    ready = _ready(job, workers)
    if not ready:
        return "no_worker", _no_worker(job.queue, workers)
    if not _may_know(ready, job.task):
        return "no_fitting_worker", f"{_no_worker_knows(job.task)}."
    if all(worker.stalled for worker in ready):
        return "stalled_workers", _STALLED
    serves_all = any(not worker.queues for worker in ready)
    before_for_all, before_in_queue = facts.tenants_before
    return "turn", f"{tenant} may start jobs: {_turn(before_for_all if serves_all else before_in_queue, ready)}."


def _limit_of_queue(queue: str, limits: QueueLimits, until: datetime | None) -> str:
    """The queue has reached its start rate, which has room again at `until`, or else its concurrency."""
    if until is not None:
        return (
            f"The queue {queue} has started as many jobs as its start rate allows, {limits.start_rate} for all tenants "
            f"together: the next one may start at {until:%H:%M:%S} UTC."
        )
    return (
        f"The queue {queue} runs as many jobs as it may, {limits.concurrency:,} at once for all tenants together: the "
        "next one starts when one of them ends."
    )


def _ready(job: Job, workers: Sequence[WorkerReport]) -> list[WorkerReport]:
    """The workers that take jobs of the job's queue."""
    return [worker for worker in workers if worker.serves(job.queue) and not worker.draining]


def _may_know(workers: Sequence[WorkerReport], task: str) -> bool:
    return not workers or any(not worker.tasks or task in worker.tasks for worker in workers)


def _no_worker_knows(task: str) -> str:
    return f"No connected worker knows the task {task}: start one that does"


def _no_worker(queue: str, workers: Sequence[WorkerReport]) -> str:
    if any(worker.serves(queue) for worker in workers):
        return f"Every worker that serves the queue {queue} is draining, and takes no new jobs: start another one."
    if workers:
        return f"No worker serves the queue {queue}: start one for it, or add it to the queues of one that runs."
    return "No worker is connected: start one with `fairlane worker`."


def _turn(before: int, workers: Sequence[WorkerReport]) -> str:
    slots = sum(worker.slots for worker in workers)
    busy = sum(worker.running for worker in workers) >= slots
    turn = f"{_count(before, 'other tenant')} {'has' if before == 1 else 'have'} a turn before it" if before > 0 else ""
    if busy:
        free = f"it waits for one of {_count(slots, 'busy worker slot')}"
        return f"{free}, and {turn}" if turn else free
    return turn or "a worker with a free slot takes them next"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
