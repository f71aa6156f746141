"""`App.testing()`: real jobs on a private store, with a clock that tests move."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import threading
from contextvars import ContextVar
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from fairlane import App, InvalidInput, Job, JobFailed, RateLimited, Retry, Snooze, State, StoreUnavailable, current
from fairlane.model.schedule import Missed, ScheduleSpec
from fairlane.model.tenant import PolicyChange, Rate
from fairlane.testing import Testing

app = App("valkey://127.0.0.1:1", tenancy="default")  # where no server listens


@app.task
async def add(first: int, second: int) -> int:
    return first + second


@app.task
def add_in_a_thread(first: int, second: int) -> int:
    return first + second


@app.task(retry=Retry(3, base="1m", cap="1h"))
async def fail(times: int) -> int:
    if current().attempt <= times:
        raise ValueError("not yet")
    return current().attempt


@app.task
async def wait_for_morning() -> str:
    if not snoozed:
        snoozed.append(current().id)
        raise Snooze("8h")
    return "good morning"


@app.task
async def fan_out(count: int) -> None:
    await add.submit_many([(number, 1) for number in range(count)])


@app.task
async def wait_for(name: str) -> str:
    gates[name].started.set()
    await gates[name].opened.wait()
    return name


class Gate:
    """Where a job waits until the test has seen it."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.opened = asyncio.Event()


snoozed: list[str] = []
gates: dict[str, Gate] = {}


async def tell_of_failure(job: Job) -> None:
    await add.submit(job.attempt, 0)


@app.task(retry=Retry(1), on_failure=tell_of_failure)
def fail_at_once() -> None:
    raise ValueError("at once")


@app.task(executor="process")
def submit_from_a_process() -> int:
    add.submit_sync(1, 2)
    return os.getpid()


async def test_drain_runs_what_is_due_and_returns_it() -> None:
    async with app.testing() as t:
        first = await add.submit(1, 2)
        second = await add_in_a_thread.submit(3, 4)
        later = await add.using(delay="10m").submit(5, 6)
        assert [job.id for job in await t.drain()] == [first.id, second.id]
        assert (await first.result(), await second.result()) == (3, 7)
        assert (await later.refresh()).state is State.SCHEDULED
        assert await t.drain() == []


async def test_travel_makes_delayed_jobs_due_to_the_millisecond() -> None:
    async with app.testing() as t:
        began = t.now
        job = await add.using(delay="10m").submit(1, 1)
        await t.travel(timedelta(minutes=10, milliseconds=-1))
        assert await t.drain() == []
        await t.travel("1ms")
        assert (await job.refresh()).state is State.PENDING
        assert [done.id for done in await t.drain()] == [job.id]
        assert t.now - began == timedelta(minutes=10)


async def test_run_at_counts_from_the_clock_of_the_test() -> None:
    async with app.testing() as t:
        await t.travel("300d")
        handle = await add.using(run_at=t.now + timedelta(days=300)).submit(1, 2)
        with pytest.raises(InvalidInput, match="366 days"):
            add.using(run_at=t.now + timedelta(days=367))
        await t.travel("300d")
        await t.drain()
        assert await handle.result() == 3


async def test_retries_wait_for_their_backoff() -> None:
    async with app.testing() as t:
        job = await fail.submit(2)
        assert [(done.state, done.attempt) for done in await t.drain()] == [(State.SCHEDULED, 1)]
        assert await t.drain() == []
        await t.travel("1m")
        assert [(done.state, done.attempt) for done in await t.drain()] == [(State.SCHEDULED, 2)]
        await t.travel("2m")
        await t.drain()
        assert await job.result() == 3


async def test_jobs_whose_attempts_are_used_up_go_to_the_dead_letter_queue() -> None:
    async with app.testing() as t:
        job = await fail.submit(9)
        for _ in range(3):
            await t.drain()
            await t.travel("1h")
        with pytest.raises(JobFailed, match="not yet"):
            await job.result()


async def test_snoozed_jobs_come_back_when_it_is_time() -> None:
    async with app.testing() as t:
        job = await wait_for_morning.submit()
        await t.drain()
        assert not (await job.refresh()).state.is_terminal
        await t.travel("8h")
        await t.drain()
        assert await job.result() == "good morning"


async def test_drain_runs_what_jobs_submit_and_each_job_is_returned_once() -> None:
    async with app.testing() as t:
        parent = await fan_out.submit(20)
        jobs = await t.drain()
        assert [job.task for job in jobs] == ["fan_out"] + ["add"] * 20
        assert jobs[0].id == parent.id
        assert len({job.id for job in jobs}) == 21


async def test_limits_hold_when_a_test_sets_them() -> None:
    async with app.testing() as t:
        queue = await app.connect()
        await queue.tenants.change("default", PolicyChange(submit_rate=Rate(2, 60.0)))
        for _ in range(2):
            await add.submit(1, 1)
        with pytest.raises(RateLimited):
            await add.submit(1, 1)
        await t.travel("1m")
        await add.submit(1, 1)
        assert len(await t.drain()) == 3


async def test_a_paused_tenants_jobs_are_not_due() -> None:
    async with app.testing() as t:
        queue = await app.connect()
        await queue.tenants.change("default", PolicyChange(paused=True))
        await add.submit(1, 1)
        assert await t.drain() == []
        await queue.tenants.change("default", PolicyChange(paused=False))
        assert len(await t.drain()) == 1


async def test_a_job_that_runs_while_the_clock_moves_keeps_its_lease() -> None:
    gate = gates["lease"] = Gate()
    async with app.testing() as t:
        job = await wait_for.submit("lease")
        draining = asyncio.create_task(t.drain())
        await gate.started.wait()
        await t.travel("2h")
        running = await job.refresh()
        assert running.state is State.RUNNING
        assert running.lease_expires_at is not None
        assert running.lease_expires_at.timestamp() > t.now.timestamp()
        gate.opened.set()
        assert [(done.state, done.attempt) for done in await draining] == [(State.COMPLETED, 1)]


async def test_a_drain_that_takes_too_long_says_so_and_gives_its_jobs_back() -> None:
    gate = gates["long"] = Gate()
    async with app.testing() as t:
        job = await wait_for.submit("long")
        with pytest.raises(TimeoutError, match=r"after 300ms in drain\(\)"):
            await t.drain(timeout="300ms")
        assert (await job.refresh()).state is State.PENDING
        gate.opened.set()
        await t.drain()
        assert await job.result() == "long"


async def test_every_test_begins_with_an_empty_store() -> None:
    async with app.testing() as t:
        first = await add.submit(1, 1)
    async with app.testing() as t:
        assert await t.drain() == []
        assert first.id not in {job.id for job in (await t.drain())}


async def test_two_apps_at_once_do_not_meet() -> None:
    other = App(tenancy="default")
    double = other.task(name="add")(lambda first, second: 2 * (first + second))
    async with app.testing() as t, other.testing() as u:
        await add.submit(1, 1)
        assert await u.drain() == []
        job = await double.submit(1, 1)
        await u.drain()
        assert await job.result() == 4
        assert len(await t.drain()) == 1


async def test_afterwards_the_app_goes_where_it_went_before() -> None:
    async with app.testing():
        await app.connect()
    with pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1:1 cannot be reached"):
        await app.connect()


async def test_entering_that_is_cancelled_leaves_the_app_as_it_was() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0), app.testing():
            raise AssertionError("not entered")
    with pytest.raises(StoreUnavailable, match="cannot be reached"):
        await app.connect()


async def test_one_testing_cannot_be_entered_twice_or_used_when_over() -> None:
    t = app.testing()
    async with t:
        with pytest.raises(RuntimeError, match="in use already"):
            t.__enter__()
        assert await t.drain() == []
    with pytest.raises(RuntimeError, match="is over"):
        await t.drain()


def test_code_without_an_event_loop_can_be_tested_too() -> None:
    async def submit_one() -> str:
        async with app:
            return (await add.submit(1, 2)).id

    with app.testing() as t:
        job_id = asyncio.run(submit_one())
        assert [job.id for job in asyncio.run(t.drain())] == [job_id]


def test_other_threads_submit_to_the_private_store(recwarn: pytest.WarningsRecorder) -> None:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        with app.testing() as t:
            asyncio.run_coroutine_threadsafe(add.submit(1, 2), loop).result(10)
            assert len(asyncio.run(t.drain())) == 1
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
    assert not recwarn.list


def test_nothing_is_left_behind_when_the_process_ends(tmp_path: Path) -> None:
    script = (
        "import asyncio\nfrom fairlane import App\napp = App(tenancy='default')\n"
        "async def main():\n    async with app.testing() as t:\n        print(t._store.url, flush=True)\n        {}\n"
        "asyncio.run(main())"
    )
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    run = [sys.executable, "-c"]
    subprocess.run([*run, script.format("pass")], env=environment, check=True, timeout=30, stdout=subprocess.DEVNULL)
    subprocess.run([*run, script.format("raise SystemExit")], env=environment, check=True, timeout=30, stdout=-3)
    assert list(tmp_path.glob("fairlane-testing-*")) == []


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = (
        "import os, signal\nfrom fairlane.testing.private_store import borrow_store\n"
        "borrow_store()\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    killed = subprocess.run([sys.executable, "-c", script], env=environment, check=False, timeout=30)
    assert killed.returncode == -signal.SIGKILL
    (folder,) = tmp_path.glob("fairlane-testing-*")
    os.utime(folder / "store.lock", (0, 0))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    from fairlane.testing import private_store

    private_store._remove_orphans()
    assert not folder.exists()


def test_it_is_not_taken_for_a_test() -> None:
    assert not Testing.__test__


async def test_a_handle_can_be_made_of_an_id() -> None:
    async with app.testing() as t:
        job = await add.submit(1, 2)
        await t.drain()
        assert await app.job(job.id).result() == 3


def test_sync_code_submits_to_the_private_store_too() -> None:
    with app.testing() as t:
        job = add.submit_sync(1, 2)
        assert [done.id for done in asyncio.run(t.drain())] == [job.id]
        assert app.job_sync(job.id).result() == 3


async def test_hooks_of_failures_are_called_and_their_jobs_run() -> None:
    async with app.testing() as t:
        await fail_at_once.submit()
        assert [job.task for job in await t.drain()] == ["fail_at_once", "add"]


async def test_tasks_that_ask_for_a_process_run_here_and_submit_to_the_private_store() -> None:
    async with app.testing() as t:
        job = await submit_from_a_process.submit()
        assert [job.task for job in await t.drain()] == ["submit_from_a_process", "add"]
        assert await job.result() == os.getpid()


async def test_a_job_is_cancelled_while_it_runs() -> None:
    gates["cancelled"] = Gate()
    async with app.testing() as t:
        job = await wait_for.submit("cancelled")
        draining = asyncio.create_task(t.drain(timeout="30s"))
        await gates["cancelled"].started.wait()
        await job.cancel()
        assert [done.state for done in await draining] == [State.CANCELLED]


async def test_schedules_fire_at_each_tick_that_is_passed() -> None:
    async with app.testing() as t:
        schedules = (await app.connect()).schedules
        spec = ScheduleSpec(
            tenant_id="default",
            name="hourly",
            cron="0 * * * *",
            task="add",
            payload=msgspec.Raw(b"[1, 2]"),
            missed=Missed.SKIP,
        )
        await schedules.put(spec)
        assert await t.drain() == []
        await t.travel("1d")
        jobs = await t.drain()
        assert len(jobs) == 24
        assert [job.created_at.minute for job in jobs] == [0] * 24
        await schedules.pause("default", "hourly", True)
        await t.travel("1d")
        assert await t.drain() == []
        schedule = await schedules.get("default", "hourly")
        assert (schedule.missed_count, schedule.last_job_id) == (0, jobs[-1].id)


async def test_jobs_see_no_context_variables_of_the_test() -> None:
    seen: list[str] = []
    variable = ContextVar("variable", default="unset")
    tested = App(tenancy="default")

    @tested.task
    async def look() -> None:
        seen.append(variable.get())

    @tested.task
    def look_in_a_thread() -> None:
        seen.append(variable.get())

    async with tested.testing() as testing:
        variable.set("of the test")
        await look.submit()
        await look_in_a_thread.submit()
        await testing.drain()
    assert seen == ["unset"] * 2
