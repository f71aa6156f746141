"""Figures for operators and upkeep."""

from __future__ import annotations

import msgspec

from .tenant import Rate

MAX_PAUSED_QUEUES = 10_000


class QueueInfo(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A queue with all its lanes."""

    name: str
    paused: bool
    runnable_tenants: int
    """Tenants with a job in this queue that could start now."""
    pending: int
    concurrency: int | None = None
    """How many of its jobs may run at once, over all tenants; None: unlimited."""
    start_rate: Rate | None = None
    """How many of its jobs may start, over all tenants; None: unlimited."""
    running: int | None = None
    """None for a queue without limits: only where they matter are the running jobs of a queue counted."""
    limit_reached: str | None = None
    """`queue_concurrency` or `queue_start_rate` while this limit keeps its jobs from starting."""


class UpkeepStep(msgspec.Struct, frozen=True):
    """One bounded step of a duty."""

    count: int
    next_ms: int | None = None
    """Time until the duty has work again, if the store knows it; 0 if more work is due now."""


class Reaped(msgspec.Struct, frozen=True):
    """Leases that ended because they expired or their worker was lost."""

    requeued: int
    failed: int
    cancelled: int
    next_ms: int | None = None


NEARLY_FULL = 0.9
"""Share of the memory limit above which completed and cancelled jobs are deleted early."""


class StoreMemory(msgspec.Struct, frozen=True, rename="camel"):
    """How much memory the store uses."""

    used_bytes: int
    limit_bytes: int | None
    """Where the store refuses new jobs; None if it has no limit."""

    @property
    def percent_used(self) -> int:
        """0 without a limit."""
        return 0 if self.limit_bytes is None else self.used_bytes * 100 // self.limit_bytes

    @property
    def is_nearly_full(self) -> bool:
        """Whether completed and cancelled jobs are deleted early."""
        return self.limit_bytes is not None and self.used_bytes > NEARLY_FULL * self.limit_bytes


class StoreReport(msgspec.Struct, frozen=True, rename="camel"):
    """The findings of doctor."""

    problems: list[str]
    jobs: dict[str, int]
    """Jobs by state."""
    keys: int
    idempotency_keys: int = 0
    """Those that hold, at about 250 bytes each."""
    clock_offset_seconds: float = 0.0
    """How far the queue's time is ahead of the store's clock: what undoes steps of that clock."""

    memory: StoreMemory | None = None
    """None if the store does not say."""

    @property
    def healthy(self) -> bool:
        return not self.problems
