"""The load of a store and of its queues, for monitoring systems."""

from __future__ import annotations

import math

import msgspec

from .job import Counters
from .lease import WorkerReport
from .monitor import StateCounts


class QueueLoad(msgspec.Struct, frozen=True, kw_only=True):
    """What waits and runs in a queue."""

    name: str
    paused: bool
    pending: int
    running: int
    oldest_startable_seconds: float | None
    """How long the oldest job has waited that no limit of its tenant holds back; None if there is none.

    Looks at the tenants that are next in turn.
    """


class TenantLoad(msgspec.Struct, frozen=True):
    """The jobs of a tenant."""

    id: str
    pending: int
    running: int
    started: int
    """Attempts that began, since the tenant was first seen."""
    is_blocked: bool
    """Whether a limit or a pause of the tenant keeps its jobs from starting."""


class StoreLoad(msgspec.Struct, frozen=True):
    """The state of the store's server."""

    used_memory: int
    """Bytes."""
    max_memory: int
    """Bytes; 0 without a limit."""
    append_only: bool
    """Whether it writes every change to disk."""
    last_write_succeeded: bool


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the whole at one moment."""

    counters: Counters
    states: StateCounts
    queues: list[QueueLoad]
    workers: list[WorkerReport]
    tenants: list[TenantLoad]
    """Those with the most waiting jobs."""
    work: dict[str, int]
    """What all workers have counted since the store was made (model/work.py)."""
    schedule_lag_seconds: float
    """By how much the first due schedule is late; 0 if none is due."""
    upkeep_age_seconds: float | None
    """The time since upkeep last took a sample; None if it never has."""
    store: StoreLoad | None
    """None if the store does not permit INFO."""


class QueueDemand(msgspec.Struct, frozen=True, kw_only=True):
    """The work of one queue, and the slots that do it."""

    queue: str
    startable: int
    """Pending jobs that could start now if slots were free."""
    pending: int
    running: int
    slots: int
    """Slots of the workers that serve the queue."""
    run_seconds: float | None
    """Mean run time of an attempt; None if no worker has reported one."""

    def desired_slots(self, target_wait_seconds: float) -> int:
        """The slots that start every startable job within the target, if no others come.

        Never fewer than the jobs that run, nor more than could run. Jobs that a limit holds back ask for none. Before
        the first report of a worker, a job counts for a second.
        """
        if self.startable == 0:
            return self.running
        run_seconds = 1.0 if self.run_seconds is None else self.run_seconds
        needed = math.ceil(self.startable * run_seconds / target_wait_seconds)
        return min(self.running + self.startable, max(self.running, needed, 1))
