"""Figures for monitoring systems. Every read is bounded, whatever the number of jobs, tenants and queues."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from ..backend import Monitor, Workers
from ..model.lease import WorkerReport
from ..model.load import Load, QueueDemand, QueueLoad, StoreLoad, TenantLoad
from ..model.tenant import Tenant, TenantOrder
from ..model.work import SUM
from . import keys
from .calls import Calls
from .history import STEPS, Sample
from .partition import Partition, Partitions
from .ranking import Ranking, longest_lanes, tenants_by
from .retention import read_memory

TENANTS_LOOKED_AT = 2_000
"""Tenants of all queues together among which the oldest startable jobs are looked for: those that are next in turn."""
MOST_OF_A_QUEUE, LEAST_OF_A_QUEUE = 20, 2
DEMAND_TENANTS = 10_000
"""Tenants of a queue whose startable jobs are counted."""
DEMAND_STEP = 500
RUNNING_JOBS = 2_000
"""Running jobs whose queues are looked up."""

_encode = msgspec.msgpack.Encoder().encode
_decode_sample = msgspec.msgpack.Decoder(Sample).decode


class EngineMeasures:
    """Implements `backend.Measures`."""

    def __init__(self, calls: Calls, partitions: Partitions, monitor: Monitor, workers: Workers) -> None:
        self._calls = calls
        self._partitions = partitions
        self._monitor = monitor
        self._workers = workers
        self._lanes = [Ranking(partition, longest_lanes) for partition in partitions]
        self._rankings = {
            order: [Ranking(partition, tenants_by(order)) for partition in partitions] for order in TenantOrder
        }

    async def load(self, tenants: int) -> Load:
        workers = await self._workers.list()
        running = await self._running_by_queue(workers)
        now = await self._now_ms()
        lags = [await _schedule_lag(partition, now) for partition in self._partitions]
        ages = [age for partition in self._partitions if (age := await _upkeep_age(partition, now)) is not None]
        return Load(
            counters=await self._monitor.counters(),
            states=await self._monitor.jobs_by_state(),
            queues=await self._queues(running),
            workers=workers,
            tenants=await self._tenants(tenants) if tenants else [],
            work=await self._work(),
            schedule_lag_seconds=max(lags),
            upkeep_age_seconds=max(ages, default=None),
            store=await self._store(),
        )

    async def queue_demand(self, queue: str) -> QueueDemand:
        workers = await self._workers.list()
        found = [await _demand(partition, queue) for partition in self._partitions]
        work = await self._partitions[0].command("HGETALL", keys.WORK)
        return QueueDemand(
            queue=queue,
            startable=sum(startable for startable, _ in found),
            pending=sum(pending for _, pending in found),
            running=(await self._running_by_queue(workers))[queue],
            slots=sum(worker.slots for worker in workers if not worker.queues or queue in worker.queues),
            run_seconds=_mean_run_seconds(_counts(work), queue),
        )

    async def first_tenants(self, order: TenantOrder, limit: int, prefix: str = "") -> list[Tenant]:
        rankings = self._rankings[order]
        if prefix:
            rankings = [Ranking(partition, tenants_by(order, prefix)) for partition in self._partitions]
        found = [tenant for ranking in rankings for tenant in await ranking.first(limit)]
        return heapq.nlargest(limit, filter(order.measure, found), key=order.measure)

    async def _now_ms(self) -> int:
        reply = await self._partitions[0].run("figures")
        return int(reply[0])

    async def _work(self) -> dict[str, int]:
        return _counts(await self._partitions[0].command("HGETALL", keys.WORK))

    async def _queues(self, running: Counter[str]) -> list[QueueLoad]:
        merged: dict[str, QueueLoad] = {}
        for found in await self._partitions.each(_queue_loads):
            for name, paused, pending, oldest_ms in found:
                old = merged.get(name)
                oldest = [] if old is None or old.oldest_startable_seconds is None else [old.oldest_startable_seconds]
                if oldest_ms >= 0:
                    oldest.append(oldest_ms / 1000)
                merged[name] = QueueLoad(
                    name=name,
                    paused=paused or (old is not None and old.paused),
                    pending=pending + (0 if old is None else old.pending),
                    running=running[name],
                    oldest_startable_seconds=max(oldest, default=None),
                )
        return [merged[name] for name in sorted(merged)]

    async def _running_by_queue(self, workers: Iterable[WorkerReport]) -> Counter[str]:
        """How many jobs run in each queue, as the last heartbeats of workers tell."""
        jobs = [job for worker in workers for job in worker.jobs][:RUNNING_JOBS]
        running: Counter[str] = Counter()
        for partition, positions in self._partitions.group_jobs(jobs):
            reply = await partition.run("heads", ids=_encode([jobs[i] for i in positions]))
            running.update(queue.decode() for queue in reply[2::4])
        return running

    async def _tenants(self, most: int) -> list[TenantLoad]:
        found: list[Tenant] = []
        for ranking in self._lanes:
            found += await ranking.first(most)
        largest = heapq.nlargest(most, found, key=lambda tenant: tenant.pending)
        return [
            TenantLoad(tenant.id, tenant.pending, tenant.running, tenant.started, tenant.blocked_by is not None)
            for tenant in largest
        ]

    async def _store(self) -> StoreLoad | None:
        memory = await read_memory(self._calls)
        if memory is None:
            return None
        disk = await self._calls.info("persistence")
        return StoreLoad(
            used_memory=memory.used_bytes,
            max_memory=memory.limit_bytes or 0,
            append_only=disk.get("aof_enabled") == "1",
            last_write_succeeded=disk.get("aof_last_write_status", "ok") == "ok",
        )


async def _queue_loads(partition: Partition) -> list[tuple[str, bool, int, int]]:
    """Name, pause, pending jobs and the longest wait (ms) of each queue, read in bounded steps."""
    found: dict[str, tuple[str, bool, int, int]] = {}
    queues = max(1, await partition.command("ZCARD", keys.QUEUES_USED))
    each = max(LEAST_OF_A_QUEUE, min(MOST_OF_A_QUEUE, TENANTS_LOOKED_AT // queues))
    cursor: Any = b"0"
    while True:
        cursor, *values = await partition.run("queue_loads", cursor=cursor, tenants_each=each)
        for name, paused, pending, oldest_ms in zip(*(values[i::4] for i in range(4)), strict=True):
            found[name.decode()] = (name.decode(), bool(paused), pending, oldest_ms)
        if cursor == b"0":
            return list(found.values())


async def _demand(partition: Partition, queue: str) -> tuple[int, int]:
    """The jobs of a queue that could start, and all its pending jobs."""
    startable = pending = 0
    most = -1
    for first in range(0, DEMAND_TENANTS, DEMAND_STEP):
        found, seen, pending, most = await partition.run("startable", queue=queue, first=first, most=DEMAND_STEP)
        startable += found
        if seen < DEMAND_STEP:
            break
    return startable if most < 0 else min(startable, most), pending


async def _schedule_lag(partition: Partition, now_ms: int) -> float:
    first = await partition.command("ZRANGE", keys.SCHEDULES_DUE, 0, 0, "WITHSCORES")
    return max(0.0, (now_ms - float(first[1])) / 1000) if first else 0.0


async def _upkeep_age(partition: Partition, now_ms: int) -> float | None:
    last = await partition.command("LINDEX", keys.history(STEPS[0].name), -1)
    return max(0.0, (now_ms - _decode_sample(last).at_ms) / 1000) if last else None


def _counts(reply: Sequence[bytes]) -> dict[str, int]:
    return {name.decode(): int(value) for name, value in zip(reply[::2], reply[1::2], strict=True)}


def _mean_run_seconds(work: dict[str, int], queue: str) -> float | None:
    prefix = f"run/{queue}/"
    runs = {name.removeprefix(prefix): value for name, value in work.items() if name.startswith(prefix)}
    total_ms = runs.pop(SUM, 0)
    attempts = sum(runs.values())
    return total_ms / attempts / 1000 if attempts else None
