"""Batches: jobs that belong together, and what is made when they have ended."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from fairlane.model.batch import MAX_CALLBACK_BYTES, Batch, BatchState, NewBatch
from fairlane.model.bulk import BulkAction
from fairlane.model.errors import Conflict, IdTaken, InvalidInput, NotFound, PayloadTooLarge
from fairlane.model.job import JobQuery, NewJob, SubmitStatus
from fairlane.model.lease import OutcomeKind
from fairlane.model.refusals import refusal_of
from fairlane.model.states import State

from .world import World


def callback(task: str, **fields: Any) -> NewJob:
    return NewJob(**{"id": "", "tenant_id": "acme", "payload": b"[7]", "task": task} | fields)


async def batch(world: World, **callbacks: NewJob) -> Batch:
    batches = world.backend.batches
    return await batches.create(NewBatch(id=batches.new_id("acme"), tenant_id="acme", **callbacks))


async def all_callbacks(world: World) -> Batch:
    named = {"then": callback("then"), "on_failure": callback("alert"), "finally_": callback("tidy")}
    return await batch(world, **named)


async def end_all(world: World, kind: OutcomeKind = OutcomeKind.COMPLETED) -> list[str]:
    """End every job that can start; the names of their tasks, in order."""
    leases = await world.claim(100)
    for lease in leases:
        await world.end(lease, kind)
    return [lease.task for lease in leases]


async def test_callbacks_come_when_the_last_job_has_completed(world: World) -> None:
    made = await all_callbacks(world)
    assert (made.state, made.total, made.tenant_id) == (BatchState.OPEN, 0, "acme")
    ids = [await world.submit(batch_id=made.id) for _ in range(3)]
    assert [(await world.backend.jobs.get(i)).batch_id for i in ids] == [made.id] * 3
    assert await end_all(world) == ["default"] * 3
    open_one = await world.backend.batches.get(made.id)
    assert (open_one.state, open_one.completed, open_one.then_job_id) == (BatchState.OPEN, 3, None)
    sealed = await world.backend.batches.seal(made.id)
    assert (sealed.state, sealed.total, sealed.unfinished) == (BatchState.COMPLETED, 3, 0)
    assert sealed.on_failure_job_id is None
    then = await world.backend.jobs.get(sealed.then_job_id or "")
    assert (then.task, bytes(then.payload), then.state, then.batch_id) == ("then", b"[7]", State.PENDING, None)
    assert await end_all(world) == ["then", "tidy"]
    assert await end_all(world) == []
    assert await world.backend.batches.seal(made.id) == await world.backend.batches.get(made.id) == sealed


async def test_the_last_job_makes_the_callbacks_of_a_sealed_batch(world: World) -> None:
    made = await all_callbacks(world)
    await world.submit(batch_id=made.id)
    assert (await world.backend.batches.seal(made.id)).state is BatchState.RUNNING
    await end_all(world)
    assert await end_all(world) == ["then", "tidy"]


async def test_an_empty_batch_has_completed(world: World) -> None:
    made = await all_callbacks(world)
    sealed = await world.backend.batches.seal(made.id)
    assert (sealed.state, sealed.total) == (BatchState.COMPLETED, 0)
    assert await end_all(world) == ["then", "tidy"]


async def test_the_first_failure_makes_its_callback_at_once_and_only_once(world: World) -> None:
    made = await all_callbacks(world)
    for _ in range(3):
        await world.submit(batch_id=made.id, max_attempts=1)
    first, *others = await world.claim(3)
    await world.end(first, OutcomeKind.FAILED)
    assert await end_all(world) == ["alert"]
    for lease in others:
        await world.end(lease, OutcomeKind.FAILED)
    sealed = await world.backend.batches.seal(made.id)
    assert (sealed.state, sealed.failed, sealed.then_job_id) == (BatchState.FAILED, 3, None)
    assert await end_all(world) == ["tidy"]


async def test_a_failed_job_that_is_retried_can_still_complete_the_batch(world: World) -> None:
    made = await all_callbacks(world)
    failed = await world.submit(batch_id=made.id, max_attempts=1)
    await world.backend.batches.seal(made.id)
    await end_all(world, OutcomeKind.FAILED)
    assert await end_all(world) == ["alert", "tidy"]
    await world.backend.jobs.retry(failed)
    again = await world.backend.batches.get(made.id)
    assert (again.state, again.unfinished, again.failed, again.finished_at) == (BatchState.RUNNING, 1, 0, None)
    await end_all(world)
    assert await end_all(world) == ["then"]  # the other two were made before
    assert (await world.backend.batches.get(made.id)).state is BatchState.COMPLETED


async def test_a_batch_is_cancelled_as_a_whole(world: World) -> None:
    made = await all_callbacks(world)
    jobs = [await world.submit(batch_id=made.id) for _ in range(5)]
    outside = await world.submit()
    (running,) = await world.claim()
    cancelled = await world.backend.batches.cancel(made.id)
    assert (cancelled.state, cancelled.cancelled, cancelled.unfinished) == (BatchState.CANCELLING, 4, 1)
    assert (await world.backend.jobs.get(outside)).state is State.PENDING
    await world.end(running, OutcomeKind.CANCELLED)
    over = await world.backend.batches.cancel(made.id)
    assert (over.state, over.cancelled) == (BatchState.CANCELLED, len(jobs))
    assert await end_all(world) == ["default", "tidy"]
    refused = await world.submit_one(world.job(batch_id=made.id))
    assert refused.status is SubmitStatus.BATCH_SEALED


async def test_a_batch_that_is_over_cannot_be_cancelled(world: World) -> None:
    made = await batch(world)
    await world.backend.batches.seal(made.id)
    with pytest.raises(Conflict, match="all jobs of the batch have ended"):
        await world.backend.batches.cancel(made.id)


async def test_only_running_jobs_of_a_sealed_batch_add_to_it(world: World) -> None:
    made = await all_callbacks(world)
    await world.submit(batch_id=made.id)
    _, stranger = await world.run(queue="other")
    await world.backend.batches.seal(made.id)
    refused = await world.submit_one(world.job(batch_id=made.id))
    assert str(refusal_of(refused)) == (
        "the batch is sealed or cancelled: only its running jobs can add to it; create another batch"
    )
    outside = await world.submit_one(world.job(batch_id=made.id, parent=stranger.as_parent))
    assert outside.status is SubmitStatus.BATCH_SEALED
    (member,) = await world.claim()
    assert member.batch_id == made.id
    added = await world.submit_one(world.job(batch_id=made.id, parent=member.as_parent))
    assert added.status is SubmitStatus.CREATED
    await world.end(member, OutcomeKind.COMPLETED)
    assert (await world.backend.batches.get(made.id)).unfinished == 1
    late = await world.submit_one(world.job(batch_id=made.id, parent=member.as_parent))
    assert late.status is SubmitStatus.BATCH_SEALED
    assert await end_all(world) == ["default"]
    assert await end_all(world) == ["then", "tidy"]


async def test_a_job_must_name_a_batch_of_its_tenant(world: World) -> None:
    made = await batch(world)
    for job in world.job("other", batch_id=made.id), world.job(batch_id=world.backend.batches.new_id("acme")):
        refused = await world.submit_one(job)
        assert refused.status is SubmitStatus.UNKNOWN_BATCH
        assert str(refusal_of(refused)) == "batchId: the tenant has no batch with this id; create it first"
    assert (await world.backend.batches.get(made.id)).total == 0


async def test_creating_a_batch_again_changes_nothing(world: World) -> None:
    batches = world.backend.batches
    wanted = NewBatch(id=batches.new_id("acme"), tenant_id="acme", then=callback("then"))
    first = await batches.create(wanted)
    await world.submit(batch_id=first.id)
    assert (await batches.create(wanted)).total == 1
    with pytest.raises(IdTaken, match=f"another batch has the id {first.id}"):
        await batches.create(msgspec.structs.replace(wanted, then=callback("other")))


async def test_the_jobs_of_a_batch_are_listed_and_changed_together(world: World) -> None:
    made = await batch(world)
    ids = {await world.submit(batch_id=made.id, max_attempts=1) for _ in range(4)}
    await world.submit()
    one, two = await world.claim(2)
    await world.end(one, OutcomeKind.FAILED)
    await world.end(two, OutcomeKind.COMPLETED)
    page = await world.backend.jobs.list(JobQuery(batch_id=made.id))
    assert [job.state for job in page.jobs] == [State.FAILED, State.COMPLETED, State.PENDING, State.PENDING]
    assert {job.id for job in page.jobs} == ids
    failed = await world.backend.jobs.list(JobQuery(batch_id=made.id, state=State.FAILED))
    assert [job.id for job in failed.jobs] == [one.job_id]
    assert (await world.backend.jobs.list(JobQuery(batch_id=made.id, tenant_id="other"))).jobs == []
    for absent in ("00" + "f" * 24, "ff" + "f" * 24):  # the second is an id of a partition that the store does not have
        assert (await world.backend.jobs.list(JobQuery(batch_id=absent))).jobs == []
    result = await world.backend.jobs.change(BulkAction.RETRY, JobQuery(batch_id=made.id, state=State.FAILED))
    assert result.count == 1
    assert (await world.backend.batches.get(made.id)).unfinished == 3


async def test_batches_are_listed_from_the_newest(world: World) -> None:
    made = []
    for _ in range(3):
        made.append((await batch(world)).id)
        world.clock.advance(ms=5)
    other = await world.backend.batches.create(NewBatch(id=world.backend.batches.new_id("bee"), tenant_id="bee"))
    page = await world.backend.batches.list(2)
    assert [each.id for each in page.batches] == [other.id, made[2]]
    rest = await world.backend.batches.list(2, page.next_cursor)
    assert ([each.id for each in rest.batches], rest.next_cursor) == ([made[1], made[0]], None)
    own = await world.backend.batches.list(10, tenant_id="acme")
    assert [each.id for each in own.batches] == made[::-1]


async def test_a_batch_counts_jobs_that_were_deleted(world: World) -> None:
    made = await batch(world)
    jobs = [await world.submit(batch_id=made.id) for _ in range(2)]
    await end_all(world)
    assert (await world.backend.jobs.change(BulkAction.DELETE, jobs)).count == 2
    sealed = await world.backend.batches.seal(made.id)
    assert (sealed.total, sealed.completed, sealed.state) == (2, 2, BatchState.COMPLETED)
    assert (await world.backend.jobs.list(JobQuery(batch_id=made.id))).jobs == []


async def test_callbacks_are_bounded(world: World) -> None:
    large = b'"' + b"x" * (MAX_CALLBACK_BYTES // 2) + b'"'
    with pytest.raises((InvalidInput, PayloadTooLarge), match="256 KiB"):
        await batch(world, then=callback("a", payload=large), finally_=callback("b", payload=large))


async def test_an_unknown_batch_is_not_found(world: World) -> None:
    unknown = world.backend.batches.new_id("acme")
    for call in world.backend.batches.get, world.backend.batches.seal, world.backend.batches.cancel:
        for batch_id in unknown, "nonsense":
            with pytest.raises(NotFound, match=f"there is no batch {batch_id}"):
                await call(batch_id)
