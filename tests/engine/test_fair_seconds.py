"""Fairness by seconds: tenants share run time, however long each one's jobs are."""

import heapq
from collections import Counter
from collections.abc import Mapping

import pytest

from fairlane.engine import Engine
from fairlane.model.lease import Lease
from fairlane.model.tenant import Fairness, PolicyChange
from tests.support.acting import claim, finish, lift_limits, limit, submit
from tests.support.clock import Clock

SLOTS = 4


async def run_for(
    engine: Engine, clock: Clock, seconds: int, durations_ms: Mapping[str, int], *, slots: int = SLOTS
) -> Counter[str]:
    """The run time (ms) that each tenant got from a worker whose slots are always full."""
    got = Counter[str]()
    running: list[tuple[int, str, Lease]] = []
    end_ms = clock.now_ms + seconds * 1000
    while clock.now_ms < end_ms:
        for lease in await claim(engine, slots - len(running), lease_ms=3_600_000) if len(running) < slots else []:
            heapq.heappush(running, (clock.now_ms + durations_ms[lease.tenant_id], lease.job_id, lease))
        until_ms, _, lease = heapq.heappop(running)
        clock.advance(ms=until_ms - clock.now_ms)
        got[lease.tenant_id] += durations_ms[lease.tenant_id]
        await finish(engine, [lease])
    return got


@pytest.fixture
async def by_seconds(engine: Engine) -> Engine:
    await lift_limits(engine)
    await engine.maintenance.set_fairness(Fairness.SECONDS)
    return engine


async def test_long_jobs_pay_for_what_they_use(by_seconds: Engine, clock: Clock) -> None:
    await submit(by_seconds, "long", 100)
    await submit(by_seconds, "short", 900)
    got = await run_for(by_seconds, clock, 200, {"long": 10_000, "short": 1_000})
    assert got["long"] == pytest.approx(got["short"], rel=0.15)


async def test_by_jobs_they_do_not(engine: Engine, clock: Clock) -> None:
    await lift_limits(engine)
    await submit(engine, "long", 100)
    await submit(engine, "short", 900)
    got = await run_for(engine, clock, 200, {"long": 10_000, "short": 1_000})
    assert got["long"] > 7 * got["short"]


async def test_weights_share_run_time_in_their_ratio(by_seconds: Engine, clock: Clock) -> None:
    await limit(by_seconds, "heavy", weight=3.0)
    await submit(by_seconds, "heavy", 500)
    await submit(by_seconds, "light", 500)
    got = await run_for(by_seconds, clock, 200, {"heavy": 4_000, "light": 2_000})
    assert got["heavy"] == pytest.approx(3 * got["light"], rel=0.15)


async def test_what_is_owed_is_not_lost_at_a_limit(by_seconds: Engine, clock: Clock) -> None:
    """Each start of the long jobs is followed by a block, each end by a way back into the run index."""
    await limit(by_seconds, "long", concurrency=2)
    await limit(by_seconds, "short", concurrency=3)
    await submit(by_seconds, "long", 100)
    await submit(by_seconds, "short", 900)
    got = await run_for(by_seconds, clock, 200, {"long": 10_000, "short": 1_000}, slots=3)
    assert got["long"] == pytest.approx(got["short"], rel=0.15)


async def test_a_burst_starts_no_more_than_its_share(by_seconds: Engine, clock: Clock) -> None:
    """Of jobs whose run time is not known yet, the starts are shared."""
    await submit(by_seconds, "burst", 100)
    await submit(by_seconds, "other", 100)
    started = Counter[str]()
    for _ in range(10):
        started.update(lease.tenant_id for lease in await claim(by_seconds, 4))
        assert abs(started["burst"] - started["other"]) <= 1


async def test_a_lost_worker_is_paid_for(by_seconds: Engine, clock: Clock) -> None:
    await submit(by_seconds, "lost", 20)
    await submit(by_seconds, "other", 40)
    await claim(by_seconds, 2, lease_ms=5_000)
    clock.advance(ms=5_000)
    assert (await by_seconds.maintenance.reap(10)).requeued == 2
    await submit(by_seconds, "newcomer", 10)
    # Both have paid for five seconds, which the newcomer has not.
    assert [lease.tenant_id for lease in await claim(by_seconds, 10)] == ["newcomer"] * 10


async def test_a_change_of_what_is_shared_is_felt_at_once(by_seconds: Engine, clock: Clock) -> None:
    await submit(by_seconds, "long", 100)
    await submit(by_seconds, "short", 900)
    await by_seconds.tenants.change("long", PolicyChange(concurrency=2))
    await run_for(by_seconds, clock, 20, {"long": 10_000, "short": 1_000})
    await by_seconds.maintenance.set_fairness(Fairness.JOBS)
    assert await by_seconds.store.client.exists("fl:{0}:owed") == 0
    started = Counter(lease.tenant_id for lease in await claim(by_seconds, 40))
    assert started["short"] > 30  # what was owed by seconds stands; from now on starts are charged
    assert (await by_seconds.maintenance.doctor()).problems == []


async def test_time_used_while_the_floor_moved_on_is_paid_for(by_seconds: Engine, clock: Clock) -> None:
    """The tenant's virtual time was forgotten meanwhile."""
    await submit(by_seconds, "ant", 1)
    (long,) = await claim(by_seconds, 1)
    await submit(by_seconds, "bee", 50)
    await claim(by_seconds, 10)
    await by_seconds.maintenance.prune(100)
    clock.advance(ms=5_000)
    await finish(by_seconds, [long])
    await submit(by_seconds, "ant", 10)
    assert {lease.tenant_id for lease in await claim(by_seconds, 20)} == {"bee"}


async def test_use_of_one_pool_is_not_held_against_a_tenant_in_another(by_seconds: Engine, clock: Clock) -> None:
    await submit(by_seconds, "other", 20, queue="slow")
    await claim(by_seconds, 5, "slow", lease_ms=60_000)
    await submit(by_seconds, "busy", 100, queue="fast")
    leases = await claim(by_seconds, 100, "fast", lease_ms=60_000)
    clock.advance(ms=200)
    await finish(by_seconds, leases[:1])  # 0.1 s more than was paid at the start
    await submit(by_seconds, "busy", 1, queue="slow")
    order = [lease.tenant_id for lease in await claim(by_seconds, 6, "slow")]
    assert 1 <= order.index("busy") <= 3


async def test_time_used_in_a_queue_without_a_floor_is_paid_for(by_seconds: Engine, clock: Clock) -> None:
    """Another queue's floor has passed the tenant's virtual time, which was forgotten for that."""
    await submit(by_seconds, "busy", 50, queue="fast")
    await claim(by_seconds, 40, "fast")
    await submit(by_seconds, "ant", queue="slow")
    (first,) = await claim(by_seconds, 1, "slow")
    await by_seconds.maintenance.prune(100)
    clock.advance(ms=5_000)
    await finish(by_seconds, [first])
    assert (await by_seconds.tenants.get("ant")).completed == 1
    assert (await by_seconds.maintenance.doctor()).problems == []


async def test_a_start_where_nobody_else_waits_pays_no_debt(by_seconds: Engine, clock: Clock) -> None:
    await submit(by_seconds, "long", 1)
    await submit(by_seconds, "short", 100)
    first = next(lease for lease in await claim(by_seconds, 2) if lease.tenant_id == "long")
    clock.advance(ms=20_000)
    await finish(by_seconds, [first])
    await submit(by_seconds, "long", 1, queue="alone")
    await finish(by_seconds, await claim(by_seconds, 1, "alone"))
    await submit(by_seconds, "long", 5)
    assert {lease.tenant_id for lease in await claim(by_seconds, 20, "default")} == {"short"}
