"""The worker's verbs: claims, heartbeats and every way that a lease can end."""

import asyncio
import time

import msgspec
import pytest

from fairlane.model.errors import InvalidInput
from fairlane.model.ids import new_claim_id
from fairlane.model.job import JobError, Progress
from fairlane.model.lease import (
    MAX_CLAIM_QUEUES,
    ClaimRequest,
    FailureKind,
    LeaseReport,
    LeaseStatus,
    Outcome,
    OutcomeKind,
)
from fairlane.model.states import Reason, State

from .world import WORKER, World, raw


async def test_a_lease_carries_the_job(world: World) -> None:
    job_id, lease = await world.run(
        payload=b'{"a":[]}', task="mail", queue="out", priority=3, key="k", headers={"h": "v"}
    )
    assert (lease.job_id, lease.tenant_id, lease.task, lease.queue) == (job_id, "acme", "mail", "out")
    assert (lease.attempt, lease.max_attempts, lease.lease_seconds, lease.timeout_seconds) == (1, 3, 30.0, 300.0)
    assert (bytes(lease.payload), lease.priority, lease.key, lease.headers) == (b'{"a":[]}', 3, "k", {"h": "v"})
    job = await world.backend.jobs.get(job_id)
    assert (job.state, job.worker_id, job.attempt) == (State.RUNNING, "w1", 1)
    assert job.lease_expires_at is not None
    assert job.lease_expires_at.timestamp() == pytest.approx(world.clock.now_us / 1_000_000 + 30, abs=0.01)


async def test_a_repeated_claim_gets_the_same_leases(world: World) -> None:
    await world.submit()
    await world.submit()
    request = ClaimRequest(worker_id="w1", claim_id=new_claim_id(), max=1)
    (first,) = await world.backend.leases.claim(request)
    (second,) = await world.backend.leases.claim(request)
    assert (first.job_id, first.token, first.fence) == (second.job_id, second.token, second.fence)


async def test_a_claim_names_a_bounded_number_of_queues(world: World) -> None:
    names = tuple(f"q{n}" for n in range(MAX_CLAIM_QUEUES))
    assert await world.backend.leases.claim(
        ClaimRequest(worker_id="w1", claim_id=new_claim_id(), max=1, queues=names)
    ) == []  # fmt: skip
    with pytest.raises(InvalidInput):
        await world.backend.leases.claim(
            ClaimRequest(worker_id="w1", claim_id=new_claim_id(), max=1, queues=(*names, "one-more"))
        )


async def test_a_claim_id_belongs_to_its_worker(world: World) -> None:
    await world.submit()
    claim_id = new_claim_id()
    (lease,) = await world.backend.leases.claim(ClaimRequest(worker_id="w1", claim_id=claim_id, max=1))
    assert await world.backend.leases.claim(ClaimRequest(worker_id="w2", claim_id=claim_id, max=1)) == []
    (again,) = await world.backend.leases.claim(ClaimRequest(worker_id="w1", claim_id=claim_id, max=1))
    assert again.token == lease.token


async def test_claims_keep_to_their_queues_and_to_priority(world: World) -> None:
    low = await world.submit(queue="out")
    high = await world.submit(queue="out", priority=9)
    await world.submit(queue="in")
    assert [lease.job_id for lease in await world.claim(5, queues=("out",))] == [high, low]


async def test_a_waiting_claim_gets_a_job_as_soon_as_there_is_one(world: World) -> None:
    began = time.monotonic()
    waiting = asyncio.create_task(world.claim(wait_ms=20_000))
    await asyncio.sleep(0)
    job_id = await world.submit()
    (lease,) = await waiting
    assert lease.job_id == job_id
    assert time.monotonic() - began < 15


async def test_a_waiting_claim_ends_with_nothing(world: World) -> None:
    assert await world.claim(wait_ms=50) == []


async def test_completed(world: World) -> None:
    job_id, lease = await world.run()
    assert await world.end(lease, OutcomeKind.COMPLETED, result=raw({"n": [1]})) is LeaseStatus.OK
    assert await world.end(lease, OutcomeKind.COMPLETED, result=raw({"n": [1]})) is LeaseStatus.OK
    job = await world.backend.jobs.get(job_id)
    assert job.state is State.COMPLETED
    assert job.result is not None and bytes(job.result) == b'{"n":[1]}'
    assert [(attempt.number, attempt.outcome, attempt.worker_id) for attempt in job.attempts] == [
        (1, "completed", "w1")
    ]
    assert (await world.backend.monitor.counters()).completed == 1


async def test_failed_attempts_come_back_until_they_are_used_up(world: World) -> None:
    job_id, lease = await world.run(max_attempts=2)
    error = JobError("ValueError", "no\nsuch", "Traceback")
    assert await world.end(lease, OutcomeKind.FAILED, error=error, delay_ms=5_000) is LeaseStatus.OK
    job = await world.backend.jobs.get(job_id)
    assert (job.state, job.reason, job.error) == (State.SCHEDULED, Reason.RETRY, error)
    assert job.run_at is not None
    assert job.run_at.timestamp() == pytest.approx(world.clock.now_us / 1_000_000 + 5, abs=0.01)
    world.clock.travel(6)
    await world.upkeep.promote(10)
    (lease,) = await world.claim()
    assert lease.attempt == 2
    await world.end(lease, OutcomeKind.FAILED, error=error, failure=FailureKind.TIMED_OUT)
    job = await world.backend.jobs.get(job_id)
    assert (job.state, job.reason) == (State.FAILED, Reason.TIMED_OUT)
    assert [attempt.outcome for attempt in job.attempts] == ["failed", "timed_out"]
    totals = await world.backend.monitor.counters("acme")
    assert (totals.failed, totals.retried, totals.completed) == (2, 1, 0)


async def test_rejected_jobs_are_not_tried_again(world: World) -> None:
    job_id, lease = await world.run()
    await world.end(lease, OutcomeKind.FAILED, failure=FailureKind.REJECTED, error=JobError("BadPayload", "x" * 9))
    job = await world.backend.jobs.get(job_id)
    assert (job.state, job.reason) == (State.FAILED, Reason.REJECTED)


async def test_released_and_snoozed_burn_no_attempt(world: World) -> None:
    job_id, lease = await world.run()
    await world.end(lease, OutcomeKind.RELEASED)
    job = await world.backend.jobs.get(job_id)
    assert (job.state, job.reason) == (State.PENDING, Reason.RELEASED)
    (lease,) = await world.claim()
    assert lease.attempt == 1
    await world.end(lease, OutcomeKind.SNOOZED, delay_ms=90_000)
    job = await world.backend.jobs.get(job_id)
    assert (job.state, job.reason, job.attempt) == (State.SCHEDULED, Reason.SNOOZED, 0)


async def test_stale_tokens_change_nothing(world: World) -> None:
    job_id, lease = await world.run()
    world.clock.travel(31)
    assert (await world.upkeep.reap(10)).requeued == 1
    (newer,) = await world.claim()
    assert newer.fence > lease.fence
    assert await world.end(lease, OutcomeKind.COMPLETED) is LeaseStatus.STALE_LEASE
    held = [LeaseReport(job_id, lease.token), LeaseReport(job_id, newer.token), LeaseReport("nonsense", "t")]
    statuses = await world.backend.leases.extend(WORKER, held, 30_000)
    assert statuses == [LeaseStatus.STALE_LEASE, LeaseStatus.OK, LeaseStatus.STALE_LEASE]
    assert (await world.backend.jobs.get(job_id)).state is State.RUNNING


async def test_no_token_is_never_good(world: World) -> None:
    """Jobs that hold no lease are stored with an empty token: before their first start, and after a lost worker."""
    never_started = await world.submit(queue="other")
    await world.backend.jobs.cancel(never_started)
    lost, _ = await world.run()
    world.clock.travel(31)
    assert (await world.upkeep.reap(10)).requeued == 1
    for job_id in (never_started, lost):
        outcome = Outcome(job_id=job_id, token="", kind=OutcomeKind.COMPLETED)
        if world.url:
            with pytest.raises(InvalidInput) as refused:
                await world.backend.leases.finish([outcome])
            assert refused.value.pointer == "/outcomes/0/token"
        else:
            assert await world.backend.leases.finish([outcome]) == [LeaseStatus.STALE_LEASE]
    assert (await world.backend.jobs.get(lost)).state is State.PENDING


async def test_extend_renews_and_tells_of_worker_and_progress(world: World) -> None:
    job_id, lease = await world.run()
    world.clock.travel(20)
    held = [LeaseReport(job_id, lease.token, Progress(1, 3, "reading"))]
    assert await world.backend.leases.extend(WORKER, held, 30_000) == [LeaseStatus.OK]
    world.clock.travel(20)
    assert (await world.upkeep.reap(10)).requeued == 0
    assert (await world.backend.jobs.get(job_id)).progress == Progress(1, 3, "reading")
    assert [msgspec.structs.replace(one, heartbeat_at=0) for one in await world.backend.workers.list()] == [WORKER]


async def test_a_running_job_is_cancelled_through_its_worker(world: World) -> None:
    job_id, lease = await world.run()
    assert (await world.backend.jobs.cancel(job_id)).state is State.RUNNING
    assert await world.backend.leases.extend(WORKER, [LeaseReport(job_id, lease.token)], 30_000) == [
        LeaseStatus.CANCELLED
    ]
    assert await world.end(lease, OutcomeKind.CANCELLED) is LeaseStatus.OK
    job = await world.backend.jobs.get(job_id)
    assert (job.state, job.reason) == (State.CANCELLED, Reason.CANCELLED_BY_USER)


async def test_exchange_ends_and_claims(world: World) -> None:
    _, lease = await world.run()
    next_id = await world.submit()
    done = Outcome(job_id=lease.job_id, token=lease.token, kind=OutcomeKind.COMPLETED)
    request = ClaimRequest(worker_id="w1", claim_id=new_claim_id(), max=2, wait_ms=60_000)
    statuses, leases = await world.backend.leases.exchange([done], request)
    assert (statuses, [one.job_id for one in leases]) == ([LeaseStatus.OK], [next_id])
    assert await world.backend.leases.exchange([], ClaimRequest(worker_id="w1", claim_id=new_claim_id(), max=2)) == (
        [],
        [],
    )


async def test_wait_finished(world: World) -> None:
    job_id, lease = await world.run()
    assert await world.backend.jobs.wait_finished(job_id, 0) is None
    waiting = asyncio.create_task(world.backend.jobs.wait_finished(job_id, 10_000))
    await asyncio.sleep(0)
    await world.end(lease, OutcomeKind.COMPLETED, result=raw(7))
    job = await waiting
    assert job is not None and job.state is State.COMPLETED
