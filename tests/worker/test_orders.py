"""A worker does at once what it is told: it stops cancelled jobs, and drains."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from fairlane import State, current
from fairlane.model.states import Reason
from fairlane.server.app import create_app
from fairlane.worker import Worker
from tests.support.app_world import PATIENCE_SECONDS, World, eventually
from tests.support.serving import served


@asynccontextmanager
async def reached(world: World, way: str) -> AsyncIterator[None]:
    """Have workers reach the store in this way."""
    if way == "store":
        yield
        return
    async with served(create_app(world.engine)) as url:
        world.url = url
        yield


@pytest.mark.parametrize(("way", "within"), [("store", 0.1), ("http", 1.0)])
@pytest.mark.parametrize("is_async", [True, False])
async def test_a_cancelled_job_stops_at_once(world: World, way: str, within: float, is_async: bool) -> None:
    begun, stopped_at = asyncio.Event(), 0.0
    loop = asyncio.get_running_loop()

    async def on_loop() -> None:
        nonlocal stopped_at
        begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            stopped_at = time.monotonic()

    def in_thread() -> None:
        nonlocal stopped_at
        loop.call_soon_threadsafe(begun.set)
        while not current().cancelled:
            time.sleep(0.001)
        stopped_at = time.monotonic()

    task = world.app.task(name="work")(on_loop if is_async else in_thread)
    async with reached(world, way), world.worker(lease_ms=30_000) as worker:
        await eventually(lambda: _is_known(world, worker), "the worker is known")
        took = []
        for _ in range(3):  # the machine may be busy: once is enough to show that no heartbeat is waited for
            begun.clear()
            handle = await task.submit()
            await begun.wait()
            cancelled_at = time.monotonic()
            await world.engine.jobs.cancel(handle.id)
            job = await world.finished(handle.id)
            assert (job.state, job.reason) == (State.CANCELLED, Reason.CANCELLED_BY_USER)
            took.append(stopped_at - cancelled_at)
        assert min(took) < within, took


@pytest.mark.parametrize("way", ["store", "http"])
async def test_a_worker_that_is_told_to_drain_ends_its_jobs_and_leaves(world: World, way: str) -> None:
    may_end = asyncio.Event()

    @world.app.task
    async def work() -> str:
        await may_end.wait()
        return "done"

    async with reached(world, way), world.worker(slots=1, lease_ms=9_000) as worker:
        first, second = await work.submit(), await work.submit()
        await eventually(lambda: _runs(world, first.id), "the job runs")
        await eventually(lambda: _shows(world, worker, (first.id,)), "the worker tells what it runs")
        await world.engine.workers.drain(worker.options.worker_id)
        await eventually(lambda: _drains(world, worker), "the worker drains")
        may_end.set()
        assert (await world.finished(first.id)).state is State.COMPLETED
        await eventually(lambda: _is_gone(world, worker), "the worker is gone")
        assert worker.was_told_to_drain
        assert (await world.engine.jobs.get(second.id)).state is State.PENDING


async def test_a_worker_says_goodbye(world: World) -> None:
    async with world.worker() as worker:
        await eventually(lambda: _is_known(world, worker), "the worker is known", PATIENCE_SECONDS)
    assert await world.engine.workers.list() == []


async def _is_known(world: World, worker: Worker) -> bool:
    return worker.options.worker_id in {report.id for report in await world.engine.workers.list()}


async def _is_gone(world: World, worker: Worker) -> bool:
    return not await _is_known(world, worker)


async def _drains(world: World, worker: Worker) -> bool:
    return [report.draining for report in await world.engine.workers.list()] == [True]


async def _runs(world: World, job_id: str) -> bool:
    return (await world.engine.jobs.get(job_id)).state is State.RUNNING


async def _shows(world: World, worker: Worker, jobs: tuple[str, ...]) -> bool:
    return [report.jobs for report in await world.engine.workers.list()] == [jobs]
