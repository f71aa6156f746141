"""Queues on a store. A queue has jobs in every partition."""

from __future__ import annotations

from ..model.overview import QueueInfo
from .partition import Partitions


class EngineQueues:
    """Implements `backend.Queues`."""

    def __init__(self, partitions: Partitions) -> None:
        self._partitions = partitions

    async def list(self) -> list[QueueInfo]:
        infos: dict[str, QueueInfo] = {}
        for reply in await self._partitions.each(lambda partition: partition.run("queues")):
            for i in range(0, len(reply), 4):
                name, paused, runnable, pending = reply[i].decode(), bool(reply[i + 1]), reply[i + 2], reply[i + 3]
                old = infos.get(name, QueueInfo(name, False, 0, 0))
                infos[name] = QueueInfo(
                    name, paused or old.paused, old.runnable_tenants + runnable, old.pending + pending
                )
        return [infos[name] for name in sorted(infos)]

    async def pause(self, queue: str, paused: bool) -> QueueInfo:
        await self._partitions.each(lambda partition: partition.run("pause_queue", queue=queue, paused=int(paused)))
        return next(info for info in await self.list() if info.name == queue)
