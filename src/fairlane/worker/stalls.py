"""Warns when every slot of a worker is held by a job that awaits the result of another one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from .running import RunningJob

log = logging.getLogger("fairlane.worker")

LOOK_SECONDS = 1.0


def is_stalled(slots: int, running: Mapping[str, RunningJob]) -> bool:
    """Whether each slot is held by a job that awaits the result of another job."""
    return len(running) == slots and all(job.context.awaits_results for job in running.values())


async def warn_of_stalls(slots: int, running: Mapping[str, RunningJob]) -> None:
    """Look at the jobs in `running` until cancelled. A stall seen twice in a row is logged, once while it lasts."""
    looks = 0
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        looks = looks + 1 if is_stalled(slots, running) else 0
        if looks == 2:
            log.warning(
                "all %d slots are held by jobs that await results of other jobs; if those jobs need a slot here, none "
                "of them can start: raise --slots, or run the awaited tasks in a queue with its own worker",
                slots,
            )
