"""Queues on a store. A queue has jobs in every partition."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..model.errors import InvalidInput
from ..model.overview import MAX_PAUSED_QUEUES, QueueInfo
from .audit import author_in
from .partition import Partition, Partitions


class EngineQueues:
    """Implements `backend.Queues`."""

    def __init__(self, partitions: Partitions) -> None:
        self._partitions = partitions

    async def list(self) -> list[QueueInfo]:
        infos = _merge(info for found in await self._partitions.each(_queues_of) for info in found.values())
        return [infos[name] for name in sorted(infos)]

    async def pause(self, queue: str, paused: bool) -> QueueInfo:
        replies = await self._partitions.each(
            lambda partition: partition.run(
                "pause_queue", author=author_in(partition), queue=queue, paused=int(paused), most=MAX_PAUSED_QUEUES
            )
        )
        changed = _merge(_info(reply) for reply in replies)[queue]
        if paused and not changed.paused:
            raise InvalidInput(f"{MAX_PAUSED_QUEUES:,} queues are paused, the most that a store keeps; resume some")
        return changed


async def _queues_of(partition: Partition) -> dict[str, QueueInfo]:
    """The queues of a partition, read in bounded steps."""
    found: dict[str, QueueInfo] = {}
    cursor = b"0"
    while True:
        cursor, *values = await partition.run("queues", cursor=cursor)
        for first in range(0, len(values), 4):
            info = _info(values[first : first + 4])
            found[info.name] = info
        if cursor == b"0":
            return found


def _info(reply: Sequence[Any]) -> QueueInfo:
    name, paused, runnable, pending = reply
    return QueueInfo(name.decode(), bool(paused), runnable, pending)


def _merge(infos: Iterable[QueueInfo]) -> dict[str, QueueInfo]:
    """One entry a queue, over all partitions."""
    merged: dict[str, QueueInfo] = {}
    for info in infos:
        old = merged.get(info.name, QueueInfo(info.name, False, 0, 0))
        runnable, pending = old.runnable_tenants + info.runnable_tenants, old.pending + info.pending
        merged[info.name] = QueueInfo(info.name, info.paused or old.paused, runnable, pending)
    return merged
