"""Figures of tenants that their lanes are judged by."""

from fairlane.engine import Engine
from fairlane.model.lease import OutcomeKind
from tests.support.acting import claim, finish, lift_limits, submit
from tests.support.clock import Clock


async def test_the_longest_wait_is_seen_whatever_stands_first(engine: Engine, clock: Clock) -> None:
    async def longest() -> float | None:
        return (await engine.tenants.get("acme")).oldest_wait_seconds

    await lift_limits(engine)
    assert await longest() is None
    await submit(engine, "acme", 15)
    clock.advance(ms=1_000)
    await submit(engine, "acme", 3, priority=9)
    await submit(engine, "acme", 1, queue="other", priority=5)
    assert await longest() == 1
    leases = await claim(engine, 6)
    clock.advance(ms=1_000)
    await finish(engine, leases, OutcomeKind.RELEASED)  # to their old places, before those that have waited all along
    clock.advance(ms=1_000)
    assert await longest() == 3
    leases = await claim(engine, 19)
    assert await longest() is None
    await finish(engine, leases, OutcomeKind.RELEASED)
    clock.advance(ms=500)
    assert await longest() == 0.5
    assert (await engine.tenants.get("acme")).started == 25


async def test_the_longest_wait_is_seen_behind_many_of_higher_priority(engine: Engine, clock: Clock) -> None:
    await lift_limits(engine)
    await submit(engine, "near", 1, priority=8)
    await submit(engine, "far", 1)
    clock.advance(ms=1_000)
    for priority in (9, 5):
        await submit(engine, "near", 12, priority=priority)
        await submit(engine, "far", 12, priority=priority)
    clock.advance(ms=1_000)
    for tenant in ("near", "far"):
        assert (await engine.tenants.get(tenant)).oldest_wait_seconds == 2


async def test_queues_count_what_waits_in_them(engine: Engine, clock: Clock) -> None:
    async def depths() -> dict[str, int]:
        assert (await engine.maintenance.doctor()).problems == []
        return {queue.name: queue.pending for queue in await engine.queues.list()}

    await lift_limits(engine)
    (first,) = await submit(engine, "a", 1, queue="in")
    await submit(engine, "a", 3, queue="out")
    await submit(engine, "b", 2, queue="out", delay_ms=1_000)
    assert await depths() == {"in": 1, "out": 3}
    await engine.jobs.cancel(first.job_id)
    assert await depths() == {"in": 0, "out": 3}
    clock.advance(ms=1_000)
    await engine.maintenance.promote(10)
    assert await depths() == {"in": 0, "out": 5}
    leases = await claim(engine, 4)
    assert await depths() == {"in": 0, "out": 1}
    await finish(engine, leases[:2], OutcomeKind.RELEASED)
    assert await depths() == {"in": 0, "out": 3}
    await engine.jobs.cancel(leases[0].job_id)
    assert await depths() == {"in": 0, "out": 2}
    clock.advance(ms=30_000)
    await engine.maintenance.reap(10)
    assert await depths() == {"in": 0, "out": 4}
    await claim(engine, 10)
    assert await depths() == {"in": 0, "out": 0}


async def test_no_totals_are_kept_that_nobody_reads(engine: Engine) -> None:
    await lift_limits(engine)
    made = await submit(engine, "acme", 5, max_attempts=2)
    await engine.jobs.cancel(made[0].job_id)
    leases = await claim(engine, 4)
    await engine.jobs.cancel(leases[0].job_id)
    kinds = (OutcomeKind.CANCELLED, OutcomeKind.COMPLETED, OutcomeKind.FAILED, OutcomeKind.RELEASED)
    for lease, kind in zip(leases, kinds, strict=True):
        await finish(engine, [lease], kind)
    by_tenant = {"submitted", "completed", "failed", "retried", "other_ends", "unsuccessful"}
    assert {name.decode() for name in await engine.store.client.keys("fl:{0}:count/*")} == {
        f"fl:{{0}}:count/{name}" for name in by_tenant
    }
    fields = await engine.store.client.hkeys("fl:{0}:count")  # type: ignore[misc]
    assert {name.decode() for name in fields} == by_tenant | {"started", "ended"}  # no time has passed
