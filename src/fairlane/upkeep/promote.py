"""Promote: move jobs whose time has come to pending."""

from __future__ import annotations

from ..backend import Maintenance
from ..model.overview import UpkeepStep
from .loop import Duty

INTERVAL_MS = 250
_LIMIT = 500


def promote(upkeep: Maintenance) -> Duty:
    """The duty that wakes scheduled jobs, on time or at most `INTERVAL_MS` late."""

    async def step() -> UpkeepStep:
        return await upkeep.promote(_LIMIT)

    return Duty("promote", INTERVAL_MS, step)
