"""The loop that every duty runs in: a bounded step, a pause, for ever."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from ..model.backoff import Backoff
from ..model.errors import StoreUnavailable
from ..model.overview import UpkeepStep

_log = logging.getLogger(__name__)
_TROUBLE = Backoff(base_ms=100, cap_ms=2_000)

STEP_JOBS = 50
"""The most jobs that a step changes. Its script then takes under 5 ms even if each job has its own tenant and queue."""


@dataclass(frozen=True)
class Duty:
    """Something to be done for a store again and again."""

    name: str
    interval_ms: int
    """The longest pause between two steps."""
    step: Callable[[], Awaitable[UpkeepStep]]


def pause_ms(step: UpkeepStep, interval_ms: int, jitter: float) -> float:
    """The pause after a step, with `jitter` in [0, 1).

    Nothing when there is more to do; else until the time that the store named, or three quarters to
    the whole of the interval, whichever comes first.
    """
    longest = interval_ms * (0.75 + jitter / 4)
    if step.next_ms is None:
        return longest
    if step.next_ms <= 0 and step.count:
        return 0
    # A step that found nothing although work was announced must not spin: the work is a fraction of a ms away.
    return min(max(step.next_ms, 1), longest)


async def run_duty(duty: Duty) -> None:
    """Do this duty until cancelled. Nothing that a step raises ends it: it backs off and tries again."""
    failures = 0
    while True:
        try:
            step = await duty.step()
        except Exception as error:
            failures += 1
            _tell(duty, error, failures)
            await asyncio.sleep(_TROUBLE.delay_ms(failures, random.random()) / 1000)
            continue
        if failures:
            _log.info("%s works again", duty.name)
            failures = 0
        await asyncio.sleep(pause_ms(step, duty.interval_ms, random.random()) / 1000)


def _tell(duty: Duty, error: Exception, failures: int) -> None:
    if not isinstance(error, StoreUnavailable):
        _log.error("%s failed and will try again", duty.name, exc_info=error)
    elif failures == 1:
        _log.warning("%s waits for the store: %s", duty.name, error)


async def run_duties(duties: Iterable[Duty]) -> None:
    """Do all these duties until cancelled."""
    async with asyncio.TaskGroup() as group:
        for duty in duties:
            group.create_task(run_duty(duty), name=f"upkeep-{duty.name}")
