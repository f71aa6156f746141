"""Promote: move jobs whose time has come to pending."""

from __future__ import annotations

from ..backend import Maintenance
from ..model.overview import UpkeepStep
from .loop import STEP_JOBS, Duty

INTERVAL_MS = 250


def promote(upkeep: Maintenance) -> Duty:
    """The duty that wakes scheduled jobs, on time or at most `INTERVAL_MS` late."""

    async def step() -> UpkeepStep:
        return await upkeep.promote(STEP_JOBS)

    return Duty("promote", INTERVAL_MS, step)
