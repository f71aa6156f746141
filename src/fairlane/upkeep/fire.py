"""Fire: make the jobs of schedules that are due."""

from __future__ import annotations

from ..backend import Maintenance
from ..model.overview import UpkeepStep
from .loop import Duty

INTERVAL_MS = 1_000
_LIMIT = 100


def fire(upkeep: Maintenance) -> Duty:
    """The duty that fires schedules on time; one that was set meanwhile at most `INTERVAL_MS` late."""

    async def step() -> UpkeepStep:
        return await upkeep.fire(_LIMIT)

    return Duty("fire", INTERVAL_MS, step)
