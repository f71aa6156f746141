"""The sync face: for scripts, threads and processes without an event loop."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading

import pytest

from fairlane import InvalidInput, JobFailed, Retry, State, SyncJobHandle, current
from fairlane.model.job import JobQuery
from fairlane.model.names import check_name
from tests.support.app_world import ROOT, World


async def in_thread(world: World, function: object, *args: object) -> object:
    """What a function returns that may block, while the test's loop runs workers; its connections closed."""
    try:
        return await asyncio.to_thread(function, *args)  # type: ignore[arg-type]
    finally:
        await asyncio.to_thread(world.app.close_sync)


async def test_a_job_is_submitted_awaited_refreshed_and_cancelled(world: World) -> None:
    @world.app.task(retry=Retry(1))
    def half(n: int) -> float:
        if n % 2:
            raise ValueError("odd")
        return n / 2

    def script() -> None:
        job: SyncJobHandle[float] = half.using(tenant="acme").submit_sync(4)
        assert job.result(timeout=30) == 2.0
        assert (job.refresh().state, job.refresh().tenant_id) == (State.COMPLETED, "acme")
        with pytest.raises(JobFailed, match="odd"):
            half.bind(3).submit_sync().result(timeout=30)
        later = half.using(delay="1h").submit_sync(2)
        with pytest.raises(TimeoutError):
            later.result(timeout="20ms")
        assert later.cancel().state is State.CANCELLED
        with pytest.raises(InvalidInput, match="Expected `int`"):
            half.submit_sync("4")  # type: ignore[arg-type]

    async with world.worker():
        await in_thread(world, script)


async def test_a_job_is_followed_until_it_ends(world: World) -> None:
    go_on = asyncio.Event()

    @world.app.task
    async def work() -> None:
        await current().progress(1, 2)
        await go_on.wait()

    loop = asyncio.get_running_loop()

    def script() -> None:
        job = work.submit_sync()
        states = []
        for seen in job.events():
            states.append(seen.state)
            if seen.progress is not None:
                loop.call_soon_threadsafe(go_on.set)
        assert (states[-1], seen.progress and seen.progress.total) == (State.COMPLETED, 2)
        assert next(iter(job.events())).state is State.COMPLETED  # left before its end

    async with world.worker():
        await in_thread(world, script)


async def test_a_sync_call_does_not_hold_up_an_event_loop(world: World) -> None:
    @world.app.task
    def work() -> None:
        pass

    with pytest.raises(RuntimeError, match="await the async method"):
        work.submit_sync()
    assert (await world.engine.monitor.counters()).submitted == 0


async def test_the_tenant_of_the_calling_thread_counts(world: World) -> None:
    @world.app.task
    def child() -> None:
        pass

    @world.app.task
    def parent() -> str:
        return child.submit_sync().id

    def script() -> str:
        with world.app.tenant("block"):
            return child.submit_sync().id

    async with world.worker():
        of_job = await (await parent.using(tenant="acme").submit()).result(timeout=30)
        of_block = await in_thread(world, script)
    tenants = [(await world.engine.jobs.get(str(job_id))).tenant_id for job_id in (of_job, of_block)]
    assert tenants == ["acme", "block"]


async def test_calls_of_many_threads_share_commits(world: World) -> None:
    @world.app.task
    def work(n: int) -> None:
        pass

    def script() -> list[str]:
        ids: list[str] = []
        threads = [
            threading.Thread(target=lambda: ids.extend([work.submit_sync(n).id for n in range(50)])) for _ in range(16)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return ids

    await world.engine.store.client.config_resetstat()
    ids = await in_thread(world, script)
    assert isinstance(ids, list) and len(set(ids)) == 800
    commands = await world.engine.store.client.info("commandstats")
    assert commands["cmdstat_fcall"]["calls"] < 400


@pytest.mark.parametrize(
    ("script", "printed", "submitted"),
    [
        ("submit_and_leave", 1, 1),
        ("submit_from_a_thread_that_outlives_main", 1, 1),
        ("submit_before_and_after_fork", 41, 41),
        ("submit_after_a_forked_child_has_ended", 2, 2),
        ("fork_while_threads_submit", 10, None),
        ("submit_in_a_pool", 30, 31),
    ],
)
async def test_a_process_submits_and_ends_in_peace(
    world: World, script: str, printed: int, submitted: int | None
) -> None:
    command = [sys.executable, "-W", "default", "-W", "ignore:This process:DeprecationWarning"]
    command += ["-m", "tests.sdk.sync_script", check_name(script, "script"), world.url]
    run = await asyncio.to_thread(subprocess.run, command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stderr) == (0, "")
    ids = run.stdout.split()
    assert len(set(ids)) == len(ids) == printed
    for job_id in ids:
        await world.engine.jobs.get(job_id)
    if submitted is not None:
        assert (await world.engine.monitor.counters()).submitted == submitted
        assert len((await world.engine.jobs.list(JobQuery(limit=100))).jobs) == submitted


async def test_ctrl_c_ends_a_wait(world: World) -> None:
    command = [sys.executable, "-W", "default", "-m", "tests.sdk.sync_script", "wait_for_ever", world.url]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert process.stdout is not None
        await world.engine.jobs.get((await process.stdout.readline()).decode().strip())
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(15):
            _, told = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode != 0
    assert told.rstrip().endswith(b"KeyboardInterrupt") and b"Warning" not in told


async def test_a_process_that_keeps_the_embedded_store_stops_it_at_its_end(tmp_path: object) -> None:
    command = [
        sys.executable,
        "-W",
        "default",
        "-m",
        "tests.sdk.sync_script",
        "submit_and_leave",
        f"embedded:{tmp_path}",
    ]
    for _ in range(2):  # the second finds the folder free
        run = await asyncio.to_thread(subprocess.run, command, cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert (run.returncode, run.stderr) == (0, "")
