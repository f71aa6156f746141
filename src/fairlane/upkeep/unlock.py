"""Unlock: move jobs whose needs have ended."""

from __future__ import annotations

from ..backend import Maintenance
from ..model.overview import UpkeepStep
from .loop import STEP_JOBS, Duty

INTERVAL_MS = 250


def unlock(upkeep: Maintenance) -> Duty:
    """The duty that moves the jobs that the end of their last need has not moved at once."""

    async def step() -> UpkeepStep:
        return await upkeep.unlock(STEP_JOBS)

    return Duty("unlock", INTERVAL_MS, step)
