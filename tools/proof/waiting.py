"""Waiting for what processes do by themselves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from valkey.exceptions import ValkeyError

from fairlane.model.errors import StoreUnavailable

POLL_S = 0.05
PATIENCE_S = 60.0
T = TypeVar("T")


async def until(holds: Callable[[], Awaitable[bool]], within_s: float, what: str) -> None:
    """Return once the condition holds. Raises TimeoutError, which names the condition."""
    try:
        async with asyncio.timeout(within_s):
            while not await holds():  # noqa: ASYNC110 - other processes have no event to wait for
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        raise TimeoutError(f"not within {within_s} s: {what}") from None


async def patiently(call: Callable[[], Awaitable[T]]) -> T:
    """The result of a call that may be repeated. A fault, or a busy machine, may keep the store from answering."""
    give_up = time.monotonic() + PATIENCE_S
    while True:
        try:
            return await call()
        except (StoreUnavailable, ValkeyError):
            if time.monotonic() > give_up:
                raise
        await asyncio.sleep(POLL_S)


async def to_its_end(steps: Coroutine[Any, Any, None]) -> None:
    """Run these steps to their end, also if the caller is cancelled meanwhile."""
    task = asyncio.create_task(steps)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise
