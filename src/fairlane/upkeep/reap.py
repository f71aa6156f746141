"""Reap: end leases whose time is over."""

from __future__ import annotations

from ..backend import Maintenance
from ..model.overview import UpkeepStep
from .loop import STEP_JOBS, Duty

INTERVAL_MS = 500


def reap(upkeep: Maintenance) -> Duty:
    """The duty that ends expired leases within one sweep (a second) of their time."""

    async def step() -> UpkeepStep:
        reaped = await upkeep.reap(STEP_JOBS)
        return UpkeepStep(reaped.requeued + reaped.failed + reaped.cancelled, reaped.next_ms)

    return Duty("reap", INTERVAL_MS, step)
