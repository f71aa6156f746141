"""Why a job waits, and what ends the waiting."""

import asyncio

import pytest

from fairlane.engine import Engine
from fairlane.model.job import Job
from fairlane.model.lease import Outcome, OutcomeKind, WorkerReport
from fairlane.model.states import State
from fairlane.model.tenant import Rate
from tests.support.acting import by_tenant, claim, finish, lift_limits, limit, submit
from tests.support.clock import Clock


async def _reason(engine: Engine, job_id: str) -> str | None:
    return (await engine.jobs.explain(job_id)).waiting_for


async def test_each_reason_is_told(engine: Engine, clock: Clock) -> None:
    *_, last = await submit(engine, "acme", 7)
    assert await _reason(engine, last.job_id) == "no_worker"
    await engine.leases.extend(WorkerReport(id="w", slots=8), [], 30_000)
    assert await _reason(engine, last.job_id) == "turn"
    await claim(engine, 5)
    why = await engine.jobs.explain(last.job_id)
    assert (why.waiting_for, why.position) == ("concurrency", 2)
    await limit(engine, "acme", paused=True)
    assert await _reason(engine, last.job_id) == "paused"
    await limit(engine, "acme", paused=False, concurrency=None, start_rate=Rate(1, 10.0))
    assert len(await claim(engine, 5)) == 1
    why = await engine.jobs.explain(last.job_id)
    assert why.waiting_for == "start_rate"
    assert why.blocked_until is not None
    assert why.blocked_until.timestamp() * 1000 == clock.now_ms + 10_000
    await engine.queues.pause("default", True)
    assert await _reason(engine, last.job_id) == "paused"


async def test_delays_and_backoffs_are_told_apart(engine: Engine) -> None:
    (later,) = await submit(engine, "acme", 1, delay_ms=5_000)
    (failing,) = await submit(engine, "acme", 1)
    await finish(engine, await claim(engine, 1), OutcomeKind.FAILED)
    assert await _reason(engine, later.job_id) == "schedule"
    assert await _reason(engine, failing.job_id) == "backoff"


async def test_a_worker_of_other_queues_does_not_count(engine: Engine) -> None:
    (made,) = await submit(engine, "acme", 1)
    await engine.leases.extend(WorkerReport(id="w", slots=8, queues=("other",)), [], 30_000)
    assert await _reason(engine, made.job_id) == "no_worker"


async def test_it_is_told_that_no_worker_knows_the_task(engine: Engine) -> None:
    (made,) = await submit(engine, "acme", 1)
    task = (await engine.jobs.get(made.job_id)).task
    for worker, tasks, told in [("old", ("other",), "no_fitting_worker"), ("silent", (), "turn")]:
        await engine.leases.extend(WorkerReport(id=worker, slots=8, tasks=tasks), [], 30_000)
        assert await _reason(engine, made.job_id) == told
    await engine.workers.leave("silent")
    why = await engine.jobs.explain(made.job_id)
    assert why.sentence.startswith(f"No connected worker knows the task {task}: start one that does.")
    await engine.leases.extend(WorkerReport(id="new", slots=8, tasks=("other", task)), [], 30_000)
    assert await _reason(engine, made.job_id) == "turn"


async def test_it_is_told_that_all_slots_await_other_jobs(engine: Engine) -> None:
    (made,) = await submit(engine, "acme", 1)
    await engine.leases.extend(WorkerReport(id="w", slots=8, stalled=True), [], 30_000)
    why = await engine.jobs.explain(made.job_id)
    assert why.waiting_for == "stalled_workers"
    assert "Every slot of the workers is held by a job that awaits the result of another job" in why.sentence
    await engine.leases.extend(WorkerReport(id="free", slots=8), [], 30_000)
    assert await _reason(engine, made.job_id) == "turn"


async def test_a_start_rate_of_one_starts_one(engine: Engine, clock: Clock) -> None:
    await limit(engine, "acme", start_rate=Rate(1, 60.0))
    await submit(engine, "acme", 5)
    for _ in range(3):
        assert len(await claim(engine, 5)) == 1
        clock.advance(us=59_999_999)
        await engine.maintenance.promote(10)
        assert await claim(engine, 5) == []
        clock.advance(us=1_000)
        await engine.maintenance.promote(10)


async def test_one_due_job_is_promoted(engine: Engine, clock: Clock) -> None:
    await submit(engine, "acme", 1, delay_ms=10)
    clock.advance(ms=10)
    assert (await engine.maintenance.promote(10)).count == 1
    assert len(await claim(engine, 1)) == 1


async def test_many_weights_are_kept_within_one_claim(engine: Engine) -> None:
    await lift_limits(engine)
    weights = {f"t{i}": float(i) for i in range(1, 9)}
    for tenant, weight in weights.items():
        await limit(engine, tenant, weight=weight)
        await submit(engine, tenant, 60)
    started = by_tenant(await claim(engine, 180))
    for tenant, weight in weights.items():
        assert abs(started[tenant] - 180 * weight / sum(weights.values())) <= 1.5, (tenant, started)


async def test_use_of_one_pool_is_not_held_against_a_tenant_in_another(engine: Engine) -> None:
    await lift_limits(engine)
    await submit(engine, "busy", 300, queue="fast")
    assert len(await claim(engine, 300, "fast")) == 300
    await submit(engine, "other", 20, queue="slow")
    assert len(await claim(engine, 5, "slow")) == 5
    await submit(engine, "busy", 1, queue="slow")
    assert by_tenant(await claim(engine, 3, "slow"))["busy"] == 1


async def test_a_wait_ends_with_the_job(engine: Engine, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """At once: the wait does not look again by itself."""
    monkeypatch.setattr("fairlane.engine.jobs.LOOK_AGAIN_S", 1_000.0)
    (made,) = await submit(engine, "acme", 1)
    looked = asyncio.Event()
    get = engine.jobs.get

    async def look(job_id: str) -> Job:
        job = await get(job_id)
        looked.set()
        return job

    monkeypatch.setattr(engine.jobs, "get", look)
    waiting = asyncio.create_task(engine.jobs.wait_finished(made.job_id, 60_000))
    leases = await claim(engine, 1)
    async with asyncio.timeout(30):
        await looked.wait()
        await finish(engine, leases)
        job = await waiting
    assert job is not None
    assert job.state is State.COMPLETED
    clock.advance(ms=5_000)
    await engine.partitions[0].run("tidy", silence_ms=60_000, cursor=0)
    assert await engine.store.client.exists("fl:{0}:awaited") == 0


async def test_a_running_job_has_no_place_in_its_lane(engine: Engine) -> None:
    await submit(engine, "acme", 2)
    (lease,) = await claim(engine, 1)
    why = await engine.jobs.explain(lease.job_id)
    assert (why.state, why.waiting_for, why.position) == (State.RUNNING, None, None)


async def test_a_retry_at_once_waits_for_nothing(engine: Engine) -> None:
    await submit(engine, "acme", 1)
    (lease,) = await claim(engine, 1)
    await engine.leases.finish([Outcome(job_id=lease.job_id, token=lease.token, kind=OutcomeKind.FAILED, delay_ms=0)])
    assert [again.job_id for again in await claim(engine, 1)] == [lease.job_id]


async def test_a_limit_that_is_lifted_leaves_no_end_of_waiting(engine: Engine) -> None:
    await limit(engine, "acme", start_rate=Rate(1, 60.0))
    await submit(engine, "acme", 3)
    await claim(engine, 1)
    assert (await engine.maintenance.promote(10)).next_ms == 60_000
    await limit(engine, "acme", paused=True)
    tenant = await engine.tenants.get("acme")
    assert (tenant.blocked_by, tenant.blocked_until) == ("paused", None)
    assert (await engine.maintenance.promote(10)).next_ms is None
    await limit(engine, "acme", paused=False)
    assert (await engine.maintenance.promote(10)).next_ms == 60_000
    await limit(engine, "acme", start_rate=None)
    tenant = await engine.tenants.get("acme")
    assert (tenant.blocked_by, tenant.blocked_until) == (None, None)
    assert (await engine.maintenance.promote(10)).next_ms is None
    assert len(await claim(engine, 2)) == 2


async def _sentence(engine: Engine, job_id: str) -> str:
    return (await engine.jobs.explain(job_id)).sentence


async def test_sentences_say_what_ends_the_waiting(engine: Engine, clock: Clock) -> None:
    *_, last = await submit(engine, "acme", 4)
    three_before = " 3 jobs of the tenant in this queue go before it."
    told = "No worker is connected: start one with `fairlane worker`."
    assert await _sentence(engine, last.job_id) == told + three_before
    await engine.leases.extend(WorkerReport(id="w", slots=2, running=2), [], 30_000)
    told = "The tenant acme may start jobs: it waits for one of 2 busy worker slots."
    assert await _sentence(engine, last.job_id) == told + three_before
    await engine.leases.extend(WorkerReport(id="w", slots=2, running=1), [], 30_000)
    told = "The tenant acme may start jobs: a worker with a free slot takes them next."
    assert await _sentence(engine, last.job_id) == told + three_before
    await limit(engine, "acme", concurrency=1)
    await claim(engine, 1)
    told = "The tenant acme runs 1 job, and its limit is 1 at once: the next one starts when it ends."
    assert await _sentence(engine, last.job_id) == told + " 2 jobs of the tenant in this queue go before it."
    await limit(engine, "acme", concurrency=2)
    await claim(engine, 1)
    told = "The tenant acme runs 2 jobs, and its limit is 2 at once: the next one starts when one of them ends."
    assert await _sentence(engine, last.job_id) == told + " 1 job of the tenant in this queue goes before it."
    await limit(engine, "acme", concurrency=None, start_rate=Rate(1, 60.0))
    await claim(engine, 5)
    next_one = " It is the next of the tenant's jobs in this queue."
    why = await engine.jobs.explain(last.job_id)
    assert why.blocked_until is not None
    assert why.sentence == (
        "The tenant acme has started as many jobs as its start rate allows: "
        f"the next one may start, at {why.blocked_until:%H:%M:%S} UTC.{next_one}"
    )
    await limit(engine, "acme", paused=True)
    told = "The tenant acme is paused: its jobs start again once it is resumed."
    assert await _sentence(engine, last.job_id) == told + next_one
    await engine.queues.pause("default", True)
    told = "The queue default is paused: its jobs start again once it is resumed."
    assert await _sentence(engine, last.job_id) == told + next_one


@pytest.mark.parametrize("queues", [(), ("default",)])
async def test_a_turn_tells_how_many_tenants_come_first(engine: Engine, queues: tuple[str, ...]) -> None:
    await engine.leases.extend(WorkerReport(id="w", slots=2, running=2, queues=queues), [], 30_000)
    await submit(engine, "first", 2)
    await claim(engine, 1, *queues)
    (waiting, *_) = await submit(engine, "first", 1)
    for tenant in ("second", "third"):
        await submit(engine, tenant, 1)
    assert "it waits for one of 2 busy worker slots, and 2 other tenants have a turn before it." in await _sentence(
        engine, waiting.job_id
    )


async def test_workers_that_cannot_take_a_job_are_told_apart(engine: Engine) -> None:
    (made,) = await submit(engine, "acme", 1)
    await engine.leases.extend(WorkerReport(id="w", slots=1, queues=("other",)), [], 30_000)
    assert (await _sentence(engine, made.job_id)).startswith("No worker serves the queue default: ")
    await engine.leases.extend(WorkerReport(id="w", slots=1, draining=True), [], 30_000)
    assert (await _sentence(engine, made.job_id)).startswith("Every worker that serves the queue default is draining")


async def test_later_starts_are_told_with_their_time(engine: Engine) -> None:
    (later,) = await submit(engine, "acme", 1, delay_ms=5_000)
    due = (await engine.jobs.get(later.job_id)).run_at
    assert await _sentence(engine, later.job_id) == f"It was submitted to start later, at {due:%Y-%m-%d %H:%M:%S} UTC."
    (failing,) = await submit(engine, "acme", 1)
    await finish(engine, await claim(engine, 1), OutcomeKind.FAILED)
    told = "Attempt 1 of 3 failed; the next one comes after a backoff, at "
    assert (await _sentence(engine, failing.job_id)).startswith(told)


async def test_a_wait_is_counted_from_when_the_job_came_back(engine: Engine, clock: Clock) -> None:
    await submit(engine, "acme", 1)
    clock.advance(ms=5_000)
    await finish(engine, await claim(engine, 1), OutcomeKind.RELEASED)
    clock.advance(ms=2_000)
    assert (await engine.tenants.get("acme")).oldest_wait_seconds == 2.0
