"""Prune: forget old jobs, so that the store's memory stays bounded."""

from __future__ import annotations

from ..backend import Maintenance
from ..model.overview import UpkeepStep
from .loop import STEP_JOBS, Duty

INTERVAL_MS = 1_000
"""Jobs that one script deletes, in about 4 ms."""


def prune(upkeep: Maintenance) -> Duty:
    """The duty that forgets finished jobs which are older, or more, than retention allows."""

    async def step() -> UpkeepStep:
        return await upkeep.prune(STEP_JOBS)

    return Duty("prune", INTERVAL_MS, step)
