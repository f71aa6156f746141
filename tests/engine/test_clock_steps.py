"""The store's clock is set forward and back: the engine's time goes on without the step."""

import asyncio
import logging
import math

import pytest

from fairlane.engine import Engine
from fairlane.model.job import JobQuery, SubmitStatus
from fairlane.model.lease import LeaseReport, LeaseStatus, WorkerReport
from fairlane.model.states import State
from fairlane.model.tenant import Rate
from fairlane.store import Store
from tests.support.acting import claim, finish, limit, submit
from tests.support.clock import Clock

HOUR = 3_600.0
DAY = 86_400.0
STEPS = [HOUR, -HOUR, DAY, -DAY]

pytestmark = pytest.mark.parametrize("step", STEPS)


async def _opened(store: Store, clock: Clock) -> Engine:
    return await Engine.open(store, clock=clock, monotonic=clock.monotonic)


async def test_leases_end_on_time(engine: Engine, clock: Clock, step: float) -> None:
    await submit(engine, "acme", 2)
    renewed, silent = await claim(engine, 2, lease_ms=5_000)
    clock.advance(ms=2_000)
    clock.set_store(step)
    assert (await engine.maintenance.reap(10)).requeued == 0
    report = LeaseReport(renewed.job_id, renewed.token)
    assert await engine.leases.extend(WorkerReport(id="w", slots=2), [report], 5_000) == [LeaseStatus.OK]
    clock.advance(ms=2_999)
    reaped = await engine.maintenance.reap(10)
    assert (reaped.requeued, reaped.next_ms) == (0, 1)
    clock.advance(ms=1)
    assert (await engine.maintenance.reap(10)).requeued == 1
    assert (await engine.jobs.get(silent.job_id)).state is State.PENDING
    assert await finish(engine, [renewed]) == [LeaseStatus.OK]


async def test_rates_hold_and_open_on_time(engine: Engine, clock: Clock, step: float) -> None:
    await limit(engine, "acme", submit_rate=Rate(2, 10.0), start_rate=Rate(1, 10.0))
    await submit(engine, "acme", 2)
    assert len(await claim(engine, 2)) == 1
    clock.advance(ms=1_000)
    clock.set_store(step)
    (refused,) = await submit(engine, "acme")
    assert refused.status is SubmitStatus.RATE_LIMITED
    assert refused.rate is not None
    assert refused.rate.reset_seconds == 9.0
    assert await claim(engine, 2) == []
    await engine.maintenance.prune(100)
    clock.advance(ms=9_000)
    assert len(await claim(engine, 2)) == 1
    assert (await submit(engine, "acme"))[0].status is SubmitStatus.CREATED


async def test_delays_and_retention_keep_their_length(engine: Engine, clock: Clock, step: float) -> None:
    await limit(engine, "acme", keep_completed_seconds=20)
    await submit(engine, "acme")
    await finish(engine, await claim(engine, 1))
    await submit(engine, "acme", delay_ms=10_000)
    clock.set_store(step)
    assert (await engine.maintenance.promote(10)).next_ms == 10_000
    assert (await engine.maintenance.prune(10)).count == 0
    clock.advance(ms=10_000)
    assert (await engine.maintenance.promote(10)).count == 1
    clock.advance(ms=10_000)
    assert (await engine.maintenance.prune(10)).count == 1
    assert [job.state for job in (await engine.jobs.list(JobQuery())).jobs] == [State.PENDING]


async def test_many_callers_that_meet_a_step_agree(
    store: Store, engine: Engine, clock: Clock, step: float, caplog: pytest.LogCaptureFixture
) -> None:
    """Two processes, with many calls at once; one of them corrects the offset, once."""
    other = await _opened(store, clock)
    await submit(engine, "acme", 1)
    await claim(engine, 1, lease_ms=5_000)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            clock.set_store(step)
            await asyncio.gather(*(submit(each, "acme") for each in (engine, other) for _ in range(20)))
    offsets = [record for record in caplog.records if "clock was set by" in record.message]
    assert len(offsets) == 3
    assert f"clock was set by {step:+.1f} s" in offsets[0].message
    assert (await engine.maintenance.doctor()).clock_offset_seconds == -3 * step
    assert (await engine.maintenance.reap(10)).requeued == 0


async def test_a_process_that_stood_still_changes_nothing(
    store: Store, engine: Engine, clock: Clock, step: float
) -> None:
    """A suspended virtual machine: its monotonic clock lags behind the store and all other processes."""
    suspended_at = clock.now_us
    suspended = await Engine.open(store, clock=clock, monotonic=lambda: suspended_at)
    await submit(suspended, "acme", 1)
    await claim(suspended, 1, lease_ms=5_000)
    for _ in range(10):
        clock.advance(ms=round(abs(step) * 100))
        await engine.maintenance.keep_time()
    assert (await suspended.maintenance.reap(10)).requeued == 1
    await suspended.maintenance.keep_time()
    assert (await engine.maintenance.doctor()).clock_offset_seconds == 0


async def test_a_process_whose_clock_drifts_changes_nothing(
    store: Store, engine: Engine, clock: Clock, step: float
) -> None:
    """It was idle for days, while the two clocks ran apart by 100 parts in a million."""
    began = clock.now_us
    drifting = await Engine.open(
        store, clock=clock, monotonic=lambda: began + round((clock.now_us - began) * (1 + math.copysign(1e-4, step)))
    )
    for _ in range(72):
        clock.advance(ms=3_600_000)
        await engine.maintenance.keep_time()
    await submit(drifting, "acme", 1)
    assert (await engine.maintenance.doctor()).clock_offset_seconds == 0
    clock.set_store(step)
    await submit(drifting, "acme", 1)
    assert (await engine.maintenance.doctor()).clock_offset_seconds == -step


async def test_a_process_that_is_slow_to_look_changes_nothing(
    store: Store, engine: Engine, clock: Clock, step: float
) -> None:
    """Its event loop was blocked for three seconds between the question and the answer."""
    stalls = iter([0, 3_000_000, 0, 3_000_000])

    def stalling() -> int:
        clock.advance(us=next(stalls, 0))
        return clock.now_us

    slow = await Engine.open(store, clock=clock, monotonic=stalling)
    for _ in range(4):
        clock.advance(ms=1_000)
        await engine.maintenance.keep_time()
        await slow.maintenance.keep_time()
        assert (await engine.maintenance.doctor()).clock_offset_seconds == 0
    clock.set_store(step)
    await slow.maintenance.keep_time()
    assert (await engine.maintenance.doctor()).clock_offset_seconds == -step


async def test_after_a_downtime_time_has_passed_and_never_goes_back(
    store: Store, engine: Engine, clock: Clock, step: float
) -> None:
    """No process was there to tell a step from the time that passed, or the store has moved to another host."""
    await submit(engine, "acme", 2)
    await claim(engine, 1, lease_ms=5_000)
    clock.set_store(step)
    restarted = await _opened(store, clock)
    assert (await restarted.maintenance.reap(10)).requeued == (1 if step > 0 else 0)
    assert (await restarted.maintenance.doctor()).clock_offset_seconds == (0 if step > 0 else -step)
    (submitted,) = await submit(restarted, "acme")
    assert submitted.created_at_ms == clock.now_ms + max(0, round(step * 1_000))


async def test_upkeep_notices_a_step_that_scripts_cannot_see(engine: Engine, clock: Clock, step: float) -> None:
    """Scripts take up to two seconds between confirmations for time that has passed."""
    seconds = 1.5 if step > 0 else -1.5
    await submit(engine, "acme")
    await claim(engine, 1, lease_ms=5_000)
    clock.set_store(seconds)
    await engine.maintenance.keep_time()
    clock.advance(ms=4_999)
    assert (await engine.maintenance.reap(10)).requeued == 0
    clock.advance(ms=1)
    assert (await engine.maintenance.reap(10)).requeued == 1
