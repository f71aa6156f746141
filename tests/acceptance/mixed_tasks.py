"""Tasks of every kind, for workers that are killed meanwhile."""

import asyncio
import os
import time

from fairlane import App, Cancel, Retry, Snooze, current

app = App(tenancy="default")
ENOUGH = Retry(30, base="10ms", cap="50ms")
"""More attempts than a job is ever killed."""
TWICE = Retry(2, base="10ms", cap="50ms")


@app.task(retry=ENOUGH)
async def on_loop(seconds: float) -> str:
    await asyncio.sleep(seconds)
    return "done"


@app.task(retry=ENOUGH)
def in_thread(seconds: float) -> str:
    time.sleep(seconds)
    return "done"


@app.task(retry=ENOUGH, executor="process")
def in_process(seconds: float) -> str:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass
    return "done"


@app.task(retry=TWICE)
async def fail_always() -> None:
    raise ValueError("always")


@app.task(retry=ENOUGH)
def fail_at_first() -> str:
    if current().attempt == 1:
        raise ValueError("the first time")
    return "done"


@app.task(retry=ENOUGH)
async def snooze_until(unix_time: float) -> str:
    if time.time() < unix_time:
        raise Snooze("200ms")
    return "done"


@app.task(retry=ENOUGH)
async def give_up() -> None:
    raise Cancel("not needed")


@app.task(retry=ENOUGH)
async def wait_on_loop() -> None:
    await asyncio.sleep(600)


@app.task(retry=ENOUGH)
def wait_in_thread() -> None:
    while not current().cancelled:
        time.sleep(0.01)


@app.task(retry=ENOUGH, executor="process")
def wait_in_process() -> None:
    time.sleep(600)


@app.task(retry=TWICE, timeout="200ms")
async def overrun_on_loop() -> None:
    await asyncio.sleep(600)


@app.task(retry=TWICE, timeout="200ms")
def overrun_in_thread() -> None:
    time.sleep(3)


@app.task(retry=TWICE, timeout="200ms", executor="process")
def overrun_in_process() -> None:
    time.sleep(600)


@app.task(retry=TWICE, executor="process")
def die() -> None:
    os._exit(9)
