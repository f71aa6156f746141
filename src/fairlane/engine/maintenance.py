"""Maintenance on a store: the duties of `upkeep`, the doctor, and the settings of the store."""

from __future__ import annotations

from collections.abc import Callable

from ..model.overview import Reaped, StoreReport, UpkeepStep
from ..model.tenant import Fairness
from .audit import author_in
from .calls import Calls
from .doctor import examine
from .history import take_samples
from .partition import Partition, Partitions
from .retention import EVICTED, FEW, SPARED_MS, read_memory
from .schedules import EngineSchedules
from .scripts import Value
from .steady_clock import RENEW_US

WORKER_SILENCE_MS = 60_000
"""A worker without a heartbeat for this long is removed."""


class EngineMaintenance:
    """Implements `backend.Maintenance`."""

    def __init__(self, calls: Calls, partitions: Partitions, schedules: EngineSchedules) -> None:
        self._calls = calls
        self._partitions = partitions
        self._schedules = schedules
        self._tidied: list[Value] = [0] * len(partitions)
        """Where the next tidy goes on, by partition."""

    async def promote(self, limit: int) -> UpkeepStep:
        return await self._step("promote", limit)

    async def unlock(self, limit: int) -> UpkeepStep:
        return await self._step("unlock", limit)

    async def settle(self, limit: int) -> UpkeepStep:
        return await self._step("settle", limit)

    async def expire(self, limit: int) -> UpkeepStep:
        return await self._step("expire", limit)

    async def keep_time(self) -> UpkeepStep:
        await self._partitions.each(lambda partition: self._calls.time.confirm(partition.prefix, RENEW_US))
        return UpkeepStep(0)

    async def reap(self, limit: int) -> Reaped:
        replies = await self._partitions.each(
            lambda partition: partition.run("reap", lost_worker="", lost_jobs="", guilty="", limit=limit)
        )
        nexts = [0 if sum(reply[:3]) >= limit else reply[3] for reply in replies if reply[3] >= 0]
        requeued, failed, cancelled = (sum(reply[i] for reply in replies) for i in range(3))
        return Reaped(requeued, failed, cancelled, min(nexts, default=None))

    async def prune(self, limit: int) -> UpkeepStep:
        steps = [await self._step("prune", limit, spared_ms=SPARED_MS)]
        memory = await read_memory(self._calls)
        if memory is not None and memory.is_nearly_full:
            steps += [await self._step("evict", FEW, state=state) for state in EVICTED]
        while max(await self._partitions.each(lambda each: each.run("delete_expired", limit=limit))) >= limit:
            pass
        await self._partitions.each(self._tidy)
        nexts = [step.next_ms for step in steps if step.next_ms is not None]
        return UpkeepStep(sum(step.count for step in steps), min(nexts, default=None))

    async def fire(self, limit: int) -> UpkeepStep:
        return await self._schedules.fire_due(limit)

    async def sample(self) -> UpkeepStep:
        return await take_samples(self._partitions)

    async def check_settings(self) -> list[str]:
        return await self._calls.store.check()

    async def doctor(self, on_progress: Callable[[int], None] = lambda _: None) -> StoreReport:
        return await examine(self._calls, self._partitions, on_progress)

    async def set_fairness(self, fairness: Fairness) -> None:
        await self._partitions.each(
            lambda each: each.run("set_fairness", author=author_in(each), fairness=fairness.value)
        )

    async def set_idempotency(self, held_ms: int) -> None:
        await self._partitions.each(lambda each: each.run("set_idempotency", author=author_in(each), held_ms=held_ms))

    async def _tidy(self, partition: Partition) -> None:
        cursor = self._tidied[partition.number]
        self._tidied[partition.number] = await partition.run("tidy", silence_ms=WORKER_SILENCE_MS, cursor=cursor)

    async def _step(self, duty: str, limit: int, **values: Value) -> UpkeepStep:
        replies = await self._partitions.each(lambda partition: partition.run(duty, limit=limit, **values))
        nexts = [0 if count >= limit else next_ms for count, next_ms in replies if next_ms >= 0]
        return UpkeepStep(sum(count for count, _ in replies), min(nexts, default=None))
