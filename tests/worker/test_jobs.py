"""What a job does decides how it ends; nothing that it does ends the worker."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from decimal import Decimal
from typing import Any

import pytest

from fairlane import Cancel, Retry, RetryAfter, Snooze, State, current
from fairlane.model.errors import InvalidInput
from fairlane.model.job import Job, JobQuery, Progress
from fairlane.model.states import Reason
from fairlane.worker.stalls import LOOK_SECONDS
from tests.support.app_world import PATIENCE_SECONDS, World, eventually, json_of

SOON = Retry(3, base="10ms", cap="20ms")


async def ended(world: World, function: Callable[[], Any], retry: Retry | None = None) -> Job:
    """A job of this function, once it has ended."""
    task = world.app.task(name="work", retry=retry)(function)
    async with world.worker():
        return await world.finished((await task.submit()).id)


async def test_a_failure_is_retried_until_it_succeeds(world: World) -> None:
    async def work() -> int:
        if current().attempt < 3:
            raise ValueError("not yet")
        return current().attempt

    job = await ended(world, work, SOON)
    assert (job.state, json_of(job.result), job.attempt) == (State.COMPLETED, 3, 3)
    assert [(attempt.number, attempt.outcome) for attempt in job.attempts] == [
        (1, "failed"),
        (2, "failed"),
        (3, "completed"),
    ]
    assert job.attempts[0].error is not None and job.attempts[0].error.message == "not yet"


async def test_used_up_attempts_end_in_the_dead_letter_queue(world: World) -> None:
    def work() -> None:
        raise ValueError("never")

    job = await ended(world, work, SOON)
    assert (job.state, job.reason, job.attempt) == (State.FAILED, Reason.ATTEMPTS_EXHAUSTED, 3)
    assert job.error is not None and job.error.type == "ValueError"
    assert job.error.traceback is not None and "in work" in job.error.traceback


@pytest.mark.parametrize("failure", [SystemExit(1), KeyboardInterrupt(), asyncio.CancelledError(), StopIteration()])
@pytest.mark.parametrize("is_async", [True, False])
async def test_no_exception_of_a_job_ends_the_worker(world: World, failure: BaseException, is_async: bool) -> None:
    async def work_async() -> None:
        raise failure

    def work_in_thread() -> None:
        raise failure

    job = await ended(world, work_async if is_async else work_in_thread, Retry(1))
    assert (job.state, job.reason) == (State.FAILED, Reason.ATTEMPTS_EXHAUSTED)
    assert job.error is not None
    # A coroutine cannot raise StopIteration; Python makes a RuntimeError of it.
    expected = "RuntimeError" if is_async and isinstance(failure, StopIteration) else type(failure).__name__
    assert job.error.type == expected


@pytest.mark.parametrize("install", [sys.settrace, sys.setprofile])
async def test_a_trace_function_that_raises_fails_its_job(world: World, install: Callable[[Any], None]) -> None:
    def work() -> None:
        install(lambda *_: 1 / 0)

    job = await ended(world, work, Retry(1))
    assert job.state is State.FAILED
    assert job.error is not None and job.error.type == "ZeroDivisionError"


async def test_a_job_can_ask_for_a_later_retry(world: World) -> None:
    async def work() -> str:
        if current().attempt == 1:
            raise RetryAfter("300ms", "the API is busy")
        return "done"

    begun = time.monotonic()
    job = await ended(world, work, SOON)
    assert (job.state, job.attempt) == (State.COMPLETED, 2)
    assert time.monotonic() - begun >= 0.3
    assert job.attempts[0].error is not None and job.attempts[0].error.message == "the API is busy"


async def test_snoozing_burns_no_attempt(world: World) -> None:
    tries: list[int] = []

    async def work() -> None:
        tries.append(current().attempt)
        if len(tries) < 4:
            raise Snooze("10ms")

    job = await ended(world, work, Retry(2))
    assert (job.state, job.attempt, tries) == (State.COMPLETED, 1, [1, 1, 1, 1])


async def test_a_job_can_cancel_itself(world: World) -> None:
    async def work() -> None:
        raise Cancel("the user is gone")

    job = await ended(world, work)
    assert (job.state, job.reason) == (State.CANCELLED, Reason.CANCELLED_BY_TASK)
    assert job.error is not None and (job.error.type, job.error.message) == ("Cancel", "the user is gone")


async def test_a_result_that_cannot_be_stored_fails_at_once(world: World) -> None:
    async def work() -> object:
        return object()

    job = await ended(world, work)
    assert (job.state, job.reason, job.attempt) == (State.FAILED, Reason.REJECTED, 1)
    assert job.error is not None and job.error.type == "InvalidResult"


async def test_unknown_tasks_and_bad_payloads_burn_no_retries(world: World) -> None:
    @world.app.task
    async def work(number: int) -> int:
        return number

    async with world.worker():
        ids = [
            await world.submit_raw("unknown-task", b"{}"),
            await world.submit_raw("work", b'{"number": "one"}'),
            await world.submit_raw("work", b"[" * 5_000),
            await world.submit_raw("work", b"7"),
        ]
        *refused, fine = [await world.finished(job_id) for job_id in ids]
    for job in refused:
        assert (job.state, job.reason, job.attempt) == (State.FAILED, Reason.REJECTED, 1)
    errors = [job.error.message for job in refused if job.error]
    assert "no task named unknown-task" in errors[0] and "Expected `int`, got `str` - at `$.number`" in errors[1]
    assert (fine.state, json_of(fine.result)) == (State.COMPLETED, 7)


async def test_an_async_job_is_cancelled_at_its_timeout(world: World) -> None:
    cleaned_up: list[str] = []

    @world.app.task(timeout="100ms", retry=Retry(1))
    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            cleaned_up.append(current().id)

    async with world.worker():
        job = await world.finished((await work.submit()).id)
    assert (job.state, job.reason, cleaned_up) == (State.FAILED, Reason.TIMED_OUT, [job.id])
    assert job.error is not None and "timeout of 0.1 s" in job.error.message


async def test_a_job_that_ignores_its_timeout_loses_its_slot(world: World) -> None:
    release = threading.Event()

    @world.app.task(timeout="100ms", retry=Retry(1))
    def in_thread() -> str:
        release.wait(30)
        return "too late"

    @world.app.task(timeout="100ms", retry=Retry(1))
    async def on_loop() -> str:
        while not release.is_set():
            try:
                await asyncio.sleep(0.05)
            except asyncio.CancelledError:
                continue
        return "too late"

    @world.app.task
    async def after() -> str:
        return "served"

    async with world.worker(slots=2) as worker:
        stuck = [await in_thread.submit(), await on_loop.submit()]
        jobs = [await world.finished(handle.id) for handle in stuck]
        assert [(job.state, job.reason) for job in jobs] == [(State.FAILED, Reason.TIMED_OUT)] * 2
        assert worker.abandoned == 2
        assert await (await after.submit()).result(timeout=30) == "served"
        release.set()
        await eventually(lambda: _is(worker.abandoned == 0), "the abandoned jobs have ended")
    for job in jobs:
        assert (await world.engine.jobs.get(job.id)).result is None


async def _is(condition: bool) -> bool:
    return condition


async def test_a_running_async_job_is_cancelled(world: World) -> None:
    seen: list[str] = []

    @world.app.task
    async def work() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            seen.append("cancelled" if current().cancelled else "why?")
            raise

    async with world.worker(lease_ms=6_000):
        handle = await work.submit()
        await eventually(lambda: _is_running(world, handle.id), "the job runs")
        await handle.cancel()
        job = await world.finished(handle.id)
    assert (job.state, job.reason, seen) == (State.CANCELLED, Reason.CANCELLED_BY_USER, ["cancelled"])


async def test_a_running_sync_job_sees_that_it_is_cancelled(world: World) -> None:
    @world.app.task
    def work() -> str:
        deadline = time.monotonic() + 30
        while not current().cancelled and time.monotonic() < deadline:
            time.sleep(0.01)
        return "stopped early"

    async with world.worker(lease_ms=6_000):
        handle = await work.submit()
        await eventually(lambda: _is_running(world, handle.id), "the job runs")
        await handle.cancel()
        job = await world.finished(handle.id)
    assert (job.state, job.reason) == (State.CANCELLED, Reason.CANCELLED_BY_USER)


async def _is_running(world: World, job_id: str) -> bool:
    return (await world.engine.jobs.get(job_id)).state is State.RUNNING


async def test_a_job_knows_itself(world: World) -> None:
    seen: list[tuple[Any, ...]] = []

    @world.app.task(timeout="1m")
    def work() -> None:
        job = current()
        seen.append((job.id, job.tenant, job.task, job.queue, job.attempt, job.max_attempts, job.key, job.headers))
        assert 50 < job.remaining_seconds <= 60 and job.fence > 0 and not job.cancelled

    async with world.worker():
        handle = await work.using(tenant="acme", key="k", headers={"a": "b"}).submit()
        await handle.result(timeout=30)
    assert seen == [(handle.id, "acme", "work", "default", 1, 3, "k", {"a": "b"})]


@pytest.mark.parametrize("is_async", [True, False])
async def test_progress_is_seen_soon_and_sent_seldom(world: World, is_async: bool) -> None:
    release = threading.Event()

    async def on_loop() -> None:
        for step in range(1, 1_001):
            await current().progress(step, 1_000, "reading")
        await asyncio.to_thread(release.wait, 30)

    def in_thread() -> None:
        for step in range(1, 1_001):
            current().progress(step, 1_000, "reading")
        release.wait(30)

    task = world.app.task(name="work")(on_loop if is_async else in_thread)
    async with world.worker(lease_ms=300_000):  # of which a third passes before the next heartbeat
        handle = await task.submit()

        async def is_seen() -> bool:
            progress = (await handle.refresh()).progress
            return progress is not None and (progress.current, progress.message) == (1_000, "reading")

        await eventually(is_seen, "the last progress is stored")
        release.set()
        await handle.result(timeout=30)


async def test_progress_that_cannot_be_sent_is_refused_at_once(world: World) -> None:
    """In the task, and not in the heartbeat, which would lose all leases."""
    refused: list[str] = []

    @world.app.task
    async def work() -> None:
        for bad in (float("nan"), float("inf"), 10**400, "half"):
            try:
                current().progress(bad)  # type: ignore[arg-type]
            except InvalidInput as error:
                refused.append(str(error))
        current().progress(Decimal("1.5"), message="a\udcff")  # type: ignore[arg-type]

    async with world.worker():
        handle = await work.submit()
        await handle.result(timeout=30)
    assert len(refused) == 4
    assert refused[0] == "progress must be a finite number, not nan"
    assert (await handle.refresh()).progress == Progress(1.5, None, "a\\udcff")


async def test_mixed_jobs_all_end_as_they_should(world: World) -> None:
    @world.app.task(retry=SOON)
    async def on_loop(n: int) -> int:
        await asyncio.sleep(0.001 * (n % 3))
        if n % 5 == 0 and current().attempt == 1:
            raise ValueError(n)
        return n

    @world.app.task(retry=SOON)
    def in_thread(n: int) -> int:
        if n % 7 == 0:
            raise ValueError(n)
        return n

    async with world.worker(slots=20):
        first = await on_loop.submit_many([(n,) for n in range(300)])
        second = await in_thread.submit_many([(n,) for n in range(300)])
        jobs = await asyncio.gather(*(world.finished(handle.id) for handle in [*first, *second]))
    for n, job in enumerate(jobs[:300]):
        assert (job.state, json_of(job.result), job.attempt) == (State.COMPLETED, n, 2 if n % 5 == 0 else 1)
    for n, job in enumerate(jobs[300:]):
        assert job.state is (State.FAILED if n % 7 == 0 else State.COMPLETED)
    assert (await world.engine.monitor.counters()).completed == 300 + 300 - 43


async def test_no_job_sees_context_variables_of_another_one(world: World) -> None:
    seen: list[str] = []
    variable = ContextVar("variable", default="unset")

    @world.app.task
    async def on_loop() -> None:
        seen.append(variable.get())
        variable.set("of a job")

    @world.app.task
    def in_thread() -> None:
        seen.append(variable.get())
        variable.set("of a job")

    jobs = [await task.submit() for _ in range(4) for task in (on_loop, in_thread)]
    async with world.worker(slots=1):
        for job in jobs:
            await job.result(timeout=PATIENCE_SECONDS)
    assert seen == ["unset"] * 8


async def test_an_on_failure_hook_runs_outside_of_all_jobs(world: World) -> None:
    found: list[str] = []

    def hook(job: Job) -> None:
        try:
            found.append(current().id)
        except LookupError:
            found.append("no job")

    @world.app.task(retry=Retry(1), on_failure=hook)
    async def fail() -> None:
        raise ValueError("boom")

    async with world.worker(slots=1):
        for _ in range(3):
            await world.finished((await fail.submit()).id)
    assert found == ["no job"] * 3


async def test_a_warning_says_that_all_slots_await_results(world: World, caplog: pytest.LogCaptureFixture) -> None:
    @world.app.task
    async def child() -> int:
        return 7

    @world.app.task
    async def parent() -> int:
        return await (await child.submit()).result()

    @world.app.task
    def parent_in_thread() -> int:
        return child.submit_sync().result()

    def warnings() -> list[str]:
        return [text for text in caplog.messages if "await results of other jobs" in text]

    async def warned() -> bool:
        return bool(warnings())

    async def explained() -> bool:
        waiting = await world.engine.jobs.list(JobQuery(state=State.PENDING))
        explanations = [await world.engine.jobs.explain(job.id) for job in waiting.jobs]
        return [each.waiting_for for each in explanations] == ["stalled_workers"] * 2

    parents = [await parent.submit(), await parent_in_thread.submit()]
    async with world.worker(slots=2, lease_ms=1_000):
        await eventually(warned, "the worker warns")
        await eventually(explained, "the awaited jobs say why they wait")
        await asyncio.sleep(2 * LOOK_SECONDS)
        assert len(warnings()) == 1, "once while it lasts"
        async with world.worker(slots=1):
            assert [await job.result(timeout=PATIENCE_SECONDS) for job in parents] == [7, 7]
