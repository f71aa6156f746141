"""What is going on: figures, their history, and changes as they come."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing

import msgspec
import pytest

from fairlane.model.errors import NotFound
from fairlane.model.job import Job, Progress
from fairlane.model.lease import LeaseReport, OutcomeKind
from fairlane.model.monitor import Changes, JobChange
from fairlane.model.states import State

from .world import WORKER, World

PATIENCE_S = 30.0


async def next_changes(changes: AsyncGenerator[Changes]) -> Changes:
    async with asyncio.timeout(PATIENCE_S):
        return await anext(changes)


async def next_job(jobs: AsyncGenerator[Job]) -> Job:
    async with asyncio.timeout(PATIENCE_S):
        return await anext(jobs)


async def until_told(changes: AsyncGenerator[Changes], job_id: str, state: State) -> JobChange:
    """The news that this job is in this state."""
    while True:
        told = await next_changes(changes)
        assert not told.missed
        for change in told.jobs:
            if (change.id, change.state) == (job_id, state):
                return change


async def test_the_overview(world: World) -> None:
    await world.backend.leases.extend(WORKER, [], 30_000)
    await world.submit(queue="out")
    await world.submit(delay_ms=60_000)
    await world.run(queue="other", tenant="b")
    await world.fail_for_good(queue="dead", tenant="c")
    overview = await world.backend.monitor.overview()
    assert round(overview.at.timestamp() * 1000) == world.clock.now_us // 1000
    assert (overview.counters.submitted, overview.counters.completed, overview.counters.failed) == (4, 0, 1)
    assert overview.states == {
        State.SCHEDULED: 1, State.PENDING: 1, State.RUNNING: 1,
        State.COMPLETED: 0, State.FAILED: 1, State.CANCELLED: 0,
    }  # fmt: skip
    assert overview.queues == await world.backend.queues.list()
    assert [msgspec.structs.replace(one, heartbeat_at=0) for one in overview.workers] == [WORKER]


async def test_every_change_of_a_job_is_told(world: World) -> None:
    async with aclosing(world.backend.monitor.changes()) as changes:
        assert (await next_changes(changes)).missed
        job_id = await world.submit(queue="out", task="mail", tenant="t.1:@-", max_attempts=1)
        told = await until_told(changes, job_id, State.PENDING)
        assert (told.tenant_id, told.queue, told.task) == ("t.1:@-", "out", "mail")
        (lease,) = await world.claim()
        await until_told(changes, job_id, State.RUNNING)
        await world.end(lease, OutcomeKind.FAILED)
        await until_told(changes, job_id, State.FAILED)
        await world.backend.jobs.retry(job_id)
        await until_told(changes, job_id, State.PENDING)
        (lease,) = await world.claim()
        await world.end(lease, OutcomeKind.SNOOZED, delay_ms=5_000)
        await until_told(changes, job_id, State.SCHEDULED)
        world.clock.travel(6)
        await world.upkeep.promote(10)
        await until_told(changes, job_id, State.PENDING)
        (lease,) = await world.claim()
        await until_told(changes, job_id, State.RUNNING)
        world.clock.travel(31)
        await world.upkeep.reap(10)
        await until_told(changes, job_id, State.FAILED)
        other = await world.submit(delay_ms=9_000)
        await until_told(changes, other, State.SCHEDULED)
        await world.backend.jobs.cancel(other)
        await until_told(changes, other, State.CANCELLED)


async def test_many_changes_at_once_are_cut_short(world: World) -> None:
    await world.unlimit()
    async with aclosing(world.backend.monitor.changes()) as changes:
        assert (await next_changes(changes)).missed
        made = await world.backend.jobs.submit([world.job() for _ in range(500)])
        told = await next_changes(changes)
        assert len(told.jobs) == 200
        assert told.more
        assert {change.id for change in told.jobs} <= {one.job_id for one in made}


async def test_a_job_is_followed_to_its_end(world: World) -> None:
    job_id = await world.submit(payload=b'{"a":\n[1,\r\n2]}')
    async with aclosing(world.backend.monitor.follow(job_id)) as jobs:
        job = await next_job(jobs)
        assert (job.id, job.state, json.loads(bytes(job.payload))) == (job_id, State.PENDING, {"a": [1, 2]})
        (lease,) = await world.claim()
        assert (await next_job(jobs)).state is State.RUNNING
        await world.backend.leases.extend(
            WORKER, [LeaseReport(job_id, lease.token, Progress(1, 3, "</script>\n"))], 30_000
        )
        job = await next_job(jobs)
        assert (job.state, job.progress) == (State.RUNNING, Progress(1, 3, "</script>\n"))
        await world.end(lease, OutcomeKind.COMPLETED)
        assert (await next_job(jobs)).state is State.COMPLETED
        with pytest.raises(StopAsyncIteration):
            await next_job(jobs)


async def test_a_job_that_has_ended_is_shown_once(world: World) -> None:
    job_id = await world.fail_for_good()
    async with asyncio.timeout(PATIENCE_S):
        assert [job.state async for job in world.backend.monitor.follow(job_id)] == [State.FAILED]


@pytest.mark.parametrize("job_id", ["", "00" + "a" * 24, "../livez"])
async def test_unknown_jobs_cannot_be_followed(world: World, job_id: str) -> None:
    with pytest.raises(NotFound):
        await next_job(world.backend.monitor.follow(job_id))


async def test_history(world: World) -> None:
    world.clock.now_us += -world.clock.now_us % 60_000_000
    assert (await world.backend.monitor.history(60)).points == []
    assert (await world.upkeep.sample()).count == 2
    _, lease = await world.run(queue="a")
    await world.submit()
    world.clock.travel(4)
    await world.end(lease, OutcomeKind.COMPLETED)
    step = await world.upkeep.sample()
    assert (step.count, step.next_ms) == (0, 6_000)
    world.clock.travel(6)
    assert (await world.upkeep.sample()).count == 1
    await world.submit(delay_ms=60_000)
    (lease,) = await world.claim()
    await world.end(lease, OutcomeKind.FAILED, delay_ms=60_000)
    world.clock.travel(25)
    assert (await world.upkeep.sample()).count == 1
    history = await world.backend.monitor.history(60)
    assert history.step_seconds == 10
    first, second = history.points
    assert (second.at - first.at).total_seconds() == first.seconds + second.seconds - first.seconds == 20
    assert (first.submitted, first.completed, first.failed, first.started) == (2, 1, 0, 1)
    assert (first.wait_seconds, first.run_seconds) == (0, 4)
    assert (first.pending, first.running, first.scheduled, first.dlq) == (1, 0, 0, 0)
    assert (second.submitted, second.completed, second.failed, second.retried, second.started) == (1, 0, 1, 1, 1)
    assert (second.wait_seconds, second.run_seconds) == (10, 0)
    assert (second.pending, second.scheduled) == (0, 2)
    assert (await world.backend.monitor.history(180)).points == []
