"""Queues on a store. A queue has jobs in every partition."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from ..model.errors import InvalidInput
from ..model.overview import MAX_PAUSED_QUEUES, QueueInfo
from ..model.queue_limits import MAX_LIMITED_QUEUES, UNLIMITED, QueueLimits, QueueLimitsChange
from ..process.author import author
from . import keys
from .audit import author_in
from .partition import Partition, Partitions
from .policies import pack_queue_limits, unpack_queue_limits

_FIELDS = 7
"""How many values the scripts return for a queue."""


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

    async def change_limits(self, queue: str, change: QueueLimitsChange) -> QueueInfo:
        change.apply_to(UNLIMITED)  # raises InvalidInput before anything is read
        partition = self._only_partition()
        reply: Any = 0
        while not reply:  # compare and set: another client may change the limits in between
            before = await partition.command("HGET", keys.QUEUE_LIMITS, queue) or b""
            limits = change.apply_to(unpack_queue_limits(before))
            reply = await partition.run(
                "set_queue_limits",
                author=author(), queue=queue, before=before, packed=pack_queue_limits(limits),
                limits_before=_json(unpack_queue_limits(before)), limits_after=_json(limits), most=MAX_LIMITED_QUEUES,
            )  # fmt: skip
        if reply == b"too_many":
            raise InvalidInput(f"{MAX_LIMITED_QUEUES} queues have limits, the most that a store keeps; lift some")
        return _info(reply)

    def _only_partition(self) -> Partition:
        """The limits of a queue hold over all tenants, and tenants of several partitions share no script."""
        if len(self._partitions) > 1:
            raise InvalidInput(
                f"this store has {len(self._partitions)} partitions, and a queue can have limits only in a store that "
                "has one: limit the tenants instead, or move to a new store with one partition"
            )
        return self._partitions[0]


async def _queues_of(partition: Partition) -> dict[str, QueueInfo]:
    """The queues of a partition, read in bounded steps."""
    found: dict[str, QueueInfo] = {}
    cursor = b"0"
    while True:
        cursor, *values = await partition.run("queues", cursor=cursor)
        for first in range(0, len(values), _FIELDS):
            info = _info(values[first : first + _FIELDS])
            found[info.name] = info
        if cursor == b"0":
            return found


def _info(reply: Sequence[Any]) -> QueueInfo:
    name, paused, runnable, pending, packed, running, reached = reply
    limits = unpack_queue_limits(packed)
    return QueueInfo(
        name=name.decode(),
        paused=bool(paused),
        runnable_tenants=runnable,
        pending=pending,
        concurrency=limits.concurrency,
        start_rate=limits.start_rate,
        running=None if running < 0 else running,
        limit_reached=reached.decode() or None,
    )


def _merge(infos: Iterable[QueueInfo]) -> dict[str, QueueInfo]:
    """One entry a queue, over all partitions."""
    merged: dict[str, QueueInfo] = {}
    for info in infos:
        old = merged.setdefault(info.name, info)
        if old is not info:  # then there are several partitions, and no queue has limits
            merged[info.name] = QueueInfo(
                name=info.name,
                paused=info.paused or old.paused,
                runnable_tenants=old.runnable_tenants + info.runnable_tenants,
                pending=old.pending + info.pending,
            )
    return merged


def _json(limits: QueueLimits) -> str:
    return msgspec.json.encode(limits).decode()
