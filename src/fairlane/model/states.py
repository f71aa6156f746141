"""The state machine of a job, written once.

`TRANSITIONS` is the table; the drawing in docs/ and the EVENTS line of each Lua script are held
equal to it by tests/house.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class State(StrEnum):
    """Where a job is. `FAILED` jobs are the dead letter queue."""

    SCHEDULED = "scheduled"
    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_terminal(self) -> bool:
        return self in _TERMINAL


_TERMINAL = frozenset({State.COMPLETED, State.FAILED, State.CANCELLED})


class Reason(StrEnum):
    """How a job got into its state, if the state does not say it."""

    RETRY = "retry"  # scheduled: waits for its backoff after a failed attempt
    SNOOZED = "snoozed"  # scheduled: the handler asked to be run later
    UNFIT = "unfit"  # scheduled: no worker that claimed it has its task and can read its arguments
    NEEDS = "needs"  # scheduled: waits for jobs that it needs
    RELEASED = "released"  # pending: its worker gave it back unfinished
    WORKER_LOST = "worker_lost"  # pending or failed: its lease expired
    RETRIED = "retried"  # pending: sent back from the dead letter queue
    ATTEMPTS_EXHAUSTED = "attempts_exhausted"  # failed: the last attempt raised
    TIMED_OUT = "timed_out"  # failed: the last attempt ran over its time limit
    REJECTED = "rejected"  # failed: unknown task or a payload that does not fit it
    CANCELLED_BY_USER = "cancelled_by_user"
    CANCELLED_BY_TASK = "cancelled_by_task"
    NEED_FAILED = "need_failed"  # cancelled: a job that it needs failed or was cancelled
    EXPIRED = "expired"  # cancelled: it did not start in time
    FORGOTTEN = "forgotten"  # completed: the job has ended and is no longer kept; how it ended is unknown


class Transition(NamedTuple):
    """One arrow of the state machine; `source` is None where a job begins."""

    source: State | None
    target: State
    verb: str
    when: str


TRANSITIONS: tuple[Transition, ...] = (
    Transition(None, State.PENDING, "submit", ""),
    Transition(None, State.SCHEDULED, "submit", "with a delay or open needs"),
    Transition(None, State.PENDING, "fire", "a tick of a schedule"),
    Transition(None, State.PENDING, "finish", "a callback of a batch"),
    Transition(None, State.PENDING, "seal_batch", "a callback of the batch"),
    Transition(None, State.PENDING, "settle", "a callback of a batch"),
    Transition(State.SCHEDULED, State.PENDING, "promote", "its time has come"),
    Transition(State.SCHEDULED, State.PENDING, "finish", "its last open need"),
    Transition(State.SCHEDULED, State.PENDING, "unlock", "its needs have ended"),
    Transition(State.PENDING, State.RUNNING, "claim", ""),
    Transition(State.RUNNING, State.COMPLETED, "finish", "completed"),
    Transition(State.RUNNING, State.SCHEDULED, "finish", "failed with attempts left, snoozed or unfit"),
    Transition(State.RUNNING, State.FAILED, "finish", "failed, attempts used up"),
    Transition(State.RUNNING, State.PENDING, "finish", "released"),
    Transition(State.RUNNING, State.CANCELLED, "finish", "cancelled, acknowledged by the worker"),
    Transition(State.RUNNING, State.PENDING, "reap", "lease expired with attempts left"),
    Transition(State.RUNNING, State.FAILED, "reap", "lease expired, attempts used up"),
    Transition(State.RUNNING, State.CANCELLED, "reap", "lease expired after a cancel"),
    Transition(State.SCHEDULED, State.CANCELLED, "cancel", ""),
    Transition(State.PENDING, State.CANCELLED, "cancel", ""),
    Transition(State.SCHEDULED, State.CANCELLED, "finish", "a job that it needs"),
    Transition(State.SCHEDULED, State.CANCELLED, "unlock", "a need failed or was cancelled"),
    Transition(State.SCHEDULED, State.CANCELLED, "expire", "not started in time"),
    Transition(State.PENDING, State.CANCELLED, "expire", "not started in time"),
    Transition(State.PENDING, State.CANCELLED, "claim", "not started in time"),
    Transition(State.SCHEDULED, State.CANCELLED, "settle", "its batch was cancelled"),
    Transition(State.PENDING, State.CANCELLED, "settle", "its batch was cancelled"),
    Transition(State.FAILED, State.PENDING, "retry", "from the dead letter queue"),
    Transition(State.CANCELLED, State.SCHEDULED, "unlock", "its dead need was sent back"),
    Transition(State.CANCELLED, State.PENDING, "unlock", "its dead need was sent back and has ended"),
)
