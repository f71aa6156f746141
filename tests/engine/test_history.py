"""The history of the figures: one sample a step, whichever process takes it; bounded, and as durable as the jobs."""

from __future__ import annotations

import asyncio
from pathlib import Path

from fairlane.engine import Engine
from fairlane.model.lease import OutcomeKind
from fairlane.store import Durability, Store, open_store
from fairlane.upkeep.run import run_upkeep
from tests.support.acting import claim, finish, lift_limits, submit
from tests.support.clock import Clock

MINUTE_MS = 60_000


def to_full_minute(clock: Clock) -> None:
    clock.now_us += -clock.now_us % (MINUTE_MS * 1000)


async def test_many_upkeeps_take_one_sample_a_step(engine: Engine, clock: Clock) -> None:
    to_full_minute(clock)
    steps = await asyncio.gather(*(engine.maintenance.sample() for _ in range(20)))
    assert sum(step.count for step in steps) == 2
    assert {step.next_ms for step in steps} == {10_000}
    clock.advance(ms=9_999)
    assert (await engine.maintenance.sample()).count == 0
    clock.advance(ms=1)
    assert (await engine.maintenance.sample()).count == 1
    clock.advance(ms=50_000)
    assert (await engine.maintenance.sample()).count == 2
    assert (await engine.maintenance.doctor()).problems == []


async def test_history_is_bounded(engine: Engine, clock: Clock) -> None:
    to_full_minute(clock)
    for _ in range(1_450):
        assert (await engine.maintenance.sample()).count == 2
        clock.advance(ms=MINUTE_MS)
    for _ in range(730):
        await engine.maintenance.sample()
        clock.advance(ms=10_000)
    sizes = [len(await engine.store.client.lrange(f"fl:{{0}}:history/{name}", 0, -1)) for name in ("10s", "1m")]  # type: ignore[misc]
    assert sizes == [721, 1_441]
    assert await engine.store.client.memory_usage("fl:{0}:history/1m") < 100_000
    two_hours, day = await engine.monitor.history(120), await engine.monitor.history(1_440)
    assert (two_hours.step_seconds, len(two_hours.points)) == (10, 720)
    assert (day.step_seconds, len(day.points)) == (60, 1_440)
    hour = await engine.monitor.history(60)
    assert hour.points == two_hours.points[-360:]
    assert (hour.points[-1].at - hour.points[0].at).total_seconds() == 3_590


async def test_one_that_begins_late_is_told_of_no_more_than_it_asked_for(engine: Engine, clock: Clock) -> None:
    to_full_minute(clock)
    await engine.maintenance.sample()
    clock.advance(ms=2 * 3_600_000)
    await engine.maintenance.sample()
    clock.advance(ms=10_000)
    await engine.maintenance.sample()
    assert len((await engine.monitor.history(60)).points) == 1
    gap, last = (await engine.monitor.history(180)).points, (await engine.monitor.history(60)).points[0]
    assert [point.seconds for point in gap] == [7_200.0]
    assert last.seconds == 10


async def test_a_job_waits_from_when_it_could_start(engine: Engine, clock: Clock) -> None:
    """Neither its delay nor its backoff counts as waiting, nor the time that it ran before."""
    to_full_minute(clock)
    await engine.maintenance.sample()
    await submit(engine, "acme", delay_ms=3_000)
    clock.advance(ms=3_000)
    await engine.maintenance.promote(10)
    clock.advance(ms=500)
    leases = await claim(engine, 1)  # has waited 0.5 s
    clock.advance(ms=1_000)
    await finish(engine, leases, OutcomeKind.RELEASED)  # has run 1 s
    clock.advance(ms=700)
    leases = await claim(engine, 1, lease_ms=1_000)  # has waited 0.7 s
    clock.advance(ms=1_500)
    await engine.maintenance.reap(10)  # has run 1.5 s
    clock.advance(ms=900)
    leases = await claim(engine, 1)  # has waited 0.9 s
    clock.now_us += 1_900_000
    await finish(engine, leases)  # has run 1.9 s
    clock.advance(ms=500)
    await engine.maintenance.sample()
    (point,) = (await engine.monitor.history(60)).points
    assert (point.started, point.completed, point.failed) == (3, 1, 1)
    assert point.wait_seconds is not None
    assert round(point.wait_seconds, 3) == 0.7
    assert point.run_seconds is not None
    assert round(point.run_seconds, 3) == round(4.4 / 3, 3)


async def test_a_clock_that_steps_back_takes_nothing_off_the_totals(engine: Engine, clock: Clock) -> None:
    to_full_minute(clock)
    await engine.maintenance.sample()
    await submit(engine, "acme", 2)
    clock.advance(ms=-5_000)
    leases = await claim(engine, 2)
    clock.advance(ms=-5_000)
    await finish(engine, leases)
    clock.advance(ms=20_000)
    await engine.maintenance.sample()
    (point,) = (await engine.monitor.history(60)).points
    assert (point.wait_seconds, point.run_seconds) == (0, 0)


async def test_the_partitions_add_up(store: Store, clock: Clock) -> None:
    await store.client.flushall()
    engine = await Engine.open(store, partitions=3, clock=clock)
    to_full_minute(clock)
    await engine.maintenance.sample()
    await lift_limits(engine)
    tenants = [f"tenant-{i}" for i in range(12)]
    for tenant in tenants:
        await submit(engine, tenant, 2)
    clock.advance(ms=2_000)
    await finish(engine, await claim(engine, 12))
    clock.advance(ms=8_000)
    await engine.maintenance.sample()
    (point,) = (await engine.monitor.history(60)).points
    assert (point.submitted, point.started, point.completed, point.pending) == (24, 12, 12, 12)
    assert (point.wait_seconds, point.run_seconds) == (2, 0)
    overview = await engine.monitor.overview()
    assert (overview.counters.submitted, overview.states["pending"], overview.states["completed"]) == (24, 12, 12)  # type: ignore[index]
    assert [queue.pending for queue in overview.queues] == [12]
    assert (await engine.maintenance.doctor()).problems == []


async def test_history_outlives_the_store(tmp_path: Path, clock: Clock) -> None:
    to_full_minute(clock)
    for samples in (2, 1):
        engine = await Engine.open(await open_store(f"embedded:{tmp_path}", Durability.DISK), clock=clock)
        try:
            for _ in range(samples):
                await submit(engine, "acme")
                clock.advance(ms=10_000)
                assert (await engine.maintenance.sample()).count >= 1
        finally:
            await engine.close()
    engine = await Engine.open(await open_store(f"embedded:{tmp_path}", Durability.DISK), clock=clock)
    try:
        assert [point.submitted for point in (await engine.monitor.history(60)).points] == [1, 1]
    finally:
        await engine.close()


async def test_upkeep_takes_samples(engine: Engine) -> None:
    upkeep = asyncio.create_task(run_upkeep(engine.maintenance))
    try:
        async with asyncio.timeout(30):
            while True:
                if await engine.store.client.exists("fl:{0}:history/10s", "fl:{0}:history/1m") == 2:
                    break
                await asyncio.sleep(0.01)
    finally:
        upkeep.cancel()
        await asyncio.wait([upkeep])
