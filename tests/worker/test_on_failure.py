"""`on_failure`: once for a job that this worker has sent to the dead letter queue, and for no other."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest

from fairlane import App, Cancel, Job, Retry, RetryAfter, State, current
from fairlane.model.states import Reason
from tests.support.app_world import PATIENCE_SECONDS, World, eventually

SOON = Retry(2, base="10ms", cap="10ms")


class Seen:
    """Hooks that remember what they were called with."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []

    def plain(self, job: Job) -> None:
        self.jobs.append(job)

    async def on_loop(self, job: Job) -> None:
        await asyncio.sleep(0)
        self.jobs.append(job)


@pytest.fixture
def seen() -> Seen:
    return Seen()


async def crash() -> None:
    raise ValueError(f"attempt {current().attempt}")


async def overrun() -> None:
    await asyncio.sleep(60)


async def ask_in_vain() -> None:
    raise RetryAfter("10ms")


async def wants_a_number(n: int) -> None:
    pass


async def recover() -> None:
    if current().attempt == 1:
        raise ValueError("once")


async def give_up() -> None:
    raise Cancel("not needed")


@pytest.mark.parametrize("is_async", [True, False])
@pytest.mark.parametrize(
    ("function", "reason", "attempts"),
    [
        (crash, Reason.ATTEMPTS_EXHAUSTED, 2),
        (ask_in_vain, Reason.ATTEMPTS_EXHAUSTED, 2),
        (overrun, Reason.TIMED_OUT, 2),
        (wants_a_number, Reason.REJECTED, 1),
    ],
)
async def test_it_is_called_with_the_job_as_the_store_has_it(
    world: World, seen: Seen, is_async: bool, function: Callable[..., Any], reason: Reason, attempts: int
) -> None:
    hook = seen.on_loop if is_async else seen.plain
    world.app.task(name="work", retry=SOON, on_failure=hook)(function)
    async with world.worker():
        timeout_ms = 50 if function is overrun else 60_000
        job_id = await world.submit_raw("work", b"{}", timeout_ms=timeout_ms, max_attempts=2)
        failed = await world.finished(job_id)
    # The worker has drained, and with it the hooks that it had begun.
    assert [(job.id, job.state, job.reason, len(job.attempts)) for job in seen.jobs] == [
        (failed.id, State.FAILED, reason, attempts)
    ]
    assert seen.jobs[0].error == failed.error is not None


@pytest.mark.parametrize(
    ("function", "state"), [(recover, State.COMPLETED), (give_up, State.CANCELLED), (overrun, State.CANCELLED)]
)
async def test_it_is_not_called_for_jobs_that_end_otherwise(
    world: World, seen: Seen, function: Callable[..., Any], state: State
) -> None:
    task = world.app.task(retry=SOON, on_failure=seen.plain)(function)
    async with world.worker():
        handle = await task.submit()
        if function is overrun:

            async def runs() -> bool:
                return (await handle.refresh()).state is State.RUNNING

            await eventually(runs, "the job runs")
            await handle.cancel()
        assert (await world.finished(handle.id)).state is state
    assert seen.jobs == []


async def test_it_may_submit_jobs_of_the_same_tenant(world: World) -> None:
    app = App(world.url)
    told: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    @app.task
    async def tell(job_id: str) -> None:
        told.set_result(f"{job_id} of {current().tenant}")

    async def submit(job: Job) -> None:
        await tell.submit(job.id)

    task = app.task(retry=Retry(1), on_failure=submit)(crash)
    async with app, world.worker(app=app):
        job = await task.using(tenant="acme").submit()
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert await told == f"{job.id} of acme"


async def test_a_hook_that_fails_is_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    def broken(job: Job) -> None:
        raise ValueError("in the hook")

    task = world.app.task(retry=Retry(1), on_failure=broken)(crash)
    with caplog.at_level(logging.ERROR, "fairlane.worker"):
        async with world.worker():
            job = await world.finished((await task.submit()).id)
    assert job.state is State.FAILED
    assert [record.getMessage() for record in caplog.records] == [
        f"on_failure of job {job.id} (crash, attempt 1) failed"
    ]
