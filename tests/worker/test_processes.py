"""Jobs in child processes: what they see, how they end, and that they harm no neighbour."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from fairlane import App, InvalidInput, State
from fairlane.model.job import Job
from fairlane.model.states import Reason
from tests.support import process_tasks as tasks
from tests.support.app_world import WorkerProcess, World, eventually, json_of


async def submit(world: World, task: Any, *args: Any, **options: Any) -> str:
    """Submit to the world's store, whatever the app's own one is."""
    payload = task.parameters.encode(args, {})
    timeout_ms = options.pop("timeout_ms", task.options.timeout_ms)
    max_attempts = task.options.retry.max_attempts
    return await world.submit_raw(task.name, payload, timeout_ms=timeout_ms, max_attempts=max_attempts)


async def run(world: World, task: Any, *args: Any) -> Job:
    async with world.worker(app=tasks.app):
        return await world.finished(await submit(world, task, *args))


async def test_a_job_runs_in_a_process_of_its_own_and_knows_itself(world: World) -> None:
    job = await run(world, tasks.look)
    seen = json_of(job.result)
    assert isinstance(seen, dict)
    assert (seen["id"], seen["tenant"], seen["attempt"]) == (job.id, "default", 1)
    assert job.started_at is not None
    assert seen["fence"] >= job.started_at.timestamp() * 1_000_000
    assert not seen["cancelled"]
    assert 290 < seen["remaining"] <= 300
    assert seen["pid"] == seen["group"] != os.getpid()
    assert not _lives(seen["pid"]), "an idle process outlives its worker"


async def test_middleware_runs_in_the_process_too(world: World) -> None:
    async with world.worker(app=tasks.greeted):
        job = await world.finished(await submit(world, tasks.listen))
    assert json_of(job.result) == "hello default"


async def test_processes_are_kept_for_the_next_jobs(world: World) -> None:
    async with world.worker(app=tasks.app, slots=1):
        jobs = [await world.finished(await submit(world, tasks.look)) for _ in range(3)]
    assert len({json_of(job.result)["pid"] for job in jobs}) == 1  # type: ignore[index]


async def test_arguments_results_and_failures_pass_unchanged(world: World, tmp_path: Path) -> None:
    async with world.worker(app=tasks.app):
        ids = [
            await submit(world, tasks.add, 2, 3),
            await submit(world, tasks.long_text, 200_000),
            await submit(world, tasks.snooze_once, str(tmp_path / "snoozed")),
            await submit(world, tasks.rate_limited_once, str(tmp_path / "limited")),
            await submit(world, tasks.give_up),
            await submit(world, tasks.fail, "no such user"),
            await world.submit_raw("add", b'["one", 2]'),
            await submit(world, tasks.long_text, 300_000),
        ]
        added, long, snoozed, limited, cancelled, failed, misfit, too_long = [
            await world.finished(job_id) for job_id in ids
        ]
    assert json_of(added.result) == 5
    assert json_of(long.result) == "x" * 200_000
    assert (snoozed.state, json_of(snoozed.result)) == (State.COMPLETED, 1)
    assert sorted(os.listdir(tmp_path)) == ["limited", "snoozed"]
    assert (limited.state, json_of(limited.result)) == (State.COMPLETED, 1)
    assert (cancelled.state, cancelled.reason) == (State.CANCELLED, Reason.CANCELLED_BY_TASK)
    assert (failed.state, failed.attempt) == (State.FAILED, 2)
    assert failed.error is not None and (failed.error.type, failed.error.message) == ("ValueError", "no such user")
    assert failed.error.traceback is not None and "in fail" in failed.error.traceback
    assert (misfit.reason, misfit.attempt) == (Reason.REJECTED, 1)
    assert (too_long.reason, too_long.attempt) == (Reason.REJECTED, 1)
    assert too_long.error is not None and "262144 at most" in too_long.error.message


@pytest.mark.parametrize(
    ("task", "args", "how"),
    [
        (tasks.segfault, (), "was ended by SIGSEGV"),
        (tasks.exit_now, (3,), "ended with code 3"),
        (tasks.exit_now, (0,), "ended with code 0"),
        (tasks.killed_for_memory, (), "was ended by SIGKILL, as when memory runs out"),
    ],
)
async def test_a_process_that_dies_fails_its_attempt_and_harms_no_neighbour(
    world: World, task: Any, args: tuple[Any, ...], how: str
) -> None:
    async with world.worker(app=tasks.app):
        neighbour = await submit(world, tasks.burn, 1.5)
        poison = await world.finished(await submit(world, task, *args))
        beside = await world.finished(neighbour)
    assert (poison.state, poison.reason, poison.attempt) == (State.FAILED, Reason.WORKER_LOST, 2)
    assert [attempt.outcome for attempt in poison.attempts] == ["worker_lost", "worker_lost"]
    for attempt in poison.attempts:
        assert attempt.error is not None and attempt.error.message == f"the process that ran the job {how}"
    assert (beside.state, beside.attempt) == (State.COMPLETED, 1)


async def test_a_job_that_ignores_its_timeout_is_killed(world: World) -> None:
    async with world.worker(app=tasks.app, drain_seconds=60):  # the worker's end would wait for one that lives
        job = await world.finished(await submit(world, tasks.ignore_the_timeout))
    assert (job.state, job.reason) == (State.FAILED, Reason.TIMED_OUT)


async def test_a_cancelled_job_is_killed_with_all_that_it_started(world: World, tmp_path: Path) -> None:
    note = tmp_path / "pids"
    async with world.worker(app=tasks.app, lease_ms=6_000):
        job_id = await submit(world, tasks.hold, str(note))
        pids = await eventually(lambda: _pids(note), "the job has begun")
        await world.engine.jobs.cancel(job_id)
        job = await world.finished(job_id)
        assert (job.state, job.reason) == (State.CANCELLED, Reason.CANCELLED_BY_USER)
        await eventually(lambda: _are_gone(pids), "the processes are gone")


async def test_a_job_may_stop_by_itself_when_cancelled(world: World) -> None:
    async with world.worker(app=tasks.app, lease_ms=6_000):
        job_id = await submit(world, tasks.heed)
        await eventually(lambda: _runs(world, job_id), "the job runs")
        await world.engine.jobs.cancel(job_id)
        assert (await world.finished(job_id)).state is State.CANCELLED
        # Its process was not killed: it may serve again.
        assert json_of((await world.finished(await submit(world, tasks.add, 1, 1))).result) == 2


async def test_a_job_that_outlasts_the_drain_is_given_back(world: World, tmp_path: Path) -> None:
    note = tmp_path / "pids"
    async with world.worker(app=tasks.app, drain_seconds=0.1):
        job_id = await submit(world, tasks.hold, str(note))
        pids = await eventually(lambda: _pids(note), "the job has begun")
    job = await world.engine.jobs.get(job_id)
    assert (job.state, job.reason, job.attempt) == (State.PENDING, Reason.RELEASED, 0)
    await eventually(lambda: _are_gone(pids), "the processes are gone")


async def test_computing_jobs_lose_no_lease(world: World) -> None:
    async with world.worker(app=tasks.app, slots=4, lease_ms=3_000):
        ids = [await submit(world, tasks.burn, 6.0) for _ in range(4)]
        jobs = [await world.finished(job_id) for job_id in ids]
    assert [(job.state, job.attempt) for job in jobs] == [(State.COMPLETED, 1)] * 4
    counts = [json_of(job.result) for job in jobs]
    assert min(counts) * 4 > max(counts), "one starved another"  # type: ignore[type-var, operator]


async def test_processes_die_with_their_worker(world: World, tmp_path: Path) -> None:
    note = tmp_path / "pids"
    (diaries := tmp_path / "diaries").mkdir()
    with WorkerProcess(world, diaries) as worker:
        await submit(world, tasks.hold, str(note))
        pids = await eventually(lambda: _pids(note), "the job has begun")
        worker.process.send_signal(signal.SIGKILL)
        await eventually(lambda: _are_gone(pids[:1]), "its process is gone")
    os.kill(pids[1], signal.SIGKILL)


async def test_progress_of_a_process_is_seen(world: World) -> None:
    async with world.worker(app=tasks.app):
        job_id = await submit(world, tasks.steps, 200)

        async def look() -> bool:
            job = await world.engine.jobs.get(job_id)
            return job.progress is not None and job.progress.total == 200

        await eventually(look, "progress shows")
        assert (await world.engine.jobs.get(job_id)).state is State.RUNNING
        await world.finished(job_id)


def test_a_task_that_no_process_could_import_is_refused_where_it_is_defined() -> None:
    def hidden() -> None: ...

    with pytest.raises(InvalidInput) as refused:
        App(tenancy="default").task(executor="process")(hidden)
    told = f"{hidden.__qualname__} is not"
    assert str(refused.value) == (
        'task hidden: with executor="process" its function must be defined at the top level of a module, so that '
        f"another process can import it; {told}"
    )


async def test_the_jobs_of_a_misplaced_task_fail_and_those_of_others_run(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    async with world.worker(app=tasks.misplaced):
        renamed, gone, well = [await world.submit_raw(task, b"[]") for task in ("renamed", "gone", "in_its_place")]
        told = []
        for job in [await world.finished(renamed), await world.finished(gone)]:
            assert (job.reason, job.attempt) == (Reason.REJECTED, 1)
            assert job.error is not None and job.error.type == "InvalidTask"
            told.append(job.error.message)
        assert json_of((await world.finished(well)).result) == 7
    module = tasks.__name__
    assert told == [
        f'task renamed: with executor="process" the task itself must go by its function\'s name, {module}.plain, where '
        "another process will look for it",
        f'task gone: with executor="process" another process imports its function, and {module} has no moved; define '
        "it at the top level of the module",
    ]
    assert set(told) <= set(caplog.messages)


async def _runs(world: World, job_id: str) -> bool:
    return (await world.engine.jobs.get(job_id)).state is State.RUNNING


async def _pids(note: Path) -> list[int]:
    try:
        return [int(pid) for pid in note.read_bytes().split()]  # noqa: ASYNC240  a few bytes
    except FileNotFoundError:
        return []


async def _are_gone(pids: list[int]) -> bool:
    return not any(_lives(pid) for pid in pids)


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in ("Z", "X")
