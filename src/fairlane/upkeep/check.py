"""Check: warn about settings of the store that lose jobs."""

from __future__ import annotations

import logging

from ..backend import Maintenance
from ..model.overview import UpkeepStep
from .loop import Duty

INTERVAL_MS = 2_000

_log = logging.getLogger(__name__)


def check(upkeep: Maintenance) -> Duty:
    """The duty that logs each change of the settings by which the store comes to lose jobs, or no longer does."""
    known: set[str] = set()

    async def step() -> UpkeepStep:
        found = set(await upkeep.check_settings())
        for problem in sorted(found - known):
            _log.warning("the store may lose jobs: %s", problem)
        for problem in sorted(known - found):
            _log.info("this is no longer so of the store: %s", problem)
        known.clear()
        known.update(found)
        return UpkeepStep(0)

    return Duty("check", INTERVAL_MS, step)
