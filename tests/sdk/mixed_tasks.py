"""One task for each way that a job can go, for workers in processes of their own."""

from __future__ import annotations

import asyncio
import time

from fairlane import App, Cancel, Retry, RetryAfter, Snooze, current

app = App(tenancy="default")
PATIENT = Retry(50, base="10ms", cap="50ms")
"""More attempts than a test kills workers."""
FAILING_ATTEMPTS = 3


@app.task(retry=PATIENT)
async def on_the_loop(n: int) -> int:
    await asyncio.sleep(0.002)
    return n


@app.task(retry=PATIENT)
def in_a_thread(n: int) -> int:
    time.sleep(0.002)
    return n


@app.task(retry=PATIENT, executor="process")
def in_a_process(n: int) -> int:
    return sum(n for _ in range(10_000)) // 10_000


@app.task(retry=PATIENT)
def fails_at_first(n: int) -> int:
    if current().attempt == 1:
        raise ValueError("at first")
    return n


@app.task(retry=PATIENT)
async def asks_for_time(n: int) -> int:
    if current().attempt == 1:
        raise RetryAfter("20ms")
    return n


@app.task(retry=PATIENT)
async def snoozes(n: int) -> int:
    if current().fence == 1:
        raise Snooze("20ms")
    return n


@app.task(retry=Retry(FAILING_ATTEMPTS, base="10ms", cap="50ms"))
async def always_fails(n: int) -> int:
    raise ValueError("always")


@app.task(retry=PATIENT)
async def gives_up(n: int) -> None:
    raise Cancel("not needed")


@app.task(retry=PATIENT)
async def lingers(n: int) -> None:
    await asyncio.sleep(600)


@app.task(retry=Retry(1), timeout="100ms")
async def overruns(n: int) -> None:
    await asyncio.sleep(600)


@app.task(retry=Retry(1), timeout="200ms", executor="process")
def overruns_in_a_process(n: int) -> None:
    while True:
        pass
