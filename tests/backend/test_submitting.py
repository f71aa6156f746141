"""Making jobs: what comes back, what is made once, what is refused."""

import asyncio

import msgspec
import pytest

from fairlane.model.backoff import Backoff
from fairlane.model.bulk import BulkAction
from fairlane.model.errors import BacklogFull, IdempotencyMismatch, IdTaken, InvalidInput, NotFound, RateLimited
from fairlane.model.job import JobQuery, OnConflict, OnNeedFailed, SubmitStatus
from fairlane.model.lease import OutcomeKind
from fairlane.model.refusals import refusal_of
from fairlane.model.states import Reason, State
from fairlane.model.tenant import PolicyChange

from .world import World, raw

PAYLOAD = b'{"z":1,"big":12345678901234567890123,"none":[],"text":"\xc3\xa9"}'


async def test_a_job_comes_back_as_it_was_sent(world: World) -> None:
    asked = world.job(
        payload=PAYLOAD,
        task="mail",
        queue="out",
        priority=7,
        max_attempts=4,
        timeout_ms=1500,
        key="k1",
        headers={"trace": "t"},
    )
    made = await world.submit_one(asked)
    assert (made.status, made.job_id, made.state) == (SubmitStatus.CREATED, asked.id, State.PENDING)
    assert made.created_at_ms == world.clock.now_us // 1000
    assert made.rate is not None and (made.rate.limit, made.rate.remaining) == (10, 9)
    job = await world.backend.jobs.get(asked.id)
    assert bytes(job.payload) == PAYLOAD
    assert (job.tenant_id, job.task, job.queue, job.priority) == ("acme", "mail", "out", 7)
    assert (job.max_attempts, job.timeout_seconds, job.key, job.headers) == (4, 1.5, "k1", {"trace": "t"})
    assert (job.state, job.attempt, job.attempts, job.result) == (State.PENDING, 0, [], None)
    assert round(job.created_at.timestamp() * 1000) == made.created_at_ms


async def test_a_repeat_of_the_same_request_makes_no_second_job(world: World) -> None:
    asked = world.job()
    first, second = await world.submit_one(asked), await world.submit_one(asked)
    assert first.status is second.status is SubmitStatus.CREATED
    assert first.job_id == second.job_id
    batch = [world.job(), world.job()]
    assert [one.job_id for one in await world.backend.jobs.submit(batch)] == [job.id for job in batch]
    assert [one.status for one in await world.backend.jobs.submit(batch)] == [SubmitStatus.CREATED] * 2
    assert (await world.backend.monitor.counters()).submitted == 3


async def test_a_job_that_has_not_started_in_time_is_cancelled(world: World) -> None:
    asked = world.job(expires_in_ms=90_000)
    made = await world.submit_one(asked)
    job = await world.backend.jobs.get(asked.id)
    assert job.expires_at is not None
    assert round(job.expires_at.timestamp() * 1000) == made.created_at_ms + 90_000
    world.clock.advance(ms=90_000)
    assert (await world.upkeep.expire(10)).count == 1
    job = await world.backend.jobs.get(asked.id)
    assert (job.state, job.reason) == (State.CANCELLED, Reason.EXPIRED)
    explained = await world.backend.jobs.explain(asked.id)
    assert explained.sentence == "The job did not start before it expired, so it was cancelled."


async def test_an_id_belongs_to_its_request(world: World) -> None:
    """Else a client that guesses an id could take the place of another tenant's job."""
    asked = world.job(payload=b"[1]", key="k", headers={"traceparent": "a"})
    await world.submit_one(asked)
    others = [
        msgspec.structs.replace(asked, tenant_id="globex"),
        msgspec.structs.replace(asked, payload=b"[2]"),
        msgspec.structs.replace(asked, task="mail"),
        msgspec.structs.replace(asked, priority=9),
    ]
    for other in others:
        refused = await world.submit_one(other)
        assert (refused.status, refused.job_id) == (SubmitStatus.ID_TAKEN, asked.id)
        assert isinstance(refusal_of(refused), IdTaken)
    batch = await world.backend.jobs.submit([others[1], asked, world.job()])
    assert [one.status for one in batch] == [SubmitStatus.ID_TAKEN, SubmitStatus.CREATED, SubmitStatus.CREATED]
    traced = msgspec.structs.replace(asked, headers={"traceparent": "b"})
    assert (await world.submit_one(traced)).status is SubmitStatus.CREATED
    job = await world.backend.jobs.get(asked.id)
    assert (job.tenant_id, bytes(job.payload), job.headers) == ("acme", b"[1]", {"traceparent": "a"})
    assert (await world.backend.tenants.get("globex")).submitted == 0


async def test_two_requests_of_one_call_cannot_share_an_id(world: World) -> None:
    first = world.job(payload=b"[1]")
    second = msgspec.structs.replace(first, payload=b"[2]")
    batch = await world.backend.jobs.submit([first, second, first])
    assert [one.status for one in batch] == [SubmitStatus.CREATED, SubmitStatus.ID_TAKEN, SubmitStatus.CREATED]
    assert bytes((await world.backend.jobs.get(first.id)).payload) == b"[1]"


async def test_an_idempotency_key_answers_with_the_first_job(world: World) -> None:
    first = await world.submit_one(world.job(idempotency_key="once"))
    again = await world.submit_one(world.job(idempotency_key="once"))
    other = world.job(payload=b"[1]", idempotency_key="once")
    reused = await world.submit_one(other)
    assert (again.status, again.job_id) == (SubmitStatus.REPLAYED, first.job_id)
    assert reused.status is SubmitStatus.KEY_REUSED
    assert isinstance(refusal_of(reused), IdempotencyMismatch)
    assert str(refusal_of(reused)) == "the idempotency key was used before with another request"
    batch = await world.backend.jobs.submit([world.job(idempotency_key="once"), other])
    assert [one.status for one in batch] == [SubmitStatus.REPLAYED, SubmitStatus.KEY_REUSED]
    assert batch[0].job_id == first.job_id


async def test_a_key_holds_for_the_same_id_too_when_its_job_is_forgotten(world: World) -> None:
    asked = world.job(idempotency_key="once")
    await world.submit_one(asked)
    (lease,) = await world.claim()
    await world.end(lease, OutcomeKind.COMPLETED)
    assert (await world.backend.jobs.change(BulkAction.DELETE, [asked.id])).count == 1
    again = [await world.submit_one(asked), *await world.backend.jobs.submit([asked, world.job()])][:2]
    assert [(one.status, one.job_id) for one in again] == [(SubmitStatus.REPLAYED, asked.id)] * 2
    assert (await world.backend.monitor.counters()).submitted == 2


async def test_many_submissions_at_once_under_one_key_make_one_job(world: World) -> None:
    jobs = [world.job(idempotency_key="race") for _ in range(30)]
    made = await asyncio.gather(*(world.submit_one(job) for job in jobs))
    assert [one.status for one in made].count(SubmitStatus.CREATED) == 1
    assert len({one.job_id for one in made}) == 1


async def test_a_business_key_holds_while_its_job_is_unfinished(world: World) -> None:
    job_id, lease = await world.run(key="report")
    twin = await world.submit_one(world.job(key="report"))
    assert (twin.status, twin.job_id) == (SubmitStatus.DEDUPLICATED, job_id)
    batch = await world.backend.jobs.submit([world.job(key="report"), world.job(tenant="other", key="report")])
    assert [one.status for one in batch] == [SubmitStatus.DEDUPLICATED, SubmitStatus.CREATED]
    await world.end(lease, OutcomeKind.COMPLETED)
    assert (await world.submit_one(world.job(key="report"))).status is SubmitStatus.CREATED


async def test_a_job_that_has_not_started_takes_the_newer_request(world: World) -> None:
    first = world.job(payload=b"[1]", key="report", queue="out", priority=5, delay_ms=10_000)
    made = await world.submit_one(first)
    newer = world.job(payload=b"[2]", key="report", task="newer", on_conflict=OnConflict.REPLACE, max_attempts=9)
    batch = await world.backend.jobs.submit([newer, world.job(key="other")])
    assert [one.status for one in batch] == [SubmitStatus.REPLACED, SubmitStatus.CREATED]
    again = await world.submit_one(msgspec.structs.replace(newer, payload=b"[3]"))
    assert (again.status, again.job_id) == (SubmitStatus.REPLACED, first.id)
    job = await world.backend.jobs.get(first.id)
    assert (bytes(job.payload), job.task, job.max_attempts) == (b"[3]", "newer", 9)
    assert (job.queue, job.priority, job.state) == ("out", 5, State.SCHEDULED)
    assert job.run_at is not None
    assert round(job.run_at.timestamp() * 1000) == made.run_at_ms
    assert (await world.submit_one(first)).status is SubmitStatus.CREATED  # its client repeats it after a lost reply
    assert (await world.backend.monitor.counters()).submitted == 2


async def test_a_job_that_has_started_keeps_its_request(world: World) -> None:
    job_id, lease = await world.run(payload=b"[1]", key="report")
    newer = world.job(payload=b"[2]", key="report", on_conflict=OnConflict.REPLACE)
    for kind in (None, OutcomeKind.RELEASED):
        if kind:
            await world.end(lease, kind)
        twin = await world.submit_one(newer)
        assert (twin.status, twin.job_id) == (SubmitStatus.DEDUPLICATED, job_id)
    assert bytes((await world.backend.jobs.get(job_id)).payload) == b"[1]"


async def test_debounce_waits_for_quiet_but_not_for_ever(world: World) -> None:
    await world.unlimit()
    dues = []
    for n in range(5):
        asked = world.job(
            payload=b"[%d]" % n,
            key="index",
            delay_ms=30_000,
            on_conflict=OnConflict.DEBOUNCE,
            max_delay_ms=70_000,
        )
        made = await world.submit_one(asked)
        job = await world.backend.jobs.get(made.job_id)
        assert job.run_at is not None
        dues.append(round((job.run_at - job.created_at).total_seconds()))
        world.clock.advance(ms=20_000)
    assert dues == [30, 50, 70, 70, 70]
    await world.upkeep.promote(10)
    (lease,) = await world.claim(5)
    assert bytes(lease.payload) == b"[4]"


async def test_an_idempotency_key_replays_a_replacement(world: World) -> None:
    job_id = await world.submit(payload=b"[1]", key="report")
    newer = world.job(payload=b"[2]", key="report", on_conflict=OnConflict.REPLACE, idempotency_key="once")
    last = world.job(payload=b"[3]", key="report", on_conflict=OnConflict.REPLACE)
    statuses = [(await world.submit_one(job)).status for job in (newer, last, newer)]
    assert statuses == [SubmitStatus.REPLACED, SubmitStatus.REPLACED, SubmitStatus.REPLAYED]
    assert bytes((await world.backend.jobs.get(job_id)).payload) == b"[3]"


async def test_a_job_waits_for_the_jobs_that_it_needs(world: World) -> None:
    first, lease = await world.run()
    second = world.job(needs=(first,), on_need_failed=OnNeedFailed.RUN)
    made = await world.submit_one(second)
    assert (made.status, made.state) == (SubmitStatus.CREATED, State.SCHEDULED)
    job = await world.backend.jobs.get(second.id)
    assert (job.state, job.reason, job.run_at, job.needs) == (State.SCHEDULED, Reason.NEEDS, None, (first,))
    explained = await world.backend.jobs.explain(second.id)
    assert explained.waiting_for == "needs"
    assert (
        explained.sentence == f"It waits for the job that it needs: {first}. {first} holds it up: The job is running."
    )
    await world.end(lease, OutcomeKind.COMPLETED, result=raw({"n": 1}))
    (lease,) = await world.claim(5)
    assert [(need.id, need.state, bytes(need.result)) for need in lease.needs] == [(first, State.COMPLETED, b'{"n":1}')]


async def test_an_unknown_need_is_refused(world: World) -> None:
    foreign = await world.submit(tenant="other")
    for need in (foreign, world.backend.jobs.new_id("acme")):
        refused = await world.submit_one(world.job(needs=(need,)))
        assert refused.status is SubmitStatus.UNKNOWN_NEED
        assert str(refusal_of(refused)) == f"the tenant has no job {need}; leave it out of the needs"


async def test_the_submission_rate_slides(world: World) -> None:
    assert [one.status for one in await world.backend.jobs.submit([world.job() for _ in range(10)])] == [
        SubmitStatus.CREATED
    ] * 10
    refused = await world.submit_one(world.job())
    assert refused.status is SubmitStatus.RATE_LIMITED
    assert refused.rate is not None
    assert (refused.rate.limit, refused.rate.window_seconds, refused.rate.remaining) == (10, 60, 0)
    assert 59 <= refused.rate.reset_seconds <= 61
    error = refusal_of(refused)
    assert isinstance(error, RateLimited) and 59 <= error.retry_after <= 61
    assert str(error) == "the tenant is over its submission rate of 10 in 60 s; try again in 60.0 s"
    both = await world.backend.jobs.submit([world.job(), world.job(tenant="other")])
    assert [one.status for one in both] == [SubmitStatus.RATE_LIMITED, SubmitStatus.CREATED]
    assert both[0].rate is not None and both[0].rate.limit == 10
    world.clock.travel(61)
    assert (await world.submit_one(world.job())).status is SubmitStatus.CREATED


async def test_delayed_jobs_are_promoted_in_time(world: World) -> None:
    at_ms = world.clock.now_us // 1000 + 30_000
    delayed = await world.submit_one(world.job(delay_ms=10_000))
    dated = await world.submit_one(world.job(run_at_ms=at_ms))
    assert delayed.state is dated.state is State.SCHEDULED
    assert delayed.run_at_ms == world.clock.now_us // 1000 + 10_000
    assert dated.run_at_ms == at_ms
    assert await world.claim() == []
    world.clock.travel(11)
    await world.upkeep.promote(100)
    assert [lease.job_id for lease in await world.claim(5)] == [delayed.job_id]
    job = await world.backend.jobs.get(dated.job_id)
    assert job.run_at is not None and round(job.run_at.timestamp() * 1000) == at_ms


async def test_the_backoff_of_a_job_is_kept(world: World) -> None:
    job_id, lease = await world.run(backoff=Backoff(40_000, 40_000))
    await world.end(lease, OutcomeKind.FAILED)
    job = await world.backend.jobs.get(job_id)
    assert (job.state, job.reason) == (State.SCHEDULED, Reason.RETRY)
    assert job.run_at is not None
    assert 20 <= job.run_at.timestamp() - world.clock.now_us / 1_000_000 <= 40


async def test_large_batches_are_whole(world: World) -> None:
    await world.unlimit()
    payload = b'"' + b"x" * 200_000 + b'"'
    jobs = [world.job(payload=payload) for _ in range(60)]
    made = await world.backend.jobs.submit(jobs)
    assert [one.job_id for one in made] == [job.id for job in jobs]
    assert (await world.backend.monitor.counters("acme")).submitted == 60


async def test_no_outcomes_are_no_trouble(world: World) -> None:
    assert await world.backend.leases.finish([]) == []


@pytest.mark.parametrize("job_id", ["", "pending", "x" * 26, "00" + "a" * 24, "ff" + "a" * 24, "../livez", "a/b?c#d"])
async def test_unknown_jobs_are_not_found(world: World, job_id: str) -> None:
    for verb in (
        world.backend.jobs.get,
        world.backend.jobs.explain,
        world.backend.jobs.cancel,
        world.backend.jobs.retry,
    ):
        with pytest.raises(NotFound):
            await verb(job_id)
    with pytest.raises(NotFound):
        await world.backend.jobs.wait_finished(job_id, 0)


@pytest.mark.parametrize("cursor", ["!", "AAAA", "é"])
async def test_a_cursor_of_no_listing_is_refused(world: World, cursor: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await world.backend.jobs.list(JobQuery(cursor=cursor))
    assert refused.value.pointer == "/cursor"


async def test_a_full_backlog_refuses_jobs_until_one_has_left_it(world: World) -> None:
    """Scheduled and pending jobs count; running and ended ones do not, nor do those of other tenants."""
    await world.unlimit()
    await world.backend.tenants.change("acme", PolicyChange(max_waiting=3))
    await world.submit(delay_ms=60_000)
    first = await world.submit()
    made = await world.backend.jobs.submit([world.job(), world.job(), world.job("other", queue="q")])
    assert [each.status for each in made] == [SubmitStatus.CREATED, SubmitStatus.BACKLOG_FULL, SubmitStatus.CREATED]
    refusal = refusal_of(made[1])
    assert isinstance(refusal, BacklogFull)
    assert "3 of its jobs wait, and 3 may" in str(refusal)
    assert refusal.retry_after > 0
    await world.backend.jobs.cancel(first)
    await world.submit()
    assert (await world.submit_one(world.job())).status is SubmitStatus.BACKLOG_FULL
    (lease,) = await world.claim(queues=("default",))
    await world.submit()
    await world.end(lease, OutcomeKind.RELEASED)
    assert (await world.submit_one(world.job())).status is SubmitStatus.BACKLOG_FULL
