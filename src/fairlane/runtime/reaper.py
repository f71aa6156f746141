"""Cleans up after workers that are known to be dead."""

from __future__ import annotations

import asyncio
import logging
import random

from ..backend import Workers
from ..model.backoff import Backoff
from ..model.errors import FairlaneError, StoreUnavailable

_SECOND_LOOK_SECONDS = 0.5
_CLOSE_SECONDS = 2.0
_TROUBLE = Backoff(base_ms=100, cap_ms=2_000)

_log = logging.getLogger(__name__)


class Reaper:
    """Removes dead workers from the list of workers, and gives their jobs back, however long the store is away."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._tasks: set[asyncio.Task[None]] = set()

    def reap(self, worker_id: str) -> None:
        """Start to clean up after a dead worker; returns at once."""
        task = asyncio.create_task(self._reap(worker_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Finish what was started, within _CLOSE_SECONDS."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_CLOSE_SECONDS)
        for task in self._tasks:
            task.cancel()

    async def _reap(self, worker_id: str) -> None:
        ended = await self._insist(worker_id)
        # Its last heartbeat or claim may still have been on its way to the store.
        await asyncio.sleep(_SECOND_LOOK_SECONDS)
        ended += await self._insist(worker_id)
        if ended:
            _log.info("gave back %d %s of worker %s", ended, "job" if ended == 1 else "jobs", worker_id)

    async def _insist(self, worker_id: str) -> int:
        failures = 0
        while True:
            try:
                reaped = await self._workers.reap(worker_id)
                return reaped.requeued + reaped.failed + reaped.cancelled
            except StoreUnavailable:
                failures += 1
                await asyncio.sleep(_TROUBLE.delay_ms(failures, random.random()) / 1000)
            except FairlaneError as error:  # another try would be refused too
                _log.warning("the jobs of worker %s run again when their leases expire: %s", worker_id, error)
                return 0
