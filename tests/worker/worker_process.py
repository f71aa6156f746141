"""A worker in a separate process: `python -m tests.worker.worker_process URL DIARY LEASE_MS DRAIN_SECONDS SLOTS`.

Its tasks note in the file DIARY what they do, a line each.
"""

from __future__ import annotations

import asyncio
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fairlane import App, builtin, current
from fairlane.backend import Backend
from fairlane.connect import open_backend
from fairlane.worker import Worker, WorkerOptions, run_worker
from tests.support import process_tasks

app = App(tenancy="default")
url, diary_path, lease_ms, drain_seconds, slots = sys.argv[1:] if __name__ == "__main__" else ["", "", "0", "0", "0"]


def note(what: str) -> None:
    with Path(diary_path).open("a") as diary:
        diary.write(f"{what} {current().id} {current().attempt} {current().fence}\n")


@app.task
async def rest(seconds: float) -> str:
    note("begin")
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        note("cancelled")
        raise
    note("end")
    return "rested"


@app.task
async def block(seconds: float) -> str:
    """Keep the event loop busy, as bad code does."""
    note("begin")
    time.sleep(seconds)  # noqa: ASYNC251  that is the point
    note("end")
    return "blocked"


@app.task
def hang(seconds: float) -> str:
    note("begin")
    time.sleep(seconds)
    note("end")
    return "hung"


@app.task
async def hang_elsewhere(seconds: float, own_pool: bool) -> None:
    """Leave a thread behind when cancelled."""
    pool = ThreadPoolExecutor() if own_pool else None
    note("begin")
    await asyncio.get_running_loop().run_in_executor(pool, time.sleep, seconds)


@app.task
async def deaf(seconds: float) -> str:
    """Listen to no cancellation."""
    note("begin")
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            await asyncio.sleep(0.05)
        except asyncio.CancelledError:
            continue
    return "deaf"


async def open_own() -> Backend:
    return await open_backend(url)


def make_worker() -> Worker:
    options = WorkerOptions(lease_ms=int(lease_ms), drain_seconds=float(drain_seconds), slots=int(slots))
    registry = {**app.registry, **builtin.app.registry, **process_tasks.app.registry}
    return Worker(open_own, registry, options)


if __name__ == "__main__":
    run_worker(make_worker)
