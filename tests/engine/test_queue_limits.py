"""The limits of a queue hold over all tenants, and a queue that has reached them keeps nothing else waiting."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from fairlane.engine import Engine
from fairlane.engine.codec import claim_values
from fairlane.model.errors import InvalidInput
from fairlane.model.ids import new_claim_id
from fairlane.model.job import JobQuery
from fairlane.model.lease import ClaimRequest, Lease
from fairlane.model.overview import QueueInfo
from fairlane.model.queue_limits import MAX_LIMITED_QUEUES, QueueLimitsChange
from fairlane.model.tenant import Fairness, Rate
from fairlane.store import Store
from tests.support.acting import by_tenant, claim, finish, lift_limits, limit, submit
from tests.support.clock import Clock

SECOND_US = 1_000_000


async def limit_queue(engine: Engine, queue: str, **limits: int | Rate | None) -> QueueInfo:
    return await engine.queues.change_limits(queue, QueueLimitsChange(**limits))  # type: ignore[arg-type]


async def is_sound(engine: Engine) -> bool:
    return (await engine.maintenance.doctor()).problems == []


async def test_no_window_holds_more_starts_than_the_rate_and_no_more_jobs_run_than_may(
    engine: Engine, clock: Clock
) -> None:
    """While workers of all queues and of named ones come, end or lose their jobs, and the concurrency changes."""
    await lift_limits(engine)
    draw, starts, running, most = Random(17), list[int](), list[Lease](), 5
    await limit_queue(engine, "mail", concurrency=most, start_rate=Rate(14, 1.0))
    for step in range(600):
        clock.advance(us=draw.choice([1, 7_000, 30_000, 71_429]))
        await submit(
            engine, draw.choice(["ant", "bee", "cat"]), draw.randrange(3), queue=draw.choice(["mail", "video"])
        )
        asked = draw.choice([(), ("mail",), ("mail", "video")])
        leases = [lease for lease in await claim(engine, draw.choice([1, 4, 20]), *asked) if lease.queue == "mail"]
        running += leases
        starts += [clock.now_us] * len(leases)
        assert len(running) <= most or not leases
        assert sum(start > clock.now_us - SECOND_US for start in starts) <= 14
        await finish(engine, ended := [lease for lease in running if draw.random() < 0.4])
        running = [lease for lease in running if lease not in ended]
        if step % 50 == 0:
            most = draw.choice([1, 3, 8])
            await limit_queue(engine, "mail", concurrency=most)
        if step % 100 == 99:
            clock.advance(us=30 * SECOND_US)
            await engine.maintenance.reap(100)
            running = []
    assert len(starts) > 200
    assert await is_sound(engine)


@pytest.mark.parametrize("most", [1, 20])
async def test_tenants_share_a_limited_queue_however_much_each_submits(engine: Engine, clock: Clock, most: int) -> None:
    """While another queue of the same workers goes on, in which only one other tenant has jobs."""
    await lift_limits(engine)
    await limit_queue(engine, "mail", start_rate=Rate(10, 1.0))
    await submit(engine, "greedy", 500, queue="mail")
    for tenant in ("ant", "bee"):
        await submit(engine, tenant, 50, queue="mail")
    await submit(engine, "other", 200, queue="video")
    started = by_tenant([])
    for _ in range(9):
        leases = [lease for _ in range(20 // most) for lease in await claim(engine, most)]
        started += by_tenant([lease for lease in leases if lease.queue == "mail"])
        await finish(engine, leases)
        clock.advance(us=SECOND_US)
    assert all(abs(started[tenant] - started["greedy"]) <= 1 for tenant in ("ant", "bee"))


async def test_jobs_in_other_queues_give_a_tenant_no_larger_share_of_a_limited_one(
    engine: Engine, clock: Clock
) -> None:
    await lift_limits(engine)
    await limit_queue(engine, "mail", start_rate=Rate(10, 1.0))
    await submit(engine, "greedy", 400, queue="mail")
    await submit(engine, "greedy", 400, queue="video")
    for tenant in ("ant", "bee"):
        await submit(engine, tenant, 100, queue="mail")
    started = by_tenant([])
    for _ in range(10):
        leases = await claim(engine, 20)
        assert len(leases) == 20
        started += by_tenant([lease for lease in leases if lease.queue == "mail"])
        await finish(engine, leases)
        clock.advance(us=SECOND_US)
    assert started.total() == 100
    assert abs(started["ant"] - started["bee"]) <= 1
    assert 25 <= started["greedy"] <= 34


async def test_by_seconds_tenants_pay_in_a_limited_queue_for_run_time(engine: Engine, clock: Clock) -> None:
    await engine.maintenance.set_fairness(Fairness.SECONDS)
    await lift_limits(engine)
    await limit_queue(engine, "mail", concurrency=1)
    for tenant in ("long", "short"):
        await submit(engine, tenant, 100, queue="mail")
    started = by_tenant([])
    for _ in range(60):
        leases = await claim(engine, 1)
        started += by_tenant(leases)
        clock.advance(ms=9_000 if leases[0].tenant_id == "long" else 1_000)
        await finish(engine, leases)
    assert started["short"] >= 8 * started["long"]


async def _commands_of_a_claim(engine: Engine) -> int:
    """The commands that a claim sends which starts one job of the queue `video`."""
    await finish(engine, await claim(engine, 1))  # what a claim repairs once is repaired
    await engine.store.client.config_resetstat()
    (lease,) = await claim(engine, 1)
    figures = await engine.store.client.info("commandstats")
    assert lease.queue == "video"
    await finish(engine, [lease])
    return sum(int(figure["calls"]) for figure in figures.values())


async def test_a_full_queue_costs_other_queues_the_same_however_many_jobs_wait_in_it(engine: Engine) -> None:
    await lift_limits(engine)
    await submit(engine, "ant", 20, queue="video")
    without = await _commands_of_a_claim(engine)
    await limit_queue(engine, "mail", concurrency=1)
    await submit(engine, "ant", 2, queue="mail")
    assert [lease.queue for lease in await claim(engine, 1, "mail")] == ["mail"]
    with_one = await _commands_of_a_claim(engine)
    for tenant in range(20):
        await submit(engine, f"t{tenant}", 500, queue="mail")
    assert await _commands_of_a_claim(engine) == with_one
    assert with_one <= without + 6


async def test_a_full_queue_keeps_neither_other_queues_nor_its_tenants_waiting(engine: Engine) -> None:
    await lift_limits(engine)
    await limit_queue(engine, "mail", concurrency=2)
    await submit(engine, "ant", 50, queue="mail", priority=9)
    await submit(engine, "ant", 3, queue="video")
    await submit(engine, "bee", 3, queue="video")
    started = [lease.queue for lease in await claim(engine, 20)]
    assert sorted(started) == ["mail"] * 2 + ["video"] * 6
    assert await claim(engine, 20) == []


@pytest.mark.parametrize("asked", [(), ("mail", "video")])
async def test_a_claim_that_empties_lanes_beside_a_limited_queue_leaves_none_behind(
    engine: Engine, asked: tuple[str, ...]
) -> None:
    await lift_limits(engine)
    await limit_queue(engine, "mail", concurrency=2)
    for queue in ("mail", "video", "audio"):
        await submit(engine, "ant", 2, queue=queue)
        await submit(engine, "bee", queue=queue)
    await submit(engine, "cat", queue="video")
    assert Counter(lease.queue for lease in await claim(engine, 20, *asked))["video"] == 4
    assert await is_sound(engine)


async def test_limits_count_the_jobs_that_run_already_and_park_the_lanes_of_a_large_store(engine: Engine) -> None:
    """More leases and lanes than one script looks at."""
    await lift_limits(engine)
    for tenant in range(700):
        await submit(engine, f"t{tenant}", 3, queue="mail")
        await submit(engine, f"t{tenant}", queue="video")
    held = [lease for _ in range(4) for lease in await claim(engine, 300, "mail")]
    await limit_queue(engine, "mail", concurrency=1_000)
    assert await claim(engine, 1, "mail") == []  # until all of its running jobs are counted
    while (await engine.maintenance.promote(100)).next_ms == 0:
        pass
    assert await is_sound(engine)
    (mail,) = [queue for queue in await engine.queues.list() if queue.name == "mail"]
    assert (mail.running, mail.limit_reached) == (1_200, "queue_concurrency")
    assert {lease.queue for lease in await claim(engine, 300)} == {"video"}
    await finish(engine, held[:205])
    assert len(await claim(engine, 50, "mail")) == 5


async def test_a_pause_and_limits_do_not_lift_each_other(engine: Engine) -> None:
    await lift_limits(engine)
    await submit(engine, "ant", 20, queue="mail")
    await limit_queue(engine, "mail", concurrency=1)
    await engine.queues.pause("mail", True)
    assert await claim(engine, 5) == []
    await engine.queues.pause("mail", False)
    held = await claim(engine, 5)
    assert len(held) == 1
    assert await is_sound(engine)
    await engine.queues.pause("mail", True)
    await limit_queue(engine, "mail", concurrency=None)
    await finish(engine, held)
    assert await claim(engine, 5) == []
    await engine.queues.pause("mail", False)
    assert len(await claim(engine, 5)) == 5
    assert await is_sound(engine)


@pytest.mark.parametrize("asked", [(), ("mail",)])
async def test_a_job_that_ends_wakes_a_claim_for_the_next_one(engine: Engine, asked: tuple[str, ...]) -> None:
    await lift_limits(engine)
    await limit_queue(engine, "mail", concurrency=1)
    await submit(engine, "ant", 2, queue="mail")
    held = await claim(engine, 1)
    await _sleep(engine, *asked)
    await submit(engine, "bee", queue="mail")
    assert await _sleeping(engine, *asked) == 1  # the queue is at its limit
    await finish(engine, held)
    assert await _sleeping(engine, *asked) == 0


async def _sleep(engine: Engine, *asked: str) -> int:
    """Enter a claim as a process would, and return in how many µs it comes by itself (-1: never)."""
    request = ClaimRequest(worker_id="w", claim_id=new_claim_id(), max=1, queues=asked, lease_ms=60_000, wait_ms=60_000)
    (comes_in_us,) = await engine.partitions[0].run("claim", **claim_values(request, 1, "process/1", 60_000))
    return int(comes_in_us)


async def _sleeping(engine: Engine, queue: str = "*") -> int:
    """How many claims sleep in the store. One that is woken does not."""
    return int(await engine.store.client.zcard(f"fl:{{0}}:idle/{queue}"))


@pytest.mark.parametrize("asked", [(), ("mail",)])
async def test_a_sleeping_claim_comes_when_the_start_rate_has_room(
    engine: Engine, clock: Clock, asked: tuple[str, ...]
) -> None:
    await lift_limits(engine)
    await limit_queue(engine, "mail", start_rate=Rate(2, 10.0))
    await submit(engine, "ant", queue="mail")
    await submit(engine, "bee", 2, queue="mail")
    assert len(await claim(engine, 1, *asked)) == 1
    clock.advance(ms=4_000)
    assert len(await claim(engine, 5, *asked)) == 1
    assert await _sleep(engine, *asked) == 6 * SECOND_US
    clock.advance(ms=5_999)
    assert await claim(engine, 5, *asked) == []
    clock.advance(ms=1)
    assert len(await claim(engine, 5, *asked)) == 1


async def test_new_limits_hold_at_once(engine: Engine, clock: Clock) -> None:
    await lift_limits(engine)
    await submit(engine, "ant", 30, queue="mail")
    held = await claim(engine, 6)
    await limit_queue(engine, "mail", concurrency=4)
    assert await claim(engine, 5) == []
    await finish(engine, held[:4])
    assert len(await claim(engine, 5)) == 2
    await limit_queue(engine, "mail", concurrency=None, start_rate=Rate(3, 1.0))
    assert len(await claim(engine, 5)) == 3
    await limit_queue(engine, "mail", start_rate=Rate(5, 1.0))
    assert len(await claim(engine, 5)) == 2
    await limit_queue(engine, "mail", start_rate=Rate(1, 1.0))
    clock.advance(us=SECOND_US)
    assert len(await claim(engine, 5)) == 1
    await limit_queue(engine, "mail", start_rate=None)
    assert len(await claim(engine, 5)) == 5
    assert await is_sound(engine)


async def test_an_explanation_names_the_limit_of_the_queue(engine: Engine, clock: Clock) -> None:
    await lift_limits(engine)
    await limit_queue(engine, "mail", concurrency=1, start_rate=Rate(2, 1.0))
    await submit(engine, "ant", 5, queue="mail")
    held = await claim(engine, 1)
    last = (await engine.jobs.list(JobQuery(limit=1))).jobs[0].id
    explained = await engine.jobs.explain(last)
    assert explained.waiting_for == "queue_concurrency"
    assert explained.sentence.startswith(
        "The queue mail runs as many jobs as it may, 1 at once for all tenants together: the next one starts when one "
        "of them ends."
    )
    await finish(engine, held)
    await claim(engine, 1)
    explained = await engine.jobs.explain(last)
    assert explained.waiting_for == "queue_start_rate"
    assert explained.sentence.startswith(
        "The queue mail has started as many jobs as its start rate allows, 2/1s for all tenants together: the next "
        "one may start at "
    )
    assert explained.blocked_until is not None
    assert round(explained.blocked_until.timestamp() * 1000) == clock.now_ms + 1_000
    await limit(engine, "ant", paused=True)
    assert (await engine.jobs.explain(last)).waiting_for == "paused"


async def test_a_full_queue_asks_for_no_more_workers(engine: Engine) -> None:
    await lift_limits(engine)
    await limit_queue(engine, "mail", concurrency=2)
    await submit(engine, "ant", 5, queue="mail")
    await submit(engine, "bee", 5, queue="mail")
    assert await _startable(engine) == 2
    await claim(engine, 2)
    assert await _startable(engine) == 0


async def _startable(engine: Engine) -> int:
    return (await engine.measures.queue_demand("mail")).startable


async def test_the_doctor_finds_a_job_that_counts_as_running_and_does_not_run(engine: Engine) -> None:
    await limit_queue(engine, "mail", concurrency=1)
    await engine.partitions[0].command("SADD", "queue_running/mail", "00" + "a" * 24)
    problems = (await engine.maintenance.doctor()).problems
    assert problems == [f"job 00{'a' * 24} counts as running in queue mail and is not"]


async def test_a_store_keeps_a_bounded_number_of_limited_queues(engine: Engine) -> None:
    for number in range(MAX_LIMITED_QUEUES):
        await limit_queue(engine, f"q{number}", concurrency=1)
    with pytest.raises(InvalidInput, match="100 queues have limits, the most that a store keeps; lift some"):
        await limit_queue(engine, "mail", concurrency=1)
    await limit_queue(engine, "q1", concurrency=2)
    await limit_queue(engine, "q1", concurrency=None)
    await limit_queue(engine, "mail", concurrency=1)


async def test_a_store_with_several_partitions_refuses_limits_of_queues(store: Store) -> None:
    await store.client.flushall()
    engine = await Engine.open(store, partitions=4)
    with pytest.raises(InvalidInput, match="this store has 4 partitions, and a queue can have limits only in a store"):
        await limit_queue(engine, "mail", concurrency=1)
