"""Figures of the queue, their history, and changes as they happen."""

from __future__ import annotations

import msgspec

from .job import Counters, Time
from .lease import WorkerReport
from .overview import QueueInfo, StoreMemory
from .states import State

MAX_LISTED_CHANGES = 200
MAX_HISTORY_MINUTES = 24 * 60


class StateCounts(msgspec.Struct, frozen=True):
    """How many jobs are in each state. `failed` jobs are the dead letter queue."""

    scheduled: int
    pending: int
    running: int
    completed: int
    failed: int
    cancelled: int


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """All figures at one moment."""

    at: Time
    counters: Counters
    """Totals since the store was made."""
    states: dict[State, int]
    """How many jobs the store holds in each state."""
    queues: list[QueueInfo]
    workers: list[WorkerReport]
    memory: StoreMemory | None = None
    """None if the store does not say."""


class JobChange(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A job that has changed, and its latest state."""

    id: str
    tenant_id: str
    queue: str
    task: str
    state: State


class Changes(msgspec.Struct, frozen=True):
    """The changes since the last message."""

    jobs: list[JobChange]
    """MAX_LISTED_CHANGES at most, each job once."""
    more: bool = False
    """Whether other jobs changed too."""
    missed: bool = False
    """Whether some changes were lost. Read again what you show."""


class HistoryPoint(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Events in the time before `at`, and levels at `at`."""

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
    """Mean time that these jobs were pending; None if none began."""
    run_seconds: float | None
    """Mean run time of the attempts that ended; None if none ended."""
    pending: int
    running: int
    scheduled: int
    dlq: int


class History(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Figures over time, oldest first."""

    step_seconds: int
    points: list[HistoryPoint]
