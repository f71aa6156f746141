"""However many queue names there are, no tenant waits longer for them and no script gets longer."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from fairlane.engine import Engine
from fairlane.engine.codec import claim_values
from fairlane.model.errors import InvalidInput
from fairlane.model.ids import new_claim_id
from fairlane.model.job import NewJob
from fairlane.model.lease import MAX_CLAIM_QUEUES, ClaimRequest, Lease, OutcomeKind
from fairlane.model.tenant import Rate
from tests.support.acting import by_tenant, claim, finish, lift_limits, limit, submit
from tests.support.clock import Clock

STEP = 100
"""How many queues or tenants one script puts back, see lua/include/run_indexes.lua."""


async def submit_over(engine: Engine, tenant: str, queues: int, jobs: int, first: int = 0) -> None:
    """Submit jobs over many queues in turn."""
    for begin in range(0, jobs, 500):
        batch = range(begin, min(begin + 500, jobs))
        await engine.jobs.submit([
            NewJob(id=engine.jobs.new_id(tenant), tenant_id=tenant, payload=b"{}", queue=f"q{first + n % queues}")
            for n in batch
        ])  # fmt: skip


async def check_store(engine: Engine) -> None:
    assert (await engine.maintenance.doctor()).problems == []


@pytest.mark.parametrize("queues", [1_000, 10_000])
async def test_quiet_tenants_wait_one_round_beside_a_tenant_of_many_queues(engine: Engine, queues: int) -> None:
    await lift_limits(engine)
    await submit_over(engine, "noisy", queues, 2 * queues)
    quiet = [f"quiet-{n}" for n in range(20)]
    waits = dict.fromkeys(quiet, 0)
    for tenant in quiet:
        await submit(engine, tenant, queue=f"q{len(tenant)}")
    longest = 0
    for _ in range(10 * (len(quiet) + 1)):
        (lease,) = await claim(engine, 1)
        waits = {tenant: waited + 1 for tenant, waited in waits.items()}
        longest = max(longest, *waits.values())
        if lease.tenant_id in waits:
            waits[lease.tenant_id] = 0
            await submit(engine, lease.tenant_id)
        await finish(engine, [lease])
    assert longest <= len(quiet) + 1
    await check_store(engine)


async def test_order_over_many_lanes_is_priority_then_age(engine: Engine) -> None:
    await lift_limits(engine)
    shuffled = random.Random(7)
    made = list[tuple[int, int, str]]()
    for number in range(300):
        priority = shuffled.choice([0, 3, 9])
        (job,) = await submit(engine, "acme", queue=f"q{shuffled.randrange(40)}", priority=priority)
        made.append((-priority, number, job.job_id))
    taken = list[Lease]()
    while leases := await claim(engine, shuffled.randrange(1, 9)):
        taken += leases
        if len(taken) < 200 and shuffled.random() < 0.3:  # they return to their old places
            await finish(engine, [leases[-1]], OutcomeKind.RELEASED)
            taken.pop()
        await check_store(engine)
    assert [lease.job_id for lease in taken] == [job_id for _, _, job_id in sorted(made)]


@pytest.mark.parametrize("most", [1, 4])
async def test_spreading_over_queues_buys_nothing_beside_workers_of_one_queue(engine: Engine, most: int) -> None:
    await lift_limits(engine)
    await submit_over(engine, "many", 8, 800)
    await submit(engine, "one", 800, queue="q0")
    started = Counter[str]()
    for _ in range(30):
        for queues in ((), ("q0",)):
            started += by_tenant(await claim(engine, most, *queues))
            # One start in each of the two groups of workers.
            assert abs(started["many"] - started["one"]) <= 2


async def test_workers_that_name_queues_get_their_jobs_while_others_serve_all(engine: Engine, clock: Clock) -> None:
    """With limits, pauses and a store that doctor finds right after each step."""
    chance = random.Random(11)
    await lift_limits(engine)
    await limit(engine, "t0", concurrency=2)
    await limit(engine, "t1", start_rate=Rate(3, 10.0))
    names = [f"q{n}" for n in range(6)]
    left, running = Counter[str](), list[Lease]()
    for _ in range(250):
        queue = chance.choice(names)
        match chance.randrange(6):
            case 0 | 1:
                await submit(engine, f"t{chance.randrange(4)}", count := chance.randrange(1, 4), queue=queue)
                left[queue] += count
            case 2 | 3:
                asked = chance.choice([(), (queue,), tuple(chance.sample(names, 3))])
                leases = await claim(engine, chance.randrange(1, 6), *asked)
                assert all(not asked or lease.queue in asked for lease in leases)
                left.subtract(lease.queue for lease in leases)
                running += leases
            case 4:
                await engine.queues.pause(queue, chance.random() < 0.5)
            case _:
                clock.advance(ms=4_000)
                await engine.maintenance.promote(10)
                await finish(engine, running)
                running.clear()
        await check_store(engine)
    for queue in names:
        await engine.queues.pause(queue, False)
    while left.total():
        clock.advance(ms=10_000)
        await finish(engine, running)
        await engine.maintenance.promote(10)
        running = [lease for queue in names for lease in await claim(engine, 50, queue)]
        assert running
        left.subtract(lease.queue for lease in running)
    assert set(left.values()) <= {0}


async def test_a_tenant_that_was_blocked_returns_to_many_queues_in_steps(engine: Engine) -> None:
    await lift_limits(engine)
    queues = 2 * STEP + 50
    await submit_over(engine, "acme", queues, queues)
    await limit(engine, "acme", paused=True)
    for first in range(0, queues, 50):
        assert await claim(engine, 5, *(f"q{n}" for n in range(first, first + 50))) == []
    assert await engine.store.client.scard("fl:{0}:away/acme") == queues  # type: ignore[misc]
    await check_store(engine)
    await limit(engine, "acme", paused=False)
    await check_store(engine)
    assert (await engine.maintenance.promote(10)).next_ms == 0
    assert await engine.store.client.scard("fl:{0}:away/acme") == 50  # type: ignore[misc]
    assert (await engine.maintenance.promote(10)).next_ms is None
    await check_store(engine)
    found = [await claim(engine, 1, f"q{n}") for n in range(queues)]
    assert [leases[0].queue for leases in found] == [f"q{n}" for n in range(queues)]


async def test_many_tenants_return_to_a_queue_that_was_paused_in_steps(engine: Engine) -> None:
    await lift_limits(engine)
    tenants = 3 * STEP + 50
    for n in range(tenants // 2):
        await submit(engine, f"t{n}", queue="held")
    await engine.queues.pause("held", True)
    for n in range(tenants // 2, tenants):
        await submit(engine, f"t{n}", queue="held")
    await submit(engine, "zoe", 2)
    assert by_tenant(await claim(engine, 1)) == {"zoe": 1}  # behind all tenants that are found paused
    assert await engine.store.client.scard("fl:{0}:parked/held") == tenants  # type: ignore[misc]
    await check_store(engine)
    await engine.queues.pause("held", False)
    await check_store(engine)
    assert len(await claim(engine, 500)) == 2 * STEP + 1  # one step by the call that ended the pause, one by the claim
    await check_store(engine)
    assert (await engine.maintenance.promote(10)).next_ms == 0
    assert (await engine.maintenance.promote(10)).next_ms is None
    assert len(await claim(engine, 500)) == tenants - 2 * STEP
    await check_store(engine)


async def test_an_idle_claim_that_meets_many_paused_queues_comes_again_at_once(engine: Engine) -> None:
    await lift_limits(engine)
    await submit_over(engine, "acme", 1_200, 1_200)
    for n in range(1_199):
        await engine.queues.pause(f"q{n}", True)
    request = ClaimRequest(worker_id="w", claim_id=new_claim_id(), max=5, lease_ms=30_000)
    replies = [await engine.partitions[0].run("claim", **claim_values(request, 5, "p/1", 10_000)) for _ in range(3)]
    assert [reply[0] for reply in replies[:2]] == [0, 0]
    assert [len(reply) for reply in replies] == [1, 1, 1 + 8]
    await check_store(engine)


async def test_a_tenant_shows_what_waits_in_all_its_queues(engine: Engine, clock: Clock) -> None:
    await lift_limits(engine)
    await submit_over(engine, "acme", 5, 5, first=990)
    clock.advance(ms=1_000)
    await submit_over(engine, "acme", 700, 900)
    clock.advance(ms=1_000)
    for tenant in (await engine.tenants.get("acme"), (await engine.tenants.list(10))[0][0]):
        assert (tenant.pending, tenant.oldest_wait_seconds) == (905, 2.0)
    queues = await engine.queues.list()
    assert len(queues) == 705
    assert {queue.name: queue.pending for queue in queues if queue.pending != 1} == {f"q{n}": 2 for n in range(200)}
    assert {queue.runnable_tenants for queue in queues} == {1}


async def test_a_claim_names_a_bounded_number_of_queues(engine: Engine) -> None:
    names = [f"q{n}" for n in range(MAX_CLAIM_QUEUES)]
    await submit(engine, "acme", queue=names[-1])
    assert [lease.queue for lease in await claim(engine, 1, *names)] == [names[-1]]
    with pytest.raises(InvalidInput, match="a worker can name 100 queues at most; name none to serve all queues"):
        await claim(engine, 1, *names, "one-more")


async def test_doctor_sees_what_a_claim_would_miss(engine: Engine) -> None:
    await lift_limits(engine)
    await submit(engine, "acme", 2, queue="mail")
    await submit(engine, "bee", 2, queue="mail")
    await submit(engine, "bee", 2, queue="web")
    await submit(engine, "cat", 2, queue="mail")
    await engine.store.client.execute_command("HDEL", "fl:{0}:only_head", "acme")  # type: ignore[no-untyped-call]
    await engine.store.client.zadd("fl:{0}:heads/bee", {"mail": 2**50})
    await engine.store.client.zrem("fl:{0}:run/*", "bee")
    await engine.store.client.zadd("fl:{0}:heads/cat", {"mail": 0})
    assert set((await engine.maintenance.doctor()).problems) == {
        "lane acme/mail has jobs and no head",
        "tenant acme is in the run index and could not run",
        "lane bee/mail has a job before its head",
        "tenant cat has an only head and others",
        "tenant bee could run and is not in the run index",
    }
