"""A worker runs suspects, jobs under which a worker process died, one at a time, and other jobs beside them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import msgspec
import pytest

from fairlane import State
from fairlane.job.context import JobContext
from fairlane.model.ids import new_claim_id
from fairlane.model.lease import ClaimRequest, Lease
from fairlane.model.states import Reason
from fairlane.worker.runnable import Runnable
from fairlane.worker.running import RunningJob
from fairlane.worker.suspects import Suspects
from tests.support.app_world import World, eventually


async def claim(world: World, most: int) -> list[Lease]:
    request = ClaimRequest(worker_id="dead", claim_id=new_claim_id(), max=most)
    return await world.engine.leases.claim(request)


async def made_suspects(world: World, task: str, count: int, timeout_ms: int = 300_000) -> list[str]:
    job_ids = [await world.submit_raw(task, b"[]", timeout_ms=timeout_ms) for _ in range(count)]
    assert len(await claim(world, count)) == count
    await world.engine.workers.reap("dead")
    return job_ids


class Gate:
    """A task whose jobs run until the gate opens."""

    def __init__(self, world: World) -> None:
        self.opened = asyncio.Event()
        self.begun = 0

        @world.app.task(name="gated")
        async def gated() -> None:
            self.begun += 1
            await self.opened.wait()

        @world.app.task(name="free")
        async def free() -> None:
            pass


async def is_held_by_a_worker(world: World, job_ids: list[str]) -> bool:
    return all([(await world.engine.jobs.get(job_id)).state is State.RUNNING for job_id in job_ids])


@pytest.mark.parametrize("executor", ["async", "thread"])
async def test_suspects_run_one_at_a_time_and_each_has_its_whole_timeout(world: World, executor: str) -> None:
    running, most = 0, 0

    async def stay() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.5)
        running -= 1

    if executor == "async":
        world.app.task(name="stay")(stay)
    else:
        world.app.task(name="stay")(lambda: asyncio.run(stay()))
    job_ids = await made_suspects(world, "stay", 4, timeout_ms=1_500)
    async with world.worker(slots=4):
        jobs = [await world.finished(job_id) for job_id in job_ids]
    assert [(job.state, job.attempt) for job in jobs] == [(State.COMPLETED, 1)] * 4
    assert most == 1


async def test_suspects_that_wait_leave_the_slots_to_other_jobs(world: World) -> None:
    gate = Gate(world)
    suspects = await made_suspects(world, "gated", 2)
    async with world.worker(slots=2):
        await eventually(lambda: is_held_by_a_worker(world, suspects), "the worker holds the suspects")
        job = await world.finished(await world.submit_raw("free", b"[]"))
        assert (job.state, gate.begun) == (State.COMPLETED, 1)
        gate.opened.set()
        for job_id in suspects:
            assert (await world.finished(job_id)).state is State.COMPLETED


async def test_suspects_that_wait_keep_their_leases(world: World) -> None:
    gate = Gate(world)
    suspects = await made_suspects(world, "gated", 2)
    async with world.worker(lease_ms=1_000):
        await eventually(lambda: is_held_by_a_worker(world, suspects), "the worker holds the suspects")
        await asyncio.sleep(2.5)
        gate.opened.set()
        jobs = [await world.finished(job_id) for job_id in suspects]
    assert [(job.state, job.attempt) for job in jobs] == [(State.COMPLETED, 1)] * 2


async def test_a_worker_that_drains_gives_back_the_suspects_that_wait_as_suspects(world: World) -> None:
    gate = Gate(world)
    suspects = await made_suspects(world, "gated", 3)
    async with world.worker() as worker:
        await eventually(lambda: is_held_by_a_worker(world, suspects), "the worker holds the suspects")
        worker.stop()

        async def are_given_back() -> bool:
            jobs = [await world.engine.jobs.get(job_id) for job_id in suspects[1:]]
            return [(job.state, job.reason, job.attempt) for job in jobs] == [(State.PENDING, Reason.RELEASED, 0)] * 2

        await eventually(are_given_back, "the suspects that wait are given back")
        gate.opened.set()
    assert (await world.engine.jobs.get(suspects[0])).state is State.COMPLETED
    assert gate.begun == 1
    assert [(lease.job_id, lease.suspect) for lease in await claim(world, 3)] == [(each, True) for each in suspects[1:]]


async def test_a_suspect_that_is_cancelled_while_it_waits_never_begins(world: World) -> None:
    gate = Gate(world)
    suspects = await made_suspects(world, "gated", 3)
    async with world.worker() as worker:
        await eventually(lambda: is_held_by_a_worker(world, suspects), "the worker holds the suspects")
        await world.engine.jobs.cancel(suspects[1])
        assert (await world.finished(suspects[1])).state is State.CANCELLED
        gate.opened.set()
        assert (await world.finished(suspects[2])).state is State.COMPLETED
        assert worker.abandoned == 0
    assert gate.begun == 2


def job(fence: int) -> RunningJob:
    lease = Lease(
        job_id=f"job-{fence}", token=f"c.{fence}", fence=fence, attempt=1, max_attempts=3, lease_seconds=30,
        tenant_id="t", queue="q", task="t", payload=msgspec.Raw(b"[]"), timeout_seconds=60, suspect=True,
    )  # fmt: skip
    return RunningJob(lease, cast(Runnable, None), JobContext(lease, 0.0, lambda: None), 0.0)


@pytest.fixture
def line() -> tuple[Suspects, Callable[[int], Any], list[int]]:
    began: list[int] = []
    held: dict[str, RunningJob] = {}
    suspects = Suspects(lambda each: began.append(each.lease.fence), held)

    def add(fence: int) -> None:
        held[f"c.{fence}"] = job(fence)
        suspects.add(held[f"c.{fence}"])

    return suspects, add, began


def test_the_next_suspect_begins_when_the_store_has_the_outcome_of_the_last(line: Any) -> None:
    suspects, add, began = line
    for fence in (3, 9, 5):
        add(fence)
    assert began == [3]
    suspects.settled("c.9")
    assert began == [3]
    suspects.settled("c.3")
    assert began == [3, 5]


def test_no_suspect_waits_whose_fence_is_lower_than_that_of_the_one_that_runs(line: Any) -> None:
    suspects, add, _ = line
    add(3)
    assert not suspects.may_add(job(2).lease)
    assert suspects.may_add(job(4).lease)
