"""Jobs that wait for jobs: what unlocks them, what cancels them, and what is kept for them."""

from __future__ import annotations

import msgspec
import pytest

from fairlane.engine import Engine
from fairlane.model.bulk import BulkAction
from fairlane.model.job import NewJob, OnNeedFailed, Submission, SubmitStatus
from fairlane.model.lease import MAX_CLAIM, Lease, Outcome, OutcomeKind
from fairlane.model.states import Reason, State
from fairlane.model.tenant import PolicyChange
from tests.support.acting import by_tenant, claim, finish, lift_limits, submit
from tests.support.clock import Clock

from .test_script_time import MOST_US, plain_commands_us, script_times

CANCEL, RUN = OnNeedFailed.CANCEL, OnNeedFailed.RUN


async def reason(engine: Engine, made: Submission) -> Reason | None:
    return (await engine.jobs.get(made.job_id)).reason


async def complete(engine: Engine, lease: Lease, result: bytes) -> None:
    kind, raw = OutcomeKind.COMPLETED, msgspec.Raw(result)
    await engine.leases.finish([Outcome(job_id=lease.job_id, token=lease.token, kind=kind, result=raw)])


async def test_a_job_starts_when_its_last_need_has_ended(engine: Engine) -> None:
    first, second = await submit(engine, "acme", 2)
    (merge,) = await submit(engine, "acme", needs=(second.job_id, first.job_id))
    assert merge.state is State.SCHEDULED
    one, two = await claim(engine, 5)
    await engine.leases.finish(
        [Outcome(job_id=one.job_id, token=one.token, kind=OutcomeKind.COMPLETED, result=msgspec.Raw(b"[1]"))]
    )
    assert await claim(engine, 5) == []
    assert await reason(engine, merge) is Reason.NEEDS
    await finish(engine, [two])
    (lease,) = await claim(engine, 5)
    assert lease.job_id == merge.job_id
    outcomes = [(need.id, need.state, bytes(need.result)) for need in lease.needs]
    assert outcomes == [(second.job_id, State.COMPLETED, b"null"), (first.job_id, State.COMPLETED, b"[1]")]
    assert await engine.store.client.keys("fl:{0}:open/*") == []


async def test_a_need_that_has_ended_already_counts(engine: Engine) -> None:
    (done,) = await submit(engine, "acme")
    await finish(engine, await claim(engine, 1))
    (after,) = await submit(engine, "acme", needs=(done.job_id,))
    assert after.state is State.PENDING
    (later,) = await submit(engine, "acme", needs=(done.job_id,), delay_ms=5_000)
    assert later.state is State.SCHEDULED
    assert later.run_at_ms == later.created_at_ms + 5_000


async def test_a_delay_counts_from_the_submission(engine: Engine, clock: Clock) -> None:
    (need,) = await submit(engine, "acme")
    (made,) = await submit(engine, "acme", needs=(need.job_id,), delay_ms=5_000)
    clock.advance(ms=2_000)
    await finish(engine, await claim(engine, 1))
    job = await engine.jobs.get(made.job_id)
    assert job.run_at is not None
    assert (job.run_at - job.created_at).total_seconds() == pytest.approx(5, abs=0.002)
    clock.advance(ms=3_000)
    assert (await engine.maintenance.promote(10)).count == 1


async def test_a_need_must_be_a_job_of_the_tenant(engine: Engine) -> None:
    (foreign,) = await submit(engine, "other")
    for need in (foreign.job_id, engine.jobs.new_id("acme")):
        (refused,) = await submit(engine, "acme", needs=(need,))
        assert refused.status is SubmitStatus.UNKNOWN_NEED
        assert str(refused.error) == f"the tenant has no job {need}; leave it out of the needs"
    tenant = await engine.tenants.get("acme")
    assert (tenant.submitted, tenant.submit_rate_used) == (0, 0)


async def test_one_call_makes_a_whole_flow(engine: Engine) -> None:
    ids = [engine.jobs.new_id("acme") for _ in range(3)]
    needs = [(), (ids[0],), (ids[0], ids[1])]
    jobs = [NewJob(id=i, tenant_id="acme", payload=b"1", needs=n) for i, n in zip(ids, needs, strict=True)]
    assert [one.status for one in await engine.jobs.submit(jobs)] == [SubmitStatus.CREATED] * 3
    started = []
    while leases := await claim(engine, 5):
        started += [lease.job_id for lease in leases]
        await finish(engine, leases)
    assert started == ids


async def test_a_dead_need_cancels_the_tree_and_a_retry_revives_it(engine: Engine) -> None:
    (root,) = await submit(engine, "acme", max_attempts=1)
    (child,) = await submit(engine, "acme", needs=(root.job_id,))
    (grandchild,) = await submit(engine, "acme", needs=(child.job_id,), key="once")
    (anyway,) = await submit(engine, "acme", needs=(child.job_id,), on_need_failed=RUN)
    await finish(engine, await claim(engine, 1), OutcomeKind.FAILED)
    assert [await reason(engine, one) for one in (child, grandchild)] == [Reason.NEED_FAILED] * 2
    (lease,) = await claim(engine, 5)
    assert (lease.job_id, [need.state for need in lease.needs]) == (anyway.job_id, [State.CANCELLED])
    await engine.jobs.retry(root.job_id)
    assert (await engine.maintenance.unlock(10)).count == 2
    assert [await reason(engine, one) for one in (child, grandchild)] == [Reason.NEEDS] * 2
    assert (await engine.maintenance.doctor()).problems == []
    for _ in range(3):
        await finish(engine, await claim(engine, 1))
    assert (await engine.jobs.get(grandchild.job_id)).state is State.COMPLETED


async def test_a_cancelled_job_cancels_what_waits_for_it(engine: Engine) -> None:
    (root,) = await submit(engine, "acme")
    (child,) = await submit(engine, "acme", needs=(root.job_id,))
    await engine.jobs.cancel(root.job_id)
    assert (await engine.maintenance.unlock(10)).count == 1
    assert await reason(engine, child) is Reason.NEED_FAILED


async def test_a_job_is_revived_when_each_of_its_dead_needs_was_sent_back(engine: Engine) -> None:
    first, second = await submit(engine, "acme", 2, max_attempts=1)
    (merge,) = await submit(engine, "acme", needs=(first.job_id, second.job_id))
    await finish(engine, await claim(engine, 2), OutcomeKind.FAILED)
    await engine.jobs.retry(first.job_id)
    assert (await engine.maintenance.unlock(10)).count == 0
    assert await reason(engine, merge) is Reason.NEED_FAILED
    await engine.jobs.retry(second.job_id)
    assert (await engine.maintenance.unlock(10)).count == 1
    assert await reason(engine, merge) is Reason.NEEDS


async def test_what_a_job_needs_is_kept_until_it_has_ended(engine: Engine, clock: Clock) -> None:
    await engine.tenants.change_defaults(PolicyChange(keep_completed_seconds=0, keep_completed_max=0))
    (need,) = await submit(engine, "acme")
    (other,) = await submit(engine, "acme")
    await finish(engine, await claim(engine, 2))
    (reader,) = await submit(engine, "acme", needs=(need.job_id,))
    assert (await engine.jobs.change(BulkAction.DELETE, [need.job_id])).count == 0
    clock.advance(ms=120_000)
    while (step := await engine.maintenance.prune(1)).next_ms == 0 or step.count:
        pass
    assert not await engine.store.client.exists(f"fl:{{0}}:j/{other.job_id}")
    (lease,) = await claim(engine, 1)
    assert (lease.job_id, lease.needs[0].state) == (reader.job_id, State.COMPLETED)
    await finish(engine, [lease])
    clock.advance(ms=120_000)
    while (step := await engine.maintenance.prune(10)).next_ms == 0 or step.count:
        pass
    assert await engine.store.client.keys("fl:{0}:[jrd]*/*") == []


async def test_results_that_are_too_large_together_are_left_out(engine: Engine) -> None:
    await lift_limits(engine)
    made = await submit(engine, "acme", 6)
    result = msgspec.Raw(b'"%b"' % (b"x" * 200_000))
    for lease in await claim(engine, 6):
        await engine.leases.finish(
            [Outcome(job_id=lease.job_id, token=lease.token, kind=OutcomeKind.COMPLETED, result=result)]
        )
    await submit(engine, "acme", needs=tuple(one.job_id for one in made))
    (lease,) = await claim(engine, 1)
    assert [need.left_out for need in lease.needs] == [False] * 5 + [True]
    assert {len(bytes(need.result)) for need in lease.needs} == {200_002, 4}


async def test_explain_follows_the_needs_to_the_job_that_holds_things_up(engine: Engine) -> None:
    (root,) = await submit(engine, "acme")
    (middle,) = await submit(engine, "acme", needs=(root.job_id,))
    (end,) = await submit(engine, "acme", needs=(middle.job_id,))
    await claim(engine, 1)
    found = await engine.jobs.explain(end.job_id)
    assert found.waiting_for == "needs"
    assert found.sentence == (
        f"It waits for the job that it needs: {middle.job_id}. {root.job_id} holds it up: The job is running."
    )


async def test_ten_thousand_dependents_are_unlocked_in_short_steps(engine: Engine) -> None:
    await lift_limits(engine)
    (root,) = await submit(engine, "acme")
    for _ in range(10):
        await submit(engine, "acme", 1_000, needs=(root.job_id,))
    leases = await claim(engine, 5)
    await engine.store.client.config_resetstat()
    await finish(engine, leases)
    unlocked, steps = 50, 1
    while count := (await engine.maintenance.unlock(50)).count:
        unlocked += count
        steps += 1
    assert unlocked == 10_000
    assert 195 <= steps <= 205
    calls, median = await script_times(engine)
    assert calls >= steps
    assert median < max(MOST_US, await plain_commands_us(engine))
    assert (await engine.queues.list())[0].pending == 10_000


async def test_a_flow_takes_no_turns_from_other_tenants(engine: Engine) -> None:
    await lift_limits(engine)
    (root,) = await submit(engine, "flow")
    await finish(engine, await claim(engine, 1))
    await submit(engine, "flow", MAX_CLAIM, needs=(root.job_id,))
    await submit(engine, "quiet", 10)
    shares = by_tenant([lease for _ in range(20) for lease in await claim(engine, 1)])
    assert abs(shares["flow"] - shares["quiet"]) <= 1
