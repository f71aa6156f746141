"""The loop that every duty runs in."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from fairlane.model.errors import StoreUnavailable
from fairlane.model.overview import UpkeepStep
from fairlane.upkeep.loop import Duty, pause_ms, run_duties, run_duty


def test_the_pause_is_the_shorter_of_interval_and_announced_time() -> None:
    assert pause_ms(UpkeepStep(0), 1_000, 0.0) == 750
    assert 750 <= pause_ms(UpkeepStep(0, 5_000), 1_000, 0.5) < 1_000
    assert pause_ms(UpkeepStep(0, 40), 1_000, 0.5) == 40


def test_there_is_no_pause_while_there_is_more_to_do() -> None:
    assert pause_ms(UpkeepStep(500, 0), 1_000, 0.5) == 0


def test_work_that_was_announced_and_not_found_does_not_make_it_spin() -> None:
    assert pause_ms(UpkeepStep(0, 0), 1_000, 0.5) == 1


async def until(condition: Callable[[], bool], running: Coroutine[Any, Any, None]) -> None:
    """Run `running` until `condition` holds, then cancel it."""
    task = asyncio.create_task(running)
    try:
        async with asyncio.timeout(30):
            while not condition():
                assert not task.done(), "the duty has ended"
                await asyncio.sleep(0.001)
    finally:
        task.cancel()
        await asyncio.wait([task])


@pytest.mark.anyio
async def test_errors_do_not_end_a_duty(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    script: list[Exception | UpkeepStep] = [StoreUnavailable("away"), RuntimeError("a bug"), UpkeepStep(0)]
    steps: list[Exception | UpkeepStep] = []

    async def step() -> UpkeepStep:
        answer = script[min(len(steps), len(script) - 1)]
        steps.append(answer)
        if isinstance(answer, Exception):
            raise answer
        return answer

    await until(lambda: len(steps) > len(script), run_duty(Duty("promote", 10, step)))
    told = [record.message for record in caplog.records]
    assert told == ["promote waits for the store: away", "promote failed and will try again", "promote works again"]


@pytest.mark.anyio
async def test_one_duty_does_not_wait_for_another() -> None:
    counts = {"stuck": 0, "quick": 0}

    async def stuck() -> UpkeepStep:
        counts["stuck"] += 1
        await asyncio.Event().wait()
        return UpkeepStep(0)

    async def quick() -> UpkeepStep:
        counts["quick"] += 1
        return UpkeepStep(1, 0)

    await until(lambda: counts["quick"] > 20, run_duties([Duty("stuck", 10, stuck), Duty("quick", 10_000, quick)]))
    assert counts["stuck"] == 1
