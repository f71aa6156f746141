"""Queues with weights, and workers that end after a number of jobs or an amount of memory."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from collections import Counter

import pytest

from fairlane import Retry, State
from fairlane.model.errors import InvalidInput
from fairlane.model.states import Reason
from fairlane.worker import Worker, WorkerOptions
from fairlane.worker.memory import resident_bytes
from tests.support.app_world import PATIENCE_SECONDS, World, eventually


async def test_queues_get_starts_by_weight(world: World) -> None:
    order: list[str] = []

    @world.app.task
    async def work(queue: str) -> None:
        order.append(queue)
        await asyncio.sleep(0.002)

    for queue, count in (("a", 200), ("b", 200), ("c", 3)):
        await work.using(queue=queue).submit_many([(queue,)] * count)
    options = WorkerOptions(slots=4, queues=("a", "b", "c"), weights=(3, 1, 1))
    worker = Worker(world.open_backend, world.app.registry, options)
    running = asyncio.create_task(worker.run())
    await eventually(lambda: _is(len(order) == 403), "all have run")
    worker.stop()
    await running
    shares = Counter(order[20:220])
    assert 2.5 < shares["a"] / shares["b"] < 3.5, shares
    assert {"a", "b", "c"} <= set(order[:20])


@pytest.mark.parametrize("slots", [0, 1_001, 1.5, True])
def test_slots_are_a_whole_number_within_bounds(slots: int) -> None:
    with pytest.raises(InvalidInput, match="slots must be a whole number, 1 to 1000"):
        WorkerOptions(slots=slots)


async def test_a_worker_ends_after_so_many_jobs_when_the_last_has_ended(world: World) -> None:
    may_end = asyncio.Event()
    begun: list[int] = []

    @world.app.task
    async def work(number: int) -> None:
        begun.append(number)
        await may_end.wait()

    handles = await work.submit_many([(number,) for number in range(9)])
    options = WorkerOptions(slots=4, max_jobs=6, drain_seconds=0)
    worker = Worker(world.open_backend, world.app.registry, options)
    running = asyncio.create_task(worker.run())
    await eventually(lambda: _is(len(begun) == 4), "the slots are full")
    may_end.set()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await running
    assert worker.is_used_up
    assert len(begun) == 6
    states = Counter([(await handle.refresh()).state for handle in handles])
    assert states == {State.COMPLETED: 6, State.PENDING: 3}


async def test_a_worker_that_is_used_up_still_heeds_a_stop(world: World) -> None:
    @world.app.task
    async def work() -> None:
        await asyncio.sleep(600)

    handle = await work.submit()
    worker = Worker(world.open_backend, world.app.registry, WorkerOptions(max_jobs=1, drain_seconds=0))
    running = asyncio.create_task(worker.run())
    await eventually(lambda: _is(worker.is_used_up), "the worker is used up")
    assert worker.problem == "the worker drains"
    worker.stop()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await running
    assert (await handle.refresh()).state is State.PENDING


async def test_a_worker_ends_when_it_holds_too_much_memory(world: World) -> None:
    held: list[bytes] = []
    gc.collect()  # what earlier tests left would else be freed while this one measures
    most = resident_bytes([os.getpid()]) + (64 << 20)

    @world.app.task
    async def hoard() -> None:
        while resident_bytes([os.getpid()]) < most + (64 << 20):
            held.append(b"x" * (64 << 20))

    handle = await hoard.submit()
    worker = Worker(world.open_backend, world.app.registry, WorkerOptions(max_memory=most))
    async with asyncio.timeout(PATIENCE_SECONDS):
        await worker.run()
    assert worker.is_used_up
    assert (await handle.refresh()).state is State.COMPLETED


async def test_a_worker_that_could_not_run_a_single_job_does_not_begin(world: World) -> None:
    worker = Worker(world.open_backend, world.app.registry, WorkerOptions(max_memory=1 << 20))
    with pytest.raises(InvalidInput, match="MiB that the worker holds"):
        await worker.run()


async def test_a_job_that_was_given_up_without_a_thread_never_runs(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name == "fairlane-job":
            raise RuntimeError("can't start new thread")
        start(thread)

    @world.app.task(retry=Retry(1))
    def work(name: str) -> None:
        ran.append(name)

    async with world.worker():
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", refuse)
            job = await world.finished(await world.submit_raw("work", b'["first"]', timeout_ms=100, max_attempts=1))
            assert job.reason is Reason.TIMED_OUT
        await (await work.submit("second")).result(timeout=PATIENCE_SECONDS)
    assert ran == ["second"]


async def test_a_worker_knows_whether_it_is_ready(world: World) -> None:
    worker = Worker(world.open_backend, world.app.registry, WorkerOptions())
    assert worker.problem == "the store does not answer"
    running = asyncio.create_task(worker.run())
    await eventually(lambda: _is(worker.problem is None), "the worker is ready")
    worker.stop()
    assert worker.problem == "the worker drains"
    await running


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"queues": ("a", "b"), "weights": (1,)}, "each queue"),
        ({"queues": ("a",), "weights": (0,)}, "weight"),
        ({"queues": ("a",), "weights": (float("nan"),)}, "weight"),
        ({"max_jobs": 0}, "max_jobs"),
        ({"max_memory": 0}, "max_memory"),
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, object], why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        WorkerOptions(**options)  # type: ignore[arg-type]


async def _is(condition: bool) -> bool:
    return condition
