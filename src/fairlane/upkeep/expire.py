"""Expire: cancel jobs that have not started in time."""

from __future__ import annotations

from ..backend import Maintenance
from ..model.overview import UpkeepStep
from .loop import STEP_JOBS, Duty

INTERVAL_MS = 1_000
"""Jobs that one script cancels, in about 3 ms."""


def expire(upkeep: Maintenance) -> Duty:
    """The duty that cancels expired jobs, on time or at most `INTERVAL_MS` late. Claims skip them meanwhile."""

    async def step() -> UpkeepStep:
        return await upkeep.expire(STEP_JOBS)

    return Duty("expire", INTERVAL_MS, step)
