"""Figures for operators and upkeep."""

from __future__ import annotations

import msgspec


class QueueInfo(msgspec.Struct, frozen=True, rename="camel"):
    """A queue with all its lanes."""

    name: str
    paused: bool
    runnable_tenants: int
    """Tenants with a job in this queue that could start now."""
    pending: int


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

    @property
    def healthy(self) -> bool:
        return not self.problems
