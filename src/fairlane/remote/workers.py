"""Workers and their orders over HTTP."""

from __future__ import annotations

from ..model.lease import WorkerOrders, WorkerReport
from ..model.overview import Reaped
from ..rest.paths import worker_path
from ..rest.workers import EndedLeases, WorkerList
from .transport import Transport

LONGEST_WAIT_MS = 20_000


class RemoteWorkers:
    """Implements `backend.Workers` against the API."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(self) -> list[WorkerReport]:
        found = await self._transport.call("GET", "/workers", WorkerList)
        return [worker.to_report() for worker in found.workers]

    async def next_orders(self, worker_id: str, seen: int, timeout_ms: int) -> WorkerOrders:
        wait_s = min(timeout_ms, LONGEST_WAIT_MS) / 1000
        query = {"seen": str(seen), "waitSeconds": str(wait_s)}
        path = worker_path(worker_id, "/orders")
        return await self._transport.call("GET", path, WorkerOrders, query=query, wait_s=wait_s)

    async def drain(self, worker_id: str) -> None:
        await self._transport.call("POST", worker_path(worker_id, "/drain"), WorkerOrders)

    async def leave(self, worker_id: str) -> None:
        await self._transport.send(self._transport.build("DELETE", worker_path(worker_id), b"", {}))

    async def reap(self, worker_id: str) -> Reaped:
        ended = await self._transport.call("POST", worker_path(worker_id, "/reap"), EndedLeases)
        return Reaped(ended.requeued, ended.failed, ended.cancelled)
