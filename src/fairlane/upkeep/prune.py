"""Prune: forget old jobs, so that the store's memory stays bounded."""

from __future__ import annotations

from ..backend import Maintenance
from ..model.overview import UpkeepStep
from ..model.retention import Retention
from .loop import Duty

INTERVAL_MS = 1_000
_LIMIT = 500


def prune(upkeep: Maintenance, retention: Retention) -> Duty:
    """The duty that forgets finished jobs which are older, or more, than retention allows."""

    async def step() -> UpkeepStep:
        return await upkeep.prune(retention, _LIMIT)

    return Duty("prune", INTERVAL_MS, step)
