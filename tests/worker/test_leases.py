"""A worker keeps the leases of its jobs while it lives, and drops the jobs whose leases it lost."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from pathlib import Path

from fairlane import State, current
from fairlane.model.states import Reason
from tests.support.app_world import PATIENCE_SECONDS, WorkerProcess, World, eventually, json_of


async def test_a_blocked_loop_keeps_its_leases(world: World, tmp_path: Path) -> None:
    with WorkerProcess(world, tmp_path, lease_ms=3_000) as worker:
        blocking = await world.submit_raw("block", b"[7]")
        job = await world.finished(blocking)
        assert worker.diary(blocking) == ["begin", "end"]
    assert (job.state, json_of(job.result), job.attempt) == (State.COMPLETED, "blocked", 1)


async def test_a_blocked_loop_gives_up_a_job_long_after_its_timeout(world: World, tmp_path: Path) -> None:
    with WorkerProcess(world, tmp_path, lease_ms=1_000):
        blocking = await world.submit_raw("block", b"[30]", timeout_ms=100, max_attempts=1)
        job = await world.finished(blocking)
    assert (job.state, job.reason) == (State.FAILED, Reason.WORKER_LOST)


async def test_a_worker_that_slept_through_its_lease_changes_nothing(world: World, tmp_path: Path) -> None:
    with WorkerProcess(world, tmp_path, lease_ms=3_000) as sleeper:
        job_id = await world.submit_raw("rest", b"[4]")
        await sleeper.has_begun(job_id)
        sleeper.process.send_signal(signal.SIGSTOP)
        with WorkerProcess(world, tmp_path, lease_ms=3_000) as heir:
            await heir.has_begun(job_id)
            sleeper.process.send_signal(signal.SIGCONT)

            async def gave_up() -> bool:
                return sleeper.diary(job_id) == ["begin", "cancelled"]

            await eventually(gave_up, "the sleeper stops the job")
            job = await world.finished(job_id)
            assert heir.diary(job_id) == ["begin", "end"]
    assert (job.state, job.attempt) == (State.COMPLETED, 2)
    assert [attempt.outcome for attempt in job.attempts] == ["worker_lost", "completed"]


async def test_a_job_whose_lease_was_ended_is_stopped_and_not_reported(world: World) -> None:
    stopped = asyncio.Event()
    thread_stopped = threading.Event()
    fences: dict[str, int] = {}

    def is_second() -> bool:
        return current().fence > fences.setdefault(current().id, current().fence)

    @world.app.task
    async def on_loop() -> str:
        if is_second():
            return "second"
        try:
            await asyncio.sleep(60)
        finally:
            stopped.set()
        return "never"

    @world.app.task
    def in_thread() -> str:
        if is_second():
            return "second"
        deadline = time.monotonic() + 60
        while not current().cancelled and time.monotonic() < deadline:
            time.sleep(0.01)
        thread_stopped.set()
        return "first, which must stay unseen"

    async with world.worker(lease_ms=6_000) as worker:
        handles = [await on_loop.submit(), await in_thread.submit()]
        for handle in handles:
            await eventually(lambda: _is_running(world, handle.id), "the job runs")  # noqa: B023  called at once
        reaped = await world.engine.workers.reap(worker.options.worker_id)
        assert reaped.requeued == 2
        jobs = [await world.finished(handle.id) for handle in handles]
        assert [json_of(job.result) for job in jobs] == ["second", "second"]
        async with asyncio.timeout(PATIENCE_SECONDS):
            await stopped.wait()
        assert await asyncio.to_thread(thread_stopped.wait, PATIENCE_SECONDS)
    assert [json_of((await world.engine.jobs.get(job.id)).result) for job in jobs] == ["second", "second"]


async def _is_running(world: World, job_id: str) -> bool:
    return (await world.engine.jobs.get(job_id)).state is State.RUNNING


async def test_a_worker_is_seen_while_it_lives(world: World) -> None:
    async with world.worker(slots=3) as worker:

        async def look() -> list[tuple[str, int, bool]]:
            return [(report.id, report.slots, report.draining) for report in await world.engine.workers.list()]

        assert await eventually(look, "the worker shows") == [(worker.options.worker_id, 3, False)]
