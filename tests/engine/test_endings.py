"""What a job keeps and what is forgotten when a lease, or the job itself, ends."""

import pytest

from fairlane.engine import Engine
from fairlane.model.bulk import BulkAction
from fairlane.model.job import JobQuery, Progress
from fairlane.model.lease import MAX_CLAIM, LeaseReport, LeaseStatus, Outcome, OutcomeKind, WorkerReport
from fairlane.model.states import Reason, State
from fairlane.model.tenant import PolicyChange
from tests.support.acting import claim, finish, lift_limits, submit
from tests.support.clock import Clock


async def test_a_released_attempt_is_not_burned(engine: Engine) -> None:
    await submit(engine, "acme", 1, max_attempts=1)
    for _ in range(3):
        (lease,) = await claim(engine, 1)
        assert lease.attempt == 1
        await finish(engine, [lease], OutcomeKind.RELEASED)
    await finish(engine, await claim(engine, 1))
    assert (await engine.monitor.counters()).completed == 1


async def test_a_retried_job_survives_as_many_lost_workers_as_a_new_one(engine: Engine, clock: Clock) -> None:
    (made,) = await submit(engine, "acme", 1, max_attempts=2)
    for round_of in (1, 2):
        for attempt in (1, 2):
            (lease,) = await claim(engine, 1, lease_ms=1_000)
            assert (lease.attempt, lease.max_attempts) == (attempt + 2 * (round_of - 1), 2 * round_of)
            clock.advance(ms=1_000)
            reaped = await engine.maintenance.reap(10)
            assert (reaped.requeued, reaped.failed) == ((1, 0) if attempt == 1 else (0, 1))
        job = await engine.jobs.get(made.job_id)
        assert (job.state, job.reason, len(job.attempts)) == (State.FAILED, Reason.WORKER_LOST, 2 * round_of)
        await engine.jobs.retry(made.job_id)


async def test_deleted_jobs_leave_nothing(engine: Engine) -> None:
    await submit(engine, "acme", 3, max_attempts=1)
    await finish(engine, await claim(engine, 3), OutcomeKind.FAILED)
    assert (await engine.jobs.change(BulkAction.DELETE, JobQuery(tenant_id="acme", limit=10))).count == 3
    assert await engine.store.client.keys("fl:{0}:[jrx]/*") == []
    assert (await engine.maintenance.doctor()).problems == []


async def test_a_lower_default_is_felt_by_tenants_that_wait(engine: Engine) -> None:
    await lift_limits(engine)
    for tenant in ("ant", "bee"):
        await submit(engine, tenant, 5)
    await claim(engine, 6)
    await engine.tenants.change_defaults(PolicyChange(submit_rate=None, concurrency=2))
    assert [(await engine.tenants.get(tenant)).blocked_by for tenant in ("ant", "bee")] == ["concurrency"] * 2
    assert await claim(engine, 6) == []


async def test_a_dead_worker_with_thousands_of_leases_gives_all_back(engine: Engine) -> None:
    await lift_limits(engine)
    for _ in range(9):
        await submit(engine, "acme", MAX_CLAIM)
        await claim(engine, MAX_CLAIM, worker="dead")
    await submit(engine, "acme", 1)
    (kept,) = await claim(engine, 1, worker="alive")
    reaped = await engine.workers.reap("dead")
    assert reaped.requeued == 9 * MAX_CLAIM
    assert {lease.attempt for lease in await claim(engine, MAX_CLAIM)} == {1}
    assert (await engine.jobs.get(kept.job_id)).state is State.RUNNING
    assert (await engine.maintenance.doctor()).problems == []


async def test_jobs_claimed_from_several_lanes_go_back_to_their_own(engine: Engine) -> None:
    queues = {(await submit(engine, "acme", 1, queue=queue))[0].job_id: queue for queue in ("q1", "q2", "q1", "q3")}
    leases = await claim(engine, 4, "q1", "q2", "q3")
    assert {lease.job_id: lease.queue for lease in leases} == queues
    await finish(engine, leases, OutcomeKind.RELEASED)
    assert {job.job_id: job.queue for queue in ("q1", "q2", "q3") for job in await claim(engine, 4, queue)} == queues


@pytest.mark.parametrize("max_attempts", [1, 2])
async def test_what_comes_of_a_reaped_lease_is_told_that_it_comes_too_late(
    engine: Engine, clock: Clock, max_attempts: int
) -> None:
    (made,) = await submit(engine, "acme", 1, max_attempts=max_attempts)
    leases = await claim(engine, 1, lease_ms=1_000)
    clock.advance(ms=1_000)
    await engine.maintenance.reap(10)
    assert await finish(engine, leases) == [LeaseStatus.STALE_LEASE]
    report = [LeaseReport(leases[0].job_id, leases[0].token)]
    assert await engine.leases.extend(WorkerReport(id="w", slots=1), report, 30_000) == [LeaseStatus.STALE_LEASE]
    assert (await engine.jobs.get(made.job_id)).state is (State.FAILED if max_attempts == 1 else State.PENDING)


async def test_reaped_jobs_are_counted_by_what_became_of_them(engine: Engine, clock: Clock) -> None:
    await submit(engine, "acme", 2, max_attempts=2)
    await submit(engine, "acme", 1, max_attempts=1)
    leases = await claim(engine, 3, lease_ms=1_000)
    await engine.jobs.cancel(leases[0].job_id)
    clock.advance(ms=1_000)
    reaped = await engine.maintenance.reap(10)
    assert (reaped.requeued, reaped.failed, reaped.cancelled, reaped.next_ms) == (1, 1, 1, None)


async def test_a_job_that_logs_nothing_has_no_log(engine: Engine) -> None:
    await submit(engine, "acme", 1)
    (lease,) = await claim(engine, 1)
    await engine.leases.extend(WorkerReport(id="w", slots=1), [LeaseReport(lease.job_id, lease.token)], 30_000)
    await finish(engine, [lease])
    assert await engine.store.client.keys("fl:{0}:g/*") == []


async def test_jobs_without_a_record_hold_up_no_others_and_the_doctor_sees_them(engine: Engine, clock: Clock) -> None:
    await submit(engine, "acme", 3)
    recordless, unstarted, whole = await claim(engine, 3, lease_ms=1_000)
    (gone,) = await submit(engine, "acme", 1, delay_ms=1_000)
    (later,) = await submit(engine, "acme", 1, delay_ms=1_000)
    await engine.store.client.delete(*(f"fl:{{0}}:j/{job_id}" for job_id in (recordless.job_id, gone.job_id)))
    await engine.store.client.execute_command("HDEL", "fl:{0}:started", unstarted.job_id)  # type: ignore[no-untyped-call]
    clock.advance(ms=1_000)
    for requeued, promoted in ((1, 1), (0, 0)):
        reaped = await engine.maintenance.reap(10)
        assert (reaped.requeued, reaped.next_ms) == (requeued, None)
        step = await engine.maintenance.promote(10)
        assert (step.count, step.next_ms) == (promoted, None)
    assert (await engine.workers.reap("w")).requeued == 0
    for job_id in (whole.job_id, later.job_id):
        assert (await engine.jobs.get(job_id)).state is State.PENDING
    told = " ".join((await engine.maintenance.doctor()).problems)
    assert all(job_id in told for job_id in (recordless.job_id, unstarted.job_id, gone.job_id))


async def test_a_job_without_a_record_does_not_hold_up_the_reports_on_others(engine: Engine) -> None:
    await submit(engine, "acme", 3)
    await submit(engine, "acme", 1, key="k")
    failing, cancelled, whole, keyed = await claim(engine, 4)
    await engine.jobs.cancel(cancelled.job_id)
    lost = (failing, cancelled, keyed)
    await engine.store.client.delete(*(f"fl:{{0}}:j/{lease.job_id}" for lease in lost))
    reports = [(failing, OutcomeKind.FAILED), (cancelled, OutcomeKind.FAILED), (whole, OutcomeKind.FAILED)]
    outcomes = [
        Outcome(job_id=lease.job_id, token=lease.token, kind=kind, progress=Progress(1.0))
        for lease, kind in (*reports, (keyed, OutcomeKind.COMPLETED))
    ]
    stale, ok = LeaseStatus.STALE_LEASE, LeaseStatus.OK
    for _ in range(2):
        assert await engine.leases.finish(outcomes) == [stale, ok, ok, ok]
    job = await engine.jobs.get(whole.job_id)
    assert (job.state, job.progress) == (State.SCHEDULED, Progress(1.0))
    told = " ".join((await engine.maintenance.doctor()).problems)
    assert all(lease.job_id in told for lease in lost)
