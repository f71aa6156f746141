"""A value that is refused is refused before anything is stored."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from fairlane import InvalidInput
from tests.support.app_world import World


async def test_nothing_is_submitted_of_many_calls_or_a_schedule_with_a_value_that_is_refused(world: World) -> None:
    @world.app.task
    async def work(value: float | None = None) -> None:
        pass

    calls: list[Callable[[], Any]] = [
        lambda: work.bind(math.nan),
        lambda: world.app.cron("c", "* * * * *", work.bind(math.inf)),
    ]
    for call in calls:
        with pytest.raises(InvalidInput, match="JSON has no"):
            call()
    with pytest.raises(InvalidInput, match="JSON has no"):
        await work.submit_many([(1.0,), (math.nan,)])
    assert (await world.engine.monitor.counters()).submitted == 0
    assert world.app.schedules == ()
