"""What operators and upkeep see of the whole."""

from __future__ import annotations

import msgspec


class QueueInfo(msgspec.Struct, frozen=True, rename="camel"):
    """A queue over all of its lanes."""

    name: str
    paused: bool
    runnable_tenants: int
    """Tenants that have a job here which could start now."""
    pending: int


class UpkeepStep(msgspec.Struct, frozen=True):
    """One bounded step of a duty."""

    count: int
    next_ms: int | None = None
    """Time until the duty next has work, where the store knows it; 0 if there is more to do now."""


class Reaped(msgspec.Struct, frozen=True):
    """Leases that were ended because their time or their worker was gone."""

    requeued: int
    failed: int
    cancelled: int
    next_ms: int | None = None


class StoreReport(msgspec.Struct, frozen=True, rename="camel"):
    """What doctor saw."""

    problems: list[str]
    jobs: dict[str, int]
    """Jobs by state."""
    keys: int

    @property
    def healthy(self) -> bool:
        return not self.problems
