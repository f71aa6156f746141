"""Queues choose workers. They do not change a tenant's turn, and unused queues cost nothing."""

from __future__ import annotations

import pytest

from fairlane.engine import Engine
from tests.support.acting import by_tenant, claim, finish, lift_limits, limit, submit
from tests.support.clock import Clock

DAY_MS = 86_400_000


async def starts(engine: Engine, count: int, most: int = 4) -> dict[str, int]:
    """How many of the next starts each tenant had."""
    await lift_limits(engine)
    started = by_tenant([])
    while started.total() < count:
        leases = await claim(engine, most)
        started += by_tenant(leases)
        await finish(engine, leases)
    return started


@pytest.mark.parametrize("most", [1, 4, 50])
async def test_a_queue_that_is_new_gives_nobody_a_head_start(engine: Engine, most: int) -> None:
    await lift_limits(engine)
    for tenant in ("ant", "bee"):
        await submit(engine, tenant, 800)
    await starts(engine, 400, most)
    await submit(engine, "cat", 600, queue="new")
    await submit(engine, "bee", 600, queue="newer")
    started = await starts(engine, 300, most)
    assert max(started.values()) - min(started[name] for name in ("ant", "bee", "cat")) <= most


async def test_a_queue_that_was_paused_gives_nobody_a_head_start(engine: Engine) -> None:
    await lift_limits(engine)
    for tenant in ("cat", "dog"):
        await submit(engine, tenant, 200, queue="paused")
    await starts(engine, 4)
    await engine.queues.pause("paused", True)
    for tenant in ("ant", "bee"):
        await submit(engine, tenant, 800)
    await starts(engine, 500)
    await engine.queues.pause("paused", False)
    started = await starts(engine, 200)
    assert all(abs(started[name] - 50) <= 1 for name in ("ant", "bee", "cat", "dog"))


async def test_a_queue_of_slower_workers_gives_nobody_a_head_start(engine: Engine) -> None:
    await lift_limits(engine)
    await submit(engine, "cat", 400, queue="slow")
    await claim(engine, 3, "slow")
    for tenant in ("ant", "bee"):
        await submit(engine, tenant, 800, queue="fast")
    await claim(engine, 500, "fast")
    started = await starts(engine, 90)
    assert all(abs(started[name] - 30) <= 1 for name in ("ant", "bee", "cat"))


async def test_those_who_stand_below_the_floor_take_turns_while_it_moves_on(engine: Engine) -> None:
    await lift_limits(engine)
    slow = ("ant", "bee", "cat")
    for tenant in slow:
        await submit(engine, tenant, 40, queue=f"slow-{tenant}")
    await submit(engine, "dog", 2_000, queue="fast")
    started = by_tenant([])
    for _ in range(60):
        await claim(engine, 20, "fast")
        started += by_tenant(await claim(engine, 1))
    assert max(started[name] for name in slow) - min(started[name] for name in slow) <= 1


@pytest.mark.parametrize("reuse", [True, False])
async def test_a_queue_for_each_job_is_no_way_to_the_front(engine: Engine, reuse: bool) -> None:
    await lift_limits(engine)
    names = [f"t{i}" for i in range(6)]
    for name in names:
        await submit(engine, name, 200)
    started = by_tenant([])
    for turn in range(60):
        await submit(engine, "t0", 1, queue=f"q{turn % 3 if reuse else turn}")
        leases = await claim(engine, 4)
        started += by_tenant(leases)
        await finish(engine, leases)
    assert max(started.values()) - min(started[name] for name in names) <= 1


async def test_queues_in_which_nobody_waits_cost_a_claim_nothing(engine: Engine) -> None:
    await lift_limits(engine)
    for first in range(0, 2_000, 500):
        for queue in range(first, first + 500):
            await submit(engine, "acme", 1, queue=f"q{queue}")
        await finish(engine, await claim(engine, 500))
    await submit(engine, "acme", 1, queue="one")
    await engine.store.client.config_resetstat()
    assert len(await claim(engine, 10)) == 1
    commands = await engine.store.client.info("commandstats")
    assert sum(figures["calls"] for figures in commands.values()) < 60


async def test_a_queue_that_nobody_used_for_a_day_is_forgotten_until_its_next_job(engine: Engine, clock: Clock) -> None:
    await lift_limits(engine)
    for queue in ("held", "paused", "done", "later"):
        await submit(engine, "acme", 1, queue=queue, delay_ms=DAY_MS if queue == "later" else 0)
    await engine.queues.pause("paused", True)
    await finish(engine, await claim(engine, 3, "done"))

    async def known_after(ms: int) -> list[str]:
        clock.advance(ms=ms)
        await engine.maintenance.prune(100)
        return [info.name for info in await engine.queues.list()]

    assert await known_after(DAY_MS - 1) == ["done", "held", "later", "paused"]
    assert await known_after(1) == ["held", "paused"]
    assert set(await engine.store.client.hkeys("fl:{0}:depths")) == {b"*", b"held", b"paused"}  # type: ignore[misc]
    await engine.maintenance.promote(10)
    assert await known_after(0) == ["held", "later", "paused"]
    assert [lease.queue for lease in await claim(engine, 9, "later", "paused")] == ["later"]
    assert (await engine.maintenance.doctor()).problems == []


async def test_a_worker_of_one_queue_is_fair_to_those_whom_others_left_behind(engine: Engine) -> None:
    await lift_limits(engine)
    for tenant in ("ant", "bee"):
        await submit(engine, tenant, 300, queue="held")
    await engine.queues.pause("held", True)
    await submit(engine, "cat", 600, queue="main")
    await claim(engine, 500, "main")
    await engine.queues.pause("held", False)
    await claim(engine, 1)  # over both: the queue that was held is moved on
    await submit(engine, "dog", 100, queue="held")
    started = by_tenant(await claim(engine, 90, "held"))
    assert all(abs(started[name] - 30) <= 1 for name in ("ant", "bee", "dog"))


async def test_a_job_left_in_another_queue_is_no_way_to_the_front(engine: Engine) -> None:
    await lift_limits(engine)
    for name in range(8):
        await submit(engine, f"t{name}", 100)
    await limit(engine, "parked", concurrency=1)
    for tenant in ("other", "parked"):
        await submit(engine, tenant, 1, queue="unserved")
    started = by_tenant([])
    for _ in range(45):
        if (await engine.tenants.get("parked")).pending == 1:  # it submits the next job once the one before was started
            await submit(engine, "parked", 1)
        for _ in range(2):
            leases = await claim(engine, 1, "default")
            started += by_tenant(leases)
            await finish(engine, leases)
    assert started["parked"] <= 11


async def test_weights_hold_beside_a_pool_that_is_faster(engine: Engine) -> None:
    await lift_limits(engine)
    await limit(engine, "heavy", weight=10.0)
    for tenant in ("heavy", "light"):
        await submit(engine, tenant, 300, queue="slow")
    await submit(engine, "cat", 3_000, queue="fast")
    started = by_tenant([])
    for _ in range(110):
        await claim(engine, 20, "fast")
        started += by_tenant(await claim(engine, 1))
    assert 8 <= started["heavy"] / started["light"] <= 12


async def test_a_queue_that_is_named_twice_gives_each_job_once(engine: Engine) -> None:
    await submit(engine, "acme", 2)
    assert len({lease.job_id for lease in await claim(engine, 4, "default", "default")}) == 2
    assert (await engine.maintenance.doctor()).problems == []
