"""The wait of a quiet tenant beside one with a long backlog."""

from __future__ import annotations

import asyncio
import statistics
import time

from .. import App
from ..engine import Engine
from ..model.job import NewJob
from .figures import Figure
from .fixture import fill, private_engine
from .worker import worker_on

SLOTS = 8
JOB_SECONDS = 0.005
PAUSE_SECONDS = 0.02


async def quiet_beside_noisy(backlog: int = 20_000, jobs: int = 200) -> list[Figure]:
    """From submit to the task's first line, while the backlog's jobs of 5 ms fill all slots."""
    app, started = App(), dict[str, asyncio.Future[float]]()

    @app.task(name="default")
    async def noisy(data: str) -> None:
        await asyncio.sleep(JOB_SECONDS)

    @app.task
    async def quiet(number: str) -> None:
        started[number].set_result(time.perf_counter())

    async with private_engine() as engine:
        await fill(engine, backlog, 1)
        worker = worker_on(engine, app, SLOTS)
        running = asyncio.create_task(worker.run())
        waits = [await _wait_of_one(engine, started, str(number)) for number in range(jobs)]
        left = (await engine.tenants.get("tenant-0")).pending
        worker.stop()
        await running
    done_in_a_round = f"{SLOTS} slots, one round takes {JOB_SECONDS * 1000:g} ms"
    return [
        Figure(f"a quiet tenant's wait beside a backlog, p50 ({done_in_a_round})", statistics.median(waits), "ms"),
        Figure("the same, p99", statistics.quantiles(waits, n=100)[98], "ms", "about a round"),
        Figure("the backlog when all of them had run", left, "jobs", "above 0"),
    ]


async def _wait_of_one(engine: Engine, started: dict[str, asyncio.Future[float]], number: str) -> float:
    """Milliseconds."""
    started[number] = asyncio.get_running_loop().create_future()
    job = NewJob(id=engine.jobs.new_id("quiet"), tenant_id="quiet", payload=b'"%b"' % number.encode(), task="quiet")
    submitted_at = time.perf_counter()
    await engine.jobs.submit([job])
    wait = await started[number] - submitted_at
    await asyncio.sleep(PAUSE_SECONDS)
    return wait * 1000
