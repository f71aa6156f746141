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


async def test_a_window_is_deleted_no_earlier_than_it_is_empty(engine: Engine, clock: Clock) -> None:
    """Events are counted in microseconds, deletions in milliseconds."""
    await limit(engine, "ant", submit_rate=Rate(1, 10.0))
    clock.advance(us=1)
    await submit(engine, "ant")
    clock.advance(us=9_999_999)
    await engine.maintenance.prune(10)
    assert (await engine.tenants.get("ant")).submit_rate_used == 1
    clock.advance(ms=1)
    await engine.maintenance.prune(10)
    assert await engine.store.client.keys("fl:{0}:rate/*") == []
    assert await engine.store.client.exists("fl:{0}:windows") == 0
