"""A worker that is told to stop lets short jobs end, gives the others back, and leaves nothing undone."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from fairlane import State
from fairlane.model.states import Reason
from fairlane.process.signals import SAME_REQUEST_SECONDS
from tests.support.app_world import WorkerProcess, World, json_of


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_short_jobs_end_and_long_ones_are_released(world: World, tmp_path: Path, number: signal.Signals) -> None:
    with WorkerProcess(world, tmp_path, drain_seconds=3.5) as worker:
        short, long, hanging = [
            await world.submit_raw(task, payload)
            for task, payload in [("rest", b"[1.0]"), ("rest", b"[60]"), ("hang", b"[60]")]
        ]
        for job_id in (short, long, hanging):
            await worker.has_begun(job_id)
        worker.process.send_signal(number)
        await worker.drains(world)
        waiting = await world.submit_raw("rest", b"[0]")
        assert await worker.ended() == 0
        assert worker.diary(short) == ["begin", "end"]
        assert worker.diary(long) == ["begin", "cancelled"]
    assert json_of((await world.engine.jobs.get(short)).result) == "rested"
    for job_id in (long, hanging):
        job = await world.engine.jobs.get(job_id)
        assert (job.state, job.reason, job.attempt) == (State.PENDING, Reason.RELEASED, 0)
    assert (await world.engine.jobs.get(waiting)).attempt == 0


async def test_an_idle_worker_stops_at_once(world: World, tmp_path: Path) -> None:
    with WorkerProcess(world, tmp_path, drain_seconds=60) as worker:
        warm_up = await world.submit_raw("rest", b"[0]")
        await world.finished(warm_up)
        worker.process.terminate()
        assert await worker.ended(10.0) == 0


async def test_a_second_signal_ends_it_at_once(world: World, tmp_path: Path) -> None:
    with WorkerProcess(world, tmp_path, drain_seconds=60) as worker:
        job_id = await world.submit_raw("rest", b"[60]")
        await worker.has_begun(job_id)
        worker.process.terminate()
        await worker.drains(world)
        worker.process.terminate()  # a copy of the first request
        await asyncio.sleep(SAME_REQUEST_SECONDS)
        assert worker.process.poll() is None
        worker.process.terminate()
        assert await worker.ended() == 128 + signal.SIGTERM
    assert (await world.engine.jobs.get(job_id)).state is State.RUNNING


async def test_a_second_signal_is_heard_while_a_job_blocks_the_loop(world: World, tmp_path: Path) -> None:
    with WorkerProcess(world, tmp_path, drain_seconds=60) as worker:
        job_id = await world.submit_raw("block", b"[60]")
        await worker.has_begun(job_id)
        worker.process.terminate()
        await worker.has_heard(signal.SIGTERM)
        await asyncio.sleep(SAME_REQUEST_SECONDS + 0.3)  # its handler runs right after
        worker.process.terminate()
        assert await worker.ended() == 128 + signal.SIGTERM


async def test_jobs_that_do_not_listen_do_not_keep_the_process(world: World, tmp_path: Path) -> None:
    with WorkerProcess(world, tmp_path, drain_seconds=0.2) as worker:
        deaf, hanging = await world.submit_raw("deaf", b"[60]"), await world.submit_raw("hang", b"[60]")
        for job_id in (deaf, hanging):
            await worker.has_begun(job_id)
        worker.process.terminate()
        assert await worker.ended() == 0
    for job_id in (deaf, hanging):
        assert (await world.engine.jobs.get(job_id)).reason is Reason.RELEASED


@pytest.mark.parametrize("own_pool", [False, True])
async def test_threads_that_jobs_leave_behind_do_not_keep_the_process(
    world: World, tmp_path: Path, own_pool: bool
) -> None:
    slots = 1 if own_pool else 40  # more than the loop's pool has threads
    payload = b"[60, true]" if own_pool else b"[60, false]"
    with WorkerProcess(world, tmp_path, drain_seconds=0.2, slots=slots) as worker:
        jobs = [await world.submit_raw("hang_elsewhere", payload) for _ in range(slots)]
        for job_id in jobs:
            await worker.has_begun(job_id)
        worker.process.terminate()
        assert await worker.ended(20.0) == 0
    assert {(await world.engine.jobs.get(job_id)).reason for job_id in jobs} == {Reason.RELEASED}
    assert await world.engine.workers.list() == []


async def test_starting_and_stopping_again_and_again_loses_nothing(world: World) -> None:
    @world.app.task
    async def work(n: int) -> int:
        await asyncio.sleep(0.002)
        return n

    handles = await work.submit_many([(n,) for n in range(600)])
    for pause in (0.0, 0.01, 0.02, 0.03, 0.05):
        async with world.worker(slots=20):
            await asyncio.sleep(pause)
    assert not [job for job in [await handle.refresh() for handle in handles] if job.state is State.RUNNING]
    async with world.worker(slots=50):
        jobs = await asyncio.gather(*(world.finished(handle.id) for handle in handles))
    assert [json_of(job.result) for job in jobs] == list(range(600))
    assert {job.attempt for job in jobs} == {1}
