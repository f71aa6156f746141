"""One timer for the deadlines of all running jobs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


class Deadlines:
    """Calls `tick` at the earliest deadline that it knows; `tick` returns the next one.

    Most jobs end long before their deadline, so a timer for each would be wasted.
    """

    def __init__(self, tick: Callable[[float], float]) -> None:
        """`tick` is given the time and returns when it wants to be called next (inf for never)."""
        self._tick = tick
        self._timer: asyncio.TimerHandle | None = None
        self._due_at = float("inf")

    def watch(self, due_at: float) -> None:
        """Have `tick` called at `due_at`, on the monotonic clock, or before."""
        if due_at < self._due_at:
            self._arm(due_at)

    def close(self) -> None:
        self._arm(float("inf"))

    def _arm(self, due_at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._due_at = due_at
        if due_at < float("inf"):
            delay = max(0.0, due_at - time.monotonic())
            self._timer = asyncio.get_running_loop().call_later(delay, self._fire)

    def _fire(self) -> None:
        self._timer = None
        self._due_at = float("inf")
        self.watch(self._tick(time.monotonic()))
