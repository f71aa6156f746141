"""One timer serves the earliest of many deadlines."""

import asyncio
import time

from fairlane.worker.deadlines import Deadlines


async def test_the_earliest_deadline_is_served_first_whatever_the_order() -> None:
    now = time.monotonic()
    waiting = [now + 0.06, now + 0.02, now + 0.04]
    fired: list[float] = []
    done = asyncio.Event()

    def tick(time_now: float) -> float:
        for due in sorted(waiting):
            if due <= time_now:
                fired.append(due)
                waiting.remove(due)
        if not waiting:
            done.set()
        return min(waiting, default=float("inf"))

    deadlines = Deadlines(tick)
    for due in list(waiting):
        deadlines.watch(due)
    await asyncio.wait_for(done.wait(), 30.0)
    assert fired == sorted(fired) and len(fired) == 3


async def test_nothing_fires_once_closed() -> None:
    fired: list[float] = []

    def tick(now: float) -> float:
        fired.append(now)
        return float("inf")

    deadlines = Deadlines(tick)
    deadlines.watch(time.monotonic() + 0.01)
    deadlines.close()
    await asyncio.sleep(0.03)
    assert not fired
