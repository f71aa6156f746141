"""What there is to see of a queue as it works: figures, their history, and changes as they come."""

from __future__ import annotations

import msgspec

from .job import Counters, Time
from .lease import WorkerReport
from .overview import QueueInfo
from .states import State

MAX_LISTED_CHANGES = 200
MAX_HISTORY_MINUTES = 24 * 60


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """The whole at a glance."""

    at: Time
    counters: Counters
    """Totals since the store was made."""
    states: dict[State, int]
    """How many jobs the store now holds in each state."""
    queues: list[QueueInfo]
    workers: list[WorkerReport]


class JobChange(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A job that has changed, and the state that it was in last."""

    id: str
    tenant_id: str
    queue: str
    task: str
    state: State


class Changes(msgspec.Struct, frozen=True):
    """What changed since the changes before."""

    jobs: list[JobChange]
    """MAX_LISTED_CHANGES at most, each job once."""
    more: bool = False
    """Whether other jobs changed too."""
    missed: bool = False
    """Whether any job may have changed without a word: look at all that matters again."""


class HistoryPoint(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What happened in the time before `at`, and how things stood then."""

    at: Time
    seconds: float
    """Length of that time: one step, or more if no samples were taken in between."""
    submitted: int
    completed: int
    failed: int
    """Attempts that failed."""
    retried: int
    started: int
    """Attempts that began."""
    wait_seconds: float | None
    """Mean time that these had been pending; None where none began."""
    run_seconds: float | None
    """Mean time that attempts ran which ended; None where none did."""
    pending: int
    running: int
    scheduled: int
    dlq: int


class History(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Figures over time, oldest first."""

    step_seconds: int
    points: list[HistoryPoint]
