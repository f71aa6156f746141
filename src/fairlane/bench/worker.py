"""One worker process on no-op jobs, and how soon an idle one starts a job."""

from __future__ import annotations

import asyncio
import statistics
import time

from .. import App
from ..backend import Backend
from ..connect import open_engine
from ..engine import Engine
from ..model.job import NewJob
from ..store import Durability
from ..worker import Worker, WorkerOptions
from .figures import Figure
from .fixture import fill, private_engine, store_seconds


def worker_on(engine: Engine, app: App, slots: int) -> Worker:
    async def open_backend() -> Backend:
        return await open_engine(engine.store.name, durability=engine.store.durability.value)

    return Worker(open_backend, app.registry, WorkerOptions(slots=slots))


async def drain_rate(jobs: int = 100_000, slots: int = 100) -> list[Figure]:
    """No-op jobs of 50 tenants, waiting before the worker starts."""
    app, ended, done = App(), asyncio.Event(), 0

    @app.task(name="default")
    async def default(data: str) -> None:
        nonlocal done
        done += 1
        if done == jobs:
            ended.set()

    async with private_engine() as engine:
        await fill(engine, jobs, 50)
        worker = worker_on(engine, app, slots)
        cpu, own, begin = await store_seconds(engine), time.process_time(), time.perf_counter()
        running = asyncio.create_task(worker.run())
        await ended.wait()
        took, own = time.perf_counter() - begin, time.process_time() - own
        cpu = await store_seconds(engine) - cpu
        worker.stop()
        await running
    return [
        Figure(f"one worker process, {slots} slots, no-op jobs", jobs / took, "jobs/s", "at least 18,000"),
        Figure("of that, time in the worker", own / jobs * 1e6, "us/job"),
        Figure("of that, time in the store", cpu / jobs * 1e6, "us/job"),
    ]


async def idle_latency(durability: Durability, jobs: int = 300) -> list[Figure]:
    """From the call of submit to the task's first line, one job at a time, worker idle."""
    app, begun = App(), asyncio.Event()
    started_at = 0.0

    @app.task(name="default")
    async def default() -> None:
        nonlocal started_at
        started_at = time.perf_counter()
        begun.set()

    waits = []
    async with private_engine(durability) as engine:
        worker = worker_on(engine, app, 8)
        running = asyncio.create_task(worker.run())
        for i in range(jobs + 20):
            begun.clear()
            job = NewJob(id=engine.jobs.new_id("acme"), tenant_id="acme", payload=b"{}")
            submitted_at = time.perf_counter()
            await engine.jobs.submit([job])
            await begun.wait()
            waits.append((started_at - submitted_at) * 1000)
            await asyncio.sleep(0.01)  # idle again
            if i == 20:
                waits.clear()  # warm now
        worker.stop()
        await running
    fsync = "always" if durability == Durability.DISK else "everysec"
    goal = "" if durability == Durability.DISK else "under 3"
    return [
        Figure(f"idle submit to start, p50 ({fsync})", statistics.median(waits), "ms", goal),
        Figure(f"idle submit to start, p99 ({fsync})", statistics.quantiles(waits, n=100)[98], "ms"),
    ]
