"""The built-in tasks, for a first try, for tests, and for clients without an app."""

from __future__ import annotations

import asyncio
import os

import msgspec

from .job.context import current
from .model.job import DEFAULT_TASK
from .sdk.app import App

app = App()


class DemoFailure(Exception):
    """The error of `demo.fail`."""


@app.task(name=DEFAULT_TASK)
async def default(payload: msgspec.Raw) -> msgspec.Raw:
    """Return the payload unchanged."""
    return payload


@app.task(name="demo.sleep")
async def sleep(seconds: float = 1.0) -> float:
    """Sleep for `seconds`."""
    await asyncio.sleep(seconds)
    return seconds


@app.task(name="demo.fail")
async def fail(times: int | None = None, message: str = "told to fail") -> int:
    """Fail the first `times` attempts, or all of them; return the attempt that succeeded."""
    attempt = current().attempt
    if times is None or attempt <= times:
        raise DemoFailure(message)
    return attempt


@app.task(name="demo.progress")
async def progress(steps: int = 10, seconds: float = 5.0) -> int:
    """Report progress `steps` times over `seconds`."""
    for step in range(1, steps + 1):
        await asyncio.sleep(seconds / steps)
        await current().progress(step, steps, f"step {step} of {steps}")
    return steps


@app.task(name="demo.crash")
async def crash() -> None:
    """End the worker process at once, as a crash would."""
    os._exit(70)
