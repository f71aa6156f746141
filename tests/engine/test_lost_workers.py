"""What the jobs of a dead worker lose: the job that ended it burns an attempt, the jobs beside it do not."""

import itertools
from typing import Any

import msgspec
import pytest

from fairlane.engine import Engine, lost_workers
from fairlane.engine.lost_workers import JOBS_A_STEP
from fairlane.engine.partition import Partition
from fairlane.model.errors import StoreUnavailable
from fairlane.model.ids import new_claim_id
from fairlane.model.lease import ClaimRequest, FailureKind, Lease, Outcome, OutcomeKind
from fairlane.model.states import Reason, State
from tests.support.acting import claim, lift_limits, submit
from tests.support.clock import Clock


async def made_suspects(engine: Engine, count: int, **fields: int) -> None:
    await submit(engine, "acme", count, **fields)
    await claim(engine, count, worker="dead")
    await engine.workers.reap("dead")


def attempts(leases: list[Lease]) -> list[tuple[int, bool]]:
    return [(lease.attempt, lease.suspect) for lease in leases]


async def test_the_only_job_of_a_dead_worker_burns_an_attempt(engine: Engine) -> None:
    await made_suspects(engine, 1)
    assert attempts(await claim(engine, 1)) == [(2, True)]


async def test_jobs_that_ran_together_in_a_dead_worker_burn_none_and_become_suspects(engine: Engine) -> None:
    await made_suspects(engine, 3, max_attempts=1)
    leases = await claim(engine, 3)
    assert attempts(leases) == [(1, True)] * 3
    job = await engine.jobs.get(leases[0].job_id)
    assert [attempt.number for attempt in job.attempts] == [1]
    assert (await engine.tenants.get("acme")).failed == 0
    assert (await engine.maintenance.doctor()).problems == []


async def test_a_job_given_back_says_that_its_worker_was_lost(engine: Engine) -> None:
    (made, _) = await submit(engine, "acme", 2)
    await claim(engine, 2, worker="dead")
    await engine.workers.reap("dead")
    job = await engine.jobs.get(made.job_id)
    assert (job.state, job.reason, job.attempt, job.attempts) == (State.PENDING, Reason.WORKER_LOST, 0, [])


async def test_the_suspect_with_the_lowest_fence_is_guilty(engine: Engine) -> None:
    await made_suspects(engine, 2)
    await submit(engine, "acme", 1)
    guilty, waiting, bystander = await claim(engine, 3, worker="dead")
    assert attempts([guilty, waiting, bystander]) == [(1, True), (1, True), (1, False)]
    reaped = await engine.workers.reap("dead")
    assert (reaped.requeued, reaped.failed, reaped.cancelled) == (3, 0, 0)
    again = {lease.job_id: (lease.attempt, lease.suspect) for lease in await claim(engine, 3)}
    assert again == {guilty.job_id: (2, True), waiting.job_id: (1, True), bystander.job_id: (1, False)}


async def test_a_job_that_always_ends_its_worker_fails_after_one_death_more_than_its_attempts(engine: Engine) -> None:
    (poison, *_) = await submit(engine, "acme", 4, max_attempts=3)
    for _ in range(4):
        assert (await engine.jobs.get(poison.job_id)).state is State.PENDING
        await claim(engine, 4, worker="dead")
        await engine.workers.reap("dead")
    job = await engine.jobs.get(poison.job_id)
    assert (job.state, job.reason, job.attempt) == (State.FAILED, Reason.WORKER_LOST, 3)
    assert attempts(await claim(engine, 4)) == [(1, True)] * 3


@pytest.mark.parametrize(
    ("kind", "failure", "stays"),
    [
        (OutcomeKind.FAILED, FailureKind.ERROR, False),
        (OutcomeKind.FAILED, FailureKind.UNFIT, True),
        (OutcomeKind.SNOOZED, FailureKind.ERROR, False),
        (OutcomeKind.RELEASED, FailureKind.ERROR, True),
    ],
)
async def test_a_suspect_is_one_until_it_ends_an_attempt(
    engine: Engine, clock: Clock, kind: OutcomeKind, failure: FailureKind, stays: bool
) -> None:
    await made_suspects(engine, 2)
    (lease, _) = await claim(engine, 2)
    delay_ms = 60_000 if failure is FailureKind.UNFIT else 0
    outcome = Outcome(job_id=lease.job_id, token=lease.token, kind=kind, failure=failure, delay_ms=delay_ms)
    await engine.leases.finish([outcome])
    clock.advance(ms=60_000)
    await engine.maintenance.promote(10)
    (again,) = await claim(engine, 1)
    assert (again.job_id, again.suspect) == (lease.job_id, stays)


async def test_a_lease_that_merely_expires_burns_an_attempt_and_makes_no_suspect(engine: Engine, clock: Clock) -> None:
    await submit(engine, "acme", 2)
    await claim(engine, 2, lease_ms=1_000)
    clock.advance(ms=1_000)
    assert (await engine.maintenance.reap(10)).requeued == 2
    assert attempts(await claim(engine, 2)) == [(2, False)] * 2


async def test_a_cancelled_job_of_a_dead_worker_is_cancelled(engine: Engine) -> None:
    await submit(engine, "acme", 2)
    (lease, _) = await claim(engine, 2, worker="dead")
    await engine.jobs.cancel(lease.job_id)
    reaped = await engine.workers.reap("dead")
    assert (reaped.requeued, reaped.failed, reaped.cancelled) == (1, 0, 1)


async def test_a_job_is_not_alone_because_it_is_left_for_the_last_step(engine: Engine) -> None:
    await lift_limits(engine)
    await made_suspects(engine, JOBS_A_STEP + 1)
    assert set(attempts(await claim(engine, JOBS_A_STEP + 1))) == {(1, True)}


async def reap_in_two_calls(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reap a worker with a call that fails after it has ended one lease, and then with another call."""
    run, steps = Partition.run, itertools.count(1)

    async def failing(self: Partition, script: str, *args: Any, **values: Any) -> Any:
        if script == "reap" and next(steps) == 2:
            raise StoreUnavailable("the store is away")
        return await run(self, script, *args, **values)

    monkeypatch.setattr(lost_workers, "JOBS_A_STEP", 1)
    monkeypatch.setattr(Partition, "run", failing)
    with pytest.raises(StoreUnavailable):
        await engine.workers.reap("dead")
    assert (await engine.workers.reap("dead")).requeued == 1


async def test_the_last_job_of_an_interrupted_call_is_not_guilty_because_it_is_alone(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await submit(engine, "acme", 2)
    await claim(engine, 2, worker="dead")
    await reap_in_two_calls(engine, monkeypatch)
    assert attempts(await claim(engine, 2)) == [(1, True)] * 2
    assert await engine.store.client.keys("*lost/*") == []


async def test_the_next_suspect_of_an_interrupted_call_is_not_guilty_too(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await made_suspects(engine, 2)
    guilty, waiting = await claim(engine, 2, worker="dead")
    await reap_in_two_calls(engine, monkeypatch)
    again = {lease.job_id: (lease.attempt, lease.suspect) for lease in await claim(engine, 2)}
    assert again == {guilty.job_id: (2, True), waiting.job_id: (1, True)}


async def test_a_repeated_claim_says_again_that_a_job_is_a_suspect(engine: Engine) -> None:
    await made_suspects(engine, 2)
    request = ClaimRequest(worker_id="w", claim_id=new_claim_id(), max=2)
    first = await engine.leases.claim(request)
    assert attempts(first) == [(1, True)] * 2
    again = [msgspec.structs.replace(lease, waited_seconds=None) for lease in first]
    assert await engine.leases.claim(request) == again


async def test_a_suspect_that_is_retried_from_the_dead_letter_queue_is_none(engine: Engine) -> None:
    (made,) = await submit(engine, "acme", 1, max_attempts=1)
    await claim(engine, 1, worker="dead")
    assert (await engine.workers.reap("dead")).failed == 1
    await engine.jobs.retry(made.job_id)
    assert attempts(await claim(engine, 1)) == [(2, False)]
