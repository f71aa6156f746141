"""Workers on a store: their reports, and the orders that they receive."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from ..model.errors import NotFound
from ..model.lease import WorkerOrders, WorkerReport
from ..model.overview import Reaped
from ..process.author import author
from . import keys
from .lost_workers import reap_worker
from .partition import Partition, Partitions
from .subscription import Subscription, wait


class EngineWorkers:
    """Implements `backend.Workers`. Each partition holds its cancellations; the first one holds drains and reports."""

    def __init__(self, partitions: Partitions, subscription: Subscription) -> None:
        self._partitions = partitions
        self._subscription = subscription

    async def list(self) -> list[WorkerReport]:
        first = self._partitions[0]
        infos = (await self._read_infos(first)).values()
        seen = await first.command("ZRANGE", keys.WORKERS, 0, -1, "WITHSCORES")
        beats = {seen[i].decode(): float(seen[i + 1]) / 1000 for i in range(0, len(seen), 2)}
        reports = [msgspec.json.decode(info, type=WorkerReport) for info in infos]
        return sorted(
            (msgspec.structs.replace(report, heartbeat_at=beats.get(report.id, 0.0)) for report in reports),
            key=lambda report: report.id,
        )

    async def _read_infos(self, partition: Partition) -> dict[bytes, bytes]:
        """What each worker says of itself, read in steps: together it can be many megabytes."""
        infos: dict[bytes, bytes] = {}
        cursor: Any = 0
        while True:
            cursor, page = await partition.command("HSCAN", keys.WORKER_INFO, cursor, "COUNT", 100)
            infos |= zip(page[::2], page[1::2], strict=True)
            if int(cursor) == 0:
                return infos

    async def next_orders(self, worker_id: str, seen: int, timeout_ms: int) -> WorkerOrders:
        deadline = time.monotonic() + timeout_ms / 1000
        with self._subscription.orders_for(worker_id) as ordered:
            while True:
                ordered.clear()
                orders = await self._read_orders(worker_id)
                left = deadline - time.monotonic()
                if orders.number != seen or left <= 0:
                    return orders
                await wait(ordered, left)

    async def drain(self, worker_id: str) -> None:
        if not await self._partitions[0].run("drain", author=author(), worker=worker_id):
            raise NotFound(f"there is no worker {worker_id}")

    async def leave(self, worker_id: str) -> None:
        await self._partitions.each(lambda partition: partition.run("remove_worker", worker=worker_id))

    async def reap(self, worker_id: str) -> Reaped:
        return await reap_worker(self._partitions, worker_id)

    async def _read_orders(self, worker_id: str) -> WorkerOrders:
        replies = await self._partitions.each(lambda partition: partition.run("orders", worker=worker_id))
        return WorkerOrders(sum(number for number, _ in replies), any(drain for _, drain in replies))
