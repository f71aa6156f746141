"""Batches on a store: bounds, retention, crashes between two steps, and what the doctor finds."""

from __future__ import annotations

import pytest

from fairlane.engine import Engine
from fairlane.model.batch import MAX_BATCH_JOBS, MAX_BATCHES, Batch, BatchState, NewBatch
from fairlane.model.errors import BatchFull, NotFound
from fairlane.model.job import NewJob, SubmitStatus
from fairlane.model.refusals import refusal_of
from fairlane.model.tenant import PolicyChange
from fairlane.upkeep.loop import STEP_JOBS
from tests.support.acting import claim, finish, lift_limits, lose_reply, submit
from tests.support.clock import Clock

from .test_script_time import check_scripts

PREFIX = "fl:{0}:"


async def create(engine: Engine, *callbacks: str, tenant: str = "acme") -> Batch:
    jobs = {name: NewJob(id="", tenant_id=tenant, payload=b"{}", task=name) for name in callbacks}
    return await engine.batches.create(NewBatch(id=engine.batches.new_id(tenant), tenant_id=tenant, **jobs))


async def healthy(engine: Engine) -> bool:
    return (await engine.maintenance.doctor()).problems == []


async def test_the_last_job_joins_a_batch_and_the_next_is_refused(engine: Engine) -> None:
    batch = await create(engine)
    members = {f"job{n}": 2 for n in range(MAX_BATCH_JOBS - 1)}
    await engine.store.client.zadd(f"{PREFIX}members/{batch.id}", members)
    (last, beyond) = await submit(engine, "acme", 2, batch_id=batch.id)
    assert (last.status, beyond.status) == (SubmitStatus.CREATED, SubmitStatus.BATCH_FULL)
    assert str(refusal_of(beyond)) == "batchId: a batch can have 100,000 jobs at most; create another one"
    assert (await engine.batches.get(batch.id)).total == MAX_BATCH_JOBS


async def test_a_tenant_with_as_many_batches_as_it_may_loses_the_first_that_was_over(engine: Engine) -> None:
    over = await create(engine)
    await engine.batches.seal(over.id)
    await engine.store.client.zadd(f"{PREFIX}batches/acme", {f"batch{n}": 1 for n in range(MAX_BATCHES - 1)})
    await create(engine)
    with pytest.raises(NotFound):
        await engine.batches.get(over.id)
    with pytest.raises(BatchFull, match="acme has 10,000 batches that are not over; seal or cancel some of them"):
        await create(engine)
    await create(engine, tenant="other")


async def test_a_batch_is_kept_as_long_as_its_jobs(engine: Engine, clock: Clock) -> None:
    await engine.tenants.change("acme", PolicyChange(keep_completed_seconds=60, keep_failed_seconds=100))
    batch = await create(engine, "then")
    await submit(engine, "acme", 3, batch_id=batch.id)
    await engine.batches.seal(batch.id)
    await finish(engine, await claim(engine, 3))
    clock.advance(ms=99_999)
    await engine.maintenance.prune(50)
    kept = await engine.batches.get(batch.id)
    assert (kept.total, kept.completed, kept.state) == (3, 3, BatchState.COMPLETED)
    assert await healthy(engine)
    clock.advance(ms=1)
    await engine.maintenance.prune(50)
    with pytest.raises(NotFound):
        await engine.batches.get(batch.id)
    assert await engine.store.client.keys(f"{PREFIX}*{batch.id}*") == []
    assert await healthy(engine)


async def test_a_batch_that_is_not_over_is_kept(engine: Engine, clock: Clock) -> None:
    await engine.tenants.change("acme", PolicyChange(keep_completed_seconds=0, keep_failed_seconds=0))
    batch = await create(engine)
    await submit(engine, "acme", batch_id=batch.id)
    await finish(engine, await claim(engine, 1))
    clock.advance(ms=100_000)
    assert (await engine.maintenance.prune(50)).count == 1
    assert (await engine.batches.get(batch.id)).completed == 1


async def test_upkeep_makes_the_callbacks_that_no_worker_has_made(engine: Engine) -> None:
    """The last unfinished job is cancelled; no call about a lease comes after it."""
    batch = await create(engine, "then", "on_failure")
    (made,) = await submit(engine, "acme", batch_id=batch.id)
    await engine.batches.seal(batch.id)
    await engine.jobs.cancel(made.job_id)
    assert (await engine.batches.get(batch.id)).on_failure_job_id is None
    assert await healthy(engine)
    assert (await engine.maintenance.settle(STEP_JOBS)).count == 1
    (lease,) = await claim(engine, 5)
    assert lease.task == "on_failure"
    assert (await engine.maintenance.settle(STEP_JOBS)).count == 0


async def test_a_lost_reply_makes_no_second_callback(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = await create(engine, "then")
    await submit(engine, "acme", batch_id=batch.id)
    await engine.batches.seal(batch.id)
    leases = await claim(engine, 1)
    lost = await lose_reply(monkeypatch, engine.store, "finish")
    await finish(engine, leases)
    assert lost.is_set()
    assert [lease.task for lease in await claim(engine, 5)] == ["then"]


async def test_upkeep_cancels_what_a_caller_has_not(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    await lift_limits(engine)
    batch = await create(engine, "finally_", "then")
    await submit(engine, "acme", 3 * STEP_JOBS, batch_id=batch.id)
    monkeypatch.setattr("fairlane.engine.batches.PATIENCE_S", 0)
    found = await engine.batches.cancel(batch.id)
    assert (found.state, found.unfinished) == (BatchState.CANCELLING, 3 * STEP_JOBS)
    assert await healthy(engine)
    while (await engine.maintenance.settle(STEP_JOBS)).next_ms == 0:
        assert await healthy(engine)
    found = await engine.batches.get(batch.id)
    assert (found.state, found.cancelled) == (BatchState.CANCELLED, 3 * STEP_JOBS)
    assert [lease.task for lease in await claim(engine, 5)] == ["finally_"]


async def test_a_large_batch_needs_no_long_script(engine: Engine) -> None:
    await lift_limits(engine)
    batch = await create(engine, "then")
    await engine.store.client.config_resetstat()
    for _ in range(10):
        await submit(engine, "acme", 200, batch_id=batch.id)
    await engine.batches.seal(batch.id)
    for _ in range(5):
        await finish(engine, await claim(engine, 100))
    await engine.batches.cancel(batch.id)
    await check_scripts(engine)
    assert (await engine.batches.get(batch.id)).unfinished == 0


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (("ZADD", "members/{batch}", 2, "{job}"), "batch {batch} does not know the state of the job {job}"),
        (("ZREM", "members/{batch}", "{job}"), "job {job} is not in its batch {batch}"),
        (("HDEL", "batched", "{job}"), "batch {batch} has the job {job}, which does not belong to it"),
        (("ZREM", "batches/acme", "{batch}"), "batch {batch} is not in batches/acme"),
        (("HSET", "batch/{batch}", "over", 1), "batch {batch} is not over and does not know it"),
        (("DEL", "batch/{batch}"), "key members/{batch} belongs to no batch"),
    ],
)
async def test_the_doctor_finds_what_disagrees(engine: Engine, command: tuple[str, ...], problem: str) -> None:
    batch = await create(engine, "then")
    (made,) = await submit(engine, "acme", batch_id=batch.id)
    assert await healthy(engine)
    name, key, *rest = [str(part).format(batch=batch.id, job=made.job_id) for part in command]
    await engine.store.client.execute_command(name, PREFIX + key, *rest)  # type: ignore[no-untyped-call]
    assert problem.format(batch=batch.id, job=made.job_id) in (await engine.maintenance.doctor()).problems


async def test_the_doctor_finds_a_callback_that_is_not_made(engine: Engine) -> None:
    batch = await create(engine, "on_failure")
    (made,) = await submit(engine, "acme", batch_id=batch.id)
    await engine.jobs.cancel(made.job_id)
    assert await healthy(engine)
    await engine.store.client.delete(f"{PREFIX}unsettled")
    problems = (await engine.maintenance.doctor()).problems
    assert problems == [f"batch {batch.id} has not made a callback that is due"]
