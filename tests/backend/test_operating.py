"""The operator's verbs: listings, reasons, limits, pauses, the dead letter queue."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from fairlane.model.errors import Conflict, InvalidInput
from fairlane.model.job import Counters, JobQuery
from fairlane.model.lease import OutcomeKind
from fairlane.model.queue_limits import QueueLimitsChange
from fairlane.model.states import Reason, State
from fairlane.model.tenant import PolicyChange, Rate

from .world import WORKER, World


async def ids_of(world: World, query: JobQuery) -> list[str]:
    """All jobs of a listing, page by page."""
    found: list[str] = []
    while True:
        page = await world.backend.jobs.list(query)
        assert len(page.jobs) <= query.limit
        found += [job.id for job in page.jobs]
        if page.next_cursor is None:
            return found
        query = JobQuery(state=query.state, tenant_id=query.tenant_id, limit=query.limit, cursor=page.next_cursor)


async def test_listings_by_page(world: World) -> None:
    await world.unlimit()
    made = [await world.submit() for _ in range(7)]
    assert await ids_of(world, JobQuery(state=State.PENDING, limit=3)) == made
    assert await ids_of(world, JobQuery(limit=200)) == made[::-1]
    await world.claim(4)
    assert sorted(await ids_of(world, JobQuery(state=State.RUNNING, limit=3))) == sorted(made[:4])
    assert sorted(await ids_of(world, JobQuery(tenant_id="acme", limit=2))) == sorted(made)


async def test_listings_by_filter(world: World) -> None:
    began = datetime.fromtimestamp(world.clock.now_us / 1_000_000, UTC)
    a = await world.submit("a", queue="out", task="mail", key="k")
    world.clock.travel(10)
    b = await world.submit("b", queue="in", delay_ms=5_000)
    c = await world.fail_for_good(tenant="c", queue="c")

    async def found(**filters: object) -> list[str]:
        return sorted(job.id for job in (await world.backend.jobs.list(JobQuery(**filters))).jobs)  # type: ignore[arg-type]

    assert await found(tenant_id="a") == [a]
    assert await found(queue="in") == [b]
    assert await found(task="mail") == [a]
    assert await found(key="k") == [a]
    assert await found(state=State.FAILED) == [c]
    assert await found(state=State.SCHEDULED) == [b]
    assert await found(state=State.COMPLETED) == []
    assert await found(created_to=began + timedelta(seconds=5)) == [a]
    assert await found(created_from=began + timedelta(seconds=5)) == sorted([b, c])


async def test_reasons(world: World) -> None:
    job_id = await world.submit()
    explained = await world.backend.jobs.explain(job_id)
    assert (explained.waiting_for, explained.position, explained.state) == ("no_worker", 1, State.PENDING)
    await world.backend.leases.extend(WORKER, [], 30_000)
    assert (await world.backend.jobs.explain(job_id)).waiting_for == "turn"
    await world.backend.queues.pause("default", True)
    assert (await world.backend.jobs.explain(job_id)).waiting_for == "paused"
    await world.backend.queues.pause("default", False)
    await world.backend.tenants.change("acme", PolicyChange(paused=True))
    assert (await world.backend.jobs.explain(job_id)).waiting_for == "paused"
    await world.backend.tenants.change("acme", PolicyChange(paused=False, concurrency=1))
    second = await world.submit()
    (lease,) = await world.claim(5)
    assert (await world.backend.jobs.explain(second)).waiting_for == "concurrency"
    assert (await world.backend.jobs.explain(job_id)).waiting_for is None
    await world.end(lease, OutcomeKind.FAILED)
    assert (await world.backend.jobs.explain(job_id)).waiting_for == "backoff"
    later = await world.submit(delay_ms=60_000)
    explained = await world.backend.jobs.explain(later)
    assert explained.waiting_for == "schedule"
    assert explained.blocked_until is not None
    assert explained.blocked_until.timestamp() == pytest.approx(world.clock.now_us / 1_000_000 + 60, abs=0.01)


async def test_a_start_rate_names_its_end(world: World) -> None:
    await world.backend.tenants.change("acme", PolicyChange(start_rate=Rate(1, 60)))
    await world.submit()
    second = await world.submit()
    assert len(await world.claim(5)) == 1
    explained = await world.backend.jobs.explain(second)
    assert (explained.waiting_for, explained.blocked_until is not None) == ("start_rate", True)
    tenant = await world.backend.tenants.get("acme")
    assert tenant.blocked_by == "start_rate"
    assert tenant.blocked_until is not None
    assert tenant.blocked_until.timestamp() == pytest.approx(world.clock.now_us / 1_000_000 + 60, abs=1)


async def test_a_queue_has_limits_over_all_tenants(world: World) -> None:
    await world.unlimit()
    change = QueueLimitsChange(concurrency=3, start_rate=Rate(2, 60))
    changed = await world.backend.queues.change_limits("mail", change)
    assert (changed.concurrency, changed.start_rate, changed.running) == (3, Rate(2, 60), 0)
    jobs = [await world.submit(tenant, queue="mail") for tenant in ("acme", "beta", "core")]
    assert len(await world.claim(5)) == 2
    assert [queue for queue in await world.backend.queues.list() if queue.name == "mail"] == [
        msgspec.structs.replace(changed, running=2, pending=1, runnable_tenants=1, limit_reached="queue_start_rate")
    ]
    (waiting,) = [job for job in [await world.backend.jobs.get(job) for job in jobs] if job.state is State.PENDING]
    explained = await world.backend.jobs.explain(waiting.id)
    assert (explained.waiting_for, explained.blocked_until is not None) == ("queue_start_rate", True)
    changed = await world.backend.queues.change_limits("mail", QueueLimitsChange(start_rate=None))
    assert (changed.concurrency, changed.start_rate, changed.limit_reached) == (3, None, None)
    with pytest.raises(InvalidInput, match="concurrency"):
        await world.backend.queues.change_limits("mail", QueueLimitsChange(concurrency=0))


@pytest.mark.parametrize("tenant_id", ["acme", "...", "..a", "a.b:c@d-e_F"])
async def test_tenants_have_limits_and_figures(world: World, tenant_id: str) -> None:
    before = await world.backend.tenants.get(tenant_id)
    assert (before.id, before.customized, before.policy.concurrency, before.pending) == (tenant_id, False, 5, 0)
    change = PolicyChange(submit_rate=Rate(3, 1.5), concurrency=None, weight=2.5)
    after = await world.backend.tenants.change(tenant_id, change)
    assert after.customized
    assert (after.policy.submit_rate, after.policy.concurrency, after.policy.weight) == (Rate(3, 1.5), None, 2.5)
    assert (await world.backend.tenants.change(tenant_id, PolicyChange())).policy == after.policy
    await world.run(tenant=tenant_id)
    await world.submit(tenant_id)
    now = await world.backend.tenants.get(tenant_id)
    assert (now.pending, now.running, now.submitted, now.submit_rate_used) == (1, 1, 2, 2)
    assert await world.backend.monitor.counters(tenant_id) == Counters(submitted=2)


async def test_limits_are_felt_at_once(world: World) -> None:
    await world.backend.tenants.change("acme", PolicyChange(concurrency=1))
    for _ in range(4):
        await world.submit()
    assert len(await world.claim(5)) == 1
    await world.backend.tenants.change("acme", PolicyChange(concurrency=3))
    assert len(await world.claim(5)) == 2
    await world.backend.tenants.change("acme", PolicyChange(concurrency=None, paused=True))
    assert await world.claim(5) == []
    await world.backend.tenants.change("acme", PolicyChange(paused=False))
    assert len(await world.claim(5)) == 1


@pytest.mark.parametrize("change", [PolicyChange(concurrency=0), PolicyChange(weight=-1.0)])
async def test_limits_that_cannot_be_are_refused(world: World, change: PolicyChange) -> None:
    with pytest.raises(InvalidInput):
        await world.backend.tenants.change("acme", change)
    assert not (await world.backend.tenants.get("acme")).customized


async def test_tenants_by_page(world: World) -> None:
    names = [f"t{i}" for i in range(5)]
    for name in names:
        await world.submit(name)
    await world.backend.tenants.change("t2", PolicyChange(weight=2.0))
    await world.backend.tenants.change("t0", PolicyChange(weight=2.0))
    found: list[str] = []
    cursor = None
    while True:
        page, cursor = await world.backend.tenants.list(2, cursor)
        found += [tenant.id for tenant in page]
        if cursor is None:
            break
    assert found == names


async def test_tenants_by_the_beginning_of_their_ids(world: World) -> None:
    for name in ("acme", "acme.a", "acme.b", "acme:z", "acm", "acn", "zeta"):
        await world.submit(name)

    async def page(limit: int, cursor: str | None, prefix: str) -> tuple[list[str], str | None]:
        found, cursor = await world.backend.tenants.list(limit, cursor, prefix)
        return [tenant.id for tenant in found], cursor

    assert await page(10, None, "acme") == (["acme", "acme.a", "acme.b", "acme:z"], None)
    assert await page(2, None, "acme") == (["acme", "acme.a"], "acme.a")
    assert await page(2, "acme.a", "acme") == (["acme.b", "acme:z"], None)
    assert await page(10, "a", "acme.") == (["acme.a", "acme.b"], None)
    assert await page(10, "b", "acme") == ([], None)
    assert await page(10, None, "acme.a.") == ([], None)


async def test_a_paused_queue_starts_nothing(world: World) -> None:
    await world.submit(queue="out")
    info = await world.backend.queues.pause("out", True)
    assert (info.name, info.paused, info.pending) == ("out", True, 1)
    assert await world.claim(5) == []
    assert [(one.name, one.paused) for one in await world.backend.queues.list()] == [("out", True)]
    assert not (await world.backend.queues.pause("out", False)).paused
    assert len(await world.claim(5)) == 1


async def test_cancel_and_retry_by_state(world: World) -> None:
    job_id = await world.submit()
    with pytest.raises(Conflict):
        await world.backend.jobs.retry(job_id)
    cancelled = await world.backend.jobs.cancel(job_id)
    assert (cancelled.state, cancelled.reason) == (State.CANCELLED, Reason.CANCELLED_BY_USER)
    assert (await world.backend.jobs.cancel(job_id)).state is State.CANCELLED
    with pytest.raises(Conflict):
        await world.backend.jobs.retry(job_id)
    failed = await world.fail_for_good()
    with pytest.raises(Conflict):
        await world.backend.jobs.cancel(failed)
    again = await world.backend.jobs.retry(failed)
    assert (again.state, again.reason) == (State.PENDING, Reason.RETRIED)
    assert (await world.backend.jobs.retry(failed)).state is State.PENDING
