"""Thousands of jobs of every kind end as they should, while their workers are killed."""

from __future__ import annotations

import asyncio
import logging
import random
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from fairlane.connect import open_engine
from fairlane.engine import Engine
from fairlane.model.job import Job, JobQuery
from fairlane.model.states import State
from fairlane.model.tenant import PolicyChange
from fairlane.sdk.task import Task
from fairlane.store import Durability, EmbeddedServer
from fairlane.upkeep.run import run_upkeep
from tests.support.running import Running, fairlane, kill

from . import mixed_tasks as tasks

log = logging.getLogger(__name__)

ROOT = Path(__file__).parents[2]
PROCESSES = 3
SLOTS = 90
KILLS = 15
THOUSANDS = 10
PAUSE_S = 0.5
TENANTS = 7
LOST = "worker_lost"

# Of a thousand jobs, how many are of which kind; arguments where the task takes some.
MIX: Mapping[str, int] = {
    "on_loop": 530,
    "in_thread": 200,
    "in_process": 60,
    "fail_always": 50,
    "fail_at_first": 50,
    "snooze_until": 40,
    "give_up": 10,
    "wait_on_loop": 20,
    "wait_in_thread": 10,
    "wait_in_process": 4,
    "overrun_on_loop": 14,
    "overrun_in_thread": 6,
    "overrun_in_process": 3,
    "die": 3,
}


def arguments(name: str) -> tuple[float, ...]:
    match name:
        case "on_loop" | "in_thread":
            return (random.uniform(0.01, 0.1),)
        case "in_process":
            return (random.uniform(0.0, 0.02),)
        case "snooze_until":
            return (time.time() + random.uniform(0, 5),)
    return ()


@asynccontextmanager
async def private_engine(folder: str) -> AsyncIterator[Engine]:
    """An engine with upkeep on a separate store. Its tenants have no limits, and it keeps all jobs."""
    server = EmbeddedServer(Path(folder), Durability.MEMORY)
    server.start()
    try:
        engine = await open_engine(f"embedded:{folder}", durability="memory")
        await engine.tenants.change_defaults(PolicyChange(submit_rate=None, concurrency=None, keep_completed_max=10**6))
        upkeep = asyncio.create_task(run_upkeep(engine.maintenance))
        try:
            yield engine
        finally:
            upkeep.cancel()
            await asyncio.wait([upkeep])
            await engine.close()
    finally:
        server.stop()


async def submit(name: str, count: int) -> list[str]:
    task: Task[..., object] = tasks.app.registry[name]
    ids = []
    priority = 9 if name.startswith("wait_") else 0  # else none of them would run before it is cancelled
    for tenant in range(TENANTS):
        share = count // TENANTS + (tenant < count % TENANTS)
        handles = await task.using(tenant=f"tenant-{tenant}", priority=priority).submit_many(
            [arguments(name) for _ in range(share)]
        )
        ids += [handle.id for handle in handles]
    return ids


async def submit_and_cancel(engine: Engine, name: str, count: int) -> list[str]:
    """Some are cancelled while they wait, some while they run; a few at a time, for they hold their slots."""
    ids: list[str] = []
    while len(ids) < count:
        wave = await submit(name, min(10, count - len(ids)))
        deadline = time.monotonic() + 10
        while not await any_runs(engine, wave) and time.monotonic() < deadline:  # noqa: ASYNC110  another process is awaited
            await asyncio.sleep(0.05)
        for job_id in wave:
            await engine.jobs.cancel(job_id)
        ids += wave
    return ids


async def any_runs(engine: Engine, ids: list[str]) -> bool:
    jobs = await asyncio.gather(*(engine.jobs.get(job_id) for job_id in ids))
    return any(job.state is State.RUNNING for job in jobs)


async def submit_all(engine: Engine) -> dict[str, str]:
    """The name of the task by the id of its job."""
    names: dict[str, str] = {}

    async def one(name: str, count: int) -> None:
        cancelled = name.startswith("wait_")
        ids = await (submit_and_cancel(engine, name, count) if cancelled else submit(name, count))
        names.update(dict.fromkeys(ids, name))

    async with asyncio.TaskGroup() as group:
        for name, of_thousand in MIX.items():
            group.create_task(one(name, of_thousand * THOUSANDS))
    return names


async def kill_workers(engine: Engine, killed: list[str], jobs: int) -> None:
    """A random one each time that another share of the jobs has ended, on however slow a machine; until cancelled."""
    while True:
        begun = await ended(engine)
        while await ended(engine) - begun < jobs / KILLS:  # noqa: ASYNC110  likewise
            await asyncio.sleep(PAUSE_S)
        workers = [worker for worker in await engine.workers.list() if worker.id not in killed]
        if workers:
            victim = random.choice(workers)
            kill(victim.pid)
            killed.append(victim.id)


async def ended(engine: Engine) -> int:
    states = (await engine.monitor.overview()).states
    return sum(count for state, count in states.items() if state.is_terminal)


async def drained(engine: Engine, within_s: float) -> None:
    deadline = time.monotonic() + within_s
    while True:
        states = (await engine.monitor.overview()).states
        if not (states[State.PENDING] or states[State.SCHEDULED] or states[State.RUNNING]):
            return
        if time.monotonic() > deadline:
            waiting = (await engine.jobs.list(JobQuery(state=State.PENDING, limit=3))).jobs
            why = [await engine.jobs.explain(job.id) for job in waiting]
            raise AssertionError(
                f"{states}, {waiting}, {why}, {await engine.maintenance.doctor()}, {await engine.workers.list()}"
            )
        await asyncio.sleep(0.1)


def is_done(job: Job) -> bool:
    """Ran until it succeeded: every attempt before was lost with its worker."""
    outcomes = [attempt.outcome for attempt in job.attempts]
    return job.state is State.COMPLETED and outcomes == [LOST] * (len(outcomes) - 1) + ["completed"]


def is_done_after_failing(job: Job) -> bool:
    outcomes = [attempt.outcome for attempt in job.attempts]
    before, last = outcomes[:-1], outcomes[-1]
    first_was_lost = before[0] == LOST if before else False
    right_first = before[:1] == ["failed"] or first_was_lost
    return job.state is State.COMPLETED and last == "completed" and right_first and set(before[1:]) <= {LOST}


def is_cancelled(job: Job) -> bool:
    before = [attempt.outcome for attempt in job.attempts[:-1]]
    return job.state is State.CANCELLED and set(before) <= {LOST}


def failed_twice(outcome: str) -> Callable[[Job], bool]:
    """Used up both attempts, in this way or with the worker."""

    def check(job: Job) -> bool:
        outcomes = [attempt.outcome for attempt in job.attempts]
        return job.state is State.FAILED and job.attempt == len(outcomes) == 2 and set(outcomes) <= {outcome, LOST}

    return check


def is_right(name: str, job: Job) -> bool:
    numbers = [attempt.number for attempt in job.attempts]
    if numbers != list(range(1, len(numbers) + 1)) or len(numbers) > job.max_attempts:
        return False
    if name.startswith("overrun_"):
        return failed_twice("timed_out")(job)
    if name.startswith("wait_") or name == "give_up":
        return is_cancelled(job)
    if name in ("fail_always", "die"):
        return failed_twice("failed" if name == "fail_always" else LOST)(job)
    return is_done_after_failing(job) if name == "fail_at_first" else is_done(job)


async def read_all(engine: Engine, ids: list[str]) -> list[Job]:
    jobs: list[Job] = []
    for first in range(0, len(ids), 200):
        jobs += await asyncio.gather(*(engine.jobs.get(job_id) for job_id in ids[first : first + 200]))
    return jobs


async def run_and_check(workers: Running, engine: Engine) -> None:
    killed: list[str] = []
    killer = asyncio.create_task(kill_workers(engine, killed, 1000 * THOUSANDS))
    began = time.monotonic()
    names = await submit_all(engine)
    try:
        await drained(engine, within_s=400)
    except AssertionError as error:
        raise AssertionError(workers.log()[-3000:]) from error
    took = time.monotonic() - began
    killer.cancel()
    jobs = await read_all(engine, list(names))
    wrong = [(names[job.id], job) for job in jobs if not is_right(names[job.id], job)]
    assert not wrong, f"{len(wrong)} of {len(jobs)}, such as {wrong[:3]}\n{workers.log()[-2000:]}"
    outcomes = Counter(attempt.outcome for job in jobs for attempt in job.attempts)
    assert (await engine.maintenance.doctor()).problems == []
    assert len(killed) >= 3
    assert outcomes[LOST] > 0
    assert sum(len(job.attempts) > 0 for job in jobs if names[job.id].startswith("wait_")) > 0
    print(f"{len(jobs)} jobs in {took:.1f} s, {len(killed)} workers killed, attempts: {dict(outcomes)}")  # noqa: T201


async def test_ten_thousand_mixed_jobs_end_as_they_should_while_workers_are_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("FAIRLANE_DURABILITY", "memory")
    with tempfile.TemporaryDirectory(prefix="fl-") as folder:
        url = f"embedded:{folder}"
        monkeypatch.setenv("FAIRLANE_URL", url)
        options = ("--url", url, "--processes", str(PROCESSES), "--slots", str(SLOTS), "--lease", "3s", "--no-upkeep")
        async with private_engine(folder) as engine:
            with fairlane(tmp_path, "worker", "tests.acceptance.mixed_tasks:app", *options) as workers:
                try:
                    await run_and_check(workers, engine)
                finally:
                    await tasks.app.close()
