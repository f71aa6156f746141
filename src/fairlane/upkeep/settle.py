"""Settle: make the callbacks of batches, and cancel the jobs of cancelled ones."""

from __future__ import annotations

from ..backend import Maintenance
from ..model.overview import UpkeepStep
from .loop import STEP_JOBS, Duty

INTERVAL_MS = 250


def settle(upkeep: Maintenance) -> Duty:
    """The duty that makes the callbacks that the end of a job has not made at once."""

    async def step() -> UpkeepStep:
        return await upkeep.settle(STEP_JOBS)

    return Duty("settle", INTERVAL_MS, step)
