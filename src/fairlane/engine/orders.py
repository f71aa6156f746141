"""What workers say of themselves and are told, in the store."""

from __future__ import annotations

import time

import msgspec

from ..model.errors import NotFound
from ..model.lease import WorkerOrders, WorkerReport
from . import keys
from .calls import Calls
from .wakeups import Wakeups, wait


class EngineOrders:
    """Implements `queue.Orders`. Whether a worker drains is told in the first partition, cancellations in each."""

    def __init__(self, calls: Calls, wakeups: Wakeups, partitions: int) -> None:
        self._calls = calls
        self._wakeups = wakeups
        self._partitions = partitions

    async def next(self, worker_id: str, seen: int, timeout_ms: int) -> WorkerOrders:
        deadline = time.monotonic() + timeout_ms / 1000
        with self._wakeups.orders_for(worker_id) as told:
            while True:
                told.clear()
                orders = await self._read(worker_id)
                left = deadline - time.monotonic()
                if orders.number != seen or left <= 0:
                    return orders
                await wait(told, left)

    async def drain(self, worker_id: str) -> None:
        if not await self._calls.run("drain", 0, worker=worker_id):
            raise NotFound(f"there is no worker {worker_id}")

    async def leave(self, worker_id: str) -> None:
        for partition in range(self._partitions):
            await self._calls.run("leave", partition, worker=worker_id)

    async def workers(self) -> list[WorkerReport]:
        """Those that were heard of lately, by id."""
        prefix = keys.prefix(0)
        infos = await self._calls.command("HVALS", prefix + "worker_info")
        seen = await self._calls.command("ZRANGE", prefix + "workers", 0, -1, "WITHSCORES")
        beats = {seen[i].decode(): float(seen[i + 1]) / 1000 for i in range(0, len(seen), 2)}
        reports = [msgspec.json.decode(info, type=WorkerReport) for info in infos]
        return sorted(
            (msgspec.structs.replace(report, heartbeat_at=beats.get(report.id, 0.0)) for report in reports),
            key=lambda report: report.id,
        )

    async def _read(self, worker_id: str) -> WorkerOrders:
        replies = [
            await self._calls.run("orders", partition, worker=worker_id) for partition in range(self._partitions)
        ]
        return WorkerOrders(sum(number for number, _ in replies), any(drain for _, drain in replies))
