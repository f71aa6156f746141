"""No tenant waits longer than its turn, whatever the others do."""

from itertools import combinations

import pytest

from fairlane.engine import Engine
from fairlane.model.tenant import Rate
from tests.support.acting import by_tenant, claim, finish, lift_limits, limit, submit
from tests.support.clock import Clock


@pytest.mark.parametrize("most", [1, 2, 3, 7])
async def test_equal_tenants_differ_by_one_start_at_every_moment(engine: Engine, most: int) -> None:
    await lift_limits(engine)
    for tenant, backlog in (("ant", 200), ("bee", 60), ("cat", 60)):
        await submit(engine, tenant, backlog)
    started = by_tenant([])
    while started.total() < 150:
        for lease in await claim(engine, most):
            started[lease.tenant_id] += 1
            assert max(started.values()) - min(started[tenant] for tenant in ("ant", "bee", "cat")) <= 1


@pytest.mark.parametrize("most", [1, 4, 40])
async def test_weights_share_starts_in_their_ratio(engine: Engine, most: int) -> None:
    await lift_limits(engine)
    await limit(engine, "bee", weight=3.0)
    await submit(engine, "ant", 100)
    await submit(engine, "bee", 100)
    started = by_tenant([])
    while started.total() < 80:
        started += by_tenant(await claim(engine, most))
    assert abs(started["bee"] - 60) <= 1


@pytest.mark.parametrize("most", [1, 4, 40])
async def test_over_any_interval_weighted_starts_differ_by_one_job_of_each_tenant(engine: Engine, most: int) -> None:
    """The bound of start-time fair queueing, which lua/include/fair_queueing.lua states."""
    await lift_limits(engine)
    weights = {"ant": 1.0, "bee": 3.0, "cat": 0.5}
    for tenant, weight in weights.items():
        await limit(engine, tenant, weight=weight)
        await submit(engine, tenant, 150)
    order: list[str] = []
    while len(order) < 150:
        order += [lease.tenant_id for lease in await claim(engine, most)]
    for a, b in combinations(weights, 2):
        # Over an interval, the difference grows by at most the spread of the differences since the beginning.
        ahead = [0.0]
        for tenant in order:
            ahead.append(ahead[-1] + (tenant == a) / weights[a] - (tenant == b) / weights[b])
        assert max(ahead) - min(ahead) <= 1 / weights[a] + 1 / weights[b] + 1e-9


@pytest.mark.parametrize("most", [1, 5])
async def test_spreading_over_queues_buys_nothing(engine: Engine, most: int) -> None:
    await lift_limits(engine)
    for queue in ("q1", "q2", "q3", "q4"):
        await submit(engine, "many", 30, queue=queue)
    await submit(engine, "one", 60, queue="q1")
    started = by_tenant([])
    while started.total() < 80:
        started += by_tenant(await claim(engine, most))
    assert abs(started["many"] - started["one"]) <= 1


async def test_a_newcomer_waits_one_round_at_most(engine: Engine) -> None:
    await lift_limits(engine)
    await submit(engine, "noisy", 500)
    await submit(engine, "other", 500)
    for _ in range(10):
        await claim(engine, 10)
    await submit(engine, "quiet")
    assert by_tenant(await claim(engine, 3))["quiet"] == 1


async def test_a_noisy_newcomer_saves_nothing_up_while_idle(engine: Engine) -> None:
    await lift_limits(engine)
    await submit(engine, "steady", 500)
    await claim(engine, 100)
    await submit(engine, "late", 500)
    started = by_tenant(await claim(engine, 20))
    assert abs(started["late"] - started["steady"]) <= 2


async def test_leaving_and_coming_back_does_not_skip_the_line(engine: Engine) -> None:
    await lift_limits(engine)
    await submit(engine, "steady", 100)
    started = by_tenant([])
    for _ in range(40):  # one job at a time: the tenant's lane is empty after each claim
        await submit(engine, "fickle")
        started += by_tenant(await claim(engine, 2))
    assert abs(started["steady"] - started["fickle"]) <= 2


async def test_a_blocked_tenant_gains_nothing_and_holds_nobody_up(engine: Engine) -> None:
    await lift_limits(engine)
    await limit(engine, "full", concurrency=2)
    await submit(engine, "full", 50)
    await submit(engine, "free", 50)
    first = await claim(engine, 10)
    assert by_tenant(first) == {"full": 2, "free": 8}
    await finish(engine, [lease for lease in first if lease.tenant_id == "full"])
    assert by_tenant(await claim(engine, 4)) == {"full": 2, "free": 2}


async def test_a_lighter_tenant_is_not_kept_out_for_ever(engine: Engine) -> None:
    await lift_limits(engine)
    await limit(engine, "light", weight=0.1)
    await submit(engine, "light", 20)
    await submit(engine, "heavy", 100)
    started = by_tenant(await claim(engine, 55))
    assert 4 <= started["light"] <= 6


async def test_priority_goes_before_age_within_a_tenant_only(engine: Engine) -> None:
    await lift_limits(engine)
    low = await submit(engine, "ant", 3)
    high = await submit(engine, "ant", 2, priority=9)
    await submit(engine, "bee", 5)
    leases = await claim(engine, 10)
    assert by_tenant(leases[:4]) == {"ant": 2, "bee": 2}
    assert [lease.job_id for lease in leases if lease.tenant_id == "ant"] == [s.job_id for s in (*high, *low)]


async def test_order_over_several_lanes_is_priority_then_age(engine: Engine) -> None:
    await lift_limits(engine)
    first = await submit(engine, "ant", queue="q1")
    second = await submit(engine, "ant", queue="q2")
    third = await submit(engine, "ant", queue="q1")
    urgent = await submit(engine, "ant", queue="q2", priority=5)
    leases = await claim(engine, 3, "q1", "q2")
    assert [lease.job_id for lease in leases] == [s.job_id for s in (*urgent, *first, *second)]
    assert [lease.job_id for lease in await claim(engine, 3)] == [third[0].job_id]


async def test_hundreds_of_tenants_are_served_before_any_has_had_three(engine: Engine) -> None:
    await lift_limits(engine)
    for i in range(300):
        await submit(engine, f"t{i}", 2)
    served = by_tenant([])
    while served.total() < 300:
        served += by_tenant(await claim(engine, 50))
    assert max(served.values()) <= 2
    assert len(served) >= 275
    assert (await engine.maintenance.doctor()).problems == []


async def test_a_tenant_whose_start_rate_is_used_up_goes_on_when_it_has_room(engine: Engine, clock: Clock) -> None:
    await lift_limits(engine)
    await limit(engine, "ant", start_rate=Rate(3, 10.0))
    await submit(engine, "ant", 20)
    assert len(await claim(engine, 2)) == 2
    clock.advance(ms=4_000)
    assert len(await claim(engine, 10)) == 1
    assert (await engine.maintenance.promote(100)).next_ms == 6_000
    clock.advance(us=5_999_999)
    await engine.maintenance.promote(100)
    assert await claim(engine, 10) == []
    clock.advance(us=1)
    await engine.maintenance.promote(100)
    assert len(await claim(engine, 10)) == 2


async def test_a_pause_clears_no_debt(engine: Engine) -> None:
    await lift_limits(engine)
    await limit(engine, "ant", weight=0.1)
    for tenant in ("ant", "bee"):
        await submit(engine, tenant, 30)
    assert by_tenant(await claim(engine, 1)) == {"ant": 1}
    await limit(engine, "ant", paused=True)
    await limit(engine, "ant", paused=False)
    assert by_tenant(await claim(engine, 10)) == {"bee": 10}


async def test_one_job_at_a_time_is_no_way_to_the_front(engine: Engine) -> None:
    await lift_limits(engine)
    await submit(engine, "queued", 20)
    started = by_tenant([])
    await submit(engine, "again", 1)
    for _ in range(20):
        (lease,) = await claim(engine, 1)
        started[lease.tenant_id] += 1
        if lease.tenant_id == "again":
            await submit(engine, "again", 1)
    assert started == {"queued": 10, "again": 10}


async def test_what_a_tenant_paid_in_one_queue_counts_where_several_are_served(engine: Engine) -> None:
    await lift_limits(engine)
    for tenant, queue in (("ape", "p"), ("bee", "p"), ("bee", "q"), ("cat", "q")):
        await submit(engine, tenant, 5, queue=queue)
    assert by_tenant(await claim(engine, 2, "p")) == {"ape": 1, "bee": 1}
    leases = await claim(engine, 2, "p", "q")
    assert [lease.tenant_id for lease in leases] == ["cat", "bee"]  # of equals, who stands earlier in any of them


async def test_within_one_claim_each_start_is_of_who_had_least(engine: Engine) -> None:
    await lift_limits(engine)
    times = {f"t{i}": 0.0 for i in range(9)}
    weights = {name: 1.0 + (7 * i) % 5 for i, name in enumerate(times)}
    for name, weight in weights.items():
        await limit(engine, name, weight=weight)
        await submit(engine, name, 60)
    for lease in await claim(engine, 200):
        assert times[lease.tenant_id] == pytest.approx(min(times.values()))
        times[lease.tenant_id] += 1 / weights[lease.tenant_id]
