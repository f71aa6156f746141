"""Jobs of every kind at once, with workers killed at random meanwhile: each ends as it must."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from fairlane import Job, JobHandle, State, Task
from fairlane.model.states import Reason

from . import mixed_tasks as tasks
from .world import ROOT, World, json_of

SHARES: dict[Task[[int], Any], int] = {
    tasks.on_the_loop: 45,
    tasks.in_a_thread: 20,
    tasks.in_a_process: 5,
    tasks.fails_at_first: 6,
    tasks.asks_for_time: 4,
    tasks.snoozes: 5,
    tasks.always_fails: 5,
    tasks.gives_up: 4,
    tasks.lingers: 3,
    tasks.overruns: 2,
    tasks.overruns_in_a_process: 1,
}
"""Jobs of each task, of a hundred."""
ENDS_OF_FAILURE = {Reason.ATTEMPTS_EXHAUSTED, Reason.WORKER_LOST}
ENDS_OF_OVERRUN = {Reason.TIMED_OUT, Reason.WORKER_LOST}
LEASE_SECONDS = 2


class Fleet:
    """Worker processes, one of which is killed now and then."""

    def __init__(self, url: str, seed: int) -> None:
        fairlane = str(Path(sys.executable).with_name("fairlane"))
        self._command = [fairlane, "worker", "tests.sdk.mixed_tasks:app", "--no-upkeep", "--store", url]
        self._command += ["--slots", "20", "--lease", f"{LEASE_SECONDS}s"]
        self._workers: list[subprocess.Popen[bytes]] = []
        self._chance = random.Random(seed)

    def start(self) -> None:
        self._workers.append(subprocess.Popen(self._command, cwd=ROOT, stderr=subprocess.DEVNULL))

    async def kill_one(self) -> None:
        """Have one process end without a word, and another one take its place."""
        victim = self._workers.pop(self._chance.randrange(len(self._workers)))
        victim.send_signal(signal.SIGKILL)
        await asyncio.to_thread(victim.wait)
        self.start()

    def stop(self) -> list[int]:
        """Have them drain; their exit codes."""
        for worker in self._workers:
            worker.terminate()
        return [worker.wait(30) for worker in self._workers]

    def kill(self) -> None:
        for worker in self._workers:
            worker.kill()
            worker.wait()


@asynccontextmanager
async def running_fleet(world: World, workers: int, seed: int) -> AsyncIterator[Fleet]:
    fleet = Fleet(world.url, seed)
    try:
        for _ in range(workers):
            fleet.start()
        yield fleet
        # A worker that has only just been started ends by the signal itself.
        assert set(await asyncio.to_thread(fleet.stop)) <= {0, -signal.SIGTERM}
    finally:
        fleet.kill()


def check(job: Job, n: int) -> None:
    """That a job of every kind ended as it must."""
    outcomes = [attempt.outcome for attempt in job.attempts]
    told = [outcome for outcome in outcomes if outcome != "worker_lost"]
    assert [attempt.number for attempt in job.attempts] == list(range(1, job.attempt + 1))
    match job.task:
        case "always_fails":
            assert job.state is State.FAILED and job.reason in ENDS_OF_FAILURE
            assert len(outcomes) == tasks.FAILING_ATTEMPTS and set(told) <= {"failed"}
        case "overruns" | "overruns_in_a_process":
            assert job.state is State.FAILED and job.reason in ENDS_OF_OVERRUN
            assert outcomes in (["timed_out"], ["worker_lost"])
        case "gives_up":
            assert (job.state, job.reason, told) == (State.CANCELLED, Reason.CANCELLED_BY_TASK, ["cancelled"])
        case "lingers":
            assert (job.state, job.reason) == (State.CANCELLED, Reason.CANCELLED_BY_USER)
            assert set(told) <= {"cancelled"}
        case "fails_at_first" | "asks_for_time":
            assert (job.state, json_of(job.result)) == (State.COMPLETED, n)
            assert told in (["failed", "completed"], ["completed"]) and (told[0] == "failed" or outcomes[0] != "failed")
        case _:
            assert (job.state, json_of(job.result), told) == (State.COMPLETED, n, ["completed"])


@pytest.mark.parametrize(("count", "kills"), [(500, 5), pytest.param(10_000, 40, marks=pytest.mark.soak)])
async def test_mixed_jobs_end_as_they_must_while_workers_are_killed(
    world: World, monkeypatch: pytest.MonkeyPatch, count: int, kills: int
) -> None:
    monkeypatch.setenv("FAIRLANE_URL", world.url)
    async with tasks.app, running_fleet(world, workers=3, seed=count) as fleet, asyncio.timeout(60 + count / 25):
        submitted: list[tuple[JobHandle[Any], int]] = []
        cancels: list[asyncio.Task[None]] = []
        for _ in range(count // sum(SHARES.values())):
            for task, share in SHARES.items():
                handles = await task.submit_many([(n,) for n in range(share)])
                submitted += zip(handles, range(share), strict=True)
                if task is tasks.lingers:
                    cancels += [asyncio.create_task(_cancel_after(handle, 0.2)) for handle in handles]
        await asyncio.gather(*cancels)
        ends: Counter[State] = Counter()
        for i, (handle, n) in enumerate(submitted, 1):
            if i % (count // kills) == 0:
                await fleet.kill_one()
            job = await _ended(world, handle.id)
            check(job, n)
            ends[job.state] += 1
    assert ends.total() == count
    assert (await world.engine.tenant("default")).running == 0


async def _cancel_after(handle: JobHandle[Any], seconds: float) -> None:
    await asyncio.sleep(seconds)
    await handle.cancel()


async def _ended(world: World, job_id: str) -> Job:
    while True:
        job = await world.engine.wait_finished(job_id, 10_000)
        if job is not None:
            return job
