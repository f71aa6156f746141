"""Rates hold in every sliding window, to the microsecond."""

import pytest

from fairlane.engine import Engine
from fairlane.model.job import SubmitStatus
from fairlane.model.tenant import Rate
from tests.support.acting import limit, submit
from tests.support.clock import Clock


@pytest.mark.parametrize("count", [2, 3, 4, 5, 8])
async def test_an_event_leaves_the_window_when_it_is_exactly_one_window_old(
    engine: Engine, clock: Clock, count: int
) -> None:
    await limit(engine, "ant", submit_rate=Rate(count, 10.0))
    for _ in range(count):
        assert [s.status for s in await submit(engine, "ant")] == [SubmitStatus.CREATED]
        clock.advance(ms=1_000)
    clock.advance(ms=10_000 - 1_000 * count, us=-1)
    assert [s.status for s in await submit(engine, "ant")] == [SubmitStatus.RATE_LIMITED]
    clock.advance(us=1)
    for left in range(count - 1, -1, -1):
        assert (await engine.tenants.get("ant")).submit_rate_used == left
        clock.advance(ms=1_000)
