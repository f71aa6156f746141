"""A call whose reply was lost is sent again: it gets the first answer and changes nothing."""

import msgspec
import pytest

from fairlane.engine import Engine
from fairlane.engine.retention import SPARED_MS
from fairlane.model.bulk import BulkAction
from fairlane.model.errors import Conflict, NotFound
from fairlane.model.job import NewJob, SubmitStatus
from fairlane.model.lease import ClaimRequest, LeaseReport, LeaseStatus, Outcome, OutcomeKind, WorkerReport
from fairlane.model.states import State
from tests.support.acting import claim, finish, limit, lose_reply, submit
from tests.support.clock import Clock

WORKER = WorkerReport(id="w", slots=8)


async def test_one_job_submitted_twice_is_one_job(engine: Engine) -> None:
    job = NewJob(id=engine.jobs.new_id("acme"), tenant_id="acme", payload=b"{}")
    first, again = await engine.jobs.submit([job, job]), await engine.jobs.submit([job])
    assert [answer.status for answer in (*first, *again)] == [SubmitStatus.CREATED] * 3
    tenant = await engine.tenants.get("acme")
    assert (tenant.pending, tenant.submitted, tenant.submit_rate_used) == (1, 1, 1)


async def test_a_repeated_claim_has_the_same_leases_and_takes_no_more(engine: Engine) -> None:
    await submit(engine, "acme", 4)
    request = ClaimRequest(worker_id="w", claim_id="c1", max=2)
    leases = await engine.leases.claim(request)
    assert len(leases) == 2
    assert [lease.token for lease in await engine.leases.claim(request)] == [lease.token for lease in leases]
    assert (await engine.tenants.get("acme")).running == 2


@pytest.mark.parametrize("kind", [OutcomeKind.COMPLETED, OutcomeKind.RELEASED, OutcomeKind.FAILED])
async def test_a_repeated_claim_leaves_out_what_has_ended(engine: Engine, kind: OutcomeKind) -> None:
    await submit(engine, "acme", 2)
    request = ClaimRequest(worker_id="w", claim_id="c1", max=2)
    ended, kept = await engine.leases.claim(request)
    await finish(engine, [ended], kind)
    assert [lease.job_id for lease in await engine.leases.claim(request)] == [kept.job_id]


async def test_a_repeated_claim_leaves_out_what_another_has_claimed(engine: Engine) -> None:
    await submit(engine, "acme", 1)
    request = ClaimRequest(worker_id="w", claim_id="c1", max=1)
    await finish(engine, await engine.leases.claim(request), OutcomeKind.RELEASED)
    (taken,) = await claim(engine, 1)
    assert await engine.leases.claim(request) == []
    assert (await engine.jobs.get(taken.job_id)).state is State.RUNNING


@pytest.mark.parametrize("kind", [OutcomeKind.COMPLETED, OutcomeKind.RELEASED, OutcomeKind.FAILED])
async def test_a_lease_that_has_ended_is_not_extended(engine: Engine, kind: OutcomeKind) -> None:
    await submit(engine, "acme", 1)
    (lease,) = await claim(engine, 1)
    await finish(engine, [lease], kind)
    reports = [LeaseReport(lease.job_id, lease.token), LeaseReport(engine.jobs.new_id("acme"), lease.token)]
    assert await engine.leases.extend(WORKER, reports, 30_000) == [LeaseStatus.STALE_LEASE] * 2
    assert (await engine.maintenance.doctor()).problems == []


async def test_a_cancel_of_a_cancelled_job_is_answered_again(engine: Engine) -> None:
    (made,) = await submit(engine, "acme", 1)
    first, again = await engine.jobs.cancel(made.job_id), await engine.jobs.cancel(made.job_id)
    assert first == msgspec.structs.replace(again, payload=first.payload)
    assert first.state is State.CANCELLED


@pytest.mark.parametrize("kind", [OutcomeKind.COMPLETED, OutcomeKind.FAILED])
async def test_what_has_ended_cannot_be_cancelled(engine: Engine, kind: OutcomeKind) -> None:
    (made,) = await submit(engine, "acme", 1, max_attempts=1)
    await finish(engine, await claim(engine, 1), kind)
    before = (await engine.jobs.get(made.job_id)).state
    with pytest.raises(Conflict):
        await engine.jobs.cancel(made.job_id)
    assert (await engine.jobs.get(made.job_id)).state is before
    assert (await engine.maintenance.doctor()).problems == []


async def test_what_does_not_exist_is_not_found(engine: Engine) -> None:
    for call in (engine.jobs.get, engine.jobs.cancel, engine.jobs.retry, engine.jobs.explain):
        with pytest.raises(NotFound):
            await call(engine.jobs.new_id("acme"))


async def test_a_retry_is_answered_again_and_counted_once(engine: Engine) -> None:
    (made,) = await submit(engine, "acme", 1, max_attempts=1)
    await finish(engine, await claim(engine, 1), OutcomeKind.FAILED)
    assert (await engine.jobs.retry(made.job_id)).state is State.PENDING
    assert (await engine.jobs.retry(made.job_id)).state is State.PENDING
    assert (await engine.monitor.counters()).retried == 1
    (lease,) = await claim(engine, 2)
    assert (lease.attempt, lease.max_attempts) == (2, 2)
    assert (await engine.jobs.retry(made.job_id)).state is State.RUNNING
    await finish(engine, [lease], OutcomeKind.SNOOZED)
    assert (await engine.jobs.retry(made.job_id)).attempt == 1
    assert (await engine.monitor.counters()).retried == 1


async def test_a_finish_sent_three_times_counts_once(engine: Engine) -> None:
    await submit(engine, "acme", 1)
    (lease,) = await claim(engine, 1)
    outcome = Outcome(job_id=lease.job_id, token=lease.token, kind=OutcomeKind.COMPLETED)
    answers = [(await engine.leases.finish([outcome]))[0] for _ in range(3)]
    assert answers == [LeaseStatus.OK] * 3
    assert (await engine.monitor.counters()).completed == 1


async def test_a_retry_does_not_take_a_key_from_another_job(engine: Engine) -> None:
    (failed,) = await submit(engine, "acme", 1, max_attempts=1, key="k")
    await finish(engine, await claim(engine, 1), OutcomeKind.FAILED)
    (holder,) = await submit(engine, "acme", 1, key="k")
    with pytest.raises(Conflict):
        await engine.jobs.retry(failed.job_id)
    (repeated,) = await submit(engine, "acme", 1, key="k")
    assert (repeated.status, repeated.job_id) == (SubmitStatus.DEDUPLICATED, holder.job_id)
    assert (await engine.maintenance.doctor()).problems == []


async def test_one_call_that_ends_a_lease_twice_counts_once(engine: Engine) -> None:
    await submit(engine, "acme", 1)
    (lease,) = await claim(engine, 1)
    outcome = Outcome(job_id=lease.job_id, token=lease.token, kind=OutcomeKind.COMPLETED)
    older = msgspec.structs.replace(outcome, token="c.1")
    assert await engine.leases.finish([outcome, outcome, older]) == [
        LeaseStatus.OK,
        LeaseStatus.OK,
        LeaseStatus.STALE_LEASE,
    ]
    assert (await engine.monitor.counters()).completed == 1
    assert (await engine.maintenance.doctor()).problems == []


async def test_a_batch_of_which_a_part_was_made_before_makes_the_rest(engine: Engine) -> None:
    jobs = [NewJob(id=engine.jobs.new_id("acme"), tenant_id="acme", payload=b"{}") for _ in range(4)]
    await engine.jobs.submit(jobs[1:2])
    answers = await engine.jobs.submit([*jobs, jobs[3]])
    assert [answer.status for answer in answers] == [SubmitStatus.CREATED] * 5
    assert (await engine.tenants.get("acme")).pending == 4
    assert (await engine.maintenance.doctor()).problems == []


async def test_a_retry_whose_reply_is_lost_is_done_once_though_the_job_fails_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    (made,) = await submit(engine, "acme", 1, max_attempts=1)

    async def run_and_fail() -> None:
        await finish(engine, await claim(engine, 1), OutcomeKind.FAILED)

    await run_and_fail()
    lost = await lose_reply(monkeypatch, engine.store, "retry", run_and_fail)
    assert (await engine.jobs.retry(made.job_id)).state is State.FAILED
    assert lost.is_set()
    assert (await engine.monitor.counters()).retried == 1
    assert (await engine.maintenance.doctor()).problems == []


@pytest.mark.parametrize("action", BulkAction)
async def test_a_bulk_change_whose_reply_is_lost_counts_what_it_did(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, action: BulkAction
) -> None:
    made = await submit(engine, "acme", 3, max_attempts=1)
    if action is not BulkAction.CANCEL:
        await finish(engine, await claim(engine, 3), OutcomeKind.FAILED)
    lost = await lose_reply(monkeypatch, engine.store, action.value)
    assert (await engine.jobs.change(action, [one.job_id for one in made])).count == 3
    assert lost.is_set()


async def test_an_outcome_is_repeated_as_long_as_its_job_is_kept(engine: Engine, clock: Clock) -> None:
    """More jobs have ended than are kept, but each is kept for a minute."""
    await limit(engine, "acme", keep_completed_max=0)
    await submit(engine, "acme")
    leases = await claim(engine, 1)
    assert await finish(engine, leases) == [LeaseStatus.OK]
    clock.advance(ms=SPARED_MS - 1)
    await engine.maintenance.prune(10)
    assert await finish(engine, leases) == [LeaseStatus.OK]
    clock.advance(ms=1)
    await engine.maintenance.prune(10)
    assert await finish(engine, leases) == [LeaseStatus.STALE_LEASE]
