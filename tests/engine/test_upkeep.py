"""Upkeep does what is due, no earlier, and says when it next has work."""

import msgspec
import pytest

from fairlane.engine import Engine
from fairlane.engine.retention import SPARED_MS
from fairlane.model.backoff import Backoff
from fairlane.model.bulk import BulkAction
from fairlane.model.job import JobQuery
from fairlane.model.lease import OutcomeKind
from fairlane.model.states import State
from fairlane.store import Durability, open_store
from tests.support.acting import UNLIMITED, claim, finish, lift_limits, limit, submit
from tests.support.clock import Clock

KEPT = msgspec.structs.replace(UNLIMITED, keep_completed_seconds=10, keep_completed_max=2, keep_failed_seconds=60)


async def test_a_retry_comes_back_to_its_old_place_when_due(engine: Engine, clock: Clock) -> None:
    (first,) = await submit(engine, "acme", 1, backoff=Backoff(1_000, 1_000))
    (leased,) = await claim(engine, 1)
    await submit(engine, "acme", 2)
    await finish(engine, [leased], OutcomeKind.FAILED)
    step = await engine.maintenance.promote(10)
    assert step.count == 0
    assert step.next_ms is not None
    assert 500 <= step.next_ms <= 1_000
    clock.advance(ms=step.next_ms - 1)
    assert (await engine.maintenance.promote(10)).count == 0
    clock.advance(ms=1)
    step = await engine.maintenance.promote(10)
    assert (step.count, step.next_ms) == (1, None)
    (again,) = await claim(engine, 1)
    assert (again.job_id, again.attempt) == (first.job_id, 2)
    assert (await engine.maintenance.doctor()).problems == []


async def test_due_jobs_keep_priority_and_order(engine: Engine, clock: Clock) -> None:
    slow = await submit(engine, "acme", 2, delay_ms=10)
    (urgent,) = await submit(engine, "acme", 1, delay_ms=20, priority=9)
    clock.advance(ms=20)
    assert [((step := await engine.maintenance.promote(2)).count, step.next_ms) for _ in range(2)] == [
        (2, 0),
        (1, None),
    ]
    ids = [lease.job_id for lease in await claim(engine, 3)]
    assert ids[0] == urgent.job_id
    assert sorted(ids[1:]) == sorted(made.job_id for made in slow)


async def test_prune_forgets_by_age_and_says_when_next(engine: Engine, clock: Clock) -> None:
    await engine.tenants.change_defaults(KEPT)
    assert (await engine.maintenance.prune(10)).next_ms is None
    (made,) = await submit(engine, "acme", 1)
    await finish(engine, await claim(engine, 1))
    step = await engine.maintenance.prune(10)
    assert (step.count, step.next_ms) == (0, 10_000)
    clock.advance(ms=9_999)
    assert (await engine.maintenance.prune(10)).count == 0
    assert (await engine.jobs.get(made.job_id)).state is State.COMPLETED
    clock.advance(ms=1)
    step = await engine.maintenance.prune(10)
    assert (step.count, step.next_ms) == (1, None)
    assert await engine.store.client.keys("fl:{0}:[jrx]/*") == []


async def test_prune_forgets_the_oldest_above_the_count(engine: Engine, clock: Clock) -> None:
    await engine.tenants.change_defaults(msgspec.structs.replace(KEPT, keep_completed_seconds=3_600))
    made = await submit(engine, "acme", 5)
    for lease in await claim(engine, 5):
        clock.advance(ms=1)
        await finish(engine, [lease])
    step = await engine.maintenance.prune(2)  # what has just ended may still be asked for again
    assert (step.count, step.next_ms) == (0, SPARED_MS - 4)
    clock.advance(ms=SPARED_MS)
    assert (await engine.maintenance.prune(2)).next_ms == 0
    step = await engine.maintenance.prune(2)
    assert (step.count, step.next_ms) == (1, 3_600_000 - SPARED_MS - 1)
    kept = [job.id for job in (await engine.jobs.list(JobQuery(state=State.COMPLETED))).jobs]
    assert kept == [made[4].job_id, made[3].job_id]


async def test_prune_goes_on_where_the_first_index_has_nothing_to_delete(engine: Engine, clock: Clock) -> None:
    for tenant in ("ant", "bee"):
        await limit(engine, tenant, keep_completed_seconds=5)
        (made,) = await submit(engine, tenant)
        await finish(engine, await claim(engine, 1))
        clock.advance(ms=1)
        if tenant == "ant":
            await engine.jobs.change(BulkAction.DELETE, [made.job_id])
    clock.advance(ms=5_000)
    assert (await engine.maintenance.prune(1)).count == 1


async def test_prune_works_where_the_store_does_not_tell_its_memory(engine: Engine, clock: Clock) -> None:
    await engine.tenants.change_defaults(KEPT)
    await submit(engine, "acme", 1)
    await finish(engine, await claim(engine, 1))
    clock.advance(ms=10_000)
    assert engine.store.server is not None
    await engine.store.client.execute_command("ACL", "SETUSER", "ann", "on", ">pw", "~*", "&*", "+@all", "-info")  # type: ignore[no-untyped-call]
    guarded = await open_store(f"unix://ann:pw@{engine.store.server.socket_path}", Durability.MEMORY)
    try:
        assert (await (await Engine.open(guarded, clock=clock)).maintenance.prune(10)).count == 1
    finally:
        await guarded.close()


async def test_reap_takes_expired_leases_alone(engine: Engine, clock: Clock) -> None:
    await submit(engine, "acme", 2)
    (short,) = await claim(engine, 1, lease_ms=1_000)
    (long,) = await claim(engine, 1, lease_ms=5_000)
    assert (await engine.maintenance.reap(10)).next_ms == 1_000
    clock.advance(ms=999)
    assert (await engine.maintenance.reap(10)).requeued == 0
    clock.advance(ms=1)
    reaped = await engine.maintenance.reap(10)
    assert (reaped.requeued, reaped.next_ms) == (1, 4_000)
    assert (await engine.jobs.get(short.job_id)).state is State.PENDING
    assert (await engine.jobs.get(long.job_id)).state is State.RUNNING


async def test_due_jobs_go_before_jobs_that_came_after(engine: Engine, clock: Clock) -> None:
    due = await submit(engine, "acme", 2, delay_ms=10)
    before = await submit(engine, "acme", 1)
    clock.advance(ms=10)
    await engine.maintenance.promote(10)
    after = await submit(engine, "acme", 1)
    ids = [lease.job_id for lease in await claim(engine, 4)]
    assert (ids[0], ids[3]) == (before[0].job_id, after[0].job_id)
    assert set(ids[1:3]) == {made.job_id for made in due}


@pytest.mark.parametrize("jobs", [4_000, pytest.param(100_000, marks=pytest.mark.soak)])
async def test_a_flood_of_one_tenant_evicts_nothing_of_another(engine: Engine, clock: Clock, jobs: int) -> None:
    """Each tenant keeps its own jobs, by its own limits."""
    await engine.tenants.change_defaults(msgspec.structs.replace(UNLIMITED, keep_completed_max=10, keep_failed_max=5))
    await limit(engine, "careful", keep_completed_max=1_000, keep_completed_seconds=7_200)
    for tenant in ("quiet", "careful"):
        await submit(engine, tenant, 8, max_attempts=1)
    leases = await claim(engine, 16)
    await finish(engine, leases[:10])
    await finish(engine, leases[10:], OutcomeKind.FAILED)
    before = {tenant: await ended_of(engine, tenant) for tenant in ("quiet", "careful")}
    for kind in (OutcomeKind.COMPLETED, OutcomeKind.FAILED):
        for _ in range(jobs // 2 // 500):
            await submit(engine, "flood", 500, max_attempts=1)
            await finish(engine, await claim(engine, 500), kind)
    clock.advance(ms=SPARED_MS)
    while (await engine.maintenance.prune(500)).next_ms == 0:
        pass
    assert len(await ended_of(engine, "flood")) == 15
    assert {tenant: await ended_of(engine, tenant) for tenant in ("quiet", "careful")} == before
    clock.advance(ms=3_600_000)
    await engine.maintenance.prune(500)
    states = {job.state for job in (await engine.jobs.list(JobQuery(tenant_id="quiet"))).jobs}
    assert states <= {State.FAILED}
    assert await ended_of(engine, "careful") == before["careful"]
    await limit(engine, "careful", keep_completed_seconds=60)
    await engine.maintenance.prune(500)
    states = {job.state for job in (await engine.jobs.list(JobQuery(tenant_id="careful"))).jobs}
    assert states <= {State.FAILED}
    assert (await engine.maintenance.doctor()).problems == []


async def test_a_nearly_full_store_gives_up_the_jobs_of_the_tenant_with_the_most(engine: Engine, clock: Clock) -> None:
    await lift_limits(engine)
    for tenant, count in (("quiet", 8), ("flood", 350)):
        await submit(engine, tenant, count)
        await finish(engine, await claim(engine, count))
    used = (await engine.store.client.info("memory"))["used_memory"]
    await engine.store.client.config_set("maxmemory", used)
    try:
        for left in (250, 150, 50):
            assert (await engine.maintenance.prune(500)).count == 100
            counts = await engine.monitor.jobs_by_state("flood")
            assert counts.completed == left
        assert (await engine.monitor.jobs_by_state("quiet")).completed == 8
    finally:
        await engine.store.client.config_set("maxmemory", 0)
    assert (await engine.maintenance.doctor()).problems == []


async def test_a_nearly_full_store_keeps_a_job_for_the_caller_that_waited_for_it(engine: Engine, clock: Clock) -> None:
    awaited, _ = await submit(engine, "acme", 2)
    await engine.partitions[0].run("await_end", id=awaited.job_id, timeout_ms=1_000)
    await finish(engine, await claim(engine, 2))
    used = (await engine.store.client.info("memory"))["used_memory"]
    await engine.store.client.config_set("maxmemory", used)
    try:
        clock.advance(ms=4_999)
        assert (await engine.maintenance.prune(500)).count == 1
        assert await ended_of(engine, "acme") == [awaited.job_id]
        clock.advance(ms=1)
        assert (await engine.maintenance.prune(500)).count == 1
    finally:
        await engine.store.client.config_set("maxmemory", 0)
    assert await ended_of(engine, "acme") == []
    assert (await engine.maintenance.doctor()).problems == []


async def ended_of(engine: Engine, tenant: str) -> list[str]:
    """The jobs of a tenant that are kept."""
    return [job.id for job in (await engine.jobs.list(JobQuery(tenant_id=tenant, limit=100))).jobs]
